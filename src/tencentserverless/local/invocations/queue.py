"""The queue of asynchronous invocations: each is stored before it is acknowledged, and runs in order of arrival.

The database holds the state of every event (``registry/event_states``); this module caches it. Every function has a
queue of its own, so that a long queue delays no other function. A queue takes out a batch of events at a time. Events
of functions with AsyncRunEnable are taken out only when they run: they never run twice.
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
    Attempt,
    RetryDecision,
    counts_as_failure,
    decide,
)
from tencentserverless.local.outcome import SUCCESS
from tencentserverless.local.registry import event_tables
from tencentserverless.local.registry.database import Database, DatabaseError
from tencentserverless.local.registry.event_states import Move, State
from tencentserverless.local.registry.event_tables import CANCELLED, Event, Step
from tencentserverless.local.registry.function_version import AsyncConfig, FunctionKey
from tencentserverless.local.settings import Limits

_BATCH = 64  # events that a queue takes out together
_OK = 200
_TERMINATED = "The invocation was terminated before it ran"
_CUT_OFF = "the server ended while it was under way, and with AsyncRunEnable it is not run again"


class QueueFull(Exception):
    """A function has as many waiting events as it may have."""


@dataclass(frozen=True, slots=True)
class Ended:
    """The result of an attempt.

    :param error: the text for the dead letter
    :param config: the function's retry settings; None if the function has been deleted
    :param is_away: nothing was attempted: the folder of the function is missing at the moment
    """

    status: int
    error: str
    config: AsyncConfig | None
    is_away: bool = False


class Executor(Protocol):
    """Runs events and writes their dead letters."""

    async def run(self, event: Event) -> Ended:
        """Run an event; raises Stopping if the server stops meanwhile."""

    def interrupt(self, request_id: str, *, is_graceful: bool) -> None:
        """End the run of an event, at once or by SIGTERM."""

    def note(self, event: Event, status: int, message: str) -> None:
        """Record in the history the end of an event that did not run."""

    def dead_letter(self, dead: list[tuple[Event, str]]) -> None:
        """Write the dead letters of events, with the errors of the last attempts: all of them, or none and OSError."""

    def flush(self) -> None:
        """Write the history of ended runs, before the events themselves are deleted."""


class Queue:
    """Keeps every event that was accepted and has not ended.

    :param background: runs the tasks of the queues
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
        self._lifecycle = background.lifecycle
        self._writer = EventWriter(database, executor.flush, background.show, self._lifecycle)
        self._dead_letters = DeadLetters(self._writer, executor.dead_letter, self._retry_seconds, background.show)
        self._has_retries = asyncio.Event()
        self._is_open = asyncio.Event()

    def start(self) -> None:
        """Continue with the events that the last server has left."""
        with contextlib.suppress(DatabaseError):  # the retry task does it as soon as it can be written
            self._open(
                self._database.write_now(event_tables.recover(self._clock())),
                self._database.read_now(event_tables.waiting),
            )
        self._background.keep("the retries of asynchronous invocations", self._retry)
        self._background.keep("the dead letters", self._dead_letters.run)

    async def push(self, event: Event) -> None:
        """Accept an event. The event is in the database when this returns.

        :raises QueueFull: if the function has too many waiting events
        :raises DatabaseError: if the event can't be stored
        :raises Stopping: if the server is stopping
        """
        if self._lifecycle.is_stopping:
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
            queue.wake.set()  # an event is accepted even if its caller is gone meanwhile

    async def find(self, request_id: str) -> Event | None:
        """Find an event that has not ended."""
        self.flush()
        return await self._database.write(event_tables.by_request(request_id))

    async def terminate(self, event: Event, *, is_graceful: bool) -> bool:
        """End an event that runs or waits. If it has not begun, it never runs. Returns False if it has ended already.

        :raises DatabaseError: if the change can't be stored; then nothing has changed
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
        """Run no more events of a function that is deleted.

        :raises DatabaseError: if the change can't be stored
        """
        queue = self._queue_of(key)
        queue.orphaned_until = self._database.write_now(event_tables.disown(key))
        queue.wake.set()

    def counts(self) -> tuple[int, int]:
        """Return how many events have not ended, and how many of them run."""
        queues = self._queues.values()
        return sum(queue.waiting for queue in queues), sum(len(queue.running) for queue in queues)

    def flush(self) -> None:
        """Write the ends of events now."""
        self._writer.flush()

    def pause(self) -> None:
        """Accept no event, and take none out of the queues: the server is stopping."""
        self._lifecycle.stop()
        for queue in self._queues.values():
            queue.serving.cancel()

    async def close(self) -> None:
        """Wait for running events, which the scheduler has ended. Waiting events stay in the database."""
        self.pause()
        tasks = [task for queue in self._queues.values() for task in (queue.serving, *queue.runs)]
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._dead_letters.close()
        for queue in self._queues.values():
            for event in queue.ready:
                self._writer.end(Step(event.number, Move.RETURN, self._clock()), is_forgotten=False)
        await self._writer.close()
        with contextlib.suppress(DatabaseError):  # the next server does it
            self._show_cut_off(self._database.write_now(event_tables.recover(self._clock())))

    def _open(self, cut_off: Iterable[Event], waiting: dict[FunctionKey, int]) -> None:
        """Open the queue, after the events of the last server are in order."""
        self._show_cut_off(cut_off)
        for key, count in waiting.items():
            self._queue_of(key).waiting = count
        self._is_open.set()

    def _show_cut_off(self, cut_off: Iterable[Event]) -> None:
        for event in cut_off:
            self._executor.note(event, CANCELLED, _CUT_OFF)
            self._background.show(f"[{event.key.name}] RequestId:{event.request_id} is aborted: {_CUT_OFF}")

    async def _retry(self) -> None:
        """Queue events again when their retry is due, until the task is cancelled."""
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
            else:  # later events are due later; the clock may have been set back just now
                await asyncio.sleep(min(self._retry_seconds, max(0.0, due_at - self._clock())))

    def _queue_of(self, key: FunctionKey) -> "_FunctionQueue":
        queue = self._queues.get(key)
        if queue is None:
            queue = self._queues[key] = _FunctionQueue(key, self._limits.events_at_once)
            name = f"the asynchronous invocations of {key.name}"
            queue.serving = self._background.keep(name, lambda: self._serve(queue))
        return queue

    async def _serve(self, queue: "_FunctionQueue") -> None:
        """Run a function's events in order, a limited number at once."""
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
        """Return the next event of a queue; wait until there is one."""
        while not queue.ready:
            queue.wake.clear()
            await self._fetch(queue)
            if not queue.ready:
                await queue.wake.wait()
        return queue.ready.popleft()

    async def _fetch(self, queue: "_FunctionQueue") -> None:
        """Take the next events of a queue out of the database."""
        query = event_tables.fetch(queue.key, _BATCH, self._limits.events_at_once - len(queue.running))
        fetching = self._loop.create_task(self._writer.keep(query))
        try:
            queue.ready.extend(await asyncio.shield(fetching))
        except asyncio.CancelledError:
            with contextlib.suppress(DatabaseError):
                queue.ready.extend(await fetching)  # so that they can be returned to the queue
            raise

    async def _run(self, queue: "_FunctionQueue", event: Event) -> None:
        try:
            await self._conclude(queue, event, await self._attempt(queue, event))
        except Stopping as stopping:
            self.pause()
            if not stopping.has_begun:
                self._writer.end(Step(event.number, Move.RETURN, self._clock(), CANCELLED), is_forgotten=False)
        except DatabaseError:
            pass  # the server is stopping, and the disk fails: the next server uses the stored states
        except Exception as error:  # noqa: BLE001
            self._background.report(f"[{event.key.name}] RequestId:{event.request_id}", error)
        finally:
            queue.running.discard(event.number)
            queue.terminating.discard(event.number)
            queue.places.release()

    async def _attempt(self, queue: "_FunctionQueue", event: Event) -> Ended:
        """Run an event once, unless it was terminated or its function deleted after it was taken out."""
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
        except Exception as error:  # noqa: BLE001  # an error of our own counts as one of the platform's
            self._background.report(f"[{event.key.name}] an asynchronous invocation could not be run", error)
            return Ended(INTERNAL_ERROR, describe(error), AsyncConfig())

    async def _conclude(self, queue: "_FunctionQueue", event: Event, ended: Ended) -> None:
        """Delete an event, run it again later, or dead-letter it."""
        if ended.status == SUCCESS:
            self._end(queue, event, Move.SUCCEED, _OK)
            return
        failures = event.tries + (counts_as_failure(ended.status) and not ended.is_away)
        age_seconds = (self._clock() - event.pushed_at) * self._scale
        attempt = Attempt(ended.status, failures, age_seconds, ended.is_away)
        decision = RetryDecision.DEAD if ended.config is None else decide(attempt, ended.config)
        if event.is_traced and not (ended.is_away and decision is RetryDecision.RETRY):
            self._end(queue, event, Move.FAIL, ended.status)
            return
        now = self._clock()
        step = Step(event.number, Move.RETRY, now, ended.status, now + self._retry_seconds, failures)
        if decision is RetryDecision.DEAD:
            step = replace(step, move=Move.GIVE_UP, due_at=None, error=ended.error)
        state = await self._writer.keep(event_tables.move(step))
        if state is State.WAITING_RETRY:
            self._has_retries.set()
            return
        queue.waiting -= 1
        if state is State.DEAD:
            self._dead_letters.wake()

    def _end(self, queue: "_FunctionQueue", event: Event, move: Move, status_code: int) -> None:
        """End an event by a move that is written a moment later."""
        queue.waiting -= 1
        is_forgotten = move is Move.SUCCEED and not event.is_traced
        self._writer.end(Step(event.number, move, self._clock(), status_code), is_forgotten=is_forgotten)

    def __repr__(self) -> str:
        count, running = self.counts()
        return f"<Queue {len(self._queues)} functions, {running} running, {count - running} waiting>"


class _FunctionQueue:
    """The queue of one function's events.

    :ivar waiting: the number of events that have not ended
    :ivar ready: events that are taken out and do not run yet
    :ivar running: numbers of the events that run
    :ivar terminating: numbers of the events that were terminated after they were taken out
    :ivar orphaned_until: number of the last event of a function that has been deleted since
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
