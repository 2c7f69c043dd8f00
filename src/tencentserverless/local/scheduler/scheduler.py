"""Performs the decided steps: which instance takes which call.

A call gets an instance in the step in which the instance becomes free. Only the tasks that launch instances wait.
"""

import asyncio
import functools
from collections.abc import Callable, Collection, Iterator

from tencentserverless.local import outcome
from tencentserverless.local.invocation import Invocation, Stopping
from tencentserverless.local.lifecycle import Lifecycle
from tencentserverless.local.outcome import Outcome
from tencentserverless.local.registry.function_version import FunctionKey, FunctionRecord
from tencentserverless.local.registry.provisions import Provisions
from tencentserverless.local.registry.reservations import Reservations
from tencentserverless.local.scheduler.admission import Quota, StartRateLimiter
from tencentserverless.local.scheduler.decisions import Step, WaitingCall, next_step
from tencentserverless.local.scheduler.instance import Instance
from tencentserverless.local.scheduler.launcher import Launcher
from tencentserverless.local.scheduler.pool import (
    Pool,
    Tallies,
    count_calls,
    end_waiting,
    follow_up,
    interrupt_call,
    make_pool,
    must_give_up,
    prefetch,
    refusal_of,
    revoke,
    snapshot_of,
    take_again,
)
from tencentserverless.local.scheduler.population import Population
from tencentserverless.local.scheduler.provisioning import Provisioning, Starter
from tencentserverless.local.scheduler.sharing import Sharing
from tencentserverless.local.settings import Limits

_REAP_SECONDS = 1.0
_RESCANS_PER_STALL = 4  # how often waiting calls are examined within ``stall_seconds``


class Scheduler:
    """Runs calls on instances, one at a time on each.

    :param reservations: memory that is reserved for single functions; ``provisions``: instances that are kept for them
    :param is_memory_short: asked often; true while idle instances have to make room
    """

    def __init__(
        self,
        launcher: Launcher,
        limits: Limits,
        lifecycle: Lifecycle,
        reservations: Reservations | None = None,
        is_memory_short: Callable[[], bool] = lambda: False,
        provisions: Provisions | None = None,
    ) -> None:
        self._launcher = launcher
        self._limits = limits
        self._lifecycle = lifecycle
        self._quota = Quota(limits, reservations or Reservations())
        self._start_rate = StartRateLimiter(limits.burst_instances)
        self._pools: dict[tuple[FunctionKey, str], Pool] = {}
        self._draining: set[Pool] = set()
        self._calls = 0  # running or waiting
        self._population = Population(self._pools, limits, is_memory_short)
        self._tallies: Tallies = {}
        self._starts: set[asyncio.Task[None]] = set()
        self._replacements: dict[tuple[FunctionKey, str], asyncio.Task[None]] = {}  # the newest of each version
        self._is_quiet = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._reaper = self._loop.call_later(_REAP_SECONDS, self._reap)
        self._rescan_timer: asyncio.TimerHandle | None = None
        starter = Starter(self._pool, self._population.make_place, self._start, is_memory_short)
        self.provisioning: Provisioning = Provisioning(provisions or Provisions(), self._pools, limits, starter)

    def submit(self, invocation: Invocation) -> None:
        """Run an invocation; it is finished with its outcome or with ``Stopping``, perhaps at once."""
        if self._lifecycle.is_stopping:
            invocation.finish(Stopping(has_begun=False))
            return
        if invocation.is_interrupted:
            invocation.finish(outcome.cancelled())
            return
        record = invocation.record
        grant = self._quota.take(record, invocation.memory_mb)
        if isinstance(grant, Outcome):
            invocation.finish(grant)
            return
        invocation.grant, invocation.since = grant, self._loop.time()
        self._calls += 1
        pool = self._pools.get((record.key, record.version))
        if pool is None or pool.record is not record:
            pool = self._pool(record)
        if pool.is_tiny and not invocation.nested and follow_up(pool, invocation, self._limits):
            self._schedule_rescan()
            return
        if pool.sharing is not None:
            if not self._seat(pool, pool.sharing, invocation):
                self._let_wait(pool, invocation)
            return
        while pool.idle:
            self._population.idle -= 1
            instance = pool.idle.pop()
            if instance.worker.is_alive:
                instance.begin(invocation)
                return
        self._let_wait(pool, invocation)

    def after(self, invocation: Invocation) -> None:
        """An invocation has ended: give back what it holds."""
        if (grant := invocation.grant) is not None:
            grant.held_mb -= invocation.memory_mb
            self._calls -= 1
            if self._lifecycle.is_stopping and not self._calls:
                self._is_quiet.set()

    def drain_version(
        self, key: FunctionKey, version: str, on_drained: Callable[[], None] = lambda: None, *, is_forced: bool = False
    ) -> None:
        """Drain a version that is deleted or has changed: end idle instances now, busy ones after their calls.

        :param on_drained: called once, when the version has no instance left
        :param is_forced: end the busy instances now too
        """
        pool = self._pools.pop((key, version), None)
        if pool is None:
            on_drained()
            return
        if is_forced:
            pool.end_calls()
        self._drain(pool, on_drained)

    async def replace_version(self, record: FunctionRecord) -> bool:
        """Replace a version whose code has changed in its folder: the next call runs the new code.

        Calls use the old instances until a new one is ready or has failed to start. Calls that run then end on their
        instance; waiting calls get the new ones. An instance that still loads older code is ended.

        :return: False if newer code came meanwhile
        """
        place = (record.key, record.version)
        old = self._pools.get(place)
        if place in self._replacements:
            self._replacements.pop(place).cancel()
        if old is None or old.is_empty or self._lifecycle.is_stopping:
            self.drain_version(*place)  # no instance is warm: the next call starts one
            if self._launcher.is_debugged(record) and not self._lifecycle.is_stopping:
                self._start(self._pool(record))  # its port is to be open before the next call
            return True
        new = make_pool(old.record, self._limits, self._tallies, is_debugged=old.is_debugged)
        start = self._replacements[place] = self._start(new)
        if not new.is_debugged:  # a debugged function has one instance: the port is free when the old one is dead
            await asyncio.wait((start,))
        is_newest = self._replacements.get(place) is start
        if is_newest:
            del self._replacements[place]
        if is_newest and self._pools.get(place) is old:
            self._pools[place] = new
            if new.idle:  # a new instance is ready, beside the old ones
                new.waiting, old.waiting = old.waiting, new.waiting
            self._drain(old)
            self._place_waiting(new)
        else:  # the version was drained or replaced meanwhile
            self._drain(new)
        return is_newest

    def interrupt(self, request_id: str, *, is_graceful: bool) -> None:
        """End a call: kill a running one, or ask it by SIGTERM, so that it may finish, if that is to be graceful."""
        if interrupt_call((*self._pools.values(), *self._draining), request_id, is_graceful=is_graceful):
            self._schedule_rescan()  # calls that were prefetched behind the ended one

    def counts(self) -> dict[str, object]:
        """Return the counts of this moment."""
        return {**self._population.counts(), "calls": self._calls, "by_function": count_calls(self._pools.values())}

    def peek_outputs(self, request_ids: Collection[str], limit: int) -> dict[str, tuple[bytes, int]]:
        """Return the end of the output so far of each of these calls that runs, of so many bytes, and its size."""
        return dict(each for pool in (*self._pools.values(), *self._draining) for each in pool.peek(request_ids, limit))

    def records(self) -> Iterator[FunctionRecord]:
        """Iterate over the records that instances run or will run, also those that new calls no longer use."""
        yield from (pool.record for pool in (*self._pools.values(), *self._draining))

    async def close(self, grace_seconds: float = 0.0) -> None:
        """End every instance. Waiting calls end with ``Stopping``; running calls do after the grace time."""
        self._lifecycle.stop()
        self._reaper.cancel()
        end_waiting((*self._pools.values(), *self._draining))
        if grace_seconds and self._calls:
            alarm = self._loop.call_later(grace_seconds, self._is_quiet.set)  # for calls that still run then
            await self._is_quiet.wait()
            alarm.cancel()
        if self._rescan_timer is not None:
            self._rescan_timer.cancel()
        await self._launcher.close()
        while self._starts:
            await asyncio.wait(self._starts)
            await self._launcher.close()
        self._lifecycle.end()

    def _pool(self, record: FunctionRecord) -> Pool:
        """The pool of a version; a new one if code or configuration has changed, which drains the old one."""
        place = (record.key, record.version)
        pool = self._pools.get(place)
        if pool is not None and pool.record != record:
            self.drain_version(*place)
            pool = None
        if pool is None:
            is_debugged = self._launcher.is_alone(record)
            pool = self._pools[place] = make_pool(record, self._limits, self._tallies, is_debugged=is_debugged)
        return pool

    def _let_wait(self, pool: Pool, invocation: Invocation) -> None:
        """Let a call wait for an instance, or give it to a busy one, or start one."""
        if invocation.nested:
            pool.waiting.appendleft(invocation)  # its caller occupies an instance until it returns
        else:
            pool.waiting.append(invocation)
        if pool.is_short and not invocation.nested:
            for instance in pool.instances:
                if instance.worker.prefetched < self._limits.prefetch_calls:
                    self._prefetch(pool, instance)
            if not pool.waiting or (len(pool.waiting) > 1 and self._rescan_timer is not None):
                return  # the call waits behind others, for which a timer runs
        if self._population.instances + 1 >= self._limits.all_instances:
            self._rescan()  # one process below the limit: choose by fairness (fewest instances first), not by arrival
        else:
            self._place_waiting(pool)

    def _seat(self, pool: Pool, sharing: Sharing, invocation: Invocation) -> bool:
        """Give a call to an instance that several share, or refuse it. False if none has room for it."""
        found = sharing.find(pool.instances, invocation)
        if isinstance(found, Instance):
            self._population.wake(pool, found)
            sharing.begin(found, invocation)
            found.begin(invocation)
        elif found is not None:
            invocation.finish(found)
        return found is not None

    def _end_call(self, pool: Pool, instance: Instance, invocation: Invocation, result: Outcome | None) -> None:
        """An instance has ended a call, or nothing of the call ran."""
        instance.finish(invocation, result)
        if pool.sharing is not None:
            pool.sharing.end(instance, invocation)
        home = pool
        if result is None:
            home = self._take_again(pool, invocation)
        elif result.status == outcome.EXITED and self._lifecycle.is_stopping:
            invocation.finish(Stopping())  # it was ended by us
        else:
            pool.note_ended(result, self._loop.time())
            invocation.finish(result)
        if not instance.invocations:
            self._release(pool, instance)
        if home.waiting and (pool.sharing is not None or not instance.worker.is_alive):
            self._place_waiting(home)
        elif home.waiting and result is not None:
            self._prefetch(home, instance)

    def _take_again(self, pool: Pool, invocation: Invocation) -> Pool:
        """Let a call wait again, before all others, after nothing of it ran. Returns the pool in which it waits."""
        newest = self._pools.get((pool.record.key, pool.record.version), pool)
        home = newest if newest.record == pool.record else pool  # the same record: only a saved file is between them
        return take_again(home, invocation, is_forced=pool.is_forced, is_stopping=self._lifecycle.is_stopping)

    def _prefetch(self, pool: Pool, instance: Instance) -> None:
        """Prefetch waiting calls if the function's calls are short."""
        if prefetch(pool, instance, self._limits):
            self._schedule_rescan()

    def _release(self, pool: Pool, instance: Instance, *, is_new: bool = False) -> None:
        """Use an instance that became free: give it the longest waiting call, or let it idle, or end it."""
        if not instance.worker.is_alive:
            return  # it is counted off when its process is dead
        # A new instance serves a call first: where many functions wait, each would else end those of the others unused.
        if self._population.is_full and not (is_new and pool.waiting):
            now, pools = self._loop.time(), (*self._pools.values(), *self._draining)
            if must_give_up(pool, instance, pools, now, self._limits):
                instance.end()
                return
        if pool.waiting and (invocation := pool.next_invocation(instance)):
            instance.begin(invocation)
        elif pool.is_draining or self._lifecycle.is_stopping:
            instance.end()
        else:
            self._population.rest(pool, instance, self._loop.time(), is_new=is_new)

    def _place_waiting(self, pool: Pool) -> None:
        """Perform the decided steps for waiting calls, the first call first."""
        for _ in range(len(pool.waiting)):
            if self._lifecycle.is_stopping or not pool.waiting or not self._take_step(pool, pool.waiting[0]):
                break
        if pool.waiting:
            self._schedule_rescan()

    def _schedule_rescan(self) -> None:
        """Start the rescan timer unless it runs: waiting calls are examined again every ``stall_seconds / 4``."""
        if self._rescan_timer is None and not self._lifecycle.is_stopping:
            self._rescan_timer = self._loop.call_later(self._limits.stall_seconds / _RESCANS_PER_STALL, self._rescan)

    def _take_step(self, pool: Pool, invocation: Invocation) -> bool:
        """Perform one step. Returns False if the call can only wait."""
        if pool.sharing is not None and (invocation.is_over or self._seat(pool, pool.sharing, invocation)):
            pool.waiting.popleft()
            self._finish_if_drained(pool)
            return True
        now = self._loop.time()
        may_start = self._start_rate.has_room(pool.record.key.region, now)
        kept, population = self.provisioning.kept_idle(pool), self._population
        snapshot = snapshot_of(pool, population.instances, population.idle, kept, may_start=may_start, now=now)
        step = next_step(snapshot, WaitingCall(invocation.nested, now - invocation.since), self._limits)
        if step is Step.USE:
            self._population.idle -= 1
            self._release(pool, pool.idle.pop())
        elif step is Step.WAIT:
            return False
        elif step in (Step.START, Step.REPLACE):
            self._population.make_place(pool)
            self._start(pool)
        else:
            pool.waiting.popleft()
            invocation.finish(refusal_of(step, pool.record.key.name, self._limits))
            self._finish_if_drained(pool)
        return True

    def _rescan(self) -> None:
        """Examine all waiting calls again: functions with the fewest instances first, then the longest waiting."""
        if self._rescan_timer is not None:
            self._rescan_timer.cancel()
            self._rescan_timer = None
        for pool in (*self._pools.values(), *self._draining):
            if revoke(pool, self._limits):
                self._schedule_rescan()
        waiting = [pool for pool in (*self._pools.values(), *self._draining) if pool.waiting]
        for pool in sorted(waiting, key=lambda pool: (pool.size, pool.waiting[0].since)):
            self._place_waiting(pool)

    def _start(self, pool: Pool) -> "asyncio.Task[None]":
        pool.starting += 1
        self._population.instances += 1
        self._start_rate.note(pool.record.key.region, self._loop.time())
        task = self._loop.create_task(self._bring_up(pool))
        self._starts.add(task)
        task.add_done_callback(self._starts.discard)
        return task

    async def _bring_up(self, pool: Pool) -> None:
        """Launch an instance and give it to the longest waiting call, or end that call with the failure."""
        result: Instance | Outcome = outcome.start_failed("the launch was broken off")
        try:
            result = await self._launcher.launch(pool.record, functools.partial(self._forget, pool))
        finally:
            pool.starting -= 1
            if isinstance(result, Instance):
                result.worker.on_end = functools.partial(self._end_call, pool, result)
                pool.instances.add(result)
                self._release(pool, result, is_new=True)
                if pool.sharing is not None:
                    self._place_waiting(pool)
            else:
                self._population.instances -= 1
                if invocation := pool.next_invocation():  # a start that the end of the server has cut is no failure
                    invocation.finish(Stopping(has_begun=False) if self._lifecycle.is_stopping else result)
                self._finish_if_drained(pool)
            if not self._lifecycle.is_stopping:
                self.provisioning.note_start(pool, None if isinstance(result, Instance) else result)

    def _forget(self, pool: Pool, instance: Instance) -> None:
        """Remove a dead instance."""
        self._population.instances -= 1
        pool.forget(instance)
        self._population.wake(pool, instance)
        self._finish_if_drained(pool)
        if self._rescan_timer is not None:
            self._rescan()  # calls wait, and one more process may start

    def _drain(self, pool: Pool, on_drained: Callable[[], None] = lambda: None) -> None:
        """Drain a pool, which gets no new call from now on."""
        pool.on_drained = on_drained
        self._draining.add(pool)
        while pool.idle:
            self._population.end_idle(pool, pool.idle[-1])
        self._finish_if_drained(pool)

    def _finish_if_drained(self, pool: Pool) -> None:
        if pool in self._draining and pool.on_drained is not None and pool.is_empty:
            self._draining.discard(pool)
            pool.on_drained()

    def _reap(self) -> None:
        self._reaper = self._loop.call_later(_REAP_SECONDS, self._reap)
        self._population.end_surplus(self._loop.time())

    def __repr__(self) -> str:
        return f"<Scheduler {self._population.instances} instances, {self._population.idle} idle, {self._calls} calls>"
