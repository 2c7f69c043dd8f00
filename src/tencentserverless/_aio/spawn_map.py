"""``spawn_map`` for asyncio."""

import asyncio
from functools import partial

from tencentserverless._aio.invocation import AsyncInvocation
from tencentserverless._aio.pool import get_loop
from tencentserverless._base.arguments import iterate_inputs
from tencentserverless._base.runtime import CLOCK
from tencentserverless._base.spawn_map import BaseSpawnMap
from tencentserverless._core import poll_schedule as core

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, AsyncIterable, Awaitable, Callable, Iterable, TypeVar

    from tencentserverless._base.arguments import Options
    from tencentserverless._base.client import BaseClient
    from tencentserverless._core.invocation_records import PollResult
    from tencentserverless._core.poll_schedule import SpawnedInput

    Found = TypeVar("Found")
    #: Takes the outcome of a task.
    Note = Callable[[Found | BaseException], None]


class Cancelled(BaseException):
    """A task of a spawn_map was cancelled. On Python 3.6 and 3.7, asyncio's own error is a plain ``Exception``."""


class AsyncSpawnMap(BaseSpawnMap):
    """The invocations of a ``spawn_map``, an asynchronous iterator: each is handed out when it has ended.

    Inputs are pulled, and invocations polled, while you iterate. Invocations that are under way when you
    stop go on in the cloud, and are in ``unfinished``. Several tasks may iterate at once: each invocation is handed out
    to one of them.
    """

    _kind = AsyncInvocation

    def __init__(
        self,
        client: "BaseClient",
        name: str,
        iterable: "Iterable[object] | AsyncIterable[object]",
        options: "Options",
        **limits: "Any",
    ) -> None:
        is_async = hasattr(iterable, "__aiter__")
        self._inputs: "Any" = iterable.__aiter__() if is_async else iterate_inputs(iterable)  # type: ignore[union-attr, arg-type]
        self._is_async = is_async
        self._tasks: "set[asyncio.Future[Any]]" = set()
        self._waiting: "set[asyncio.Future[None]]" = set()  # one for each task that iterates and waits now
        self._fault: "BaseException | None" = None  # the error of the iterable
        super().__init__(client, name, options, **limits)

    def __aiter__(self) -> "AsyncSpawnMap":
        return self

    async def __anext__(self) -> AsyncInvocation:
        """Return the next invocation that has ended: ``await result()`` returns or raises at once. See ``position``.

        :raises ResultTimeout: the time is up
        """
        self._check_process()
        get_loop()
        while True:
            if self._fault is not None:
                fault, self._fault = self._fault, None
                raise fault
            step, about = self._schedule.next_step(CLOCK.monotonic())
            if step is core.HAND_OUT:
                return about  # type: ignore[no-any-return]
            if step is core.PULL:
                self._pull()
            elif step is core.POLL:
                self._begin(self._poll(about), partial(self._note_polled, about))
            elif step is core.WAIT:
                await self._wait(None if about == core.NEVER else about)
            elif step is core.END:
                raise StopAsyncIteration
            else:
                raise self._late()

    def _pull(self) -> None:
        if self._is_async:
            self._schedule.is_pulling = True
            self._begin(self._next_input(), self._note_pulled)
            return
        try:
            data = next(self._inputs)
        except StopIteration:
            self._schedule.drain()
            return
        self._start(data)

    async def _next_input(self) -> "tuple[object] | None":
        try:
            return (await self._inputs.__anext__(),)
        except StopAsyncIteration:
            return None

    def _note_pulled(self, found: "tuple[object] | BaseException | None") -> None:
        self._schedule.is_pulling = False
        if found is None:
            self._schedule.drain()
        elif not isinstance(found, BaseException):
            self._start(found[0])
        elif not isinstance(found, Cancelled):
            self._fault = found  # the caller's own error, raised to the caller

    def _start(self, data: object) -> None:
        entry = self._schedule.add()
        self._begin(self._client.spawn(self._name, data, **self._options), partial(self._note_started, entry))

    async def _poll(self, entry: "SpawnedInput") -> "PollResult":
        return await self._client._run(self._poll_flow(entry))  # type: ignore[no-any-return]

    def _begin(self, act: "Awaitable[Found]", note: "Note[Found]") -> None:
        """Run an awaitable in a task. Its outcome is noted, also if the task is cancelled before its first step."""
        task = asyncio.ensure_future(act)
        self._tasks.add(task)
        task.add_done_callback(partial(self._end_task, note))

    def _end_task(self, note: "Note[Found]", task: "asyncio.Future[Found]") -> None:
        """Note the outcome of a task, and wake all tasks that iterate: it may concern any of them."""
        self._tasks.discard(task)
        error = Cancelled() if task.cancelled() else task.exception()
        note(task.result() if error is None else error)
        for news in self._waiting:
            if not news.done():
                news.set_result(None)

    async def _wait(self, seconds: "float | None") -> None:
        """Wait until a start or a poll has ended, for so many seconds at the most."""
        news: "asyncio.Future[None]" = asyncio.get_event_loop().create_future()
        self._waiting.add(news)
        try:
            await asyncio.wait([news], timeout=seconds)
        finally:
            self._waiting.discard(news)
