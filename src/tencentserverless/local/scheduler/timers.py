"""Rings the timers of all functions: each ring is an asynchronous invocation."""

import asyncio
import json
import math
import time
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime, timezone

from tencentserverless.local.registry.function import Function
from tencentserverless.local.registry.records import FunctionKey
from tencentserverless.local.registry.triggers import Trigger, next_ring
from tencentserverless.local.scheduler.job import Stopping

_LONGEST_SECONDS = 3600.0  # between two looks: the clock of the machine may be set meanwhile
_CATCH_UP_SECONDS = 60.0  # a server that was held up for longer, as a laptop that slept, leaves out what came before

_Due = dict[tuple[FunctionKey, Trigger], float]
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
        """Ring, until the task is cancelled or the server stops."""
        due: _Due = {}
        seen = time.time()
        while True:
            self._changed.clear()
            due = self._renewed(due, seen)
            delay = max(0.0, min(min(due.values(), default=math.inf) - time.time(), _LONGEST_SECONDS))
            try:
                await asyncio.wait_for(self._changed.wait(), delay)
            except asyncio.TimeoutError:
                pass  # a timer is due, or it is time for a look
            now = time.time()
            if now < seen:
                due.clear()  # the clock was set back
            seen = now
            due = self._renewed(due, seen)
            try:
                await self._ring(due, now)
            except Stopping:
                return

    def _renewed(self, due: "_Due", after: float) -> "_Due":
        """When every timer that is on rings next; what is known stays, for a look at a cron expression is dear."""
        renewed: _Due = {}
        for function in self._functions():
            for trigger in function.triggers.values():
                if trigger.is_enabled:
                    key = (function.key, trigger)
                    at = due.get(key)
                    renewed[key] = _ring_after(trigger, max(after, trigger.changed_at)) if at is None else at
        return renewed

    async def _ring(self, due: "_Due", now: float) -> None:
        """Ring what is due, also what was while the server was busy, and note when it rings again."""
        ringing = [key for key, at in due.items() if at <= now]
        functions = {function.key: function for function in self._functions()} if ringing else {}
        for key, trigger in ringing:
            at = due[key, trigger]
            while at <= now:
                await self._fire(functions[key], trigger, _event(trigger, at))
                at = _ring_after(trigger, max(at, now - _CATCH_UP_SECONDS))
            due[key, trigger] = at


def _ring_after(trigger: Trigger, after: float) -> float:
    """When a timer rings next, infinity for never."""
    at = next_ring(trigger.cron, after)
    return math.inf if at is None else at


def _event(trigger: Trigger, at: float) -> bytes:
    """What the function gets (document/product/583/9708)."""
    text = datetime.fromtimestamp(at, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    event = {"Type": "Timer", "TriggerName": trigger.name, "Time": text, "Message": trigger.argument}
    return json.dumps(event, ensure_ascii=False).encode("utf-8")
