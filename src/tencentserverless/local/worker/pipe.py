"""What a worker writes to stdout and stderr, read by the parent."""

import asyncio
import os

from tencentserverless.local.logs import Output

_READ_BYTES = 64 * 1024  # a pipe holds no more, and larger buffers are mapped anew for every read
_MAX_DRAIN_READS = 256  # a function that never stops printing must not hold the loop


class Pipe:
    """The read end of a worker's output."""

    def __init__(self, descriptor: int, output: Output) -> None:
        self._descriptor = descriptor
        self._output = output
        self._loop = asyncio.get_running_loop()
        os.set_blocking(descriptor, False)
        self._loop.add_reader(descriptor, self._read)

    @property
    def fence(self) -> str:
        """What the child writes between the output of two calls where the second did not wait for the parent."""
        return self._output.fence.decode("ascii")

    def take(self, *, was_queued: bool = False) -> bytes:
        """What the call that has ended wrote, as far as it is kept.

        :param was_queued: it was handed over while another one ran, so its output begins behind a fence
        """
        self._drain()
        return self._output.take(was_queued=was_queued)

    def drop(self) -> None:
        """What has come since the last take belongs to no call."""
        self._output.drop()

    def close(self) -> None:
        """Read what is left, then close."""
        if self._descriptor < 0:
            return
        self._drain()
        self._loop.remove_reader(self._descriptor)
        os.close(self._descriptor)
        self._descriptor = -1

    def _drain(self) -> None:
        for _ in range(_MAX_DRAIN_READS):
            if self._read() < _READ_BYTES:
                return  # what a pipe did not give at once it does not have

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
