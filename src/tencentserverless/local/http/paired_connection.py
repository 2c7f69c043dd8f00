"""One of two connections whose bytes are carried to each other."""

import asyncio
from typing import cast

from tencentserverless.local.http.last_bytes import read_last

_FAREWELL_SECONDS = 1.0  # for what was written last to leave


class PairedConnection(asyncio.Protocol):
    """A connection that is read no faster than the other one takes its bytes.

    :ivar other: the other connection, set before the first byte comes
    :ivar transport: None before the connection is there, and after its end
    """

    other: "PairedConnection"

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection is there."""
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Bytes for the other connection."""
        if self.other.transport is not None:
            self.other.transport.write(data)

    def pause_writing(self) -> None:
        """This side does not read: the other one is read no more."""
        if self.other.transport is not None:
            self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        """It does again."""
        if self.other.transport is not None:
            self.other.transport.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection has gone."""
        transport, self.transport = self.transport, None
        for data in read_last(transport, exc):
            self.data_received(data)

    def end(self) -> None:
        """End the connection once it has what was written, for which it has a moment."""
        transport = self.transport
        if transport is not None and not transport.is_closing():
            transport.close()
            asyncio.get_running_loop().call_later(_FAREWELL_SECONDS, self.cut)

    def cut(self) -> None:
        """End the connection now, if it has not ended."""
        if self.transport is not None:  # asyncio's own loop fails to abort one that has
            self.transport.abort()
