"""Remembered heads change what a request costs and nothing else: the same bytes go each way as if all were parsed.

The network has no part in these tests, so each read is as it is drawn: requests and answers of every framing, cut at
any place, over connections that are used again.
"""

import asyncio
import contextlib
import itertools
from typing import NamedTuple
from unittest import mock

import hypothesis
import pytest
from hypothesis import strategies as st

from tencentserverless.local.http import upstream
from tencentserverless.local.http.answer_head import KnownHead
from tencentserverless.local.http.connection import Connection
from tencentserverless.local.http.open_connections import OpenConnections
from tencentserverless.local.http.upstream import Upstream
from tencentserverless.local.web import web_functions
from tests.local.http.transports import Transport
from tests.local.web.relaying import Run, Site, web_record
from tests.profiles import examples

INTERIM = b"HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n"


class Exchange(NamedTuple):
    """A request and its answer, in pieces.

    :param early: how many pieces of the answer come before the rest of the request
    """

    request: list[bytes]
    answer: list[bytes]
    early: int
    ends: bool  # the app closes the connection behind it


class Bench:
    """A client, the server and an app, which are connected by transports in memory."""

    def __init__(self, has_memory):
        self.run = Run()
        self.site = Site(web_record(), self.run)
        self.others = OpenConnections()
        self.others.date_line = lambda: b"Date: today\r\n"
        self.has_memory = has_memory
        self.client = self.app = None
        self.known = 0
        self.site.functions._upstreams.open = self.open
        self.site.functions._upstreams._note(
            self.run.address, keeps=True
        )  # or a POST would get a connection of its own

    async def open(self, address):
        self.app = Upstream(self.site.functions._upstreams, address)
        self.app.connection_made(Transport())
        return self.app

    def connect(self):
        self.client = Connection(self.site, self.others)
        if not self.has_memory:
            self.client.remember = lambda known, varying: ()
        self.client.connection_made(Transport())

    async def exchange(self, exchange):
        """What both sides get, what is kept of it, and how their connections end."""
        if self.client is None:
            self.connect()
        transport, told = self.client._transport, []
        first, *rest = exchange.request
        await self.ask(first)
        answer = iter(exchange.answer)
        for piece in itertools.islice(answer, exchange.early):
            self.answer(piece)
        told.append(transport.take())
        for piece in rest:
            await self.ask(piece)
        for piece in answer:
            self.answer(piece)
            told.append(transport.take())
        if exchange.ends and self.app is not None:
            self.lose_app()
        await settle()
        told += [transport.take(), transport.ended, self.app and self.app.transport.take()]
        told += [self.run.ended[-1:], self.run.invocations[-1].exchange.describe() if self.run.invocations else None]
        await self.end_what_has_ended()
        return told

    async def ask(self, piece):
        if not self.client._transport.is_closing():
            self.client.data_received(piece)
            await settle()

    def answer(self, piece):
        if self.app is not None and not self.app.transport.ended:
            self.app.data_received(piece)

    def lose_app(self):
        app, self.app = self.app, None
        app.connection_lost(None)

    async def end_what_has_ended(self):
        """Tell each side that its connection is over; that of a client too which waits for what will not come."""
        client = self.client
        if client._transport.ended or client._current is not None:
            self.client = None
            client.connection_lost(None)
            await settle()
        if self.app is not None and self.app.transport.ended:
            self.lose_app()


async def settle():
    """Let the tasks go on that open connections."""
    for _ in range(4):
        await asyncio.sleep(0)


def play(exchanges, *, has_memory):
    async def scenario():
        bench = Bench(has_memory)
        told = [await bench.exchange(each) for each in exchanges]
        if bench.client is not None:
            bench.client.connection_lost(None)
        await settle()
        return told, bench.site.functions.known

    match, matched = KnownHead.match, []

    def count(known, data):
        found = match(known, data)
        matched.extend([found] if found else [])
        return found

    with contextlib.ExitStack() as stack:
        stack.enter_context(mock.patch.object(web_functions, "new_request_id", return_value="id-1"))
        stack.enter_context(mock.patch.object(KnownHead, "match", count))
        if not has_memory:
            stack.enter_context(mock.patch.object(upstream, "know_head", return_value=None))
        told, known = asyncio.run(scenario())
    assert has_memory or not (known or matched)
    return told, known, len(matched)


def cut(data, places):
    marks = [0, *sorted({place % (len(data) + 1) for place in places}), len(data)]
    return [data[start:end] for start, end in itertools.pairwise(marks) if start < end]


bodies = st.sampled_from([b"", b"{}", b"{}", b"0123456789", b"a\r\n\r\nb", b"HTTP/1.1 200 OK\r\n\r\n"])
places = st.one_of(st.just([]), st.just([]), st.lists(st.integers(0, 1 << 12), max_size=4))


def with_length(head):
    return st.builds(lambda body: b"%sContent-Length: %d\r\n\r\n%s" % (head, len(body), body), bodies)


def chunks(parts):
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts if part) + b"0\r\n\r\n"


STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
PLAIN = b"HTTP/1.1 200 OK\r\nServer: s\r\nContent-Type: application/json\r\n"
heads = [
    with_length(PLAIN),
    with_length(PLAIN),
    with_length(PLAIN),
    with_length(b"HTTP/1.1 404 Not Found\r\nSet-Cookie: a=1\r\n"),
    with_length(PLAIN + b"Connection: keep-alive\r\n"),
    with_length(PLAIN + b"Connection: close\r\n"),
    with_length(INTERIM + PLAIN),
    with_length(b"HTTP/1.1 200 OK\r\nX:  blanks  \r\nEmpty:\r\n"),
]
answers = st.one_of(
    *heads,
    st.lists(bodies, max_size=3).map(
        lambda parts: (
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks(parts)
        )
    ),
    bodies.map(lambda body: b"HTTP/1.1 200 OK\r\nServer: s\r\n\r\n" + body),
    bodies.map(lambda body: b"HTTP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)),
    st.sampled_from(
        [
            b"HTTP/1.1 204 No Content\r\nServer: s\r\n\r\n",
            b"HTTP/1.1 304 Not Modified\r\nContent-Length: 2\r\n\r\n",
            PLAIN + b"Content-Length: 2\r\n\r\n{}{",
            PLAIN + b"Content-Length: 2\r\n\r\n{}HTTP/1.1 200 OK\r\n",
            PLAIN + b"Content-Length: 3\r\n\r\n{}",
            PLAIN + b"Content-Length: 02\r\n\r\n{}",
            PLAIN + b"Content-Length: +2\r\n\r\n{}",
            PLAIN + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
            PLAIN + b"content-length:2\r\n\r\n{}",
            PLAIN + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
            PLAIN + b"Content-Length: 99999999999999999999\r\n\r\n{}",
            b"HTTP/1.1 200 OK\nContent-Length: 2\n\n{}\r\n\r\n",
            b"\r\n" + PLAIN + b"Content-Length: 2\r\n\r\n{}",
            b"HTTP/1.1 099 Low\r\nContent-Length: 2\r\n\r\n{}",
        ]
    ),
)


def request_of(method, line, body, framing):
    head = b"%s / HTTP/1.1\r\nHost: app.localhost\r\nCookie: a=1\r\n%s" % (method, line)
    if method in (b"GET", b"HEAD"):
        return head + b"\r\n"
    if framing == "chunked":
        return head + b"Transfer-Encoding: chunked\r\n\r\n" + chunks([body])
    return head + b"Content-Length: %d\r\n\r\n%s" % (len(body), body)


requests = st.builds(
    request_of,
    st.sampled_from([b"POST", b"POST", b"POST", b"GET", b"HEAD", b"PUT"]),
    st.sampled_from([b"", b"", b"", b"Accept: */*\r\n", b"Connection: close\r\n", b"Connection: keep-alive\r\n"]),
    bodies,
    st.sampled_from(["length", "length", "chunked"]),
)


@st.composite
def exchanges(draw):
    """A few requests and answers that come again and again, between each other, in other pieces each time."""
    few = draw(st.lists(st.tuples(requests, answers), min_size=1, max_size=3))
    return [cut_exchange(draw, *draw(st.sampled_from(few))) for _ in range(draw(st.integers(2, 10)))]


def cut_exchange(draw, request, answer):
    if request.startswith(b"HEAD"):
        before = INTERIM if answer.startswith(INTERIM) else b""
        answer = before + answer.removeprefix(before).partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
    early = draw(st.sampled_from([0, 0, 0, 1, 2]))
    ends = b"Content-Length: 3" in answer or b"close" in answer or (b"ength" not in answer and draw(st.booleans()))
    return Exchange(cut(request, draw(places)), cut(answer, draw(places)), early, ends)


@pytest.mark.campaign
@hypothesis.settings(max_examples=examples(2000, share=24))
@hypothesis.given(exchanges())
def test_the_same_bytes_go_each_way_as_if_nothing_were_remembered(given):
    assert play(given, has_memory=True)[0] == play(given, has_memory=False)[0]


POST = b"POST / HTTP/1.1\r\nHost: app.localhost\r\nContent-Length: 2\r\n\r\n{}"
JSON = PLAIN + b"Content-Length: 2\r\n\r\n{}"


@pytest.mark.parametrize("place", range(1, len(JSON)))
def test_an_answer_with_a_known_head_may_come_in_pieces(place):
    whole = Exchange([POST], [JSON], 0, ends=False)
    pieces = Exchange([POST], [JSON[:place], JSON[place:]], 0, ends=False)
    given = [whole, whole, whole, pieces, whole]
    (told, known, matched), (parsed, _, _) = play(given, has_memory=True), play(given, has_memory=False)
    assert told == parsed
    assert (known, matched) == (4, 4 if place >= len(JSON) - 2 else 3)


def test_a_stream_of_events_between_answers_of_json_changes_neither():
    # A server of MCP does so: with the head of the stream on the answer behind it, its client would wait for events.
    events = [STREAM, *(b"1\r\n%c\r\n" % byte for byte in b"data: 1\n\n"), b"0\r\n\r\n"]
    whole, between = Exchange([POST], [JSON], 0, ends=False), Exchange([POST], events, 0, ends=False)
    given = [whole, whole, whole, between, whole]
    (told, _, matched), (parsed, _, _) = play(given, has_memory=True), play(given, has_memory=False)
    assert told == parsed
    assert (told[-1], matched) == (told[2], 3)
