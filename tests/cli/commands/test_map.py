"""``scf map``: JSON Lines in and out, resumable."""

import json
import os
import pty
import re
import signal
import subprocess
from contextlib import ExitStack
from multiprocessing.connection import wait
from pathlib import Path

import pytest

from tencentserverless.local.worker.interpreters import OWN_RUNTIME
from tests import forkserver
from tests.conftest import Starter, child_environment, end_process, scf_command, wait_until

CODE = """
import os, time

def main_handler(event, context):
    print("working")
    if isinstance(event, dict) and "gate" in event:
        open(os.path.join(event["gate"], "begun-" + context["request_id"]), "w").close()
        while not os.path.exists(os.path.join(event["gate"], "open")):
            time.sleep(0.01)
    if isinstance(event, dict) and "fail" in event:
        raise ValueError(event["fail"])
    if isinstance(event, dict) and "sleep" in event:
        time.sleep(event["sleep"])
    return event
"""


@pytest.fixture(scope="module")
def map_server(tmp_path_factory):
    """A local SCF with the functions ``echo`` and ``order``."""
    folder = tmp_path_factory.mktemp("functions")
    for name in ("echo", "order"):
        (folder / name).mkdir()
        (folder / name / "index.py").write_text(CODE)
        inputs = f"{{name: {name}, src: ., timeout: 600, runtime: {OWN_RUNTIME}}}"
        (folder / name / "serverless.yml").write_text(f"component: scf\nname: {name}\ninputs: {inputs}\n")
    started = tmp_path_factory.mktemp("started")
    with ExitStack() as stack:
        server = Starter(started, stack)(folder)
        yield server


@pytest.fixture
def scf(map_server, tmp_path):
    """Run ``scf`` with what the test gives, against that server: ``scf(*arguments, stdin="")``."""

    def run(*arguments, stdin=""):
        return forkserver.run(scf_command(*arguments), child_environment(**map_server.env), tmp_path, 60, stdin)

    return run


def read_lines(text):
    return [json.loads(line) for line in text.splitlines()]


def test_a_line_for_each_line(scf, tmp_path):
    (tmp_path / "in.jsonl").write_text("".join(f'{{"n": {n}}}\n\n' for n in range(300)))
    done = scf("map", "echo", "in.jsonl", "-o", "out.jsonl", "--concurrency", "8")
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    found = read_lines((tmp_path / "out.jsonl").read_text())
    assert found == [{"position": n, "result": {"n": n}} for n in range(300)]
    assert "billed GB-seconds" in done.stderr
    assert "<= 1 ms" in done.stderr or " ms" in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.jsonl", "out.jsonl"]


def test_standard_input_to_standard_output(scf):
    done = scf("map", "echo", "--unordered", "--json", stdin="1\n2\n3\n")
    assert sorted(line["result"] for line in read_lines(done.stdout)) == [1, 2, 3]
    assert json.loads(done.stderr)["done"] == 3


def test_failures_are_lines_too_and_the_exit_code_tells(scf):
    done = scf("map", "echo", stdin='1\n{"fail": "boom"}\n3\n')
    assert done.returncode == 18
    first, second, third = read_lines(done.stdout)
    assert (first["result"], third["result"]) == (1, 3)
    assert second["position"] == 1
    error = second["error"]
    assert (error["type"], error["message"], error["frame"]) == ("ValueError", "boom", "index.py:11 in main_handler")
    assert (error["status"], error["executed"]) == (430, "yes")


def test_failures_are_grouped_by_cause_and_how_to_send_them_again_is_said(scf, tmp_path):
    inputs = [1, *({"fail": f"boom {n}"} for n in range(7)), {"sleep": "long"}]
    (tmp_path / "in").write_text("".join(json.dumps(each) + "\n" for each in inputs))
    done = scf("map", "echo", "in", "-o", "out")
    assert "     7 x ValueError at index.py:11 in main_handler, first at position 1: boom 0\n" in done.stderr
    assert "     1 x TypeError at index.py:13 in main_handler, first at position 8: " in done.stderr
    assert "scf: 8 inputs have no result; to send them again, add --resume --idempotent" in done.stderr
    assert scf("map", "echo", "in", "-o", "out", "--resume", "--idempotent").returncode == 18
    told = scf("map", "echo", "--json", stdin='{"fail": "x"}\n{"fail": "y"}\n')
    figures, advice = told.stderr.splitlines()
    assert json.loads(figures)["causes"] == [
        {
            "type": "ValueError",
            "frame": "index.py:11 in main_handler",
            "message": "x",
            "count": 2,
            "first_position": 0,
        }
    ]
    assert advice == "scf: with -o FILE or --journal FILE, inputs without a result can be sent again"


def test_only_the_most_frequent_causes_are_shown_and_memory_is_bounded():
    from tencentserverless.cli.output import map_summary

    summary = map_summary.MapSummary()
    for number in range(1200):
        error = type(f"Error{number}", (Exception,), {})("x")
        for _ in range(2 if number == 7 else 1):
            summary.add(error)
    lines = map_summary.write_causes(summary.causes())
    assert lines[0].split()[:3] == ["200", "x", "other"]
    assert lines[1].split()[:3] == ["2", "x", "Error7,"]
    assert lines[-1] == "       and 996 more causes; --json lists all"


@pytest.mark.parametrize("name", ["ecko", "nothing-like-it"])
def test_a_function_that_does_not_exist_stops_the_run_at_once(scf, tmp_path, name):
    (tmp_path / "in").write_text("1\n" * 5000)
    done = scf("map", name, "in", "-o", "out")
    assert (done.returncode, done.stdout) == (11, "")
    assert done.stderr.startswith(f"scf: error: ResourceNotFound.Function: no function {name!r}; in namespace default")
    assert done.stderr.count("\n") == 1
    assert (tmp_path / "out").read_text() == ""
    assert not (tmp_path / "out.journal").exists(), "nothing ran, and nothing is to be resumed"


def test_keys_that_are_refused_and_a_server_that_is_gone_stop_it_too(map_server, tmp_path):
    def run(**changes):
        environment = child_environment(**{**map_server.env, **changes})
        return forkserver.run(scf_command("map", "echo"), environment, tmp_path, 60, "1\n" * 5000)

    refused = run(TENCENTCLOUD_SECRETKEY="another", TENCENTCLOUD_SECRET_KEY="another")
    assert (refused.returncode, refused.stderr.count("\n")) == (13, 1)
    gone = run(TENCENTSERVERLESS_ENDPOINT_URL="http://127.0.0.1:1")
    assert (gone.returncode, gone.stderr) == (
        12,
        "scf: error: no local SCF answers at http://127.0.0.1:1; start one with: scf local start\n",
    )


def test_a_version_that_is_deleted_meanwhile_stops_it_and_the_journal_stays(map_server, scf, tmp_path):
    version = map_server.request("PublishVersion", {"FunctionName": "order"}).response["FunctionVersion"]
    (tmp_path / "in").write_text("1\n2\n")
    assert scf("map", "order", "in", "-o", "out", "--qualifier", version).returncode == 0
    map_server.request("DeleteFunction", {"FunctionName": "order", "Qualifier": version})
    done = scf("map", "order", "in", "-o", "out", "--qualifier", version)
    assert (done.returncode, "ResourceNotFound" in done.stderr) == (11, True)


def test_it_stops_at_so_many_errors(scf):
    done = scf("map", "echo", "--concurrency", "1", "--max-errors", "2", stdin='{"fail": 1}\n' * 50)
    assert done.returncode == 18
    assert len(done.stdout.splitlines()) == 2
    assert "as --max-errors says" in done.stderr


def test_a_line_that_is_no_json_is_named_after_what_came_before(scf):
    done = scf("map", "echo", stdin="1\n2\n{bad\n")
    assert done.returncode == 14
    assert [line["result"] for line in read_lines(done.stdout)] == [1, 2]
    assert (
        "standard input is not JSON: Expecting property name enclosed in double quotes (line 3, column 2)"
        in done.stderr
    )
    assert "  {bad\n   ^\n" in done.stderr


def test_a_file_that_is_not_there(scf):
    done = scf("map", "echo", "none.jsonl")
    assert (done.returncode, done.stderr) == (14, "scf: error: none.jsonl: No such file or directory\n")


def test_a_run_that_failed_in_part_goes_on(scf, tmp_path):
    (tmp_path / "in").write_text('1\n{"fail": "boom"}\n3\n')
    assert scf("map", "echo", "in", "-o", "out").returncode == 18
    assert (tmp_path / "out.journal").exists()
    done = scf("map", "echo", "in", "-o", "out")
    assert done.returncode == 2
    assert "--resume" in done.stderr
    done = scf("map", "echo", "in", "-o", "out", "--resume")
    assert done.returncode == 18
    assert [line["position"] for line in read_lines((tmp_path / "out").read_text())] == [0, 1, 2]
    (tmp_path / "in").write_text("7\n8\n")
    done = scf("map", "echo", "in", "-o", "out", "--resume")
    assert done.returncode == 14
    assert "of another run" in done.stderr


def has_heard(pid: int, number: int) -> bool:
    """True if a signal does not wait for a process any more, as far as the system tells."""
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        return True
    waiting = re.findall(r"^(?:SigPnd|ShdPnd):\s*(\w+)$", status.read_text(), re.MULTILINE)
    return not any(int(mask, 16) >> number - 1 & 1 for mask in waiting)


@pytest.mark.usefixtures("sigint_is_heard")
def test_ctrl_c_and_resume_send_each_line_once(map_server, scf, tmp_path, gate):
    inputs = [{"n": n, "gate": str(gate)} if n > 20 else {"n": n} for n in range(200)]
    (tmp_path / "in").write_text("".join(json.dumps(each) + "\n" for each in inputs))
    arguments = ("map", "echo", "in", "-o", "out", "--concurrency", "2")
    process = subprocess.Popen(
        scf_command(*arguments),
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        env=child_environment(**map_server.env),
    )
    try:
        wait_until(lambda: gate.begun() == 2)  # it waits for both: what an interrupt finds half read is in doubt
        process.send_signal(signal.SIGINT)
        wait_until(lambda: has_heard(process.pid, signal.SIGINT))  # else it may come in the middle of an answer
        gate.open()  # what is under way ends, and nothing else is sent
        _, stderr = process.communicate(timeout=30)
    finally:
        end_process(process)
    assert process.returncode == 130
    assert re.fullmatch(
        r"scf: interrupted; \d+ inputs have a result, 0 have none; go on with the same command and --resume\n", stderr
    )
    assert (tmp_path / "out").read_text().count("\n") < 30
    done = scf(*arguments, "--resume")
    assert done.returncode == 0, done.stderr
    assert [line["result"]["n"] for line in read_lines((tmp_path / "out").read_text())] == list(range(200))
    assert not (tmp_path / "out.journal").exists()


def test_a_terminal_shows_the_progress(map_server, tmp_path):
    (tmp_path / "in").write_text("".join(f'{{"n": {n}, "sleep": 0.02}}\n' for n in range(60)))
    ours, theirs = pty.openpty()
    command = scf_command("map", "echo", "in", "-o", "out", "--concurrency", "2")
    environment = child_environment(TERM="xterm", COLUMNS="100", **map_server.env)
    process = subprocess.Popen(command, stderr=theirs, cwd=tmp_path, env=environment)
    os.close(theirs)
    shown = b""
    try:
        while wait([ours], 30):
            data = os.read(ours, 4096)
            if not data:
                break
            shown += data
    except OSError:  # what Linux says at the end of a terminal
        pass
    os.close(ours)
    assert process.wait(30) == 0
    assert b"/60" in shown
    assert b"throttled 0" in shown
