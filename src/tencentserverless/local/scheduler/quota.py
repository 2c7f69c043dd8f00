"""Who may hold how much memory at one time: the region's quota, and what of it is reserved for single functions.

Source: cloud.tencent.com/document/product/583/51519 (concurrency management).
"""

from dataclasses import dataclass

from tencentserverless.local.registry.catalogue import Reservations
from tencentserverless.local.registry.records import FunctionKey, FunctionRecord
from tencentserverless.local.settings import Limits
from tencentserverless.local.worker import outcome
from tencentserverless.local.worker.outcome import Outcome


@dataclass(slots=True, eq=False)
class Share:
    """Memory that calls hold together: those of one function with a reservation, or of all others of a region."""

    held_mb: int = 0


class Quota:
    """Counts what calls hold, running or waiting. A call gives back to the share that it took from."""

    def __init__(self, limits: Limits, reservations: Reservations) -> None:
        self._limits = limits
        self._reservations = reservations
        self._functions: dict[FunctionKey, Share] = {}
        self._regions: dict[str, Share] = {}

    def take(self, record: FunctionRecord) -> Share | Outcome:
        """Count a call in, or say why it can't run. Who gets a share takes its memory off again."""
        key = record.key
        reserved_mb = self._reservations.of_function(key)
        if reserved_mb is not None:
            share = self._functions.setdefault(key, Share())
            if share.held_mb + record.memory_mb > reserved_mb:
                message = f"Function [ {key.name} ] concurrency exceeded reserved quota {reserved_mb} MB"
                return Outcome(outcome.OVER_QUOTA, message=message)
        else:
            share = self._region(key.region)
            limit_mb = self._limits.quota_mb(key.region) - self._reservations.of_region(key.region)
            if share.held_mb + record.memory_mb > limit_mb:
                return outcome.over_quota(key.name, limit_mb)
        share.held_mb += record.memory_mb
        return share

    def _region(self, region: str) -> Share:
        share = self._regions.get(region)
        if share is None:
            share = self._regions[region] = Share()
        return share
