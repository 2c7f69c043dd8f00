"""The runtime API, byte by byte: what a bootstrap may send, and what anything else gets."""

import asyncio
import contextlib
import dataclasses

import pytest
import uvloop

from tencentserverless.local.settings import MIB
from tencentserverless.local.worker.runtime_api import MAX_BODY_BYTES, Event, RuntimeApi

EVENT = Event("id-of-the-event", b'{"a": 1}', 128, 3000)
NEXT = b"GET /runtime/invocation/next HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
PATIENCE_SECONDS = 20


class Client:
    """One connection, whose bytes the test writes itself."""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer

    async def send(self, data):
        self.writer.write(data)
        with contextlib.suppress(ConnectionError):
            await self.writer.drain()

    async def answer(self):
        """Status, headers and body of the next answer; None where the connection was cut."""
        try:
            head = await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), PATIENCE_SECONDS)
        except (asyncio.IncompleteReadError, ConnectionError):
            return None
        first, *lines = head.decode().rstrip("\r\n").split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines)
        body = await self.reader.readexactly(int(headers.get("Content-Length", 0)))
        return int(first.split()[1]), headers, body

    async def ask(self, data):
        await self.send(data)
        return await self.answer()

    async def is_cut(self):
        try:
            return await asyncio.wait_for(self.reader.read(), PATIENCE_SECONDS) == b""
        except ConnectionError:
            return True


def post(path, body=b"", headers=b""):
    length = b"Content-Length: %d\r\n" % len(body)
    return b"POST /runtime/" + path + b" HTTP/1.1\r\nHost: 127.0.0.1:80\r\n" + headers + length + b"\r\n" + body


def run(scenario):
    """Run a scenario with an API that listens, and a way to connect to it: on the server's loop, and on the other."""

    async def main():
        api = RuntimeApi()
        clients = []
        await api.open()

        async def connect():
            client = Client(*await asyncio.open_connection("127.0.0.1", api.port))
            clients.append(client)
            return client

        try:
            await scenario(api, connect)
        finally:
            api.close()
            for client in clients:
                client.writer.close()
                with contextlib.suppress(ConnectionError):
                    await client.writer.wait_closed()

    uvloop.run(main())
    asyncio.run(main())


async def until(is_so):
    """Wait until something is so."""
    for _ in range(PATIENCE_SECONDS * 1000):
        if is_so():
            return
        await asyncio.sleep(0.001)
    raise AssertionError("it never came to be so")


async def until_polling(api, count):
    await until(lambda: len(api._polling) == count)


def replies_of(api):
    replies = []
    api.on_reply = replies.append
    return replies


def test_an_event_goes_to_whoever_waits_for_it_and_to_whoever_asks_later():
    async def scenario(api, connect):
        waiting = [await connect() for _ in range(2)]
        for client in waiting:
            await client.send(NEXT)
        await until_polling(api, 2)
        assert not api.is_taken
        api.offer(EVENT)
        assert api.is_taken
        for client in waiting:
            status, headers, body = await client.answer()
            assert (status, body) == (200, EVENT.body)
            assert headers["Request_Id"] == EVENT.request_id
            assert headers["Content-Type"] == "application/json"
            assert (headers["Memory_Limit_In_Mb"], headers["Time_Limit_In_Ms"]) == ("128", "3000")
        for client in (waiting[0], await connect()):
            assert (await client.ask(NEXT))[2] == EVENT.body

    run(scenario)


def test_who_has_gone_is_not_waited_for():
    async def scenario(api, connect):
        gone, stays = await connect(), await connect()
        await gone.send(NEXT)
        await stays.send(NEXT)
        await until_polling(api, 2)
        gone.writer.transport.abort()
        await until_polling(api, 1)
        api.offer(EVENT)
        assert (await stays.answer())[2] == EVENT.body

    run(scenario)


def test_one_connection_serves_a_whole_life():
    async def scenario(api, connect):
        replies = replies_of(api)
        client = await connect()
        assert (await client.ask(post(b"init/ready", b" ")))[0] == 200
        assert api.ready.done()
        for number in range(3):
            api.offer(EVENT._replace(body=b"%d" % number))
            assert (await client.ask(NEXT))[2] == b"%d" % number
            path = b"invocation/response" if number < 2 else b"invocation/error"
            assert (await client.ask(post(path, b"result %d" % number)))[0] == 200
        assert [(reply.body, reply.has_succeeded) for reply in replies] == [
            (b"result 0", True),
            (b"result 1", True),
            (b"result 2", False),
        ]

    run(scenario)


def test_no_answer_counts_before_its_event_was_asked_for_or_after_the_first():
    async def scenario(api, connect):
        replies = replies_of(api)
        client = await connect()
        for path in (b"invocation/response", b"invocation/error"):
            assert (await client.ask(post(path, b"early")))[0] == 409
        api.offer(EVENT)
        assert (await client.ask(post(b"invocation/response", b"of the call before")))[0] == 409
        await client.ask(NEXT)
        assert (await client.ask(post(b"invocation/response", b"first")))[0] == 200
        assert (await client.ask(post(b"invocation/response", b"second")))[0] == 409
        assert [reply.body for reply in replies] == [b"first"]

    run(scenario)


def test_other_paths_and_methods_are_refused_in_words():
    async def scenario(api, connect):
        client = await connect()
        status, _, body = await client.ask(
            b"GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: localhost\r\n\r\n"
        )
        assert status == 404
        assert b"GET /runtime/invocation/next" in body
        status, headers, body = await client.ask(NEXT.replace(b"GET", b"PUT"))
        assert (status, headers["Allow"]) == (405, "GET")
        assert body == b"/runtime/invocation/next is asked by GET.\n"
        assert (await client.ask(b"GET /runtime/init/ready HTTP/1.1\r\nHost: localhost\r\n\r\n"))[1]["Allow"] == "POST"
        assert not api.ready.done()
        api.offer(EVENT)
        assert (await client.ask(NEXT.replace(b"/next", b"/next?x=1")))[0] == 200

    run(scenario)


@pytest.mark.parametrize(
    "header", [b"Origin: http://evil.example", b"Host: evil.example", b"Host: evil.example:80", b"origin: null"]
)
def test_a_web_page_in_a_browser_is_refused(header):
    async def scenario(api, connect):
        api.offer(EVENT)
        client = await connect()
        assert (await client.ask(NEXT.replace(b"\r\n\r\n", b"\r\n" + header + b"\r\n\r\n")))[0] == 403
        assert not api.is_taken

    run(scenario)


OFFER = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAA\r\n"
RESULTS = {
    "length": post(b"invocation/response", b"a result", OFFER),
    "chunks": post(b"invocation/response", headers=OFFER).replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
    + b"2\r\na \r\n6\r\nresult\r\n0\r\n\r\n",
}


async def take_event(api, client):
    api.offer(EVENT)
    assert (await client.ask(NEXT))[2] == EVENT.body


@pytest.mark.parametrize("form", RESULTS)
def test_the_body_behind_an_offer_to_upgrade_is_the_result_wherever_the_bytes_are_split(form):
    data = RESULTS[form]
    places = range(data.index(b"\r\n\r\n"), len(data))
    splits = [[data], [bytes([byte]) for byte in data], *([data[:at], data[at:]] for at in places)]

    async def scenario(api, connect):
        replies, client = replies_of(api), await connect()
        for parts in splits:
            await take_event(api, client)
            for part in parts:
                await client.send(part)
                await asyncio.sleep(0.001)  # so that they are reads of their own; else the test is only weaker
            assert (await client.answer())[0] == 200
            assert [reply.body for reply in replies] == [b"a result"]
            replies.clear()

    run(scenario)


def test_requests_with_and_without_an_offer_take_turns_on_one_connection():
    async def scenario(api, connect):
        replies, client = replies_of(api), await connect()
        for form in ("length", "chunks", "length"):
            await take_event(api, client)
            assert (await client.ask(NEXT[:-2] + OFFER + b"\r\n"))[2] == EVENT.body
            assert (await client.ask(RESULTS[form]))[0] == 200
        assert [reply.body for reply in replies] == [b"a result"] * 3

    run(scenario)


def test_a_body_over_the_bound_behind_an_offer_is_cut_as_any_other():
    async def scenario(api, connect):
        replies, client = replies_of(api), await connect()
        await take_event(api, client)
        huge = b"Content-Length: %d\r\n" % (MAX_BODY_BYTES + 1)
        assert (await client.ask(RESULTS["length"].replace(b"Content-Length: 8\r\n", huge)))[0] == 413
        assert [reply.is_cut for reply in replies] == [True]

    run(scenario)


@pytest.mark.parametrize(
    ("version", "header", "keeps"),
    [
        (b"1.1", b"", True),
        (b"1.1", b"Connection: close\r\n", False),
        (b"1.0", b"", False),
        # What Java's client sends with its first request.
        (b"1.1", b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAA\r\n", True),
        (b"1.1", b"Connection: close, Upgrade\r\nUpgrade: h2c\r\n", False),
    ],
)
@pytest.mark.parametrize("is_long_poll", [True, False])
def test_the_connection_stays_where_http_lets_it(version, header, keeps, is_long_poll):
    async def scenario(api, connect):
        client = await connect()
        if not is_long_poll:
            api.offer(EVENT)
        head = b"GET /runtime/invocation/next HTTP/" + version + b"\r\nHost: 127.0.0.1\r\n" + header + b"\r\n"
        await client.send(head)
        if is_long_poll:
            await until_polling(api, 1)
            api.offer(EVENT)
        status, headers, body = await client.answer()
        assert (status, body) == (200, EVENT.body)
        assert ("Connection" in headers) is not keeps
        if keeps:
            assert (await client.ask(NEXT))[0] == 200
        else:
            assert headers["Connection"] == "close"
            assert await client.is_cut()

    run(scenario)


def test_bodies_come_in_chunks_and_byte_by_byte():
    async def scenario(api, connect):
        replies = replies_of(api)
        client = await connect()
        api.offer(EVENT)
        await client.ask(NEXT)
        head = b"POST /runtime/invocation/response HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n"
        for number in head + b"3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\n\r\n":
            await client.send(bytes([number]))
        assert (await client.answer())[0] == 200
        assert replies[0].body == b"abcdefg"

    run(scenario)


@pytest.mark.parametrize("extra", [0, 1])
def test_a_client_that_asks_whether_it_may_send_is_told(extra):
    async def scenario(api, connect):
        replies = replies_of(api)
        client = await connect()
        api.offer(EVENT)
        await client.ask(NEXT)
        body = bytes(6 * MIB + extra)
        request = post(b"invocation/response", body, b"Expect: 100-continue\r\n")
        first = await client.ask(request[: -len(body)])
        if extra:
            assert (first[0], first[1]["Connection"]) == (413, "close")
            assert (replies[0].body, replies[0].is_cut) == (b"", True)
        else:
            assert first[0] == 100
            assert (await client.ask(body))[0] == 200
            assert len(replies[0].body) == 6 * MIB

    run(scenario)


def test_a_client_that_does_not_ask_is_heard_out_before_the_connection_ends():
    async def scenario(api, connect):
        client = await connect()
        api.offer(EVENT)
        await client.ask(NEXT)
        await client.send(post(b"invocation/response", bytes(20 * MIB)))
        assert (await client.answer())[0] == 413

    run(scenario)


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
        (b"hello\r\n\r\n", 400),
        (b"POST /runtime/init/ready HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST /runtime/init/ready HTTP/1.1\r\nContent-Length: 1_0\r\n\r\n", 400),
        (b"POST /runtime/init/ready HTTP/1.1\r\nContent-Length: " + b"9" * 40 + b"\r\n\r\n", 400),
        (b"POST /runtime/init/ready HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
        (b"GET /" + b"x" * 20_000, 431),
        (b"GET / HTTP/1.1\r\nX: " + b"x" * 20_000, 431),
        (b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 4_000, 431),
    ],
    ids=str,
)
def test_bytes_that_are_no_good_are_refused(data, status):
    async def scenario(api, connect):
        client = await connect()
        got, headers, body = await client.ask(data)
        assert (got, headers["Connection"]) == (status, "close")
        assert body.endswith(b".\n")
        assert not api.ready.done()

    run(scenario)


def test_a_body_whose_signs_never_end_is_refused():
    async def scenario(api, connect):
        client = await connect()
        await client.send(b"POST /runtime/init/ready HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1;")
        await client.send(b"x" * (13 * MIB))
        assert (await client.answer())[0] == 431

    run(scenario)


def test_a_request_behind_one_that_waits_is_answered_in_its_turn():
    async def scenario(api, connect):
        client = await connect()
        await client.send(NEXT)
        await until_polling(api, 1)
        await client.send(post(b"init/ready"))
        api.offer(EVENT)
        assert (await client.answer())[2] == EVENT.body
        assert (await client.answer())[0] == 200

    run(scenario)


def test_a_client_that_does_not_read_fills_no_memory():
    async def scenario(api, connect):
        client = await connect()
        client.writer.transport.pause_reading()
        api.offer(EVENT._replace(body=bytes(6 * MIB)))
        await client.send(NEXT * 200)
        await until(lambda: api._connections)
        (connection,) = api._connections._open
        await until(lambda: connection._is_clogged)
        await asyncio.sleep(0.05)
        assert connection._transport.get_write_buffer_size() < 13 * MIB
        client.writer.transport.resume_reading()
        assert (await client.answer())[0] == 200

    run(scenario)


@pytest.mark.parametrize("header", [b"", b"Connection: close\r\n"])
def test_a_client_that_reads_late_gets_all_of_a_large_event(header):
    async def scenario(api, connect):
        client = await connect()
        client.writer.transport.pause_reading()
        api.offer(EVENT._replace(body=bytes(6 * MIB)))
        await client.send(NEXT.replace(b"\r\n\r\n", b"\r\n" + header + b"\r\n"))
        await until(lambda: any(each._transport.get_write_buffer_size() for each in api._connections._open))
        client.writer.transport.resume_reading()
        assert len((await client.answer())[2]) == 6 * MIB
        if header:
            assert await client.is_cut()
        else:
            assert len((await client.ask(NEXT))[2]) == 6 * MIB

    run(scenario)


def test_a_request_that_stops_on_the_way_is_cut(monkeypatch):
    monkeypatch.setattr(RuntimeApi, "bounds", dataclasses.replace(RuntimeApi.bounds, request_seconds=0.05))

    async def scenario(api, connect):
        client = await connect()
        assert (await client.ask(b"POST /runtime/init/ready HTTP/1.1\r\nContent-Le"))[0] == 408
        assert await client.is_cut()
        idle = await connect()
        assert (await idle.ask(post(b"init/ready")))[0] == 200
        await idle.send(NEXT)
        await asyncio.sleep(0.2)  # a long poll is no request that stopped on the way
        api.offer(EVENT)
        assert (await idle.answer())[0] == 200

    run(scenario)


def test_a_defect_of_the_server_is_no_400():
    async def scenario(api, connect):
        problems = []
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: problems.append(context["exception"]))

        def fail(reply):
            raise RuntimeError("a defect")

        api.on_reply = fail
        client = await connect()
        api.offer(EVENT)
        await client.ask(NEXT)
        await client.send(post(b"invocation/response", b"x"))
        answer = await client.answer()
        assert answer is None or answer[0] == 200
        assert await client.is_cut()
        assert [str(problem) for problem in problems] == ["a defect"]

    run(scenario)


def test_requests_that_come_in_one_piece_are_served_in_turn():
    async def scenario(api, connect):
        client = await connect()
        await client.send(post(b"init/ready", b" ") + post(b"init/ready") + NEXT)
        assert [(await client.answer())[0] for _ in range(2)] == [200, 200]
        await until_polling(api, 1)
        api.offer(EVENT)
        assert (await client.answer())[2] == EVENT.body

    run(scenario)


def test_no_more_connections_than_the_bound():
    async def scenario(api, connect):
        clients = [await connect() for _ in range(65)]
        await until(lambda: len(api._connections) == 65)
        assert (await clients[-1].ask(post(b"init/ready")))[0] == 503

    run(scenario)


def test_closing_cuts_every_connection():
    async def scenario(api, connect):
        client = await connect()
        await client.send(NEXT)
        await until_polling(api, 1)
        api.close()
        assert await client.is_cut()
        with pytest.raises(OSError):
            await connect()

    run(scenario)
