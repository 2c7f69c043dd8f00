"""The connections of a client, shared by its threads: the lock, the waiting, the fork."""

import os
import threading
from time import monotonic
from time import time as wall
from weakref import WeakSet

from tencentserverless._base.fork_lock import ForkLock
from tencentserverless._base.sockets import closed_failure
from tencentserverless._core import pool as core
from tencentserverless._sync.net import Connection, open_connection
from tencentserverless.exception import ConnectError
from tencentserverless.models import Verdict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

    from tencentserverless._sync.net import Mark
    from tencentserverless.config import Origin


_HELP_SECONDS = 0.01  # how long a thread that waits for a connection attends to one of its maps


def _make_signal() -> "Any":
    """A lock that is held, which its ``release`` tells of."""
    signal = threading.Lock()
    signal.acquire()
    return signal


class Pool:
    """Keeps connections alive between calls. Safe for threads and for fork.

    :param limit: connections open at once
    :param connect_timeout: seconds for a new connection, from name lookup to TLS
    """

    def __init__(self, limit: int, connect_timeout: float) -> None:
        self._limit = limit
        self._connect_timeout = connect_timeout
        self.is_closed = False
        self._fork_lock = ForkLock()
        self._maps: "dict[int, WeakSet[Any]]" = {}  # by the thread that drives them
        self._begin()

    def _begin(self) -> None:
        self._lock = threading.Lock()
        self._state = core.PoolState(self._limit)
        self._pid = os.getpid()  # last: who sees it may use the others

    def __repr__(self) -> str:
        return repr(self._state)

    def acquire(self, origin: "Origin", deadline: float, mark: "Mark") -> Connection:
        """A connection that is yours until ``release`` or ``discard``.

        :param deadline: monotonic seconds
        :raises ConnectError: if none can be had in time
        """
        while True:
            found = self.ask(origin, _make_signal)
            if type(found) is core.Waiter:
                found = self._await(found, deadline)
            if type(found) is core.Place:
                return self._open(found, origin, deadline, mark)
            if self.is_usable(found):
                return found  # type: ignore[no-any-return]

    def ask(self, origin: "Origin", make_signal: "Callable[[], Any]") -> "Any":
        """An idle connection, a Place to open one for, or a Waiter in the queue; ``release`` of its signal tells that
        its grant is there. Never blocks.

        :raises ConnectError: if the client is closed
        """
        if self.is_closed:
            raise closed_failure()
        if os.getpid() != self._pid:
            self._leave_parent()
        with self._lock:
            found = self._state.acquire(origin, monotonic(), wall())
            if found is core.WAIT:
                found = core.Waiter(origin, make_signal())
                self._state.enqueue(found)
        if self._state.doomed:
            self._settle(None)
        return found

    def is_usable(self, connection: Connection) -> bool:
        """Is this connection, which idled, still open? Where it is not, it is dropped."""
        if not connection.is_stale():
            return True
        # The peer closed it while it idled: its patience is shorter than we thought.
        self.discard(connection)
        with self._lock:
            self._state.limit_idle(connection.origin, (monotonic() - connection.idle_since) * core.STALE_FACTOR)
        return False

    def enlist(self, fanout: "Any") -> None:
        """A map of the calling thread holds connections while nobody drives it; ``drive_maps`` does."""
        self._maps.setdefault(threading.get_ident(), WeakSet()).add(fanout)

    def dismiss(self, fanout: "Any") -> None:
        """A map has ended."""
        for ident, maps in list(self._maps.items()):
            maps.discard(fanout)
            if not maps:
                self._maps.pop(ident, None)

    def drive_maps(self, seconds: float, but: "Any" = None) -> bool:
        """Have this thread's maps finish calls whose answers are there, which frees connections. False if none can.

        A call in the loop over a map would otherwise wait for connections that only its own thread can free.

        :param seconds: to wait for an answer
        :param but: a map that asks for this itself
        """
        is_driven = False
        for fanout in list(self._maps.get(threading.get_ident(), ())):
            if fanout is not but:
                is_driven = fanout.assist(seconds) or is_driven
        return is_driven

    @property
    def is_wanted(self) -> bool:
        """Does anybody wait for a connection?"""
        return self._state.is_wanted

    def release(self, connection: Connection) -> None:
        """Give back a connection that can carry another call."""
        with self._lock:
            if connection.keep_seconds is not None:
                self._state.limit_idle(connection.origin, connection.keep_seconds)
            waiter = self._state.release(connection, monotonic(), wall())
        if waiter is not None or self._state.doomed:
            self._settle(waiter)
        if self.is_closed:
            self.close()

    def discard(self, connection: Connection, *, abort: bool = False) -> None:
        """Drop a connection.

        :param abort: with a reset, so that nothing that is still buffered reaches the peer
        """
        if abort:
            connection.abort()
        else:
            connection.close()
        self.free(connection.place)

    def close(self) -> None:
        """Close what idles; what is lent is closed when it comes back."""
        self.is_closed = True
        if os.getpid() != self._pid:
            self._leave_parent()
        with self._lock:
            self._state.drain()
        self._settle(None)

    def _await(self, waiter: core.Waiter, deadline: float) -> "Any":
        """Wait for a grant: a connection, or a place to open one."""
        is_granted = False
        try:
            while waiter.grant is None and monotonic() < deadline and self.drive_maps(_HELP_SECONDS):
                pass
            is_granted = waiter.signal.acquire(timeout=max(0.0, deadline - monotonic()))
        finally:
            if not is_granted:
                self.abandon(waiter)
        if not is_granted:
            raise self.busy_failure()
        return waiter.grant

    def busy_failure(self) -> ConnectError:
        """The error for a call that found no connection free in time."""
        message = "all {} connections were busy until the timeout passed; raise max_connections"
        return ConnectError("ClientNetworkError", message.format(self._limit), executed=Verdict.NO)

    def abandon(self, waiter: core.Waiter) -> None:
        """Stop waiting; a grant that crossed with that is passed on."""
        with self._lock:
            grant = self._state.abandon(waiter)
        if type(grant) is core.Place:
            self.free(grant)
        elif grant is not None:
            self.release(grant)

    def _open(self, place: core.Place, origin: "Origin", deadline: float, mark: "Mark") -> Connection:
        try:
            connection = open_connection(origin, min(deadline, monotonic() + self._connect_timeout), mark)
        except BaseException:
            self.free(place)
            raise
        connection.place = place
        return connection

    def free(self, place: core.Place) -> None:
        """Give back a place whose connection is gone or was never made."""
        with self._lock:
            waiter = self._state.discard(place)
        self._settle(waiter)

    def _settle(self, waiter: "core.Waiter | None") -> None:
        """Outside the lock: wake whom a decision serves, close whom it doomed."""
        if waiter is not None:
            waiter.signal.release()
        doomed = self._state.doomed
        while doomed:
            try:
                doomed.pop().close()
            except IndexError:  # another thread closed the last one
                return

    def _leave_parent(self) -> None:
        """We are a forked child: the lock may be held by a thread that is not here, and the sockets are the parent's.

        Closing our descriptors says nothing to the peer, for the parent still holds its own.
        """
        with self._fork_lock.of_this_process():
            if os.getpid() == self._pid:  # another thread of the child was faster
                return
            parents = self._state
            self._begin()
        parents.drain()
        while parents.doomed:
            parents.doomed.pop().close()
