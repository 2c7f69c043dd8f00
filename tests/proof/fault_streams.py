"""What carries a request to the fault server: plain TCP, or TLS whose records the server can cut where it likes."""

import random
import socket
import ssl
import struct
import time

from tests.proof.faults import STALL_SECONDS

READ_BYTES = 65536


class Stream:
    """One accepted connection.

    :param rng: of its faults
    """

    def __init__(self, sock: socket.socket, rng: random.Random) -> None:
        self._sock = sock
        self._rng = rng
        self.is_established = False  # has a handshake ended well?

    def begin(self, wildness: float) -> bool:
        """Get ready to read. False if a fault ended the connection.

        :param wildness: the chance of such a fault
        """
        return True

    def recv(self) -> bytes:
        """The next bytes, none at the end."""
        return self._sock.recv(READ_BYTES)

    def sendall(self, data: bytes) -> None:
        self._sock.sendall(data)

    def send_part(self, data: bytes, count: int) -> None:
        """Send so many of these bytes and no more."""
        self._sock.sendall(data[:count])

    def reset(self) -> None:
        reset(self._sock)

    def close(self) -> None:
        self._sock.close()


class TlsStream(Stream):
    """TLS over memory, so that what goes out can be cut in the middle of a record.

    :param context: of the server
    """

    def __init__(self, sock: socket.socket, rng: random.Random, context: ssl.SSLContext) -> None:
        super().__init__(sock, rng)
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)

    def begin(self, wildness: float) -> bool:
        is_wild = self._rng.random() < wildness
        while True:
            try:
                self._tls.do_handshake()
                self._flush()
                self.is_established = True
                return True
            except ssl.SSLWantReadError:
                pass
            if is_wild and self._outgoing.pending:
                if not self._damage():
                    return False
                is_wild = False
            self._flush()
            if not self._fill():
                return False

    def _damage(self) -> bool:
        """Answer the client's hello wrongly. False if that ended the connection."""
        kind = self._rng.choice(("stall", "junk", "cut", "fin", "reset"))
        flight = self._outgoing.read()
        if kind == "stall":
            time.sleep(STALL_SECONDS)
            self._sock.sendall(flight)
            return True
        if kind == "junk":
            self._sock.sendall(bytes(self._rng.randrange(256) for _ in range(200)))
        elif kind == "cut":
            self._sock.sendall(flight[: self._rng.randrange(len(flight))])
        if kind == "reset" or (kind == "cut" and self._rng.random() < 0.5):
            self.reset()
        return False

    def recv(self) -> bytes:
        while True:
            try:
                return self._tls.read(READ_BYTES)
            except ssl.SSLWantReadError:
                pass
            except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
                return b""
            self._flush()
            if not self._fill():
                return b""

    def _fill(self) -> bool:
        data = self._sock.recv(READ_BYTES)
        self._incoming.write(data)
        return bool(data)

    def _flush(self) -> None:
        if self._outgoing.pending:
            self._sock.sendall(self._outgoing.read())

    def sendall(self, data: bytes) -> None:
        self._tls.write(data)
        self._flush()

    def send_part(self, data: bytes, count: int) -> None:
        if self._rng.random() < 0.5:
            self.sendall(data[:count])
            return
        self._tls.write(data)
        sealed = self._outgoing.read()
        self._sock.sendall(sealed[: len(sealed) * count // len(data)])

    def close(self) -> None:
        """Close, with a reaper in half of the cases."""
        if self.is_established and self._rng.random() < 0.5:
            try:
                self._tls.unwrap()
            except OSError:  # it would wait for the client's
                pass
            try:
                self._flush()
            except OSError:  # the client is gone
                pass
        self._sock.close()


def reset(sock: socket.socket) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def make_contexts(folder: str) -> "list[ssl.SSLContext]":
    """The server's sides of TLS, the older version last.

    :param folder: with ``server.pem``
    """
    contexts = []
    for is_old in (False, True):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        if is_old and hasattr(context, "maximum_version"):  # Python 3.6 has none
            context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(folder + "/server.pem")
        contexts.append(context)
    return contexts
