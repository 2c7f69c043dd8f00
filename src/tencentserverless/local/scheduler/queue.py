"""The queue of asynchronous invocations: kept before they are acknowledged, run in the order in which they came.

Every function has a lane of its own, so that one with a long queue keeps no other waiting. A lane holds a handful of
events; the rest is in the database. What ran when the server was killed is run again, as on the platform.
"""

import asyncio
import heapq
import time
from collections import deque
from dataclasses import dataclass, replace
from typing import Protocol

from tencentserverless.local.registry import events
from tencentserverless.local.registry.events import ABORTED, FAILED, FINISHED, End, Event
from tencentserverless.local.registry.records import AsyncConfig, FunctionKey
from tencentserverless.local.registry.store import Store, StoreFailed
from tencentserverless.local.scheduler.job import Stopping
from tencentserverless.local.scheduler.retries import RETRY_SECONDS, Fate, Try, counts_as_failure, decide
from tencentserverless.local.settings import Limits
from tencentserverless.local.worker.outcome import SUCCESS

_BATCH = 64  # events that a lane reads at once
_FLUSH_SECONDS = 0.02
_CANCELLED = 499  # document/product/583/42611: an asynchronous event was cancelled
_OK = 200


class QueueFull(Exception):
    """A function has as many events waiting as it may."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a try ended.

    :param message: RetMsg
    :param config: of the function, None if it has gone
    """

    status: int
    message: str
    error: str
    config: AsyncConfig | None


class Executor(Protocol):
    """What runs events and buries them."""

    async def run(self, event: Event) -> Ended:
        """Run an event; raises Stopping if the server stops meanwhile."""

    def interrupt(self, request_id: str, *, is_graceful: bool) -> None:
        """End the run of an event, at once or by SIGTERM."""

    def bury(self, event: Event, ended: Ended) -> None:
        """An event is given up."""

    def flush(self) -> None:
        """Have written what is known of runs that have ended, before the events themselves are forgotten."""


@dataclass(slots=True)
class _Clock:
    """The time of the queue, in which a minute may take less."""

    scale: float

    def now(self) -> float:
        return time.time()

    def after(self, seconds: float) -> float:
        return time.time() + seconds / self.scale

    def age_of(self, event: Event) -> float:
        return (time.time() - event.pushed_at) * self.scale


class Queue:
    """Every event that has been accepted and has not ended.

    :param time_scale: how many times faster than on the platform retries come
    """

    def __init__(self, store: Store, executor: Executor, limits: Limits, time_scale: float = 1.0) -> None:
        self._store = store
        self._executor = executor
        self._limits = limits
        self._clock = _Clock(time_scale)
        self._loop = asyncio.get_running_loop()
        self._lanes: dict[FunctionKey, _Lane] = {}
        self._delayed: list[tuple[float, int, FunctionKey]] = []
        self._ringer: asyncio.TimerHandle | None = None
        self._ends: list[End] = []
        self._flusher: asyncio.TimerHandle | None = None
        self._running: dict[str, Event] = {}
        self._terminated: set[str] = set()
        self._is_stopping = False

    def start(self) -> None:
        """Go on with what the last server has left."""
        for key, count in self._store.read_now(events.waiting).items():
            self._lane(key).waiting = count
        self._delayed = self._store.read_now(events.delayed(self._clock.now()))
        heapq.heapify(self._delayed)
        self._set_ringer()

    async def push(self, event: Event) -> None:
        """Accept an event. It is in the database when this returns.

        :raises QueueFull: if its function has too many already
        :raises StoreFailed: if it can't be kept
        :raises Stopping: if the server is stopping
        """
        if self._is_stopping:
            raise Stopping
        lane = self._lane(event.key)
        if lane.waiting >= self._limits.queued_events:
            raise QueueFull(f"Function {event.key.name!r} has {lane.waiting} asynchronous invocations waiting")
        lane.waiting += 1
        try:
            await self._store.write_soon(events.push(event))
        except BaseException:
            lane.waiting -= 1
            raise
        lane.wake.set()

    async def find(self, request_id: str) -> Event | None:
        """An event that has not ended."""
        self.flush()
        return await self._store.write(events.by_request(request_id))

    async def terminate(self, event: Event, *, is_graceful: bool) -> None:
        """End an event, whether it runs or waits."""
        if event.request_id in self._running:
            self._terminated.add(event.request_id)
            self._executor.interrupt(event.request_id, is_graceful=is_graceful)
        else:
            self._finish(event, ABORTED, _CANCELLED)
            self.flush()

    def flush(self) -> None:
        """Have written what has ended."""
        if self._flusher is not None:
            self._flusher.cancel()
            self._flusher = None
        ends, self._ends = self._ends, []
        if ends:
            self._executor.flush()
            self._store.post(events.finish(ends))  # behind the records of their runs

    def pause(self) -> None:
        """Accept nothing more, and take nothing more out of the lanes: the server is stopping."""
        self._is_stopping = True
        if self._ringer is not None:
            self._ringer.cancel()
        for lane in self._lanes.values():
            lane.serving.cancel()

    async def close(self) -> None:
        """Wait for what runs, which the scheduler has ended. What waits is kept."""
        self.pause()
        tasks = [task for lane in self._lanes.values() for task in (lane.serving, *lane.runs)]
        await asyncio.gather(*tasks, return_exceptions=True)
        self.flush()

    def _lane(self, key: FunctionKey) -> "_Lane":
        lane = self._lanes.get(key)
        if lane is None:
            lane = self._lanes[key] = _Lane(key, self._limits.events_at_once)
            lane.serving = self._loop.create_task(self._serve(lane))
        return lane

    async def _serve(self, lane: "_Lane") -> None:
        """Run a function's events, one after the other, so many at once."""
        while True:
            await lane.places.acquire()
            event = await self._next(lane)
            task = self._loop.create_task(self._run(lane, event))
            lane.runs.add(task)
            task.add_done_callback(lane.runs.discard)

    async def _next(self, lane: "_Lane") -> Event:
        """The next event of a lane; waits until there is one."""
        while True:
            lane.wake.clear()
            while lane.again:
                event = await self._read(events.one(lane.again.popleft()))
                if event is not None:
                    return event
            if not lane.ready:
                found = await self._read(events.due(lane.key, lane.cursor, self._clock.now(), _BATCH))
                lane.ready.extend(found or ())
            if lane.ready:
                event = lane.ready.popleft()
                lane.cursor = event.number
                if event.request_id not in self._terminated:
                    return event
                self._terminated.discard(event.request_id)
                continue
            await lane.wake.wait()

    async def _read(self, query: "events.Query[events.T]") -> "events.T | None":
        try:
            return await self._store.write_soon(query)
        except StoreFailed:
            await asyncio.sleep(1)  # the disk is in trouble; the store has said so
            return None

    async def _run(self, lane: "_Lane", event: Event) -> None:
        self._running[event.request_id] = event
        try:
            ended = await self._executor.run(event)
        except Stopping:
            self.pause()
            return  # it is run again by the next server
        finally:
            self._running.pop(event.request_id, None)
            lane.places.release()
        if event.request_id in self._terminated:
            self._terminated.discard(event.request_id)
            has_ended = ended.status == SUCCESS  # it was asked gently, and came to its end
            self._finish(event, FINISHED if has_ended else ABORTED, _OK if has_ended else ended.status)
        elif event.is_traced:
            has_ended = ended.status == SUCCESS
            self._finish(event, FINISHED if has_ended else FAILED, _OK if has_ended else ended.status)
        else:
            await self._judge(event, ended)

    async def _judge(self, event: Event, ended: Ended) -> None:
        """Forget an event, have it run again, or bury it."""
        failures = event.tries + counts_as_failure(ended.status)
        fate = Fate.DEAD
        if ended.config is not None:
            fate = decide(Try(ended.status, failures, self._clock.age_of(event)), ended.config)
        if fate is Fate.RETRY:
            due_at = self._clock.after(RETRY_SECONDS)
            await self._read(events.later(event.number, due_at, failures))
            heapq.heappush(self._delayed, (due_at, event.number, event.key))
            self._set_ringer()
            return
        if fate is Fate.DEAD:
            self._executor.bury(replace(event, tries=failures), ended)
        self._finish(event, "", 0)

    def _finish(self, event: Event, status: str, status_code: int) -> None:
        self._lane(event.key).waiting -= 1
        self._ends.append(End(event.number, event.request_id, status, status_code, self._clock.now()))
        if self._flusher is None:
            self._flusher = self._loop.call_later(_FLUSH_SECONDS, self.flush)

    def _set_ringer(self) -> None:
        """Ring when the next try is due."""
        if self._ringer is not None:
            self._ringer.cancel()
            self._ringer = None
        if self._delayed and not self._is_stopping:
            delay = max(0.0, self._delayed[0][0] - self._clock.now())
            self._ringer = self._loop.call_later(delay, self._ring)

    def _ring(self) -> None:
        self._ringer = None
        while self._delayed and self._delayed[0][0] <= self._clock.now():
            _, number, key = heapq.heappop(self._delayed)
            lane = self._lane(key)
            lane.again.append(number)
            lane.wake.set()
        self._set_ringer()


class _Lane:
    """The events of one function.

    :ivar waiting: all that have not ended
    :ivar cursor: number of the last one that was taken out
    :ivar again: numbers of those whose next try is due
    """

    serving: "asyncio.Task[None]"

    def __init__(self, key: FunctionKey, at_once: int) -> None:
        self.key = key
        self.waiting = 0
        self.cursor = 0
        self.ready: deque[Event] = deque()
        self.again: deque[int] = deque()
        self.places = asyncio.Semaphore(at_once)
        self.wake = asyncio.Event()
        self.runs: set[asyncio.Task[None]] = set()
