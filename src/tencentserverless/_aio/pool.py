"""The connection pool of a client on one event loop, shared by its tasks: waiting, and the end of the loop."""

import asyncio

from tencentserverless._aio.key_search import KeySearches
from tencentserverless._aio.net import Connection
from tencentserverless._aio.opening import Limit, open_connection
from tencentserverless._base.runtime import monotonic, wall
from tencentserverless._base.sockets import busy_failure, closed_failure
from tencentserverless._core.pool import PoolState, Slot

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, AsyncIterator

    from tencentserverless._aio.opening import Mark
    from tencentserverless._base.environment_keys import Provider
    from tencentserverless.config import Origin
    from tencentserverless.models import Credentials


class Pool:
    """Keeps connections alive between calls. Belongs to the loop that runs when it is made.

    :param limit: connections open at once
    :param connect_timeout: seconds for a new connection, from name lookup to TLS
    """

    def __init__(self, limit: int, connect_timeout: float) -> None:
        self._limit = limit
        self._connect_timeout = connect_timeout
        self.state = PoolState(limit)
        self.is_closed = False
        self._leaving: "set[Connection]" = set()
        self._loop_end: "Any" = None
        self._searches = KeySearches()

    def __repr__(self) -> str:
        return repr(self.state)

    def search(self, provider: "Provider", refresh: bool) -> "asyncio.Future[Credentials]":
        """Join the search for this provider's keys that is under way, or begin one, in a thread of its own."""
        return self._searches.search(provider, refresh)

    def take_idle(self, origin: "Origin") -> "Connection | None":
        """Take an idle connection that can be used, None if there is none. So most calls need not suspend for one."""
        if self.is_closed or self._loop_end is None or not self.state.is_next(None):
            return None
        connection = self.state.take_idle(origin, monotonic(), wall())
        if self.state.to_close:
            self._close_dropped()
        return connection  # type: ignore[no-any-return]

    async def acquire(self, origin: "Origin", deadline: float, mark: "Mark") -> Connection:
        """Lend a connection, until ``release`` or ``discard``.

        :param deadline: monotonic seconds
        :raises ConnectError: if none is free, or none can be opened, in time
        """
        if self.is_closed:
            raise closed_failure()
        if self._loop_end is None:
            await self._attend_loop()
        found = await self._await(origin, deadline)
        if not isinstance(found, Slot):
            return found
        try:
            connection = await open_connection(origin, Limit(monotonic() + self._connect_timeout, deadline), mark)
        except BaseException:
            self.state.free(found)
            raise
        connection.slot = found
        return connection

    def release(self, connection: Connection) -> None:
        """Give back a connection that can carry another call."""
        self.state.release(connection, monotonic(), wall())
        if self.is_closed:
            self.state.drain()
            self._close_dropped()

    def discard(self, connection: Connection) -> None:
        """Drop a connection; bytes that are still buffered never reach the peer."""
        self.state.drop(connection)
        self._close_dropped()

    async def close(self) -> None:
        """Close idle connections, and wait until they are closed; lent ones are closed at ``release``."""
        self.is_closed = True
        self.state.drain()
        self._close_dropped()
        self.state.wake_first()
        while self._leaving:
            await asyncio.wait([connection.closed for connection in self._leaving])
            self._leaving = {connection for connection in self._leaving if not connection.closed.done()}
        loop_end, self._loop_end = self._loop_end, None
        # If the generator runs, the loop is ending, and the generator itself has called this method.
        if loop_end is not None and not loop_end.ag_running:
            await loop_end.aclose()

    async def _await(self, origin: "Origin", deadline: float) -> "Connection | Slot":
        """Wait for an idle connection, or a slot to open one."""
        state = self.state
        waiter: "_Waiter | None" = None
        try:
            while not self.is_closed:
                found = None
                if state.is_next(waiter):
                    found = state.take_idle(origin, monotonic(), wall()) or state.take_slot()
                    self._close_dropped()
                if found is not None:
                    return found
                if waiter is None:
                    waiter = _Waiter(asyncio.get_event_loop())
                    state.enqueue(waiter)
                elif not await waiter.wait(deadline - monotonic()):
                    raise busy_failure(self._limit)
            raise closed_failure()
        finally:
            if waiter is not None:
                waiter.has_left = True
                state.leave(waiter)

    def _close_dropped(self) -> None:
        while self.state.to_close:
            self._drop(self.state.to_close.popleft())

    def _drop(self, connection: Connection) -> None:
        connection.abort()
        if not connection.closed.done():
            self._leaving.add(connection)
            connection.closed.add_done_callback(lambda _: self._leaving.discard(connection))

    async def _attend_loop(self) -> None:
        """Arrange that the connections are closed when the loop ends, so that ``asyncio.run`` leaves none open.

        Before it ends, the loop closes all suspended asynchronous generators; ``_loop_end`` is one.
        """
        self._loop_end = _close_at_end(self)
        await self._loop_end.__anext__()


def find_loop() -> "asyncio.AbstractEventLoop | None":
    """Return the loop of asyncio that is running, None if there is none, as under trio."""
    return asyncio._get_running_loop()  # noqa: SLF001  # Python 3.6 has no other way to ask


def get_loop() -> "asyncio.AbstractEventLoop":
    """Return the loop of asyncio that is running.

    :raises RuntimeError: if there is none; the message says what to use
    """
    loop = find_loop()
    if loop is None:
        words = "AsyncClient needs a running asyncio loop, and there is none here; call scf.Client instead"
        raise RuntimeError(words + " (under trio by trio.to_thread.run_sync)")
    return loop


class _Waiter:
    """Lets a task sleep until a connection may be free."""

    __slots__ = ("_loop", "_woken", "has_left")

    def __init__(self, loop: "asyncio.AbstractEventLoop") -> None:
        self.has_left = False  # True once it has left the pool's queue
        self._loop = loop
        self._woken: "asyncio.Future[None]" = loop.create_future()

    def wake(self) -> None:
        """End the sleep, or the next one."""
        if not self._woken.done():
            self._woken.set_result(None)

    async def wait(self, seconds: float) -> bool:
        """Sleep. False if the time passes."""
        done, _ = await asyncio.wait([self._woken], timeout=max(0.0, seconds))
        if done:
            self._woken = self._loop.create_future()
        return bool(done)


async def _close_at_end(pool: Pool) -> "AsyncIterator[None]":
    """Stay suspended until the loop ends, the pool is closed, or the pool is garbage."""
    try:
        yield
    finally:
        # Without a running loop, the program did not end its loop in order. Python 3.6 has no other way to ask.
        if asyncio._get_running_loop() is not None:  # noqa: SLF001
            await pool.close()
