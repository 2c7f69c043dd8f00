"""What only the asyncio transport knows: bytes that it still holds cannot have arrived."""

import asyncio
import gc
import socket
import threading
import time
from multiprocessing.connection import wait

import pytest

from tencentserverless import exception
from tencentserverless._aio.net import Connection
from tencentserverless.aio import AsyncClient
from tencentserverless.config import Origin
from tencentserverless.models import Verdict
from tests.peer import KEYS, Channel, Peer, ok
from tests.proof.campaign import run_on_new_loop

BIG = "x" * 5_000_000


def serve_small_requests(channel: Channel) -> None:
    """Answer what comes whole; a big request is not read in time."""
    channel.read_request()
    channel.send(ok())
    channel.peer.released.wait(20)  # type: ignore[attr-defined]
    try:
        channel.peer.read.append(channel.read_request())  # type: ignore[attr-defined]
    except ConnectionResetError:
        channel.peer.read.append(None)  # type: ignore[attr-defined]


@pytest.fixture
def peer():
    with Peer(serve_small_requests, receive_buffer_bytes=4096) as peer:
        peer.released = threading.Event()
        peer.read = []
        yield peer


def test_a_timeout_with_bytes_on_our_side_did_not_run_and_they_never_leave(peer):
    async def main():
        async with AsyncClient(endpoint=peer.url, **KEYS) as client:
            await client.invoke("f")
            connection = client._get_pool().take_idle(client._find_target(None).origin)
            head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5000000\r\n\r\n"
            with pytest.raises(exception.DeadlineExceeded) as caught:
                await connection.exchange(head + BIG.encode(), time.monotonic() + 0.1)
            assert not connection.has_handed_over
            client._get_pool().discard(connection)
            return caught.value

    error = run_on_new_loop(main())
    peer.released.set()
    peer.wait_until(lambda peer: bool(peer.read))
    assert error.executed is Verdict.NO
    assert "while the request to {} was being sent".format(peer.address) in error.message
    assert peer.read == [None]


def test_a_cancelled_upload_did_not_run(peer):
    """The log of attempts knows it, though the caller gets its own cancellation."""
    attempts = []

    async def main():
        async with AsyncClient(endpoint=peer.url, **KEYS) as client:
            await client.invoke("f")
            call = asyncio.ensure_future(
                client.invoke("f", data=BIG, on_attempt=lambda attempt, info: attempts.append(attempt))
            )
            connection = None
            while connection is None or not connection.is_sending():
                await asyncio.sleep(0)
                connection = connection or find_connection(client)
            call.cancel()
            await asyncio.wait([call])
            assert call.cancelled()
            assert not connection.has_handed_over

    run_on_new_loop(main())
    peer.released.set()
    peer.wait_until(lambda peer: bool(peer.read))
    assert peer.read == [None]


def test_a_big_request_that_the_peer_cuts_did_not_run_and_is_not_written_on(caplog):
    """asyncio drops what is written to a broken connection, and warns of each write but the first ones."""
    cut = threading.Event()

    def answer_once_and_cut(channel: Channel) -> None:
        channel.read_request()
        channel.send(ok())
        cut.wait(20)
        channel.reset()

    async def main(peer):
        async with AsyncClient(endpoint=peer.url, **KEYS) as client:
            await client.invoke("f")
            connection = client._get_pool().take_idle(client._find_target(None).origin)
            cut.set()
            wait([connection.fileno()], 20)  # the loop does not run, and so does not see the reset
            with pytest.raises(exception.NetworkError) as caught:
                await connection.exchange(BIG.encode(), time.monotonic() + 20)
            assert not connection.has_handed_over
            client._get_pool().discard(connection)
            return caught.value

    with Peer(answer_once_and_cut) as peer:
        error = run_on_new_loop(main(peer))
    assert error.executed is Verdict.NO
    assert "sending to {}".format(peer.address) in error.message
    assert caplog.messages == []


class Closing(asyncio.Transport):
    """A transport whose peer goes away at the first write."""

    def __init__(self, sock):
        super().__init__({"socket": sock})
        self.pieces = 0

    def write(self, data):
        self.pieces += 1

    def is_closing(self):
        return self.pieces > 0

    def get_write_buffer_size(self):
        return 0


@pytest.mark.parametrize("answer", [b"HTTP/1.1 413 Too Large\r\nConnection: close\r\n\r\nno", b""])
def test_an_answer_that_ends_with_a_request_cut_short_is_taken(answer):
    async def main():
        near, far = socket.socketpair()
        with near, far:
            connection = Connection(Origin("127.0.0.1", 1, is_tls=False), asyncio.get_event_loop())
            transport = Closing(near)
            connection.connection_made(transport)
            call = asyncio.ensure_future(connection.exchange(BIG.encode(), time.monotonic() + 20))
            await asyncio.sleep(0)
            if answer:
                connection.data_received(answer)
            connection.connection_lost(None)
            await asyncio.wait([call])
            assert (transport.pieces, connection.has_handed_over) == (1, False)
            return call

    call = run_on_new_loop(main())
    if answer:
        assert call.result().status == 413
    else:
        assert call.exception().executed is Verdict.NO


def find_connection(client):
    """The connection that the client's one call has."""
    origins = {target.origin for target in client._targets.values()}
    found = [each for each in gc.get_objects() if isinstance(each, Connection) and each.origin in origins]
    return found[0] if found else None
