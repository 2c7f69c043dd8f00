"""Connections whose request never becomes whole, in front of an application of the test's own."""

import asyncio
import contextlib
import json
import socket

import pytest

from tencentserverless.local.api.dispatch import Api
from tencentserverless.local.http.messages import Bounds
from tencentserverless.local.http.server import HttpServer

PATIENCE_SECONDS = 10
HEAD = b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n"


class Echo:
    """A site that takes its time, and answers with the body of the request."""

    def __init__(self, **bounds):
        self.bounds = Bounds(**{"head_bytes": 64 * 1024, "request_seconds": 60.0, "idle_seconds": 60.0, **bounds})
        self.lost_connections = 0

    def accept(self, request):
        return 1_000_000

    def handle(self, request, connection):
        asyncio.get_running_loop().call_later(0.2, connection.reply, request.body)

    def handle_known(self, known, values, body, connection):
        return False

    def refuse(self, broken):
        return Api.refuse(Api.__new__(Api), broken)

    def lost(self, connection):
        self.lost_connections += 1


def served(scenario, site=None, **bounds):
    """Run ``scenario(connect)`` against a server of a site with these bounds."""

    async def run():
        listener = socket.create_server(("127.0.0.1", 0))
        address = listener.getsockname()
        server = HttpServer()
        await server.listen(site or Echo(**bounds), listener)
        async with contextlib.AsyncExitStack() as stack:

            async def connect(data):
                reader, writer = await asyncio.open_connection(*address)
                stack.callback(writer.close)
                writer.write(data)
                return reader, writer

            connect.server = server
            try:
                await asyncio.wait_for(scenario(connect), PATIENCE_SECONDS)
            finally:
                await server.stop(1.0)

    asyncio.run(run())


async def until(is_so):
    """Wait until something is so; the server goes on meanwhile."""
    while not is_so():  # noqa: ASYNC110  # what is waited for is no event
        await asyncio.sleep(0.001)


def error(answer):
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"Connection: close" in head
    return json.loads(body)["Response"]["Error"]


@pytest.mark.parametrize("data", [b"POST / HT", HEAD[:-2], HEAD, HEAD + b"1234"])
def test_a_request_that_stops_on_the_way_is_told_so_and_closed(data):
    async def scenario(connect):
        reader, _ = await connect(data)
        assert error(await reader.read()) == {
            "Code": "InvalidParameter",
            "Message": "The request did not arrive whole in time.",
        }

    served(scenario, request_seconds=0.1)


def test_the_time_runs_for_one_request_and_not_for_its_answer():
    async def scenario(connect):
        reader, writer = await connect(b"")
        await until(lambda: len(connect.server.connections))
        (connection,) = connect.server.connections._open
        for _ in range(3):
            assert not connection._is_arriving
            writer.write(HEAD + b"123")
            await until(lambda: connection._is_arriving)
            writer.write(b"45")
            await until(lambda: not connection._is_arriving)
            assert connection._current is not None
            assert (await reader.readuntil(b"12345")).endswith(b"\r\n\r\n12345")

    served(scenario)


def test_what_is_said_of_garbage_is_no_answer_to_the_request_before_it():
    async def scenario(connect):
        reader, _ = await connect(HEAD + b"12345nonsense\r\n\r\n")
        answer = await reader.read()
        assert answer.endswith(b"\r\n\r\n12345")
        assert answer.count(b"HTTP/1.1") == 1

    served(scenario)


def test_garbage_behind_two_requests_answers_neither():
    async def scenario(connect):
        reader, _ = await connect((HEAD + b"12345") * 2 + b"nonsense\r\n\r\n")
        answer = await reader.read()
        assert b"Error" not in answer

    served(scenario)


def test_a_broken_chunk_is_refused_before_the_application_has_the_body():
    async def scenario(connect):
        reader, _ = await connect(b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\nzz\r\n")
        assert error(await reader.read())["Code"] == "UnsupportedProtocol"

    served(scenario)


def test_a_head_over_the_limit_is_refused():
    async def scenario(connect):
        reader, writer = await connect(b"POST / HTTP/1.1\r\n")
        received = asyncio.ensure_future(reader.read())
        with contextlib.suppress(OSError):
            while not received.done():
                writer.write(b"X: " + b"x" * 300 + b"\r\n")
                await asyncio.sleep(0.001)
        assert error(await received)["Code"] == "RequestSizeLimitExceeded"

    served(scenario, head_bytes=4096)


@pytest.mark.parametrize("lines", [b"X: " + b"x" * 5000, b"X: y\r\n" * 1000])
@pytest.mark.parametrize("first", [b"POST / HTTP/1.1\r\n", HEAD + b"12345POST / HTTP/1.1\r\n"])
def test_a_head_over_the_limit_is_refused_though_it_comes_at_once(first, lines):
    async def scenario(connect):
        reader, _ = await connect(first + lines + b"\r\n\r\n")
        answer = await reader.read()
        assert answer.count(b"HTTP/1.1") == 1
        if first.startswith(HEAD):  # what waits for an answer gets its own
            assert answer.endswith(b"\r\n\r\n12345")
        else:
            assert error(answer)["Code"] == "RequestSizeLimitExceeded"

    served(scenario, head_bytes=4096)


def test_a_path_over_the_limit_is_refused_though_it_comes_at_once():
    async def scenario(connect):
        reader, _ = await connect(b"GET /?" + b"x" * 5000 + b" HTTP/1.1\r\n\r\n")
        assert error(await reader.read())["Code"] == "RequestSizeLimitExceeded"

    served(scenario, head_bytes=4096)


CHUNKED = b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n"


def test_trailers_are_refused_and_are_no_headers():
    async def scenario(connect):
        reader, _ = await connect(CHUNKED + b"Authorization: a\r\n\r\n")
        assert error(await reader.read())["Code"] == "UnsupportedProtocol"
        reader, _ = await connect(CHUNKED + b"\r\n")
        assert (await reader.readuntil(b"{}")).endswith(b"\r\n\r\n{}")

    served(scenario)


@pytest.mark.parametrize("line", [b"a: b\r\n", b"a"])
def test_a_flood_of_trailers_is_cut_off_early(line):
    async def scenario(connect):
        reader, writer = await connect(CHUNKED + b"a: ")
        sent = 0
        received = asyncio.ensure_future(reader.read())
        with contextlib.suppress(OSError):
            while not received.done() and sent < 50_000_000:
                writer.write(line * (65536 // len(line)))
                sent += 65536
                await writer.drain()
                await asyncio.sleep(0.001)
        assert sent < 50_000_000
        with contextlib.suppress(ConnectionResetError):
            await received

    served(scenario)


def test_a_body_in_many_small_chunks_is_no_head():
    async def scenario(connect):
        reader, writer = await connect(CHUNKED[: -len(b"2\r\n{}\r\n0\r\n")])
        for _ in range(300):
            writer.write(b"1;name=value\r\nx\r\n")
            await asyncio.sleep(0)
        writer.write(b"0\r\n\r\n")
        assert (await reader.readuntil(b"x" * 300)).startswith(b"HTTP/1.1 200")

    served(scenario, head_bytes=1024)


class Remembering(Echo):
    """A site that answers at once, and remembers every head."""

    def __init__(self, **bounds):
        super().__init__(**bounds)
        self.known = 0

    def handle(self, request, connection):
        connection.remember("known", frozenset())
        connection.reply(request.body)

    def handle_known(self, known, values, body, connection):
        self.known += 1
        connection.reply(body)
        return True


@pytest.mark.parametrize("header", [b"", b"Connection: Upgrade\r\n", b"Expect: nothing\r\n"])
def test_many_requests_of_one_size_are_no_long_head(header):
    async def scenario(connect):
        request = HEAD[:-2] + header + b"\r\n12345"
        reader, writer = await connect(b"")
        for _ in range(100):
            writer.write(request)
            assert (await reader.readuntil(b"12345")).startswith(b"HTTP/1.1 200")

    served(scenario, Remembering(head_bytes=512))


@pytest.mark.parametrize(
    ("header", "known"),
    [
        (b"", 2),
        (b"Connection: Keep-Alive\r\n", 2),
        (b"connection: keep-alive\r\n", 2),
        (b"Connection: keep-alive, TE\r\n", 0),
        (b"Connection: Keep-Alive\r\nConnection: TE\r\n", 0),
        (b"Expect: nothing\r\n", 0),
    ],
)
def test_a_head_that_only_asks_to_keep_the_connection_is_remembered(header, known):
    site = Remembering()

    async def scenario(connect):
        reader, writer = await connect(b"")
        for _ in range(3):
            writer.write(HEAD[:-2] + header + b"\r\n12345")
            await reader.readuntil(b"12345")
        assert site.known == known

    served(scenario, site)


OFFER = b"\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAA\r\n"
OFFERED = {
    "length": HEAD.replace(b"\r\n\r\n", OFFER + b"\r\n") + b"12345",
    "chunks": b"POST /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked"
    + OFFER
    + b"\r\n2\r\n12\r\n3\r\n345\r\n0\r\n\r\n",
    "continue": HEAD.replace(b"\r\n\r\n", b"\r\nExpect: 100-continue" + OFFER + b"\r\n") + b"12345",
}


@pytest.mark.parametrize("form", OFFERED)
def test_the_body_behind_an_offer_to_upgrade_is_the_body_wherever_the_bytes_are_split(form):
    data = OFFERED[form]

    async def scenario(connect):
        async def send_in_two(at):
            reader, writer = await connect(data[:at])
            await asyncio.sleep(0.02)  # so that they are two reads; else the test is only weaker
            writer.write(data[at:] + HEAD + b"abcde")  # the connection stays, and the next request is read as one
            answers = await reader.readuntil(b"abcde")
            return answers.count(b"HTTP/1.1 200"), answers.count(b"12345"), answers.count(b"HTTP/1.1 100") < 2

        for start in range(1, len(data), 60):
            places = range(start, min(start + 60, len(data)))
            assert set(await asyncio.gather(*map(send_in_two, places))) == {(2, 1, True)}

    served(scenario)


@pytest.mark.parametrize("first", [b"Transfer-Encoding: chunked\r\nContent-Length: 5", b"Transfer-Encoding: gzip"])
def test_an_offer_makes_no_message_good_that_is_none_without_it(first):
    async def scenario(connect):
        reader, _ = await connect(b"POST / HTTP/1.1\r\nHost: h\r\n" + first + OFFER + b"\r\n0\r\n\r\n")
        assert error(await reader.read())["Code"] == "UnsupportedProtocol"

    served(scenario)


@pytest.mark.parametrize("protocol", [b"h2c", b"websocket"])
def test_an_upgrade_is_ignored_and_nothing_is_logged_of_it(caplog, protocol):
    async def scenario(connect):
        upgrade = b"\r\nConnection: Upgrade\r\nUpgrade: " + protocol + b"\r\n\r\n"
        reader, _ = await connect(HEAD.replace(b"\r\n\r\n", upgrade) + b"12345")
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")

    served(scenario)
    assert "uvicorn" not in caplog.text
    assert "upgrade" not in caplog.text.lower()
