"""The connections of a client on one event loop, shared by its tasks: the waiting, the end of the loop."""

import asyncio
from time import monotonic
from time import time as wall

from tencentserverless._aio.key_search import KeySearches
from tencentserverless._aio.net import Connection, open_connection
from tencentserverless._base.sockets import closed_failure
from tencentserverless._core import pool as core
from tencentserverless.exception import ConnectError
from tencentserverless.models import Credentials, Verdict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, AsyncIterator

    from tencentserverless._aio.net import Mark
    from tencentserverless.config import Origin
    from tencentserverless.credentials import Provider


class Pool:
    """Keeps connections alive between calls. Belongs to the loop that runs when it is made.

    :param limit: connections open at once
    :param connect_timeout: seconds for a new connection, from name lookup to TLS
    """

    def __init__(self, limit: int, connect_timeout: float) -> None:
        self._limit = limit
        self._connect_timeout = connect_timeout
        self._state = core.PoolState(limit)
        self.is_closed = False
        self._leaving: "set[Connection]" = set()
        self._farewell: "Any" = None
        self._searches = KeySearches()

    def __repr__(self) -> str:
        return repr(self._state)

    def search(self, provider: "Provider", refresh: bool) -> "asyncio.Future[Credentials]":
        """The search for this provider's keys that is under way, or a new one, in a thread of its own."""
        return self._searches.search(provider, refresh)

    def take_idle(self, origin: "Origin") -> "Connection | None":
        """An idle connection that is fit for use, if there is one: most calls need not suspend to get theirs."""
        if self.is_closed or self._farewell is None:
            return None
        connection = self._state.take_idle(origin, monotonic(), wall())
        if self._state.doomed:
            self._settle(None)
        if connection is None or not connection.is_stale():
            return connection  # type: ignore[no-any-return]
        self._forget(connection)
        return None

    async def acquire(self, origin: "Origin", deadline: float, mark: "Mark") -> Connection:
        """A connection that is yours until ``release`` or ``discard``.

        :param deadline: monotonic seconds
        :raises ConnectError: if none can be had in time
        """
        if self.is_closed:
            raise closed_failure()
        if self._farewell is None:
            await self._attend_loop()
        while True:
            found = self._state.acquire(origin, monotonic(), wall())
            if self._state.doomed:
                self._settle(None)
            if found is core.WAIT:
                found = await self._await(origin, deadline)
            if type(found) is core.Place:
                return await self._open(found, origin, deadline, mark)
            if not found.is_stale():
                return found  # type: ignore[no-any-return]
            self._forget(found)

    def release(self, connection: Connection) -> None:
        """Give back a connection that can carry another call."""
        if connection.keep_seconds is not None:
            self._state.limit_idle(connection.origin, connection.keep_seconds)
        self._settle(self._state.release(connection, monotonic(), wall()))
        if self.is_closed:
            self._state.drain()
            self._settle(None)

    def discard(self, connection: Connection) -> None:
        """Drop a connection; what is still buffered never reaches the peer."""
        self._drop(connection)
        self._settle(self._state.discard(connection.place))

    def _forget(self, connection: Connection) -> None:
        """Drop a connection that the peer closed while it idled: its patience is shorter than we thought."""
        self._state.limit_idle(connection.origin, (monotonic() - connection.idle_since) * core.STALE_FACTOR)
        self.discard(connection)

    async def close(self) -> None:
        """Close what idles, and wait until it is closed; what is lent is closed when it comes back."""
        self.is_closed = True
        self._state.drain()
        self._settle(None)
        while self._leaving:
            await asyncio.wait([connection.closed for connection in self._leaving])
            self._leaving = {connection for connection in self._leaving if not connection.closed.done()}
        farewell, self._farewell = self._farewell, None
        if farewell is not None and not farewell.ag_running:  # else the loop is ending, and it is the one who closes
            await farewell.aclose()

    async def _await(self, origin: "Origin", deadline: float) -> "Any":
        """Wait for a grant: a connection, or a place to open one."""
        waiter = core.Waiter(origin, asyncio.get_event_loop().create_future())
        self._state.enqueue(waiter)
        is_granted = False
        try:
            done, _ = await asyncio.wait([waiter.signal], timeout=max(0.0, deadline - monotonic()))
            is_granted = bool(done)
        finally:
            if not is_granted:
                self._refuse_grant(waiter)
        if not is_granted:
            message = "all {} connections were busy until the timeout passed; raise max_connections"
            raise ConnectError("ClientNetworkError", message.format(self._limit), executed=Verdict.NO)
        return waiter.grant

    def _refuse_grant(self, waiter: core.Waiter) -> None:
        """We stopped waiting; pass on a grant that crossed with that."""
        grant = self._state.abandon(waiter)
        if type(grant) is core.Place:
            self._settle(self._state.discard(grant))
        elif grant is not None:
            self.release(grant)

    async def _open(self, place: core.Place, origin: "Origin", deadline: float, mark: "Mark") -> Connection:
        try:
            connection = await open_connection(origin, min(deadline, monotonic() + self._connect_timeout), mark)
        except BaseException:
            self._settle(self._state.discard(place))
            raise
        connection.place = place
        return connection

    def _settle(self, waiter: "core.Waiter | None") -> None:
        """Wake whom a decision serves, close whom it doomed."""
        if waiter is not None and not waiter.signal.done():
            waiter.signal.set_result(None)
        while self._state.doomed:
            self._drop(self._state.doomed.pop())

    def _drop(self, connection: Connection) -> None:
        connection.abort()
        if not connection.closed.done():
            self._leaving.add(connection)
            connection.closed.add_done_callback(lambda _: self._leaving.discard(connection))

    async def _attend_loop(self) -> None:
        """Have our connections closed when the loop ends, so that ``asyncio.run`` leaves none open.

        The loop closes the asynchronous generators that are still suspended before it ends: this one is ours.
        """
        self._farewell = _close_at_end(self)
        await self._farewell.__anext__()


async def _close_at_end(pool: Pool) -> "AsyncIterator[None]":
    """Suspended until the loop ends, the pool is closed, or nobody holds the pool any more."""
    try:
        yield
    finally:
        await pool.close()
