"""The output of a worker: its stdout and stderr, read from a pipe, kept for the running call and shown by line."""

import asyncio
import os
import secrets
from collections.abc import Callable

from tencentserverless.local.console import printable

_READ_BYTES = 64 * 1024  # a pipe holds no more, and larger buffers are mapped anew for every read
_MAX_DRAIN_READS = 256  # a function that never stops printing must not occupy the loop
_MAX_LINE_BYTES = 8 * 1024
_BOUNDARY_BYTES = 8


class Output:
    """The output of one instance: kept for the running call, and shown line by line as it comes.

    :param limit_bytes: the kept size of a call's output; the last bytes are kept
    :ivar boundary: random bytes that an instance writes between the output of two calls
    """

    def __init__(self, name: str, limit_bytes: int, show: Callable[[str], None]) -> None:
        self.boundary: bytes = f"\x1e{secrets.token_hex(_BOUNDARY_BYTES)}\x1e".encode("ascii")
        self._prefix = f"[{name}] "
        self._limit_bytes = limit_bytes
        self._show = show
        self._kept = bytearray()
        self._line = bytearray()

    def write(self, data: bytes) -> None:
        """Add output of the instance."""
        self._kept += data
        if len(self._kept) > 2 * self._limit_bytes:
            del self._kept[: -self._limit_bytes]
        self._line += data.replace(self.boundary, b"")
        *lines, rest = bytes(self._line).split(b"\n")
        for line in lines:
            self._show_line(line)
        self._line = bytearray(rest)
        if len(rest) > _MAX_LINE_BYTES:
            self._end_line()

    def take(self, *, was_prefetched: bool = False) -> bytes:
        """Return the finished call's output, up to the next boundary; bytes after the boundary belong to the next call.

        :param was_prefetched: the call's output begins after a boundary; bytes before it belong to no call
        """
        kept = self._kept
        if not kept:
            return b""
        self._end_line()
        start = kept.find(self.boundary) + len(self.boundary) if was_prefetched and self.boundary in kept else 0
        end = kept.find(self.boundary, start)
        if end < 0:
            end = len(kept)
        part = bytes(kept[max(start, end - self._limit_bytes) : end])
        del kept[:end]
        return part

    def drop(self) -> None:
        """Drop the output until now: it belongs to no call."""
        if self._kept:
            self._end_line()
            self._kept.clear()

    def _end_line(self) -> None:
        if self._line:
            self._show_line(bytes(self._line))
            self._line.clear()

    def _show_line(self, line: bytes) -> None:
        self._show(self._prefix + printable(line[:_MAX_LINE_BYTES].decode("utf-8", "replace")))


class Pipe:
    """The read end of a worker's output."""

    def __init__(self, descriptor: int, output: Output) -> None:
        self._descriptor = descriptor
        self._output = output
        self._loop = asyncio.get_running_loop()
        os.set_blocking(descriptor, False)
        self._loop.add_reader(descriptor, self._read)

    @property
    def boundary(self) -> str:
        """Bytes that the child writes between the output of two calls, if the second call was prefetched."""
        return self._output.boundary.decode("ascii")

    def take(self, *, was_prefetched: bool = False) -> bytes:
        """Return the finished call's output, as far as it is kept.

        :param was_prefetched: the call was prefetched, so its output begins after a boundary
        """
        self._drain()
        return self._output.take(was_prefetched=was_prefetched)

    def drop(self) -> None:
        """Drop the output since the last ``take``: it belongs to no call."""
        self._output.drop()

    def close(self) -> None:
        """Read the remaining output, then close."""
        if self._descriptor < 0:
            return
        self._drain()
        self._loop.remove_reader(self._descriptor)
        os.close(self._descriptor)
        self._descriptor = -1

    def _drain(self) -> None:
        for _ in range(_MAX_DRAIN_READS):
            if self._read() < _READ_BYTES:
                return  # a pipe that gives nothing at once is empty

    def _read(self) -> int:
        if self._descriptor < 0:
            return 0
        try:
            data = os.read(self._descriptor, _READ_BYTES)
        except (BlockingIOError, InterruptedError):
            return 0
        if data:
            self._output.write(data)
        else:
            self._loop.remove_reader(self._descriptor)
        return len(data)
