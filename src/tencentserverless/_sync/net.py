"""Sockets, blocking face: open a connection, exchange one request for one response on it.

Every socket is non-blocking and waited for with one kept poll object, so that deadlines are exact. Only here is it
known whether the last byte of a request can have left: that knowledge is each failure's verdict.

What may wait is written as steps where a ``map`` takes it too, which waits for many sockets at once; only ``exchange``,
the hot path, is written for one caller as well.
"""

import select
import socket
import ssl
import threading
from time import monotonic

from tencentserverless._base import sockets
from tencentserverless._core.bodies import BadResponse
from tencentserverless._core.http11 import Response, ResponseReader
from tencentserverless._core.request import build_tunnel_request
from tencentserverless.exception import ConnectError, DeadlineExceeded, NetworkError
from tencentserverless.models import Verdict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Generator

    from tencentserverless._base.sockets import Address
    from tencentserverless.config import Origin

    Mark = Callable[[str, float], None]

    #: Yields what to wait for: a socket, READ or WRITE, and until when (monotonic seconds); is sent whether it is so.
    Steps = Generator[tuple[Any, int, float], bool, Any]

_poll: "Any" = getattr(select, "poll", None)  # Windows has none
_POLLIN: int = getattr(select, "POLLIN", 1)
_POLLOUT: int = getattr(select, "POLLOUT", 4)
READ, WRITE = _POLLIN, _POLLOUT  # what to wait for
_READ_BYTES = 65536  # more than a TLS record, so that no decrypted byte stays where poll cannot see it
_WOULD_BLOCK = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class _Poll:
    """Waits for one socket with a poll object that is made once."""

    __slots__ = ("_poll", "_sock", "_watched")

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._poll = _poll()
        self._watched = _POLLIN
        self._poll.register(sock, _POLLIN)

    def can_read(self, seconds: float) -> bool:
        if self._watched != _POLLIN:
            self._watch(_POLLIN)
        return bool(self._poll.poll(seconds * 1000.0 if seconds > 0 else 0))

    def can_write(self, seconds: float) -> bool:
        self._watch(_POLLOUT)
        return bool(self._poll.poll(seconds * 1000.0 if seconds > 0 else 0))

    def _watch(self, events: int) -> None:
        self._poll.modify(self._sock, events)
        self._watched = events


class _Select:
    """The same where poll is missing (Windows)."""

    __slots__ = ("_sock",)

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock

    def can_read(self, seconds: float) -> bool:
        return bool(select.select([self._sock], [], [], max(0.0, seconds))[0])

    def can_write(self, seconds: float) -> bool:
        # A refused connect shows among the exceptional conditions there.
        ready = select.select([], [self._sock], [self._sock], max(0.0, seconds))
        return bool(ready[1] or ready[2])


_Wait: "type[_Poll | _Select]" = _Poll if _poll is not None else _Select


class Connection:
    """One open connection; lent to one call at a time."""

    __slots__ = (
        "_sock",
        "_wait",
        "_wants_read",
        "has_handed_over",
        "idle_since",
        "idle_since_wall",
        "keep_seconds",
        "origin",
        "place",
        "sent_at",
    )

    def __init__(self, sock: "Any", origin: "Origin") -> None:
        self._sock = sock
        self._wait = _Wait(sock)
        self._wants_read = False  # does TLS wait for bytes of the peer before it sends more?
        self.origin = origin
        self.has_handed_over = False  # has a send begun that could carry the request's last byte?
        self.idle_since = self.idle_since_wall = 0.0  # seconds by two clocks, set by the pool
        self.place: "Any" = None  # in the pool, set by the pool
        self.sent_at = 0.0  # monotonic seconds when the request had gone out, 0 while it has not
        self.keep_seconds: "float | None" = None  # how long the peer said it keeps an idle connection

    def __del__(self) -> None:
        if hasattr(self, "_sock"):  # a signal handler may have raised before it was set
            self.close()

    def fileno(self) -> int:
        """The socket's descriptor, -1 once it is closed."""
        return self._sock.fileno()  # type: ignore[no-any-return]

    def is_stale(self) -> bool:
        """Has the peer closed it, or sent what nobody asked for?"""
        return self._wait.can_read(0)

    def close(self) -> None:
        """Close at once; no TLS farewell, which could block."""
        self._sock.close()

    def abort(self) -> None:
        """Close so that nothing buffered can still reach the peer."""
        sockets.abort(self._sock)

    def exchange(self, request: bytes, deadline: float) -> Response:
        """Send the request and read its response.

        :raises NetworkError: with the verdict, if either fails or the deadline (monotonic seconds) passes
        """
        self.sent_at = 0.0
        left = self._send_some(request)
        while left is not None:
            wait = self._wait.can_read if self._wants_read else self._wait.can_write
            if not wait(deadline - monotonic()):
                raise self._late_send()
            left = self._send_some(left)
        self.sent_at = monotonic()
        reader = ResponseReader()
        while True:
            if not self._wait.can_read(deadline - monotonic()):
                raise sockets.answer_deadline(self.origin)
            response = self._read_some(reader)
            if response is not None:
                return response

    def exchange_steps(self, request: bytes, deadline: float, is_tunnel: bool = False) -> "Steps":
        """The same for who waits for many sockets at once."""
        self.sent_at = 0.0
        left = self._send_some(request)
        while left is not None:
            if not (yield self._sock, READ if self._wants_read else WRITE, deadline):
                raise self._late_send()
            left = self._send_some(left)
        self.sent_at = monotonic()
        reader = ResponseReader(is_tunnel)
        while True:
            if not (yield self._sock, READ, deadline):
                raise sockets.answer_deadline(self.origin)
            response = self._read_some(reader)
            if response is not None:
                return response

    def _send_some(self, left: "bytes | memoryview") -> "bytes | memoryview | None":
        """Send what the socket takes. Returns what is left to send when it takes bytes again, None when all has gone.

        While bytes are left, nothing whole can have arrived.
        """
        self.has_handed_over = True
        self._wants_read = False
        try:
            sent = self._sock.send(left)
        except _WOULD_BLOCK as error:
            if sockets.is_foreign(error, _HERE):
                raise
            self.has_handed_over = False
            self._wants_read = isinstance(error, ssl.SSLWantReadError)
            return left
        except OSError as error:
            if sockets.is_foreign(error, _HERE):
                raise
            proven = sockets.failed_in_kernel(error)
            executed = Verdict.NO if proven else Verdict.MAYBE
            raise sockets.wire_failure(self.origin, "sending to", error, executed) from error
        if sent == len(left):
            return None
        self.has_handed_over = False
        return memoryview(left)[sent:]

    def _late_send(self) -> DeadlineExceeded:
        message = "the timeout passed while the request to {} was being sent".format(self.origin)
        return DeadlineExceeded("ClientNetworkError", message, executed=Verdict.NO)

    def _read_some(self, reader: ResponseReader) -> "Response | None":
        """Read what has arrived: the response once it is whole."""
        data = b""
        try:
            data = self._sock.recv(_READ_BYTES)
            response = reader.feed(data) if data else reader.finish()
        except _WOULD_BLOCK as error:
            if sockets.is_foreign(error, _HERE):
                raise
            return None
        except BadResponse as error:
            raise sockets.protocol_failure(self.origin, error, reader.start or data) from error
        except OSError as error:
            if sockets.is_foreign(error, _HERE):
                raise
            raise sockets.lost_answer(self.origin, reader, error) from error
        if response is None:
            if not data:
                raise sockets.lost_answer(self.origin, reader, None)
        elif b"keep-alive" in response.headers:
            self.keep_seconds = sockets.read_keep_seconds(response)
        return response

    def tunnel_steps(self, deadline: float) -> "Steps":
        """Ask the proxy to connect us to the origin.

        :raises ConnectError: with the proxy's status and words, if it does not
        """
        origin, proxy = self.origin, self.origin.proxy
        assert proxy is not None
        request = build_tunnel_request(str(origin), proxy.credentials)
        try:
            response = yield from self.exchange_steps(request, deadline, is_tunnel=True)
        except NetworkError as error:
            fault = ConnectError("ClientNetworkError", "no tunnel through {!r}: {}".format(proxy, error.message))
            fault.executed = Verdict.NO
            raise fault from error
        sockets.check_tunnel(origin, response)
        self.has_handed_over = False
        self.sent_at = 0.0
        self.keep_seconds = None  # which the proxy said of itself

    def secure_steps(self, deadline: float) -> "Steps":
        """Begin TLS, and check the peer's certificate and name.

        :raises ConnectError: naming the check that failed
        """
        origin = self.origin
        try:
            context = sockets.tls_context(origin.ca_file)
            self._sock.getpeername()  # where the peer is gone by now, wrap_socket would lose the descriptor
            self._sock = sock = context.wrap_socket(
                self._sock, server_hostname=origin.host, do_handshake_on_connect=False
            )
            self._wait = _Wait(sock)
            while True:
                try:
                    sock.do_handshake()
                    return
                except _WOULD_BLOCK as blocked:
                    is_writing = isinstance(blocked, ssl.SSLWantWriteError)
                if not (yield sock, WRITE if is_writing else READ, deadline):
                    raise sockets.late_failure(origin, "TLS handshake")
        # On Python 3.6 a wrong host name is a ValueError.
        except (OSError, ssl.CertificateError) as error:
            if sockets.is_foreign(error, _HERE):
                raise
            raise sockets.connect_failure(origin, "make a secure connection to", error) from error


def open_connection(origin: "Origin", deadline: float, mark: "Mark") -> Connection:
    """Connect: look up, connect, tunnel, TLS. Nothing of the request is sent.

    :param deadline: monotonic seconds by which it must stand
    :raises ConnectError: if it does not
    """
    peer = origin.proxy or origin
    addresses = _look_up(origin, peer.host, peer.port, deadline)
    return _block_on(open_steps(origin, addresses, deadline, mark))


def open_steps(origin: "Origin", addresses: "list[Address]", deadline: float, mark: "Mark") -> "Steps":
    """What follows once the addresses are known, in steps for who waits for many sockets at once."""
    mark("resolve", monotonic())
    connection = Connection((yield from _connect_steps(origin, addresses, deadline)), origin)
    mark("connect", monotonic())
    try:
        if origin.proxy is not None:
            yield from connection.tunnel_steps(deadline)
            mark("tunnel", monotonic())
        if origin.is_tls:
            yield from connection.secure_steps(deadline)
            mark("tls", monotonic())
    except BaseException:
        connection.abort()
        raise
    return connection


def _block_on(steps: "Steps") -> Connection:
    """Take the steps, waiting for each."""
    try:
        sock, what, until = next(steps)
        while True:
            waiting = _Wait(sock)
            wait = waiting.can_write if what == WRITE else waiting.can_read
            sock, what, until = steps.send(wait(until - monotonic()))
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]
    finally:
        steps.close()


def _look_up(origin: "Origin", host: str, port: int, deadline: float) -> "list[Address]":
    """The host's addresses."""
    addresses = sockets.numeric_addresses(host, port)
    if addresses:
        return addresses
    found: "list[Any]" = []
    done = threading.Event()

    def deliver(result: "Any") -> None:
        found.append(result)
        done.set()

    sockets.start_look_up(host, port, deliver)
    if not done.wait(max(0.0, deadline - monotonic())):
        raise sockets.late_failure(origin, "name lookup")
    if isinstance(found[0], BaseException):
        raise sockets.connect_failure(origin, "look up", found[0]) from found[0]
    return found[0]  # type: ignore[no-any-return]


def _connect_steps(origin: "Origin", addresses: "list[Address]", deadline: float) -> "Steps":
    """A connected socket: the first address that answers; each gets its share of the time that is left."""
    failure = None
    for index, (family, kind, protocol, _, address) in enumerate(addresses):
        until = monotonic() + (deadline - monotonic()) / (len(addresses) - index)
        try:
            sock = socket.socket(family, kind, protocol)
        except OSError as error:  # a family that this machine does not have
            failure = sockets.connect_failure(origin, "connect to", error)
            continue
        try:
            yield from _connect_socket_steps(sock, address, until)
            return sock
        except OSError as error:
            sock.close()
            if sockets.is_foreign(error, _HERE):
                raise
            failure = sockets.connect_failure(origin, "connect to", error)
        except BaseException:
            sock.close()
            raise
    if failure is None or deadline <= monotonic():
        raise sockets.late_failure(origin, "connect") from failure
    raise failure


def _connect_socket_steps(sock: socket.socket, address: "Any", until: float) -> "Steps":
    sock.setblocking(False)
    sockets.set_options(sock)
    started = monotonic()
    try:
        sock.connect(address)
        return
    except (BlockingIOError, InterruptedError):
        pass
    if not (yield sock, WRITE, until):
        raise TimeoutError("no answer within {:.1f} s".format(max(0.0, until - started)))
    code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if code:
        raise sockets.system_error(code)


_HERE = open_connection.__code__.co_filename
