"""Real proxies on loopback, whose tunnels all lead to one peer. They run on Python 3.6, for the SDK's tests do."""

import base64
import socket
import threading

from tests.peer import Channel, Peer

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ssl
    from typing import Any


class Tunnel(Peer):
    """A proxy whose tunnels all lead to one peer, whatever they ask for.

    :param answer: to a request with the right user
    :param takes: bytes of a client that a tunnel passes on; it reads no more
    """

    def __init__(
        self,
        target: Peer,
        user: str = "",
        answer: bytes = b"HTTP/1.1 200 Connection established\r\n\r\n",
        tls: "ssl.SSLContext | None" = None,
        takes: "int | None" = None,
    ) -> None:
        self._takes = takes
        self._target = target
        self._user = user
        self._tunnel_answer = answer
        super().__init__(self.lead, tls=tls, receive_buffer_bytes=0 if takes is None else 4096)

    def lead(self, channel: Channel) -> None:
        request = channel.read_request()
        assert request is not None
        assert request.method == "CONNECT"
        said = request.headers.get("proxy-authorization", "Basic ").partition(" ")[2]
        if base64.b64decode(said).decode("utf-8") != self._user:
            channel.send(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 12\r\n\r\nwho are you?")
            return
        channel.send(self._tunnel_answer)
        if self._tunnel_answer[8:10] == b" 2" and b"\r\n\r\n" in self._tunnel_answer:
            join(channel.sock, self._target, self._takes)


class Socks5Proxy(Peer):
    """A SOCKS5 proxy (RFC 1928, 1929). It keeps the bytes that each client said to it.

    :param reply: to the request to connect; 0 grants it
    :param surplus: bytes behind the last answer
    """

    def __init__(self, target: Peer, user: str = "", reply: int = 0, surplus: bytes = b"") -> None:
        self._target = target
        self._user = user
        self._reply = reply
        self._surplus = surplus
        self.said: "list[bytes]" = []
        self.goals: "list[tuple[bytes, int]]" = []  # an address or a name, and a port
        super().__init__(self.lead)

    def lead(self, channel: Channel) -> None:
        said = bytearray()

        def read(size: int) -> bytes:
            data = b""
            while len(data) < size:
                more = channel.sock.recv(size - len(data))
                if not more:
                    raise ConnectionError("the client hung up")
                data += more
            said.extend(data)
            return data

        try:
            if self._welcome(channel, read):
                self._connect(channel, read)
        finally:
            self.said.append(bytes(said))
        if not self._reply:
            join(channel.sock, self._target)

    def _welcome(self, channel: Channel, read: "Any") -> bool:
        version, count = read(2)
        methods = read(count)
        assert version == 5
        method = 2 if self._user else 0
        if method not in methods:
            channel.send(b"\x05\xff")
            return False
        channel.send(bytes((5, method)))
        if method == 2:
            assert read(1) == b"\x01"
            user = read(read(1)[0])
            password = read(read(1)[0])
            is_right = (user + b":" + password).decode("utf-8") == self._user
            channel.send(bytes((1, 0 if is_right else 1)))
            return is_right
        return True

    def _connect(self, channel: Channel, read: "Any") -> None:
        version, command, _, kind = read(4)
        assert (version, command) == (5, 1)
        goal = read({1: 4, 4: 16}.get(kind) or read(1)[0])
        self.goals.append((goal, int.from_bytes(read(2), "big")))
        bound = {4: b"\x04" + bytes(16), 3: b"\x03\x05bound"}.get(kind, b"\x01" + bytes(4))
        channel.send(bytes((5, self._reply, 0)) + bound + b"\x1f\x90" + self._surplus)


def join(near: "Any", target: Peer, takes: "int | None" = None) -> None:
    """Connect a socket with a peer until one of them ends."""
    with socket.create_connection((target.host, target.port)) as onward:
        back = threading.Thread(target=pump, args=(onward, near), daemon=True)
        back.start()
        pump(near, onward, takes)
        back.join(10)


def pump(source: "Any", sink: "Any", takes: "int | None" = None) -> None:
    """Pass bytes on until either side ends, or so many were passed."""
    passed = 0
    try:
        while True:
            if takes is not None and passed >= takes:
                return
            data = source.recv(65536)
            if not data:
                break
            sink.sendall(data)
            passed += len(data)
    except OSError:
        pass
    for sock in (source, sink):
        try:
            sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
