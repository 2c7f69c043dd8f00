"""``scf invoke``: what is printed where, and what it exits with."""

import json
import signal
import subprocess
import time

import pytest

from tests.conftest import child_environment, scf_command


def test_the_result_alone_is_on_stdout(scf):
    done = scf("invoke", "echo", "-d", '{"a": "ü"}')
    assert (done.returncode, done.stdout) == (0, '{"a": "ü"}\n')
    assert done.stderr.startswith("scf: ")
    assert "billed" in done.stderr
    assert "request " in done.stderr


def test_the_event_comes_from_a_file_or_from_standard_input(scf, tmp_path):
    (tmp_path / "event.json").write_text("[1, 2]")
    assert scf("invoke", "echo", "-f", "event.json").stdout == "[1, 2]\n"
    assert scf("invoke", "echo", "-", stdin='"x"').stdout == '"x"\n'
    done = scf("invoke", "echo", "-", "-d", "1", stdin="2")
    assert (done.returncode, done.stdout) == (2, "")
    assert "-d and - both give the event" in done.stderr


def test_json_holds_the_result_and_its_facts(scf):
    found = json.loads(scf("invoke", "echo", "-d", "[1]", "--json").stdout)
    assert found["result"] == [1]
    assert set(found) > {"request_id", "function_request_id", "duration_ms", "billed_duration_ms", "memory_bytes"}


def test_the_tail_of_the_log_is_beside_the_result(scf):
    done = scf("invoke", "echo", "-d", "1", "--tail")
    assert done.stdout == "1\n"
    assert "\nworking\n" in done.stderr


def test_a_functions_failure_shows_its_traceback_and_has_a_code_of_its_own(scf):
    done = scf("invoke", "echo", "-d", '{"fail": "boom"}')
    assert (done.returncode, done.stdout) == (10, "")
    assert "Traceback (most recent call last):" in done.stderr
    assert "ValueError: boom" in done.stderr
    last = done.stderr.splitlines()[-1]
    assert last.startswith("scf: error: the function failed: ")
    assert last.endswith("more: scf explain 430")


@pytest.mark.parametrize(
    ("text", "words", "caret"),
    [
        ('{"a": 1, b}', "-d, line 1, column 10: Expecting property name", '  {"a": 1, b}\n           ^\n'),
        ("", "-d, line 1, column 1: Expecting value", "  \n  ^\n"),
        ("[1,\n2", "-d, line 2, column 2: Expecting ','", "  2\n   ^\n"),
        ('"' + "x" * 300, "column 1: Unterminated string", '  "' + "x" * 59 + "\n  ^\n"),
    ],
)
def test_invalid_json_is_shown_with_a_caret(scf, text, words, caret):
    done = scf("invoke", "echo", "-d", text)
    assert done.returncode == 2
    assert words in done.stderr
    assert caret in done.stderr
    assert "NaN is no JSON" in scf("invoke", "echo", "-d", "[NaN]").stderr


def test_an_unknown_function_gets_the_closest_names(scf):
    done = scf("invoke", "ordr")
    assert done.returncode == 12
    assert "there is no function 'ordr' in default of ap-guangzhou; did you mean order?" in done.stderr
    assert "there are: echo, order" in scf("invoke", "zzz").stderr


def test_asynchronous_calls(scf):
    started = scf("invoke", "echo", "-d", "7", "--async")
    assert started.returncode == 0
    assert len(started.stdout.strip()) == 36
    waited = scf("invoke", "echo", "-d", "7", "--async", "--wait")
    assert (waited.returncode, waited.stdout) == (0, "7\n")
    late = scf("invoke", "echo", "-d", '{"sleep": 3}', "--async", "--wait", "--timeout", "0.5")
    assert (late.returncode, late.stdout) == (13, "")
    assert scf("invoke", "echo", "--wait").returncode == 2


def test_repeated_calls_end_with_percentiles(scf):
    done = scf("invoke", "echo", "-d", "1", "--repeat", "3")
    assert done.stdout == "1\n1\n1\n"
    assert "3 calls: " in done.stderr.splitlines()[-1]


def test_a_timeout_says_whether_it_may_have_run(scf):
    done = scf("invoke", "echo", "-d", '{"sleep": 2}', "--timeout", "0.3")
    assert done.returncode == 13
    assert "did it run: maybe" in done.stderr


def test_no_server_is_told_with_the_command_that_starts_one(scf, run_scf, tmp_path):
    done = scf("invoke", "echo", "--local", state=False)
    assert done.returncode == 6
    assert "start one with: scf local start" in done.stderr
    keys = {"TENCENTCLOUD_SECRETID": "a", "TENCENTCLOUD_SECRETKEY": "b"}
    done = run_scf("invoke", "echo", env={"TENCENTSERVERLESS_ENDPOINT_URL": "http://127.0.0.1:9", **keys})
    assert done.returncode == 13
    assert "scf local start" in done.stderr


def test_no_keys_lead_to_the_doctor(run_scf, tmp_path):
    done = run_scf(
        "invoke", "echo", env={"TENCENTSERVERLESS_ENDPOINT_URL": "http://127.0.0.1:9", "HOME": str(tmp_path)}
    )
    assert done.returncode == 14
    assert "scf doctor" in done.stderr


def test_ctrl_c_ends_quietly(cli_server):
    command = scf_command("invoke", "echo", "-d", '{"sleep": 5}', "--state", cli_server.env_file)
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=child_environment())
    time.sleep(1.0)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=20)
    assert process.returncode == 130
    assert stderr.strip() == "scf: interrupted"


def test_a_broken_pipe_ends_quietly(cli_server):
    command = scf_command("invoke", "echo", "-d", "1", "--repeat", "200", "--state", cli_server.env_file)
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=child_environment()
    )
    process.stdout.readline()
    process.stdout.close()
    stderr = process.stderr.read()
    process.stderr.close()
    assert process.wait(30) == 141
    assert "Traceback" not in stderr
    assert "error" not in stderr


def test_a_mistyped_command_gets_the_closest_one(run_scf):
    done = run_scf("invok")
    assert done.returncode == 2
    assert "did you mean invoke?" in done.stderr
