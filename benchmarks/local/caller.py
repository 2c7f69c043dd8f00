"""A load generator for machines without wrk: one thread, epoll, a prebuilt request. The results name the generator.

    python caller.py        the settings are JSON on stdin, the figures are a line of JSON on stdout

Every caller keeps a connection and sends its next call when it has the whole answer to the last one.
"""

from __future__ import annotations

import json
import selectors
import socket
import sys
import time
import uuid

CONNECT_SECONDS = 5.0
#: The server has ended if so many connections in a row break without an answer.
MAX_BROKEN = 1000


class Caller:
    """One caller: its connection, and the received part of an answer.

    :param varying: a UUID in the request that is another in each call, empty for none
    """

    def __init__(self, address: tuple[str, int], request: bytes, expected: bytes, varying: bytes = b"") -> None:
        self._address = address
        self._request = request
        self._varying = varying
        self._expected = expected
        self.sock = self._connect()
        self._data = b""
        self._began = 0.0

    def _connect(self) -> socket.socket:
        sock = socket.create_connection(self._address, CONNECT_SECONDS)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setblocking(False)
        return sock

    def reconnect(self) -> None:
        """Connect again, after the connection has ended."""
        self.sock.close()
        self._data = b""
        self.sock = self._connect()

    def send(self) -> None:
        """Send the next call. It fits into the socket's buffer, which is empty."""
        request = self._request
        if self._varying:
            request = request.replace(self._varying, str(uuid.uuid4()).encode("ascii"))
        self._began = time.perf_counter()
        sent = self.sock.send(request)
        if sent < len(request):
            raise RuntimeError(f"the request of {len(request)} bytes is too long for this generator")

    def receive(self) -> tuple[float, bool, bool] | None:
        """Receive a part of the answer. None until it is whole; then the seconds, True if the answer is right, and True
        if the server keeps the connection.

        :raises OSError: if the connection broke before that
        """
        try:
            more = self.sock.recv(65536)
        except BlockingIOError:
            return None
        if not more:
            raise ConnectionError("closed in the middle of a call")
        self._data += more
        judged = judge(self._data, self._expected)
        if judged is None:
            return None
        self._data = b""
        return time.perf_counter() - self._began, *judged


def judge(data: bytes, expected: bytes) -> tuple[bool, bool] | None:
    """Judge an answer: True if it is right, and True if the server keeps the connection. None if it is not whole.

    Without a Content-Length, or with more bytes than that, it is wrong and the connection is of no more use.
    """
    head, blank, body = data.partition(b"\r\n\r\n")
    if not blank:
        return None
    lower = head.lower()
    _, name, rest = lower.partition(b"\r\ncontent-length:")
    length = rest.split(b"\r\n", 1)[0].strip()
    if not name or not length.isdigit():
        return False, False
    if len(body) < int(length):
        return None
    is_right = len(body) == int(length) and head.startswith(b"HTTP/1.1 200 ") and expected in body
    return is_right, len(body) == int(length) and b"\r\nconnection: close" not in lower


class Load:
    """All callers, and the counts and times of their calls."""

    def __init__(self, callers: list[Caller]) -> None:
        self._selector = selectors.DefaultSelector()
        self._callers = callers
        self.seconds: list[float] = []
        self.wrong = 0
        self.broken = 0

    def run(self, seconds: float) -> None:
        """Call for some seconds; calls without an answer at the end are dropped."""
        for caller in self._callers:
            self._begin(caller)
        deadline = time.perf_counter() + seconds
        while (left := deadline - time.perf_counter()) > 0:
            for key, _ in self._selector.select(left):
                self._step(key.data)
        self._selector.close()

    def _begin(self, caller: Caller) -> None:
        self._selector.register(caller.sock, selectors.EVENT_READ, caller)
        caller.send()

    def _step(self, caller: Caller) -> None:
        try:
            done = caller.receive()
            if done is None:
                return
            seconds, is_right, is_kept = done
            self.seconds.append(seconds)
            self.wrong += not is_right
            if is_kept:
                caller.send()
                return
        except OSError:
            self.broken += 1
            if self.broken > MAX_BROKEN + len(self.seconds):
                raise
        self._selector.unregister(caller.sock)
        caller.reconnect()
        self._begin(caller)


def summarize(load: Load, seconds: float) -> dict[str, float]:
    """Sum up the figures, by the names that ``load.Load`` has for them."""
    ordered = sorted(load.seconds) or [0.0]
    return {
        "calls": len(load.seconds),
        "seconds": seconds,
        "wrong": load.wrong,
        "broken": load.broken,
        "p50_ms": ordered[len(ordered) // 2] * 1e3,
        "p99_ms": ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)] * 1e3,
    }


def main() -> None:
    """Run the load that stdin describes."""
    order = json.load(sys.stdin)
    address = order["host"], order["port"]
    request, expected = order["request"].encode("ascii"), order["expected"].encode("ascii")
    varying = order["varying"].encode("ascii")
    load = Load([Caller(address, request, expected, varying) for _ in range(order["callers"])])
    began = time.perf_counter()
    load.run(order["seconds"])
    print(json.dumps(summarize(load, time.perf_counter() - began)))


if __name__ == "__main__":
    main()
