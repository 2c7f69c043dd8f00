"""``map`` for asyncio: as many workers as the window allows; each calls for one input after the other."""

import asyncio

from tencentserverless._aio.pool import get_loop
from tencentserverless._base.arguments import iterate_inputs
from tencentserverless._base.map import AsyncMapWithErrors, BaseMapRun
from tencentserverless._base.signals import raised_by_handler
from tencentserverless._core import map_window as core
from tencentserverless._core.flow import Stopped
from tencentserverless.journal import JournalError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, AsyncIterable, Awaitable, Callable, Iterable

    from tencentserverless._base.arguments import Options
    from tencentserverless._base.context import ClientContext
    from tencentserverless._core.flow import Flow
    from tencentserverless._core.map_window import MapInput
    from tencentserverless.models import InvokeResult

    #: Drives the flow of one call to its end.
    Run = Callable[[Flow[InvokeResult]], Awaitable[InvokeResult]]


class AsyncMap(AsyncMapWithErrors):
    """The outcomes of a ``map``, an asynchronous iterator.

    Left early, by ``break``, an error or a cancellation, it sends no more requests, waits a while for calls under
    way, and logs the rest as MAYBE. ``await aclose()`` waits until that is done, and so does ``async with``.
    """

    __slots__ = ("_run",)

    _run: "AsyncMapRun"

    def __init__(self, run: "Any") -> None:  # ``client.map`` makes an AsyncMapRun
        self._run = run

    def __aiter__(self) -> "AsyncMap":
        return self

    async def __anext__(self) -> "InvokeResult":
        """Return the next outcome; its ``position`` is its input's."""
        run = self._run
        del self  # an error raised here would keep the map alive by this frame, so that ``break`` could not end it
        entry = await run.advance()
        if entry is None:
            raise StopAsyncIteration
        return run.hand_out(entry)  # type: ignore[no-any-return]

    async def aclose(self) -> None:
        """Stop the map: see the class."""
        await self._run.close()

    async def __aenter__(self) -> "AsyncMap":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def __del__(self) -> None:
        if hasattr(self, "_run"):  # a fake map has no run
            self._run.leave()


class AsyncMapRun(BaseMapRun):
    """One map under way, for asyncio."""

    def __init__(
        self,
        context: "ClientContext",
        run: "Run",
        name: str,
        iterable: "Iterable[object] | AsyncIterable[object]",
        options: "Options",
        **limits: "Any",
    ) -> None:
        self._is_async = hasattr(iterable, "__aiter__")
        inputs: "Any" = iterable.__aiter__() if self._is_async else iterate_inputs(iterable)  # type: ignore[union-attr, arg-type]
        super().__init__(context, name, inputs, options, **limits)
        self._run = run
        self._workers: "dict[asyncio.Future[None], MapInput | None]" = {}  # and the input of its call
        self._failure: "BaseException | None" = None  # an error that ends the map
        self._unsettled: "JournalError | None" = None  # the journal lacks calls that were under way at the end
        self._loop: "asyncio.AbstractEventLoop | None" = None
        self._turn: "asyncio.Lock"  # held while an input is pulled
        self._waiters: "set[asyncio.Future[None]]" = set()  # one for each task that waits for a change
        self._flushed: "asyncio.Future[None] | None" = None  # done when the journal's notes are committed

    async def advance(self) -> "MapInput | None":
        """Wait for the next outcome; None when all were handed out."""
        if self._loop is None:
            self._loop = get_loop()
            self._turn = asyncio.Lock()
        while not self.is_closed:
            if self._failure is not None:
                await self.close()
                raise self._failure
            if self.window.has_outcome:
                entry = self._take_outcome()
                self._staff()
                return entry
            if self.window.next_step() is core.END:
                await self.close()
                if self._fault is not None:
                    raise self._fault
                return None
            self._staff()
            news = self._loop.create_future()
            self._waiters.add(news)
            try:
                await news
            finally:
                self._waiters.discard(news)
        return None

    def _staff(self) -> None:
        """Start workers until there are as many as the window allows."""
        window = self.window
        while len(self._workers) < window.limit and window.has_room and not self.is_closed:
            worker = asyncio.ensure_future(self._work())
            self._workers.setdefault(worker, None)  # an eager task has begun already, and noted its input
            worker.add_done_callback(self._dismiss)

    def _dismiss(self, worker: "asyncio.Future[None]") -> None:
        entry = self._workers.pop(worker)
        if worker.cancelled():
            if entry is not None:
                self._give_up(entry, self._lost)
        elif worker.exception() is not None:
            self._failure = worker.exception()
        self._tell()
        if self.is_closed and not self._workers:
            try:
                self._settle()
            except JournalError as error:  # ``close`` raises it, because the error of a callback would be lost
                self._unsettled = error

    def _tell(self) -> None:
        """Wake all tasks that wait for a change: any task may iterate."""
        for news in self._waiters:
            if not news.done():
                news.set_result(None)

    async def _work(self) -> None:
        window = self.window
        worker = _current_task()
        while window.has_room and not self.is_closed:
            found = await self._next_input()
            if found is None:
                break
            entry, flow = self._admit(found[0])
            if flow is not None:
                self._workers[worker] = entry
                await self._call(entry, flow)
                self._workers[worker] = None
            self._tell()
            if len(self._workers) < window.limit:  # the window was narrower a while ago
                self._staff()

    async def _call(self, entry: "MapInput", flow: "Flow[InvokeResult]") -> None:
        if self._journal is not None:
            await self._flush()
        outcome: "InvokeResult | Exception"
        try:
            outcome = await self._run(flow)
        except asyncio.CancelledError:
            raise
        except Stopped:
            self._give_up(entry, self._lost)
            return
        except Exception as error:  # any error is the outcome of that input
            if raised_by_handler(error):
                raise
            outcome = error
        self._note(entry, outcome)

    async def _next_input(self) -> "tuple[object] | None":
        if self._is_to_check or self._is_async:
            async with self._turn:
                if self._is_to_check:
                    await self._check_first()
                if not self.window.has_room or self.is_closed:
                    return None
                return await self._pull()
        return await self._pull()

    async def _check_first(self) -> None:
        inputs: "list[object]" = []
        while len(inputs) < self._ahead_limit:
            found = await self._pull()
            if found is None:
                break
            inputs += found
        self.window.is_drained = False  # the pulled inputs come first
        self._check_ahead(inputs)

    async def _pull(self) -> "tuple[object] | None":
        if self._ahead:
            return (self._ahead.popleft(),)
        try:
            return (await self._inputs.__anext__() if self._is_async else next(self._inputs),)
        except (StopIteration, StopAsyncIteration):
            pass
        except asyncio.CancelledError:
            raise
        except Exception as error:  # the caller's own error: raised after the outcomes of started calls
            if raised_by_handler(error):
                raise
            self._fault = error
        self.window.drain()
        return None

    async def _flush(self) -> None:
        """Wait until the journal's notes are committed, together with all notes of this turn of the loop."""
        assert self._loop is not None
        if self._flushed is None:
            self._flushed = self._loop.create_future()
            self._flushed.add_done_callback(_retrieve)  # all tasks that wait for it may be cancelled
            self._loop.call_soon(self._commit_all, self._flushed)
        await asyncio.shield(self._flushed)

    def _commit_all(self, flushed: "asyncio.Future[None]") -> None:
        self._flushed = None
        try:
            self._commit()
        except ValueError as error:
            flushed.set_exception(error)
        else:
            flushed.set_result(None)

    async def close(self) -> None:
        """Send no more requests, wait a while for calls under way, and release everything."""
        self.stop()
        workers = list(self._workers)
        if workers:
            try:
                await asyncio.wait(workers, timeout=self._grace)
            finally:
                self._cancel_rest()
            await asyncio.gather(*workers, return_exceptions=True)
            await asyncio.sleep(0)  # until the callback of the last worker has run
        error, self._unsettled = self._unsettled, None
        if error is not None:
            raise error

    def stop(self) -> None:
        """Send no more requests, and give up calls that wait."""
        if self.is_closed:
            return
        self.window.is_stopped = True
        self._tell()
        for worker, entry in list(self._workers.items()):
            if entry is None or not entry.may_be_running:
                worker.cancel()
        if not self._workers:
            self._settle()

    def leave(self) -> None:
        """Stop a map that was dropped, and release everything when ``grace`` has passed. Any thread may call this."""
        if self.is_closed:
            return
        if self._loop is None or self._loop.is_closed():
            self.window.is_stopped = True
            for entry in [entry for entry in self._workers.values() if entry is not None]:
                entry.is_unsure |= entry.may_be_running
                self._give_up(entry, self._lost)
            self._settle()
            return
        self._loop.call_soon_threadsafe(self.stop)
        self._loop.call_soon_threadsafe(self._loop.call_later, self._grace, self._cancel_rest)

    def _cancel_rest(self) -> None:
        for worker in list(self._workers):
            worker.cancel()


def _retrieve(done: "asyncio.Future[None]") -> None:
    """Retrieve the exception of a future, if it has one, so that asyncio does not log it."""
    if not done.cancelled():
        done.exception()


def _current_task() -> "asyncio.Future[None]":
    find: "Any" = getattr(asyncio, "current_task", None) or asyncio.Task.current_task  # type: ignore[attr-defined]
    return find()  # type: ignore[no-any-return]
