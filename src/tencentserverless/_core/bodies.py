"""Readers of a response's body, which ends by its length, its last chunk, or the stream's end (RFC 9112, 6 and 7).

Each reader takes bytes by ``feed``. It returns None until the body is whole, and then the bytes after the body.
"""

MAX_HEAD_BYTES = 65536  # status line and headers together; nginx sends up to 32 KB, gateways add to that
MAX_CHUNK_LINE_BYTES = 1024
#: 6 MB of return value, each byte escaped as \u00XX at the most, and space for the envelope and the log.
MAX_BODY_BYTES = 40 * 1024 * 1024

CONTROLS = bytes(byte for byte in range(32) if byte != 9) + b"\x7f"
TOKEN = frozenset(b"!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
DIGITS = b"0123456789"
HEX_DIGITS = b"0123456789abcdefABCDEF"
#: Content codings that are read, in lower case. The client asks for none; some gateways and proxies pack all the same.
PACKINGS = (b"gzip", b"x-gzip", b"deflate")


class BadResponse(Exception):
    """The peer sent bytes that are no HTTP response, or more than a limit allows."""


def is_made_of(text: bytes, allowed: bytes) -> bool:
    """True if the text is not empty and has only allowed bytes."""
    return bool(text) and not text.translate(None, allowed)


def quote(value: bytes) -> str:
    """Decode the first of the peer's bytes for an error message."""
    return value[:80].decode("latin-1")


class SizedBody:
    """A body of a known size."""

    __slots__ = ("_missing", "_parts")

    def __init__(self, size: int) -> None:
        self._missing = size
        self._parts: "list[bytes]" = []

    def feed(self, data: bytes) -> "bytes | None":
        """Take bytes. Returns the bytes after the body once it is whole, else None."""
        missing = self._missing
        if len(data) <= missing:
            self._parts.append(data)
            self._missing = missing - len(data)
            return b"" if len(data) == missing else None
        self._parts.append(data[:missing])
        self._missing = 0
        return data[missing:]

    def whole(self) -> bytes:
        return b"".join(self._parts)

    @property
    def start(self) -> bytes:
        return self.whole()[:512]


class ClosedBody:
    """A body that ends with the connection."""

    __slots__ = ("_body",)

    def __init__(self) -> None:
        self._body = bytearray()

    def feed(self, data: bytes) -> None:
        self._body += data
        if len(self._body) > MAX_BODY_BYTES:
            raise BadResponse("its body is larger than {} bytes".format(MAX_BODY_BYTES))

    def whole(self) -> bytes:
        return bytes(self._body)

    @property
    def start(self) -> bytes:
        return bytes(self._body[:512])


class ChunkedBody:
    """A body in chunks (RFC 9112, 7.1); extensions and trailers are read and dropped."""

    __slots__ = ("_body", "_buffer", "_in_trailers", "_left", "_trailer_bytes")

    def __init__(self) -> None:
        self._body = bytearray()
        self._buffer = bytearray()
        self._left = 0  # bytes of the current chunk that have not come yet, with its CRLF
        self._in_trailers = False
        self._trailer_bytes = 0

    def feed(self, data: bytes) -> "bytes | None":
        """Take bytes. Returns the bytes after the body once it is whole, else None."""
        buffer = self._buffer
        buffer += data
        position = 0
        while True:
            if self._left:
                position = self._take_chunk(position)
                if self._left:
                    break
            end = buffer.find(b"\r\n", position)
            if (len(buffer) if end < 0 else end) - position > MAX_CHUNK_LINE_BYTES:
                raise BadResponse("it has a chunk line longer than {} bytes".format(MAX_CHUNK_LINE_BYTES))
            if end < 0:
                break
            line = bytes(buffer[position:end])
            position = end + 2
            if self._in_trailers and not line:
                return bytes(buffer[position:])
            self._read_line(line)
        del buffer[:position]
        return None

    def _take_chunk(self, position: int) -> int:
        """Move the bytes of the current chunk that have come into the body; check its CRLF once that is whole."""
        buffer = self._buffer
        data_left = self._left - 2
        if data_left > 0:
            taken = min(data_left, len(buffer) - position)
            self._body += buffer[position : position + taken]
            self._left -= taken
            position += taken
        if self._left == 2 and len(buffer) - position >= 2:
            if buffer[position : position + 2] != b"\r\n":
                raise BadResponse("it has a chunk that is longer than its size")
            self._left = 0
            position += 2
        return position

    def _read_line(self, line: bytes) -> None:
        if line.translate(None, CONTROLS) != line:
            raise BadResponse("its chunked framing holds a control character")
        if self._in_trailers:
            self._trailer_bytes += len(line)
            name, colon, _ = line.partition(b":")
            if not colon or not name or not TOKEN.issuperset(name) or self._trailer_bytes > MAX_HEAD_BYTES:
                raise BadResponse("it has a malformed trailer")
            return
        size, _, _ = line.partition(b";")
        size = size.rstrip(b" \t")
        if not is_made_of(size, HEX_DIGITS) or len(size) > 8:
            raise BadResponse("it has a chunk of size {!r}".format(quote(size)))
        length = int(size, 16)
        if length + len(self._body) > MAX_BODY_BYTES:
            raise BadResponse("its body is larger than {} bytes".format(MAX_BODY_BYTES))
        self._left = length + 2 if length else 0
        self._in_trailers = not length

    def whole(self) -> bytes:
        return bytes(self._body)

    @property
    def start(self) -> bytes:
        return bytes(self._body[:512])


class PackedBody:
    """A body in a content coding of ``PACKINGS``.

    :param inner: finds its end
    """

    __slots__ = ("inner",)

    def __init__(self, inner: "SizedBody | ChunkedBody | ClosedBody") -> None:
        self.inner = inner

    def feed(self, data: bytes) -> "bytes | None":
        """Take bytes. Returns the bytes after the body once it is whole, else None."""
        return self.inner.feed(data)

    def whole(self) -> bytes:
        return _unpack(self.inner.whole())

    @property
    def start(self) -> bytes:
        return self.inner.start


def _unpack(packed: bytes) -> bytes:
    """Unpack gzip, in one member or several, or deflate.

    :raises BadResponse: if it is damaged, cut, or too large
    """
    import zlib

    body = bytearray()
    while packed:
        unpacker = zlib.decompressobj(_GZIP_OR_ZLIB)
        try:
            body += unpacker.decompress(packed, MAX_BODY_BYTES + 1 - len(body))
        except zlib.error as error:
            raise BadResponse("its packed body is damaged ({})".format(error)) from error
        if len(body) > MAX_BODY_BYTES:
            raise BadResponse("its unpacked body is larger than {} bytes".format(MAX_BODY_BYTES))
        if not unpacker.eof:
            raise BadResponse("its packed body is cut short")
        packed = unpacker.unused_data
    return bytes(body)


_GZIP_OR_ZLIB = 47  # 32 for either header, and 15 for the largest window
