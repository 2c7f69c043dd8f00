"""Performs the plan: which instance takes which call, and the books that the plan reads."""

import asyncio
import functools
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from tencentserverless.local.registry.catalogue import Reservations
from tencentserverless.local.registry.records import FunctionKey, FunctionRecord
from tencentserverless.local.scheduler.instances import Instance, Launcher
from tencentserverless.local.scheduler.plan import Claim, Crowd, Step, place
from tencentserverless.local.scheduler.quota import Quota
from tencentserverless.local.settings import Limits
from tencentserverless.local.worker import outcome
from tencentserverless.local.worker.outcome import Outcome

_REAP_SECONDS = 5.0
#: document/product/583/42611: 438 is a function in a state that forbids running; nothing ran.
_DELETED = Outcome(438, message="The version of the function was deleted before an instance was free")


class Stopping(Exception):
    """The server is stopping; whether the call ran is not known."""


@dataclass(slots=True, eq=False)
class _Waiter:
    """A call without an instance. Its future ends in an instance, or in the outcome of one that did not come up."""

    nested: bool
    since: float
    future: "asyncio.Future[Instance | Outcome]"


@dataclass(slots=True, eq=False)
class _Pool:
    """The instances and the waiting calls of one version of a function.

    :param on_drained: set once the record is no longer what a call runs; called when the last instance is dead
    """

    record: FunctionRecord
    instances: set[Instance] = field(default_factory=set)  # that came up and are not dead
    on_drained: Callable[[], None] | None = None
    idle: list[Instance] = field(default_factory=list)  # the last used is at the end
    waiting: deque[_Waiter] = field(default_factory=deque)
    starting: int = 0


class Scheduler:
    """Runs calls on instances, one at a time on each.

    :param reservations: what the region's memory is promised to
    """

    def __init__(self, launcher: Launcher, limits: Limits, reservations: Reservations | None = None) -> None:
        self._launcher = launcher
        self._limits = limits
        self._quota = Quota(limits, reservations or Reservations())
        self._pools: dict[tuple[FunctionKey, str], _Pool] = {}
        self._retired: set[_Pool] = set()
        self._instances = 0  # up or coming up
        self._idle = 0
        self._starts: set[asyncio.Task[None]] = set()
        self._is_stopping = False
        self._loop = asyncio.get_running_loop()
        self._reaper = self._loop.call_later(_REAP_SECONDS, self._reap)

    async def run(self, record: FunctionRecord, request_id: str, event: bytes, *, nested: bool = False) -> Outcome:
        """Run a function on an event and say how it ended.

        :param event: JSON text
        :param nested: the call came from a function of this server
        :raises Stopping: if the server stops meanwhile
        """
        share = self._quota.take(record)
        if isinstance(share, Outcome):
            return share
        try:
            return await self._run(self._pool(record), request_id, event, nested)
        finally:
            share.held_mb -= record.memory_mb

    def retire(
        self, key: FunctionKey, version: str, on_drained: Callable[[], None] = lambda: None, *, is_forced: bool = False
    ) -> None:
        """A version is gone or has changed: its idle instances end now, the others after their calls.

        :param on_drained: called once, when no instance of it is left
        :param is_forced: end the busy ones now too
        """
        pool = self._pools.pop((key, version), None)
        if pool is None:
            on_drained()
            return
        pool.on_drained = on_drained
        self._retired.add(pool)
        while pool.idle:
            self._end_idle(pool, pool.idle[-1])
        if is_forced:
            while self._hand_out(pool, _DELETED):
                pass
            for instance in pool.instances:
                instance.end()
        self._finish_if_drained(pool)

    def records(self) -> Iterator[FunctionRecord]:
        """What instances run or are about to run, also where it is no longer what new calls run."""
        for pool in (*self._pools.values(), *self._retired):
            yield pool.record

    def _finish_if_drained(self, pool: _Pool) -> None:
        if pool not in self._retired or pool.on_drained is None or pool.instances or pool.starting or pool.waiting:
            return
        self._retired.discard(pool)
        pool.on_drained()

    async def close(self) -> None:
        """End every instance. Calls under way end in ``Stopping``."""
        self._is_stopping = True
        self._reaper.cancel()
        for pool in (*self._pools.values(), *self._retired):
            for waiter in pool.waiting:
                waiter.future.cancel()
        await self._launcher.close()
        while self._starts:
            await asyncio.wait(self._starts)
            await self._launcher.close()

    async def _run(self, pool: _Pool, request_id: str, event: bytes, nested: bool) -> Outcome:
        result: Outcome | None = None
        while result is None:  # nothing ran: the instance was found dead
            self._check_running()
            instance = await self._acquire(pool, nested)
            if isinstance(instance, Outcome):
                return instance
            try:
                result = await instance.call(request_id, event)
            finally:
                self._give(pool, instance)
            if result is None and pool.on_drained is not None:
                return _DELETED  # its code may be gone
        if result.status == outcome.EXITED:
            self._check_running()  # or it was ended by us
        return result

    def _check_running(self) -> None:
        if self._is_stopping:
            raise Stopping

    def _pool(self, record: FunctionRecord) -> _Pool:
        place = (record.key, record.version)
        pool = self._pools.get(place)
        if pool is not None and pool.record is not record and pool.record != record:
            self.retire(*place)  # code or configuration has changed
            pool = None
        if pool is None:
            pool = self._pools[place] = _Pool(record)
        return pool

    async def _acquire(self, pool: _Pool, nested: bool) -> Instance | Outcome:
        while pool.idle:
            self._idle -= 1
            idle = pool.idle.pop()
            if idle.is_alive:
                return idle
        waiter = _Waiter(nested, self._loop.time(), self._loop.create_future())
        pool.waiting.append(waiter)
        self._place(pool, waiter, waited_seconds=0.0)
        try:
            return await waiter.future
        except asyncio.CancelledError:
            if waiter in pool.waiting:
                pool.waiting.remove(waiter)
                self._finish_if_drained(pool)
            elif not waiter.future.cancelled() and isinstance(instance := waiter.future.result(), Instance):
                self._give(pool, instance)  # it came in the moment in which nobody wanted it any more
            if self._is_stopping:
                raise Stopping from None
            raise

    def _place(self, pool: _Pool, waiter: _Waiter, waited_seconds: float | None = None) -> None:
        """Take the plan's step for a waiting call, and look again after a while."""
        if waiter.future.done() or self._is_stopping:
            return
        if waited_seconds is None:
            waited_seconds = self._loop.time() - waiter.since
        step = place(self._crowd(pool), Claim(waiter.nested, waited_seconds), self._limits)
        if step is Step.REFUSE:
            pool.waiting.remove(waiter)
            limits = self._limits
            refusal = outcome.no_instance(pool.record.key.name, limits.all_instances, limits.queue_seconds)
            waiter.future.set_result(refusal)
            self._finish_if_drained(pool)
            return
        if step is Step.USE:
            self._idle -= 1
            self._give(pool, pool.idle.pop())
            if waiter.future.done():
                return
        if step is Step.REPLACE:
            self._end_longest_idle()
        if step in (Step.START, Step.REPLACE):
            self._start(pool)
        self._loop.call_later(self._limits.stall_seconds, self._place, pool, waiter)

    def _crowd(self, pool: _Pool) -> Crowd:
        return Crowd(
            idle=len(pool.idle),
            starting=pool.starting,
            waiting=len(pool.waiting),
            active=self._instances - self._idle,
            instances=self._instances,
            spare=self._idle - len(pool.idle),
        )

    def _start(self, pool: _Pool) -> None:
        pool.starting += 1
        self._instances += 1
        task = self._loop.create_task(self._bring_up(pool))
        self._starts.add(task)
        task.add_done_callback(self._starts.discard)

    async def _bring_up(self, pool: _Pool) -> None:
        """Launch an instance and give it to the call that has waited longest, or tell that call why there is none."""
        result: Instance | Outcome = outcome.start_failed("the launch was broken off")
        try:
            result = await self._launcher.launch(pool.record, functools.partial(self._forget, pool))
        finally:
            pool.starting -= 1
            if isinstance(result, Instance):
                pool.instances.add(result)
                self._give(pool, result)
            else:
                self._instances -= 1
                self._hand_out(pool, result)
                self._finish_if_drained(pool)

    def _give(self, pool: _Pool, instance: Instance) -> None:
        """An instance has come free: the longest waiting call gets it, or it becomes idle."""
        if not instance.is_alive:
            return  # it is uncounted when its process is dead
        if self._hand_out(pool, instance):
            return
        if pool.on_drained is not None:
            instance.end()  # it is not what a call runs any more
        else:
            instance.idle_since = self._loop.time()
            pool.idle.append(instance)
            self._idle += 1

    @staticmethod
    def _hand_out(pool: _Pool, result: Instance | Outcome) -> bool:
        while pool.waiting:
            waiter = pool.waiting.popleft()
            if not waiter.future.done():
                waiter.future.set_result(result)
                return True
        return False

    def _forget(self, pool: _Pool, instance: Instance) -> None:
        """An instance that came up is dead."""
        self._instances -= 1
        pool.instances.discard(instance)
        if instance in pool.idle:
            pool.idle.remove(instance)
            self._idle -= 1
        self._finish_if_drained(pool)

    def _end_idle(self, pool: _Pool, instance: Instance) -> None:
        pool.idle.remove(instance)
        self._idle -= 1
        instance.end()

    def _end_longest_idle(self) -> None:
        pools = (pool for pool in self._pools.values() if pool.idle)
        pool = min(pools, key=lambda pool: pool.idle[0].idle_since)
        self._end_idle(pool, pool.idle[0])

    def _reap(self) -> None:
        """End what has been idle for long."""
        since = self._loop.time() - self._limits.idle_instance_seconds
        for pool in self._pools.values():
            for instance in [instance for instance in pool.idle if instance.idle_since < since]:
                self._end_idle(pool, instance)
        self._reaper = self._loop.call_later(_REAP_SECONDS, self._reap)
