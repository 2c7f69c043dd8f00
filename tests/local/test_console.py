"""Lines that may reach a terminal."""

import pytest

from tencentserverless.local.console import printable


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
