"""Transports of the asynchronous client: open a connection, exchange one request for one response on it.

A request is handed to the transport in one piece; from then on there is no proof that it stayed here, so every failure
after that is MAYBE.
"""

import asyncio
import os
import select
import socket
import ssl
from time import monotonic
from weakref import WeakSet

from tencentserverless._base import sockets
from tencentserverless._core.bodies import BadResponse
from tencentserverless._core.http11 import Response, ResponseReader
from tencentserverless._core.request import build_tunnel_request
from tencentserverless.exception import ConnectError, NetworkError
from tencentserverless.models import Verdict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Sequence

    from tencentserverless._base.sockets import Address, LookedUp
    from tencentserverless._core.pool import Slot
    from tencentserverless.config import Origin

    Mark = Callable[[str, float], None]
    Loop = asyncio.AbstractEventLoop

_poll: "Any" = getattr(select, "poll", None)  # Windows has none
_POLLIN: int = getattr(select, "POLLIN", 1)
_BUFFER_BYTES = 16384

# asyncio's own recv(256 KiB) costs 15 microseconds a read; 3.6 has nothing better. Never inherit from both kinds:
# uvloop would take the connection for a stream.
_Base: "Any" = getattr(asyncio, "BufferedProtocol", asyncio.Protocol)


class Connection(_Base):  # type: ignore[misc]
    """One open connection; lent to one call at a time."""

    def __init__(self, origin: "Origin", loop: "Loop") -> None:
        self.origin = origin
        self.idle_since = self.idle_since_wall = 0.0  # seconds by two clocks, set by the pool
        self.slot: "Slot | None" = None  # its slot in the pool, set by the pool
        self.has_handed_over = False  # True if the request's last byte may have left, as far as the transport knows
        self.sent_at = 0.0  # monotonic seconds when the request was sent, 0 before
        self.keep_seconds: "float | None" = None  # the peer's limit for an idle connection
        self.closed: "asyncio.Future[None]" = loop.create_future()
        self._loop = loop
        self._transport: "asyncio.Transport" = None  # type: ignore[assignment]  # until it is connected
        self._buffer = memoryview(bytearray(_BUFFER_BYTES))
        self._reader = ResponseReader()
        self._answer: "asyncio.Future[Response] | None" = None
        self._is_stale = False
        self._poll: "Any" = None
        self._deadline = 0.0
        self._timer: "asyncio.TimerHandle | None" = None
        self._timer_at = 0.0

    # Methods that the transport calls.

    def connection_made(self, transport: "asyncio.Transport") -> None:
        self._transport = transport
        _open_ones.add(self)
        if _poll is not None:
            self._poll = _poll()
            self._poll.register(transport.get_extra_info("socket").fileno(), _POLLIN)

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        self.data_received(bytes(self._buffer[:nbytes]))

    def data_received(self, data: bytes) -> None:
        answer = self._answer
        if answer is None or answer.done():
            self._is_stale = True  # these bytes answer no request
            return
        try:
            response = self._reader.feed(data)
        except BadResponse as error:
            answer.set_exception(sockets.protocol_failure(self.origin, error, self._reader.start or data))
            return
        if response is not None:
            answer.set_result(response)

    def eof_received(self) -> None:
        self._is_stale = True

    def connection_lost(self, exc: "BaseException | None") -> None:
        self._is_stale = True
        if self._timer is not None:
            self._timer.cancel()
        if not self.closed.done():
            self.closed.set_result(None)
        answer = self._answer
        if answer is None or answer.done():
            return
        response = self._reader.finish() if exc is None else None
        if response is None:
            answer.set_exception(sockets.lost_answer(self.origin, self._reader, exc))
        else:
            answer.set_result(response)

    # Methods that the pool and the driver call.

    def is_stale(self) -> bool:
        """True if the peer has closed it, or sent bytes without a request. The loop may not have read them yet."""
        return self._is_stale or (self._poll is not None and bool(self._poll.poll(0)))

    def fileno(self) -> int:
        """The socket's descriptor, -1 once it is closed."""
        sock = self._transport.get_extra_info("socket")
        return -1 if sock is None else int(sock.fileno())

    def abort(self) -> None:
        """Close at once; bytes that are still buffered are dropped."""
        self._transport.abort()

    def is_sending(self) -> bool:
        """True if the transport provably holds bytes of the request, which so cannot have arrived whole."""
        return not self._transport.is_closing() and self._transport.get_write_buffer_size() > 0

    async def exchange(self, request: bytes, deadline: float) -> Response:
        """Send the request and read its response.

        :raises NetworkError: with the verdict, if either fails or the deadline (monotonic seconds) passes
        """
        self.sent_at = 0.0
        self.has_handed_over = False
        if self._is_stale:  # a new connection too may end before its first request
            fault = "the connection was closed before the request was sent"
            raise sockets.wire_failure(self.origin, "by", fault, Verdict.NO)
        self._reader = ResponseReader()
        answer = self._answer = self._loop.create_future()
        self._set_deadline(deadline)
        self.has_handed_over = True
        self._transport.write(request)
        self.sent_at = monotonic()
        try:
            response: Response = await answer
        finally:
            self._answer = None
            if self.is_sending():  # the connection is dropped, and with it the bytes in the transport
                self.has_handed_over = False
        if b"keep-alive" in response.headers:
            self.keep_seconds = sockets.read_keep_seconds(response)
        return response

    def _set_deadline(self, deadline: float) -> None:
        """Watch the deadline with one timer a connection, set anew when it fires: a timer for each call costs 5 us."""
        self._deadline = deadline
        if self._timer is not None:
            if self._timer_at <= deadline:
                return
            self._timer.cancel()
        self._timer_at = deadline
        self._timer = self._loop.call_later(max(0.0, deadline - monotonic()), self._check_deadline)

    def _check_deadline(self) -> None:
        self._timer = None
        answer = self._answer
        if answer is None or answer.done():
            return
        if monotonic() < self._deadline:
            self._set_deadline(self._deadline)
        elif self.is_sending():
            self.has_handed_over = False
            self.abort()  # at once, because the loop might send the rest before the caller runs
            answer.set_exception(sockets.send_deadline(self.origin))
        else:
            answer.set_exception(sockets.answer_deadline(self.origin))


#: The open connections of this process.
_open_ones: "WeakSet[Connection]" = WeakSet()


def _leave_parent() -> None:
    """Replace each socket of a forked child by a closed one, before any other code runs there.

    The child shares the sockets and the loop's poll list with its parent. If its copy of the loop runs on, as when
    ``sys.exit`` unwinds ``asyncio.run``, it would read the parent's answers and remove its sockets from that list.
    """
    for connection in list(_open_ones):
        fd = connection.fileno()
        if fd >= 0:
            closed_end, other = socket.socketpair()
            other.close()
            os.dup2(closed_end.fileno(), fd, inheritable=False)
            closed_end.close()
    _open_ones.clear()


if hasattr(os, "register_at_fork"):  # Python 3.7, not on Windows
    os.register_at_fork(after_in_child=_leave_parent)


async def open_connection(origin: "Origin", deadline: float, mark: "Mark") -> Connection:
    """Connect: look up, connect, tunnel, TLS. Nothing of the request is sent.

    :param deadline: monotonic seconds by which it must be made
    :raises ConnectError: if it is not
    """
    reached: "list[str]" = []

    def note(phase: str, at: float) -> None:
        reached.append(phase)
        mark(phase, at)

    opening = asyncio.ensure_future(_open(origin, deadline, note))
    try:
        await asyncio.wait([opening], timeout=max(0.0, deadline - monotonic()))
    except BaseException:
        _abandon(opening)
        raise
    if not opening.done():
        _abandon(opening)
        phases = ("name lookup", "connect", "TLS handshake" if origin.proxy is None else "tunnel or TLS handshake")
        raise sockets.late_failure(origin, phases[min(len(reached), 2)])
    return opening.result()


def _abandon(opening: "asyncio.Future[Connection]") -> None:
    """Stop opening; a connection that is made all the same is closed."""

    def drop(ended: "asyncio.Future[Connection]") -> None:
        if not ended.cancelled() and ended.exception() is None:
            ended.result().abort()

    opening.cancel()
    opening.add_done_callback(drop)


async def _open(origin: "Origin", deadline: float, mark: "Mark") -> Connection:
    loop = asyncio.get_event_loop()
    peer = origin.proxy or origin
    addresses = await _look_up(loop, origin, peer.host, peer.port)
    mark("resolve", monotonic())
    sock = await _connect(loop, origin, addresses, deadline)
    mark("connect", monotonic())
    try:
        if origin.proxy is not None:
            await _tunnel(loop, origin, sock)
            mark("tunnel", monotonic())
        context = sockets.tls_context(origin.ca_file) if origin.is_tls else None
    except BaseException:
        sock.close()
        raise
    try:
        connection = await _give_to_transport(loop, origin, sock, context)
    # On Python 3.6 a wrong host name is a ValueError.
    except (OSError, ssl.CertificateError) as error:
        raise sockets.connect_failure(origin, "make a secure connection to", error) from error
    if origin.is_tls:
        mark("tls", monotonic())
    return connection


async def _give_to_transport(
    loop: "Loop", origin: "Origin", sock: socket.socket, context: "ssl.SSLContext | None"
) -> Connection:
    """Make a transport for a connected socket, with TLS where there is a context.

    The making is never cancelled in the middle. Its transport may be closing then; if we closed the socket, a new one
    could get the same number, and the transport would use that as its own. So the socket is only shut down.
    """
    identity = _identify(sock)
    host = origin.host if context is not None else None
    make = loop.create_connection(lambda: Connection(origin, loop), sock=sock, ssl=context, server_hostname=host)
    making = asyncio.ensure_future(make)

    def drop(ended: "asyncio.Future[tuple[asyncio.Transport, Connection]]") -> None:
        if ended.cancelled():  # all tasks are cancelled when the loop ends
            return
        if ended.exception() is None:
            ended.result()[1].abort()
        elif _identify(sock) == identity:
            sock.close()
        else:  # uvloop closed the socket and left us its number, which another socket may have by now
            sock.detach()

    try:
        _, connection = await asyncio.shield(making)
        return connection
    except BaseException:
        if not making.done():
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:  # the peer has closed it already
                pass
        making.add_done_callback(drop)
        raise


def _identify(sock: socket.socket) -> int:
    """Return the system's identity of a socket, which its number is not; -1 if it is closed or has none."""
    try:
        return os.fstat(sock.fileno()).st_ino
    except OSError:
        return -1


async def _look_up(loop: "Loop", origin: "Origin", host: str, port: int) -> "Sequence[Address]":
    addresses = sockets.numeric_addresses(host, port)
    if addresses:
        return addresses
    found: "asyncio.Future[LookedUp]" = loop.create_future()

    def settle(result: "LookedUp") -> None:
        if not found.done():
            found.set_result(result)

    def deliver(result: "LookedUp") -> None:
        try:
            loop.call_soon_threadsafe(settle, result)
        except RuntimeError:  # the loop was closed while the name was looked up
            pass

    sockets.look_up(host, port, deliver)
    result = await found
    if isinstance(result, BaseException):
        raise sockets.connect_failure(origin, "look up", result) from result
    return result


async def _connect(loop: "Loop", origin: "Origin", addresses: "Sequence[Address]", deadline: float) -> socket.socket:
    """Connect a socket to the first address that answers; each address gets a share of the time that is left."""
    failure = None
    for index, (family, kind, protocol, _, address) in enumerate(addresses):
        share = (deadline - monotonic()) / (len(addresses) - index)
        sock = None
        try:
            sock = socket.socket(family, kind, protocol)
            sock.setblocking(False)
            sockets.set_options(sock)
            await asyncio.wait_for(loop.sock_connect(sock, address), share)
            return sock
        except (OSError, asyncio.TimeoutError) as error:
            if sock is not None:
                sock.close()
            failure = sockets.connect_failure(origin, "connect to", error)
        except BaseException:
            if sock is not None:
                sock.close()
            raise
    raise failure or sockets.late_failure(origin, "connect")


async def _tunnel(loop: "Loop", origin: "Origin", sock: socket.socket) -> None:
    """Ask the proxy for a tunnel to the origin, on the raw socket: Python 3.6 cannot start TLS on a transport."""
    proxy = origin.proxy
    assert proxy is not None
    reader = ResponseReader(is_tunnel=True)
    try:
        await loop.sock_sendall(sock, build_tunnel_request(str(origin), proxy.credentials))
        while True:
            data = await loop.sock_recv(sock, _BUFFER_BYTES)
            response = reader.feed(data) if data else reader.finish()
            if response is not None:
                break
            if not data:
                raise sockets.lost_answer(origin, reader, None)
    except (OSError, BadResponse, NetworkError) as error:
        words = getattr(error, "message", None) or sockets.explain(error)
        message = "no tunnel through {!r}: {}".format(proxy, words)
        raise ConnectError("ClientNetworkError", message, executed=Verdict.NO) from error
    sockets.check_tunnel(origin, response)
