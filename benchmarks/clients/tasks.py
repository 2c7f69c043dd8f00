"""Clients for asyncio. Each ``prepare`` gives a coroutine function that makes one call."""

import asyncio
import os
import ssl
import tempfile
from pathlib import Path

import libraries
import sdks
import sockets
import wire

BUFFER_BYTES = 16384


class Bare(asyncio.BufferedProtocol):
    """The floor: prebuilt requests, one future a call, the answer decoded from JSON."""

    def __init__(self):
        self._buffer = bytearray(BUFFER_BYTES)
        self._view = memoryview(self._buffer)
        self._filled = 0
        self._answer = None
        self._transport = None

    def connection_made(self, transport):
        self._transport = transport

    def get_buffer(self, sizehint):
        return self._view[self._filled :]

    def buffer_updated(self, nbytes):
        filled = self._filled + nbytes
        data = bytes(self._view[:filled])
        if data.endswith(b"}}"):  # the end of the responder's one answer
            self._filled = 0
            self._answer.set_result(data)
        else:
            self._filled = filled

    def send(self, request, answer):
        self._answer = answer
        self._transport.write(request)

    def abort(self):
        self._transport.abort()


async def connect(settings, context):
    """Open a connection with a bare protocol."""
    host = settings["host"] if context else None
    loop = asyncio.get_running_loop()
    address = settings["host"], settings["port"]
    return (await loop.create_connection(Bare, *address, ssl=context, server_hostname=host))[1]


async def open_all(settings):
    """Open as many connections as calls are in flight."""
    context = sockets.make_context(settings)
    return [await connect(settings, context) for _ in range(settings["in_flight"])]


async def prepare_floor(settings):
    """A prebuilt request on a bare BufferedProtocol; the answer is decoded from JSON."""
    loop = asyncio.get_running_loop()
    request = wire.build_request(wire.Signer(settings["authority"]))
    idle = await open_all(settings)

    async def call():
        protocol = idle.pop()
        answer = loop.create_future()
        protocol.send(request, answer)
        found = sockets.read_body(await answer)
        idle.append(protocol)
        return found

    return call


async def prepare_signing(settings):
    """The same, but it signs each request, reads the head, and looks for errors in the answer."""
    loop = asyncio.get_running_loop()
    signer = wire.Signer(settings["authority"])
    idle = await open_all(settings)

    async def call():
        protocol = idle.pop()
        answer = loop.create_future()
        protocol.send(wire.build_request(signer), answer)
        found = sockets.read_whole(await answer)
        idle.append(protocol)
        return found

    return call


async def prepare_connecting(settings):
    """A new connection for each prebuilt request, with a full handshake, the TLS context being ready."""
    loop = asyncio.get_running_loop()
    context = sockets.make_context(settings)
    request = wire.build_request(wire.Signer(settings["authority"]))

    async def call():
        protocol = await connect(settings, context)
        answer = loop.create_future()
        protocol.send(request, answer)
        found = sockets.read_body(await answer)
        protocol.abort()
        return found

    return call


async def prepare_profile(settings):
    """``AsyncClient.invoke`` with keys from the profile file, in place of explicit ones."""
    from tencentserverless.aio import AsyncClient

    home = tempfile.TemporaryDirectory(prefix="bench-home-")
    folder = Path(home.name) / ".tencentcloud"
    folder.mkdir()
    text = f"[default]\nsecret_id = {wire.SECRET_ID}\nsecret_key = {wire.SECRET_KEY}\n"
    (folder / "credentials").write_text(text)
    os.environ["HOME"] = home.name
    client = AsyncClient(wire.REGION, endpoint=settings["url"], ca_file=settings["ca_file"] or None)

    async def call(_home=home):  # which is kept as long as it is called
        return await client.invoke(wire.FUNCTION, data=wire.EVENT)

    return call


async def prepare_ours(settings):
    """``AsyncClient.invoke`` on one client."""
    from tencentserverless.aio import AsyncClient

    client = sdks.make_ours(settings, AsyncClient)

    async def call():
        return await client.invoke(wire.FUNCTION, data=wire.EVENT)

    return call


async def prepare_map(settings):
    """``AsyncClient.map`` on one client."""
    from tencentserverless.aio import AsyncClient

    client = sdks.make_ours(settings, AsyncClient)

    async def run(calls):
        async for answer in client.map(wire.FUNCTION, (wire.EVENT for _ in range(calls)), settings["in_flight"]):
            wire.check(answer)

    return run


async def prepare_aiohttp(settings):
    import aiohttp

    context = ssl.create_default_context(cafile=settings["bundle"]) if settings["tls"] else False
    session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=settings["in_flight"], ssl=context))
    signer = wire.Signer(settings["authority"])

    async def call():
        body = wire.build_body()
        async with session.post(settings["url"], data=body, headers=signer.sign(body)) as response:
            return wire.read_answer(await response.read())

    return call


async def prepare_httpx(settings):
    import httpx

    limits = httpx.Limits(max_connections=settings["in_flight"], max_keepalive_connections=settings["in_flight"])
    client = httpx.AsyncClient(limits=limits, **libraries.make_httpx_options(settings))
    signer = wire.Signer(settings["authority"])

    async def call():
        body = wire.build_body()
        response = await client.post(settings["url"], content=body, headers=signer.sign(body))
        return wire.read_answer(response.content)

    return call
