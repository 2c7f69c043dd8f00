"""Ends a call that takes longer than its function may take.

Source: cloud.tencent.com/document/product/583/42611 (status 433).
"""

import asyncio
import time
from collections.abc import Callable

_now = time.monotonic


class TimeLimit:
    """Watches one call after another.

    One timer serves many calls: when it fires, it computes the remaining time again.
    """

    def __init__(self, on_expired: Callable[[], None]) -> None:
        self.seconds: float = 0.0
        self._on_expired = on_expired
        self._loop = asyncio.get_running_loop()
        self._began_at = 0.0
        self._deadline: float | None = None
        self._fires_at = float("inf")
        self._timer: asyncio.TimerHandle | None = None

    def begin(self, seconds: float) -> None:
        """Start the limit of a call."""
        self.seconds = seconds
        self._began_at = _now()
        self._deadline = self._began_at + seconds
        if self._timer is None or self._fires_at > self._deadline:
            self._set_timer(self._deadline)

    def end(self) -> None:
        """End the limit of the call."""
        self._deadline = None

    def passed_ms(self) -> float:
        """Return the time since the call began."""
        return (_now() - self._began_at) * 1000

    def close(self) -> None:
        """Cancel the timer."""
        self._deadline = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _set_timer(self, at: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._fires_at = at
        self._timer = self._loop.call_later(max(0.0, at - time.monotonic()), self._fire)

    def _fire(self) -> None:
        self._timer = None
        if self._deadline is None:
            return
        if time.monotonic() < self._deadline:
            self._set_timer(self._deadline)
        else:
            self._on_expired()
