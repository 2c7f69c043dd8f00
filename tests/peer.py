"""A scriptable HTTP peer on a real loopback socket, and the answers that the API gives.

A script is a plain function of one connection: ``def script(channel): channel.read_request(); channel.send(ok("1"))``.
Without one, every request is answered. Runs on Python 3.6, for the SDK's tests run there too.
"""

import json
import socket
import struct
import threading
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ssl
    from typing import Any, Callable

KEYS = {"secret_id": "AKIDpeer", "secret_key": "the-secret-key-of-the-peer"}
WAIT_SECONDS = 10.0


def http_answer(body: "bytes | str", status: str = "200 OK", *headers: str) -> bytes:
    """The bytes of an HTTP response with a Content-Length."""
    payload = body if isinstance(body, bytes) else body.encode("utf-8")
    lines = ["HTTP/1.1 " + status, "Content-Type: application/json", "Content-Length: {}".format(len(payload))]
    return "\r\n".join([*lines, *headers, "", ""]).encode("latin-1") + payload


def result_body(ret_msg: "Any" = '"ok"', request_id: str = "req-1", **result: "Any") -> str:
    """The JSON of a successful envelope around RetMsg."""
    fields = {
        "RetMsg": ret_msg,
        "ErrMsg": "",
        "Log": "",
        "FunctionRequestId": "fn-1",
        "Duration": 1.5,
        "BillDuration": 2,
        "MemUsage": 1048576,
        "InvokeResult": 0,
    }
    fields.update(result)
    return json.dumps({"Response": {"Result": fields, "RequestId": request_id}})


def error_body(code: str, message: str = "no", request_id: str = "req-1") -> str:
    """The JSON of an API error."""
    return json.dumps({"Response": {"Error": {"Code": code, "Message": message}, "RequestId": request_id}})


def ok(ret_msg: "Any" = '"ok"', *headers: str, **result: "Any") -> bytes:
    """A whole successful answer."""
    return http_answer(result_body(ret_msg, **result), "200 OK", *headers)


def api_error(code: str, message: str = "no", *headers: str) -> bytes:
    """A whole answer with an API error."""
    return http_answer(error_body(code, message), "200 OK", *headers)


class PeerRequest:
    """A request as it arrived."""

    def __init__(self, method: str, target: str, headers: "dict[str, str]", body: bytes) -> None:
        self.method = method
        self.target = target
        self.headers = headers
        self.body = body

    @property
    def fields(self) -> "Any":
        """The body, decoded."""
        return json.loads(self.body.decode("utf-8"))


class Channel:
    """The peer's end of one connection."""

    def __init__(self, peer: "Peer", sock: "Any", number: int) -> None:
        self.peer = peer
        self.sock = sock
        self.number = number  # 1 for the first connection that was accepted
        self._buffer = b""

    def _fill(self) -> bool:
        data = self.sock.recv(65536)
        self._buffer += data
        return bool(data)

    def read_request(self) -> "PeerRequest | None":
        """The next whole request; None if the client hung up first."""
        while b"\r\n\r\n" not in self._buffer:
            if not self._fill():
                return None
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            assert name.lower() not in headers, "the header {} came twice".format(name)
            headers[name.lower()] = value.strip()
        length = int(headers.get("content-length", "0"))
        while len(self._buffer) < length:
            if not self._fill():
                return None
        body, self._buffer = self._buffer[:length], self._buffer[length:]
        method, target, version = lines[0].split(" ")
        assert version == "HTTP/1.1"
        request = PeerRequest(method, target, headers, body)
        self.peer.note(request)
        return request

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def reset(self) -> None:
        """Close with RST, not FIN."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def close(self) -> None:
        self.sock.close()

    def wait_for_end(self) -> None:
        """Wait until the client hangs up."""
        try:
            while self.sock.recv(65536):
                pass
        except OSError:
            pass


class Peer:
    """Listens on loopback until it is closed; a context manager.

    :param script: what to do with each connection
    :param answer: what to answer to each request, if there is no script
    :param tls: the server's side of TLS
    """

    def __init__(
        self,
        script: "Callable[[Channel], None] | None" = None,
        answer: "Callable[[PeerRequest], bytes] | None" = None,
        tls: "ssl.SSLContext | None" = None,
        host: str = "127.0.0.1",
        receive_buffer_bytes: int = 0,
    ) -> None:
        self._script = script or self._answer_all
        self._answer = answer or (lambda request: ok())
        self._tls = tls
        self._lock = threading.Lock()
        self._channels: "list[Channel]" = []
        self._threads: "list[threading.Thread]" = []
        self._is_closed = False
        self.requests: "list[PeerRequest]" = []
        self.defects: "list[BaseException]" = []
        self.accepts = 0
        self.most_open = 0
        self._open = 0
        self._listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        if receive_buffer_bytes:
            self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer_bytes)
        self._listener.bind((host, 0))
        self._listener.listen(256)
        self.host = host
        self.port: int = self._listener.getsockname()[1]
        self.address = "[{}]:{}".format(host, self.port) if ":" in host else "{}:{}".format(host, self.port)
        self.url = ("https://" if tls else "http://") + self.address
        thread = threading.Thread(target=self._accept, name="peer", daemon=True)
        self._threads.append(thread)
        thread.start()

    def __enter__(self) -> "Peer":
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self.close()
        if kind is None and self.defects:
            raise self.defects[0]

    def note(self, request: PeerRequest) -> None:
        with self._lock:
            self.requests.append(request)

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            if self._is_closed:
                sock.close()
                return
            with self._lock:
                self.accepts += 1
                self._open += 1
                self.most_open = max(self.most_open, self._open)
                channel = Channel(self, sock, self.accepts)
                self._channels.append(channel)
                thread = threading.Thread(target=self._serve, args=(channel,), name="peer-channel", daemon=True)
                self._threads.append(thread)
            thread.start()

    def _serve(self, channel: Channel) -> None:
        try:
            if self._tls is not None:
                # wrap_socket loses the socket if the client has reset it by then, so that is looked for first.
                channel.sock.recv(1, socket.MSG_PEEK)
                channel.sock = self._tls.wrap_socket(channel.sock, server_side=True)
            self._script(channel)
        except OSError:  # the client went away, which is its right
            pass
        except Exception as error:  # noqa: BLE001  # whatever it is, it fails the test
            self.defects.append(error)
        finally:
            channel.sock.close()
            with self._lock:
                self._open -= 1

    def _answer_all(self, channel: Channel) -> None:
        while True:
            request = channel.read_request()
            if request is None:
                return
            channel.send(self._answer(request))

    def wait_until(self, is_done: "Callable[[Peer], bool]") -> None:
        """Wait until something is true of this peer, which is what a thread of its own makes true."""
        limit = time.monotonic() + WAIT_SECONDS
        while not is_done(self):
            assert time.monotonic() < limit, "the peer waited in vain"
            time.sleep(0.002)

    @property
    def open_connections(self) -> int:
        with self._lock:
            return self._open

    def close(self) -> None:
        """Stop listening and hang up on everybody."""
        self._is_closed = True
        try:
            socket.create_connection((self.host, self.port), 5).close()  # wakes accept
        except OSError:
            pass
        self._threads[0].join(WAIT_SECONDS)
        self._listener.close()
        with self._lock:
            channels = list(self._channels)
        for channel in channels:
            try:
                channel.sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        for thread in self._threads[1:]:
            thread.join(WAIT_SECONDS)


def unused_port() -> int:
    """A port of loopback where nobody listens."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port
