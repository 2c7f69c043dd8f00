"""A call that holds more memory than its function may ends in 434 while it runs, its children's memory counted."""

import json

import pytest

from tencentserverless.local.worker.interpreters import OWN_RUNTIME

CODE = """
import subprocess, sys, time

HOLD = "block = bytearray(300 * 1024 * 1024); import time; time.sleep(1000)"

def main_handler(event, context):
    if event == "own":
        block = bytearray(200 * 1024 * 1024)
    if event == "child":
        subprocess.Popen([sys.executable, "-c", HOLD])
    time.sleep(1000)
"""


@pytest.fixture
def server(tmp_path, start_local_scf):
    folder = tmp_path / "functions"
    folder.mkdir()
    (folder / "index.py").write_text(CODE)
    inputs = f"{{name: fn, src: ., runtime: {OWN_RUNTIME}, timeout: 60, memorySize: 128}}"
    (folder / "serverless.yml").write_text(f"component: scf\nname: fn\ninputs: {inputs}\n")
    return start_local_scf(folder)


@pytest.mark.parametrize("event", ["own", "child"])
def test_over_the_limit_is_434_while_it_runs(server, event):
    result = server.invoke("fn", event)
    error = json.loads(result["RetMsg"])
    assert (error["statusCode"], error["errorMessage"]) == (434, "Task memory exceeded 128 MB")
    if event == "own":
        assert result["MemUsage"] > 128 * 1024 * 1024
