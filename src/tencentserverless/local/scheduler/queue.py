"""The queue of asynchronous invocations: kept before they are acknowledged, run in the order in which they came.

The database says where every event stands (``registry/event_states``); what is here is a cache of it. Every function
has a lane of its own, so that one with a long queue keeps no other waiting. A lane takes a handful of events out at a
time. Those of functions with AsyncRunEnable it takes out when it runs them: they are never run twice.
"""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Protocol

from tencentserverless.local.background import Background, describe
from tencentserverless.local.registry import events
from tencentserverless.local.registry.event_states import Move, State
from tencentserverless.local.registry.events import CANCELLED, Event, Step
from tencentserverless.local.registry.records import AsyncConfig, FunctionKey
from tencentserverless.local.registry.store import Store, StoreFailed
from tencentserverless.local.scheduler.dead_letters import DeadLetters
from tencentserverless.local.scheduler.event_records import EventRecords
from tencentserverless.local.scheduler.job import Stopping
from tencentserverless.local.scheduler.retries import (
    INTERNAL_ERROR,
    NOT_FOUND,
    RETRY_SECONDS,
    Fate,
    Try,
    counts_as_failure,
    decide,
)
from tencentserverless.local.settings import Limits
from tencentserverless.local.worker.outcome import SUCCESS

_BATCH = 64  # events that a lane takes out at once
_OK = 200
_TERMINATED = "The invocation was terminated before it ran"
_CUT_OFF = "the server ended while it was under way, and with AsyncRunEnable it is not run again"


class QueueFull(Exception):
    """A function has as many events waiting as it may."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a try ended.

    :param error: for the dead letter
    :param config: of the function, None if it has been deleted
    :param is_away: nothing was tried, since the function is not there at the moment
    """

    status: int
    error: str
    config: AsyncConfig | None
    is_away: bool = False


class Executor(Protocol):
    """What runs events and buries them."""

    async def run(self, event: Event) -> Ended:
        """Run an event; raises Stopping if the server stops meanwhile."""

    def interrupt(self, request_id: str, *, is_graceful: bool) -> None:
        """End the run of an event, at once or by SIGTERM."""

    def note(self, event: Event, status: int, message: str) -> None:
        """Keep in the record of invocations how an event has ended without a run."""

    def bury(self, dead: list[tuple[Event, str]]) -> None:
        """Write the dead letters of events, with the errors of their last tries: all of them, or none and OSError."""

    def flush(self) -> None:
        """Have written what is known of runs that have ended, before the events themselves are forgotten."""


class Queue:
    """Every event that has been accepted and has not ended.

    :param background: runs the lanes
    :param time_scale: how many times faster than on the platform retries come
    :param clock: UNIX seconds
    """

    def __init__(
        self,
        store: Store,
        executor: Executor,
        limits: Limits,
        background: Background,
        *,
        time_scale: float = 1.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._executor = executor
        self._limits = limits
        self._background = background
        self._scale = time_scale
        self._retry_seconds = RETRY_SECONDS / time_scale
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._lanes: dict[FunctionKey, _Lane] = {}
        self._records = EventRecords(store, executor.flush, background.show)
        self._letters = DeadLetters(self._records, executor.bury, self._retry_seconds, background.show)
        self._has_retries = asyncio.Event()
        self._is_open = asyncio.Event()
        self._is_stopping = False

    def start(self) -> None:
        """Go on with what the last server has left."""
        with contextlib.suppress(StoreFailed):  # then as soon as it can be written
            self._open(self._store.write_now(events.recover(self._clock())), self._store.read_now(events.waiting))
        self._background.keep("the retries of asynchronous invocations", self._retry)
        self._background.keep("the dead letters", self._letters.run)

    async def push(self, event: Event) -> None:
        """Accept an event. It is in the database when this returns.

        :raises QueueFull: if its function has too many already
        :raises StoreFailed: if it can't be kept
        :raises Stopping: if the server is stopping
        """
        if self._is_stopping:
            raise Stopping(has_begun=False)
        lane = self._lane(event.key)
        if lane.waiting >= self._limits.queued_events:
            raise QueueFull(f"Function {event.key.name!r} has {lane.waiting} asynchronous invocations waiting")
        lane.waiting += 1
        try:
            await self._store.write_soon(events.push(event))
        except StoreFailed:
            lane.waiting -= 1
            raise
        finally:
            lane.wake.set()  # who has gone meanwhile has pushed it all the same

    async def find(self, request_id: str) -> Event | None:
        """An event that has not ended."""
        self.flush()
        return await self._store.write(events.by_request(request_id))

    async def terminate(self, event: Event, *, is_graceful: bool) -> bool:
        """End an event, whether it runs or waits. If nothing of it has run, nothing will. False if it has ended.

        :raises StoreFailed: if that can't be kept; then nothing has changed
        """
        step = Step(event.number, Move.TERMINATE, self._clock(), CANCELLED)
        state = await self._store.write_soon(events.move(step))
        lane = self._lane(event.key)
        if state is State.ABORTED:
            lane.waiting -= 1
            self._executor.note(event, CANCELLED, _TERMINATED)
        elif state is State.TERMINATING:
            lane.terminating.add(event.number)
            if event.number in lane.running:
                self._executor.interrupt(event.request_id, is_graceful=is_graceful)
        return state is not None

    def disown(self, key: FunctionKey) -> None:
        """A function is deleted: of its events nothing more is run.

        :raises StoreFailed: if that can't be kept
        """
        lane = self._lane(key)
        lane.orphaned_until = self._store.write_now(events.disown(key))
        lane.wake.set()

    def flush(self) -> None:
        """Have written what has ended."""
        self._records.flush()

    def pause(self) -> None:
        """Accept nothing more, and take nothing more out of the lanes: the server is stopping."""
        self._is_stopping = True
        self._records.stop()
        for lane in self._lanes.values():
            lane.serving.cancel()

    async def close(self) -> None:
        """Wait for what runs, which the scheduler has ended. What waits is kept."""
        self.pause()
        tasks = [task for lane in self._lanes.values() for task in (lane.serving, *lane.runs)]
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._letters.close()
        for lane in self._lanes.values():
            for event in lane.ready:
                self._records.end(Step(event.number, Move.RETURN, self._clock()), is_forgotten=False)
        await self._records.close()
        with contextlib.suppress(StoreFailed):  # the next server does it
            self._show_cut_off(self._store.write_now(events.recover(self._clock())))

    def _open(self, cut_off: Iterable[Event], waiting: dict[FunctionKey, int]) -> None:
        """Serve, now that what the last server has left is in order."""
        self._show_cut_off(cut_off)
        for key, count in waiting.items():
            self._lane(key).waiting = count
        self._is_open.set()

    def _show_cut_off(self, cut_off: Iterable[Event]) -> None:
        for event in cut_off:
            self._executor.note(event, CANCELLED, _CUT_OFF)
            self._background.show(f"[{event.key.name}] RequestId:{event.request_id} is aborted: {_CUT_OFF}")

    async def _retry(self) -> None:
        """Queue again what is due, until the task is cancelled."""
        if not self._is_open.is_set():
            cut_off = await self._records.keep(events.recover(self._clock()))
            self._open(cut_off, await self._records.keep(events.waiting))
        while True:
            self._has_retries.clear()
            now = self._clock()
            keys, due_at = await self._records.keep(events.make_due(now, now + self._retry_seconds))
            for key in keys:
                self._lane(key).wake.set()
            if due_at is None:
                await self._has_retries.wait()
            else:  # what comes to wait meanwhile waits for longer; the clock may have been set back just now
                await asyncio.sleep(min(self._retry_seconds, max(0.0, due_at - self._clock())))

    def _lane(self, key: FunctionKey) -> "_Lane":
        lane = self._lanes.get(key)
        if lane is None:
            lane = self._lanes[key] = _Lane(key, self._limits.events_at_once)
            name = f"the asynchronous invocations of {key.name}"
            lane.serving = self._background.keep(name, lambda: self._serve(lane))
        return lane

    async def _serve(self, lane: "_Lane") -> None:
        """Run a function's events, one after the other, so many at once."""
        await self._is_open.wait()
        while True:
            await lane.places.acquire()
            try:
                event = await self._next(lane)
            except BaseException:
                lane.places.release()
                raise
            lane.running.add(event.number)
            task = self._loop.create_task(self._run(lane, event))
            lane.runs.add(task)
            task.add_done_callback(lane.runs.discard)

    async def _next(self, lane: "_Lane") -> Event:
        """The next event of a lane; waits until there is one."""
        while not lane.ready:
            lane.wake.clear()
            await self._claim(lane)
            if not lane.ready:
                await lane.wake.wait()
        return lane.ready.popleft()

    async def _claim(self, lane: "_Lane") -> None:
        """Take a lane's next events out of the queue."""
        query = events.claim(lane.key, _BATCH, self._limits.events_at_once - len(lane.running))
        claiming = self._loop.create_task(self._records.keep(query))
        try:
            lane.ready.extend(await asyncio.shield(claiming))
        except asyncio.CancelledError:
            with contextlib.suppress(StoreFailed):
                lane.ready.extend(await claiming)  # so that they can be given back
            raise

    async def _run(self, lane: "_Lane", event: Event) -> None:
        try:
            await self._conclude(lane, event, await self._try(lane, event))
        except Stopping as stopping:
            self.pause()
            if not stopping.has_begun:
                self._records.end(Step(event.number, Move.RETURN, self._clock(), CANCELLED), is_forgotten=False)
        except StoreFailed:
            pass  # the server is stopping, and the disk is in trouble: the next one goes by what was kept
        except Exception as error:  # noqa: BLE001
            self._background.report(f"[{event.key.name}] RequestId:{event.request_id}", error)
        finally:
            lane.running.discard(event.number)
            lane.terminating.discard(event.number)
            lane.places.release()

    async def _try(self, lane: "_Lane", event: Event) -> Ended:
        """Run an event once, unless it has been terminated since it was taken out, or its function deleted."""
        if event.number in lane.terminating:
            self._executor.note(event, CANCELLED, _TERMINATED)
            return Ended(CANCELLED, _TERMINATED, AsyncConfig())
        if event.is_orphaned or event.number <= lane.orphaned_until:
            problem = f"Function {event.key.name!r} has been deleted"
            self._executor.note(event, NOT_FOUND, problem)
            return Ended(NOT_FOUND, problem, None)
        try:
            return await self._executor.run(event)
        except Stopping:
            raise
        except Exception as error:  # noqa: BLE001  # a failure of ours is one of the platform's
            self._background.report(f"[{event.key.name}] an asynchronous invocation could not be run", error)
            return Ended(INTERNAL_ERROR, describe(error), AsyncConfig())

    async def _conclude(self, lane: "_Lane", event: Event, ended: Ended) -> None:
        """Forget an event, have it run again, or bury it."""
        if ended.status == SUCCESS:
            self._end(lane, event, Move.SUCCEED, _OK)
            return
        failures = event.tries + (counts_as_failure(ended.status) and not ended.is_away)
        age_seconds = (self._clock() - event.pushed_at) * self._scale
        tried = Try(ended.status, failures, age_seconds, ended.is_away)
        fate = Fate.DEAD if ended.config is None else decide(tried, ended.config)
        if event.is_traced and not (ended.is_away and fate is Fate.RETRY):
            self._end(lane, event, Move.FAIL, ended.status)
            return
        now = self._clock()
        step = Step(event.number, Move.RETRY, now, ended.status, now + self._retry_seconds, failures)
        if fate is Fate.DEAD:
            step = replace(step, move=Move.GIVE_UP, due_at=None, error=ended.error)
        state = await self._records.keep(events.move(step))
        if state is State.WAITING_RETRY:
            self._has_retries.set()
            return
        lane.waiting -= 1
        if state is State.DEAD:
            self._letters.wake()

    def _end(self, lane: "_Lane", event: Event, move: Move, status_code: int) -> None:
        """An event ends by a move that is written a moment later."""
        lane.waiting -= 1
        is_forgotten = move is Move.SUCCEED and not event.is_traced
        self._records.end(Step(event.number, move, self._clock(), status_code), is_forgotten=is_forgotten)


class _Lane:
    """The events of one function.

    :ivar waiting: all that have not ended
    :ivar ready: those that are taken out and not yet run
    :ivar running: numbers of those that are run
    :ivar terminating: numbers of those that were terminated after they were taken out
    :ivar orphaned_until: number of the last one of a function that has been deleted since
    """

    serving: "asyncio.Task[None]"

    def __init__(self, key: FunctionKey, at_once: int) -> None:
        self.key = key
        self.waiting = 0
        self.ready: deque[Event] = deque()
        self.running: set[int] = set()
        self.terminating: set[int] = set()
        self.orphaned_until = 0
        self.places = asyncio.Semaphore(at_once)
        self.wake = asyncio.Event()
        self.runs: set[asyncio.Task[None]] = set()
