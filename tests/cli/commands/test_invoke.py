"""``scf invoke`` against a real local SCF."""

import json
import signal
import socket
import subprocess
import sys

import pytest

from tencentserverless.local.control import ask
from tests.conftest import child_environment, end_process, scf_command, wait_until


def test_it_prints_the_ret_msg_and_a_summary_beside_it(scf):
    done = scf("invoke", "echo", "-d", '{"a": "函数"}')
    assert (done.returncode, done.stdout) == (0, '{"a": "函数"}\n')
    duration, billed, memory, request = done.stderr.rstrip("\n").split(", ")
    assert duration.endswith(" ms")
    assert billed.startswith("billed ")
    assert memory.endswith(" MB")
    assert len(request.removeprefix("request ")) == 36


def test_the_event_comes_from_a_file_and_from_stdin(server, scf, tmp_path):
    (tmp_path / "event.json").write_text("\ufeff[1]", encoding="utf-8")
    assert scf("invoke", "echo", "-f", tmp_path / "event.json").stdout == "[1]\n"
    for words in (["-"], ["-f", "-"]):
        done = subprocess.run(
            scf_command("invoke", "echo", *words),
            input=b'"from stdin"',
            capture_output=True,
            env=child_environment(**server.env),
            check=True,
        )
        assert done.stdout == b'"from stdin"\n'


def test_json_has_the_facts(scf):
    facts = json.loads(scf("invoke", "echo", "-d", "1", "--tail", "--json").stdout)
    assert facts["result"] == 1
    assert facts["billed_duration_ms"] >= 1
    assert "heard 1" in facts["log"]
    facts = json.loads(scf("invoke", "echo", "-d", '{"a": ["b"]}', "--json").stdout)
    assert facts["result"] == {"a": ["b"]}


def test_tail_prints_the_log_beside_the_answer(scf):
    done = scf("invoke", "echo", "-d", "1", "--tail")
    assert done.stdout == "1\n"
    assert "\nheard 1\n" in done.stderr


def test_a_failure_of_the_function_shows_its_traceback_and_has_its_own_code(scf):
    done = scf("invoke", "breaks", "--tail")
    assert (done.returncode, done.stdout) == (10, "")
    *before, last = done.stderr.splitlines()
    assert last.startswith("scf: error: FunctionError 430: ")
    assert last.endswith("; the function ran; run: scf explain 430")
    assert any("Traceback (most recent call last):" in line for line in before)
    assert "before" in before
    assert "\x1b" not in done.stderr


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('{"a": 1,,}', '  {"a": 1,,}\n          ^\n'),
        ('{"数": x}', '  {"数": x}\n         ^\n'),
        ("[1,\n 2 3]", "   2 3]\n     ^\n"),
    ],
)
def test_what_is_no_json_gets_a_caret_under_the_place(scf, text, shown):
    done = scf("invoke", "echo", "-d", text)
    assert done.returncode == 14
    *_, last = done.stderr.splitlines()
    assert last.startswith("scf: error: -d is not JSON: ")
    assert done.stderr == f"{shown}{last}\n"


def test_input_that_can_not_be(scf, tmp_path):
    for words, code, said in (
        (["-d", "NaN"], 14, "NaN is not JSON"),
        (["-d", "[" * 100_000], 14, "nested too deep"),
        (["-f", tmp_path / "none"], 14, "No such file or directory"),
        (["-d", "1", "-"], 2, "give the event once"),
        (["--wait"], 2, "--wait needs --async"),
        (["--async", "--repeat", "2"], 2, "--async can't be combined with"),
        (['{"a": 1}'], 2, """'{"a": 1}' is not an option; give the event with -d JSON"""),
        (["-d", "@event.json"], 2, "-d takes JSON; for a file, write: -f event.json"),
        (["--timeout", "0"], 2, "--timeout"),
        (["--region", "a_b"], 2, "region 'a_b'"),
    ):
        done = scf("invoke", "echo", *words)
        assert (done.returncode, done.stdout) == (code, ""), done.stderr
        assert said in done.stderr.splitlines()[-1]


def test_a_file_behind_an_arrow_is_not_read_unasked_and_that_is_said(server, tmp_path):
    (tmp_path / "event").write_text("5")
    for words, answer, said in (
        (["-"], b"5\n", b""),
        ([], b"{}\n", b"scf: no event was sent; to send standard input as"),
    ):
        with (tmp_path / "event").open() as file:
            done = subprocess.run(
                scf_command("invoke", "echo", *words),
                stdin=file,
                capture_output=True,
                env=child_environment(**server.env),
                check=True,
            )
        assert (done.stdout, done.stderr.startswith(said)) == (answer, True)
        assert (b"no event was sent" in done.stderr) is bool(said)


FAILURES = {
    "the function fails": (["invoke", "breaks"], 10, "FunctionError", 430, "yes"),
    "there is no function": (["invoke", "nope"], 11, "ResourceNotFound", "ResourceNotFound.Function", "no"),
    "no function to show": (["functions", "show", "nope"], 11, "ResourceNotFound", "ResourceNotFound.Function", "no"),
    "no function to delete": (["functions", "delete", "nope"], 11, "ResourceNotFound", None, "no"),
    "an unknown option": (["logs", "x", "--nope"], 2, "USAGE", None, None),
    "a missing argument": (["logs"], 2, "USAGE", None, None),
    "a value out of range": (["logs", "x", "-n", "0"], 2, "USAGE", None, None),
    "an unknown event": (["event", "tmier"], 14, "INPUT", None, None),
    "an unknown code": (["explain", "zzz"], 14, "INPUT", None, None),
    "an unknown command": (["invok"], 2, "USAGE", None, None),
    "a name that can't be": (["init", "1st"], 14, "INPUT", None, None),
    "no server": (["local", "status", "--state", "/nowhere"], 6, "STATE", None, None),
    "no folder": (["deploy", "/nowhere", "--dry-run"], 4, "PROJECT", None, None),
    "no input": (["map", "echo", "/nowhere/in"], 14, "INPUT", None, None),
    "the timeout passes": (["invoke", "sleeps", "--timeout", "0.5"], 12, "DeadlineExceeded", None, "maybe"),
}


@pytest.mark.parametrize("case", FAILURES)
def test_with_json_every_failure_is_one_line_of_one_shape(scf, case, tmp_path):
    words, exit_code, name, code, executed = FAILURES[case]
    done = scf(*words, "--json", cwd=tmp_path)
    assert done.returncode == exit_code, done.stderr
    (line,) = done.stdout.splitlines()
    error = json.loads(line)["error"]
    assert list(error) == ["exit", "name", "code", "message", "executed", "request_id", "stack_trace"]
    assert (error["exit"], error["name"], error["executed"]) == (exit_code, name, executed)
    assert code is None or error["code"] == code
    assert error["message"]
    assert done.stderr.splitlines()[-1].startswith("scf: error: ")
    if case == "the function fails":
        assert "KeyError" in str(error["stack_trace"])
        assert error["request_id"]


def test_a_word_behind_two_dashes_asks_for_nothing(run_scf):
    assert run_scf("explain", "zzz", "--", "--json").stdout == ""


def test_a_function_that_is_not_there_is_answered_with_the_nearest(scf):
    done = scf("invoke", "echoo")
    assert (done.returncode, done.stdout) == (11, "")
    assert (
        "no function 'echoo'; in namespace default of ap-guangzhou (local SCF) the nearest names are: echo;"
        in done.stderr
    )
    assert "there are: breaks, echo, sleeps" in scf("invoke", "zzzzzz", "--async").stderr


def test_no_server_at_the_local_endpoint_names_the_command_that_starts_one(server, run_scf):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
    done = run_scf("invoke", "echo", env={**server.env, "TENCENTSERVERLESS_ENDPOINT_URL": url})
    said = f"scf: error: no local SCF answers at {url}; start one with: scf local start\n"
    assert (done.returncode, done.stderr) == (12, said)


def test_no_keys(run_scf, server, tmp_path):
    only = {"TENCENTSERVERLESS_ENDPOINT_URL": server.url, "HOME": str(tmp_path)}
    done = run_scf("invoke", "echo", env=only)
    assert done.returncode == 13
    assert "no key pair was found" in done.stderr
    wrong = run_scf("invoke", "echo", env={**server.env, "TENCENTCLOUD_SECRETKEY": "other"})
    assert wrong.returncode == 13
    assert "AuthFailure" in wrong.stderr
    assert server.env["TENCENTCLOUD_SECRETKEY"] not in wrong.stderr


def test_async_prints_the_id_and_wait_what_it_returned(scf):
    started = scf("invoke", "echo", "-d", "5", "--async")
    assert len(started.stdout.strip()) == 36
    assert json.loads(scf("invoke", "echo", "--async", "--json").stdout).keys() == {"request_id"}
    waited = scf("invoke", "echo", "-d", "5", "--async", "--wait")
    assert (waited.returncode, waited.stdout) == (0, "5\n")


def test_repeat_prints_each_and_the_spread(scf):
    done = scf("invoke", "echo", "-d", "1", "--repeat", 3)
    assert done.stdout == "1\n1\n1\n"
    last = done.stderr.splitlines()[-1]
    assert last.startswith("3 calls, p50 ")
    assert ", p95 " in last


def test_a_timeout_says_that_the_function_may_have_run(scf):
    done = scf("invoke", "sleeps", "--timeout", "1")
    assert done.returncode == 12
    assert "; the function may have run; run: scf explain DeadlineExceeded" in done.stderr


@pytest.mark.usefixtures("sigint_is_heard")
def test_ctrl_c_ends_a_call_with_130_and_no_traceback(server):
    def count_begun():
        counted = ask(server.env, "GET", "status")[1]["by_function"].get("ap-guangzhou/default/sleeps", {})
        return counted.get("running", 0) + counted.get("ended", 0)

    before = count_begun()
    process = subprocess.Popen(
        scf_command("invoke", "sleeps"), stderr=subprocess.PIPE, text=True, env=child_environment(**server.env)
    )
    try:
        wait_until(lambda: count_begun() > before)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=20)
    finally:
        end_process(process)
    assert process.returncode == 130
    assert said == "scf: interrupted; sleeps may have run, or still run; to see, run: scf logs sleeps\n"


def test_a_function_that_does_not_load_is_told_in_a_block_with_what_to_do(folder, start_local_scf, run_scf):
    for name, code in (("lacks", "import json5\n"), ("broken", "x = 1\n\ny = = 2\n")):
        (folder / name).mkdir()
        (folder / name / "index.py").write_text(code)
    (folder / "requirements.txt").write_text("json5\n")
    server = start_local_scf(folder)
    done = run_scf("invoke", "lacks", env=server.env)
    place = folder / "lacks"
    command = f"-m pip install -r {folder}/requirements.txt -t {place}"
    advice = f"json5 is in {folder}/requirements.txt and is not installed; run: {sys.executable} {command}"
    assert (done.returncode, done.stdout) == (10, "")
    assert done.stderr == (
        f'scf: {advice}\n  File "{place}/index.py", line 1, in <module>\n    import json5\n'
        "scf: error: FunctionLoadError 443: ModuleNotFoundError: No module named 'json5' (index.py, line 1); "
        "the function may have run; run: scf explain 443\n"
    )
    seen = server.settled_stderr()
    assert "status 443: ModuleNotFoundError: No module named 'json5' (index.py, line 1) (" in seen
    assert f' ms)\n  File "{place}/index.py"' in seen
    assert f"\n{advice}\n" in seen
    done = run_scf("invoke", "broken", env=server.env)
    *frames, last = done.stderr.splitlines()
    assert "SyntaxError: invalid syntax (index.py, line 3)" in last
    assert frames == [f'  File "{folder}/broken/index.py", line 3', "    y = = 2", "        ^"]


def test_a_function_that_runs_asynchronously_is_said_to_have_started(folder, start_local_scf, run_scf):
    manifest = folder / "echo" / "serverless.yml"
    manifest.write_text(manifest.read_text() + "  asyncRunEnable: true\n")
    server = start_local_scf(folder)
    done = run_scf("invoke", "echo", "-d", "1", env=server.env)
    assert (done.returncode, done.stdout) == (0, "")
    request_id = done.stderr.removeprefix("started; request ").rstrip("\n")
    assert len(request_id) == 36


def test_a_function_elsewhere_is_named_with_its_place(folder, start_local_scf, run_scf):
    manifest = folder / "echo" / "serverless.yml"
    manifest.write_text(manifest.read_text() + "  region: ap-chengdu\n")
    server = start_local_scf(folder)
    done = run_scf("invoke", "echo", env=server.env)
    assert (
        "no function 'echo'; one exists in: region ap-chengdu, namespace default; choose it with --region"
        in done.stderr
    )
