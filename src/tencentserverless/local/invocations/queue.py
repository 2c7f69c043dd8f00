"""The queue of asynchronous invocations: kept before they are acknowledged, run in the order in which they came.

The database says where every event stands (``registry/event_states``); what is here is a cache of it. Every function
has a queue of its own, so that one with a long queue keeps no other waiting. A queue takes a handful of events out at a
time. Those of functions with AsyncRunEnable it takes out when it runs them: they are never run twice.
"""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Protocol

from tencentserverless.local.background_tasks import Background, describe
from tencentserverless.local.invocation import Stopping
from tencentserverless.local.invocations.dead_letters import DeadLetters
from tencentserverless.local.invocations.event_writer import EventWriter
from tencentserverless.local.invocations.retry import (
    INTERNAL_ERROR,
    NOT_FOUND,
    RETRY_SECONDS,
    RetryDecision,
    Try,
    counts_as_failure,
    decide,
)
from tencentserverless.local.outcome import SUCCESS
from tencentserverless.local.registry import event_tables
from tencentserverless.local.registry.database import Database, DatabaseError
from tencentserverless.local.registry.event_states import Move, State
from tencentserverless.local.registry.event_tables import CANCELLED, Event, Step
from tencentserverless.local.registry.records import AsyncConfig, FunctionKey
from tencentserverless.local.settings import Limits

_BATCH = 64  # events that a queue takes out at once
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

    def dead_letter(self, dead: list[tuple[Event, str]]) -> None:
        """Write the dead letters of events, with the errors of their last tries: all of them, or none and OSError."""

    def flush(self) -> None:
        """Have written what is known of runs that have ended, before the events themselves are forgotten."""


class Queue:
    """Every event that has been accepted and has not ended.

    :param background: runs the queues
    :param time_scale: how many times faster than on the platform retries come
    :param clock: UNIX seconds
    """

    def __init__(
        self,
        database: Database,
        executor: Executor,
        limits: Limits,
        background: Background,
        *,
        time_scale: float = 1.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._executor = executor
        self._limits = limits
        self._background = background
        self._scale = time_scale
        self._retry_seconds = RETRY_SECONDS / time_scale
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._queues: dict[FunctionKey, _FunctionQueue] = {}
        self._writer = EventWriter(database, executor.flush, background.show)
        self._letters = DeadLetters(self._writer, executor.dead_letter, self._retry_seconds, background.show)
        self._has_retries = asyncio.Event()
        self._is_open = asyncio.Event()
        self._is_stopping = False

    def start(self) -> None:
        """Go on with what the last server has left."""
        with contextlib.suppress(DatabaseError):  # then as soon as it can be written
            self._open(
                self._database.write_now(event_tables.recover(self._clock())),
                self._database.read_now(event_tables.waiting),
            )
        self._background.keep("the retries of asynchronous invocations", self._retry)
        self._background.keep("the dead letters", self._letters.run)

    async def push(self, event: Event) -> None:
        """Accept an event. It is in the database when this returns.

        :raises QueueFull: if its function has too many already
        :raises DatabaseError: if it can't be kept
        :raises Stopping: if the server is stopping
        """
        if self._is_stopping:
            raise Stopping(has_begun=False)
        queue = self._queue_of(event.key)
        if queue.waiting >= self._limits.queued_events:
            raise QueueFull(f"Function {event.key.name!r} has {queue.waiting} asynchronous invocations waiting")
        queue.waiting += 1
        try:
            await self._database.write_soon(event_tables.push(event))
        except DatabaseError:
            queue.waiting -= 1
            raise
        finally:
            queue.wake.set()  # who has gone meanwhile has pushed it all the same

    async def find(self, request_id: str) -> Event | None:
        """An event that has not ended."""
        self.flush()
        return await self._database.write(event_tables.by_request(request_id))

    async def terminate(self, event: Event, *, is_graceful: bool) -> bool:
        """End an event, whether it runs or waits. If nothing of it has run, nothing will. False if it has ended.

        :raises DatabaseError: if that can't be kept; then nothing has changed
        """
        step = Step(event.number, Move.TERMINATE, self._clock(), CANCELLED)
        state = await self._database.write_soon(event_tables.move(step))
        queue = self._queue_of(event.key)
        if state is State.ABORTED:
            queue.waiting -= 1
            self._executor.note(event, CANCELLED, _TERMINATED)
        elif state is State.TERMINATING:
            queue.terminating.add(event.number)
            if event.number in queue.running:
                self._executor.interrupt(event.request_id, is_graceful=is_graceful)
        return state is not None

    def disown(self, key: FunctionKey) -> None:
        """A function is deleted: of its events nothing more is run.

        :raises DatabaseError: if that can't be kept
        """
        queue = self._queue_of(key)
        queue.orphaned_until = self._database.write_now(event_tables.disown(key))
        queue.wake.set()

    def flush(self) -> None:
        """Have written what has ended."""
        self._writer.flush()

    def pause(self) -> None:
        """Accept nothing more, and take nothing more out of the queues: the server is stopping."""
        self._is_stopping = True
        self._writer.stop()
        for queue in self._queues.values():
            queue.serving.cancel()

    async def close(self) -> None:
        """Wait for what runs, which the scheduler has ended. What waits is kept."""
        self.pause()
        tasks = [task for queue in self._queues.values() for task in (queue.serving, *queue.runs)]
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._letters.close()
        for queue in self._queues.values():
            for event in queue.ready:
                self._writer.end(Step(event.number, Move.RETURN, self._clock()), is_forgotten=False)
        await self._writer.close()
        with contextlib.suppress(DatabaseError):  # the next server does it
            self._show_cut_off(self._database.write_now(event_tables.recover(self._clock())))

    def _open(self, cut_off: Iterable[Event], waiting: dict[FunctionKey, int]) -> None:
        """Serve, now that what the last server has left is in order."""
        self._show_cut_off(cut_off)
        for key, count in waiting.items():
            self._queue_of(key).waiting = count
        self._is_open.set()

    def _show_cut_off(self, cut_off: Iterable[Event]) -> None:
        for event in cut_off:
            self._executor.note(event, CANCELLED, _CUT_OFF)
            self._background.show(f"[{event.key.name}] RequestId:{event.request_id} is aborted: {_CUT_OFF}")

    async def _retry(self) -> None:
        """Queue again what is due, until the task is cancelled."""
        if not self._is_open.is_set():
            cut_off = await self._writer.keep(event_tables.recover(self._clock()))
            self._open(cut_off, await self._writer.keep(event_tables.waiting))
        while True:
            self._has_retries.clear()
            now = self._clock()
            keys, due_at = await self._writer.keep(event_tables.make_due(now, now + self._retry_seconds))
            for key in keys:
                self._queue_of(key).wake.set()
            if due_at is None:
                await self._has_retries.wait()
            else:  # what comes to wait meanwhile waits for longer
                await asyncio.sleep(max(0.0, due_at - self._clock()))

    def _queue_of(self, key: FunctionKey) -> "_FunctionQueue":
        queue = self._queues.get(key)
        if queue is None:
            queue = self._queues[key] = _FunctionQueue(key, self._limits.events_at_once)
            name = f"the asynchronous invocations of {key.name}"
            queue.serving = self._background.keep(name, lambda: self._serve(queue))
        return queue

    async def _serve(self, queue: "_FunctionQueue") -> None:
        """Run a function's events, one after the other, so many at once."""
        await self._is_open.wait()
        while True:
            await queue.places.acquire()
            try:
                event = await self._next(queue)
            except BaseException:
                queue.places.release()
                raise
            queue.running.add(event.number)
            task = self._loop.create_task(self._run(queue, event))
            queue.runs.add(task)
            task.add_done_callback(queue.runs.discard)

    async def _next(self, queue: "_FunctionQueue") -> Event:
        """The next event of a queue; waits until there is one."""
        while not queue.ready:
            queue.wake.clear()
            await self._claim(queue)
            if not queue.ready:
                await queue.wake.wait()
        return queue.ready.popleft()

    async def _claim(self, queue: "_FunctionQueue") -> None:
        """Take a queue's next events out of the queue."""
        query = event_tables.claim(queue.key, _BATCH, self._limits.events_at_once - len(queue.running))
        claiming = self._loop.create_task(self._writer.keep(query))
        try:
            queue.ready.extend(await asyncio.shield(claiming))
        except asyncio.CancelledError:
            with contextlib.suppress(DatabaseError):
                queue.ready.extend(await claiming)  # so that they can be given back
            raise

    async def _run(self, queue: "_FunctionQueue", event: Event) -> None:
        try:
            await self._conclude(queue, event, await self._try(queue, event))
        except Stopping as stopping:
            self.pause()
            if not stopping.has_begun:
                self._writer.end(Step(event.number, Move.RETURN, self._clock(), CANCELLED), is_forgotten=False)
        except DatabaseError:
            pass  # the server is stopping, and the disk is in trouble: the next one goes by what was kept
        except Exception as error:  # noqa: BLE001
            self._background.report(f"[{event.key.name}] RequestId:{event.request_id}", error)
        finally:
            queue.running.discard(event.number)
            queue.terminating.discard(event.number)
            queue.places.release()

    async def _try(self, queue: "_FunctionQueue", event: Event) -> Ended:
        """Run an event once, unless it has been terminated since it was taken out, or its function deleted."""
        if event.number in queue.terminating:
            self._executor.note(event, CANCELLED, _TERMINATED)
            return Ended(CANCELLED, _TERMINATED, AsyncConfig())
        if event.is_orphaned or event.number <= queue.orphaned_until:
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

    async def _conclude(self, queue: "_FunctionQueue", event: Event, ended: Ended) -> None:
        """Forget an event, have it run again, or dead_letter it."""
        if ended.status == SUCCESS:
            self._end(queue, event, Move.SUCCEED, _OK)
            return
        failures = event.tries + (counts_as_failure(ended.status) and not ended.is_away)
        age_seconds = (self._clock() - event.pushed_at) * self._scale
        tried = Try(ended.status, failures, age_seconds, ended.is_away)
        fate = RetryDecision.DEAD if ended.config is None else decide(tried, ended.config)
        if event.is_traced and not (ended.is_away and fate is RetryDecision.RETRY):
            self._end(queue, event, Move.FAIL, ended.status)
            return
        now = self._clock()
        step = Step(event.number, Move.RETRY, now, ended.status, now + self._retry_seconds, failures)
        if fate is RetryDecision.DEAD:
            step = replace(step, move=Move.GIVE_UP, due_at=None, error=ended.error)
        state = await self._writer.keep(event_tables.move(step))
        if state is State.WAITING_RETRY:
            self._has_retries.set()
            return
        queue.waiting -= 1
        if state is State.DEAD:
            self._letters.wake()

    def _end(self, queue: "_FunctionQueue", event: Event, move: Move, status_code: int) -> None:
        """An event ends by a move that is written a moment later."""
        queue.waiting -= 1
        is_forgotten = move is Move.SUCCEED and not event.is_traced
        self._writer.end(Step(event.number, move, self._clock(), status_code), is_forgotten=is_forgotten)


class _FunctionQueue:
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
