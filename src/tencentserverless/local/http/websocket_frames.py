"""Reads the close frame out of the bytes of one direction of a WebSocket connection, and nothing else.

All other bytes are passed on as they are, so only the heads of the frames are read: RFC 6455, 5.2 and 5.5.1. A library
such as wsproto would read and check every message, which is the business of the app and of its client.
"""

_CLOSE_OPCODE = 0x8
_LENGTH_16, _LENGTH_64 = 126, 127
_MASK_BYTES = 4
_CODE_BYTES = 2
#: The code of a close frame that names none (RFC 6455, 7.4.1).
NO_CODE = 1005


class CloseWatch:
    """Reads the frames of one direction as they come.

    :ivar code: of the close frame, ``NO_CODE`` if that names none; None as long as none has come
    """

    __slots__ = ("_head", "_skips", "code")

    def __init__(self) -> None:
        self.code: int | None = None
        self._head = b""  # the first bytes of a frame whose head has come in part
        self._skips = 0  # bytes of the present frame that are still to come

    def feed(self, data: bytes) -> None:
        """Read the next bytes."""
        size, position = len(data), 0
        while self.code is None:
            if self._skips >= size - position:
                self._skips -= size - position
                return
            position += self._skips
            self._skips = 0
            head = self._head + data[position : position + _MAX_HEAD_BYTES - len(self._head)]
            taken = self._read(head)
            if taken is None:
                self._head = head
                return
            position += taken - len(self._head)
            self._head = b""

    def _read(self, head: bytes) -> int | None:
        """Read the head of a frame. Returns its bytes, or None if some of them are still to come."""
        if len(head) < 2:
            return None
        length, start = head[1] & 0x7F, 2
        if length >= _LENGTH_16:
            start += 2 if length == _LENGTH_16 else 8
            if len(head) < start:
                return None
            length = int.from_bytes(head[2:start], "big")
        mask = head[start : start + _MASK_BYTES] if head[1] & 0x80 else b"\0\0"
        start += _MASK_BYTES if head[1] & 0x80 else 0
        if head[0] & 0xF == _CLOSE_OPCODE:
            if length < _CODE_BYTES:
                self.code = NO_CODE
            elif len(head) < start + _CODE_BYTES:
                return None
            else:
                self.code = (head[start] ^ mask[0]) << 8 | head[start + 1] ^ mask[1]
            return start
        if len(head) < start:
            return None
        self._skips = length
        return start


#: First bytes, a length of eight bytes, a mask, and the code of a close frame.
_MAX_HEAD_BYTES = 2 + 8 + _MASK_BYTES + _CODE_BYTES
