"""docs/start/tour.md says what the commands print: every one is typed again, in order."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import SOURCE, end_process, read_line

ROOT = Path(__file__).resolve().parents[2]
#: What differs from run to run: ids, numbers with a unit, ports, processes, where the folder is, a terminal's bar.
CHANGING = (
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "ID"),
    (re.compile(r"(?<![\w.])[\d.,]+ (ms|MB)"), r"N \1"),
    (re.compile(r"(p\d\d ms +)[\d.]+"), r"\1N"),
    (re.compile(r"(billed (?:GB-)?seconds +)[\d.]+"), r"\1N"),
    (re.compile(r"(passed in )[\d.]+s"), r"\1N"),
    (re.compile(r"127\.0\.0\.1:\d+"), "ADDRESS"),
    (re.compile(r"process \d+"), "process N"),
    (re.compile(r"Bearer [\w-]+"), "Bearer TOKEN"),
    (re.compile(r'"[^"]*/hello/src'), '"HERE/hello/src'),
    (re.compile(r"^ *<= N ms.*\n", re.MULTILINE), ""),
    (re.compile(r"^ +\^+\n", re.MULTILINE), ""),  # Python 3.10 shows no carets there
    (re.compile(r"^[━╸╺].*\n", re.MULTILINE), ""),
    (re.compile(r"^\.\. +\[100%\]\n", re.MULTILINE), ""),
)
PATIENCE_SECONDS = 30


def settle(text: str) -> str:
    for pattern, constant in CHANGING:
        text = pattern.sub(constant, text)
    return text.strip()


def read_steps() -> list[tuple[str, str]]:
    """The commands, each with what it printed; where there is none, what the server says in its terminal."""
    text = (ROOT / "docs" / "start" / "tour.md").read_text(encoding="utf-8")
    steps = []
    for kind, block in re.findall(r"^```(console|text)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        parts = re.split(r"^\$ ", block, flags=re.MULTILINE)[1:] if kind == "console" else ["\n" + block]
        steps += [(command, printed) for command, _, printed in (part.partition("\n") for part in parts)]
    return steps


def wait_for_line(path: Path, line: str, count: int) -> None:
    """Wait until a file holds a line so many times."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while settle(path.read_text(encoding="utf-8")).splitlines().count(settle(line)) < count:
        assert time.monotonic() < deadline, line
        time.sleep(0.01)


@pytest.mark.proof
def test_the_tour_can_be_taken(tmp_path: Path) -> None:
    scripts = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    environ = {key: value for key, value in os.environ.items() if not key.startswith(("TENCENT", "PYTEST"))}
    environ.update(PATH=scripts, PYTHONPATH=str(SOURCE), COLUMNS="80", HOME=str(tmp_path))
    folder = tmp_path
    server = None
    said, lines = tmp_path / "said", 0
    steps = read_steps()
    assert len(steps) > 12
    try:
        for command, printed in steps:
            if not command:
                lines += 1
                wait_for_line(said, printed, lines)
                continue
            if command.startswith("cd "):
                folder = folder / command.split()[1]
                continue
            if command == "scf local start":
                with said.open("w") as stderr:
                    server = subprocess.Popen(
                        ["bash", "-c", f"exec {command} --port 0"],
                        cwd=folder,
                        env=environ,
                        stdout=subprocess.PIPE,
                        stderr=stderr,
                        text=True,
                    )
                assert settle(read_line(server)) == settle(printed)
                continue
            done = subprocess.run(
                ["bash", "-c", command],
                cwd=folder,
                env=environ,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                encoding="utf-8",
                timeout=120,
                check=False,
            )
            assert settle(done.stdout) == settle(printed), command
        assert lines, "nothing waits for an edit to be live"
        assert server is not None
        assert server.wait(20) == 0
    finally:
        if server is not None:
            end_process(server)
