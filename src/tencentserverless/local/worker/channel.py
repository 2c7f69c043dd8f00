"""The server's side of a worker's channel: sends frames, reads frames, and takes back unread frames.

If the system supports them, the channel carries packets: one read of the child takes exactly one packet, so that a
frame has been read completely or not at all.
"""

import asyncio
import socket
import sys
from collections.abc import Callable, Iterator

from tencentserverless.local.worker.child.frames import PACKET_BYTES, FrameReader

HAS_PACKETS = hasattr(socket, "SOCK_SEQPACKET") and sys.platform == "linux"
_READ_BYTES = 64 * 1024  # larger buffers are mapped anew for every read; no packet is larger


class Channel:
    """A pair of sockets. The server also keeps the child's end, to take back unread frames from it.

    :ivar child_end: the end for the process that is about to start
    """

    def __init__(self) -> None:
        kind = socket.SOCK_SEQPACKET if HAS_PACKETS else socket.SOCK_STREAM
        ours, theirs = socket.socketpair(socket.AF_UNIX, kind)
        self.child_end: socket.socket = theirs
        self._ours = ours
        self._ours.setblocking(False)
        self._loop = asyncio.get_running_loop()
        self._reader = FrameReader()
        self._unsent = bytearray()
        self._on_readable: Callable[[], object] | None = None

    def keep_to_parent(self) -> None:
        """Close the child's end, unless there are packets to take back from it: a closed end shows a dead child."""
        if not HAS_PACKETS:
            self.child_end.close()

    def watch(self, on_readable: Callable[[], object]) -> None:
        """Call a function whenever the channel is readable, until ``close``."""
        self._on_readable = on_readable
        self._loop.add_reader(self._ours.fileno(), on_readable)

    def read(self) -> list[tuple[bytes, bytes]] | None:
        """Return the received frames, as (head, body). None if there is nothing more for now.

        :raises FrameError: if the received bytes are no frames
        """
        try:
            data = self._ours.recv(_READ_BYTES)
        except (BlockingIOError, InterruptedError):
            return None
        except ConnectionError:
            data = b""
        if data:
            return self._reader.feed(data)
        self._loop.remove_reader(self._ours.fileno())
        return None

    def send(self, frame: bytes) -> bool:
        """Write without blocking; the rest is written when the socket drains.

        Returns False if the child can't read it.
        """
        if len(frame) <= PACKET_BYTES and not self._unsent:
            try:
                frame = frame[self._ours.send(frame) :]
            except (BlockingIOError, InterruptedError):
                pass
            except OSError:
                return False
        if frame:
            self._unsent += frame
            self._loop.add_writer(self._ours.fileno(), self._send_rest)
        return True

    def send_now(self, frame: bytes) -> bool:
        """Write a packet at once, or not at all. Returns False if it was not written."""
        try:
            self._ours.send(frame)
        except OSError:
            return False
        return True

    def unread(self) -> Iterator[tuple[bytes, bytes]]:
        """Take back every one-packet frame that the child has not read, the oldest first."""
        while True:
            try:
                packet = self.child_end.recv(_READ_BYTES, socket.MSG_DONTWAIT)
            except OSError:
                return
            yield from FrameReader().feed(packet)

    def close(self) -> None:
        """Close both ends."""
        if self._on_readable is not None:
            self._loop.remove_reader(self._ours.fileno())
        if self._unsent:
            self._loop.remove_writer(self._ours.fileno())
        self._ours.close()
        self.child_end.close()

    def _send_rest(self) -> None:
        try:
            while self._unsent:
                del self._unsent[: self._ours.send(self._unsent[:PACKET_BYTES])]
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            self._unsent.clear()  # no process can read it; the worker learns of the death from the process
        self._loop.remove_writer(self._ours.fileno())
