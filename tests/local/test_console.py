"""The server's own terminal, which may be a file on a disk that is full."""

import io
import sys
from pathlib import Path

import pytest

from tencentserverless.local.console import Console
from tests.conftest import wait_until

FULL = Path("/dev/full")


@pytest.mark.skipif(not FULL.exists(), reason="needs /dev/full")
def test_lines_are_written_again_when_a_full_disk_has_room(monkeypatch):
    console = Console()
    full = FULL.open("w", buffering=1)
    monkeypatch.setattr(sys, "stderr", full)
    console.show("before")
    wait_until(lambda: console.written == 1)
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    console.show("after")
    wait_until(lambda: console.written == 2)
    assert sys.stderr.getvalue() == "after\n"
    assert console.kept()[0] == ["before", "after"]
    console.close()
    with pytest.raises(OSError, match="No space left"):  # it tries once more
        full.close()
