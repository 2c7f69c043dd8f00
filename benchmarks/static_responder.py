"""The responder if nginx is not installed: one thread, epoll, prebuilt answers. The results name the responder.

python static_responder.py PLAIN_PORT TLS_PORT CLOSING_TLS_PORT CERTIFICATE KEY
"""

from __future__ import annotations

import select
import socket
import ssl
import sys
from pathlib import Path

if __package__:
    from benchmarks.responder import ANSWER, HOST
else:
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    from benchmarks.responder import ANSWER, HOST

HEAD = """HTTP/1.1 200 OK
Server: static
Content-Type: application/json
Content-Length: {}
Connection: {}

""".replace("\n", "\r\n")


def build_answer(connection: str) -> bytes:
    """Build the answer with this Connection header."""
    return (HEAD.format(len(ANSWER), connection) + ANSWER).encode("ascii")


KEEPING = build_answer("keep-alive")
CLOSING = build_answer("close")
WOULD_BLOCK = (BlockingIOError, ssl.SSLWantReadError)


class Client:
    """One connection, and the received part of a request."""

    def __init__(self, sock: socket.socket, answer: bytes) -> None:
        self.sock = sock
        self.answer = answer
        self.data = b""
        self.is_ready = not isinstance(sock, ssl.SSLSocket)

    def step(self) -> bool:
        """Read and reply without waiting. False if the connection has ended."""
        try:
            if not self.is_ready:
                assert isinstance(self.sock, ssl.SSLSocket)
                self.sock.do_handshake()
                self.is_ready = True
            more = self.sock.recv(65536)
            while isinstance(self.sock, ssl.SSLSocket) and self.sock.pending():  # epoll cannot see these bytes
                more += self.sock.recv(65536)
        except WOULD_BLOCK:
            return True
        except OSError:
            return False
        if not more:
            return False
        self.data += more
        return self.reply()

    def reply(self) -> bool:
        """Answer every complete request; large ones come in parts."""
        while True:
            head, blank, rest = self.data.partition(b"\r\n\r\n")
            if not blank:
                return True
            length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0] or 0)
            if len(rest) < length:
                return True
            self.data = rest[length:]
            self.sock.send(self.answer)
            if self.answer is CLOSING:
                return False


class Server:
    """The server: all connections of all ports."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        self._epoll = select.epoll()
        self._listeners: dict[int, tuple[socket.socket, bool, bytes]] = {}
        self._clients: dict[int, Client] = {}

    def listen(self, port: int, is_tls: bool, answer: bytes) -> None:
        """Listen on this port."""
        listener = socket.create_server((HOST, port), backlog=1024)
        listener.setblocking(False)
        self._listeners[listener.fileno()] = (listener, is_tls, answer)
        self._epoll.register(listener, select.EPOLLIN)

    def serve(self) -> None:
        """Serve until this process is stopped."""
        while True:
            for fileno, _ in self._epoll.poll():
                client = self._clients.get(fileno)
                if client is None:
                    self.accept(fileno)
                elif not client.step():
                    del self._clients[fileno]
                    self._epoll.unregister(fileno)
                    client.sock.close()

    def accept(self, fileno: int) -> None:
        """Accept a connection."""
        listener, is_tls, answer = self._listeners[fileno]
        try:
            sock, _ = listener.accept()
        except OSError:
            return
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if is_tls:
            sock = self._context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
        self._clients[sock.fileno()] = Client(sock, answer)
        self._epoll.register(sock, select.EPOLLIN)


def main(plain: str, tls: str, closing: str, certificate: str, key: str) -> None:
    """Serve the three ports."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = Server(context)
    server.listen(int(plain), False, KEEPING)
    server.listen(int(tls), True, KEEPING)
    server.listen(int(closing), True, CLOSING)
    server.serve()


if __name__ == "__main__":
    main(*sys.argv[1:])
