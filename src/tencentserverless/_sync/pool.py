"""The connections of a client, shared by its threads: the lock, the waiting, the fork."""

import os
import threading
from time import monotonic
from time import time as wall

from tencentserverless._core import pool as core
from tencentserverless._fork import ForkLock
from tencentserverless._sync.net import Connection, open_connection
from tencentserverless._transport import closed_failure
from tencentserverless.exception import ConnectError
from tencentserverless.models import Verdict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from tencentserverless._sync.net import Mark
    from tencentserverless.config import Origin


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
        if self.is_closed:
            raise closed_failure()
        if os.getpid() != self._pid:
            self._leave_parent()
        while True:
            waiter = None
            with self._lock:
                found = self._state.acquire(origin, monotonic(), wall())
                if found is core.WAIT:
                    waiter = self._enqueue(origin)
            if self._state.doomed:
                self._settle(None)
            if waiter is not None:
                found = self._await(waiter, deadline)
            if type(found) is core.Place:
                return self._open(found, origin, deadline, mark)
            if not found.is_stale():
                return found  # type: ignore[no-any-return]
            # The peer closed it while it idled: its patience is shorter than we thought.
            self.discard(found)
            with self._lock:
                self._state.limit_idle(origin, (monotonic() - found.idle_since) * core.STALE_FACTOR)

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
        self._free(connection.place)

    def close(self) -> None:
        """Close what idles; what is lent is closed when it comes back."""
        self.is_closed = True
        if os.getpid() != self._pid:
            self._leave_parent()
        with self._lock:
            self._state.drain()
        self._settle(None)

    def _enqueue(self, origin: "Origin") -> core.Waiter:
        waiter = core.Waiter(origin, threading.Lock())
        waiter.signal.acquire()
        self._state.enqueue(waiter)
        return waiter

    def _await(self, waiter: core.Waiter, deadline: float) -> "Any":
        """Wait for a grant: a connection, or a place to open one."""
        is_granted = False
        try:
            is_granted = waiter.signal.acquire(timeout=max(0.0, deadline - monotonic()))
        finally:
            if not is_granted:
                self._refuse_grant(waiter)
        if not is_granted:
            message = "all {} connections were busy until the timeout passed; raise max_connections"
            raise ConnectError("ClientNetworkError", message.format(self._limit), executed=Verdict.NO)
        return waiter.grant

    def _refuse_grant(self, waiter: core.Waiter) -> None:
        """We stopped waiting; pass on a grant that crossed with that."""
        with self._lock:
            grant = self._state.abandon(waiter)
        if type(grant) is core.Place:
            self._free(grant)
        elif grant is not None:
            self.release(grant)

    def _open(self, place: core.Place, origin: "Origin", deadline: float, mark: "Mark") -> Connection:
        try:
            connection = open_connection(origin, min(deadline, monotonic() + self._connect_timeout), mark)
        except BaseException:
            self._free(place)
            raise
        connection.place = place
        return connection

    def _free(self, place: core.Place) -> None:
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
        with self._fork_lock:
            if os.getpid() == self._pid:  # another thread of the child was faster
                return
            parents = self._state
            self._begin()
        parents.drain()
        while parents.doomed:
            parents.doomed.pop().close()
