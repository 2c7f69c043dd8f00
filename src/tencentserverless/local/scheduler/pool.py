"""The pool of one version: its instances and waiting calls, which the decisions read."""

import contextlib
import os
import signal
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field

from tencentserverless.local import outcome
from tencentserverless.local.invocation import Invocation, Stopping
from tencentserverless.local.registry.function_version import WEB, FunctionKey, FunctionRecord
from tencentserverless.local.scheduler.decisions import Contender, PoolSnapshot, Step, should_give_up_instance
from tencentserverless.local.scheduler.instance import Instance
from tencentserverless.local.scheduler.instance_states import State
from tencentserverless.local.scheduler.sharing import Sharing, make_sharing
from tencentserverless.local.settings import Limits

_TINY_SECONDS = 0.0001
_NEWEST_WEIGHT = 0.2  # weight of the newest call in the mean duration
#: document/product/583/42611: 438 means that the function's state forbids running; nothing ran.
DELETED = outcome.Outcome(438, message="The version of the function was deleted before an instance was free")


@dataclass(slots=True)
class Tally:
    """The calls of a version that have ended in an instance, over all its pools: a saved file begins another pool."""

    ended: int = 0
    failed: int = 0


@dataclass(slots=True, eq=False)
class Pool:
    """The instances and the waiting calls of one version of a function.

    :param instances: those that have loaded the handler and are not dead
    :param idle: the last used instance is last
    :param on_drained: set once no new call uses this pool; called when its last instance is dead
    :param is_forced: the version was drained by force: its calls are ended early
    :param mean_seconds: mean duration of recent calls
    :param tally: of the version
    :param short_seconds: the mean duration up to which calls are prefetched; 0 for never
    :param is_short: true if calls are known to be so short
    :param is_tiny: true if calls are known to take less than it costs to wake a process
    :param is_debugged: the pool has one instance, and its calls wait while that stops at a breakpoint
    :param sharing: how calls share instances; None if each has one call at a time, whichever it is
    :param kept: the number of instances that stay without calls: provisioned concurrency
    :param failure: of the last start; None if it was successful
    :param failed_at: the time of that failure, by the loop's clock
    """

    record: FunctionRecord
    instances: set[Instance] = field(default_factory=set)
    idle: list[Instance] = field(default_factory=list)
    waiting: deque[Invocation] = field(default_factory=deque)
    starting: int = 0
    on_drained: Callable[[], None] | None = None
    is_forced: bool = False
    mean_seconds: float | None = None
    tally: Tally = field(default_factory=Tally)
    ended_at: float = 0.0
    is_debugged: bool = False
    short_seconds: float = 0.0
    is_short: bool = False
    is_tiny: bool = False
    sharing: Sharing | None = None
    kept: int = 0
    failure: outcome.Outcome | None = None
    failed_at: float = 0.0

    def peek(self, request_ids: Collection[str], limit_bytes: int) -> Iterator[tuple[str, tuple[bytes, int]]]:
        """Yield each of these calls that runs here, with the end of its output so far and the size of it."""
        for instance in self.instances:
            for request_id in instance.invocations:
                if request_id in request_ids:
                    yield request_id, instance.peek_output(limit_bytes)

    @property
    def is_draining(self) -> bool:
        """True if no new call may enter the pool."""
        return self.on_drained is not None

    @property
    def is_empty(self) -> bool:
        """True if the pool has no instance and no waiting call."""
        return not (self.instances or self.starting or self.waiting)

    @property
    def size(self) -> int:
        """Number of instances, including those that start."""
        return len(self.instances) + self.starting

    @property
    def busy(self) -> int:
        """Number of instances that run a call."""
        return len(self.instances) - len(self.idle)

    @property
    def spare_idle(self) -> list[Instance]:
        """The idle instances that may end, the longest idle one first: all but those that are kept or have sessions."""
        idle, sharing = self.idle, self.sharing
        if sharing is not None:
            idle = [instance for instance in idle if not sharing.holds(instance)]
        return idle[: max(0, self.size - self.kept)] if self.kept else idle

    @property
    def running(self) -> int:
        """Number of calls that run, not counting those that were handed over ahead of time."""
        return self.busy if self.sharing is None else sum(len(instance.invocations) for instance in self.instances)

    def note_ended(self, result: outcome.Outcome, now: float) -> None:
        """A call has ended.

        :param now: by the loop's clock
        """
        self.tally.ended += 1
        self.ended_at = now
        self.tally.failed += result.status != outcome.SUCCESS
        seconds = result.duration_ms / 1000
        if self.mean_seconds is None:
            self.mean_seconds = seconds
        else:
            self.mean_seconds += (seconds - self.mean_seconds) * _NEWEST_WEIGHT
        if self.short_seconds:
            self.is_short = self.mean_seconds <= self.short_seconds
            self.is_tiny = self.mean_seconds < _TINY_SECONDS

    def next_invocation(self, instance: Instance | None = None) -> Invocation | None:
        """Remove and return the call that has waited longest and whose caller still waits.

        :param instance: that is to run it; a call that belongs to another one is passed over
        """
        if instance is not None and self.sharing is not None:
            found = self.sharing.take_waiting(instance, self.waiting)
            if found is not None:
                self.waiting.remove(found)
                self.sharing.begin(instance, found)
            return found
        while self.waiting:
            invocation = self.waiting.popleft()
            if not invocation.is_over:
                return invocation
        return None

    def forget(self, instance: Instance) -> None:
        """An instance is dead."""
        self.instances.discard(instance)
        if self.sharing is not None:
            self.sharing.forget(instance)

    def end_calls(self) -> None:
        """End all calls and instances now: running calls with status 439, calls that have not begun with a refusal."""
        self.is_forced = True
        while invocation := self.next_invocation():
            invocation.finish(DELETED)
        for instance in self.instances:
            instance.end()

    def interrupt(self, request_id: str, *, is_graceful: bool) -> None:
        """End the call with this id, waiting or running. If no instance has read it yet, it never runs."""
        for instance in list(self.instances):
            if request_id in instance.invocations:
                instance.invocations[request_id].is_interrupted = True
                instance.worker.revoke()
        for invocation in self.waiting:
            if invocation.request_id == request_id:
                invocation.finish(outcome.cancelled())
        for instance in self.instances:
            if request_id not in instance.invocations:
                continue
            if is_graceful:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(instance.worker.pid, signal.SIGTERM)
            else:
                instance.end()

    def __repr__(self) -> str:
        counts = f"{len(self.idle)} idle, {self.busy} busy, {len(self.waiting)} waiting"
        return f"<Pool {self.record.key}:{self.record.version} {counts}>"


def count_calls(pools: Iterable[Pool]) -> dict[str, dict[str, int]]:
    """Count instances and calls of each function, over all its versions."""
    found: dict[str, dict[str, int]] = {}
    for pool in pools:
        counted = found.setdefault(
            str(pool.record.key), {"instances": 0, "running": 0, "waiting": 0, "ended": 0, "failed": 0}
        )
        counted["instances"] += pool.size
        counted["running"] += pool.running
        counted["waiting"] += len(pool.waiting)
        counted["ended"] += pool.tally.ended
        counted["failed"] += pool.tally.failed
    return found


def snapshot_of(pool: Pool, instances: int, idle: int, kept: int, *, may_start: bool, now: float) -> PoolSnapshot:
    """The numbers from which the next step is decided.

    :param instances: number of instances of all functions; ``idle`` of them are idle
    :param kept: number of idle instances of other functions that do not end
    """
    seats, is_shared = (1, False) if pool.sharing is None else (pool.sharing.seats, True)
    return PoolSnapshot(
        idle=0 if is_shared else len(pool.idle),  # a call that could have had one was given to it
        starting=pool.starting * seats,
        waiting=len(pool.waiting),
        active=instances - idle,
        instances=instances,
        spare=idle - len(pool.idle) - kept,
        busy=pool.busy * seats,
        mean_seconds=pool.mean_seconds,
        is_single=pool.is_debugged,
        may_start=may_start,
        still_seconds=now - pool.ended_at,
    )


def longest_idle(pools: Iterable[Pool]) -> Pool | None:
    """Return the pool whose instance has been idle for the longest time and may end; None if there is none."""
    spare = [(pool, idle[0].idle_since) for pool in pools if (idle := pool.spare_idle)]
    return min(spare, key=lambda pair: pair[1])[0] if spare else None


_SHORT_DIVISOR = 4  # where memory is short, a look ends this part of all idle instances, and at least one


def surplus_instances(pools: Iterable[Pool], since: float, *, is_memory_short: bool) -> list[tuple[Pool, Instance]]:
    """Return the idle instances to end now: those idle since before a time, and more where memory is short.

    :param since: by the loop's clock
    """
    # The port of a debugged function stays open, where an editor may attach.
    idle = [(pool, instance) for pool in pools if not pool.is_debugged for instance in pool.spare_idle]
    idle.sort(key=lambda pair: pair[1].idle_since)
    count = sum(instance.idle_since < since for _, instance in idle)
    if is_memory_short:
        count = max(count, -(-len(idle) // _SHORT_DIVISOR))
    return idle[:count]


_LONG_MEANS = 2.0  # times prefetch_seconds: behind a call that runs longer, prefetched calls are taken back


Tallies = dict[tuple[FunctionKey, str], Tally]


def make_pool(record: FunctionRecord, limits: Limits, tallies: Tallies, *, is_debugged: bool) -> Pool:
    """Make the empty pool of a version."""
    # Its calls are ended, or stopped in a debugger, one by one; or its process takes no call ahead of time.
    is_alone = record.runs_async or is_debugged or record.type == WEB
    tally = tallies.setdefault((record.key, record.version), Tally())
    short_seconds = 0.0 if is_alone else limits.prefetch_seconds
    return Pool(record, tally=tally, is_debugged=is_debugged, short_seconds=short_seconds, sharing=make_sharing(record))


def end_waiting(pools: Iterable[Pool]) -> None:
    """End every call that has not begun, because the server stops."""
    for pool in pools:
        while invocation := pool.next_invocation():
            invocation.finish(Stopping(has_begun=False))
        for instance in pool.instances:
            instance.worker.revoke()


def interrupt_call(pools: Iterable[Pool], request_id: str, *, is_graceful: bool) -> bool:
    """End the call with this id. Returns True if calls wait that were prefetched behind it."""
    has_waiting = False
    for pool in pools:
        pool.interrupt(request_id, is_graceful=is_graceful)
        has_waiting = has_waiting or bool(pool.waiting)
    return has_waiting


def take_again(home: Pool, invocation: Invocation, *, is_forced: bool, is_stopping: bool) -> Pool:
    """Let a call wait again, before all others, or end it. Returns the pool.

    :param is_forced: the version was drained by force
    """
    if is_stopping:
        invocation.finish(Stopping(has_begun=False))
    elif invocation.is_interrupted:
        invocation.finish(outcome.cancelled())
    elif is_forced:
        invocation.finish(DELETED)
    elif not invocation.is_over:
        home.waiting.appendleft(invocation)
    return home


def refusal_of(step: Step, name: str, limits: Limits) -> outcome.Outcome:
    """Make the outcome of a call that gets no instance."""
    if step is Step.REFUSE:
        return outcome.no_instance(name, limits.all_instances, limits.queue_seconds)
    return outcome.over_burst(name, limits.burst_instances)


def find_contenders(own: Pool, pools: Iterable[Pool], now: float) -> list[Contender]:
    """Return the other functions that have waiting calls.

    :param now: by the loop's clock
    """
    return [Contender(pool.size, now - pool.waiting[0].since) for pool in pools if pool is not own and pool.waiting]


def must_give_up(own: Pool, instance: Instance, pools: Iterable[Pool], now: float, limits: Limits) -> bool:
    """True if an instance has to make place for other functions, whose calls wait.

    :param now: by the loop's clock
    """
    if own.size <= own.kept or (own.sharing is not None and own.sharing.holds(instance)):
        return False
    return should_give_up_instance(own.size, find_contenders(own, pools, now), limits)


def follow_up(pool: Pool, invocation: Invocation, limits: Limits) -> bool:
    """Give a tiny call to an instance that runs one, if there is any: to wake an idle one costs more than the call."""
    if invocation.ends_instance:
        return False
    for instance in pool.instances:
        if instance.worker.prefetched < limits.prefetch_calls and instance.prefetch(invocation):
            return True
    return False


def prefetch(pool: Pool, instance: Instance, limits: Limits) -> bool:
    """Prefetch waiting calls into an instance that runs one. Returns True if the instance is fit for prefetching."""
    if not pool.is_short or instance.state is not State.BUSY:
        return False
    while pool.waiting and instance.worker.prefetched < limits.prefetch_calls:
        invocation = pool.waiting[0]
        if invocation.nested or invocation.ends_instance or not (invocation.is_over or instance.prefetch(invocation)):
            break  # a nested call's caller holds an instance until it is served: behind another call it could deadlock
        pool.waiting.popleft()
    return True


def revoke(pool: Pool, limits: Limits) -> bool:
    """Take back prefetched calls behind a call that proves long. Returns True if any call was prefetched."""
    has_prefetched = False
    for instance in pool.instances:
        if instance.worker.prefetched:
            has_prefetched = True
            if instance.worker.running_seconds > limits.prefetch_seconds * _LONG_MEANS:
                instance.worker.revoke()
    return has_prefetched
