"""The open connections of a server, and the parts of their answers that are the same for all."""

import asyncio
import time
from email.utils import formatdate
from typing import Protocol

from tencentserverless.local.http.messages import JSON_LINES, STATUS_LINES


class Stoppable(Protocol):
    """A connection, as far as its server needs it."""

    def stop(self) -> None:
        """End an idle connection now, another one after its answers."""

    def close(self) -> None:
        """Cut the connection."""


class OpenConnections:
    """Knows every open connection, and the date of their answers."""

    def __init__(self) -> None:
        self.loop: asyncio.AbstractEventLoop = asyncio.get_running_loop()
        self._open: set[Stoppable] = set()
        self._has_none = asyncio.Event()
        self._second = 0
        self._date_line = b""
        self._json_head = b""

    def __len__(self) -> int:
        return len(self._open)

    def add(self, connection: Stoppable) -> None:
        """A client has connected."""
        self._open.add(connection)

    def discard(self, connection: Stoppable) -> None:
        """A connection has gone."""
        self._open.discard(connection)
        if not self._open:
            self._has_none.set()

    def date_line(self) -> bytes:
        """The header Date of this second."""
        if self._second != int(time.time()):
            self._look()
        return self._date_line

    def json_head(self) -> bytes:
        """The head of an answer of 200 with JSON, up to the value of its length, of this second."""
        if self._second != int(time.time()):
            self._look()
        return self._json_head

    async def stop(self, seconds: float) -> None:
        """End every connection after its answers, and cut those that are still open after some seconds."""
        for connection in list(self._open):
            connection.stop()
        alarm = self.loop.call_later(seconds, self.close)
        try:
            while self._open:
                self._has_none.clear()
                await self._has_none.wait()
        finally:
            alarm.cancel()

    def close(self) -> None:
        """Cut every connection."""
        for connection in list(self._open):
            connection.close()

    def _look(self) -> None:
        self._second = int(time.time())
        self._date_line = b"Date: %s\r\n" % formatdate(self._second, usegmt=True).encode("ascii")
        self._json_head = STATUS_LINES[200] + self._date_line + JSON_LINES + b"Content-Length: "
