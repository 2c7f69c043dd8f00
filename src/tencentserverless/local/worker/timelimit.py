"""The time that a call may take."""

import asyncio
import time
from collections.abc import Callable

_now = time.monotonic


class TimeLimit:
    """Watches one call after the other. One timer serves many: it looks anew when it rings."""

    def __init__(self, on_expired: Callable[[], None]) -> None:
        self.seconds: float = 0.0
        self._on_expired = on_expired
        self._loop = asyncio.get_running_loop()
        self._began_at = 0.0
        self._deadline: float | None = None
        self._rings_at = float("inf")
        self._timer: asyncio.TimerHandle | None = None

    def begin(self, seconds: float) -> None:
        """A call begins."""
        self.seconds = seconds
        self._began_at = _now()
        self._deadline = self._began_at + seconds
        if self._timer is None or self._rings_at > self._deadline:
            self._set_timer(self._deadline)

    def end(self) -> None:
        """It has ended."""
        self._deadline = None

    def passed_ms(self) -> float:
        """Since the call began."""
        return (_now() - self._began_at) * 1000

    def close(self) -> None:
        """Nothing rings any more."""
        self._deadline = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _set_timer(self, at: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._rings_at = at
        self._timer = self._loop.call_later(max(0.0, at - time.monotonic()), self._ring)

    def _ring(self) -> None:
        self._timer = None
        if self._deadline is None:
            return
        if time.monotonic() < self._deadline:
            self._set_timer(self._deadline)
        else:
            self._on_expired()
