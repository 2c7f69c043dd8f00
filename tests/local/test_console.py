"""The server's own terminal, which may be a file on a disk that is full."""

import io
import sys
from pathlib import Path

import pytest

from tencentserverless.local.console import Console, printable
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


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07after", "after"),
        ("\x1b]8;;http://x\x1b\\link", "link"),
        ("tab\tstays\n", "tab\tstays\n"),
        ("bell\x07 back\x08 return\r csi\x9b31m", "bell back return csi31m"),
        ("文字", "文字"),
    ],
)
def test_nothing_steers_the_terminal(text, shown):
    assert printable(text) == shown
