"""HTTP messages: a request as it has arrived, an answer as it is sent, and the faults of what is no request.

Pure: no socket and no clock.
"""

import enum
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import NamedTuple

import httptools

from tencentserverless._core import wire

Headers = list[tuple[bytes, bytes]]

OWN_COOKIE = b"scf_dashboard_"  # the start of the names of sessions, behind a prefix with TLS
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
JSON_LINES = b"Content-Type: " + wire.CONTENT_TYPE.encode("ascii") + b"\r\n"
TEXT_LINES = b"Content-Type: text/plain\r\n"
#: Statuses without a length (RFC 9110, 8.6); that of a 304 would be the one of the answer that the client has already.
_LENGTHLESS = (204, 304)
STATUS_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus}


class BodyStream:
    """The body of a request whose site takes it in parts. What comes before ``take`` is kept.

    :param pause: called with true to have the connection read no more, with false to have it read on
    """

    def __init__(self, pause: Callable[[bool], None]) -> None:
        self.pause = pause
        self.is_whole: bool = False
        self._kept: list[bytes | None] = []
        self._on_data: Callable[[bytes | None], None] | None = None

    def take(self, on_data: Callable[[bytes | None], None]) -> None:
        """Get the body.

        :param on_data: called with each part, with an empty one behind the last, and with None if the client has gone
            before that
        """
        self._on_data = _ignore if self.is_whole else on_data
        kept, self._kept = self._kept, []
        for data in kept:
            on_data(data)

    def feed(self, data: bytes | None) -> None:
        """Give a part of the body to the site."""
        self.is_whole = self.is_whole or not data
        on_data = self._on_data
        if on_data is None:
            self._kept.append(data)
            return
        if self.is_whole:
            self._on_data = _ignore  # it may hold this stream, and be freed with it
        on_data(data)


def _ignore(data: bytes | None) -> None:
    """A part of a body that has ended."""


class Request:
    """One request.

    :ivar method: in upper case
    :ivar url: as it was sent, with letters beyond ASCII encoded
    :ivar headers: in their order, names in lower case
    :ivar body: empty until the request is whole, and where there is a ``stream``
    :ivar stream: the body in parts, where the site takes it so
    :ivar is_upgrade: true if the client offers another protocol, or asks for a tunnel by CONNECT
    :ivar version: of HTTP, such as ``1.1``
    :ivar keeps: true if the client lets the connection stay open behind the answer
    :ivar found: what a site has found out about it when it judged its head
    :ivar drops_trailers: true if what stands behind the body is dropped; else a request that has such is refused
    """

    __slots__ = (
        "body",
        "drops_trailers",
        "found",
        "headers",
        "is_upgrade",
        "keeps",
        "method",
        "stream",
        "url",
        "version",
    )

    def __init__(self, method: str, url: bytes, headers: Headers, *, is_upgrade: bool = False) -> None:
        self.method: str = method
        self.url: bytes = url
        self.headers: Headers = headers
        self.body: bytes = b""
        self.stream: BodyStream | None = None
        self.is_upgrade: bool = is_upgrade
        self.keeps: bool = True
        self.found: object = None
        self.drops_trailers: bool = False
        self.version: str = "1.1"

    @property
    def awaits_body(self) -> bool:
        """True while a body that comes in parts is not whole."""
        return self.stream is not None and not self.stream.is_whole

    @property
    def path(self) -> str:
        """The path alone, as it was sent; that of CONNECT is the host and its port, that of a broken URL all of it."""
        return self._split()[0].decode("latin-1")

    @property
    def query(self) -> bytes:
        """The part behind the question mark."""
        return self._split()[1]

    def header(self, name: bytes) -> bytes:
        """The value of a header, empty if there is none.

        :param name: in lower case
        """
        for each, value in self.headers:
            if each == name:
                return value
        return b""

    def _split(self) -> tuple[bytes, bytes]:
        """Path and query. The parser of requests takes URLs that the parser of URLs does not."""
        if self.method == "CONNECT":
            return self.url, b""
        try:
            url = httptools.parse_url(self.url)
        except httptools.HttpParserInvalidURLError:
            return self.url, b""
        return url.path or b"/", url.query or b""


class Fault(enum.Enum):
    """A reason why bytes are no request that is answered."""

    NO_HTTP = "the bytes are no HTTP"
    BAD_URL = "its path or query has a character that must be encoded, as %C3%BC for the letter ü in UTF-8"
    TRAILERS = "the request has trailers"
    HEAD_TOO_LARGE = "the head is over its bound"
    BODY_TOO_LARGE = "the body is over its bound"
    TOO_SLOW = "the request did not arrive whole in time"
    CUT_SHORT = "the client ended the request before it was whole"


class Broken(NamedTuple):
    """A request that is not answered as one.

    :param request: its head, None if that never came whole
    :param limit_bytes: the bound of a body that is over it
    :param size: that the body has, or is announced with
    :param part: what has come of a head that never came whole
    """

    fault: Fault
    request: Request | None = None
    limit_bytes: int = 0
    size: str = ""
    part: Request | None = None


class Answer(NamedTuple):
    """An answer of one piece.

    :param lines: whole header lines, without the length
    :param reason: of the status line, where the usual one does not say enough
    """

    status: int
    body: bytes
    lines: bytes = JSON_LINES
    reason: str = ""


class Intake(enum.Enum):
    """A way to take a request, beside a number: the bytes that its body may have."""

    STREAM = "it is handled when its head is here; its body comes in parts"
    UPGRADE = "the offer of another protocol is taken: the request has no body"


class Refused(Exception):
    """A head is refused: the answer is sent, and the body is not read."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


@dataclass(frozen=True, slots=True)
class Bounds:
    """The bounds of every request of a listener.

    :param head_bytes: of the request line and the headers
    :param request_seconds: that a request may take to arrive whole
    :param idle_seconds: that a connection may idle between two requests
    :param serves_half_closed: true if a client that sends no more still gets its answers
    """

    head_bytes: int
    request_seconds: float
    idle_seconds: float
    serves_half_closed: bool = True


def without_own_cookies(value: bytes) -> bytes:
    """The value of a header Cookie without the sessions of dashboards, which concern no function. May be empty."""
    if OWN_COOKIE not in value:
        return value
    pairs = (pair.strip() for pair in value.split(b";"))
    return b"; ".join(pair for pair in pairs if OWN_COOKIE not in pair.partition(b"=")[0])


def head_of(answer: Answer, date_line: bytes, length: int | None, *, keeps: bool) -> bytes:
    """The head of an answer.

    :param length: of the body in bytes; None for one that comes in chunks
    :param keeps: true if the connection stays open
    """
    status_line = (
        f"HTTP/1.1 {answer.status} {answer.reason}\r\n".encode() if answer.reason else STATUS_LINES[answer.status]
    )
    if answer.status in _LENGTHLESS:
        framing = b""
    else:
        framing = b"Transfer-Encoding: chunked\r\n" if length is None else b"Content-Length: %d\r\n" % length
    end = b"\r\n" if keeps else b"Connection: close\r\n\r\n"
    return b"".join((status_line, date_line, answer.lines, framing, end))


def chunk_of(data: bytes) -> bytes:
    """A part of a body that comes in chunks."""
    return b"%x\r\n%s\r\n" % (len(data), data)
