"""WebSocket connections: bytes go both ways, and the first close frame, or its lack, says how the invocation ends."""

import asyncio

import pytest
import uvloop

from tests.local.web.relaying import relayed, until, web_record

ASK = (
    b"GET /ws HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
TAKE = (
    b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: s3\r\n\r\n"
)
MASK = b"\x01\x02\x03\x04"


def frame(opcode, payload, mask=b""):
    """A frame; those of clients are masked."""
    size = len(payload)
    bit = 0x80 if mask else 0
    if size < 126:
        head = bytes((0x80 | opcode, bit | size))
    elif size < 65536:
        head = bytes((0x80 | opcode, bit | 126)) + size.to_bytes(2, "big")
    else:
        head = bytes((0x80 | opcode, bit | 127)) + size.to_bytes(8, "big")
    if mask:
        payload = bytes(byte ^ mask[number % 4] for number, byte in enumerate(payload))
    return head + mask + payload


def close(code=None, mask=b""):
    return frame(8, b"" if code is None else code.to_bytes(2, "big") + b"why", mask)


HELLO = frame(1, b"hello")


def websocket(**params):
    return web_record(options={"ProtocolType": "WS", "ProtocolParams": {"WSParams": params}})


async def echo(app, reader, writer):
    """Takes the offer, and sends back what comes."""
    await app.head(reader)
    writer.write(TAKE + HELLO)
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()


async def opened(connect):
    client = await connect(ASK)
    line, headers = await client.head()
    assert line == b"HTTP/1.1 101 Switching Protocols"
    assert dict(headers) == {
        b"sec-websocket-accept": b"s3",
        b"x-scf-request-id": b"id-1",
        b"connection": b"upgrade",
        b"upgrade": b"websocket",
    }
    return client


@pytest.mark.parametrize("loop", [None, uvloop.new_event_loop])
def test_bytes_go_both_ways_from_the_first_on(loop):
    async def scenario(connect, run, app):
        client = await opened(connect)
        assert await client.reader.readexactly(7) == HELLO
        for payload in (b"hi", b"x" * 1000, b"y" * 300_000):
            sent = frame(2, payload, MASK)
            client.send(sent)
            assert await client.reader.readexactly(len(sent)) == sent
        assert b"sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==" in app.heads[0]
        assert b"connection: upgrade\r\nupgrade: websocket\r\n" in app.heads[0]
        assert not run.ended

    relayed(scenario, echo, websocket(), loop_factory=loop)


@pytest.mark.parametrize(
    ("code", "status"), [(1000, 0), (1010, 0), (1011, 0), (None, 0), (1001, 456), (1008, 456), (4000, 456)]
)
def test_a_client_that_closes_ends_the_invocation_by_its_code(code, status):
    async def scenario(connect, run, app):
        client = await opened(connect)
        await client.reader.readexactly(7)
        client.send(close(code, MASK))
        await client.reader.readexactly(len(close(code, MASK)))  # the app has seen it
        client.writer.close()
        await until(lambda: run.ended)
        words = "" if status == 0 else f"The client ended the WebSocket connection with the code {code}"
        assert run.ended == [(status, words)]

    relayed(scenario, echo, websocket())


@pytest.mark.parametrize(("code", "status"), [(1000, 0), (1011, 0), (None, 0), (1012, 439)])
def test_an_app_that_closes_ends_the_invocation_by_its_code_and_the_client_gets_the_frame(code, status):
    async def serve(app, reader, writer):
        await app.head(reader)
        writer.write(TAKE + frame(1, b"hi") + close(code))

    async def scenario(connect, run, app):
        client = await opened(connect)
        assert await client.reader.read() == frame(1, b"hi") + close(code)
        await until(lambda: run.ended)
        assert run.ended[0][0] == status

    relayed(scenario, serve, websocket())


def test_the_first_close_frame_counts():
    async def serve(app, reader, writer):
        await app.head(reader)
        writer.write(TAKE)
        await reader.readexactly(len(close(4001, MASK)))
        writer.write(close(1000))

    async def scenario(connect, run, app):
        client = await opened(connect)
        client.send(close(4001, MASK))
        await client.reader.read()
        await until(lambda: run.ended)
        assert run.ended[0][0] == 456

    relayed(scenario, serve, websocket())


@pytest.mark.parametrize(("who", "status"), [("client", 456), ("app", 439)])
def test_a_connection_that_breaks_without_a_close_frame(who, status):
    async def serve(app, reader, writer):
        await app.head(reader)
        writer.write(TAKE)
        if who == "client":
            app.ended = await reader.read()

    async def scenario(connect, run, app):
        client = await opened(connect)
        if who == "client":
            client.writer.transport.abort()
            await until(lambda: hasattr(app, "ended"))
        else:
            assert await client.is_at_end()
        await until(lambda: run.ended)
        assert run.ended == [(status, f"The {who} ended the WebSocket connection without a close frame")]

    relayed(scenario, serve, websocket())


def test_silence_ends_the_invocation_and_both_connections():
    async def scenario(connect, run, app):
        client = await opened(connect)
        assert await client.reader.read() == HELLO
        assert run.ended == [(455, "The WebSocket connection was silent for 1 seconds")]
        await until(lambda: all(task.done() for task in app.tasks))

    relayed(scenario, echo, websocket(IdleTimeOut=1))


def test_a_run_that_is_stopped_cuts_both_connections():
    async def scenario(connect, run, app):
        client = await opened(connect)
        await client.reader.readexactly(7)
        run.stop(433, "Invoking task timed out after 3 seconds")
        await _ends(client)
        await until(lambda: all(task.done() for task in app.tasks))
        assert run.ended == [(433, "Invoking task timed out after 3 seconds")]

    relayed(scenario, echo, websocket())


async def _ends(client):
    try:
        assert await client.is_at_end()
    except ConnectionError:
        pass


def test_an_app_that_declines_answers_as_to_any_request_and_the_connection_ends():
    async def serve(app, reader, writer):
        await app.head(reader)
        writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno")

    async def scenario(connect, run, app):
        client = await connect(ASK + frame(1, b"too early", MASK))
        line, headers, body = await client.answer()
        assert (line, body) == (b"HTTP/1.1 403 Forbidden", b"no")
        assert dict(headers)[b"connection"] == b"close"
        assert await client.is_at_end()
        assert run.ended == [(0, "")]

    relayed(scenario, serve, websocket())


def test_an_offer_with_a_body_is_no_offer():
    async def serve(app, reader, writer):
        head = await app.head(reader)
        assert b"upgrade" not in head
        assert await reader.readexactly(2) == b"hi"
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    async def scenario(connect, run, app):
        client = await connect(ASK[:-2] + b"Content-Length: 2\r\n\r\nhi")
        assert (await client.answer())[0] == b"HTTP/1.1 200 OK"

    relayed(scenario, serve, websocket())


def test_a_side_that_does_not_read_stops_the_other():
    part = frame(2, b"x" * 65536)
    size = 500 * len(part)

    async def serve(app, reader, writer):
        await app.head(reader)
        writer.write(TAKE)
        app.sent = 0
        while app.sent < size:
            writer.write(part)
            await writer.drain()
            app.sent += len(part)

    async def scenario(connect, run, app):
        client = await opened(connect)
        client.writer.transport.pause_reading()
        tunnel = run.invocations[0].exchange._tunnel
        await until(lambda: not tunnel.app.transport.is_reading())
        assert tunnel.client.transport.get_write_buffer_size() < 1024 * 1024
        assert app.sent < size
        client.writer.transport.resume_reading()
        assert len(await client.reader.readexactly(size)) == size

    relayed(scenario, serve, websocket())


def test_asyncio_closes_what_was_left():
    """Nothing of a tunnel is left behind when its loop ends: a warning would fail the test."""

    async def scenario(connect, run, app):
        await opened(connect)
        await asyncio.sleep(0)

    relayed(scenario, echo, websocket())
