"""docs/start/tour.md says what the commands print: every one is typed again, in order."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import SOURCE, end_process, read_line
from tools.recording.page import read_steps, settle

PATIENCE_SECONDS = 30


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
