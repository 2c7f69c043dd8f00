"""The server as a process: how it starts, what it writes, and that it leaves nothing behind."""

import json
import signal
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tencentserverless.local.worker.interpreters import OWN_RUNTIME
from tests.conformance.management import zipped
from tests.conftest import STOP_SECONDS, wait_until, write_held

HANDLER = """
import os, subprocess, sys
def main_handler(event, context):
    child = subprocess.Popen(["sleep", "1000"]).pid
    return [os.getpid(), child, sys.path[-1]]
"""


@pytest.fixture
def functions(tmp_path):
    folder = tmp_path / "functions"
    (folder / "echo").mkdir(parents=True)
    (folder / "echo" / "index.py").write_text("def main_handler(event, context):\n    return event\n")
    (folder / "spawner").mkdir()
    (folder / "spawner" / "index.py").write_text(HANDLER)
    return folder


def test_the_ready_line_and_the_env_file(functions, start_local_scf):
    server = start_local_scf(functions, "--region", "ap-shanghai")
    assert server.url == f"http://127.0.0.1:{server.port}"
    assert server.env["TENCENTSERVERLESS_ENDPOINT_URL"] == server.url
    assert server.env["TENCENTCLOUD_SECRETID"] == server.env["TENCENTCLOUD_SECRET_ID"]
    assert server.env["TENCENTCLOUD_SECRETKEY"] == server.env["TENCENTCLOUD_SECRET_KEY"]
    assert server.env["TENCENTCLOUD_SESSIONTOKEN"] == ""
    assert server.env["TENCENTCLOUD_REGION"] == "ap-shanghai"
    env_file = server.stderr_path.with_name("env-1")
    assert stat.S_IMODE(env_file.stat().st_mode) == 0o600
    assert server.invoke("echo", 1, region="ap-shanghai")["RetMsg"] == "1"
    assert not (functions / ".scf").exists()


@pytest.fixture
def hang_up():
    """Decide what a server that is started does at SIGHUP: the tests themselves may run under nohup."""
    before = signal.getsignal(signal.SIGHUP)
    yield lambda action: signal.signal(signal.SIGHUP, action)
    signal.signal(signal.SIGHUP, before)


@pytest.mark.usefixtures("sigint_is_heard")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_everything_and_the_exit_code_is_0(functions, start_local_scf, number, runs, ends, hang_up):
    hang_up(signal.SIG_DFL)
    server = start_local_scf(functions, "--log-format", "none")
    worker, child, sdk = json.loads(server.invoke("spawner")["RetMsg"])
    assert runs(worker)
    assert runs(child)
    assert Path(sdk).is_dir()
    assert server.stop(number) == 0
    assert ends(worker)
    assert ends(child)
    assert not Path(sdk).parent.exists()
    assert len(server.stderr.splitlines()) == 2, server.stderr  # how instances are isolated, and the dashboard


def test_a_server_under_nohup_outlives_its_terminal(functions, start_local_scf, hang_up):
    hang_up(signal.SIG_IGN)
    server = start_local_scf(functions)
    server.process.send_signal(signal.SIGHUP)
    assert server.invoke("echo", 1)["RetMsg"] == "1"
    assert server.stop() == 0


@pytest.fixture
def held_call(start_local_scf, tmp_path, gate):
    """A server that is in no hurry, and the answer to come of a call that it has under way."""
    server = start_local_scf.patient(write_held(tmp_path / "functions"))
    with ThreadPoolExecutor(1) as caller:
        parameters = {"FunctionName": "held", "Event": json.dumps(str(gate))}
        answer = caller.submit(server.request, "InvokeFunction", parameters)
        try:
            wait_until(lambda: gate.begun() or answer.done())
            yield server, answer
        finally:
            gate.open()


def test_a_call_under_way_ends_before_the_server_does(held_call, gate):
    server, answer = held_call
    server.process.send_signal(signal.SIGTERM)
    wait_until(server.is_stopping)
    assert not answer.done()
    gate.open()
    assert answer.result().response["Result"]["RetMsg"] == '"held"'
    assert server.process.wait(STOP_SECONDS) == 0


@pytest.mark.usefixtures("sigint_is_heard")
def test_a_second_signal_ends_calls_at_once_and_they_are_answered(held_call):
    server, answer = held_call
    server.process.send_signal(signal.SIGINT)
    wait_until(server.is_stopping)  # else the two are one
    assert server.stop(signal.SIGINT) == 0
    assert answer.result().response["Error"]["Code"] == "InternalError"


def test_state_keeps_the_keys_from_one_start_to_the_next(functions, start_local_scf, run_scf, tmp_path):
    state = tmp_path / "state"
    first = start_local_scf(functions, "--state", state)
    printed = run_scf("local", "env", "--state", state)
    assert printed.returncode == 0
    assert f"export TENCENTCLOUD_SECRET_ID={first.env['TENCENTCLOUD_SECRET_ID']}\n" in printed.stdout
    assert "export TENCENTCLOUD_SESSIONTOKEN=''\n" in printed.stdout
    assert first.stop() == 0
    gone = run_scf("local", "env", "--state", state)
    assert (gone.returncode, gone.stdout) == (6, "")
    assert "scf local start" in gone.stderr
    second = start_local_scf(functions, "--state", state)
    assert second.env["TENCENTCLOUD_SECRETKEY"] == first.env["TENCENTCLOUD_SECRETKEY"]


def test_a_state_folder_has_one_server_at_a_time(functions, start_local_scf, run_scf, tmp_path, ends):
    state = tmp_path / "state"
    first = start_local_scf(functions, "--state", state)
    second = run_scf("local", "start", functions, "--port", 0, "--state", state)
    assert (second.returncode, second.stdout) == (6, "")
    assert [str(state) in line and "--state" in line for line in second.stderr.splitlines()] == [True]
    child = json.loads(first.invoke("spawner")["RetMsg"])[1]
    first.stop(signal.SIGKILL)
    assert ends(child)
    assert start_local_scf(functions, "--state", state).stop() == 0


def test_an_env_file_of_a_killed_server_is_not_taken_for_a_running_one(functions, start_local_scf, run_scf, tmp_path):
    state = tmp_path / "state"
    server = start_local_scf(functions, "--state", state)
    env_file = server.stderr_path.with_name("env-1")
    assert run_scf("local", "env", "--env-file", env_file).stdout.count("export ") == 10
    server.stop(signal.SIGKILL)
    assert run_scf("local", "env", "--state", state).returncode == 6


def test_a_secret_file_decides_the_keys(functions, start_local_scf, tmp_path):
    secrets = tmp_path / "secrets"
    secrets.write_text("TENCENTCLOUD_SECRET_ID=AKIDmine\nTENCENTCLOUD_SECRET_KEY=mykey\n")
    secrets.chmod(0o600)
    server = start_local_scf(functions, "--secret-file", secrets)
    assert server.env["TENCENTCLOUD_SECRETID"] == "AKIDmine"
    assert server.invoke("echo", 1)["RetMsg"] == "1"
    assert "mykey" not in server.stderr


def test_a_host_that_others_can_reach_is_warned_about(functions, start_local_scf):
    server = start_local_scf(functions, "--host", "0.0.0.0")
    assert "the isolation is against crashes, not against attackers" in server.stderr
    assert server.env["TENCENTSERVERLESS_ENDPOINT_URL"] == f"http://127.0.0.1:{server.port}"


def test_an_empty_folder_starts_with_a_notice_and_takes_functions_from_the_api_and_from_files(
    start_local_scf, tmp_path
):
    folder = tmp_path / "functions"
    folder.mkdir()
    server = start_local_scf(folder)
    assert f"{folder}: no functions here: neither a serverless.yml" in server.stderr
    assert "the server starts all the same: deploy functions through the API, or save them there" in server.stderr
    assert server.request("ListFunctions", {}).response["TotalCount"] == 0
    code = {"ZipFile": zipped("def main_handler(event, context):\n    return 'sent'\n")}
    made = {"FunctionName": "sent", "Runtime": OWN_RUNTIME, "Code": code}
    assert "Error" not in server.request("CreateFunction", made).response
    assert server.invoke("sent")["RetMsg"] == '"sent"'
    (folder / "saved").mkdir()
    (folder / "saved" / "index.py").write_text("def main_handler(event, context):\n    return 'saved'\n")
    wait_until(lambda: server.request("ListFunctions", {}).response["TotalCount"] == 2)
    assert server.invoke("saved")["RetMsg"] == '"saved"'


def test_a_missing_interpreter_is_warned_about_or_refused(start_local_scf, run_scf, tmp_path):
    folder = tmp_path / "functions"
    folder.mkdir()
    (folder / "index.py").write_text("def main_handler(event, context):\n    return 'ran'\n")
    (folder / "serverless.yml").write_text(
        "component: scf\nname: x\ninputs: {name: future, src: ., runtime: Python3.77}\n"
    )
    server = start_local_scf(folder)
    assert "warning: no interpreter for Python3.77" in server.stderr
    assert server.invoke("future")["RetMsg"] == '"ran"'
    refused = run_scf("local", "start", folder, "--port", 0, "--ephemeral", "--strict-runtimes")
    assert refused.returncode == 8
    assert "no interpreter for Python3.77" in refused.stderr


def test_code_that_has_gone_is_a_failed_start_and_heals(functions, start_local_scf):
    server = start_local_scf(functions, "--no-reload")  # which would take the function for away in the meantime
    (functions / "echo").rename(functions / "moved")
    result = server.invoke("echo", 1)
    assert result["InvokeResult"] == 445
    assert "No such file" in result["ErrMsg"]
    (functions / "moved").rename(functions / "echo")
    assert server.invoke("echo", 1)["RetMsg"] == "1"


BROKEN_TIMERS = """
import sys
from tencentserverless.cli.main import main
from tencentserverless.local.background_tasks import Background

async def run():
    raise RuntimeError("the clock is broken")

keep = Background.keep
Background.keep = lambda self, name, work, **rest: keep(self, name, run if name == "the timers" else work, **rest)
sys.exit(main())
"""


def test_a_part_that_keeps_failing_is_shown_once_and_the_exit_code_and_the_last_line_tell(functions, tmp_path):
    env_file = tmp_path / "env"
    command = [sys.executable, "-c", BROKEN_TIMERS, "local", "start", functions, "--port", "0", "--ephemeral"]
    with subprocess.Popen(
        [*map(str, command), "--env-file", str(env_file)], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    ) as server:
        lines = [server.stderr.readline().rstrip()]
        while "the clock is broken" not in lines[-1]:
            line = server.stderr.readline()
            assert line, lines
            lines.append(line.rstrip())
        wait_until(env_file.exists)
        server.send_signal(signal.SIGTERM)
        lines += server.communicate(timeout=STOP_SECONDS)[1].splitlines()
    assert server.returncode == 1
    shown = [line for line in lines if "RuntimeError: the clock is broken" in line]
    assert len(shown) == 2
    assert shown[-1] == lines[-1]
    assert shown[0].startswith("error: the timers: RuntimeError: the clock is broken (<string>, line 7)")
    assert "the local SCF has stopped, but not all of it ran until then: the timers: RuntimeError" in shown[1]
