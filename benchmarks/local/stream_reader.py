"""Reads streams of events, and finds how late each event is: one thread, epoll, no parsing beyond the lines.

    python stream_reader.py        the settings are JSON on stdin, the figures are a line of JSON on stdout

An event is a line ``data: NUMBER NANOSECONDS``: its number in the stream, and the clock of all processes of this
machine when the app sent it. A stream has to bring all of its events in order, and then to end.
"""

from __future__ import annotations

import json
import selectors
import socket
import sys
import time

CONNECT_SECONDS = 5.0
#: Between the beginnings of two streams: those of an app do not all begin in one moment.
APART_SECONDS = 0.002
DATA = b"data: "


class Stream:
    """One stream: the events that it has brought, and how late they were.

    :param skipped: so many first events have no delay
    """

    def __init__(self, events: int, skipped: int) -> None:
        self._events, self._skipped = events, skipped
        self._rest, self._is_wrong = b"", False
        self.number = 0
        self.delays_ms: list[float] = []

    def feed(self, data: bytes, now_ns: int) -> None:
        """Take the received bytes, which arrived at this time."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            if line.startswith(DATA):
                self._take(line[len(DATA) :], now_ns)

    def _take(self, event: bytes, now_ns: int) -> None:
        number, _, sent_ns = event.partition(b" ")
        self._is_wrong |= not sent_ns.isdigit() or number != b"%d" % self.number
        if not self._is_wrong and self.number >= self._skipped:
            self.delays_ms.append((now_ns - int(sent_ns)) / 1e6)
        self.number += 1

    @property
    def is_right(self) -> bool:
        """True if all events came in order."""
        return self.number == self._events and not self._is_wrong


class Reader:
    """Reads streams that begin a moment apart.

    :param request: asks for a stream
    """

    def __init__(self, address: tuple[str, int], request: bytes) -> None:
        self._address, self._request = address, request
        self._selector = selectors.DefaultSelector()
        self._open: dict[int, tuple[socket.socket, Stream]] = {}

    def run(self, streams: list[Stream], seconds: float) -> int:
        """Read until the last stream has ended; the value is the number of those that have not in time."""
        waiting = list(streams)
        begins_at = time.monotonic()
        deadline = begins_at + seconds
        while (waiting or self._open) and (now := time.monotonic()) < deadline:
            if waiting and now >= begins_at:
                self._begin(waiting.pop())
                begins_at = now + APART_SECONDS
            for key, _ in self._selector.select(max(0.0, (begins_at if waiting else deadline) - now)):
                self._step(key.fd)
        unended = len(waiting) + len(self._open)
        for number in list(self._open):
            self._end(number)
        self._selector.close()
        return unended

    def _begin(self, stream: Stream) -> None:
        sock = socket.create_connection(self._address, CONNECT_SECONDS)
        sock.sendall(self._request)
        sock.setblocking(False)
        self._open[sock.fileno()] = sock, stream
        self._selector.register(sock, selectors.EVENT_READ)

    def _step(self, number: int) -> None:
        sock, stream = self._open[number]
        try:
            data = sock.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        stream.feed(data, time.monotonic_ns())
        if not data:
            self._end(number)

    def _end(self, number: int) -> None:
        sock, _ = self._open.pop(number)
        self._selector.unregister(sock)
        sock.close()


def summarize(streams: list[Stream], unended: int) -> dict[str, float]:
    """Sum up the figures, by the names that ``passes.web_streams.Slice`` has for them."""
    ordered = sorted(delay for stream in streams for delay in stream.delays_ms)
    count = len(ordered)
    ordered = ordered or [0.0]
    return {
        "events": sum(stream.number for stream in streams),
        "measured": count,
        "broken": max(unended, sum(not stream.is_right for stream in streams)),
        "p50_ms": ordered[count // 2],
        "p99_ms": ordered[count * 99 // 100],
    }


def main() -> None:
    """Read the streams that stdin describes."""
    order = json.load(sys.stdin)
    streams = [Stream(order["events"], order["skipped"]) for _ in range(order["streams"])]
    reader = Reader((order["host"], order["port"]), order["request"].encode("ascii"))
    print(json.dumps(summarize(streams, reader.run(streams, order["seconds"]))))


if __name__ == "__main__":
    main()
