"""The one place where threads wait: for one socket, for many, for a wake-up by another thread, for the time.

What may wait is written as steps, a generator that yields what to wait for and is sent what is ready. ``wait_one``
takes one call's steps and sleeps until each is ready; a map takes the steps of many calls by ``StepLoop``.
No lock here is ever waited for, so that signal handlers, finalisers and forked children cannot hang on one.
"""

import atexit
import select
import sys
import threading
import time
from collections import deque
from math import ceil
from os import getpid
from threading import get_ident
from time import monotonic
from weakref import ref

from tencentserverless._core.pool import Slot

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Generator, Protocol

    #: Yields what to wait for: a socket and READ, WRITE or both, or a waker (None for nothing but the time) and WAKE;
    #: and until when. Is sent what is ready, 0 if the time has passed.
    Steps = Generator[tuple[Any, int, "float | Limit"], int, Any]

    class Driven(Protocol):
        """What is driven while its owner iterates, and holds connections of a pool in between."""

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

#: How long a wake-up may be late that an interrupt swallowed, or a step that an interrupt cut.
RECHECK_SECONDS = 1.0
#: How often whoever waits for a connection helps what holds some.
HELP_SECONDS = 0.005
#: How soon the thread that iterates asks again for a loop that another thread turns, which never waits in it.
TURN_SECONDS = 0.0005

_poll: "Any" = getattr(select, "poll", None)  # Windows has none


class Limit:
    """A moment that moves on while nobody listens: what connects is not late because its map was paused.

    :param at: monotonic seconds
    :param latest: the call's own deadline, beyond which it never moves
    :param whole: the limit of which this one is a share
    """

    __slots__ = ("_latest", "_whole", "at")

    def __init__(self, at: float, latest: float, whole: "Limit | None" = None) -> None:
        self.at = min(at, latest)
        self._latest = latest
        self._whole = whole

    def share(self, at: float) -> "Limit":
        """An earlier limit for a part of the work, which moves with this one."""
        return Limit(at, self._latest, self)

    def move(self, seconds: float) -> None:
        """Allow for a pause."""
        self.at = min(self.at + seconds, self._latest)
        if self._whole is not None:
            self._whole.move(seconds)


class SocketPoll:
    """Waits for one socket with a poll object that is made once."""

    __slots__ = ("_poll", "_sock", "_watched")

    def __init__(self, sock: "Any") -> None:
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
        """Wait for any of these. Returns what is ready, 0 if the time passes."""
        if self._watched != what:
            self._watch(what)
        found: "list[tuple[int, int]]" = self._poll.poll(seconds * 1000.0 if seconds > 0 else 0)
        return found[0][1] if found else 0

    def _watch(self, what: int) -> None:
        self._poll.modify(self._sock, what)
        self._watched = what


class SocketSelect:
    """The same where poll is missing."""

    __slots__ = ("_sock",)

    def __init__(self, sock: "Any") -> None:
        self._sock = sock

    def can_read(self, seconds: float) -> bool:
        """Wait until there are bytes to read. False if the time passes."""
        return bool(self.wait(READ, seconds))

    def can_read_now(self) -> bool:
        """True if there are bytes to read."""
        return bool(self.wait(READ, 0.0))

    def wait(self, what: int, seconds: float) -> int:
        """Wait for any of these. Returns what is ready, 0 if the time passes."""
        ready: "list[tuple[Any, int]]" = select_ready({self._sock: what}, seconds)
        return ready[0][1] if ready else 0


def select_ready(watched: "dict[Any, int]", seconds: float) -> "list[tuple[Any, int]]":
    """Wait for any of these by ``select``. Returns what is ready, and for what."""
    reads = [each for each, what in watched.items() if what & READ]
    writes = [each for each, what in watched.items() if what & WRITE]
    # A refused connect shows among the exceptional conditions on Windows.
    readable, writable, failed = select.select(reads, writes, writes, max(0.0, seconds))
    ready = dict.fromkeys(readable, READ)
    for each in {*writable, *failed}:
        ready[each] = ready.get(each, 0) | WRITE
    return list(ready.items())


SocketWait: "type[SocketPoll | SocketSelect]" = SocketPoll if _poll is not None else SocketSelect


class ThreadWaker:
    """Lets one thread sleep until any other wakes it; a wake-up that comes first is kept."""

    __slots__ = ("_asleep", "has_left")

    def __init__(self) -> None:
        self.has_left = False  # the queue of a pool
        self._asleep = threading.Lock()
        self._asleep.acquire()

    def wake(self) -> None:
        """End the sleep, or the next one."""
        try:
            self._asleep.release()
        except RuntimeError:  # it is awake already
            pass

    def wait(self, seconds: float) -> bool:
        """Sleep. False if the time passes."""
        return self._asleep.acquire(timeout=min(max(0.0, seconds), threading.TIMEOUT_MAX))


def wait_one(steps: "Steps", pool: object = None) -> "Any":
    """Take the steps to their end, and wait for each. Returns their result, raises their error.

    :param pool: whose other users are helped while the steps wait to be woken
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
    """Sleep until woken; meanwhile drive the maps that hold the pool's connections and are not driven by anybody."""
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
    """Wait until one of these loops has something to do."""
    fds = [fd for fd in fds if fd >= 0]
    if not fds or _poll is None:
        time.sleep(seconds)
        return
    watched = _poll()
    for fd in fds:
        watched.register(fd, READ)
    watched.poll(ceil(seconds * 1000.0))


#: What is driven while its owner iterates. It is kept here until it is closed: were it garbage, the collector would
#: finalise its connections and its calls in any order.
_driven: "dict[int, Driven]" = {}


def register(driven: "Driven") -> None:
    """Have it helped by whoever waits for its pool, and closed when the program ends."""
    _driven[id(driven)] = driven


def unregister(driven: "Driven") -> None:
    """Forget it, for it is closed."""
    _driven.pop(id(driven), None)


def list_driven(pool: object) -> "list[Driven]":
    """What is driven over the connections of a pool."""
    return [driven for driven in list(_driven.values()) if driven.pool is pool]


def help_others(driven: "Driven") -> bool:
    """Help everything else that holds connections of its pool. False if nothing does."""
    helped = [other for other in list_driven(driven.pool) if other is not driven and other.help()]
    return bool(helped)


#: What the garbage collector found: a finaliser may neither wait nor log, so the next user of any client does.
_left: "deque[Callable[[], None]]" = deque()


def leave_behind(settle: "Callable[[], None]") -> None:
    """Have this called by the next user of any client, or at the end of the program. For finalisers: it only notes."""
    _left.append(settle)


def settle_left() -> None:
    """Do what finalisers left behind."""
    while _left:
        try:
            settle = _left.popleft()
        except IndexError:  # another thread took the last one
            return
        try:
            settle()
        except Exception:  # it is no affair of whoever comes by
            import logging

            logging.getLogger("tencentserverless").exception("a map that was left could not be ended in order")


def has_left() -> bool:
    """Whether finalisers left something behind."""
    return bool(_left)


@atexit.register
def _end() -> None:
    """End what the program leaves unfinished, while logging and the other modules are still there."""
    settle_left()
    for driven in list(_driven.values()):
        driven.close()


class _Probe:
    """Counts the references of an object that nobody refers to any more."""

    def __del__(self) -> None:
        _counts.append(sys.getrefcount(self))


_counts: "list[int]" = []
_Probe()


def is_garbage(count: int) -> bool:
    """Whether a finaliser runs in the garbage collector, and so in the middle of anything, and not where the last
    reference was dropped.

    :param count: ``sys.getrefcount(self)`` in ``__del__``
    """
    return count > _counts[0]


class TryLock:
    """A lock that is asked for and never waited for.

    Whoever takes it keeps a slot in a local name. Where an interrupt loses that frame, the slot comes back by itself.
    """

    __slots__ = ("_free", "thread")

    def __init__(self) -> None:
        self._free: "deque[Slot]" = deque()
        self._free.append(Slot(ref(self._free)))
        self.thread = 0  # the one that holds it, 0 while nobody does

    def take(self) -> "Slot | None":
        """Take it; None if somebody has it."""
        try:
            slot = self._free.pop()
        except IndexError:
            return None
        self.thread = get_ident()
        return slot

    def give(self, slot: "Slot | None") -> None:
        """Give back what ``take`` returned."""
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
        """Take it; False if another frame has it."""
        self._slot = self._lock.take()
        return self._slot is not None

    def take(self) -> None:
        """Take it, unless this frame has it already. Another thread has it for moments only.

        A forked child does not wait for it, for that thread is missing there.
        """
        if self._slot is None:
            self._slot = self._lock.take()
        while self._slot is None and getpid() == self._pid:
            if self._lock.thread == get_ident():
                raise RuntimeError("this map is being driven by the code that was interrupted here")
            time.sleep(TURN_SECONDS)
            self._slot = self._lock.take()

    def give(self) -> None:
        """Give it back."""
        slot, self._slot = self._slot, None
        self._lock.give(slot)
