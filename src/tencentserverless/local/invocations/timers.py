"""The timers of all functions. When a timer is due, it pushes an asynchronous invocation."""

import asyncio
import json
import math
import operator
import time
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime, timezone

from tencentserverless.local.console import Console
from tencentserverless.local.invocation import Stopping, new_request_id
from tencentserverless.local.invocations.queue import Queue, QueueFull
from tencentserverless.local.registry.database import DatabaseError
from tencentserverless.local.registry.event_tables import Event
from tencentserverless.local.registry.function import Function
from tencentserverless.local.registry.function_version import FunctionKey
from tencentserverless.local.registry.timer_triggers import Trigger, next_fire_time

_LONGEST_SECONDS = 3600.0  # the longest sleep: the machine's clock may be set meanwhile
_CATCH_UP_SECONDS = 60.0  # a server that was held up for longer, such as a laptop that slept, skips the earlier times

TIMER_ORIGIN = "TRIGGER_TIMER"

_Due = dict[tuple[FunctionKey, Trigger], float]
Fire = Callable[[Function, Trigger, bytes], Awaitable[None]]


class Timers:
    """Runs one task for all timers. Times at which no server ran are not made up for.

    :param functions: returns the functions that exist
    :param fire: accepts an event
    """

    def __init__(self, functions: Callable[[], Iterable[Function]], fire: Fire) -> None:
        self._functions = functions
        self._fire = fire
        self._changed = asyncio.Event()

    def reschedule(self) -> None:
        """Compute the due times again: triggers or functions have changed."""
        self._changed.set()

    async def run(self) -> None:
        """Fire due timers, until the task is cancelled or the server stops."""
        loop = asyncio.get_running_loop()
        due: _Due = {}
        seen = time.time()
        while True:
            self._changed.clear()
            due = self._renewed(due, seen)
            delay = max(0.0, min(min(due.values(), default=math.inf) - time.time(), _LONGEST_SECONDS))
            alarm = loop.call_later(delay, self._changed.set)  # a timer is due, or the longest sleep is over
            try:
                await self._changed.wait()
            finally:
                alarm.cancel()
            now = time.time()
            if now < seen:
                due.clear()  # the clock was set back
            seen = now
            due = self._renewed(due, seen)
            try:
                await self._fire_due(due, now)
            except Stopping:
                return

    def _renewed(self, due: "_Due", after: float) -> "_Due":
        """Return the next time of every enabled timer.

        Known times are kept: computing from a cron expression is slow.
        """
        renewed: _Due = {}
        for function in self._functions():
            for trigger in function.triggers.values():
                if trigger.is_enabled:
                    key = (function.key, trigger)
                    at = due.get(key)
                    renewed[key] = _fire_time_after(trigger, max(after, trigger.changed_at)) if at is None else at
        return renewed

    async def _fire_due(self, due: "_Due", now: float) -> None:
        """Fire timers that are due, also those that became due while the server was busy, and set their next times.

        Of several, the earlier time comes first: where each sets a number, the last one is to stay.
        """
        missed: list[tuple[float, tuple[FunctionKey, Trigger]]] = []
        for key, first in due.items():
            at = first
            while at <= now:
                missed.append((at, key))
                at = _fire_time_after(key[1], max(at, now - _CATCH_UP_SECONDS))
            due[key] = at
        functions = {function.key: function for function in self._functions()} if missed else {}
        for at, (name, trigger) in sorted(missed, key=operator.itemgetter(0)):
            await self._fire(functions[name], trigger, timer_event(trigger.name, trigger.argument, at))


def _fire_time_after(trigger: Trigger, after: float) -> float:
    """Return the UNIX seconds at which a timer is due next; infinity for never."""
    at = next_fire_time(trigger.cron, after)
    return math.inf if at is None else at


def timer_event(name: str, argument: str, at: float) -> bytes:
    """Make the event of a timer trigger (document/product/583/9708).

    :param at: UNIX seconds
    """
    text = datetime.fromtimestamp(at, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    event = {"Type": "Timer", "TriggerName": name, "Time": text, "Message": argument}
    return json.dumps(event, ensure_ascii=False).encode("utf-8")


def fire_into(queue: Queue, console: Console, clock: Callable[[], float]) -> Fire:
    """Make a ``Fire`` that pushes a timer's event into the queue of asynchronous invocations.

    :param clock: UNIX seconds
    """

    async def fire(function: Function, trigger: Trigger, event: bytes) -> None:
        record = function.pinned(trigger.qualifier)
        pushed = Event(
            0,
            new_request_id(),
            function.key,
            trigger.qualifier,
            TIMER_ORIGIN,
            event,
            clock(),
            is_traced=record is not None and record.runs_async,
        )
        try:
            await queue.push(pushed)
        except (QueueFull, DatabaseError) as error:
            console.show(f"[{function.key.name}] the event of the timer {trigger.name} could not be queued: {error}")

    return fire
