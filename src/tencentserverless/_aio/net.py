"""Transports of the asynchronous client: exchange one request for one response. ``opening`` makes the connections.

A request is handed to the transport in one piece; from then on there is no proof that it stayed here, so every failure
after that is MAYBE.
"""

import asyncio
import os
import select
import socket
from weakref import WeakSet

from tencentserverless._base import sockets
from tencentserverless._base.runtime import monotonic
from tencentserverless._core.bodies import BadResponse
from tencentserverless._core.http11 import Response, ResponseReader
from tencentserverless.models import Verdict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

    from tencentserverless._base.tls import TlsContext
    from tencentserverless._core.pool import Slot
    from tencentserverless.config import Origin

    Loop = asyncio.AbstractEventLoop

_poll: "Any" = getattr(select, "poll", None)  # Windows has none
_POLLIN: int = getattr(select, "POLLIN", 1)
_BUFFER_BYTES = 16384
_PIECE_BYTES = 65536

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
        self._write: "Callable[[bytes | memoryview], None]" = None  # type: ignore[assignment]  # likewise
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
        self._write = transport.write
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
        if response is not None:
            answer.set_result(response)
        elif self.has_handed_over:
            answer.set_exception(sockets.lost_answer(self.origin, self._reader, exc))
        else:
            fault = exc or "the connection was closed"
            answer.set_exception(sockets.wire_failure(self.origin, "sending to", fault, Verdict.NO))

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
        try:
            return not self._transport.is_closing() and self._transport.get_write_buffer_size() > 0
        except AttributeError:  # before Python 3.11, a TLS transport that has ended has no transport below it
            return False

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
        if len(request) <= _PIECE_BYTES:
            self._write(request)
        else:
            self.has_handed_over = self._write_pieces(request)
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

    def _write_pieces(self, request: bytes) -> bool:
        """Write a large request. A transport of TLS counts as held only what it got while its socket was full.

        :return: False if the connection broke before the transport had the last byte
        """
        left = memoryview(request)
        while left:
            if self._transport.is_closing():  # it would drop each further piece, and log a warning
                return False
            self._write(left[:_PIECE_BYTES])
            left = left[_PIECE_BYTES:]
        return True

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


class TlsConnection(Connection):
    """Becomes a ``Connection`` with the peer's first bytes, so that later reads need not ask if the session is kept.

    :param context: keeps the session
    """

    def __init__(self, origin: "Origin", loop: "Loop", context: "TlsContext") -> None:
        super().__init__(origin, loop)
        self._context = context

    def data_received(self, data: bytes) -> None:
        self.__class__ = Connection  # of the same layout
        self._context.note_answer(self.origin.host, self._transport.get_extra_info("ssl_object"))
        self.data_received(data)

    def connection_lost(self, exc: "BaseException | None") -> None:
        if self._answer is not None:
            self._context.forget(self.origin.host)
        super().connection_lost(exc)


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
