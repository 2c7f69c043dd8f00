"""Keep-alive bookkeeping: lends connections, grants slots to open one, and queues waiters. The drivers do the I/O.

There is no lock. Every step that hands something over is one atomic operation of a deque or a dict, because threads,
signal handlers, finalisers and forked children may run at any moment, also in the middle of another step. Such a moment
can cost a connection, which is closed in place of kept. It never costs a slot: the right to open a connection returns
to its pool by itself when it is garbage-collected.

A call that finds neither a connection nor a slot becomes a waiter in a queue. Every release wakes the first waiter. It
tries again, and leaves the queue with its connection or slot; later waiters and new calls wait behind it.
"""

from _weakref import ref  # weakref itself, which gives the same, would cost 0.4 ms at the import
from collections import OrderedDict, deque

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Hashable, Protocol

    class PooledConnection(Protocol):
        """A connection, as the pool sees it. See ``PoolState``."""

        idle_since: float
        idle_since_wall: float
        keep_seconds: "float | None"
        slot: "Slot | None"

        @property
        def origin(self) -> Hashable:
            """The address."""

        def is_stale(self) -> bool:
            """True if it cannot carry another request."""

    class Waiter(Protocol):
        """A call that waits for a connection. See ``PoolState``."""

        has_left: bool

        def wake(self) -> None:
            """Make it try again."""


IDLE_LIMIT_SECONDS = 30.0
#: An origin's connections are used up to this share of the age at which one of them was found closed.
STALE_FACTOR = 0.8
#: Seconds for which that age is remembered.
STALE_MEMORY_SECONDS = 300.0
NEVER = float("inf")


class Slot:
    """The right to have one connection open; a connection holds it as ``slot`` while it is open.

    :param free: the free slots of the pool
    """

    __slots__ = ("_free", "is_spent")

    def __init__(self, free: "ref[deque[Slot]]") -> None:
        self._free = free
        self.is_spent = False

    def __del__(self) -> None:
        # The garbage collector may finalise a connection's slot before the frame that gives it back.
        self.is_spent = True
        free = self._free()
        if free is not None:
            free.append(Slot(self._free))


class _Origin:
    """One origin's idle connections, the last used at the right end, and the age up to which they are used."""

    __slots__ = ("_closed_until", "closed_at_seconds", "idle", "safe_seconds")

    def __init__(self) -> None:
        self.idle: "deque[PooledConnection]" = deque()
        self._closed_until = 0.0  # monotonic seconds until which closed_at_seconds counts
        self.closed_at_seconds = NEVER  # the lowest age at which a connection was found closed
        self.safe_seconds = IDLE_LIMIT_SECONDS  # a connection up to this age is never too old

    def is_too_old(self, age: float, now: float) -> bool:
        """True if a connection of that age may be closed by the peer while a request is on its way to it.

        A connection that is still open beyond the age at which another was found closed disproves a limit of the peer.
        """
        if now > self._closed_until:
            self.forget_closed()
        return age > IDLE_LIMIT_SECONDS or self.safe_seconds < age < self.closed_at_seconds

    def note_closed(self, age: float, now: float) -> None:
        """Note that a connection was found closed at that age."""
        self.closed_at_seconds = min(age, self.closed_at_seconds)
        self.safe_seconds = min(IDLE_LIMIT_SECONDS, STALE_FACTOR * self.closed_at_seconds)
        self._closed_until = now + STALE_MEMORY_SECONDS

    def forget_closed(self) -> None:
        """Forget the age at which a connection was found closed."""
        self.closed_at_seconds = NEVER
        self.safe_seconds = IDLE_LIMIT_SECONDS


class PoolState:
    """All connections of a client, by origin.

    A connection has ``origin``, ``slot``, ``keep_seconds`` (the peer's limit for an idle connection, None if unknown)
    and ``is_stale()``. While it is idle, ``idle_since`` and ``idle_since_wall`` hold the start of that by two clocks: a
    paused instance may stop the monotonic clock. A waiter has ``wake()``, and ``has_left``, which is set before
    ``leave`` is called: an interrupt may come between the two, and others must not wait behind a waiter that has left.

    :param limit: connections open at once, over all origins
    """

    __slots__ = ("_free", "_origins", "_waiters", "limit", "to_close")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._free: "deque[Slot]" = deque()
        home = ref(self._free)
        self._free.extend(Slot(home) for _ in range(limit))
        self.to_close: "deque[Any]" = deque()  # connections that the driver must close
        self._origins: "dict[Hashable, _Origin]" = {}
        self._waiters: "OrderedDict[Waiter, None]" = OrderedDict()

    @property
    def opened(self) -> int:
        """The number of connections that are open or being opened, lent or idle."""
        return self.limit - len(self._free)

    @property
    def idle(self) -> int:
        """The number of idle connections."""
        return sum(len(known.idle) for known in list(self._origins.values()))

    @property
    def waiting(self) -> int:
        """The number of waiters."""
        return len(self._waiters)

    def __repr__(self) -> str:
        return "<PoolState {}/{} open, {} idle, {} waiting>".format(self.opened, self.limit, self.idle, self.waiting)

    def take_idle(self, origin: "Hashable", monotonic: float, wall: float) -> "Any":
        """Take the most recently used idle connection that is open and young enough, None if there is none."""
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
        """Take the right to open a connection, in place of an idle one if need be; None if all are lent."""
        try:
            return self._free.pop()
        except IndexError:
            pass
        for known in list(self._origins.values()):
            try:
                connection = known.idle.popleft()
            except IndexError:
                continue
            slot = connection.slot
            connection.slot = None
            self.to_close.append(connection)
            return slot
        return None

    def release(self, connection: "PooledConnection", monotonic: float, wall: float) -> None:
        """Take back a connection that can be used again."""
        connection.idle_since = monotonic
        connection.idle_since_wall = wall
        origin = connection.origin
        known = self._origins.get(origin) or self._origins.setdefault(origin, _Origin())
        known.idle.append(connection)
        if self._waiters:
            self.wake_first()

    def free(self, slot: Slot) -> None:
        """Take back a slot that has no connection (any more)."""
        if not slot.is_spent:
            self._free.append(slot)
        if self._waiters:
            self.wake_first()

    def drop(self, connection: "PooledConnection") -> None:
        """Mark a connection for closing by the driver, and take its slot back."""
        self.to_close.append(connection)
        slot, connection.slot = connection.slot, None
        if slot is not None:
            self.free(slot)

    def drain(self) -> None:
        """Mark every idle connection for closing; the driver closes them."""
        for known in list(self._origins.values()):
            while known.idle:
                try:
                    self.drop(known.idle.pop())
                except IndexError:  # another thread took it
                    break

    def enqueue(self, waiter: "Waiter") -> None:
        """Append a waiter. Its owner must try once more then: a release just before this call woke no waiter."""
        self._waiters[waiter] = None

    def leave(self, waiter: "Waiter") -> None:
        """Remove a waiter, served or not."""
        self._waiters.pop(waiter, None)
        if self._waiters:
            self.wake_first()  # there may be a connection for the next waiter too

    def is_next(self, waiter: "Waiter | None") -> bool:
        """True if this waiter, or a new call (None), may take a free connection now."""
        return not self._waiters or self._first() is waiter

    def wake_first(self) -> None:
        """Wake the first waiter, which tries again."""
        waiter = self._first()
        if waiter is not None:
            waiter.wake()

    def _first(self) -> "Waiter | None":
        while True:
            try:
                waiter = next(iter(self._waiters), None)
            except RuntimeError:  # another thread changed the queue at the same time
                continue
            if waiter is None or not waiter.has_left:
                return waiter
            self._waiters.pop(waiter, None)
