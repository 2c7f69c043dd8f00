"""``spawn_map`` for asyncio."""

import asyncio

from tencentserverless._aio.invocation import AsyncInvocation
from tencentserverless._base.runtime import CLOCK
from tencentserverless._base.spawn_map import BaseSpawnMap
from tencentserverless._core import poll_schedule as core

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, AsyncIterable, Awaitable, Callable, Iterable


class AsyncSpawnMap(BaseSpawnMap):
    """The invocations of a ``spawn_map``, an asynchronous iterator: each is handed out when it has ended.

    Inputs are pulled, and invocations polled, while you iterate. What is started when you stop goes on in the
    cloud, and is in ``unfinished``.
    """

    _kind = AsyncInvocation

    def __init__(
        self,
        client: "Any",
        name: str,
        iterable: "Iterable[Any] | AsyncIterable[Any]",
        options: "dict[str, Any]",
        **limits: "Any",
    ) -> None:
        is_async = hasattr(iterable, "__aiter__")
        self._inputs: "Any" = iterable.__aiter__() if is_async else iter(iterable)  # type: ignore[union-attr, arg-type]
        self._is_async = is_async
        self._tasks: "set[asyncio.Future[None]]" = set()
        self._fault: "BaseException | None" = None  # what the input raised
        super().__init__(client, name, options, **limits)

    def __aiter__(self) -> "AsyncSpawnMap":
        return self

    async def __anext__(self) -> AsyncInvocation:
        """The next invocation that has ended: ``await result()`` returns or raises at once. See ``position``.

        :raises ResultTimeout: the time is up
        """
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
                self._do(self._note_polled, about, lambda entry: self._client._run(self._poll_flow(entry)))
            elif step is core.WAIT:
                await self._wait(None if about == core.NEVER else about)
            elif step is core.END:
                raise StopAsyncIteration
            else:
                raise self._late()

    def _pull(self) -> None:
        if self._is_async:
            self._schedule.is_pulling = True
            self._begin(self._pull_later())
            return
        try:
            data = next(self._inputs)
        except StopIteration:
            self._schedule.drain()
            return
        self._start(data)

    async def _pull_later(self) -> None:
        try:
            data = await self._inputs.__anext__()
        except StopAsyncIteration:
            self._schedule.drain()
        except Exception as error:  # noqa: BLE001  # the caller's own, raised where the caller is
            self._fault = error
        else:
            self._start(data)
        finally:
            self._schedule.is_pulling = False

    def _start(self, data: "Any") -> None:
        entry = self._schedule.add()
        self._do(self._note_started, entry, lambda _: self._client.spawn(self._name, data, **self._options))

    def _do(
        self, note: "Callable[[Any, Any], None]", entry: "core.SpawnedInput", act: "Callable[[Any], Awaitable[Any]]"
    ) -> None:
        async def work() -> None:
            try:
                found = await act(entry)
            except asyncio.CancelledError:  # the loop ends
                raise
            except Exception as error:  # noqa: BLE001  # whatever it is, it is that invocation's outcome
                found = error
            note(entry, found)

        self._begin(work())

    async def _wait(self, seconds: "float | None") -> None:
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        else:
            assert seconds is not None, "whatever is waited for is under way or to be polled"
            await asyncio.sleep(seconds)

    def _begin(self, work: "Awaitable[None]") -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
