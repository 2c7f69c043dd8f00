"""Sockets: open a connection, exchange one request for one response on it.

Every socket is non-blocking, so that deadlines are exact. Only this module knows if the last byte of a request may have
left: that decides each failure's verdict.

Code that may wait is written as steps (see ``waiting``); only ``exchange``, the hot path of one call, waits itself.
"""

import os
import socket
import ssl
from time import monotonic

from tencentserverless._base import sockets
from tencentserverless._core.bodies import BadResponse
from tencentserverless._core.http11 import Response, ResponseReader
from tencentserverless._core.request import build_tunnel_request
from tencentserverless._sync.waiting import EITHER, READ, WRITE, Limit, SocketWait, wait_one
from tencentserverless.exception import ConnectError, NetworkError, ProtocolError
from tencentserverless.models import Verdict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Sequence

    from tencentserverless._base.sockets import Address
    from tencentserverless._core.pool import Slot
    from tencentserverless._sync.waiting import Steps
    from tencentserverless.config import Origin

    Mark = Callable[[str, float], None]

_READ_BYTES = 65536  # more than a TLS record, so that no decrypted byte stays in TLS's buffer, which poll cannot see
_CHOOSES_SOCKETS = hasattr(ssl.SSLContext, "sslsocket_class")  # Python 3.6 does not
_close = socket.SocketType.close  # also of a socket whose ``__init__`` a signal handler has interrupted
_WOULD_BLOCK = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class _Socket(socket.socket):
    """Closes itself without a warning: the garbage collector may finalise it before its connection."""

    __slots__ = ()

    def __del__(self) -> None:
        if self.fileno() >= 0:  # an instance may never have had a descriptor
            _close(self)


class _TlsSocket(ssl.SSLSocket):
    """Closes itself without a warning, with TLS."""

    def __del__(self) -> None:
        if self.fileno() >= 0:
            _close(self)


class Connection:
    """One open connection; lent to one call at a time."""

    __slots__ = (
        "_wait",
        "_wants_read",
        "has_handed_over",
        "idle_since",
        "idle_since_wall",
        "keep_seconds",
        "origin",
        "pid",
        "sent_at",
        "slot",
        "sock",
    )

    sock: "Any"

    def __init__(self, origin: "Origin") -> None:
        self._wants_read = False  # True if TLS waits for bytes of the peer before it sends more
        self.origin = origin
        self.pid = os.getpid()  # of the process that opened it; its forked child must not use it
        self.has_handed_over = False  # True if a send has begun that may carry the request's last byte
        self.idle_since = self.idle_since_wall = 0.0  # seconds by two clocks, set by the pool
        self.slot: "Slot | None" = None  # its slot in the pool, set by the pool
        self.sent_at = 0.0  # monotonic seconds when the request was sent, 0 before
        self.keep_seconds: "float | None" = None  # the peer's limit for an idle connection

    def use(self, sock: socket.socket) -> None:
        """Take over a connected socket."""
        self.sock = sock
        self._wait = SocketWait(sock)

    def __del__(self) -> None:
        self.close()

    def fileno(self) -> int:
        """The socket's descriptor, -1 once it is closed."""
        return self.sock.fileno()  # type: ignore[no-any-return]

    def is_stale(self) -> bool:
        """True if the peer has closed it, or sent bytes without a request."""
        if not self._wait.can_read_now():
            return False
        if not isinstance(self.sock, ssl.SSLSocket):
            return True
        try:  # TLS has messages of its own, such as a ticket for the next session
            self.sock.recv(1)
        except ssl.SSLWantReadError:
            return False
        except OSError:
            pass
        return True

    def close(self) -> None:
        """Close at once, without a TLS closing message, which could block."""
        sock = getattr(self, "sock", None)  # a signal handler may have raised before there was one
        if sock is not None:
            sock.close()

    def abort(self) -> None:
        """Close so that no buffered byte can still reach the peer."""
        if self.pid != os.getpid():
            self.close()  # a reset would end the parent's connection
        else:
            sockets.abort(self.sock)

    def exchange(self, request: bytes, deadline: float) -> Response:
        """Send the request and read its response. ``driver.call_steps`` does the same in steps.

        :raises NetworkError: with the verdict, if either fails or the deadline (monotonic seconds) passes
        """
        reader = ResponseReader()
        response: "Response | None" = None
        left = self.send_some(request)
        if left is not None:  # larger than the system's buffer
            response = wait_one(self.send_rest_steps(left, reader, deadline))
        while response is None:
            if not self._wait.can_read(deadline - monotonic()):
                raise sockets.answer_deadline(self.origin)
            response = self.read_some(reader)
        return response

    def send_rest_steps(
        self, left: "bytes | memoryview | None", reader: ResponseReader, deadline: "float | Limit"
    ) -> "Steps":
        """Send the rest of a request. Returns the response if it came before all was sent, else None."""
        while left is not None:
            ready = yield self.sock, READ if self._wants_read else EITHER, deadline
            if not ready:
                raise sockets.send_deadline(self.origin)
            # A peer may refuse a request after its head, without reading the rest (RFC 9112, 9.5).
            early = self._read_early(reader) if ready & ~WRITE and not self._wants_read else None
            if early is not None:
                return early
            try:
                left = self.send_some(left)
            except NetworkError as error:
                early = self._read_last(reader)
                if early is None:
                    raise
                self.has_handed_over = error.executed is not Verdict.NO
                return early
        return None

    def _read_early(self, reader: ResponseReader) -> "Response | None":
        """Read bytes that came before the request was sent whole. Returns the response once it is whole.

        :raises NetworkError: with NO, because the request cannot have arrived whole
        """
        try:
            return self.read_some(reader)
        except ProtocolError as error:
            error.executed = Verdict.NO
            raise
        except NetworkError as error:
            cause = error.__cause__ or "the connection was closed"
            raise sockets.wire_failure(self.origin, "sending to", cause, Verdict.NO) from error

    def _read_last(self, reader: ResponseReader) -> "Response | None":
        """Read an answer that the peer sent before it closed the connection, None if there is none."""
        try:
            return self.read_some(reader)
        except NetworkError:
            return None

    def send_some(self, left: "bytes | memoryview") -> "bytes | memoryview | None":
        """Send as many bytes as the socket takes. Returns the rest, None when all is sent.

        While there is a rest, the request cannot have arrived whole.
        """
        self.has_handed_over = True
        self._wants_read = False
        self.sent_at = 0.0
        try:
            sent = self.sock.send(left)
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
            self.sent_at = monotonic()
            return None
        self.has_handed_over = False
        return memoryview(left)[sent:]

    def read_some(self, reader: ResponseReader) -> "Response | None":
        """Read the bytes that have arrived. Returns the response once it is whole."""
        data = b""
        try:
            data = self.sock.recv(_READ_BYTES)
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

    def tunnel_steps(self, limit: Limit) -> "Steps":
        """Ask the proxy for a tunnel to the origin.

        :raises ConnectError: with the proxy's status and message, if it refuses
        """
        origin, proxy = self.origin, self.origin.proxy
        assert proxy is not None
        request = build_tunnel_request(str(origin), proxy.credentials)
        try:
            response = yield from self._exchange_tunnel_steps(request, limit)
        except NetworkError as error:
            fault = ConnectError("ClientNetworkError", "no tunnel through {!r}: {}".format(proxy, error.message))
            fault.executed = Verdict.NO
            raise fault from error
        sockets.check_tunnel(origin, response)
        self.has_handed_over = False
        self.sent_at = 0.0
        self.keep_seconds = None  # the value so far is the proxy's own

    def _exchange_tunnel_steps(self, request: bytes, limit: Limit) -> "Steps":
        reader = ResponseReader(is_tunnel=True)
        left = self.send_some(request)
        response = None if left is None else (yield from self.send_rest_steps(left, reader, limit))
        while response is None:
            if not (yield self.sock, READ, limit):
                raise sockets.answer_deadline(self.origin)
            response = self.read_some(reader)
        return response

    def secure_steps(self, limit: Limit) -> "Steps":
        """Begin TLS, and check the peer's certificate and name.

        :raises ConnectError: with the name of the check that failed
        """
        origin = self.origin
        try:
            context = sockets.tls_context(origin.ca_file)
            host: "str | bytes" = origin.host
            if _CHOOSES_SOCKETS:
                context.sslsocket_class = _TlsSocket
                host = origin.host.encode(
                    "ascii"
                )  # so no IDNA codec is loaded; another thread may fork in the middle of that
            self.sock.getpeername()  # if the peer is gone, this raises; wrap_socket would lose the descriptor
            self.use(context.wrap_socket(self.sock, server_hostname=host, do_handshake_on_connect=False))
            while True:
                try:
                    self.sock.do_handshake()
                    return
                except _WOULD_BLOCK as blocked:
                    is_writing = isinstance(blocked, ssl.SSLWantWriteError)
                if not (yield self.sock, WRITE if is_writing else READ, limit):
                    raise sockets.late_failure(origin, "TLS handshake")
        # On Python 3.6 a wrong host name is a ValueError.
        except (OSError, ssl.CertificateError) as error:
            if sockets.is_foreign(error, _HERE):
                raise
            raise sockets.connect_failure(origin, "make a secure connection to", error) from error


def open_steps(origin: "Origin", addresses: "Sequence[Address]", limit: Limit, mark: "Mark") -> "Steps":
    """Open a connection to known addresses: connect, tunnel, TLS. No byte of a request is sent.

    :param limit: the connection must be made before it
    :raises ConnectError: if it is not
    """
    mark("resolve", monotonic())
    connection = Connection(origin)
    yield from _connect_steps(connection, addresses, limit)
    mark("connect", monotonic())
    try:
        if origin.proxy is not None:
            yield from connection.tunnel_steps(limit)
            mark("tunnel", monotonic())
        if origin.is_tls:
            yield from connection.secure_steps(limit)
            mark("tls", monotonic())
    except BaseException:
        connection.abort()
        raise
    return connection


def _connect_steps(connection: Connection, addresses: "Sequence[Address]", limit: Limit) -> "Steps":
    """Connect to the first address that answers; each address gets a share of the time that is left."""
    origin = connection.origin
    failure = None
    for index, (family, kind, protocol, _, address) in enumerate(addresses):
        now = monotonic()
        share = limit.share(now + (limit.at - now) / (len(addresses) - index))
        try:
            connection.use(_Socket(family, kind, protocol))
        except OSError as error:  # a family that this machine does not have
            failure = sockets.connect_failure(origin, "connect to", error)
            continue
        try:
            yield from _connect_socket_steps(connection, address, share)
            return
        except OSError as error:
            connection.close()
            if sockets.is_foreign(error, _HERE):
                raise
            failure = sockets.connect_failure(origin, "connect to", error)
        except BaseException:
            connection.close()
            raise
    if failure is None or limit.at <= monotonic():
        raise sockets.late_failure(origin, "connect") from failure
    raise failure


def _connect_socket_steps(connection: Connection, address: "Any", limit: Limit) -> "Steps":
    sock = connection.sock
    sock.setblocking(False)
    sockets.set_options(sock)
    started = monotonic()
    try:
        sock.connect(address)
        return
    except (BlockingIOError, InterruptedError):
        pass
    if not (yield sock, WRITE, limit):
        raise TimeoutError("no answer within {:.1f} s".format(max(0.0, limit.at - started)))
    code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if code:
        raise sockets.system_error(code)


_HERE = open_steps.__code__.co_filename
