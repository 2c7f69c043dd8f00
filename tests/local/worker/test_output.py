"""The output of a worker, kept for a call and shown by line."""

import asyncio
import itertools
import os

from hypothesis import given
from hypothesis import strategies as st

from tencentserverless.local.console import printable
from tencentserverless.local.worker.output import Output, Pipe


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


def test_output_can_be_looked_at_while_it_comes():
    output = Output("name", 100, lambda _: None)
    assert output.peek(10) == (b"", 0)
    output.write(b"loading\n")
    output.write(b"ended" + output.boundary + b"running")
    assert output.peek(4) == (b"ning", 7)
    assert output.peek(100) == (b"running", 7)
    assert output.take() == b"loading\nended"
    output.write(b"x" * 150)
    assert output.peek(10) == (b"x" * 10, 100)
    assert output.take() == b"x" * 100
    assert output.peek(10) == (b"", 0)


def cut(data, places):
    places = sorted({0, len(data), *places})
    return [data[start:end] for start, end in itertools.pairwise(places)]


@given(st.lists(st.binary(max_size=30), min_size=1, max_size=4), st.binary(max_size=10), st.data())
def test_each_call_gets_its_part_however_the_boundaries_are_cut(parts, rest, data):
    shown = []
    output = Output("name", 10_000, shown.append)
    stream = b"".join(part + output.boundary for part in parts) + rest
    for piece in cut(stream, data.draw(st.sets(st.integers(0, len(stream)), max_size=8))):
        output.write(piece)
    for number, part in enumerate(parts):
        assert output.has_part
        assert output.take() == part, number
    assert not output.has_part
    assert output.take() == rest


def test_each_place_where_a_boundary_may_be_cut():
    for place in range(30):
        shown = []
        output = Output("name", 100, shown.append)
        stream = b"one\n" + output.boundary + b"two\n"
        for piece in cut(stream, [place]):
            output.write(piece)
        assert (output.take(), output.take(), output.take()) == (b"one\n", b"two\n", b"")
        assert shown == ["[name] one", "[name] two"], place


def test_each_part_has_the_bound_of_its_own():
    output = Output("name", 10, lambda _: None)
    output.write(b"a" * 8 + b"b" * 8 + output.boundary + b"c" * 50 + output.boundary + b"d" * 5)
    assert [output.take() for _ in range(4)] == [b"aa" + b"b" * 8, b"c" * 10, b"d" * 5, b""]


def test_what_belongs_to_no_call_is_forgotten_and_shown():
    shown = []
    output = Output("name", 100, shown.append)
    output.write(b"part" + output.boundary + b"rest")
    output.drop()
    assert not output.has_part
    assert output.take() == b""
    assert shown == ["[name] partrest"]


def test_a_line_without_an_end_is_shown_in_pieces():
    shown = []
    output = Output("name", 100, shown.append)
    for _ in range(100):
        output.write(b"x" * 1000)
    assert len(shown) > 5
    assert max(map(len, shown)) <= len("[name] ") + 8 * 1024


def piped(scenario, limit_bytes=1000):
    """Run ``scenario(write_end, pipe)`` with a pipe that a loop watches."""

    async def run():
        shown = []
        read_end, write_end = os.pipe()
        pipe = Pipe(read_end, Output("name", limit_bytes, shown.append))
        try:
            await scenario(write_end, pipe)
        finally:
            pipe.close()
            pipe.close()
            os.close(write_end)
        return shown

    return asyncio.run(run())


def test_a_pipe_is_read_when_a_call_ends_or_not_where_there_is_nothing():
    async def scenario(write_end, pipe):
        pipe.unwatch()
        os.write(write_end, b"one\n" + pipe.boundary.encode() + b"two\n")
        assert pipe.take(has_output=False) == b""
        assert pipe.take() == b"one\n"
        assert pipe.take() == b"two\n"
        assert pipe.take() == b""
        os.write(write_end, b"late\n")
        pipe.take(has_output=False)
        pipe.drop()

    assert piped(scenario) == ["[name] one", "[name] two", "[name] late"]


def test_a_pipe_that_is_watched_is_read_as_it_fills():
    async def scenario(write_end, pipe):
        os.write(write_end, b"one\n")
        for _ in range(3):
            await asyncio.sleep(0)
        assert pipe.take(has_output=False) == b"one\n"

    assert piped(scenario) == ["[name] one"]


def test_a_pipe_is_read_up_to_its_boundary_though_more_comes():
    async def scenario(write_end, pipe):
        pipe.unwatch()
        os.write(write_end, b"a" * 40_000 + pipe.boundary.encode() + b"b" * 20_000)
        assert pipe.take() == b"a" * 1000
        assert pipe.take() == b"b" * 1000

    piped(scenario)


def test_output_of_a_later_call_is_not_read_before_its_time():
    """The child sets no boundary behind the third call, because all of its output has been read."""

    async def scenario(write_end, pipe):
        pipe.unwatch()  # calls wait in the channel
        boundary = pipe.boundary.encode("ascii")
        os.write(write_end, b"one" + boundary + b"two" + boundary + b"three")
        assert pipe.take() == b"one"
        os.write(write_end, b"four" + boundary)
        assert pipe.take() == b"two"
        assert pipe.take(has_output=False) == b"three"
        assert pipe.take() == b"four"

    piped(scenario)
