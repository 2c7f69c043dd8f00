"""Fixtures for the rooms of the local SCF."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

PATIENCE_SECONDS = 20


def is_running(pid: int) -> bool:
    """Whether a process runs; a zombie that nobody has met yet does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


@pytest.fixture
def runs() -> Callable[[int], bool]:
    """Whether a process runs now."""
    if not Path("/proc/self/stat").exists():
        pytest.skip("reads /proc, which this system has not")
    return is_running


@pytest.fixture
def ends(runs: Callable[[int], bool]) -> Callable[[int], bool]:
    """Whether a process ends soon: a kill is done by the kernel in its own time."""

    def ends(pid: int) -> bool:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while runs(pid) and time.monotonic() < deadline:
            time.sleep(0.01)
        return not runs(pid)

    return ends
