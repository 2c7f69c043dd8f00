"""Room 6 of the local SCF: the text of a call's log, and of what the terminal shows of it."""

import re
import secrets
from collections.abc import Callable

#: CSI and OSC sequences whole, then every other control character but the tab: a function must not steer the terminal.
_ESCAPES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_MAX_LINE_BYTES = 8 * 1024
_FENCE_BYTES = 8


def call_log(request_id: str, output: bytes, duration_ms: float, memory_mb: int, memory_bytes: int) -> bytes:
    """The log of one call, in the layout that ``Result.Log`` has.

    :param output: what the function wrote
    :param memory_mb: what the function is configured with
    """
    head = f"START RequestId: {request_id}\nEvent RequestId: {request_id}\n"
    end = (
        f"\nEND RequestId: {request_id}\n"
        f"Report RequestId: {request_id} Duration:{duration_ms:.0f}ms "
        f"Memory:{memory_mb}MB MemUsage:{memory_bytes / 1048576:.4f}MB"
    )
    line_end = b"" if not output or output.endswith(b"\n") else b"\n"
    return head.encode("ascii") + output + line_end + end.encode("ascii")


def tail(log: bytes, limit_bytes: int) -> str:
    """The last bytes of a log as text, cut where a character begins."""
    part = log[-limit_bytes:]
    if len(log) > limit_bytes:
        start = 0
        while start < min(4, len(part)) and part[start] & 0xC0 == 0x80:  # the rest of a character that is cut off
            start += 1
        part = part[start:]
    return part.decode("utf-8", "replace")


def printable(text: str) -> str:
    """Text without anything that could steer a terminal."""
    return _ESCAPES.sub("", text)


class Output:
    """What one instance writes: kept for the call that runs, and shown line by line as it comes.

    :param limit_bytes: how much of a call's output is kept; the end of it wins
    :ivar fence: bytes that an instance writes between the output of two calls; nobody can guess them
    """

    def __init__(self, name: str, limit_bytes: int, show: Callable[[str], None]) -> None:
        self.fence: bytes = f"\x1e{secrets.token_hex(_FENCE_BYTES)}\x1e".encode("ascii")
        self._prefix = f"[{name}] "
        self._limit_bytes = limit_bytes
        self._show = show
        self._kept = bytearray()
        self._line = bytearray()

    def write(self, data: bytes) -> None:
        """Take what the instance wrote."""
        self._kept += data
        if len(self._kept) > 2 * self._limit_bytes:
            del self._kept[: -self._limit_bytes]
        self._line += data.replace(self.fence, b"")
        *lines, rest = bytes(self._line).split(b"\n")
        for line in lines:
            self._show_line(line)
        self._line = bytearray(rest)
        if len(rest) > _MAX_LINE_BYTES:
            self._end_line()

    def take(self, *, was_queued: bool = False) -> bytes:
        """The output of the call that has ended. What stands behind the next fence is the next call's.

        :param was_queued: what stands before the first fence is nobody's
        """
        kept = self._kept
        if not kept:
            return b""
        self._end_line()
        start = kept.find(self.fence) + len(self.fence) if was_queued and self.fence in kept else 0
        end = kept.find(self.fence, start)
        if end < 0:
            end = len(kept)
        part = bytes(kept[max(start, end - self._limit_bytes) : end])
        del kept[:end]
        return part

    def drop(self) -> None:
        """What has come belongs to no call."""
        if self._kept:
            self._end_line()
            self._kept.clear()

    def _end_line(self) -> None:
        if self._line:
            self._show_line(bytes(self._line))
            self._line.clear()

    def _show_line(self, line: bytes) -> None:
        self._show(self._prefix + printable(line[:_MAX_LINE_BYTES].decode("utf-8", "replace")))
