"""The head of an app's answer: as the app sent it, and as it goes on to the client. Pure."""

from tencentserverless.local.http.forwarding import answer_start
from tencentserverless.local.http.messages import Headers

_LINE_SIGNS_BYTES = 4  # the colon, a blank and the end of a header line
_LOWEST_STATUS = 100  # RFC 9110, 15
_MAX_SHOWN = 64
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

    def of_length(self, length: int) -> "AnswerHead":
        """The same head with another length of the body."""
        if length == self.length:
            return self
        head = AnswerHead()
        head.status, head.reason, head._start = self.status, self.reason, self.start  # of its own class
        for name, value in self.headers:
            head.add(name, b"%d" % length if name.lower() == b"content-length" else value)
        return head

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
