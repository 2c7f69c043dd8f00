"""The head of an app's answer: as the app sent it, as it goes on to the client, and as it may come again. Pure."""

from tencentserverless.local.http.forwarding import BODILESS, answer_start
from tencentserverless.local.http.messages import Headers

_LINE_SIGNS_BYTES = 4  # the colon, a blank and the end of a header line
_LOWEST_STATUS = 100  # RFC 9110, 15
_MAX_SHOWN = 64
_LENGTH_DIGITS = 15
_END = b"\r\n"
_LENGTH_CHARS, _CODING_CHARS = len("content-length"), len("transfer-encoding")


class AnswerHead:
    """The head of an answer.

    :ivar headers: as the app sent them
    :ivar size: bytes of its headers
    :ivar length: of the body in bytes, as the app announces it; None for one that it does not
    :ivar is_chunked: true if the body comes in chunks
    :ivar coding: the value of Transfer-Encoding
    """

    __slots__ = ("_start", "coding", "headers", "is_chunked", "length", "reason", "size", "status")

    def __init__(self) -> None:
        self.status: int = 0
        self.reason: bytes = b""
        self.headers: Headers = []
        self.size: int = 0
        self.length: int | None = None
        self.is_chunked: bool = False
        self.coding: bytes = b""
        self._start: bytes | None = None

    @property
    def start(self) -> bytes:
        """The head as it goes to the client, without the platform's own lines and the framing; made once."""
        if self._start is None:
            self._start = answer_start(self.status, self.reason, self.headers)
        return self._start

    def take_start(self, other: "AnswerHead") -> None:
        """Begin as another head does that differs in the framing alone."""
        self._start = other.start

    def add(self, name: bytes, value: bytes) -> None:
        """Add a header."""
        self.headers.append((name, value))
        self.size += len(name) + len(value) + _LINE_SIGNS_BYTES
        if len(name) == _LENGTH_CHARS and name.lower() == b"content-length":
            self.length = int(value.lstrip(b"0") or b"0") if value.isdigit() else None
        elif len(name) == _CODING_CHARS and name.lower() == b"transfer-encoding":
            self.is_chunked, self.coding = True, value

    def find_fault(self) -> str:
        """Return why no client could read the answer, ``""`` if it can."""
        if self.status < _LOWEST_STATUS:
            return f"it has the status {self.status}"
        if self.coding and self.coding.strip().lower() != b"chunked":
            return f"it has the Transfer-Encoding {self.coding[:_MAX_SHOWN].decode('latin-1')!r}"
        return ""


class KnownHead:
    """A head that an app has sent, to be known again by its bytes: its next answers often differ in the length alone.

    Every other head goes to the parser, so this changes what an answer costs and nothing else.

    :param length_at: the place of the length among its headers
    """

    __slots__ = ("_before", "_behind", "_bytes", "_head", "_length_at")

    def __init__(self, head: AnswerHead, length_at: int) -> None:
        self._head = head
        self._length_at = length_at
        status_line = b"HTTP/1.1 %d %s\r\n" % (head.status, head.reason)
        lines = [b"%s: %s\r\n" % pair for pair in head.headers]
        name, value = head.headers[length_at]
        self._before: bytes = b"".join((status_line, *lines[:length_at], name, b": "))
        self._behind: bytes = b"".join((_END, *lines[length_at + 1 :], _END))
        self._bytes: bytes = self._before + value + self._behind

    def match(self, data: bytes) -> tuple[AnswerHead, int] | None:
        """Return the head that data begin with, and its size. None if it is not known, or not whole."""
        if data.startswith(self._bytes):
            return self._head, len(self._bytes)
        if not data.startswith(self._before):
            return None
        start = len(self._before)
        end = data.find(_END, start, start + _LENGTH_DIGITS + len(_END))
        if end < 0 or not data.startswith(self._behind, end) or not _is_plain(value := data[start:end]):
            return None
        self._take(value)
        return self._head, len(self._bytes)

    def _take(self, value: bytes) -> None:
        """Know the same head with another length from now on."""
        last, head = self._head, AnswerHead()
        head.status, head.reason = last.status, last.reason
        for number, (name, other) in enumerate(last.headers):
            head.add(name, value if number == self._length_at else other)
        head.take_start(last)
        self._head, self._bytes = head, self._before + value + self._behind


def know_head(head: AnswerHead, last: AnswerHead, data: bytes) -> KnownHead | None:
    """Make a head that was parsed known, if the one before it was the same.

    :param last: that one; an app that writes something new into each head is not worth the work
    :param data: that were parsed; the head has to stand at their beginning, written as most programs do
    :return: None for one that does not, or has no plain length: only the parser knows what it means
    """
    if head.length is None or head.is_chunked or head.status in BODILESS or len(head.headers) != len(last.headers):
        return None
    places = [number for number, (name, _) in enumerate(head.headers) if name.lower() == b"content-length"]
    if len(places) != 1 or not _is_plain(head.headers[places[0]][1]):
        return None
    both = zip(head.headers, last.headers, strict=True)
    if any(one != other and number != places[0] for number, (one, other) in enumerate(both)):
        return None
    known = KnownHead(head, places[0])
    return known if known.match(data) is not None else None


def _is_plain(length: bytes) -> bool:
    """True for digits as a program writes a number."""
    return length.isdigit() and len(length) <= _LENGTH_DIGITS and (length == b"0" or not length.startswith(b"0"))
