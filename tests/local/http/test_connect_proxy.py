"""The proxy: it leads to SCF's hosts alone, within bounds, and leaves nothing open."""

import asyncio
import base64
import contextlib
import dataclasses
import socket

import pytest

from tencentserverless.local.http.connect_proxy import SCF_HOSTS, ConnectProxy
from tencentserverless.local.settings import Limits

PATIENCE_SECONDS = 10


async def _upstream(reader, writer):
    """Answers each line with the same line, and ends on an empty one."""
    while (line := await reader.readline()).strip():
        writer.write(line)
        await writer.drain()
    writer.close()


def proxied(scenario, token="", **limits):
    """Run ``scenario(connect, target_port, tunnels)`` with a proxy before a server that echoes lines."""

    async def run():
        ours = asyncio.all_tasks()
        upstream = await asyncio.start_server(_upstream, "127.0.0.1", 0)
        port = upstream.sockets[0].getsockname()[1]
        listener = socket.create_server(("127.0.0.1", 0))
        address = listener.getsockname()
        tunnels = ConnectProxy(("127.0.0.1", port), dataclasses.replace(Limits(), **limits), token)
        writers = []

        async def connect(head):
            reader, writer = await asyncio.open_connection(*address)
            writers.append(writer)
            writer.write(head)
            return reader, writer

        async with tunnels.serve(listener):
            await asyncio.wait_for(scenario(connect, port, tunnels), PATIENCE_SECONDS)
        for writer in writers:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
        upstream.close()
        await asyncio.gather(*(asyncio.all_tasks() - ours))  # the upstream's ends of them

    asyncio.run(run())


def ask(name, token=""):
    password = base64.b64encode(f"scf:{token}".encode()).decode()
    header = f"Proxy-Authorization: Basic {password}\r\n" if token else ""
    return f"CONNECT {name} HTTP/1.1\r\nHost: {name}\r\n{header}\r\n".encode()


@pytest.mark.parametrize("host", [SCF_HOSTS[0], SCF_HOSTS[0].upper(), SCF_HOSTS[1], SCF_HOSTS[-1]])
def test_a_tunnel_to_a_host_of_scf_carries_bytes_both_ways(host):
    async def scenario(connect, port, tunnels):
        reader, writer = await connect(ask(f"{host}:443") + b"first\n")
        assert await reader.readline() == b"HTTP/1.1 200 Connection established\r\n"
        assert await reader.readline() == b"\r\n"
        assert await reader.readline() == b"first\n"
        large = b"x" * 60_000 + b"\n"
        for _ in range(20):
            writer.write(large)
            assert await reader.readexactly(len(large)) == large
        writer.write(b"\n")
        assert await reader.read() == b""

    proxied(scenario)


def test_a_tunnel_to_the_server_itself():
    async def scenario(connect, port, tunnels):
        for name in ("127.0.0.1", "localhost", "[::1]"):
            reader, _ = await connect(ask(f"{name}:{port}"))
            assert await reader.readline() == b"HTTP/1.1 200 Connection established\r\n"

    proxied(scenario)


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (ask("example.com:443"), 403),
        (ask("cvm.tencentcloudapi.com:443"), 403),
        (ask("scf.tencentcloudapi.com.example.com:443"), 403),
        (ask("scf.tencentcloudapi.com:22"), 403),
        (ask("scf.tencentcloudapi.com"), 403),
        (ask("127.0.0.1:22"), 403),
        (ask("169.254.169.254:80"), 403),
        (ask(":443"), 403),
        (b"CONNECT \xff\xfe:443 HTTP/1.1\r\n\r\n", 403),
        (b"GET http://scf.tencentcloudapi.com/ HTTP/1.1\r\n\r\n", 405),
        (b"CONNECT scf.tencentcloudapi.com:443\r\n\r\n", 405),
        (b"\x16\x03\x01\x00\r\n\r\n", 405),
        (b"x" * 20_000, 405),
        (b"CONNECT scf.tencentcloudapi.com:443 HTTP/1.1\r\nX: " + b"x" * 20_000, 431),
    ],
)
def test_everything_else_is_refused_in_words(head, status):
    async def scenario(connect, port, tunnels):
        reader, _ = await connect(head)
        answer = await reader.read()
        line, _, rest = answer.partition(b"\r\n")
        assert line.startswith(b"HTTP/1.1 %d The " % status)
        assert rest.endswith(line[len(b"HTTP/1.1 403 ") :] + b".\n")  # the reason is the body too

    proxied(scenario)


def test_no_more_tunnels_than_the_bound():
    async def scenario(connect, port, tunnels):
        held = [await connect(ask("scf.tencentcloudapi.com:443")) for _ in range(2)]
        for reader, _ in held:
            assert b"200" in await reader.readline()
        reader, _ = await connect(ask("scf.tencentcloudapi.com:443"))
        assert b"503" in await reader.readline()
        held[0][1].close()
        while True:  # its place is free soon
            reader, _ = await connect(ask("scf.tencentcloudapi.com:443"))
            if b"200" in await reader.readline():
                break

    proxied(scenario, tunnels=2)


def test_a_silent_tunnel_is_cut():
    async def scenario(connect, port, tunnels):
        reader, _ = await connect(ask("scf.tencentcloudapi.com:443"))
        assert (await reader.read()).startswith(b"HTTP/1.1 200")  # to its end

    proxied(scenario, tunnel_idle_seconds=0.1)


def test_a_head_that_never_ends_is_cut(monkeypatch):
    monkeypatch.setattr(ConnectProxy, "bounds", dataclasses.replace(ConnectProxy.bounds, request_seconds=0.1))

    async def scenario(connect, port, tunnels):
        reader, _ = await connect(b"CONNECT scf")
        assert (await reader.read()).startswith(b"HTTP/1.1 408 The request did not arrive whole in time\r\n")

    proxied(scenario)


def test_open_tunnels_end_with_the_server():
    async def scenario(connect, port, tunnels):
        reader, _ = await connect(ask("scf.tencentcloudapi.com:443"))
        assert b"200" in await reader.readline()
        scenario.reader = reader

    proxied(scenario)


def test_nobody_behind_it():
    async def run():
        with socket.create_server(("127.0.0.1", 0)) as gone:
            target = gone.getsockname()
        listener = socket.create_server(("127.0.0.1", 0))
        address = listener.getsockname()
        async with ConnectProxy(target, Limits()).serve(listener):
            reader, writer = await asyncio.open_connection(*address)
            writer.write(ask("scf.tencentcloudapi.com:443"))
            assert (await reader.read()).startswith(b"HTTP/1.1 502 The TLS server of the local SCF can't be reached")
            writer.close()

    asyncio.run(run())


def test_functions_reach_scf_here_and_every_other_host_where_it_is():
    async def scenario(connect, port, tunnels):
        other = await asyncio.start_server(lambda _, writer: (writer.write(b"other\n"), writer.close()), "127.0.0.1", 0)
        async with other:
            reader, writer = await connect(ask("scf.tencentcloudapi.com:443", "secret") + b"here\n")
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
            assert await reader.readline() == b"here\n"
            writer.write(b"\n")
            reader, _ = await connect(ask(f"localhost:{other.sockets[0].getsockname()[1]}", "secret"))
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
            assert await reader.readline() == b"other\n"

    proxied(scenario, token="secret")


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (ask("scf.tencentcloudapi.com:443"), 407),
        (ask("scf.tencentcloudapi.com:443", "guess"), 407),
        (ask("example.com", "secret"), 400),
        (ask(":443", "secret"), 400),
        (ask("localhost:1", "secret"), 502),
    ],
)
def test_what_the_proxy_of_functions_refuses(head, status):
    async def scenario(connect, port, tunnels):
        reader, _ = await connect(head)
        assert (await reader.read()).startswith(b"HTTP/1.1 %d " % status)

    proxied(scenario, token="secret")
