"""The text of logs."""

from hypothesis import given
from hypothesis import strategies as st

from tencentserverless.local.outcome import call_log, tail


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
