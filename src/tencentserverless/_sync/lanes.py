"""The connections of a map: kept from one call to the next, taken from the pool and given back to it.

All waiting is done in steps, as ``net`` words them; a step that waits for ``RING`` names a bell, which other threads
ring.
"""

from time import monotonic

from tencentserverless._base.sockets import connect_failure, late_failure, numeric_addresses, start_look_up
from tencentserverless._core.pool import Place, Waiter
from tencentserverless._sync.net import open_steps
from tencentserverless._sync.poller import RING

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from tencentserverless._base.sockets import Address
    from tencentserverless._core.flow import Exchange
    from tencentserverless._sync.net import Connection, Steps
    from tencentserverless._sync.poller import Poller
    from tencentserverless._sync.pool import Pool


class Lanes:
    """The connections of one map.

    :param pool: of the client
    :param connect_timeout: seconds for a new connection, from name lookup to TLS
    """

    def __init__(self, pool: "Pool", connect_timeout: float, poller: "Poller") -> None:
        self._pool = pool
        self._connect_timeout = connect_timeout
        self._poller = poller
        self._free: "list[Connection]" = []
        self._look_ups: "dict[tuple[str, int], _LookUp]" = {}
        self._waiting = 0  # calls that wait for a connection of the pool
        self.is_keeping = True  # is there a next call?

    @property
    def are_wanted(self) -> bool:
        """Does a call wait for a connection that others hold?"""
        return self._waiting > 0

    def take(self) -> "Connection | None":
        """A connection that another call left."""
        while self._free:
            connection = self._free.pop()
            fd = connection.fileno()
            if self._pool.is_usable(connection):
                return connection
            self._poller.forget(fd)
        return None

    def keep(self, connection: "Connection") -> None:
        """Leave a connection to the next call, unless somebody else waits for one."""
        if not self.is_keeping or self._pool.is_wanted:
            self._release(connection)
        else:
            connection.idle_since = monotonic()
            self._free.append(connection)

    def give_back(self) -> None:
        """Give the pool what no call took."""
        while self._free:
            self._release(self._free.pop())

    def drop(self, connection: "Connection", *, abort: bool) -> None:
        """Close a connection."""
        self._poller.forget(connection.fileno())
        self._pool.discard(connection, abort=abort)

    def _release(self, connection: "Connection") -> None:
        self._poller.forget(connection.fileno())
        self._pool.release(connection)

    def acquire_steps(self, effect: "Exchange") -> "Steps":
        """A connection of the pool's, or a new one."""
        while True:
            found = self._pool.ask(effect.origin, lambda: _Signal(self._poller))
            if type(found) is Waiter:
                found = yield from self._await_steps(found, effect.deadline)
            if type(found) is Place:
                return (yield from self._open_steps(found, effect))
            if self._pool.is_usable(found):
                return found

    def _await_steps(self, waiter: Waiter, deadline: float) -> "Steps":
        is_granted = False
        self._waiting += 1
        try:
            while waiter.grant is None:
                if not (yield waiter.signal, RING, deadline):
                    raise self._pool.busy_failure()
            is_granted = True
            return waiter.grant
        finally:
            self._waiting -= 1
            if not is_granted:
                self._pool.abandon(waiter)

    def _open_steps(self, place: Place, effect: "Exchange") -> "Steps":
        origin = effect.origin
        deadline = min(effect.deadline, monotonic() + self._connect_timeout)
        peer = origin.proxy or origin
        try:
            addresses = numeric_addresses(peer.host, peer.port)
            if not addresses:
                addresses = yield from self._look_up_steps(origin, (peer.host, peer.port), deadline)
            connection = yield from open_steps(origin, addresses, deadline, effect.mark)
        except BaseException:
            self._pool.free(place)
            raise
        connection.place = place
        return connection

    def _look_up_steps(self, origin: "Any", name: "tuple[str, int]", deadline: float) -> "Steps":
        """The host's addresses; calls that ask at the same time share one look-up."""
        look_up = self._look_ups.get(name)
        if look_up is None or look_up.found is not None:
            look_up = self._look_ups[name] = _LookUp(self._poller)
            start_look_up(name[0], name[1], look_up.deliver)
        while look_up.found is None:
            if not (yield look_up, RING, deadline):
                raise late_failure(origin, "name lookup")
        if isinstance(look_up.found, BaseException):
            raise connect_failure(origin, "look up", look_up.found) from look_up.found
        return look_up.found


class _Signal:
    """Tells a call that its turn in the pool's queue has come."""

    __slots__ = ("_poller",)

    def __init__(self, poller: "Poller") -> None:
        self._poller = poller
        poller.open_ears()

    def release(self) -> None:
        """Any thread: its grant is there."""
        self._poller.ring(self)


class _LookUp:
    """A name that is being looked up: its addresses, or the error, once they are there."""

    __slots__ = ("_poller", "found")

    def __init__(self, poller: "Poller") -> None:
        self._poller = poller
        self.found: "list[Address] | BaseException | None" = None
        poller.open_ears()

    def deliver(self, found: "Any") -> None:
        """Any thread: this is what came of it."""
        self.found = found
        self._poller.ring(self)
