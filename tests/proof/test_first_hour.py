"""The first hour of a new user, typed in terminals: every line that is typed stands in the README or in docs."""

import os
import pty
import re
import signal
import subprocess
import sys
import time
from multiprocessing.connection import wait
from pathlib import Path

import pytest

from tests.conftest import SOURCE

pytestmark = pytest.mark.proof

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 60
PROMPT = re.compile(r"\[(\d+)\]> $")
#: The name of the terminal, the line that is typed, what it prints, and how it ends.
STORY = [
    # a project of one's own, and a server for it
    ("shell", "scf", r"Commands:.*invoke", 0),
    ("shell", "scf init hello", r"hello", 0),
    ("server", "scf local start hello", r"SCF local ready at http://127\.0\.0\.1:\d+", None),
    # calls, many of them, and why some have failed
    ("shell", 'scf invoke hello --local -d \'{"name": "Ada"}\'', r"Hello, Ada", 0),
    ("shell", 'printf \'{"name": "Ada"}\\n{"name": "Bo"}\\n\' > names.jsonl', r"", 0),
    ("shell", "scf map hello names.jsonl -o greetings.jsonl --local", r"2 .*0 failed|failed +0", 0),
    ("shell", "scf deploy examples/functions --local", r"FuncInvoked", 0),
    ("shell", 'scf invoke FuncInvoked -d \'{"name": "Ada"}\' --local', r"Hello World from the function", 0),
    ("shell", "scf logs hello --failed --local", r"", 0),
    # what runs later
    ("shell", "scf invoke FuncInvoked --async --local", r"[0-9a-f]{8}-[0-9a-f-]{27}", 0),
    (
        "shell",
        "scf triggers add FuncInvoked every-morning --cron '0 0 8 * * * *' --argument hello --local",
        r"every-morning",
        0,
    ),
    ("shell", "scf triggers list FuncInvoked --local", r"every-morning", 0),
    ("shell", "scf invocations dead-letters --local", r"", 0),
    # versions and aliases
    ("shell", 'scf versions publish FuncInvoked --description "before the sale" --local', r"1", 0),
    ("shell", "scf aliases set FuncInvoked prod 1 --local", r"prod", 0),
    ("shell", "scf invoke FuncInvoked --qualifier prod --local", r"Hello World from the function", 0),
    ("shell", "scf aliases list FuncInvoked --local", r"prod", 0),
    # questions
    ("shell", "scf explain 432", r"432", 0),
    ("shell", "scf explain FunctionTimeout", r"433", 0),
    ("shell", "scf event timer", r"TriggerName", 0),
    # the test of the project, and the end
    ("shell", "cd hello", r"", 0),
    ("shell", "scf local status", r"curl -d", 0),
    ("shell", "pytest -q", r"passed", 0),
    ("shell", "scf local stop", r"stopped", 0),
]


class Terminal:
    """A shell on a terminal of its own."""

    def __init__(self, folder: Path, environment: "dict[str, str]") -> None:
        self._end, slave = pty.openpty()
        self.process = subprocess.Popen(
            ["bash", "--norc", "--noprofile", "-i"],
            cwd=folder,
            env=environment,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
        )
        os.close(slave)
        self._read(PROMPT)

    def type(self, line: str, shows: "re.Pattern[str]") -> str:
        """Type a line, and return what the terminal shows until this pattern."""
        os.write(self._end, line.encode() + b"\r")
        return self._read(shows)

    def _read(self, until: "re.Pattern[str]") -> str:
        shown, deadline = "", time.monotonic() + SECONDS
        while not until.search(shown):
            assert time.monotonic() < deadline, shown
            if wait([self._end], 0.2):
                text = os.read(self._end, 65536).decode("utf-8", "replace")
                shown += re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[()][A-Z0-9]|\x1b\]\d+;[^\x07]*\x07|\r", "", text)
        return shown

    def close(self) -> None:
        """End the shell and what runs in it."""
        for number in (signal.SIGHUP, signal.SIGKILL):
            if self.process.poll() is None:
                os.killpg(self.process.pid, number)
                try:
                    self.process.wait(10)
                except subprocess.TimeoutExpired:
                    continue
        os.close(self._end)


def test_every_line_of_the_story_stands_in_the_documents() -> None:
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    known = {
        line.removeprefix("$ ").strip() for page in pages for line in page.read_text(encoding="utf-8").splitlines()
    }
    for _, line, _, _ in STORY[1:]:
        assert line in known or any(line in each for each in known), line


def test_the_story_of_the_first_hour(tmp_path: Path) -> None:
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    (tmp_path / "run").mkdir(mode=0o700)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TENCENT", "PYTEST", "COV_"))}
    environment = {
        **kept,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(SOURCE),
        "HOME": str(tmp_path),
        "XDG_RUNTIME_DIR": str(tmp_path / "run"),
        "PS1": "[$?]> ",
        "TERM": "dumb",
        "COLUMNS": "200",
        "LC_ALL": "C.UTF-8",
    }
    terminals = {name: Terminal(tmp_path, environment) for name in ("server", "shell")}
    try:
        for name, line, shown, status in STORY:
            if status is None:  # on a free port: the default one may be taken on this machine
                terminals[name].type(f"{line} --port 0", re.compile(shown))
                continue
            found = terminals[name].type(line, PROMPT)
            ended = PROMPT.search(found)
            assert ended is not None
            assert re.search(shown, found, re.DOTALL), found
            assert int(ended[1]) == status, found
    finally:
        for terminal in terminals.values():
            terminal.close()
