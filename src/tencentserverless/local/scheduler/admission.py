"""Admission of a call: memory of region and namespace, reservations of single functions, and the rate of new instances.

Sources: cloud.tencent.com/document/product/583/51519 (concurrency management) and 42611 (status 429, new instances in a
minute).
"""

from collections import deque
from dataclasses import dataclass

from tencentserverless.local import outcome
from tencentserverless.local.outcome import Outcome
from tencentserverless.local.registry.function_version import FunctionKey, FunctionRecord
from tencentserverless.local.registry.reservations import Reservations
from tencentserverless.local.settings import Limits


@dataclass(slots=True, eq=False)
class ConcurrencyGrant:
    """Memory that calls hold together: the calls of one function with a reservation, or all others that share.

    :param limit_mb: the memory that they may hold, until a reservation changes
    """

    is_reserved: bool
    held_mb: int = 0
    limit_mb: int = 0


class Quota:
    """Counts the memory of calls that run or wait. Each call returns its memory to the grant that it took it from."""

    def __init__(self, limits: Limits, reservations: Reservations) -> None:
        self._limits = limits
        self._reservations = reservations
        self._functions: dict[FunctionKey, ConcurrencyGrant] = {}
        self._shared: dict[tuple[str, str], ConcurrencyGrant] = {}  # by region and namespace with a total of its own
        self._generation = 0
        self._found: dict[FunctionKey, ConcurrencyGrant] = {}  # those of functions that were called in this generation

    def take(self, record: FunctionRecord, memory_mb: int) -> ConcurrencyGrant | Outcome:
        """Count a call, or return the reason why it can't run.

        The caller of a counted call subtracts its memory at its end.

        :param memory_mb: that the call counts for: of the instance, or its part where several calls share one
        """
        if self._generation != self._reservations.generation:
            self._generation = self._reservations.generation
            self._found.clear()
        grant = self._found.get(record.key)
        if grant is None:
            grant = self._found[record.key] = self._find(record.key)
        if grant.held_mb + memory_mb > grant.limit_mb:
            return _refusal(record.key.name, grant)
        grant.held_mb += memory_mb
        return grant

    def _find(self, key: FunctionKey) -> ConcurrencyGrant:
        """The grant of a function, with its limit of now."""
        reserved_mb = self._reservations.of_function(key)
        if reserved_mb is not None:
            grant = self._functions.setdefault(key, ConcurrencyGrant(is_reserved=True))
            grant.limit_mb = reserved_mb
        else:
            share = self._reservations.share_of(key.region, key.namespace, self._limits.quota_mb(key.region))
            grant = self._shared.setdefault(share[:2], ConcurrencyGrant(is_reserved=False))
            grant.limit_mb = share.limit_mb
        return grant


def _refusal(name: str, grant: ConcurrencyGrant) -> Outcome:
    if grant.is_reserved:
        message = f"Function [ {name} ] concurrency exceeded reserved quota {grant.limit_mb} MB"
        return Outcome(outcome.OVER_QUOTA, message=message)
    return outcome.over_quota(name, grant.limit_mb)


_WINDOW_SECONDS = 60.0


class StartRateLimiter:
    """Counts instance starts by region, over the last minute.

    :param limit: starts of a region within a minute
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._starts: dict[str, deque[float]] = {}

    def has_room(self, region: str, now: float) -> bool:
        """True if the region may start one more instance."""
        starts = self._starts.get(region)
        if starts is None:
            return True
        while starts and starts[0] <= now - _WINDOW_SECONDS:
            starts.popleft()
        return len(starts) < self._limit

    def note(self, region: str, now: float) -> None:
        """Count the start of an instance."""
        self._starts.setdefault(region, deque()).append(now)
