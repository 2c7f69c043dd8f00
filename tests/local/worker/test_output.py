"""The output of a worker, kept for a call and shown by line."""

from hypothesis import given
from hypothesis import strategies as st

from tencentserverless.local.console import printable
from tencentserverless.local.worker.output import Output


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
