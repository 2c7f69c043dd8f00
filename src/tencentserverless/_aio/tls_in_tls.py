"""A transport inside the TLS transport to a proxy, with TLS of its own or without."""

import asyncio
import ssl

from tencentserverless._base.tls import TlsContext, TlsLayer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from tencentserverless._aio.net import Connection


class InnerTransport(asyncio.Protocol):
    """The protocol of the transport to a proxy. Once there is a tunnel in it, it is the transport of a connection."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._transport: "asyncio.Transport" = None  # type: ignore[assignment]  # until it is connected
        self._layer: "TlsLayer | None" = None
        self._connection: "Connection | None" = None
        self._received = b""  # bytes that came before there was a connection
        self._arrival: "asyncio.Future[None] | None" = None
        self._has_ended = False
        self._error: "BaseException | None" = None

    # Methods that the transport to the proxy calls.

    def connection_made(self, transport: "asyncio.BaseTransport") -> None:
        self._transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        if self._connection is not None:
            self._deliver(self._connection, data)
            return
        self._received += data
        self._wake()

    def eof_received(self) -> None:
        self._has_ended = True
        self._wake()
        if self._connection is not None:
            self._connection.eof_received()

    def connection_lost(self, exc: "BaseException | None") -> None:
        self._has_ended = True
        self._error = self._error or exc
        self._wake()
        if self._connection is not None:
            self._connection.connection_lost(self._error)

    # Methods for the time before there is a connection.

    async def send(self, data: bytes) -> None:
        """Send bytes to the proxy, or to what it has connected."""
        self._transport.write(data)

    async def receive(self) -> bytes:
        """Wait for bytes. None come after the end of the stream.

        :raises OSError: if the stream broke
        """
        while not self._received and not self._has_ended:
            self._arrival = self._loop.create_future()
            await self._arrival
        data, self._received = self._received, b""
        if not data and self._error is not None:
            raise self._error
        return data

    async def secure(self, context: TlsContext, host: str) -> None:
        """Begin TLS with the host at the end of the tunnel.

        :raises OSError: if that fails; ``ssl.CertificateError``, which is no OSError on Python 3.6, for a wrong name
        """
        layer = TlsLayer(context, host)
        while not layer.try_handshake():
            self._transport.write(layer.take_outgoing())
            layer.feed(await self.receive())
        self._transport.write(layer.take_outgoing())
        self._layer = layer

    def carry(self, connection: "Connection") -> None:
        """Become the transport of a connection."""
        self._connection = connection
        connection.connection_made(self)  # type: ignore[arg-type]  # all of a transport that it needs
        data, self._received = self._received, b""
        if data:
            self._deliver(connection, data)
        if self._has_ended:
            connection.eof_received()

    def _wake(self) -> None:
        if self._arrival is not None and not self._arrival.done():
            self._arrival.set_result(None)

    def _deliver(self, connection: "Connection", data: bytes) -> None:
        layer = self._layer
        if layer is None:
            connection.data_received(data)
            return
        layer.feed(data)
        try:
            plain, has_ended = layer.read()
        except ssl.SSLError as error:
            self._error = error
            self._transport.abort()
            return
        self._flush(layer)  # TLS may answer the peer by itself
        if plain:
            connection.data_received(plain)
        if has_ended:
            connection.eof_received()
            self._transport.close()

    def _flush(self, layer: TlsLayer) -> None:
        data = layer.take_outgoing()
        if data:
            self._transport.write(data)

    # Methods that the connection calls.

    def write(self, data: bytes) -> None:
        """Send bytes, or keep them until the socket takes them."""
        layer = self._layer
        if layer is None:
            self._transport.write(data)
            return
        left = memoryview(data)
        while left:
            left = left[layer.write(left) :]
        self._flush(layer)

    def abort(self) -> None:
        """Close at once; bytes that are still buffered are dropped."""
        self._transport.abort()

    def is_closing(self) -> bool:
        """True if it is closed, or will be."""
        return self._transport.is_closing()

    def get_write_buffer_size(self) -> int:
        """Count the bytes that the socket has not taken."""
        return self._transport.get_write_buffer_size()

    def get_extra_info(self, name: str) -> "Any":
        """Return a fact about the transport to the proxy, such as its socket."""
        return self._transport.get_extra_info(name)
