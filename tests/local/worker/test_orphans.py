"""What a function has put into a session of its own ends with its instance, however that ends."""

import contextlib
import http.client
import json
import signal
import threading

import pytest

from tencentserverless.local.worker.interpreters import OWN_RUNTIME, Interpreters
from tests.conftest import wait_until

CODE = """
import os, sys, time

def daemonise(mark):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            with open(mark + ".part", "w") as file:
                file.write(str(os.getpid()))
            os.rename(mark + ".part", mark)
            os.closerange(0, 1024)
            while True:
                time.sleep(60)
        os._exit(0)
    os.wait()

def main_handler(event, context):
    daemonise(event["mark"])
    while not os.path.exists(event["mark"]):
        time.sleep(0.01)
    if event["then"] == "exit":
        os._exit(1)
    while event["then"] == "stay":
        time.sleep(1)
    return "done"
"""


@pytest.fixture
def start(tmp_path, start_local_scf):
    def start(runtime=OWN_RUNTIME):
        folder = tmp_path / "functions"
        folder.mkdir()
        (folder / "index.py").write_text(CODE)
        inputs = f"{{name: fn, src: ., runtime: {runtime}, timeout: 600}}"
        (folder / "serverless.yml").write_text(f"component: scf\nname: fn\ninputs: {inputs}\n")
        return start_local_scf(folder)

    return start


def pid_in(mark):
    wait_until(mark.exists)
    return int(mark.read_text())


def test_it_ends_when_the_function_exits(start, tmp_path, ends):
    mark = tmp_path / "mark"
    result = start().invoke("fn", {"mark": str(mark), "then": "exit"})
    assert json.loads(result["RetMsg"])["statusCode"] == 439
    assert ends(pid_in(mark))


def test_it_lives_with_a_warm_instance_and_ends_with_the_server(start, tmp_path, runs, ends):
    mark = tmp_path / "mark"
    server = start()
    assert server.invoke("fn", {"mark": str(mark), "then": "return"})["RetMsg"] == '"done"'
    assert runs(pid_in(mark))
    assert server.stop() == 0
    assert ends(pid_in(mark))


@pytest.mark.parametrize("runtime", [OWN_RUNTIME, "Python3.6", "Python2.7"])
def test_it_ends_with_a_server_that_was_killed(start, tmp_path, ends, runtime):
    interpreters = Interpreters(is_strict=False)
    interpreters.prepare({runtime})
    if interpreters.warnings:
        pytest.skip(f"no interpreter for {runtime} on PATH or under pyenv")
    mark = tmp_path / "mark"
    server = start(runtime)

    def call():
        with contextlib.suppress(OSError, http.client.HTTPException):
            server.invoke("fn", {"mark": str(mark), "then": "stay"})

    caller = threading.Thread(target=call)
    caller.start()
    pid = pid_in(mark)
    server.stop(signal.SIGKILL)
    assert ends(pid)
    caller.join()
