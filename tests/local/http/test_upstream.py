"""Answers of apps, read in any pieces: h11 says what each of them is."""

import asyncio
import itertools
import socket

import h11
import hypothesis
import pytest
from hypothesis import strategies as st

from tencentserverless.local.http.upstream import Upstream
from tencentserverless.local.http.upstreams import Upstreams
from tests.local.http.transports import Transport
from tests.profiles import examples


class Receiver:
    has_sent_all = True

    def __init__(self):
        self.head = None
        self.body = b""
        self.end = ""

    def take_head(self, head):
        assert self.head is None
        self.head = head

    def take_body(self, data):
        assert self.head is not None
        assert not self.end
        self.body += data

    def take_rest(self):
        assert not self.end

    def take_end(self):
        assert not self.end
        self.end = "whole"

    def take_break(self, words, *, has_bytes):
        assert not self.end
        assert words
        self.end = "broken"


def read(pieces, *, is_of_head=False, is_ended=False):
    """What the receiver got, and the connection that it came over."""

    async def scenario():
        upstreams, receiver = Upstreams(64 * 1024), Receiver()
        upstream = Upstream(upstreams, ("127.0.0.1", 9000))
        upstream.connection_made(Transport())
        upstream.begin(receiver, b"", is_of_head=is_of_head)
        for piece in pieces:
            if receiver.end:
                break
            upstream.data_received(piece)
        if is_ended and not receiver.end:
            upstream.connection_lost(None)
        return receiver, upstreams.take(("127.0.0.1", 9000)) is upstream

    return asyncio.run(scenario())


def as_h11(data, *, is_of_head=False, is_ended=False):
    """Status, body and end as h11 reads them."""
    connection = h11.Connection(h11.CLIENT)
    connection.send(h11.Request(method="HEAD" if is_of_head else "GET", target="/", headers=[("host", "h")]))
    connection.send(h11.EndOfMessage())
    connection.receive_data(data)
    status, body = None, b""
    try:
        while True:
            event = connection.next_event()
            if event is h11.NEED_DATA and is_ended:
                is_ended = False
                connection.receive_data(b"")
            elif event is h11.NEED_DATA or event is h11.PAUSED:
                return status, body, ""
            elif isinstance(event, h11.Response):
                status = event.status_code
            elif isinstance(event, h11.Data):
                body += bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                return status, body, "whole"
            elif isinstance(event, h11.ConnectionClosed):
                return status, body, "broken"
    except h11.RemoteProtocolError:
        return status, body, "broken"


bodies = st.binary(max_size=50)
chunked = st.lists(st.binary(min_size=1, max_size=20), max_size=4).map(
    lambda parts: b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
)
interim = st.sampled_from([b"", b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Early\r\nLink: a\r\n\r\n" * 2])
answers = st.one_of(
    st.builds(lambda body: b"HTTP/1.1 200 OK\r\nA: b\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body), bodies),
    st.builds(lambda body: b"HTTP/1.1 404 \r\nTransfer-Encoding: chunked\r\n\r\n" + body, chunked),
    st.builds(lambda body: b"HTTP/1.0 200 OK\r\n\r\n" + body, bodies),
    st.sampled_from([b"HTTP/1.1 204 No Content\r\n\r\n", b"HTTP/1.1 304 N\r\nContent-Length: 5\r\n\r\n"]),
)


def cut(data, places):
    marks = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[start:end] for start, end in itertools.pairwise(marks) if start < end]


@pytest.mark.campaign
@hypothesis.settings(max_examples=examples(400))
@hypothesis.given(interim, answers, st.lists(st.integers(0, 1 << 16), max_size=6), st.booleans(), st.floats(0, 1))
def test_an_answer_is_read_as_h11_reads_it(before, answer, places, is_of_head, share):
    if is_of_head:
        answer = answer[: answer.index(b"\r\n\r\n") + 4]
    data = before + answer
    data = data[: round(len(data) * share)] if share < 0.5 else data  # often whole
    status, body, end = as_h11(data, is_of_head=is_of_head, is_ended=True)
    receiver, _ = read(cut(data, places), is_of_head=is_of_head, is_ended=True)
    assert receiver.end == end
    if end == "whole":
        assert (receiver.head.status, receiver.body) == (status, body)


@pytest.mark.parametrize(
    ("answer", "is_kept"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n", True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nmore", False),
        (b"HTTP/1.1 204 No Content\r\n\r\n", True),
        (b"HTTP/1.1 204 No Content\r\n\r\nbody", False),
    ],
)
def test_a_connection_is_kept_if_the_app_lets_it_and_nothing_stands_behind_the_answer(answer, is_kept):
    receiver, was_kept = read([answer])
    assert (receiver.end, was_kept) == ("whole", is_kept)


def test_a_length_of_many_zeros_is_a_length():
    receiver, _ = read([b"HTTP/1.1 200 OK\r\nContent-Length: " + b"0" * 5000 + b"2\r\n\r\nok"])
    assert (receiver.head.length, receiver.body) == (2, b"ok")


KNOWN = b"HTTP/1.1 200 OK\r\nDate: now\r\nContent-Length: %d\r\n\r\n"


def read_one_after_the_other(answers):
    """What the receivers of these answers got, all over one connection."""

    async def scenario():
        upstreams, receivers = Upstreams(64 * 1024), []
        upstream = Upstream(upstreams, ("127.0.0.1", 9000))
        upstream.connection_made(Transport())
        for pieces, is_of_head in answers:
            receivers.append(Receiver())
            upstream.begin(receivers[-1], b"", is_of_head=is_of_head)
            for piece in pieces:
                upstream.data_received(piece)
            assert upstreams.take(upstream.address) is upstream
        return [(each.head.status, each.head.length, each.head.start, each.body, each.end) for each in receivers]

    return asyncio.run(scenario())


def test_an_answer_with_the_head_of_the_last_two_is_not_parsed(monkeypatch):
    parsed = []
    parse = Upstream._parse
    monkeypatch.setattr(Upstream, "_parse", lambda self, data: parsed.append(data) or parse(self, data))
    sent = [KNOWN % size + b"x" * size for size in (2, 5, 7, 0)]
    found = read_one_after_the_other([([data], False) for data in sent])
    assert [body for _, _, _, body, _ in found] == [b"xx", b"x" * 5, b"x" * 7, b""]
    assert parsed == sent[:2]


@pytest.mark.parametrize(
    "data",
    [
        KNOWN % 2 + b"xxx",
        KNOWN % 3 + b"xx",
        KNOWN.replace(b"%d", b"+2") + b"xx",
        KNOWN.replace(b"%d", b"2, 2") + b"xx",
        KNOWN % 2 + b"xxHTTP/1.1 200",
    ],
)
def test_bytes_behind_a_known_head_mean_what_they_do_behind_others(data):
    def read_behind(pieces):
        async def scenario():
            upstreams = Upstreams(64 * 1024)
            upstream = Upstream(upstreams, ("127.0.0.1", 9000))
            upstream.connection_made(Transport())
            for piece in pieces:
                receiver = Receiver()
                upstream.begin(receiver, b"", is_of_head=False)
                upstream.data_received(piece)
                is_kept = upstreams.take(upstream.address) is upstream
            return receiver.body, receiver.end, is_kept

        return asyncio.run(scenario())

    assert read_behind([KNOWN % 2 + b"xx"] * 2 + [data]) == read_behind([data])


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 099 Low\r\nContent-Length: 2\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\nConnection: close\r\n\r\n",
    ],
)
def test_a_head_that_no_client_could_read_is_not_remembered(head):
    async def scenario():
        upstream = Upstream(Upstreams(64 * 1024), ("127.0.0.1", 9000))
        upstream.connection_made(Transport())
        for _ in range(2):
            upstream.begin(Receiver(), b"", is_of_head=False)
            upstream.data_received(KNOWN % 2 + b"xx")
        known = upstream._known
        assert known is not None
        receiver = Receiver()
        upstream.begin(receiver, b"", is_of_head=False)
        upstream.data_received(head + b"xx")
        assert (receiver.head, receiver.body, receiver.end) == (None, b"", "broken")
        assert (upstream._known is known, upstream.transport.ended) == (True, "abort")

    asyncio.run(scenario())


def test_an_app_that_has_gone_can_not_switch_to_another_protocol():
    async def scenario():
        receiver, upstream = Receiver(), Upstream(Upstreams(64 * 1024), ("127.0.0.1", 9000))
        upstream.begin(receiver, b"", is_of_head=False)
        upstream.data_received(b"HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n")
        return receiver.end

    assert asyncio.run(scenario()) == "broken"


def test_no_byte_waits_here_before_the_caller_is_told_to():
    """An app that reads nothing: the first write that the system does not take whole pauses its caller."""

    async def scenario():
        told = asyncio.get_running_loop().create_future()
        receiver = Receiver()
        receiver.take_pause = told.set_result
        app, server_end = socket.socketpair()
        with app:
            _, upstream = await asyncio.get_running_loop().create_connection(
                lambda: Upstream(Upstreams(64 * 1024), ("127.0.0.1", 9000)), sock=server_end
            )
            upstream.begin(receiver, b"", is_of_head=False)
            while not upstream.transport.get_write_buffer_size():
                upstream.write(b"x" * 1024)
            waiting = upstream.transport.get_write_buffer_size()
            upstream.transport.abort()
        return told.done() and told.result(), waiting

    is_paused, waiting = asyncio.run(scenario())
    assert is_paused is True
    assert waiting <= 1024
