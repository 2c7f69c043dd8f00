"""A parser of HTTP/1.1 responses: takes bytes, returns a ``Response``. Strict and bounded.

RFC 9112 leaves a recipient some freedom; this parser refuses a message whose end two parsers could see differently.
Refused: a bare CR or LF, folded headers, control characters, both Content-Length and Transfer-Encoding, more than one
Content-Length, any coding but ``chunked``, an upgrade. Every size that the peer chooses has a limit.
"""

from tencentserverless._core.bodies import (
    CONTROLS,
    DIGITS,
    MAX_BODY_BYTES,
    MAX_HEAD_BYTES,
    PACKINGS,
    TOKEN,
    BadResponse,
    ChunkedBody,
    ClosedBody,
    PackedBody,
    SizedBody,
    is_made_of,
    quote,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MAX_HEADERS = 128
MAX_INFORMATIONAL = 16  # 1xx responses before the final one

_END = b"\r\n\r\n"
_MEMO_LIMIT = 256

#: Texts that were seen before, so that each is read and checked once. Bounded, because the peer chooses them. The
#: header lines that came first stay: among them are all that do not change from answer to answer.
_lines: "dict[bytes, tuple[bytes, bytes]]" = {}
_names: "dict[bytes, bytes]" = {}
_status_lines: "dict[bytes, tuple[int, int]]" = {}
#: Whole heads: under load a server sends the same head many times within a second. Heads change with the second, so the
#: table is cleared when it is full. Responses share the headers, and no code changes them.
_heads: "dict[bytes, tuple[int, dict[bytes, bytes], bool, int]]" = {}
_HEADS_LIMIT = 32


class Response:
    """A whole response.

    :ivar status: the final status, 200 to 599
    :ivar headers: values by lower-case name, as bytes; repeated headers are joined by ``, ``
    :ivar body: all of it, without chunked framing and unpacked
    :ivar reusable: True if the connection may carry another request
    """

    __slots__ = ("body", "headers", "reusable", "status")

    def __init__(self, status: int, headers: "dict[bytes, bytes]", body: bytes, reusable: bool) -> None:
        self.status = status
        self.headers = headers
        self.body = body
        self.reusable = reusable


class ResponseReader:
    """Reads one response; make a new one for each request.

    :param is_tunnel: the request was CONNECT. Any 2xx is a tunnel then, whatever its version and headers say: it has
        no body, and is ``reusable`` if no bytes came behind it (RFC 9110, 9.3.6)
    """

    __slots__ = ("_body", "_buffer", "_informational", "_is_tunnel", "_message")

    def __init__(self, is_tunnel: bool = False) -> None:
        self._is_tunnel = is_tunnel
        self._buffer: "bytes | bytearray" = b""
        self._informational = 0
        self._message: "tuple[int, dict[bytes, bytes], bool] | None" = None
        self._body: "Any" = None

    @property
    def has_begun(self) -> bool:
        """True if any byte of the response has arrived."""
        return bool(self._buffer or self._message or self._informational)

    @property
    def start(self) -> bytes:
        """The first 512 bytes of an unfinished response, for an error message."""
        return bytes(self._buffer[:512]) if self._body is None else self._body.start

    def feed(self, data: bytes) -> "Response | None":
        """Take the next bytes of the stream. Returns the response once it is whole, else None.

        :raises BadResponse: if they cannot be part of a response
        """
        body = self._body
        if body is None and not self._buffer and not self._is_tunnel:
            response = _read_known(data)
            if response is not None:
                return response
        while body is None:
            head, data = self._cut_head(data)
            if head is None:
                return None
            body = self._read_head(head)
        if type(body) is int:
            if len(data) == body:  # most responses arrive in one piece
                status, headers, is_persistent = self._message  # type: ignore[misc]
                return Response(status, headers, data, is_persistent)
            body = self._body = SizedBody(body)
        rest = body.feed(data)
        return None if rest is None else self._respond(is_clean=not rest)

    def finish(self) -> "Response | None":
        """Take the end of the stream. Returns the response if it ends there, None if it was cut."""
        body = self._body
        if isinstance(body.inner if isinstance(body, PackedBody) else body, ClosedBody):
            return self._respond(is_clean=False)
        return None

    def _respond(self, is_clean: bool) -> Response:
        assert self._message is not None
        status, headers, is_persistent = self._message
        return Response(status, headers, self._body.whole(), is_persistent and is_clean)

    def _cut_head(self, data: bytes) -> "tuple[bytes | None, bytes]":
        """Cut the next head from the bytes after it; the head is None while it is not whole."""
        buffer = self._buffer
        if not buffer:
            end = data.find(_END)
            if 0 <= end <= MAX_HEAD_BYTES:
                return data[:end], data[end + 4 :]
            self._buffer = bytearray(data)
            scan_from = 0
        else:
            scan_from = max(0, len(buffer) - 3)
            buffer += data
            self._buffer = buffer
        end = self._buffer.find(_END, scan_from)
        if end > MAX_HEAD_BYTES or (end < 0 and len(self._buffer) > MAX_HEAD_BYTES):
            raise BadResponse("its header block is larger than {} bytes".format(MAX_HEAD_BYTES))
        if end < 0:
            return None, b""
        head, rest = bytes(self._buffer[:end]), bytes(self._buffer[end + 4 :])
        self._buffer = b""
        return head, rest

    def _read_head(self, head: bytes) -> "Any":
        """Read a head. Returns the reader of the body, or the body's size; None after an interim response."""
        known = _heads.get(head)
        if known is not None and not self._is_tunnel:
            status, headers, is_persistent, size = known
            self._message = (status, headers, is_persistent)
            return size
        lines = head.split(b"\r\n")
        if len(head.translate(None, CONTROLS)) + 2 * (len(lines) - 1) != len(head):
            raise BadResponse("its header block holds a control character or a bare line end")
        if len(lines) > MAX_HEADERS + 1:
            raise BadResponse("it has more than {} headers".format(MAX_HEADERS))
        version, status = _status_lines.get(lines[0]) or _read_status_line(lines[0])
        headers = _read_headers(lines)
        if status < 200:
            self._informational += 1
            if status == 101 or self._informational > MAX_INFORMATIONAL:
                raise BadResponse("it switches protocols or sends too many interim responses")
            return None
        if self._is_tunnel and status < 300:
            self._message = (status, headers, True)
            return 0
        body = _choose_body(version, status, headers)
        self._message = (status, headers, _is_persistent(version, headers))
        if body and headers.get(b"content-encoding", b"").lower() in PACKINGS:
            body = PackedBody(SizedBody(body) if type(body) is int else body)
        if type(body) is not int:
            self._body = body
        elif not self._is_tunnel and len(head) < 1024:
            _keep_head(head, (*self._message, body))
        return body


def _choose_body(version: int, status: int, headers: "dict[bytes, bytes]") -> "Any":
    """Choose how the body ends (RFC 9112, 6.3): return its size, or a reader that finds its end."""
    length = headers.get(b"content-length")
    coding = headers.get(b"transfer-encoding")
    if coding is not None and (length is not None or version < 1 or coding.lower() != b"chunked"):
        raise BadResponse("its framing is ambiguous: Transfer-Encoding {!r}".format(quote(coding)))
    size = 0 if length is None else _read_length(length)
    if status in (204, 304):
        return 0
    if coding is not None:
        return ChunkedBody()
    return ClosedBody() if length is None else size


def _read_known(data: bytes) -> "Response | None":
    """Read a whole response whose head was read before; None if these bytes are no such response."""
    end = data.find(_END)
    known = _heads.get(data[:end])
    if known is None or len(data) != end + 4 + known[3]:
        return None
    return Response(known[0], known[1], data[end + 4 :], known[2])


def _keep_head(head: bytes, found: "tuple[int, dict[bytes, bytes], bool, int]") -> None:
    if len(_heads) >= _HEADS_LIMIT:
        _heads.clear()
    _heads[head] = found


def _read_status_line(line: bytes) -> "tuple[int, int]":
    """Read the minor version and the status from ``HTTP/1.x NNN reason``."""
    version, _, rest = line.partition(b" ")
    status, _, _ = rest.partition(b" ")
    if version not in (b"HTTP/1.1", b"HTTP/1.0") or len(status) != 3 or not is_made_of(status, DIGITS):
        raise BadResponse("its status line is {!r}".format(quote(line)))
    if not 100 <= int(status) <= 599:
        raise BadResponse("its status is {}".format(quote(status)))
    found = (int(version[-1:]), int(status))
    if len(_status_lines) < _MEMO_LIMIT and len(line) < 64:
        _status_lines[line] = found
    return found


def _read_headers(lines: "list[bytes]") -> "dict[bytes, bytes]":
    headers: "dict[bytes, bytes]" = {}
    known_lines = _lines
    for line in lines[1:]:
        name, value = known_lines.get(line) or _read_header(line)
        if name in headers:
            if name == b"content-length":
                raise BadResponse("its framing is ambiguous: more than one Content-Length")
            value = headers[name] + b", " + value
        headers[name] = value
    return headers


def _read_header(line: bytes) -> "tuple[bytes, bytes]":
    """Read the lower-case name and the value from a header line."""
    raw, colon, value = line.partition(b":")
    name = (_names.get(raw) if colon else None) or _read_name(raw, line)
    header = (name, value.strip(b" \t"))
    if len(_lines) < _MEMO_LIMIT and len(line) < 128:
        _lines[line] = header
    return header


def _read_name(raw: bytes, line: bytes) -> bytes:
    """Read the lower-case name from a header line with a new name."""
    if not raw or len(raw) == len(line) or not TOKEN.issuperset(raw):
        raise BadResponse("it has a malformed header line: {!r}".format(quote(line)))
    name = raw.lower()
    if len(_names) < _MEMO_LIMIT and len(raw) < 64:
        _names[raw] = name
    return name


def _read_length(value: bytes) -> int:
    if not is_made_of(value, DIGITS) or len(value) > 20:
        raise BadResponse("its Content-Length is {!r}".format(quote(value)))
    size = int(value)
    if size > MAX_BODY_BYTES:
        raise BadResponse("its body of {} bytes is larger than {}".format(size, MAX_BODY_BYTES))
    return size


def _is_persistent(version: int, headers: "dict[bytes, bytes]") -> bool:
    connection = headers.get(b"connection")
    if connection == b"keep-alive":
        return True
    if connection is None:
        return version == 1
    options = [option.strip() for option in connection.lower().split(b",")]
    return b"close" not in options and (version == 1 or b"keep-alive" in options)


_MONTHS = b"JanFebMarAprMayJunJulAugSepOctNovDec"


def parse_date(value: bytes) -> "int | None":
    """Read the UNIX seconds from a Date header in its one modern form (RFC 9110, 5.6.7), None for anything else."""
    parts = value.split()
    if len(parts) != 6 or parts[5] != b"GMT" or [len(part) for part in parts[1:4]] != [2, 3, 4]:
        return None
    clock = parts[4].split(b":")
    month, misfit = divmod(_MONTHS.find(parts[2]), 3)
    digits = parts[1] + parts[3] + b"".join(clock)
    if misfit or [len(part) for part in clock] != [2, 2, 2] or not is_made_of(digits, DIGITS):
        return None
    day, month, year = int(parts[1]), month + 1, int(parts[3])
    hours, minutes, seconds = (int(part) for part in clock)
    if month < 3:
        year, month = year - 1, month + 12
    days = 365 * year + year // 4 - year // 100 + year // 400 + (153 * (month - 3) + 2) // 5 + day - 719469
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds
