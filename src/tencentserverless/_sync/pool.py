"""The connection pool of a client, shared by its threads: waiting, opening, and the fork."""

from tencentserverless._base.process import getpid
from tencentserverless._base.runtime import monotonic, wall
from tencentserverless._base.sockets import (
    busy_failure,
    check_proxy,
    closed_failure,
    connect_failure,
    late_failure,
    look_up,
    numeric_addresses,
)
from tencentserverless._core.pool import PoolState, Slot
from tencentserverless._sync.opening import open_steps
from tencentserverless._sync.waiting import RECHECK_SECONDS, WAKE, Limit, ThreadWaker, wait_one

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable

    from tencentserverless._base.sockets import LookedUp
    from tencentserverless._sync.net import Connection
    from tencentserverless._sync.opening import Mark
    from tencentserverless._sync.step_loop import LoopWaker
    from tencentserverless._sync.waiting import Steps
    from tencentserverless.config import Origin, Proxy

    MakeWaker = Callable[[], ThreadWaker | LoopWaker]


class Pool:
    """Keeps connections alive between calls. Safe for threads, for signal handlers and for fork: it has no lock.

    :param limit: connections open at once
    :param connect_timeout: seconds for a new connection, from name lookup to TLS
    """

    def __init__(self, limit: int, connect_timeout: float) -> None:
        self._limit = limit
        self._connect_timeout = connect_timeout
        self.is_closed = False
        self._states = {getpid(): PoolState(limit)}  # a forked child makes one of its own

    @property
    def state(self) -> PoolState:
        """The bookkeeping of this process's connections."""
        return self._states.get(getpid()) or self._leave_parent()

    @property
    def is_wanted(self) -> bool:
        """True if a call waits for a connection."""
        return self.state.waiting > 0

    def __repr__(self) -> str:
        return repr(self.state)

    def take_idle(self, origin: "Origin") -> "Connection | None":
        """Take an idle connection that can be used, None if there is none or others wait for it."""
        state = self._states.get(getpid()) or self._leave_parent()
        if self.is_closed or (state.waiting and not state.is_next(None)):
            return None
        connection = state.take_idle(origin, monotonic(), wall())
        if state.to_close:
            self._close_dropped(state)
        return connection  # type: ignore[no-any-return]

    def acquire(self, origin: "Origin", deadline: float, mark: "Mark") -> "Connection":
        """Lend a connection, until ``release`` or ``discard``.

        :param deadline: monotonic seconds
        :raises ConnectError: if none is free, or none can be opened, in time
        """
        return wait_one(self.acquire_steps(origin, deadline, mark, ThreadWaker), self)  # type: ignore[no-any-return]

    def acquire_steps(self, origin: "Origin", deadline: float, mark: "Mark", make_waker: "MakeWaker") -> "Steps":
        """Do the same in steps.

        :param make_waker: makes the waker that ends a wait in the pool's queue
        """
        found = yield from self._await_steps(origin, deadline, make_waker)
        if type(found) is not Slot:
            return found
        state = self.state
        try:
            connection = yield from self._open_steps(origin, deadline, mark, make_waker)
        except BaseException:
            state.free(found)
            raise
        connection.slot = found
        return connection

    def _await_steps(self, origin: "Origin", deadline: float, make_waker: "MakeWaker") -> "Steps":
        """Wait for an idle connection, or a slot to open one."""
        state = self.state
        waiter: "ThreadWaker | LoopWaker | None" = None
        try:
            while True:
                if self.is_closed:
                    raise closed_failure()
                found = None
                if state.is_next(waiter):
                    found = state.take_idle(origin, monotonic(), wall()) or state.take_slot()
                    self._close_dropped(state)
                if found is not None:
                    return found
                if waiter is None:
                    waiter = make_waker()
                    state.enqueue(waiter)
                    continue  # a release just before woke no waiter
                now = monotonic()
                if now >= deadline:
                    raise busy_failure(self._limit)
                yield waiter, WAKE, min(deadline, now + RECHECK_SECONDS)
        finally:
            if waiter is not None:
                waiter.has_left = True
                state.leave(waiter)

    def _open_steps(self, origin: "Origin", deadline: float, mark: "Mark", make_waker: "MakeWaker") -> "Steps":
        check_proxy(origin)
        limit = Limit(monotonic() + self._connect_timeout, deadline)
        proxy = origin.proxy
        addresses = yield from _find_addresses_steps(origin, proxy or origin, limit, make_waker)
        behind = None
        if proxy is not None and proxy.kind == "socks5":
            behind = yield from _find_addresses_steps(origin, origin, limit, make_waker)
        return (yield from open_steps(origin, addresses, limit, mark, behind))

    def release(self, connection: "Connection") -> None:
        """Give back a connection that can carry another call.

        The process id is not read here. In a forked child, the parent's connection goes to the parent's state if the
        child has not left that yet. The first call there that needs a connection closes it with that state.
        """
        state = self._states.get(connection.pid)
        if state is None:
            connection.close()
            return
        state.release(connection, monotonic(), wall())
        if self.is_closed:
            state.drain()
            self._close_dropped(state)

    def discard(self, connection: "Connection", *, abort: bool = False) -> None:
        """Drop a connection.

        :param abort: True for a reset, so that bytes that are still buffered never reach the peer
        """
        if abort:
            connection.abort()
        else:
            connection.close()
        slot, connection.slot = connection.slot, None
        if slot is not None and connection.pid == getpid():
            self.state.free(slot)

    def close(self) -> None:
        """Close idle connections; lent ones are closed at ``release``."""
        self.is_closed = True
        state = self.state
        state.drain()
        self._close_dropped(state)
        state.wake_first()

    def _close_dropped(self, state: PoolState) -> None:
        while state.to_close:
            try:
                state.to_close.popleft().close()
            except IndexError:  # another thread closed the last one
                return

    def _leave_parent(self) -> PoolState:
        """Begin anew in a forked child: the sockets belong to the parent.

        Closing the child's descriptors sends no byte to the peer, because the parent still holds its own.
        """
        state = self._states.setdefault(getpid(), PoolState(self._limit))  # one atomic step: threads get the same one
        for pid in list(self._states):
            parents = self._states.pop(pid, None) if pid != getpid() else None
            if parents is not None:
                parents.drain()
                self._close_dropped(parents)
        return state


def _find_addresses_steps(origin: "Origin", peer: "Origin | Proxy", limit: Limit, make_waker: "MakeWaker") -> "Steps":
    """Find the addresses of the origin or its proxy."""
    known = numeric_addresses(peer.host, peer.port)
    if known:
        return known
    found: "list[LookedUp]" = []
    waker = make_waker()

    def deliver(result: "LookedUp") -> None:
        found.append(result)
        waker.wake()

    look_up(peer.host, peer.port, deliver)
    while not found:
        if not (yield waker, WAKE, limit) and not found:
            raise late_failure(origin, "name lookup", limit.is_last)
    if isinstance(found[0], BaseException):
        raise connect_failure(origin, "look up", found[0], is_of_proxy=peer is not origin) from found[0]
    return found[0]
