"""What the reader of streams makes of the bytes that come."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from benchmarks.local.passes.web_streams import Slice
from benchmarks.local.stream_reader import Reader, Stream, summarize

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
REQUEST = b"GET /?3 HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n"


def event(number: int, sent_ns: int) -> bytes:
    text = b"data: %d %d\n\n" % (number, sent_ns)
    return b"%x\r\n%s\r\n" % (len(text), text)


def read(*parts: bytes, now_ns: int = 5_000_000) -> Stream:
    stream = Stream(events=3, skipped=1)
    for part in (HEAD, *parts):
        stream.feed(part, now_ns)
    return stream


def test_the_delay_of_an_event_is_its_way_from_the_app() -> None:
    stream = read(event(0, 0), event(1, 3_000_000), event(2, 4_500_000), b"0\r\n\r\n")
    assert stream.is_right
    assert stream.delays_ms == [2.0, 0.5]  # the first one is to warm up


def test_bytes_may_come_in_any_parts() -> None:
    data = event(0, 0) + event(1, 3_000_000) + event(2, 4_500_000) + b"0\r\n\r\n"
    for step in (1, 2, 7, len(data)):
        stream = read(*(data[start : start + step] for start in range(0, len(data), step)))
        assert stream.is_right
        assert stream.delays_ms == [2.0, 0.5]


@pytest.mark.parametrize("numbers", [(), (0, 1), (0, 1, 2, 3), (0, 2, 1), (0, 0, 1), (1, 2, 3)], ids=str)
def test_other_events_than_its_own_break_a_stream(numbers: "tuple[int, ...]") -> None:
    assert not read(*(event(number, 0) for number in numbers)).is_right


def test_what_is_no_event_breaks_a_stream() -> None:
    assert not read(event(0, 0), b"data: 1\n\n", event(2, 0)).is_right
    assert not read(b'HTTP/1.1 443 x\r\n\r\n{"statusCode": 443}').is_right


def test_percentiles_are_those_of_all_events() -> None:
    streams = [Stream(100, 0), Stream(100, 0)]
    for number, stream in enumerate(streams):
        for index in range(100):
            stream.feed(event(index, 0), (index + 100 * number) * 1_000_000)
    found = Slice(**summarize(streams, 0))  # type: ignore[arg-type]
    assert found == Slice(events=200, measured=200, broken=0, p50_ms=100.0, p99_ms=198.0)


def test_streams_without_their_events_and_those_that_do_not_end_are_broken() -> None:
    assert summarize([Stream(1, 0)], 0) == {"events": 0, "measured": 0, "broken": 1, "p50_ms": 0.0, "p99_ms": 0.0}
    assert summarize([Stream(0, 0)], 1)["broken"] == 1


@contextmanager
def serving(*answers: bytes) -> "Iterator[tuple[str, int]]":
    """Answer each connection with the next of these, and keep it open if there is none for it."""
    kept: list[socket.socket] = []

    def serve() -> None:
        for data in answers:
            connection, _ = listener.accept()
            kept.append(connection)
            while not connection.recv(65536).endswith(b"\r\n\r\n"):
                pass
            if data:
                connection.sendall(data)
                connection.close()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()
        thread.join(10)
        for connection in kept:
            connection.close()


def test_all_streams_are_read_to_their_end() -> None:
    answer = HEAD + event(0, 0) + event(1, 1) + event(2, 2) + b"0\r\n\r\n"
    streams = [Stream(3, 0) for _ in range(5)]
    with serving(*[answer] * 5) as address:
        assert Reader(address, REQUEST).run(streams, 10) == 0
    assert [(stream.is_right, len(stream.delays_ms)) for stream in streams] == [(True, 3)] * 5


def test_a_stream_that_does_not_end_is_left() -> None:
    streams = [Stream(0, 0), Stream(0, 0)]
    with serving(HEAD, b"") as address:
        assert Reader(address, REQUEST).run(streams, 0.3) == 1
