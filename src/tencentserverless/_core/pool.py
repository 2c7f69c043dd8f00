"""Keep-alive bookkeeping: who gets which connection, who opens one, who waits. Decisions only; shells do the I/O.

Lending marks a connection as lent in the same step, a freed place goes to the longest waiter in the same step, and
every operation is O(1), amortised. A shell calls all of this under its lock and closes what is in ``doomed`` outside.
"""

from collections import OrderedDict, deque

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

IDLE_LIMIT_SECONDS = 30.0
MIN_IDLE_LIMIT_SECONDS = 1.0
#: Of the age at which a connection was found closed, how much to let its origin's connections idle from then on.
STALE_FACTOR = 0.8

#: Answers of ``acquire`` and grants to waiters beside a connection: open one yourself, or wait for a grant.
OPEN = "open"
WAIT = "wait"


class Idle:
    """When a connection began to idle, by two clocks: a paused instance may stop the monotonic one."""

    __slots__ = ("connection", "monotonic", "wall")

    def __init__(self, connection: "Any", monotonic: float, wall: float) -> None:
        self.connection = connection
        self.monotonic = monotonic
        self.wall = wall

    def age(self, monotonic: float, wall: float) -> float:
        """Seconds since then: the larger of what the two clocks say."""
        return max(monotonic - self.monotonic, wall - self.wall)


class Waiter:
    """A place in the queue. ``grant`` is None while it waits, then a connection or OPEN."""

    __slots__ = ("grant", "origin", "signal")

    def __init__(self, origin: "Any", signal: "Any") -> None:
        self.origin = origin
        self.signal = signal
        self.grant: "Any" = None


class PoolState:
    """Every connection of a client, by origin.

    :param limit: how many may be open at once, over all origins
    """

    __slots__ = ("_idle", "_idle_limits", "_waiters", "doomed", "limit", "opened")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.opened = 0  # open or being opened, lent or idle
        self.doomed: "list[Any]" = []  # connections that the shell must close
        self._idle: "dict[Any, deque[Idle]]" = {}
        self._idle_limits: "dict[Any, float]" = {}
        self._waiters: "OrderedDict[int, Waiter]" = OrderedDict()

    def __repr__(self) -> str:
        idle = sum(len(stack) for stack in self._idle.values())
        return "<PoolState {}/{} open, {} idle, {} waiting>".format(self.opened, self.limit, idle, len(self._waiters))

    def acquire(self, origin: "Any", monotonic: float, wall: float) -> "Any":
        """An idle connection (now lent), OPEN (a place is taken: open one) or WAIT (queue up with ``enqueue``)."""
        idle = self._pop_idle(origin, monotonic, wall)
        if idle is not None:
            return idle
        if self.opened >= self.limit and not self._evict():
            return WAIT
        self.opened += 1
        return OPEN

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
            stack = self._idle.get(connection.origin)
            if stack is None:
                stack = self._idle[connection.origin] = deque()
            stack.append(Idle(connection, monotonic, wall))
        elif waiter.origin == connection.origin:
            waiter.grant = connection
        else:
            self.doomed.append(connection)
            waiter.grant = OPEN
        return waiter

    def discard(self) -> "Waiter | None":
        """A lent connection is gone, or a place was not used. Returns the waiter to wake, if any."""
        waiter = self._next_waiter()
        if waiter is None:
            self.opened -= 1
        else:
            waiter.grant = OPEN
        return waiter

    def limit_idle(self, origin: "Any", seconds: float) -> None:
        """Keep this origin's connections idle no longer than this: it said so, or closed one of that age."""
        known = self._idle_limits.get(origin, IDLE_LIMIT_SECONDS)
        self._idle_limits[origin] = max(MIN_IDLE_LIMIT_SECONDS, min(known, seconds))

    def drain(self) -> None:
        """Doom every idle connection."""
        for stack in self._idle.values():
            self.doomed.extend(idle.connection for idle in stack)
            self.opened -= len(stack)
        self._idle.clear()

    def _pop_idle(self, origin: "Any", monotonic: float, wall: float) -> "Any":
        """The most recently used idle connection that is young enough; older ones are doomed."""
        stack = self._idle.get(origin)
        if stack is None:
            return None
        idle = stack.pop()
        limit = self._idle_limits.get(origin, IDLE_LIMIT_SECONDS)
        if idle.age(monotonic, wall) <= limit:
            if not stack:
                del self._idle[origin]
            return idle.connection
        # The most recent one is too old, so all are.
        self.doomed.append(idle.connection)
        self.doomed.extend(older.connection for older in stack)
        self.opened -= len(stack) + 1
        del self._idle[origin]
        return None

    def _evict(self) -> bool:
        """Make room by dooming another origin's least recently used connection."""
        for origin, stack in self._idle.items():
            self.doomed.append(stack.popleft().connection)
            self.opened -= 1
            if not stack:
                del self._idle[origin]
            return True
        return False

    def _next_waiter(self) -> "Waiter | None":
        return self._waiters.popitem(last=False)[1] if self._waiters else None
