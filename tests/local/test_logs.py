"""The text of logs, and what may reach a terminal."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tencentserverless.local.logs import Output, call_log, printable, tail


def test_the_layout_of_a_calls_log():
    assert call_log("id", b"one\ntwo", 3000.4, 128, 17_571_840).decode() == (
        "START RequestId: id\nEvent RequestId: id\none\ntwo\n\nEND RequestId: id\n"
        "Report RequestId: id Duration:3000ms Memory:128MB MemUsage:16.7578MB"
    )


@given(st.text(), st.integers(1, 60))
def test_a_tail_is_cut_where_a_character_begins(text, limit):
    data = text.encode("utf-8", "replace")
    text = data.decode("utf-8")
    cut = tail(data, limit)
    assert text.endswith(cut)
    assert len(cut.encode()) <= limit
    assert len(cut.encode()) > min(limit, len(data)) - 4


def test_a_tail_of_bytes_that_are_no_text():
    assert tail(b"\x80" * 10, 4) == ""
    assert tail(b"a\xffb", 10) == "a\ufffdb"


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


@given(st.lists(st.binary(max_size=40), max_size=8))
def test_output_is_kept_whole_and_shown_by_lines_however_it_comes(chunks):
    shown = []
    output = Output("name", 10_000, shown.append)
    for chunk in chunks:
        output.write(chunk)
    assert output.take() == b"".join(chunks)
    assert output.take() == b""
    lines = b"".join(chunks).split(b"\n")
    expected = lines if lines[-1] else lines[:-1]
    assert shown == ["[name] " + printable(line.decode("utf-8", "replace")) for line in expected]


def test_output_is_bounded_and_its_end_is_kept():
    output = Output("name", 100, lambda _: None)
    for number in range(10_000):
        output.write(b"line %d\n" % number)
    kept = output.take()
    assert len(kept) == 100
    assert kept.endswith(b"line 9999\n")
