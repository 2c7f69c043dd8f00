"""The open connections of a server, and the heads of their answers."""

import asyncio
import time
from email.utils import parsedate_to_datetime

import pytest

from tencentserverless.local.http import open_connections
from tencentserverless.local.http.open_connections import OpenConnections


class Fake:
    """A connection that ends when it is told to, at once or never."""

    def __init__(self, others, *, obeys):
        self.others, self.obeys, self.told = others, obeys, []
        others.add(self)

    def stop(self):
        self.told.append("stop")
        if self.obeys == "at once":
            self.others.discard(self)
        elif self.obeys == "later":
            self.others.loop.call_soon(self.others.discard, self)

    def close(self):
        self.told.append("close")
        self.others.discard(self)


def run(scenario):
    async def inner():
        return await scenario(OpenConnections())

    return asyncio.run(inner())


@pytest.mark.parametrize("obeys", ["at once", "later"])
def test_a_stop_waits_for_the_last_connection_and_no_longer(obeys):
    async def scenario(others):
        fakes = [Fake(others, obeys=obeys) for _ in range(3)]
        assert len(others) == 3
        await asyncio.wait_for(others.stop(1000.0), 10)
        assert len(others) == 0
        return [fake.told for fake in fakes]

    assert run(scenario) == [["stop"]] * 3


@pytest.mark.parametrize("seconds", [0.0, 0.01])
def test_what_does_not_end_in_time_is_cut(seconds):
    async def scenario(others):
        fakes = [Fake(others, obeys="never"), Fake(others, obeys="at once")]
        await others.stop(seconds)
        assert len(others) == 0
        return [fake.told for fake in fakes]

    assert run(scenario) == [["stop", "close"], ["stop"]]


def test_a_stop_without_connections_takes_no_time():
    async def scenario(others):
        await asyncio.wait_for(others.stop(1000.0), 10)
        others.discard(None)  # one that was never there

    run(scenario)


def test_the_date_is_that_of_the_second(monkeypatch):
    now = [1_700_000_000.9]
    monkeypatch.setattr(open_connections, "time", Clock(now))

    async def scenario(others):
        found = []
        for step in (0.0, 0.05, 0.1, 3600.0, -7200.0):  # a clock may be set back
            now[0] += step
            line, client = others.date_line(), Transport()
            others.send_soon(client, b"", b"{}")
            others.send_answers()
            head, _, body = client.sent[0].partition(b"\r\n\r\n")
            assert line in head
            assert head.startswith(b"HTTP/1.1 200 OK\r\nDate: ")
            assert head.endswith(b"\r\nContent-Length: 2")
            assert body == b"{}"
            found.append(parsedate_to_datetime(line[6:-2].decode()).timestamp() - int(now[0]))
        return found

    assert run(scenario) == [0.0] * 5


class Transport:
    """A client's end, which may be closing."""

    def __init__(self, *, is_closing=False):
        self.sent = []
        self.write = self.sent.append
        self.is_closing = lambda: is_closing


def test_waiting_answers_go_out_once_in_their_order_and_to_those_who_are_there():
    first, second, gone = Transport(), Transport(), Transport(is_closing=True)

    async def scenario(others):
        for client, lines, body in (
            (first, b"", b"1"),
            (gone, b"", b"2"),
            (second, b"A: b\r\n", b"3"),
            (first, b"", b"4"),
        ):
            others.send_soon(client, lines, body)
        others.send_answers()
        others.send_answers()

    run(scenario)
    assert [sent[-1:] for sent in first.sent] == [b"1", b"4"]
    assert [sent.partition(b"Content-Length: ")[2] for sent in second.sent] == [b"1\r\nA: b\r\n\r\n3"]
    assert gone.sent == []


class Clock:
    """The module ``time``, as far as it is asked."""

    def __init__(self, now):
        self.time = lambda: now[0]


def test_the_clock_is_the_systems():
    async def scenario(others):
        return parsedate_to_datetime(others.date_line()[6:-2].decode()).timestamp()

    assert abs(run(scenario) - time.time()) < 60
