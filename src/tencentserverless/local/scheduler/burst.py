"""How many instances a region has started lately: the platform bounds them by the minute.

Source: cloud.tencent.com/document/product/583/42611 (status 429: more than 500 new instances in a minute).
"""

from collections import deque

_WINDOW_SECONDS = 60.0


class Burst:
    """Counts starts by region, over the last minute.

    :param limit: starts of a region within a minute
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._starts: dict[str, deque[float]] = {}

    def has_room(self, region: str, now: float) -> bool:
        """Whether the region may start one more."""
        starts = self._starts.get(region)
        if starts is None:
            return True
        while starts and starts[0] <= now - _WINDOW_SECONDS:
            starts.popleft()
        return len(starts) < self._limit

    def note(self, region: str, now: float) -> None:
        """One is started."""
        self._starts.setdefault(region, deque()).append(now)
