"""The lines about ended calls: what stands in them, how many a terminal gets, and what a failure shows."""

import asyncio
import json
import re
import time
from pathlib import Path

import pytest

from tencentserverless.local import outcome
from tencentserverless.local.invocation import Invocation, Stopping
from tencentserverless.local.invocations.call_lines import CallLines, LineLimit
from tencentserverless.local.outcome import Outcome
from tencentserverless.local.registry.function_version import FunctionKey, FunctionRecord

RECORD = FunctionRecord(FunctionKey("ap-a", "default", "fn"), "index.main_handler", "Python3.10", Path("/x"))
DONE = Outcome(0, "1", duration_ms=4.516)
FAILED = Outcome(430, "", "it failed", "Traceback:\n\x1b[31mred", 1.0, 1, b"")
NOW = 1_700_000_000.25


class Console:
    def __init__(self, *, is_terminal=False):
        self.is_terminal = is_terminal
        self.lines = []
        self.sources = []

    def show(self, line):
        self.lines.append(line)

    def show_block(self, lines):
        self.lines.extend(lines)

    def add_source(self, flush):
        self.sources.append(flush)


def ended(result, request_id="id-1"):
    invocation = Invocation(RECORD, request_id, b"{}", None)
    if isinstance(result, Outcome):
        invocation.outcome = result
    else:
        invocation.failure = result
    return invocation


def run(results, *, is_terminal=False, log_format="text", times=None):
    """The lines after these results, which came at these times; the last time is that of the reader."""
    console = Console(is_terminal=is_terminal)
    now = [NOW]

    async def scenario():
        lines = CallLines(console, log_format, lambda: now[0])
        for number, result in enumerate(results):
            now[0] = times[number] if times else NOW
            lines.after(ended(result, f"id-{number}"))
        now[0] = times[-1] if times else NOW
        for flush in console.sources:
            flush()

    asyncio.run(scenario())
    return console.lines


def stamp(layout):
    return time.strftime(layout, time.localtime(int(NOW))) + ".250"


def test_a_line_has_time_function_status_duration_and_request_id():
    assert run([DONE]) == [f"{stamp('%Y-%m-%d %H:%M:%S')} [fn] 200 4.52 ms id-0"]
    assert run([DONE], is_terminal=True) == [f"{stamp('%H:%M:%S')} [fn] 200 4.52 ms id-0"]


def test_a_failure_is_shown_in_its_place_and_can_not_paint_the_terminal():
    first, second, third = run([DONE, FAILED, DONE])
    assert first.endswith("id-0")
    assert second.endswith("[fn] ERROR RequestId:id-1 status 430: it failed (1.00 ms)\nTraceback:\nred")
    assert third.endswith("id-2")


def test_a_failure_to_load_is_a_block_with_its_last_line_first_and_advice():
    console = Console()
    trace = 'Traceback (most recent call last):\n  File "/p/fn/a.py", line 2\n    x = =\nSyntaxError: no'
    lines = CallLines(console, advise=lambda record, result: f"advice for {record.key.name}")
    lines.after(ended(Outcome(443, "", trace)))
    (shown,) = console.lines
    assert shown.split("RequestId:id-1 ")[1].splitlines() == [
        "status 443: SyntaxError: no (a.py, line 2) (0.00 ms)",
        '  File "/p/fn/a.py", line 2',
        "    x = =",
        "advice for fn",
    ]


def test_a_crash_is_shown_with_the_exit_code_or_the_signal():
    (line,) = run([outcome.exited(2.0, b"", "exit code 3")])
    assert line.endswith("status 439: User process exit when running (exit code 3, 2.00 ms)")


def test_json_has_an_object_for_each_call():
    found = [json.loads(line) for line in run([DONE, outcome.exited(2.0, b"", "SIGSEGV")], log_format="json")]
    place = {"function": "fn", "namespace": "default", "region": "ap-a", "version": "$LATEST"}
    when = {"time": "2023-11-14T22:13:20.250Z", **place}
    assert found == [
        {**when, "request_id": "id-0", "duration_ms": 4.516, "status": 200},
        {
            **when,
            "request_id": "id-1",
            "duration_ms": 2.0,
            "status": 439,
            "error": "User process exit when running",
            "stack_trace": "",
            "ending": "SIGSEGV",
        },
    ]


@pytest.mark.parametrize("log_format", ["text", "json", "none"])
def test_what_is_shown_of_calls_without_an_outcome_or_without_a_failure(log_format):
    assert run([Stopping()], log_format=log_format) == []
    assert len(run([DONE, FAILED], log_format=log_format)) == (1 if log_format == "none" else 2)


def test_a_terminal_has_twenty_lines_a_second_and_the_number_of_the_others():
    times = [NOW] * 4231 + [NOW + 1] * 3 + [NOW + 2]
    lines = run([DONE] * 4234, is_terminal=True, times=times)
    assert len(lines) == 20 + 1 + 3
    assert lines[20] == "... 4,211 more"
    assert len(run([DONE] * 100, times=[NOW] * 101)) == 100


def test_failures_count_among_the_lines_of_a_terminal():
    lines = run([FAILED] * 30, is_terminal=True, times=[NOW] * 30 + [NOW + 1])
    assert (len(lines), lines[-1]) == (21, "... 10 more")


def test_the_number_of_the_others_is_told_though_no_call_comes_any_more():
    console = Console(is_terminal=True)
    now = [NOW]

    async def scenario():
        lines = CallLines(console, "text", lambda: now[0])
        for number in range(25):
            lines.after(ended(DONE, f"id-{number}"))
        lines.flush()
        assert len(console.lines) == 20
        now[0] += 1
        told = asyncio.Event()
        console.show_block = lambda lines: (console.lines.extend(lines), told.set())
        await told.wait()

    asyncio.run(asyncio.wait_for(scenario(), 30))
    assert console.lines[-1] == "... 5 more"


def test_a_limit_tells_what_it_held_once():
    limit = LineLimit(2)
    assert [limit.admit(5.0) for _ in range(4)] == [True, True, False, False]
    assert (limit.has_held, limit.take_held(5.9), limit.take_held(6.0), limit.take_held(6.0)) == (True, 0, 2, 0)
    assert not limit.has_held


def test_a_server_writes_a_line_for_each_call_and_tells_how_a_process_ended(start_local_scf, tmp_path):
    (tmp_path / "fn").mkdir()
    code = "import os, signal\ndef main_handler(event, context):\n    if event == 'exit':\n        os._exit(3)\n"
    code += (
        "    if event == 'kill':\n        os.kill(os.getpid(), signal.SIGSEGV)\n    print('heard')\n    return event\n"
    )
    (tmp_path / "fn" / "index.py").write_text(code)
    server = start_local_scf(tmp_path)
    request_id = server.invoke("fn", 1)["FunctionRequestId"]
    for event in ("exit", "kill"):
        server.invoke("fn", event)
    heard, call, exited, killed = server.settled_stderr().splitlines()[-4:]
    assert heard == "[fn] heard"
    assert re.fullmatch(rf"\d{{4}}-\d\d-\d\d [\d:]{{8}}\.\d{{3}} \[fn\] 200 [\d.]+ ms {request_id}", call)
    assert "status 439: User process exit when running (exit code 3, " in exited
    assert "status 439: User process exit when running (SIGSEGV, " in killed


def test_the_log_in_json_is_json_in_every_line(start_local_scf, tmp_path):
    (tmp_path / "fn").mkdir()
    (tmp_path / "fn" / "index.py").write_text(
        "def main_handler(event, context):\n    print('heard')\n    return event\n"
    )
    server = start_local_scf(tmp_path, "--log-format", "json", "--region", "ap-shanghai")
    server.invoke("fn", 1, region="ap-shanghai")
    *_, line, call = [json.loads(line) for line in server.settled_stderr().splitlines()]
    assert (line["line"], call["function"], call["status"]) == ("[fn] heard", "fn", 200)
