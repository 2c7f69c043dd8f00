"""The socket that speaks TLS inside another stream, over a socket that is full and empty by turns."""

import os
import select
import socket
import ssl
import threading

import pytest

from tencentserverless._base.tls import tls_context
from tencentserverless._sync.tls_in_tls import InnerTlsSocket

trustme = pytest.importorskip("trustme")

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterator

AUTHORITY = trustme.CA()
WOULD_BLOCK = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)
BIG = bytes(range(256)) * 8000


class Far(threading.Thread):
    """The other end, which reads only when it may."""

    def __init__(self, sock: socket.socket, context: ssl.SSLContext) -> None:
        super().__init__(daemon=True)
        self.may_read = threading.Event()
        self.got = b""
        self._sock = sock
        self._context = context

    def run(self) -> None:
        with self._context.wrap_socket(self._sock, server_side=True) as sock:
            sock.sendall(b"hello")
            self.may_read.wait(20)
            while len(self.got) < len(BIG):
                read = sock.recv(65536)
                if not read:
                    return
                self.got += read
            sock.sendall(BIG)


@pytest.fixture
def ends(tmp_path: "os.PathLike[str]") -> "Iterator[tuple[InnerTlsSocket, Far, socket.socket]]":
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert("scf.example").configure_cert(server)
    roots = os.path.join(str(tmp_path), "roots.pem")
    AUTHORITY.cert_pem.write_to_path(roots)
    near, far_sock = socket.socketpair()
    near.setblocking(False)
    far = Far(far_sock, server)
    far.start()
    with near:
        stream: "Any" = near
        yield InnerTlsSocket(stream, tls_context(roots), "scf.example"), far, near
        far.may_read.set()
    far.join(20)
    assert not far.is_alive()


def take(near: socket.socket, act: "Any", *args: "Any") -> "Any":
    """Do it, and wait for the socket whenever it would block."""
    while True:
        try:
            return act(*args)
        except WOULD_BLOCK as blocked:
            poll = select.poll()
            poll.register(near, select.POLLIN | (0 if isinstance(blocked, ssl.SSLWantReadError) else select.POLLOUT))
            assert poll.poll(20_000)


def test_the_last_byte_is_counted_when_it_is_on_the_socket_and_no_byte_goes_twice(ends: "Any") -> None:
    """A caller repeats a send that would block, with the same bytes; until then the request is provably not whole."""
    inner, far, near = ends
    take(near, inner.do_handshake)
    assert take(near, inner.recv, 100) == b"hello"
    left = memoryview(BIG)
    try:
        while left:
            left = left[inner.send(left) :]
    except BlockingIOError:
        pass
    assert len(left) > 0
    far.may_read.set()
    while left:
        left = left[take(near, inner.send, left) :]
    got = b""
    while len(got) < len(BIG):
        got += take(near, inner.recv, 1)
    assert got == BIG
    assert far.got == BIG


def test_what_has_come_is_given_at_once_so_that_poll_tells_the_truth(ends: "Any") -> None:
    """Bytes that stayed in TLS's buffer would not wake a caller that polls the socket."""
    inner, _far, near = ends
    take(near, inner.do_handshake)
    assert take(near, inner.recv, 1) == b"hello"
    with pytest.raises(WOULD_BLOCK):
        inner.recv(1)
    assert inner.fileno() == near.fileno()


def test_an_end_is_no_bytes(ends: "Any") -> None:
    inner, _far, near = ends
    take(near, inner.do_handshake)
    take(near, inner.recv, 1)
    near.shutdown(socket.SHUT_RD)
    assert take(near, inner.recv, 1) == b""
