"""The transport inside a transport to a proxy: bytes and ends that come before there is a connection, and after."""

import asyncio
import os
import socket
import ssl

import pytest

from tencentserverless._aio.net import Connection
from tencentserverless._aio.tls_in_tls import InnerTransport
from tencentserverless._base.tls import TlsContext, tls_context
from tencentserverless.config import Origin
from tencentserverless.exception import NetworkError
from tencentserverless.models import Verdict
from tests.peer import ok
from tests.proof.campaign import run_on_new_loop

trustme = pytest.importorskip("trustme")
ORIGIN = Origin("scf.example", 443, True)


async def open_pair():
    """A transport over a real socket, and the other end of that."""
    loop = asyncio.get_event_loop()
    near, far = socket.socketpair()
    far.setblocking(False)
    _, inner = await loop.create_connection(lambda: InnerTransport(loop), sock=near)
    return loop, inner, far


def test_bytes_that_came_before_the_connection_are_its_own():
    async def main():
        loop, inner, far = await open_pair()
        with far:
            await inner.send(b"ping")
            assert await loop.sock_recv(far, 10) == b"ping"
            far.send(b"pong")
            assert await inner.receive() == b"pong"
            connection = Connection(ORIGIN, loop)
            inner._received = b"too early"
            inner.carry(connection)
            assert connection.is_stale(), "they answer no request"
            inner.abort()
            await connection.closed

    run_on_new_loop(main())


def test_an_answer_passes_through_without_tls_of_its_own():
    async def main():
        loop, inner, far = await open_pair()
        with far:
            connection = Connection(ORIGIN, loop)
            inner.carry(connection)
            answer = asyncio.ensure_future(connection.exchange(b"x" * 200000, loop.time() + 20))
            got = b""
            while len(got) < 200000:
                read = await loop.sock_recv(far, 65536)
                assert read, len(got)
                got += read
            far.send(ok())
            assert (await answer).status == 200
            far.close()
            await connection.closed
            assert connection.is_stale()

    run_on_new_loop(main())


@pytest.mark.parametrize("is_damaged", [True, False])
def test_a_stream_that_breaks_in_the_middle_of_an_answer_is_maybe(is_damaged, tmp_path):
    authority = trustme.CA()
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("scf.example").configure_cert(server)
    roots = os.path.join(str(tmp_path), "roots.pem")
    authority.cert_pem.write_to_path(roots)

    async def serve(far):
        far.setblocking(True)
        loop = asyncio.get_event_loop()
        return await loop.run_in_executor(None, lambda: server.wrap_socket(far, server_side=True))

    async def main():
        loop, inner, far = await open_pair()
        serving = asyncio.ensure_future(serve(far))
        await inner.secure(tls_context(roots), "scf.example")
        with await serving as served:
            connection = Connection(ORIGIN, loop)
            inner.carry(connection)
            answer = asyncio.ensure_future(connection.exchange(b"request", loop.time() + 20))
            assert await loop.run_in_executor(None, served.recv, 100) == b"request"
            if is_damaged:
                socket.socket.sendall(served, b"\x17\x03\x03\x00\x05abcde")
            else:
                served.close()
            with pytest.raises(NetworkError) as caught:
                await answer
            assert caught.value.executed is Verdict.MAYBE
            inner.abort()
            await connection.closed

    run_on_new_loop(main())


def test_an_end_before_there_is_a_tunnel_is_no_bytes_and_a_reset_an_error():
    async def main():
        _, inner, far = await open_pair()
        far.close()
        assert await inner.receive() == b""
        inner.connection_lost(ConnectionResetError(104, "reset"))
        with pytest.raises(ConnectionResetError):
            await inner.receive()
        with pytest.raises(OSError):
            await inner.secure(TlsContext(ssl.PROTOCOL_TLS_CLIENT), "scf.example")
        inner.abort()

    run_on_new_loop(main())
