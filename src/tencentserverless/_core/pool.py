"""Keep-alive bookkeeping: who gets which connection, who opens one, who waits. Decisions only; shells do the I/O.

Lending marks a connection as lent in the same step, a freed place goes to the longest waiter in the same step, and
every operation is O(1), amortised (making room looks at each origin, of which a client has a handful).
A shell calls all of this under its lock and closes what is in ``doomed`` outside.

What is open is counted by ``Place`` objects that are held weakly: a signal handler that raises between two steps may
lose a connection, but then its place goes with it, and the pool never shrinks for good.
"""

from collections import OrderedDict, deque
from weakref import WeakSet

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

IDLE_LIMIT_SECONDS = 30.0
MIN_IDLE_LIMIT_SECONDS = 1.0
#: Of the age at which a connection was found closed, how much to let its origin's connections idle from then on.
STALE_FACTOR = 0.8

#: Answer of ``acquire`` where neither a connection nor a place is free.
WAIT = "wait"


class Place:
    """The right to have one connection open; the connection holds it as ``place`` as long as it lives."""

    __slots__ = ("__weakref__",)


class Waiter:
    """A turn in the queue. ``grant`` is None while it waits, then a connection or a Place to open one."""

    __slots__ = ("grant", "origin", "signal")

    def __init__(self, origin: "Any", signal: "Any") -> None:
        self.origin = origin
        self.signal = signal
        self.grant: "Any" = None


class _Origin:
    """One origin's idle connections, the last used on top, and how long they may idle."""

    __slots__ = ("idle", "idle_limit")

    def __init__(self) -> None:
        self.idle: "deque[Any]" = deque()
        self.idle_limit = IDLE_LIMIT_SECONDS


class PoolState:
    """Every connection of a client, by origin.

    A connection has ``origin``, ``place`` and, while it idles, ``idle_since`` and ``idle_since_wall``: since when, by
    two clocks, for a paused instance may stop the monotonic one.

    :param limit: how many may be open at once, over all origins
    """

    __slots__ = ("_origins", "_places", "_waiters", "doomed", "limit")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._places: "WeakSet[Place]" = WeakSet()
        self.doomed: "list[Any]" = []  # connections that the shell must close
        self._origins: "dict[Any, _Origin]" = {}
        self._waiters: "OrderedDict[int, Waiter]" = OrderedDict()

    @property
    def opened(self) -> int:
        """How many are open or being opened, lent or idle."""
        return len(self._places)

    def __repr__(self) -> str:
        return "<PoolState {}/{} open, {} idle, {} waiting>".format(
            self.opened, self.limit, self.idle, len(self._waiters)
        )

    @property
    def idle(self) -> int:
        """How many are open and lent to nobody."""
        return sum(len(known.idle) for known in self._origins.values())

    @property
    def is_wanted(self) -> bool:
        """Does anybody wait for a connection?"""
        return bool(self._waiters)

    def acquire(self, origin: "Any", monotonic: float, wall: float) -> "Any":
        """An idle connection (now lent), a Place to open one for, or WAIT (queue up with ``enqueue``)."""
        idle = self.take_idle(origin, monotonic, wall)
        if idle is not None:
            return idle
        if len(self._places) >= self.limit and not self._evict():
            return WAIT
        return self._take_place()

    def take_idle(self, origin: "Any", monotonic: float, wall: float) -> "Any":
        """The most recently used idle connection that is young enough; older ones are doomed."""
        known = self._origins.get(origin)
        if known is None or not known.idle:
            return None
        connection = known.idle.pop()
        limit = known.idle_limit
        if monotonic - connection.idle_since <= limit and wall - connection.idle_since_wall <= limit:
            return connection
        # The most recent one is too old, so all are.
        self._doom(connection)
        while known.idle:
            self._doom(known.idle.pop())
        return None

    def enqueue(self, waiter: Waiter) -> None:
        """Wait for a grant, behind all who wait already."""
        self._waiters[id(waiter)] = waiter

    def abandon(self, waiter: Waiter) -> "Any":
        """Stop waiting. Returns a grant that came first, None if there was none; a grant is then the caller's."""
        self._waiters.pop(id(waiter), None)
        return waiter.grant

    def release(self, connection: "Any", monotonic: float, wall: float) -> "Waiter | None":
        """Give back a connection that can be used again. Returns the waiter to wake, if any."""
        waiter = self._next_waiter()
        if waiter is None:
            connection.idle_since = monotonic
            connection.idle_since_wall = wall
            self._know(connection.origin).idle.append(connection)
        elif waiter.origin == connection.origin:
            waiter.grant = connection
        else:
            self._doom(connection)
            waiter.grant = self._take_place()
        return waiter

    def discard(self, place: Place) -> "Waiter | None":
        """A lent connection is gone, or its place was not used. Returns the waiter to wake, if any."""
        self._places.discard(place)
        waiter = self._next_waiter()
        if waiter is not None:
            waiter.grant = self._take_place()
        return waiter

    def limit_idle(self, origin: "Any", seconds: float) -> None:
        """Keep this origin's connections idle no longer than this: it said so, or closed one of that age."""
        known = self._know(origin)
        known.idle_limit = max(MIN_IDLE_LIMIT_SECONDS, min(known.idle_limit, seconds))

    def drain(self) -> None:
        """Doom every idle connection."""
        for known in self._origins.values():
            while known.idle:
                self._doom(known.idle.pop())

    def _evict(self) -> bool:
        """Make room by dooming another origin's least recently used connection."""
        for known in self._origins.values():
            if known.idle:
                self._doom(known.idle.popleft())
                return True
        return False

    def _know(self, origin: "Any") -> _Origin:
        known = self._origins.get(origin)
        if known is None:
            known = self._origins[origin] = _Origin()
        return known

    def _take_place(self) -> Place:
        place = Place()
        self._places.add(place)
        return place

    def _doom(self, connection: "Any") -> None:
        self.doomed.append(connection)
        self._places.discard(connection.place)

    def _next_waiter(self) -> "Waiter | None":
        return self._waiters.popitem(last=False)[1] if self._waiters else None
