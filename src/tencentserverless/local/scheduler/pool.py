"""The books that the plan reads: the calls that wait for a version of a function, and the instances that serve it."""

import contextlib
import os
import signal
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from tencentserverless.local import outcome
from tencentserverless.local.invocation import Invocation
from tencentserverless.local.registry.records import FunctionRecord
from tencentserverless.local.scheduler.decisions import PoolSnapshot
from tencentserverless.local.scheduler.instance import Instance
from tencentserverless.local.settings import Limits

_NEWEST_WEIGHT = 0.2  # of the last call in the mean of their durations
#: document/product/583/42611: 438 is a function in a state that forbids running; nothing ran.
DELETED = outcome.Outcome(438, message="The version of the function was deleted before an instance was free")


@dataclass(slots=True, eq=False)
class Pool:
    """The instances and the waiting calls of one version of a function.

    :param instances: those that came up and are not dead
    :param idle: the last used is at the end
    :param on_drained: set once the record is no longer what a call runs; called when the last instance is dead
    :param is_forced: it was retired by force: its calls do not come to their end
    :param mean_seconds: that calls took lately
    :param ended: calls that an instance has ended, of which so many ``failed``
    :param is_debugged: it has one instance, and its calls wait as long as that stands at a breakpoint
    """

    record: FunctionRecord
    instances: set[Instance] = field(default_factory=set)
    idle: list[Instance] = field(default_factory=list)
    waiting: deque[Invocation] = field(default_factory=deque)
    starting: int = 0
    on_drained: Callable[[], None] | None = None
    is_forced: bool = False
    mean_seconds: float | None = None
    ended: int = 0
    ended_at: float = 0.0
    failed: int = 0
    is_debugged: bool = False

    @property
    def is_draining(self) -> bool:
        """Whether no new call comes to it."""
        return self.on_drained is not None

    @property
    def is_empty(self) -> bool:
        """Whether nothing of it is left."""
        return not (self.instances or self.starting or self.waiting)

    @property
    def size(self) -> int:
        """Its instances, those that start included."""
        return len(self.instances) + self.starting

    @property
    def busy(self) -> int:
        """Instances that run a call."""
        return len(self.instances) - len(self.idle)

    def note_ended(self, result: outcome.Outcome, now: float) -> None:
        """A call has ended.

        :param now: by the loop's clock
        """
        self.ended += 1
        self.ended_at = now
        self.failed += result.status != outcome.SUCCESS
        seconds = result.duration_ms / 1000
        if self.mean_seconds is None:
            self.mean_seconds = seconds
        else:
            self.mean_seconds += (seconds - self.mean_seconds) * _NEWEST_WEIGHT

    def next_invocation(self) -> Invocation | None:
        """Take the call that has waited longest and that somebody still waits for."""
        while self.waiting:
            invocation = self.waiting.popleft()
            if not invocation.is_over:
                return invocation
        return None

    def end_calls(self) -> None:
        """End its calls and its instances now: those that run in 439, those that nothing ran of in a refusal."""
        self.is_forced = True
        while invocation := self.next_invocation():
            invocation.finish(DELETED)
        for instance in self.instances:
            instance.end()

    def interrupt(self, request_id: str, *, is_graceful: bool) -> None:
        """End a call of this id, whether it waits or runs. If no instance has read it yet, nothing of it runs."""
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


def count_calls(pools: Iterable[Pool]) -> dict[str, dict[str, int]]:
    """Instances and calls of each function, all its versions together."""
    found: dict[str, dict[str, int]] = {}
    for pool in pools:
        counted = found.setdefault(
            str(pool.record.key), {"instances": 0, "running": 0, "waiting": 0, "ended": 0, "failed": 0}
        )
        counted["instances"] += pool.size
        counted["running"] += pool.busy
        counted["waiting"] += len(pool.waiting)
        counted["ended"] += pool.ended
        counted["failed"] += pool.failed
    return found


def snapshot_of(pool: Pool, instances: int, idle: int, *, may_start: bool, now: float) -> PoolSnapshot:
    """What the plan goes by.

    :param instances: of all functions, of which so many are ``idle``
    """
    return PoolSnapshot(
        idle=len(pool.idle),
        starting=pool.starting,
        waiting=len(pool.waiting),
        active=instances - idle,
        instances=instances,
        spare=idle - len(pool.idle),
        busy=pool.busy,
        mean_seconds=pool.mean_seconds,
        is_single=pool.is_debugged,
        may_start=may_start,
        still_seconds=now - pool.ended_at,
    )


def longest_idle(pools: Iterable[Pool]) -> Pool:
    """Whose instance has been idle for longest."""
    return min((pool for pool in pools if pool.idle), key=lambda pool: pool.idle[0].idle_since)


_LONG_MEANS = 2.0  # times the longest mean of calls that are handed over ahead


def is_short(pool: Pool, limits: Limits) -> bool:
    """Whether a function's calls are known to be so short that the next one is handed over ahead."""
    is_alone = pool.record.runs_async or pool.is_debugged  # whose calls are ended, or stopped, one by one
    return pool.mean_seconds is not None and pool.mean_seconds <= limits.prefetch_seconds and not is_alone


def prefetch(pool: Pool, instance: Instance, limits: Limits) -> bool:
    """Hand waiting calls over to an instance that runs one. Whether it could be worth a try at all."""
    if not is_short(pool, limits) or not instance.invocations or instance.discard_after_call:
        return False
    while pool.waiting and instance.worker.prefetched < limits.prefetch_calls:
        invocation = pool.waiting[0]
        if invocation.nested or invocation.ends_instance or not (invocation.is_over or instance.prefetch(invocation)):
            break  # who holds an instance until it is served must not stand behind somebody
        pool.waiting.popleft()
    return True


def revoke(pool: Pool, limits: Limits) -> bool:
    """Take back what waits behind a call that turns out to be long. Whether anything has been handed over ahead."""
    has_queued = False
    for instance in pool.instances:
        if instance.worker.prefetched:
            has_queued = True
            if instance.worker.running_seconds > limits.prefetch_seconds * _LONG_MEANS:
                instance.worker.revoke()
    return has_queued
