"""A WebSocket connection, from the moment at which its app has taken it: bytes are carried both ways until it ends.

Source of its ends: "WebSocket" under cloud.tencent.com/document/product/583 (close codes 1000, 1010 and 1011 are a
success, others 439 from the app and 456 from the client; 455 after silence).
"""

import asyncio
from collections.abc import Callable

from tencentserverless.local.http.paired_connection import PairedConnection
from tencentserverless.local.http.websocket_frames import NO_CODE, CloseWatch

_IDLE = 455
_APP_ENDED = 439
_CLIENT_ENDED = 456
#: A close frame without a code is what the browsers' ``close()`` sends: ours.
_SUCCESSES = frozenset((1000, 1010, 1011, NO_CODE))
_CLOSING_SECONDS = 10.0  # ours: after one side's close frame, for the other's and the end of the connection


class Tunnel:
    """Two connections, until one ends or both are silent for too long.

    :param idle_seconds: the longest silence
    :param on_end: called once with the status and its words
    """

    def __init__(self, idle_seconds: float, on_end: Callable[[int, str], None]) -> None:
        self._idle_seconds = idle_seconds
        self._on_end: Callable[[int, str], None] | None = on_end
        self._loop = asyncio.get_running_loop()
        self._used_at = self._loop.time()
        self._timer: asyncio.TimerHandle | None = self._loop.call_later(idle_seconds, self._look)
        self._verdict: tuple[int, str] | None = None  # of the first close frame
        self.client: _End = _End(self, _CLIENT_ENDED, "client")
        self.app: _End = _End(self, _APP_ENDED, "app")
        self.client.other, self.app.other = self.app, self.client

    def open(self, client: asyncio.Transport, app: asyncio.Transport, first: tuple[bytes, bytes]) -> None:
        """Carry bytes from now on.

        :param first: bytes that have come already, of the client and of the app
        """
        app.set_protocol(self.app)
        self.app.connection_made(app)
        self.client.connection_made(client)
        app.resume_reading()
        for end, data in zip((self.client, self.app), first, strict=True):
            if data:
                end.data_received(data)

    def close(self) -> None:
        """Cut both connections; ``on_end`` is not called."""
        self._on_end = None
        self._stop_timer()
        for end in (self.client, self.app):
            end.cut()

    def note(self, end: "_End") -> None:
        """Bytes have come."""
        self._used_at = self._loop.time()
        if end.watch.code is not None and self._verdict is None:
            self._verdict = _judge(end)
            self._idle_seconds = min(self._idle_seconds, _CLOSING_SECONDS)
            self._stop_timer()
            self._look()

    def lose(self, end: "_End") -> None:
        """One of the connections has gone: the other one ends once it has what was written."""
        end.other.end()
        if self._on_end is None:
            return
        if self._verdict is None:
            self._verdict = (end.status, f"The {end.name} ended the WebSocket connection without a close frame")
        self._finish()

    def _look(self) -> None:
        rest_seconds = self._used_at + self._idle_seconds - self._loop.time()
        if rest_seconds > 0:
            self._timer = self._loop.call_later(rest_seconds, self._look)
            return
        if self._verdict is None:
            self._verdict = (_IDLE, f"The WebSocket connection was silent for {self._idle_seconds:g} seconds")
        self._finish()

    def _finish(self) -> None:
        on_end, self._on_end = self._on_end, None
        self._stop_timer()
        self.client.end()
        self.app.end()
        if on_end is not None and self._verdict is not None:
            on_end(*self._verdict)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class _End(PairedConnection):
    """One of the two connections.

    :ivar status: with which the invocation ends if this side ends it
    """

    other: "_End"

    def __init__(self, tunnel: Tunnel, status: int, name: str) -> None:
        super().__init__()
        self.status: int = status
        self.name: str = name
        self.watch: CloseWatch = CloseWatch()
        self._tunnel = tunnel

    def data_received(self, data: bytes) -> None:
        """Bytes for the other side."""
        super().data_received(data)
        self.watch.feed(data)
        self._tunnel.note(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """This side has ended."""
        super().connection_lost(exc)
        self._tunnel.lose(self)


def _judge(end: _End) -> tuple[int, str]:
    """The status of a connection that one side ends by a close frame."""
    code = end.watch.code
    if code in _SUCCESSES:
        return 0, ""
    return end.status, f"The {end.name} ended the WebSocket connection with the code {code}"
