"""The table below the log of ``scf local start``: on a terminal, and nowhere else."""

import os
import pty
import signal
import subprocess
import time
from multiprocessing.connection import wait

import pytest

from tencentserverless.cli.output.live_table import draw
from tests.conftest import child_environment, end_process, scf_command


def show(table):
    from rich.console import Console

    console = Console(width=100, record=True, file=open(os.devnull, "w"))  # noqa: SIM115  # closed with the process
    with console.capture() as captured:
        console.print(table)
    console.file.close()
    return [" ".join(line.split()) for line in captured.get().splitlines() if line.strip()]


def test_those_called_most_come_first_and_the_others_are_counted():
    counted = {
        f"fn-{number:02}": {"instances": 1, "running": 0, "waiting": 0, "ended": number, "failed": 2}
        for number in range(30)
    }
    lines = show(draw({"functions": ["fn-never", *counted], "by_function": counted}))
    assert lines[0] == "function instances running waiting ended failed"
    assert lines[1] == "fn-29 1 0 0 29 2"
    assert len(lines) == 22
    assert lines[-1] == "and 11 more"
    assert "fn-x 0 0 0 0 0" in show(draw({"functions": ["fn-x"], "by_function": {}}))


def read_until(terminal, words, seconds=20):
    shown = b""
    limit = time.monotonic() + seconds
    while words not in shown and time.monotonic() < limit:
        if wait([terminal], 0.2):
            shown += os.read(terminal, 65536)
    assert words in shown, shown[-2000:]
    return shown


@pytest.mark.usefixtures("sigint_is_heard")
def test_a_terminal_shows_functions_calls_and_logs(tmp_path, run_scf):
    (tmp_path / "echo").mkdir()
    code = "def main_handler(event, context):\n    print('long', 'x' * 300, 'heard', event)\n    return event\n"
    (tmp_path / "echo" / "index.py").write_text(code)
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        scf_command("local", "start", "--port", 0),
        cwd=tmp_path,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=child_environment(TERM="xterm", COLUMNS="100", LINES="40"),
    )
    os.close(theirs)
    try:
        shown = read_until(ours, b"instances")
        assert b"SCF local ready at http://127.0.0.1:" in shown
        for _ in range(3):
            assert run_scf("invoke", "echo", "--local", "-d", "7", cwd=tmp_path).returncode == 0
        shown = read_until(ours, b"heard 7")
        assert b"[echo] long " + b"x" * 300 + b" heard 7" in shown, "a line stays one, to be copied"
        shown = read_until(ours, b"  3       0")
        assert b"ap-guangzhou/default/echo" in shown
        process.send_signal(signal.SIGINT)
        deadline = time.monotonic() + 15
        while process.poll() is None and time.monotonic() < deadline:
            if wait([ours], 0.1):
                try:
                    os.read(ours, 65536)
                except OSError:  # what Linux says at the end of a terminal
                    break
        assert process.wait(15) == 0
    finally:
        end_process(process)
        os.close(ours)
