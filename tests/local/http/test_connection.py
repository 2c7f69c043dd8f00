"""Connections whose request never becomes whole, in front of an application of the test's own."""

import asyncio
import contextlib
import errno
import json
import socket
import ssl

import pytest

from tencentserverless.local.api.dispatch import Api
from tencentserverless.local.http import lingering
from tencentserverless.local.http.connection import Connection
from tencentserverless.local.http.messages import Answer, Bounds, Intake, Refused
from tencentserverless.local.http.open_connections import OpenConnections
from tencentserverless.local.http.server import HttpServer
from tencentserverless.local.http.tls import open_tls
from tests.local.http.transports import Transport

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


def served(scenario, site=None, secured=None, **bounds):
    """Run ``scenario(connect)`` against a server of a site with these bounds.

    :param secured: for TLS
    """

    async def run():
        listener = socket.create_server(("127.0.0.1", 0))
        address = listener.getsockname()
        server = HttpServer()
        await server.listen(site or Echo(**bounds), listener, secured and secured.context)
        trusting = secured and ssl.create_default_context(cafile=str(secured.ca_file))
        async with contextlib.AsyncExitStack() as stack:

            async def connect(data):
                reader, writer = await asyncio.open_connection(*address, ssl=trusting)
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
    assert "upgrade" not in caplog.text.lower()


class Script:
    """A site that does what the test says. What it hears is written down."""

    def __init__(self, handle, *, accept=1_000_000, known=None, **bounds):
        self.bounds = Bounds(**{"head_bytes": 64 * 1024, "request_seconds": 60.0, "idle_seconds": 60.0, **bounds})
        self._handle, self._accept, self._known = handle, accept, known
        self.lost_connections = 0
        self.refused = []

    def accept(self, request):
        if isinstance(self._accept, Answer):
            raise Refused(self._accept)
        return self._accept

    def handle(self, request, connection):
        self._handle(request, connection)

    def handle_known(self, known, values, body, connection):
        return self._known(known, values, body, connection)

    def refuse(self, broken):
        self.refused.append(broken.fault)
        return Answer(400, broken.fault.name.encode())

    def lost(self, connection):
        self.lost_connections += 1


def answer_at_once(request, connection):
    connection.reply(request.body)


def only(connect):
    """The one open connection, on the server's side."""
    (connection,) = connect.server.connections._open
    return connection


def test_any_number_of_requests_in_one_piece_is_answered_in_order():
    async def scenario(connect):
        numbers = [b"%05d" % number for number in range(2000)]
        reader, _ = await connect(b"".join(HEAD + number for number in numbers))
        for number in numbers:
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 OK\r\n")
            assert await reader.readexactly(5) == number

    served(scenario, Script(answer_at_once))


def test_nothing_is_handled_behind_the_last_request():
    handled = []

    def handle(request, connection):
        handled.append(request.url)
        connection.reply(b"")

    async def scenario(connect):
        old = b"GET /1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
        reader, _ = await connect(old + b"GET /2 HTTP/1.1\r\nHost: h\r\n\r\n")
        assert (await reader.read()).count(b"HTTP/1.1 200") == 1

    served(scenario, Script(handle))
    assert handled == [b"/1"]


@pytest.mark.parametrize("length", [None, 10])
def test_an_answer_may_come_in_parts(length):
    def handle(request, connection):
        connection.start(Answer(201, b"", b"X: y\r\n"), length)
        assert connection.write(b"hello")
        assert connection.write(b"")  # not the last chunk
        assert connection.write(b"world")
        connection.finish()

    async def scenario(connect):
        reader, writer = await connect(HEAD + b"12345")
        for _ in range(2):
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 201 Created\r\n")
            assert b"\r\nX: y\r\n" in head
            if length is None:
                assert b"\r\nTransfer-Encoding: chunked\r\n" in head
                assert await reader.readuntil(b"0\r\n\r\n") == b"5\r\nhello\r\n5\r\nworld\r\n0\r\n\r\n"
            else:
                assert b"\r\nContent-Length: 10\r\n" in head
                assert await reader.readexactly(10) == b"helloworld"
            writer.write(HEAD + b"12345")

    served(scenario, Script(handle))


@pytest.mark.parametrize("length", [None, 5])
def test_the_answer_to_head_has_no_body(length):
    def handle(request, connection):
        if request.url == b"/whole":
            connection.send(Answer(200, b"hello"))
            return
        connection.start(Answer(200, b""), length)
        connection.write(b"hello")
        connection.finish()

    async def scenario(connect):
        reader, writer = await connect(
            b"HEAD /parts HTTP/1.1\r\nHost: h\r\n\r\nHEAD /whole HTTP/1.1\r\nHost: h\r\n\r\n"
        )
        writer.write_eof()
        answers = (await reader.read()).split(b"\r\n\r\n")
        assert [answer[:8] for answer in answers] == [b"HTTP/1.1", b"HTTP/1.1", b""]

    served(scenario, Script(handle))


def test_a_site_is_told_to_wait_for_a_client_that_does_not_read_and_then_to_go_on():
    part = b"x" * 65536
    written = []

    def handle(request, connection):
        connection.start(Answer(200, b""), None)

        def go_on():
            while len(written) < 400:
                written.append(part)
                if not connection.write(part):
                    return
            connection.finish()

        connection.on_drained(go_on)
        go_on()

    async def scenario(connect):
        reader, writer = await connect(HEAD + b"12345")
        await until(lambda: written and only(connect)._is_clogged)
        assert len(written) < 400
        await reader.readuntil(b"\r\n\r\n")
        for _ in range(400):
            assert await reader.readexactly(len(part) + 9) == b"10000\r\n" + part + b"\r\n"
        assert await reader.readexactly(5) == b"0\r\n\r\n"
        assert only(connect)._on_drained is None  # the next answer is another one's
        writer.close()

    served(scenario, Script(handle))


STREAMED = b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 400000\r\n\r\n"


def take_all(request, connection):
    """Answer with the size of the body, when all of it is here."""
    parts = []

    def on_data(data):
        parts.append(data)
        if data == b"":
            connection.reply(b"%d" % sum(map(len, parts)))

    request.stream.take(on_data)


def test_a_body_may_come_in_parts():
    async def scenario(connect):
        reader, writer = await connect(STREAMED)
        for _ in range(400):
            writer.write(b"x" * 1000)
            await writer.drain()
        assert (await reader.readuntil(b"400000")).startswith(b"HTTP/1.1 200")
        writer.write(HEAD + b"12345" + HEAD + b"1")  # a whole one, and one in two pieces
        await until(lambda: only(connect)._current is not None)
        writer.write(b"2345")
        for _ in range(2):
            assert (await reader.readuntil(b"\r\n\r\n5")).startswith(b"HTTP/1.1 200")

    served(scenario, Script(take_all, accept=Intake.STREAM))


def test_a_body_in_parts_is_asked_for_where_the_client_waits_to_be_asked():
    async def scenario(connect):
        reader, writer = await connect(HEAD[:-2] + b"Expect: 100-continue\r\n\r\n")
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(b"12345")
        assert (await reader.readuntil(b"\r\n\r\n5")).count(b"HTTP/1.1") == 1

    served(scenario, Script(take_all, accept=Intake.STREAM))


def test_a_client_that_waits_to_be_asked_is_asked_behind_the_answer_before_it():
    answers = []

    async def scenario(connect):
        reader, writer = await connect(HEAD + b"12345")
        await until(lambda: answers)
        writer.write(HEAD[:-2] + b"Expect: 100-continue\r\n\r\n")
        await until(lambda: only(connect)._reader.is_partial)
        answers.pop()()
        assert (await reader.readuntil(b"12345")).startswith(b"HTTP/1.1 200")
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(b"abcde")
        await until(lambda: answers)
        answers.pop()()
        assert (await reader.readuntil(b"abcde")).count(b"HTTP/1.1") == 1

    def handle(request, connection):
        answers.append(lambda: connection.reply(request.body))

    served(scenario, Script(handle))


def test_a_body_whose_site_pauses_it_is_not_read_until_it_goes_on():
    size = 4_000_000  # too much for one read
    parts, streams = [], []

    def handle(request, connection):
        streams.append(request.stream)

        def on_data(data):
            parts.append(data)
            if data:
                request.stream.pause(True)
            else:
                connection.reply(b"whole")

        request.stream.take(on_data)

    async def scenario(connect):
        reader, writer = await connect(STREAMED.replace(b"400000", b"%d" % size))
        await until(lambda: streams)
        writer.write(b"x" * size)
        while sum(map(len, parts)) < size:
            count = len(parts)
            await until(lambda count=count: len(parts) > count)
            assert len(parts) == count + 1 or parts[-1] == b""
            if parts[-1] == b"":
                break  # it has been answered
            assert only(connect)._is_paused
            for _ in range(3):
                await asyncio.sleep(0)  # the loop has looked at the socket
            assert len(parts) == count + 1
            streams[0].pause(False)
        assert (await reader.readuntil(b"whole")).startswith(b"HTTP/1.1 200")

    served(scenario, Script(handle, accept=Intake.STREAM))


@pytest.mark.parametrize("pauses", [True, False])
def test_a_body_is_read_on_when_the_client_reads_its_answer_again(pauses):
    """Both at once: the answer of an echo is under way while the body still comes."""
    size = 8_000_000

    def handle(request, connection):
        connection.start(Answer(200, b""), size)

        def on_data(data):
            if not data:
                connection.finish()
            elif not connection.write(data) and pauses:
                request.stream.pause(True)

        if pauses:
            connection.on_drained(lambda: request.stream.pause(False))
        request.stream.take(on_data)

    async def scenario(connect):
        reader, writer = await connect(STREAMED.replace(b"400000", b"%d" % size))
        writer.write(b"x" * size)
        await until(lambda: len(connect.server.connections) and only(connect)._is_clogged)
        await reader.readuntil(b"\r\n\r\n")
        assert await reader.readexactly(size) == b"x" * size

    served(scenario, Script(handle, accept=Intake.STREAM))


def test_a_site_is_told_of_a_client_that_goes_in_the_middle_of_its_body():
    parts = []

    def handle(request, connection):
        def on_data(data):
            parts.append(data)
            if data is None:
                connection.close()

        request.stream.take(on_data)

    async def scenario(connect):
        _, writer = await connect(HEAD + b"12")
        await until(lambda: parts)
        writer.close()
        await until(lambda: not len(connect.server.connections))

    served(scenario, site := Script(handle, accept=Intake.STREAM))
    assert parts == [b"12", None]
    assert site.lost_connections == 1


def test_an_answer_before_the_end_of_the_body_can_be_read():
    """The client still sends: a close at once could take the answer away from it."""

    async def scenario(connect):
        reader, writer = await connect(STREAMED)
        assert (await reader.read()).endswith(b"\r\n\r\nenough")
        for _ in range(400):
            writer.write(b"x" * 1000)
            await writer.drain()
        writer.write_eof()
        await until(lambda: not len(connect.server.connections))

    served(scenario, Script(lambda _, connection: connection.send(Answer(413, b"enough")), accept=Intake.STREAM))


def test_a_site_may_answer_in_the_middle_of_a_part(caplog):
    parts = []

    def handle(request, connection):
        def on_data(data):
            parts.append(data)
            if data == b"a":
                connection.send(Answer(413, b"enough"))

        request.stream.take(on_data)

    async def scenario(connect):
        head = b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
        reader, writer = await connect(head)
        await until(lambda: len(connect.server.connections) and only(connect)._current is not None)
        writer.write(b"1\r\na\r\n1\r\nb\r\n0\r\n\r\n" + HEAD + b"12345")
        assert (await reader.read()).endswith(b"\r\n\r\nenough")
        writer.close()

    served(scenario, Script(handle, accept=Intake.STREAM))
    assert parts == [b"a", None]
    assert not caplog.text


def test_a_client_that_is_refused_can_read_it_though_it_still_sends():
    async def scenario(connect):
        reader, writer = await connect(STREAMED)
        for _ in range(100):
            writer.write(b"x" * 1000)
            await writer.drain()
        answer = await reader.read()
        assert answer.startswith(b"HTTP/1.1 403 Forbidden\r\n")
        assert b"\r\nConnection: close\r\n" in answer
        assert answer.endswith(b"\r\n\r\nno")
        writer.write(b"x" * 100_000)
        await writer.drain()
        writer.close()
        await until(lambda: not len(connect.server.connections))

    served(scenario, Script(None, accept=Answer(403, b"no")))


def test_an_answer_before_the_body_is_whole_may_find_its_client_gone():
    """Its end can't be sent then: asyncio's own loop raises that at the site, which has done its work."""

    def fail():
        raise OSError(errno.ENOTCONN, "Transport endpoint is not connected")

    async def scenario():
        client, others = Transport(), OpenConnections()
        client.write_eof = fail
        site = Script(lambda request, connection: connection.send(Answer(200, b"ok")), accept=Intake.STREAM)
        connection = Connection(site, others)
        connection.connection_made(client)
        connection.data_received(STREAMED)
        connection.connection_lost(ConnectionResetError())
        return client.sent, len(others)

    sent, count = asyncio.run(scenario())
    assert sent.endswith(b"\r\n\r\nok")
    assert not count


def test_a_client_that_is_refused_and_sends_without_end_is_cut(monkeypatch):
    monkeypatch.setattr(lingering, "_LINGER_BYTES", 100_000)

    async def scenario(connect):
        reader, writer = await connect(STREAMED)
        assert (await reader.read()).endswith(b"no")
        with contextlib.suppress(ConnectionError):
            for _ in range(1000):
                writer.write(b"x" * 10_000)
                await writer.drain()
        await until(lambda: not len(connect.server.connections))

    served(scenario, Script(None, accept=Answer(403, b"no")))


def test_a_client_that_is_refused_and_neither_sends_nor_goes_is_cut(monkeypatch):
    monkeypatch.setattr(lingering, "LINGER_SECONDS", 0.05)

    async def scenario(connect):
        reader, _ = await connect(STREAMED)
        assert (await reader.read()).endswith(b"no")
        await until(lambda: not len(connect.server.connections))

    served(scenario, Script(None, accept=Answer(403, b"no")))


@pytest.mark.parametrize("head", [HEAD.replace(b"Host", b"Connection: close\r\nHost"), HEAD])
def test_a_client_that_never_reads_its_last_answer_is_cut(monkeypatch, head):
    monkeypatch.setattr(lingering, "LINGER_SECONDS", 0.05)

    def handle(request, connection):
        connection.reply(b"x" * 20_000_000)

    async def scenario(connect):
        reader, _ = await connect(head + b"12345")
        await reader.readexactly(1)
        await until(lambda: not len(connect.server.connections))
        with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
            await reader.readexactly(20_000_000)

    served(scenario, Script(handle, idle_seconds=0.05))


class Raw(asyncio.Protocol):
    """Another protocol, which writes back what it gets."""

    def __init__(self):
        self.transport = None

    def data_received(self, data):
        self.transport.write(b"<" + data + b">")


@pytest.mark.parametrize("method", [b"CONNECT h:1", b"GET /"])
def test_a_connection_can_be_left_to_another_protocol(method):
    found = []

    def handle(request, connection):
        assert request.is_upgrade
        protocol = Raw()
        protocol.transport, rest = connection.upgrade(b"HTTP/1.1 101 Switching Protocols\r\n\r\n", protocol)
        found.append(rest)

    async def scenario(connect):
        offer = b" HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: raw\r\n\r\n"
        reader, writer = await connect(method + offer + b"rest")
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 101 Switching Protocols\r\n\r\n"
        writer.write(b"GET / HTTP/1.1\r\n\r\n")
        assert await reader.readuntil(b">") == b"<GET / HTTP/1.1\r\n\r\n>"
        assert not len(connect.server.connections)
        writer.close()

    served(scenario, site := Script(handle, accept=Intake.UPGRADE))
    assert found == [b"rest"]
    assert site.lost_connections == 0


def test_a_connection_whose_client_has_gone_is_left_to_nobody():
    connections = []

    async def scenario(connect):
        await connect(b"CONNECT h:1 HTTP/1.1\r\nHost: h\r\n\r\n")
        await until(lambda: connections)
        connections[0].close()
        await until(lambda: not len(connect.server.connections))
        assert connections[0].upgrade(b"", Raw()) is None
        connections[0].send(Answer(502, b""))

    served(scenario, Script(lambda _, connection: connections.append(connection)))


@pytest.mark.parametrize(("serves", "count"), [(True, 2), (True, 1), (False, 1)])
def test_a_client_that_sends_no_more_gets_its_answers_where_the_site_says_so(serves, count):
    async def scenario(connect):
        reader, writer = await connect((HEAD + b"12345") * count)
        writer.write_eof()
        assert (await reader.read()).count(b"\r\n\r\n12345") == (count if serves else 0)

    served(scenario, serves_half_closed=serves)


@pytest.mark.parametrize("ends", ["by its bounds", "by its client alone", "by its site"])
def test_an_answer_that_waits_leaves_though_its_client_sends_no_more(ends):
    """A request is answered and the next one is under way when the end of both comes, all in one turn of the loop."""

    def handle(request, connection):
        if request.method == "POST":
            connection.reply(b"answered")
        elif ends == "by its site":
            connection.on_lost(lambda: None)

    async def scenario():
        client = Transport()
        connection = Connection(Script(handle, serves_half_closed=ends != "by its bounds"), OpenConnections())
        connection.connection_made(client)
        if ends == "by its client alone":
            client.can_write_eof = lambda: False  # as over TLS
        connection.data_received(HEAD + b"12345" + b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        stays = connection.eof_received()
        client.close()  # as asyncio does
        await asyncio.sleep(0)
        connection.connection_lost(None)
        return stays, client.sent

    stays, sent = asyncio.run(scenario())
    assert not stays
    assert sent.endswith(b"\r\n\r\nanswered")


def test_answers_of_one_turn_begin_at_its_end_all_at_once():
    """So a client of many connections wakes once, and what follows a beginning comes behind it."""

    async def scenario():
        others, log = OpenConnections(), []
        site = Script(lambda request, connection: connection.start_with(b"HEAD %s\r\n" % request.url, b"a"))
        connections = []
        for name in (b"/1", b"/2"):
            client, connection = Transport(), Connection(site, others)
            client.write = lambda data, name=name: log.append((name, data))
            connection.connection_made(client)
            connection.data_received(b"GET %s HTTP/1.1\r\nHost: h\r\n\r\n" % name)
            connections.append(connection)
        log.append("both are answered")
        connections[1].write(b"b")
        connections[1].finish()
        log.append("the turn goes on")
        await asyncio.sleep(0)
        return log

    first, second = (b"/1", b"HEAD /1\r\n\r\na"), (b"/2", b"HEAD /2\r\n\r\na")
    assert asyncio.run(scenario()) == ["both are answered", first, second, (b"/2", b"b"), "the turn goes on"]


VARYING = frozenset((b"content-length", b"x-time"))
SIGNED = b"POST /p HTTP/1.1\r\nHost: h\r\nX-Time: %d\r\nContent-Length: 5\r\n\r\n"


def test_a_request_like_the_one_before_it_is_handed_over_without_being_read():
    calls = []

    def handle(request, connection):
        names = connection.remember("facts", VARYING)
        calls.append(("read", names, request.body))
        connection.reply(request.body)

    def known(facts, values, body, connection):
        calls.append((facts, values, body))
        if values[0] == b"3":
            return False
        connection.reply(body)
        return True

    async def scenario(connect):
        reader, writer = await connect(SIGNED % 1 + b"aaaaa")
        await reader.readuntil(b"aaaaa")
        for number, body in enumerate((b"bbbbb", b"ccccc", b"ddddd"), 2):
            writer.write(SIGNED % number + body)
            await reader.readuntil(body)
        writer.write((SIGNED % 5 + b"eeeee") * 2)
        await reader.readuntil(b"eeeee")
        await reader.readuntil(b"eeeee")
        writer.write((SIGNED % 6).replace(b"/p", b"/q") + b"fffff")
        await reader.readuntil(b"fffff")
        writer.write(SIGNED % 7 + b"ggggg")
        await reader.readuntil(b"ggggg")

    served(scenario, Script(handle, known=known))
    names = (b"x-time", b"content-length")
    assert calls == [
        ("read", names, b"aaaaa"),
        ("facts", [b"2", b"5"], b"bbbbb"),
        ("facts", [b"3", b"5"], b"ccccc"),
        ("read", names, b"ccccc"),
        ("facts", [b"4", b"5"], b"ddddd"),
        ("read", (), b"eeeee"),
        ("read", (), b"eeeee"),
        ("read", names, b"fffff"),
        ("read", names, b"ggggg"),
    ]


@pytest.mark.parametrize("line", [b"Connection: close", b"Expect: 100-continue", b"Transfer-Encoding: chunked"])
def test_a_head_that_says_how_the_connection_goes_on_is_not_remembered(line):
    def handle(request, connection):
        connection.reply(b"%d" % len(connection.remember("facts", VARYING)))

    async def scenario(connect):
        if line.startswith(b"Transfer"):
            data = b"POST /p HTTP/1.1\r\nHost: h\r\n" + line + b"\r\n\r\n0\r\n\r\n"
        else:
            data = (SIGNED % 1)[:-2] + line + b"\r\n\r\naaaaa"
        reader, writer = await connect(data)
        writer.write_eof()
        assert (await reader.read()).endswith(b"\r\n\r\n0")

    served(scenario, Script(handle))


def test_a_connection_that_idles_is_closed():
    async def scenario(connect):
        reader, _ = await connect(b"")
        assert await reader.read() == b""
        reader, _ = await connect(HEAD + b"12345")
        assert (await reader.read()).endswith(b"\r\n\r\n12345")

    served(scenario, site := Script(answer_at_once, idle_seconds=0.05))
    assert site.refused == []


def test_a_request_that_runs_for_long_is_not_idle_and_what_comes_behind_it_is():
    async def scenario(connect):
        reader, _ = await connect(HEAD + b"12345")  # takes four times as long
        assert (await reader.read()).endswith(b"\r\n\r\n12345")

    served(scenario, idle_seconds=0.05)


def test_a_server_that_stops_ends_idle_connections_at_once_and_busy_ones_after_their_answers():
    answers = []

    def handle(request, connection):
        answers.append(lambda: connection.reply(request.body))

    async def scenario(connect):
        idle, _ = await connect(b"")
        partial, _ = await connect(HEAD + b"1")
        busy, _ = await connect((HEAD + b"12345") * 2)
        await until(lambda: answers and len(connect.server.connections) == 3)
        stopping = asyncio.ensure_future(connect.server.stop(PATIENCE_SECONDS))
        assert await idle.read() == b""
        assert await partial.read() == b""
        assert not stopping.done()
        answers.pop()()
        answer = await busy.read()
        assert answer.count(b"HTTP/1.1 200") == 1  # what came behind it has not begun
        assert b"\r\nConnection: close\r\n" in answer
        await stopping
        assert not answers

    served(scenario, Script(handle))


def test_a_server_that_stops_cuts_what_does_not_end_in_time():
    handled = []

    async def scenario(connect):
        reader, _ = await connect(HEAD + b"12345")
        await until(lambda: handled)
        await connect.server.stop(0.01)
        with contextlib.suppress(ConnectionResetError):
            assert await reader.read() == b""

    served(scenario, Script(lambda request, connection: handled.append(request)))


@pytest.mark.parametrize(("damage", "rest"), [("lost", b""), ("cut", b'{"answer')])
def test_an_answer_may_be_damaged_and_ends_the_connection(damage, rest):
    async def scenario(connect):
        reader, _ = await connect((HEAD + b"12345") * 2)
        answer = await reader.read()
        assert answer.partition(b"\r\n\r\n")[2] == rest
        assert answer.count(b"HTTP/1.1") == bool(rest)

    served(scenario, Script(lambda _, connection: connection.reply(b'{"answer":"xx"}', damage)))


def raise_for_the_second(delays):
    def handle(request, connection):
        if request.body == b"22222":
            raise ValueError("on purpose")
        if delays:
            asyncio.get_running_loop().call_soon(connection.reply, request.body)
        else:
            connection.reply(request.body)

    return handle


@pytest.mark.parametrize("delays", [False, True])
def test_a_site_that_raises_closes_the_connection(delays, caplog):
    async def scenario(connect):
        for data in (HEAD + b"22222", HEAD + b"11111" + HEAD + b"22222"):
            reader, _ = await connect(data)
            with contextlib.suppress(ConnectionResetError):
                assert b"22222" not in await reader.read()
        await until(lambda: not len(connect.server.connections))

    served(scenario, site := Script(raise_for_the_second(delays)))
    assert site.lost_connections == 2
    assert "on purpose" in caplog.text


def test_requests_of_one_size_may_come_for_ever():
    async def scenario(connect):
        reader, writer = await connect(b"")
        for number in range(100):
            body = b"%05d" % number
            writer.write(HEAD + body)
            assert (await reader.readuntil(body)).startswith(b"HTTP/1.1 200")

    served(scenario, Script(answer_at_once, head_bytes=1024))


@pytest.fixture(params=["plain", "tls"])
def secured(request, tmp_path):
    """None, and the files of a server that speaks TLS."""
    with open_tls(tmp_path, "127.0.0.1") if request.param == "tls" else contextlib.nullcontext() as secured:
        yield secured


def test_answers_can_be_read_though_much_comes_behind_garbage(secured):
    """Bytes that nobody reads would have the system reset the connection, and throw the answers away."""

    def handle(request, connection):
        asyncio.get_running_loop().call_soon(connection.reply, request.body)

    async def scenario(connect):
        reader, writer = await connect((HEAD + b"12345") * 500 + b"nonsense\r\n\r\n" + b"x" * 1_000_000)
        answers = await reader.read()
        assert answers.count(b"\r\n\r\n12345") == answers.count(b"HTTP/1.1") == 500
        writer.close()
        await until(lambda: not len(connect.server.connections))

    served(scenario, Script(handle), secured)


def test_a_refusal_of_a_large_body_can_be_read(secured):
    size = 4_000_000

    async def scenario(connect):
        reader, writer = await connect(STREAMED.replace(b"400000", b"%d" % size) + b"x" * size)
        assert (await reader.read()).endswith(b"no")
        writer.close()
        await until(lambda: not len(connect.server.connections))

    served(scenario, Script(None, accept=Answer(403, b"no")), secured)


def test_an_idle_connection_ends_at_once_with_the_server(secured):
    async def scenario(connect):
        reader, _ = await connect(HEAD + b"12345")
        await reader.readuntil(b"12345")
        await connect.server.stop(PATIENCE_SECONDS)
        assert not len(connect.server.connections)

    served(scenario, Script(answer_at_once), secured)


def test_a_client_of_tls_that_sends_no_more_gets_no_answer_and_no_word_is_logged(secured, caplog):
    """TLS has no half-closed connections, as asyncio has it."""

    async def scenario(connect):
        reader, writer = await connect(HEAD + b"12345")
        await until(lambda: len(connect.server.connections) and only(connect)._current is not None)
        if secured:
            writer.close()
            await until(lambda: not len(connect.server.connections))
        else:
            writer.write_eof()
            assert (await reader.read()).endswith(b"12345")

    served(scenario, None, secured)
    assert not caplog.text
