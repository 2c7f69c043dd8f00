"""A server that stands for a function URL of AuthType CAM. It judges signatures by hmac alone, with no code of ours."""

import hashlib
import hmac
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from socketserver import ThreadingMixIn
from urllib.parse import parse_qs, urlsplit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

SECRET_ID, SECRET_KEY, UIN = "AKIDtest", "key-of-the-door", "100000000001"
PREFIX = "x-scf-cam-"
WAIT_SECONDS = 20


def expect_authorization(
    method: str, path: str, query: str, headers: "dict[str, str]", body: bytes, secret_key: str = SECRET_KEY
) -> str:
    """Make the Authorization that the headers of a request call for: the words of Tencent's page, in plain steps."""
    moment = headers[PREFIX + "timestamp"]
    lines = ["content-type:" + headers["content-type"].lower(), "host:" + headers["host"]]
    lines += ["x-scf-cam-uin:" + headers[PREFIX + "uin"]]
    signed = "content-type;host;x-scf-cam-uin"
    payload = hashlib.sha256(body).hexdigest()
    canonical = "\n".join([method, path, query, *lines, "", signed, payload])
    scope_date = _date(int(moment))
    scope = scope_date + "/scf/tc3_request"
    text = "\n".join(["TC3-HMAC-SHA256", moment, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = ("TC3" + secret_key).encode()
    for part in (scope_date, "scf", "tc3_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    found = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    return "TC3-HMAC-SHA256 Credential={}/{}, SignedHeaders={}, Signature={}".format(SECRET_ID, scope, signed, found)


def _date(moment: int) -> str:
    import time

    return time.strftime("%Y-%m-%d", time.gmtime(moment))


class Knock:
    """A request that came to the door."""

    def __init__(self, method: str, target: str, headers: "dict[str, str]", body: bytes) -> None:
        self.method = method
        self.target = target
        self.headers = headers
        self.body = body
        self.cam_headers = sorted(name for name in headers if name.startswith(PREFIX) or name == "authorization")

    def is_signed(self, signs_path: bool = False, secret_key: str = SECRET_KEY) -> bool:
        if "authorization" not in self.headers or "content-type" not in self.headers:
            return False
        path, _, query = self.target.partition("?") if signs_path else ("/", "", "")
        wanted = expect_authorization(self.method, path, query, self.headers, self.body, secret_key)
        return hmac.compare_digest(wanted, self.headers["authorization"])


class Door:
    """The server. Its paths: /redirect?status=&to= redirects; /stream sends a half, and the other when it may.

    :ivar knocks: all requests, in order
    :ivar signs_path: what the door judges by
    :ivar is_open: let everybody in
    """

    def __init__(self) -> None:
        self.knocks: "list[Knock]" = []
        self.signs_path = False
        self.is_open = False
        self.secret_key = SECRET_KEY
        self.may_go_on = threading.Event()
        door = self

        class Handler(_Handler):
            pass

        Handler.door = door

        class Server(ThreadingMixIn, HTTPServer):
            daemon_threads = True

        self._server = Server(("127.0.0.1", 0), Handler)
        self.port = self._server.server_port
        self.url = "http://127.0.0.1:{}".format(self.port)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()

    def admits(self, knock: Knock) -> bool:
        return self.is_open or knock.is_signed(self.signs_path, self.secret_key)

    def close(self) -> None:
        self.may_go_on.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    door: Door

    def log_message(self, *_: "Any") -> None:
        """Say nothing."""

    def _serve(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        knock = Knock(self.command, self.path, headers, self._read_body())
        self.door.knocks.append(knock)
        if not self.door.admits(knock):
            return self._answer(401, {"admitted": False})
        url = urlsplit(self.path)
        asked = parse_qs(url.query)
        if url.path == "/redirect":
            return self._answer(int(asked["status"][0]), {}, asked["to"][0])
        if url.path == "/stream":
            return self._stream()
        return self._answer(200, {"admitted": True, "bytes": len(knock.body)})

    do_GET = do_POST = do_PUT = do_HEAD = _serve  # noqa: N815  # names of http.server

    def _read_body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b""
        while True:
            size = int(self.rfile.readline(), 16)
            body += self.rfile.read(size)
            self.rfile.readline()
            if not size:
                return body

    def _answer(self, status: int, answer: "dict[str, Any]", location: str = "") -> None:
        body = json.dumps(answer).encode()
        self.send_response(status)
        if location:
            self.send_header("Location", location)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _stream(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "8")
        self.end_headers()
        self.wfile.write(b"half")
        if self.door.may_go_on.wait(WAIT_SECONDS):
            self.wfile.write(b"half")
