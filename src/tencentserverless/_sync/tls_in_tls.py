"""A socket that speaks TLS inside the TLS of a proxy: what ``net`` needs of a non-blocking TLS socket, and no more."""

import ssl

from tencentserverless._base.tls import TlsContext, TlsLayer, is_end

_RECORD_BYTES = 16384
_READ_BYTES = 65536


class InnerTlsSocket:
    """A TLS socket on top of a TLS socket. It raises the errors of either, and those of a socket that would block.

    :param sock: non-blocking, with its handshake done
    :param host: must be in the certificate of the inner peer
    """

    def __init__(self, sock: ssl.SSLSocket, context: TlsContext, host: str) -> None:
        self._sock = sock
        self._layer = TlsLayer(context, host)
        self._pending = b""  # encrypted bytes that the socket has not taken
        self._owed = 0  # bytes of the caller that are in them, and are not counted yet
        self.fileno = sock.fileno
        self.setsockopt = sock.setsockopt
        self.close = sock.close

    def do_handshake(self) -> None:
        """Go on with the handshake. See ``ssl.SSLSocket.do_handshake``."""
        while not self._layer.try_handshake():
            self._flush()
            self._feed()
        self._flush()

    def send(self, data: "bytes | memoryview") -> int:
        """Send the first of these bytes; call it with the same ones again after an error that it would block.

        While it has not returned for the last byte, that byte is not whole on the socket.
        """
        if not self._owed:
            self._owed = self._layer.write(memoryview(data)[:_RECORD_BYTES])
        self._flush()
        sent, self._owed = self._owed, 0
        return sent

    def recv(self, size: int) -> bytes:
        """Receive all bytes that have come, whatever the size; none at the end of the stream."""
        while True:
            data, has_ended = self._layer.read()
            if data or has_ended:
                return data
            self._flush()  # TLS may answer the peer by itself
            self._feed()

    def _feed(self) -> None:
        try:
            data = self._sock.recv(_READ_BYTES)
        except ssl.SSLError as error:
            if not is_end(error):
                raise
            data = b""
        self._layer.feed(data)

    def _flush(self) -> None:
        self._pending += self._layer.take_outgoing()
        while self._pending:
            self._pending = self._pending[self._sock.send(self._pending) :]
