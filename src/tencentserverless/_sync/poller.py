"""Waits for many sockets at once, and for bells that other threads ring."""

import select
import socket
from collections import deque
from math import ceil

from tencentserverless._sync.net import READ, WRITE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


RING = 0  # what to wait for, beside READ and WRITE: a bell, or nothing but the time
NEVER = float("inf")
MAX_WAIT_SECONDS = 3600.0  # the calls of the system take no endless ones


class Poller:
    """The sockets that are watched, each until it is forgotten. One thread uses it; any may ring."""

    def __init__(self) -> None:
        self._poll = _make_poll()
        self._watched: "dict[int, int]" = {}
        self._rung: "deque[object]" = deque()
        self._ears: "tuple[socket.socket, socket.socket] | None" = None

    def watch(self, fd: int, what: int) -> None:
        """Watch a descriptor.

        :param what: READ or WRITE
        """
        known = self._watched.get(fd)
        if known == what:
            return
        self._watched[fd] = what
        if known is None:
            self._poll.register(fd, what)
        else:
            self._poll.modify(fd, what)

    def forget(self, fd: int) -> None:
        """Watch it no longer; to be said before it is closed, for its number may be another's then."""
        if self._watched.pop(fd, None) is not None:
            try:
                self._poll.unregister(fd)
            except OSError:  # it was closed, which has the same effect
                pass

    def wait(self, seconds: float) -> "list[int]":
        """The descriptors that are ready, none if the time passes or a bell rings first."""
        ready = [fd for fd, _ in self._poll.wait(min(max(0.0, seconds), MAX_WAIT_SECONDS))]
        if self._ears is not None and self._ears[0].fileno() in ready:
            ready.remove(self._ears[0].fileno())
            self._ears[0].recv(4096)
        return ready

    def open_ears(self) -> None:
        """Be ready to hear bells; said before one is handed to another thread."""
        if self._ears is None:
            self._ears = socket.socketpair()
            for ear in self._ears:
                ear.setblocking(False)
            self._poll.register(self._ears[0].fileno(), READ)

    def ring(self, bell: object) -> None:
        """Any thread: have ``wait`` return, and ``take_rung`` give the bell."""
        self._rung.append(bell)
        assert self._ears is not None
        try:
            self._ears[1].send(b"!")
        except OSError:  # it is full, so that it is heard anyway; or the map is closed
            pass

    def take_rung(self) -> "object | None":
        """A bell that was rung, None if there is none."""
        try:
            return self._rung.popleft()
        except IndexError:
            return None

    def close(self) -> None:
        """Watch nothing any more."""
        self._watched.clear()
        self._poll.close()
        for ear in self._ears or ():
            ear.close()


#: What a system may lack.
_epoll: "Any" = getattr(select, "epoll", None)
_poll: "Any" = getattr(select, "poll", None)


def _make_poll() -> "Any":
    """The best that the system has."""
    if _epoll is not None:
        return _Epoll()
    return _Poll() if _poll is not None else _Select()


class _Epoll:
    """Linux."""

    def __init__(self) -> None:
        self._epoll = _epoll()
        self.register = self._epoll.register
        self.modify = self._epoll.modify
        self.unregister = self._epoll.unregister
        self.wait = self._epoll.poll
        self.close = self._epoll.close


class _Poll:
    """Other systems with POSIX's own."""

    def __init__(self) -> None:
        self._poll = _poll()
        self.register = self._poll.register
        self.modify = self._poll.modify
        self.unregister = self._poll.unregister

    def wait(self, seconds: float) -> "list[tuple[int, int]]":
        return self._poll.poll(ceil(seconds * 1000.0))  # type: ignore[no-any-return]

    def close(self) -> None:
        """There is nothing to close."""


class _Select:
    """Windows."""

    def __init__(self) -> None:
        self._watched: "dict[int, int]" = {}
        self.register = self.modify = self._watched.__setitem__
        self.unregister = self._watched.__delitem__

    def wait(self, seconds: float) -> "list[tuple[int, int]]":
        reads = [fd for fd, what in self._watched.items() if what == READ]
        writes = [fd for fd, what in self._watched.items() if what == WRITE]
        # A refused connect shows among the exceptional conditions there.
        readable, writable, failed = select.select(reads, writes, writes, seconds)
        return [(fd, 0) for fd in {*readable, *writable, *failed}]

    def close(self) -> None:
        self._watched.clear()
