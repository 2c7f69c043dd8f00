"""Keep-alive bookkeeping: who gets which connection, who opens one, who waits. Decisions only; shells do the I/O.

There is no lock. Every step that hands something over is one operation of a deque or a dict, which the interpreter
does whole: threads, signal handlers, finalisers and forked children may come at any moment, also in the middle of
another step. What such a moment can cost is a connection that is closed in place of kept, never a slot: the right to
open a connection goes back to its pool by itself when nobody holds it any more.

Who finds neither a connection nor a slot queues up. The first in the queue is woken by every release, tries again, and
leaves the queue with what it got; later ones, and newcomers, wait behind it.
"""

from collections import OrderedDict, deque
from weakref import ref

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

IDLE_LIMIT_SECONDS = 30.0
#: From which share of the age at which a connection was found closed an origin's connections are used no more.
STALE_FACTOR = 0.8
#: How long that age is remembered.
STALE_MEMORY_SECONDS = 300.0
NEVER = float("inf")


class Slot:
    """The right to have one connection open; a connection holds it as ``slot`` while it is open.

    :param free: the slots of the pool that nobody holds
    """

    __slots__ = ("_free", "is_spent")

    def __init__(self, free: "ref[deque[Slot]]") -> None:
        self._free = free
        self.is_spent = False

    def __del__(self) -> None:
        # The collector may finalise the slot of a connection before the frame that gives it back.
        self.is_spent = True
        free = self._free()
        if free is not None:
            free.append(Slot(self._free))


class _Origin:
    """One origin's idle connections, the last used at the right end, and how long they may idle."""

    __slots__ = ("_closed_until", "closed_at_seconds", "idle", "safe_seconds")

    def __init__(self) -> None:
        self.idle: "deque[Any]" = deque()
        self._closed_until = 0.0  # monotonic seconds until which the next counts
        self.closed_at_seconds = NEVER  # the lowest age at which one was found closed
        self.safe_seconds = IDLE_LIMIT_SECONDS  # nothing that is younger is too old

    def is_too_old(self, age: float, now: float) -> bool:
        """True if a connection of that age may be closed by the peer while a request is on its way to it.

        One that is open beyond the age at which another was found closed proves that age to be no rule of the peer's.
        """
        if now > self._closed_until:
            self.forget_closed()
        return age > IDLE_LIMIT_SECONDS or self.safe_seconds < age < self.closed_at_seconds

    def note_closed(self, age: float, now: float) -> None:
        """A connection was found closed at that age."""
        self.closed_at_seconds = min(age, self.closed_at_seconds)
        self.safe_seconds = min(IDLE_LIMIT_SECONDS, STALE_FACTOR * self.closed_at_seconds)
        self._closed_until = now + STALE_MEMORY_SECONDS

    def forget_closed(self) -> None:
        """The age at which one was found closed says nothing any more."""
        self.closed_at_seconds = NEVER
        self.safe_seconds = IDLE_LIMIT_SECONDS


class PoolState:
    """Every connection of a client, by origin.

    A connection has ``origin``, ``slot``, ``keep_seconds`` (how long the peer said it keeps an idle one, or None),
    ``is_stale()``, and while it idles ``idle_since`` and ``idle_since_wall``: since when, by two clocks, for a paused
    instance may stop the monotonic one. A waiter has ``wake()``, and ``has_left``, which is set before ``leave`` is
    called: an interrupt may come between the two, and the others must not wait behind one that waits no more.

    :param limit: how many may be open at once, over all origins
    """

    __slots__ = ("_free", "_origins", "_waiters", "limit", "to_close")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._free: "deque[Slot]" = deque()
        home = ref(self._free)
        self._free.extend(Slot(home) for _ in range(limit))
        self.to_close: "deque[Any]" = deque()  # connections that the shell must close
        self._origins: "dict[Any, _Origin]" = {}
        self._waiters: "OrderedDict[Any, None]" = OrderedDict()

    @property
    def opened(self) -> int:
        """How many are open or being opened, lent or idle."""
        return self.limit - len(self._free)

    @property
    def idle(self) -> int:
        """How many are open and lent to nobody."""
        return sum(len(known.idle) for known in list(self._origins.values()))

    @property
    def waiting(self) -> int:
        """How many wait for a connection."""
        return len(self._waiters)

    def __repr__(self) -> str:
        return "<PoolState {}/{} open, {} idle, {} waiting>".format(self.opened, self.limit, self.idle, self.waiting)

    def take_idle(self, origin: "Any", monotonic: float, wall: float) -> "Any":
        """The most recently used idle connection that is open and young enough, None if there is none."""
        known = self._origins.get(origin)
        if known is None:
            return None
        idle = known.idle
        while idle:
            try:
                connection = idle.pop()
            except IndexError:  # another thread took the last one
                break
            age = monotonic - connection.idle_since
            wall_age = wall - connection.idle_since_wall
            if wall_age > age:  # noqa: PLR1730  # max() takes twice as long, in every call
                age = wall_age
            keep = connection.keep_seconds
            if (age > known.safe_seconds and known.is_too_old(age, monotonic)) or (keep is not None and age > keep):
                self.drop(connection)
            elif connection.is_stale():
                known.note_closed(age, monotonic)
                self.drop(connection)
            else:
                if age >= known.closed_at_seconds:
                    known.forget_closed()
                return connection
        return None

    def take_slot(self) -> "Slot | None":
        """The right to open a connection, at the cost of an idle one if need be; None if all are lent."""
        try:
            return self._free.pop()
        except IndexError:
            pass
        for known in list(self._origins.values()):
            try:
                connection = known.idle.popleft()
            except IndexError:
                continue
            slot: Slot = connection.slot
            connection.slot = None
            self.to_close.append(connection)
            return slot
        return None

    def release(self, connection: "Any", monotonic: float, wall: float) -> None:
        """Take back a connection that can be used again."""
        connection.idle_since = monotonic
        connection.idle_since_wall = wall
        origin = connection.origin
        known = self._origins.get(origin) or self._origins.setdefault(origin, _Origin())
        known.idle.append(connection)
        if self._waiters:
            self.wake_first()

    def free(self, slot: Slot) -> None:
        """Take back a slot whose connection is gone or was never made."""
        if not slot.is_spent:
            self._free.append(slot)
        if self._waiters:
            self.wake_first()

    def drop(self, connection: "Any") -> None:
        """Have a connection closed by the shell, and take its slot back."""
        self.to_close.append(connection)
        slot, connection.slot = connection.slot, None
        if slot is not None:
            self.free(slot)

    def drain(self) -> None:
        """Have every idle connection closed."""
        for known in list(self._origins.values()):
            while known.idle:
                try:
                    self.drop(known.idle.pop())
                except IndexError:  # another thread took it
                    break

    def enqueue(self, waiter: "Any") -> None:
        """Wait behind all who wait already; then try once more, for what was released meanwhile woke nobody."""
        self._waiters[waiter] = None

    def leave(self, waiter: "Any") -> None:
        """Wait no longer, served or not."""
        self._waiters.pop(waiter, None)
        if self._waiters:
            self.wake_first()  # there may be enough for the next one too

    def is_next(self, waiter: "Any") -> bool:
        """True if it is this waiter's turn, or a newcomer's (None), to take what is there."""
        return not self._waiters or self._first() is waiter

    def wake_first(self) -> None:
        """Have the first in the queue try again."""
        waiter = self._first()
        if waiter is not None:
            waiter.wake()

    def _first(self) -> "Any":
        while True:
            try:
                waiter = next(iter(self._waiters), None)
            except RuntimeError:  # another thread changed the queue in this very moment
                continue
            if waiter is None or not waiter.has_left:
                return waiter
            self._waiters.pop(waiter, None)
