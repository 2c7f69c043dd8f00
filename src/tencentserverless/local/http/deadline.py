"""The deadline of a connection, which moves with every request. One timer serves many: it looks anew when it is due."""

import asyncio
import math
from collections.abc import Callable


class Deadline:
    """A deadline that moves.

    :param look_seconds: the timer looks at least so often: a deadline that came nearer is not missed by more
    :param on_due: called when the deadline has passed
    :ivar at: by the loop's clock; it may be set later than it was without more ado
    """

    __slots__ = ("_look_seconds", "_loop", "_on_due", "_timer", "at")

    def __init__(self, loop: asyncio.AbstractEventLoop, look_seconds: float, on_due: Callable[[], None]) -> None:
        self.at: float = math.inf
        self._loop = loop
        self._look_seconds = look_seconds
        self._on_due = on_due
        self._timer: asyncio.TimerHandle | None = None

    def set(self, seconds: float) -> None:
        """Set the deadline to so many seconds from now."""
        self.at = self._loop.time() + seconds
        if self._timer is None or self._timer.when() > self.at:
            self.stop()
            self._timer = self._loop.call_at(self.at, self._look)

    def stop(self) -> None:
        """Look no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        self._timer = None
        now = self._loop.time()
        if now < self.at:
            self._timer = self._loop.call_at(min(self.at, now + self._look_seconds), self._look)
        else:
            self._on_due()
