"""The output of a worker: its stdout and stderr, read from a pipe, kept for the running call and shown by line."""

import array
import asyncio
import fcntl
import os
import secrets
import termios
from collections import deque
from collections.abc import Callable

from tencentserverless.local.console import printable

_READ_BYTES = 64 * 1024  # a pipe holds no more, and larger buffers are mapped anew for every read
_MAX_DRAIN_READS = 256  # a function that never stops printing must not occupy the loop
_MAX_LINE_BYTES = 8 * 1024
_BOUNDARY_BYTES = 8
_UNWATCHED_SECONDS = 0.005  # short calls come and go in the channel: each change of the poll list is a system call


class Output:
    """The output of one instance: kept for the running call, and shown line by line as it comes.

    :param limit_bytes: how much of a call's output is kept; the end of it wins
    :ivar boundary: bytes that an instance writes behind the output of a call; they can't be guessed
    :ivar is_empty: there is nothing to take or to drop
    """

    def __init__(self, name: str, limit_bytes: int, show: Callable[[str], None]) -> None:
        self.boundary: bytes = f"\x1e{secrets.token_hex(_BOUNDARY_BYTES)}\x1e".encode("ascii")
        self.is_empty: bool = True
        self._prefix = f"[{name}] "
        self._limit_bytes = limit_bytes
        self._show = show
        self._kept = bytearray()
        self._parts: deque[bytes] = deque()  # that end with a boundary, in their order
        self._line = bytearray()

    def write(self, data: bytes) -> None:
        """Add output of the instance."""
        self.is_empty = False
        self._kept += data
        while (end := self._kept.find(self.boundary)) >= 0:
            self._parts.append(bytes(self._kept[max(0, end - self._limit_bytes) : end]))
            del self._kept[: end + len(self.boundary)]
        if len(self._kept) > 2 * self._limit_bytes:
            del self._kept[: -self._limit_bytes]
        self._line += data
        *lines, rest = bytes(self._line).replace(self.boundary, b"").split(b"\n")
        for line in lines:
            self._show_line(line)
        self._line = bytearray(rest)
        if len(rest) > _MAX_LINE_BYTES:
            self._end_line()

    @property
    def has_part(self) -> bool:
        """True if the output of a call is here up to its boundary."""
        return bool(self._parts)

    def take(self) -> bytes:
        """The output of the call that has ended: up to its boundary if that is here, else all that is here."""
        if self._parts:
            part = self._parts.popleft()
        else:
            if self._kept:
                self._end_line()
            part = bytes(self._kept[-self._limit_bytes :])
            self._kept.clear()
        self.is_empty = not (self._parts or self._kept)
        return part

    def peek(self, limit_bytes: int) -> tuple[bytes, int]:
        """Return the end of what would be taken now, and the size of it; nothing is taken."""
        size = min(len(self._kept), self._limit_bytes)
        return bytes(self._kept[-min(size, limit_bytes) :]) if size else b"", size

    def drop(self) -> None:
        """Forget output that belongs to no call."""
        if not self.is_empty:
            self._end_line()
            self._kept.clear()
            self._parts.clear()
            self.is_empty = True

    def _end_line(self) -> None:
        if self._line:
            self._show_line(bytes(self._line))
            self._line.clear()

    def _show_line(self, line: bytes) -> None:
        self._show(self._prefix + printable(line[:_MAX_LINE_BYTES].decode("utf-8", "replace")))


class Pipe:
    """The read end of a worker's output.

    :ivar output: what was read and is kept
    """

    def __init__(self, descriptor: int, output: Output) -> None:
        self.output: Output = output
        self._descriptor = descriptor
        self._loop = asyncio.get_running_loop()
        self._is_watched = self._is_wanted = True
        self._next_look: asyncio.TimerHandle | None = None
        self._present_bytes = array.array("i", [0])
        os.set_blocking(descriptor, False)
        self._loop.add_reader(descriptor, self._read)

    @property
    def boundary(self) -> str:
        """The bytes that the child writes behind the output of a call."""
        return self.output.boundary.decode("ascii")

    def watch(self) -> None:
        """Read output as it comes, from a moment later on, unless ``unwatch`` is called before."""
        self._is_wanted = True
        if not self._is_watched and self._next_look is None and self._descriptor >= 0:
            self._next_look = self._loop.call_later(_UNWATCHED_SECONDS, self._watch_now)

    def unwatch(self) -> None:
        """Leave output unread: while calls wait in the channel, its reader could not tell whose it is."""
        self._is_wanted = False
        if self._is_watched:
            self._is_watched = False
            self._loop.remove_reader(self._descriptor)

    def take(self, *, has_output: bool = True) -> bytes:
        """The output of the call that has ended, as far as it is kept.

        Nothing is read if that is here already: it would be output of later calls, and the child sets no boundary
        behind a call whose output has been read.

        :param has_output: false if the child has said that all of it has been read
        """
        if has_output and not self.output.has_part:
            self._drain()
        return self.output.take()

    def drop(self) -> None:
        """Forget output that has come since the last call."""
        self.output.drop()

    def close(self) -> None:
        """Read the remaining output, then close."""
        if self._descriptor < 0:
            return
        self._drain()
        self.unwatch()
        if self._next_look is not None:
            self._next_look.cancel()
        os.close(self._descriptor)
        self._descriptor = -1

    def _watch_now(self) -> None:
        self._next_look = None
        if self._is_wanted and not self._is_watched and self._descriptor >= 0:
            self._is_watched = True
            self._loop.add_reader(self._descriptor, self._read)

    def _drain(self) -> None:
        """Read what is there. Mostly nothing is: to ask costs a quarter of a read in vain."""
        if self._descriptor < 0:
            return
        fcntl.ioctl(self._descriptor, termios.FIONREAD, self._present_bytes, True)
        if not self._present_bytes[0]:
            return
        for _ in range(_MAX_DRAIN_READS):
            if self._read() < _READ_BYTES or self.output.has_part:
                return  # what a pipe did not give at once it does not have

    def _read(self) -> int:
        if self._descriptor < 0:
            return 0
        try:
            data = os.read(self._descriptor, _READ_BYTES)
        except (BlockingIOError, InterruptedError):
            return 0
        if data:
            self.output.write(data)
        else:
            self.unwatch()
        return len(data)
