"""Sockets: exchange one request for one response on a connection. ``opening`` makes the connections.

Every socket is non-blocking, so that deadlines are exact. Only this module knows if the last byte of a request may have
left: that decides each failure's verdict.

Code that may wait is written as steps (see ``waiting``); only ``exchange``, the hot path of one call, waits itself.
"""

import os
import ssl

from tencentserverless._base import sockets
from tencentserverless._base.runtime import monotonic
from tencentserverless._core.bodies import BadResponse
from tencentserverless._core.http11 import Response, ResponseReader
from tencentserverless._sync.waiting import EITHER, READ, WRITE, SocketWait, wait_one
from tencentserverless.exception import NetworkError, ProtocolError
from tencentserverless.models import Verdict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from tencentserverless._core.pool import Slot
    from tencentserverless._sync.waiting import Limit, Steps
    from tencentserverless.config import Origin

_READ_BYTES = 65536  # more than a TLS record, so that no decrypted byte stays in TLS's buffer, which poll cannot see
_WOULD_BLOCK = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class Connection:
    """One open connection; lent to one call at a time."""

    __slots__ = (
        "_wait",
        "has_handed_over",
        "idle_since",
        "idle_since_wall",
        "is_secure",
        "keep_seconds",
        "origin",
        "pid",
        "sent_at",
        "slot",
        "sock",
        "wants_read",
    )

    sock: "Any"

    def __init__(self, origin: "Origin") -> None:
        self.wants_read = False  # True if TLS waits for bytes of the peer before it sends more
        self.origin = origin
        self.pid = os.getpid()  # of the process that opened it; its forked child must not use it
        self.has_handed_over = False  # True if a send has begun that may carry the request's last byte
        self.idle_since = self.idle_since_wall = 0.0  # seconds by two clocks, set by the pool
        self.slot: "Slot | None" = None  # its slot in the pool, set by the pool
        self.sent_at = 0.0  # monotonic seconds when the request was sent, 0 before
        self.keep_seconds: "float | None" = None  # the peer's limit for an idle connection

    def use(self, sock: "Any", is_secure: bool = False) -> None:
        """Take over a connected socket.

        :param is_secure: True if it speaks TLS
        """
        self.is_secure = is_secure
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
        if not self.is_secure:
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
            ready = yield self.sock, READ if self.wants_read else EITHER, deadline
            if not ready:
                raise sockets.send_deadline(self.origin)
            # A peer may refuse a request after its head, without reading the rest (RFC 9112, 9.5).
            early = self._read_early(reader) if ready & ~WRITE and not self.wants_read else None
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
        self.wants_read = False
        self.sent_at = 0.0
        try:
            sent = self.sock.send(left)
        except _WOULD_BLOCK as error:
            if sockets.is_foreign(error):
                raise
            self.has_handed_over = False
            self.wants_read = isinstance(error, ssl.SSLWantReadError)
            return left
        except OSError as error:
            if sockets.is_foreign(error):
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
            if sockets.is_foreign(error):
                raise
            return None
        except BadResponse as error:
            raise sockets.protocol_failure(self.origin, error, reader.start or data) from error
        except OSError as error:
            if sockets.is_foreign(error):
                raise
            raise sockets.lost_answer(self.origin, reader, error) from error
        if response is None:
            if not data:
                raise sockets.lost_answer(self.origin, reader, None)
        elif b"keep-alive" in response.headers:
            self.keep_seconds = sockets.read_keep_seconds(response)
        return response
