"""Rings the timers of all functions: each ring is an asynchronous invocation."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator
from datetime import datetime, timezone

from tencentserverless.local.registry.function import Function
from tencentserverless.local.registry.triggers import Trigger, next_ring

_LONGEST_SECONDS = 3600.0  # between two looks: the clock of the machine may be set meanwhile

Fire = Callable[[Function, Trigger, bytes], Awaitable[None]]


class Timers:
    """One task for all timers. Rings that were missed while no server ran are not made up.

    :param functions: those that exist
    :param fire: has an event accepted
    """

    def __init__(self, functions: Callable[[], Iterable[Function]], fire: Fire) -> None:
        self._functions = functions
        self._fire = fire
        self._changed = asyncio.Event()

    def look_again(self) -> None:
        """Triggers, or functions, have changed."""
        self._changed.set()

    async def run(self) -> None:
        """Ring, until the task is cancelled."""
        seen = time.time()
        while True:
            self._changed.clear()
            due_at = min((at for _, _, at in self._rings(seen)), default=None)
            delay = _LONGEST_SECONDS if due_at is None else min(_LONGEST_SECONDS, max(0.0, due_at - time.time()))
            try:
                await asyncio.wait_for(self._changed.wait(), delay)
            except asyncio.TimeoutError:
                pass  # a timer is due, or it is time for a look
            now = time.time()
            for function, trigger, at in self._rings(seen):
                if at <= now:
                    await self._fire(function, trigger, _event(trigger, at))
            seen = max(seen, now)

    def _rings(self, after: float) -> Iterator[tuple[Function, Trigger, float]]:
        """The next ring of every timer that is on."""
        for function in list(self._functions()):
            for trigger in function.triggers.values():
                at = next_ring(trigger.cron, max(after, trigger.changed_at)) if trigger.is_enabled else None
                if at is not None:
                    yield function, trigger, at


def _event(trigger: Trigger, at: float) -> bytes:
    """What the function gets (document/product/583/9708)."""
    text = datetime.fromtimestamp(at, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    event = {"Type": "Timer", "TriggerName": trigger.name, "Time": text, "Message": trigger.argument}
    return json.dumps(event, ensure_ascii=False).encode("utf-8")
