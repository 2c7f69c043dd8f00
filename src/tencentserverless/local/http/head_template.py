"""Heads that are like the last one of their connection but for a few values: compared, not parsed.

A client writes the headers of its calls in one order and with the same values, but for time, length and signature. The
comparison is by whole bytes; the values that vary are cut out and judged by the site. Every other head goes to the
parser, so this changes what a request costs and nothing else.
"""

from collections.abc import Iterable

from tencentserverless.local.http.messages import Headers

_LENGTH = b"content-length"
_LENGTH_DIGITS = 7
_END = b"\r\n"
_SHARED = frozenset((b"connection", b"transfer-encoding", b"expect", b"upgrade"))
_USUAL = (b"connection", b"keep-alive")  # the official Python SDK says what is so anyway


class HeadTemplate:
    """The bytes of a head between the values that vary.

    :ivar names: of the varying headers in their order, in lower case
    """

    __slots__ = ("_last", "_latest", "_length", "_parts", "names")

    def __init__(self, parts: list[bytes], last: bytes, names: tuple[bytes, ...]) -> None:
        self._parts = parts
        self._last = last
        self._length = names.index(_LENGTH) if _LENGTH in names else -1
        self._latest: tuple[bytes, list[bytes], int] | None = None  # with its values, and the size of a whole request
        self.names: tuple[bytes, ...] = names

    def match(self, data: bytes) -> "tuple[list[bytes], bytes] | None":
        """The values of the varying headers and the body, if the data are one whole request of this head.

        :return: the values in the order of ``names``, as they were sent: the site refuses those that the parser would
            refuse; None for everything else
        """
        if (latest := self._latest) is not None and len(data) == latest[2] and data.startswith(latest[0]):
            return latest[1], data[len(latest[0]) :]
        position = 0
        values = []
        for part in self._parts:
            if not data.startswith(part, position):
                return None
            position += len(part)
            end = data.find(_END, position)
            if end < 0:
                return None
            values.append(data[position:end])
            position = end
        if not data.startswith(self._last, position):
            return None
        position += len(self._last)
        body = data[position:]
        if self._length < 0:  # a request without a length has no body
            return None if body else (values, body)
        length = values[self._length]
        if not length.isdigit() or len(length) > _LENGTH_DIGITS or int(length) != len(body):
            return None
        if len(values) == 1:  # nothing but the length varies: the next head is mostly the same in all its bytes
            self._latest = data[:position], values, len(data)
        return values, body


def make_template(head: bytes, headers: Headers, varying: Iterable[bytes]) -> HeadTemplate | None:
    """A template of a head that was parsed.

    :param head: with its empty line
    :param headers: as the parser read them, names in lower case
    :param varying: names of headers whose values vary, in lower case; the length is always one of them, if there is one
    :return: None if the head is written in a way that the template can't hold, or concerns the connection
    """
    if any(name in _SHARED and (name, value.lower()) != _USUAL for name, value in headers):
        return None
    varying = {*varying, _LENGTH}
    names = [name for name, _ in headers if name in varying]
    if len(set(names)) != len(names):
        return None
    line, *lines = head[:-4].split(_END)
    if len(lines) != len(headers):
        return None
    parts, part = [], line + _END
    for text, (name, value) in zip(lines, headers, strict=True):
        prefix, colon, rest = text.partition(b":")
        if prefix.lower() != name or not colon:
            return None
        if name not in varying:
            part += text + _END
            continue
        blank = b" " if rest.startswith(b" ") else b""
        if rest != blank + value:
            return None
        parts.append(part + prefix + colon + blank)
        part = _END
    return HeadTemplate(parts, part + _END, tuple(names))
