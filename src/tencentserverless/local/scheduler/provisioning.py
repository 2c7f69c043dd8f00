"""Provisioned concurrency: instances that are started ahead of calls, and started again where one has ended.

Source of the rate: document/product/583/51519 (concurrency management): 100 provisioned instances a minute in a region.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from typing import NamedTuple

from tencentserverless.local.outcome import Outcome
from tencentserverless.local.registry.function_version import FunctionRecord
from tencentserverless.local.registry.provisions import Provisions, VersionKey, Wanted
from tencentserverless.local.scheduler.admission import StartRateLimiter
from tencentserverless.local.scheduler.pool import Pool
from tencentserverless.local.settings import Limits

_LOOK_SECONDS = 1.0
_RETRY_SECONDS = 60.0  # ours: after a start that has failed


class Starter(NamedTuple):
    """The scheduler's steps: the pool of a version, a place for one more instance, and its start.

    :param is_memory_short: true while no more may start: they would stay, and take what calls need
    """

    find_pool: Callable[[FunctionRecord], Pool]
    make_place: Callable[[Pool], bool]
    start: Callable[[Pool], object]
    is_memory_short: Callable[[], bool]


class Progress(NamedTuple):
    """The progress of a version towards the instances that are to be kept.

    :param failure: of the last start, ``""`` if it was successful
    """

    wanted: int
    available: int
    failure: str

    @property
    def is_done(self) -> bool:
        """True if all instances are there."""
        return self.available >= self.wanted


class Provisioning:
    """Keeps as many instances of a version as its provisioned concurrency says.

    :param provisions: the instances to keep; ``fill`` is to be called after a change of them
    :param pools: of all versions
    """

    def __init__(
        self, provisions: Provisions, pools: Mapping[VersionKey, Pool], limits: Limits, starter: Starter
    ) -> None:
        self._provisions = provisions
        self._pools = pools
        self._limits = limits
        self._kept: dict[VersionKey, Wanted] = {}  # those of the wanted instances that this machine can hold
        self._starter = starter
        self._seen = 0
        self._begun: deque[float] = deque()  # the starts that are under way, without those that take long
        self._start_rate = StartRateLimiter(limits.provisioned_starts)
        self._loop = asyncio.get_running_loop()

    async def run(self) -> None:
        """Look for missing instances once a second, until the task is cancelled."""
        while True:
            self.fill()
            await asyncio.sleep(_LOOK_SECONDS)

    def fill(self) -> None:
        """Start instances that are missing, a few of all versions at a time: calls start instances meanwhile."""
        if self._seen != self._provisions.generation:
            self._seen = self._provisions.generation
            self._kept = kept = _that_fit(self._provisions.wanted, self._limits.provisioned_instances)
            for place, pool in self._pools.items():
                pool.kept, pool.failure = kept[place].count if place in kept else 0, None
        for each in self._kept.values():
            self._fill(each)

    def note_start(self, pool: Pool, failure: Outcome | None) -> None:
        """An instance has started, or could not: the next one may."""
        pool.failure = failure
        if failure is not None:
            pool.failed_at = self._loop.time()
        if pool.kept:
            if self._begun:
                self._begun.popleft()
            self.fill()

    def kept_idle(self, own: Pool) -> int:
        """Return the number of idle instances of other versions that do not end."""
        others = (pool for pool in self._pools.values() if (pool.kept or pool.sharing is not None) and pool is not own)
        return sum(len(pool.idle) - len(pool.spare_idle) for pool in others)

    def progress(self, place: VersionKey) -> Progress:
        """Return how far the instances of a version are."""
        wanted, pool = self._provisions.wanted.get(place), self._pools.get(place)
        if wanted is None:
            return Progress(0, 0, "")
        alive = sum(instance.worker.is_alive for instance in pool.instances) if pool else 0
        failure = pool.failure.message if pool and pool.failure is not None else ""
        kept = self._kept[place].count if place in self._kept else 0
        if kept < wanted.count and self._seen == self._provisions.generation:
            failure = failure or f"This machine can hold {kept} of these instances beside those of calls"
        if alive < wanted.count and not failure and self._starter.is_memory_short():
            failure = "The memory of this machine is short: no more instances start ahead of calls until some is free"
        return Progress(wanted.count, min(alive, wanted.count), failure)

    def _fill(self, wanted: Wanted) -> None:
        pool, now, region = self._starter.find_pool(wanted.record), self._loop.time(), wanted.record.key.region
        pool.kept = wanted.count
        if pool.failure is not None and now < pool.failed_at + _RETRY_SECONDS:
            return
        while (
            pool.size < wanted.count
            and pool.starting < self._limits.ready_instances
            and self._may_begin(now)
            and not self._starter.is_memory_short()
            and self._start_rate.has_room(region, now)
            and self._starter.make_place(pool)
        ):
            self._start_rate.note(region, now)
            self._begun.append(now)
            self._starter.start(pool)

    def _may_begin(self, now: float) -> bool:
        """True if few starts are under way. Those that take long hold up no others, for they hardly use the machine."""
        while self._begun and self._begun[0] <= now - _LOOK_SECONDS:
            self._begun.popleft()
        return len(self._begun) < self._limits.ready_instances


def _that_fit(wanted: Mapping[VersionKey, Wanted], limit: int) -> dict[VersionKey, Wanted]:
    """Return the instances to keep, no more than a limit: another machine may have kept more in this state folder."""
    kept: dict[VersionKey, Wanted] = {}
    for place, each in wanted.items():
        count = min(each.count, limit)
        limit -= count
        if count:
            kept[place] = Wanted(each.record, count)
    return kept
