"""The child ends with its parent, whatever it does at that time, and user code does not see how."""

import contextlib
import http.client
import json
import signal
import threading

import pytest

from tencentserverless.local.worker.interpreters import OWN_RUNTIME, Interpreters
from tests.conftest import wait_until

CODE = """
import os, signal, subprocess, threading, time

def main_handler(event, context):
    child = subprocess.Popen(["sleep", "1000"]).pid
    with open(event["mark"] + ".part", "w") as file:
        file.write("[%d, %d]" % (os.getpid(), child))
    os.rename(event["mark"] + ".part", event["mark"])
    while event["loops"]:
        pass

def threads(event, context):
    return [thread.name for thread in threading.enumerate()]

def alarm(event, context):
    def ring(number, frame):
        raise RuntimeError("rung")
    signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, 0.2)
    try:
        time.sleep(1000)
    except RuntimeError as error:
        return str(error)
"""


@pytest.fixture
def start(tmp_path, start_local_scf):
    def start(runtime=OWN_RUNTIME, handler="main_handler", timeout=600):
        folder = tmp_path / "functions"
        folder.mkdir()
        (folder / "index.py").write_text(CODE)
        inputs = f"{{name: fn, src: ., runtime: {runtime}, handler: index.{handler}, timeout: {timeout}}}"
        (folder / "serverless.yml").write_text(f"component: scf\nname: fn\ninputs: {inputs}\n")
        return start_local_scf(folder)

    return start


@pytest.mark.parametrize("loops", [True, False], ids=["looping", "idle"])
@pytest.mark.parametrize("runtime", [OWN_RUNTIME, "Python3.6", "Python2.7"])
def test_a_worker_ends_with_a_server_that_was_killed(start, runtime, loops, tmp_path, runs, ends):
    interpreters = Interpreters(is_strict=False)
    interpreters.prepare({runtime})
    if interpreters.warnings:
        pytest.skip(f"no interpreter for {runtime} on PATH or under pyenv")
    server = start(runtime)
    mark = tmp_path / "mark"

    def call():
        with contextlib.suppress(OSError, http.client.HTTPException):
            server.invoke("fn", {"mark": str(mark), "loops": loops})

    caller = threading.Thread(target=call)
    caller.start()
    wait_until(mark.exists)
    worker, child = json.loads(mark.read_text())
    assert runs(worker)
    assert runs(child)
    server.stop(signal.SIGKILL)
    assert ends(worker)
    assert ends(child)
    caller.join(5)


def test_user_code_sees_no_thread_but_its_own(start):
    assert json.loads(start(handler="threads").invoke("fn")["RetMsg"]) == ["MainThread"]


def test_a_signal_interrupts_user_code(start):
    assert start(handler="alarm", timeout=20).invoke("fn")["RetMsg"] == '"rung"'
