"""The one module in which threads wait: for one socket, for many, for a wake-up by another thread, for the time.

Code that may wait is written as steps: a generator that yields the event to wait for, and is sent the ready event.
``wait_one`` takes one call's steps and sleeps until each is ready; ``StepLoop`` takes the steps of a map's many calls.
No code here waits for a lock, so that signal handlers, finalisers and forked children cannot hang on one.
"""

import atexit
import select
import sys
import threading
import time
from _weakref import ref  # see _core.pool
from collections import deque
from math import ceil
from os import getpid
from threading import get_ident

from tencentserverless._base.runtime import monotonic
from tencentserverless._core.pool import Slot

TYPE_CHECKING = False
if TYPE_CHECKING:
    from socket import socket
    from typing import Any, Callable, Generator, Protocol, TypeVar

    Watched = TypeVar("Watched", bound="int | socket")

    #: Yields the event to wait for and its deadline: a socket with READ, WRITE or both, or a waker with WAKE (None in
    #: place of a waker to wait for the time only). Is sent the ready event, 0 if the time has passed.
    Steps = Generator[tuple[Any, int, "float | Limit"], int, Any]

    class Driven(Protocol):
        """A map: it is driven while its caller iterates, and holds connections of a pool in between."""

        @property
        def pool(self) -> object: ...

        def help(self) -> bool: ...
        def close(self) -> None: ...
        def fileno(self) -> int: ...


READ: int = getattr(select, "POLLIN", 1)
WRITE: int = getattr(select, "POLLOUT", 4)
EITHER = READ | WRITE
WAKE = 1024  # no bit of poll's
NEVER = float("inf")

#: An interrupt may lose a wake-up or cut a step; the wait is then repeated after so long.
RECHECK_SECONDS = 1.0
#: A thread that waits for a connection drives the maps that hold some so often.
HELP_SECONDS = 0.005
#: While another thread turns a map's loop, which it does without waiting, the iterating thread asks again so often.
TURN_SECONDS = 0.0005

_poll: "Any" = getattr(select, "poll", None)  # Windows has none


class Limit:
    """A deadline that moves by the length of a pause: a connection is not late because its map was paused.

    :param at: monotonic seconds
    :param latest: the call's own deadline, which the limit never passes
    :param whole: the limit of which this one is a share
    """

    __slots__ = ("_latest", "_whole", "at")

    def __init__(self, at: float, latest: float, whole: "Limit | None" = None) -> None:
        self.at = min(at, latest)
        self._latest = latest
        self._whole = whole

    @property
    def is_last(self) -> bool:
        """True if the call's own deadline has passed with it."""
        return (self if self._whole is None else self._whole).at >= self._latest

    def share(self, at: float) -> "Limit":
        """Make an earlier limit for a part of the work, which moves with this one."""
        return Limit(at, self._latest, self)

    def move(self, seconds: float) -> None:
        """Move the limit by the length of a pause."""
        self.at = min(self.at + seconds, self._latest)
        if self._whole is not None:
            self._whole.move(seconds)


class SocketPoll:
    """Waits for one socket with a poll object that is made once."""

    __slots__ = ("_poll", "_sock", "_watched")

    def __init__(self, sock: "socket") -> None:
        self._sock = sock
        self._poll = _poll()
        self._watched = READ
        self._poll.register(sock, READ)

    def can_read(self, seconds: float) -> bool:
        """Wait until there are bytes to read. False if the time passes."""
        if self._watched != READ:
            self._watch(READ)
        return bool(self._poll.poll(seconds * 1000.0 if seconds > 0 else 0))

    def can_read_now(self) -> bool:
        """True if there are bytes to read."""
        if self._watched != READ:
            self._watch(READ)
        return bool(self._poll.poll(0))

    def wait(self, what: int, seconds: float) -> int:
        """Wait for any of these events. Returns the ready ones, 0 if the time passes."""
        if self._watched != what:
            self._watch(what)
        found: "list[tuple[int, int]]" = self._poll.poll(seconds * 1000.0 if seconds > 0 else 0)
        return found[0][1] if found else 0

    def _watch(self, what: int) -> None:
        self._poll.modify(self._sock, what)
        self._watched = what


class SocketSelect:
    """Waits for one socket by ``select``, on systems without poll."""

    __slots__ = ("_sock",)

    def __init__(self, sock: "socket") -> None:
        self._sock = sock

    def can_read(self, seconds: float) -> bool:
        """Wait until there are bytes to read. False if the time passes."""
        return bool(self.wait(READ, seconds))

    def can_read_now(self) -> bool:
        """True if there are bytes to read."""
        return bool(self.wait(READ, 0.0))

    def wait(self, what: int, seconds: float) -> int:
        """Wait for any of these events. Returns the ready ones, 0 if the time passes."""
        ready = select_ready({self._sock: what}, seconds)
        return ready[0][1] if ready else 0


def select_ready(watched: "dict[Watched, int]", seconds: float) -> "list[tuple[Watched, int]]":
    """Wait for any of these by ``select``. Returns each that is ready, with its events."""
    reads = [each for each, what in watched.items() if what & READ]
    writes = [each for each, what in watched.items() if what & WRITE]
    # On Windows, a refused connect is among the exceptional conditions.
    readable, writable, failed = select.select(reads, writes, writes, max(0.0, seconds))  # noqa: TID251  # has no poll
    ready = dict.fromkeys(readable, READ)
    for each in {*writable, *failed}:
        ready[each] = ready.get(each, 0) | WRITE
    return list(ready.items())


SocketWait: "type[SocketPoll | SocketSelect]" = SocketPoll if _poll is not None else SocketSelect


class ThreadWaker:
    """Lets one thread sleep until another wakes it; an earlier wake-up is kept."""

    __slots__ = ("_asleep", "has_left")

    def __init__(self) -> None:
        self.has_left = False  # True once it has left a pool's queue
        self._asleep = threading.Lock()
        self._asleep.acquire()

    def wake(self) -> None:
        """End the sleep, or the next one."""
        try:
            self._asleep.release()
        except RuntimeError:  # an earlier wake-up is kept already
            pass

    def wait(self, seconds: float) -> bool:
        """Sleep. False if the time passes."""
        return self._asleep.acquire(timeout=min(max(0.0, seconds), threading.TIMEOUT_MAX))


def wait_one(steps: "Steps", pool: object = None) -> "Any":
    """Take the steps to their end, and wait for each. Returns their result, raises their error.

    :param pool: maps that hold its connections are driven while the steps wait to be woken
    """
    try:
        about, what, until = next(steps)
        while True:
            seconds = (until.at if isinstance(until, Limit) else until) - monotonic()
            if what != WAKE:
                ready = SocketWait(about).wait(what, seconds)
            elif about is None:
                time.sleep(max(0.0, seconds))
                ready = 0
            else:
                ready = _wait_helping(about, seconds, pool)
            about, what, until = steps.send(ready)
    except StopIteration as end:
        return end.value
    finally:
        steps.close()


def _wait_helping(waker: ThreadWaker, seconds: float, pool: object) -> bool:
    """Sleep until woken; meanwhile drive the maps that hold the pool's connections and that no thread drives."""
    until = monotonic() + seconds
    while True:
        left = min(until - monotonic(), RECHECK_SECONDS)
        helped = [driven for driven in list_driven(pool) if driven.help()]
        if not helped:
            return waker.wait(left)
        if waker.wait(0.0):
            return True
        if left <= 0:
            return False
        _wait_readable([driven.fileno() for driven in helped], min(left, HELP_SECONDS))


def _wait_readable(fds: "list[int]", seconds: float) -> None:
    """Wait until one of these loops has a task to resume."""
    fds = [fd for fd in fds if fd >= 0]
    if not fds or _poll is None:
        time.sleep(seconds)
        return
    watched = _poll()
    for fd in fds:
        watched.register(fd, READ)
    watched.poll(ceil(seconds * 1000.0))


#: All maps that are not closed. They are kept here, because the garbage collector would finalise a map's connections
#: and calls in any order.
_driven: "dict[int, Driven]" = {}


def register(driven: "Driven") -> None:
    """Register a map: threads that wait for its pool drive it, and it is closed when the program ends."""
    _driven[id(driven)] = driven


def unregister(driven: "Driven") -> None:
    """Remove a map that is closed."""
    _driven.pop(id(driven), None)


def list_driven(pool: object) -> "list[Driven]":
    """List the maps that use the connections of a pool."""
    return [driven for driven in list(_driven.values()) if driven.pool is pool]


def help_others(driven: "Driven") -> bool:
    """Drive all other maps that use the same pool. False if there is none with calls under way."""
    helped = [other for other in list_driven(driven.pool) if other is not driven and other.help()]
    return bool(helped)


#: Work that finalisers left: a finaliser may neither wait nor log, so the next user of any client does the work.
_left: "deque[Callable[[], None]]" = deque()


def leave_behind(settle: "Callable[[], None]") -> None:
    """Leave work for the next user of any client, or the end of the program. For finalisers: it is only noted here."""
    _left.append(settle)


def settle_left() -> None:
    """Do the work that finalisers left."""
    while _left:
        try:
            settle = _left.popleft()
        except IndexError:  # another thread took the last one
            return
        try:
            settle()
        except Exception:  # the error does not concern the current caller
            import logging

            logging.getLogger("tencentserverless").exception("a map that was left could not be ended in order")


def has_left() -> bool:
    """True if finalisers left work."""
    return bool(_left)


@atexit.register
def _end() -> None:
    """End all maps that the program left open, while logging and the other modules still exist."""
    settle_left()
    for driven in list(_driven.values()):
        driven.close()


class _Probe:
    """Measures the reference count of an object in ``__del__``, after its last reference was dropped."""

    def __del__(self) -> None:
        _counts.append(sys.getrefcount(self))


_counts: "list[int]" = []
_Probe()


def is_garbage(count: int) -> bool:
    """True if a finaliser runs in the garbage collector, and so in the middle of any code. False if it runs where the
    last reference was dropped.

    :param count: ``sys.getrefcount(self)`` in ``__del__``
    """
    return count > _counts[0]


class TryLock:
    """A lock that can be tried and never waited for.

    Its holder keeps a slot in a local name. If an interrupt ends that frame, the slot comes back by itself.
    """

    __slots__ = ("_free", "thread")

    def __init__(self) -> None:
        self._free: "deque[Slot]" = deque()
        self._free.append(Slot(ref(self._free)))
        self.thread = 0  # the id of the thread that holds it, 0 if it is free

    def take(self) -> "Slot | None":
        """Take the lock; None if it is taken."""
        try:
            slot = self._free.pop()
        except IndexError:
            return None
        self.thread = get_ident()
        return slot

    def give(self, slot: "Slot | None") -> None:
        """Release the lock with the slot that ``take`` returned."""
        if slot is not None:
            self.thread = 0
            self._free.append(slot)


class Turn:
    """One frame's right to take a map's steps and to change its window, given back while the caller's code runs.

    :param lock: of the map
    :param pid: of the map's process
    """

    __slots__ = ("_lock", "_pid", "_slot")

    def __init__(self, lock: TryLock, pid: int) -> None:
        self._lock = lock
        self._pid = pid
        self._slot: "Slot | None" = None

    def try_take(self) -> bool:
        """Take the turn; False if another frame has it."""
        self._slot = self._lock.take()
        return self._slot is not None

    def take(self) -> None:
        """Take the turn, unless this frame has it already. Another thread has it only for moments.

        A forked child does not wait for it, because that thread does not exist there.
        """
        if self._slot is None:
            self._slot = self._lock.take()
        while self._slot is None and getpid() == self._pid:
            if self._lock.thread == get_ident():
                raise RuntimeError("this map is being driven by the code that was interrupted here")
            time.sleep(TURN_SECONDS)
            self._slot = self._lock.take()

    def give(self) -> None:
        """Release the turn."""
        slot, self._slot = self._slot, None
        self._lock.give(slot)
