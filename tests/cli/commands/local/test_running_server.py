"""``scf local stop``, ``status``, ``reset`` and ``logs`` on servers that run, and on none."""

import json
import os
import pty
import re
import shlex
import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

from tencentserverless.local.control import ask
from tests.conftest import child_environment, end_process, scf_command, wait_until, write_held


@pytest.fixture
def kept(folder, start_local_scf):
    """A server with a state folder in its project."""
    return start_local_scf(folder, "--state", folder / ".scf")


def env_file_of(server):
    return server.stderr_path.with_name("env-1")


def test_status_shows_the_functions(kept, folder, run_scf):
    done = run_scf("local", "status", cwd=folder / "echo")
    first, second, *names, curl = done.stdout.splitlines()
    assert first == f"SCF local runs at {kept.url} as process {kept.process.pid}"
    assert second.startswith("0 calls under way, ")
    assert names == [f"ap-guangzhou/default/{name}" for name in ("breaks", "echo", "sleeps")]
    token = kept.env["TENCENTSERVERLESS_LOCAL_ADMIN_TOKEN"]
    address = f"{kept.url}/_local/invoke/breaks"
    assert shlex.split(curl) == ["curl", "-d", "{}", "-H", f"Authorization: Bearer {token}", address]
    found = json.loads(run_scf("local", "status", "--json", "--env-file", env_file_of(kept)).stdout)
    assert (found["url"], found["pid"]) == (kept.url, kept.process.pid)
    assert len(json.loads(run_scf("local", "env", "--json", cwd=folder).stdout)) == 10


@pytest.mark.parametrize("options", [(), ("--now",)])
def test_stop_waits_until_it_is_gone(kept, folder, run_scf, options):
    done = run_scf("local", "stop", *options, cwd=folder)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "scf: the local SCF has stopped\n")
    assert kept.process.wait(1) == 0
    for verb in ("stop", "status", "reset", "logs", "env"):
        again = run_scf("local", verb, cwd=folder)
        assert again.returncode == 6
        assert again.stderr == f"scf: error: no local SCF runs from {folder}/.scf; start one with: scf local start\n"


@pytest.mark.parametrize(("options", "code"), [((), 0), (("--now",), 11)])
def test_a_call_under_way_may_end_unless_it_is_stopped_now(folder, start_local_scf, run_scf, gate, options, code):
    server = start_local_scf.patient(write_held(folder))
    call = subprocess.Popen(
        scf_command("invoke", "held", "-d", json.dumps(str(gate))),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=child_environment(**server.env),
    )
    try:
        wait_until(gate.begun)
        with ThreadPoolExecutor(1) as stopper:
            stopped = stopper.submit(run_scf, "local", "stop", *options, "--env-file", env_file_of(server))
            if not options:
                wait_until(server.is_stopping)
                assert call.poll() is None
                gate.open()
        assert stopped.result().returncode == 0
        said = call.communicate(timeout=20)
        assert call.returncode == code, said
    finally:
        end_process(call)


def test_an_ephemeral_server_over_tls_is_stopped_by_its_env_file(folder, start_local_scf, run_scf):
    server = start_local_scf(folder, "--tls")
    assert run_scf("local", "stop", "--env-file", env_file_of(server)).returncode == 0
    assert server.process.wait(1) == 0


def test_a_stranger_at_the_address_is_not_stopped(folder, start_local_scf, run_scf, tmp_path):
    server = start_local_scf(folder)
    text = env_file_of(server).read_text()
    token = server.env["TENCENTSERVERLESS_LOCAL_ADMIN_TOKEN"]
    (tmp_path / "other").write_text(text.replace(token, "another"))
    done = run_scf("local", "stop", "--env-file", tmp_path / "other")
    assert done.returncode == 6
    assert "refuses" in done.stderr
    assert token not in done.stderr
    assert server.process.poll() is None


def test_reset_ends_faults_and_empties_the_ledger(kept, folder, run_scf):
    ask(kept.env, "PUT", "faults", {"rules": [{"kind": "refuse"}]})
    ask(kept.env, "PUT", "ledger", {"is_on": True})
    assert run_scf("local", "reset", cwd=folder).returncode == 0
    kept.invoke("echo", 1)
    assert ask(kept.env, "GET", "faults") == (200, {"rules": []})
    assert ask(kept.env, "GET", "ledger")[1]["count"] == 1


def test_reset_all_forgets_what_a_stopped_server_kept_but_its_keys(kept, folder, run_scf, start_local_scf):
    kept.request("PublishVersion", {"FunctionName": "echo"})
    running = run_scf("local", "reset", "--all", "--yes", cwd=folder)
    assert running.returncode == 6
    assert "another local SCF runs from this folder" in running.stderr
    run_scf("local", "stop", cwd=folder)
    unasked = run_scf("local", "reset", "--all", cwd=folder)
    assert unasked.returncode == 15
    assert "add --yes" in unasked.stderr
    assert (folder / ".scf" / "state.db").exists()
    done = run_scf("local", "reset", "--all", "--yes", cwd=folder)
    assert done.returncode == 0
    assert sorted(path.name for path in (folder / ".scf").iterdir()) == [".gitignore", "credentials", "layout", "lock"]
    again = start_local_scf(folder, "--state", folder / ".scf")
    assert again.env["TENCENTCLOUD_SECRETKEY"] == kept.env["TENCENTCLOUD_SECRETKEY"]
    assert len(again.request("ListVersionByFunction", {"FunctionName": "echo"}).response["Versions"]) == 1


def test_reset_all_asks_on_a_terminal(kept, folder, run_scf):
    run_scf("local", "stop", cwd=folder)
    reader, writer = pty.openpty()
    command = scf_command("local", "reset", "--all")
    try:
        process = subprocess.Popen(
            command, stdin=writer, stdout=writer, stderr=writer, cwd=folder, env=child_environment(NO_COLOR="1")
        )
        os.write(reader, b"n\n")
        assert process.wait(20) == 15
        assert "nothing was changed" in os.read(reader, 4096).decode()
    finally:
        os.close(reader)
        os.close(writer)
    assert (folder / ".scf" / "state.db").exists()


def test_reset_all_of_a_folder_that_is_none(tmp_path, run_scf):
    (tmp_path / "mine").write_text("")
    done = run_scf("local", "reset", "--all", "--yes", "--state", tmp_path)
    assert done.returncode == 6
    assert "no state folder" in done.stderr
    assert (tmp_path / "mine").exists()


def test_logs_are_what_functions_have_printed(kept, folder, run_scf):
    for number in range(3):
        kept.invoke("echo", number)
    lines = run_scf("local", "logs", cwd=folder).stdout.splitlines()
    assert [line for line in lines if "heard" in line] == [f"[echo] heard {n}" for n in range(3)]
    assert len([line for line in lines if re.search(r"^\d{4}-\S+ \S+ \[echo\] 200 ", line)]) == 3
    assert run_scf("local", "logs", "-n", 1, cwd=folder).stdout == f"{lines[-1]}\n"
    assert json.loads(run_scf("local", "logs", "--json", "-n", 1, cwd=folder).stdout) == lines[-1:]


@pytest.fixture
def silent(folder, start_local_scf):
    """A server that says nothing of calls."""
    return start_local_scf(folder, "--state", folder / ".scf", "--log-format", "none")


@pytest.mark.usefixtures("sigint_is_heard")
def test_ctrl_c_ends_the_logs_without_a_word(silent, folder):
    silent.invoke("echo", 1)
    process = subprocess.Popen(
        scf_command("local", "logs", "-f"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        env=child_environment(),
    )
    try:
        assert process.stdout.readline() == "[echo] heard 1\n"
        process.send_signal(signal.SIGINT)
        rest, said = process.communicate(timeout=20)
    finally:
        end_process(process)
    assert (rest, said, process.returncode) == ("", "", 0)


def test_logs_follow_until_the_server_stops(silent, folder, run_scf):
    kept = silent
    kept.invoke("echo", 1)
    process = subprocess.Popen(
        scf_command("local", "logs", "-f"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        env=child_environment(),
    )
    try:
        assert process.stdout.readline() == "[echo] heard 1\n"
        for number in (2, 3):
            kept.invoke("echo", number)
            assert process.stdout.readline() == f"[echo] heard {number}\n"
        run_scf("local", "stop", cwd=folder)
        rest, said = process.communicate(timeout=20)
    finally:
        end_process(process)
    assert (rest, said, process.returncode) == ("", "scf: the local SCF has stopped\n", 0)


def test_status_calls_no_web_function_by_its_last_line(tmp_path, start_local_scf, run_scf):
    site, later = tmp_path / "fns" / "a-site", tmp_path / "fns" / "later"
    site.mkdir(parents=True)
    (site / "serverless.yml").write_text(
        "component: scf\nname: a-site\ninputs: {name: a-site, src: ., type: web, runtime: Python3.10}\n"
    )
    start_local_scf(tmp_path / "fns", "--state", tmp_path / "fns" / ".scf")
    assert "curl" not in run_scf("local", "status", cwd=tmp_path / "fns").stdout
    later.mkdir()
    (later / "index.py").write_text("def main_handler(event, context):\n    return event\n")
    wait_until(lambda: "later" in run_scf("local", "status", cwd=tmp_path / "fns").stdout)
    assert run_scf("local", "status", cwd=tmp_path / "fns").stdout.splitlines()[-1].endswith("/_local/invoke/later")
