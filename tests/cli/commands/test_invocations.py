"""``scf invocations`` against a real local SCF: past calls, running ones, and what was given up."""

import json

import pytest

from tests.conftest import wait_until

CODE = """
import time

def main_handler(event, context):
    if event == "sleep":
        time.sleep(60)
    if event == "raise":
        raise KeyError("pear")
    return {"got": event}
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    from contextlib import ExitStack

    from tests.conftest import Starter

    folder = tmp_path_factory.mktemp("past") / "functions"
    for name, lines in (("fn", "timeout: 70"), ("later", "asyncRunEnable: true, timeout: 70")):
        (folder / name).mkdir(parents=True)
        (folder / name / "index.py").write_text(CODE)
        inputs = f"{{name: {name}, src: ., {lines}, runtime: Python3.10}}"
        (folder / name / "serverless.yml").write_text(f"component: scf\nname: {name}\ninputs: {inputs}\n")
    with ExitStack() as stack:
        yield Starter(tmp_path_factory.mktemp("server"), stack)(folder, "--time-scale", "100000")


@pytest.fixture
def scf(server, run_scf):
    return lambda *words: run_scf(*words, env=server.env)


def status(scf, request_id):
    return scf("invocations", "status", request_id).stdout.strip()


def start(scf, name, event):
    return scf("invoke", name, "--async", "-d", json.dumps(event)).stdout.strip()


def test_the_result_of_a_past_call_with_and_without_its_function(server, scf):
    request_id = server.invoke("fn", "a")["FunctionRequestId"]
    for words in ((), ("--function", "fn")):
        done = scf("invocations", "show", request_id, *words)
        assert (done.returncode, done.stdout) == (0, '{"got": "a"}\n'), done.stderr
        assert done.stderr.endswith(f"request {request_id}\n")
    found = json.loads(scf("invocations", "show", request_id, "--json").stdout)
    assert (found["result"], found["function_request_id"]) == ({"got": "a"}, request_id)


def test_the_error_of_a_past_call(server, scf):
    request_id = server.invoke("fn", "raise")["FunctionRequestId"]
    done = scf("invocations", "show", request_id)
    assert (done.returncode, done.stdout) == (10, "")
    assert "KeyError: 'pear'\nscf: error: FunctionError 430: " in done.stderr
    assert status(scf, request_id) == "failed"
    logs = scf("logs", "fn", "--failed", "-n", "1").stdout
    assert "\nERROR 430 user code exception caught (" in logs
    assert logs.endswith("KeyError: 'pear'\n")


def test_one_that_runs_is_cancelled_and_then_shown_as_aborted(scf):
    request_id = start(scf, "later", "sleep")
    wait_until(lambda: status(scf, request_id) == "running")
    running = scf("invocations", "show", request_id)
    assert (running.returncode, running.stdout) == (1, "")
    assert (
        f"{request_id} of later has not ended; later, run: scf invocations show {request_id} --function later"
        in running.stderr
    )
    assert scf("invocations", "list", "later", "-n", "1").stdout.split()[:2] == [request_id, "RUNNING"]
    cancelled = scf("invocations", "cancel", request_id)
    assert (cancelled.returncode, cancelled.stderr) == (0, f"scf: {request_id} of later is cancelled\n")
    wait_until(lambda: status(scf, request_id) == "aborted")
    done = scf("invocations", "show", request_id)
    assert (done.returncode, "FunctionAborted 499" in done.stderr) == (10, True)
    found = json.loads(scf("invocations", "status", request_id, "--json").stdout)
    assert found == {"request_id": request_id, "function_name": "later", "status": "aborted"}
    assert json.loads(scf("invocations", "list", "later", "--json").stdout)[0]["Status"] == "ABORTED"


def test_one_without_async_run_enable_can_not_be_cancelled_and_says_so(scf):
    request_id = start(scf, "fn", "sleep")
    wait_until(lambda: status(scf, request_id) == "running")
    done = scf("invocations", "cancel", request_id)
    assert done.returncode == 11
    assert "can't be cancelled: function 'fn' has no AsyncRunEnable" in done.stderr


def test_dead_letters(server, scf):
    def list_letters(*words):
        env_file = server.stderr_path.with_name("env-1")
        return scf("invocations", "dead-letters", "--env-file", env_file, *words).stdout

    request_id = start(scf, "fn", "raise")
    wait_until(lambda: request_id in list_letters())
    line = list_letters("fn", "-n", "1")
    assert line.split(None, 1)[0] == request_id
    assert line.endswith("KeyError: 'pear'\n")
    assert list_letters("later") == ""
    (letter,) = json.loads(list_letters("-n", "1", "--json"))
    assert (letter["RequestId"], letter["Body"]["ClientContext"]) == (request_id, '"raise"')


def test_what_is_not_known(scf, run_scf):
    for words in ((), ("--function", "fn")):
        done = scf("invocations", "show", "no-such-id", *words)
        assert (done.returncode, "no invocation 'no-such-id' " in done.stderr) == (11, True)
    assert "the nearest names are" in scf("invocations", "show", "no-such-id", "--function", "fnn").stderr
    cloud = {"TENCENTCLOUD_SECRET_ID": "AKIDexample", "TENCENTCLOUD_SECRET_KEY": "secret", "HTTPS_PROXY": ""}
    done = run_scf("invocations", "dead-letters", env=cloud)
    assert (done.returncode, "the topic of DeadLetterConfig" in done.stderr) == (2, True)
