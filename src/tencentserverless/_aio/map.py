"""``map`` for asyncio: as many workers as there is room for, each calling for one input after the other."""

import asyncio

from tencentserverless._base.map import BaseMapRun, MapProgress
from tencentserverless._base.signals import raised_by_handler
from tencentserverless._core import map_window as core
from tencentserverless._core.flow import Stopped
from tencentserverless.journal import JournalError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, AsyncIterable, Awaitable, Callable, Iterable

    from tencentserverless._base.context import ClientContext
    from tencentserverless._core.flow import Flow
    from tencentserverless._core.map_window import MapInput
    from tencentserverless.models import InvokeResult

    #: Drives the flow of one call to its end.
    Run = Callable[[Flow[InvokeResult]], Awaitable[InvokeResult]]


class AsyncMap(MapProgress):
    """The outcomes of a ``map``, an asynchronous iterator.

    Left early, by ``break``, an error or a cancellation, it sends nothing more, waits a while for what is under way,
    and logs the rest as MAYBE. ``await aclose()`` waits until that is done, and so does ``async with``.
    """

    __slots__ = ("_run",)

    _run: "AsyncMapRun"

    def __init__(self, run: "Any") -> None:  # an AsyncMapRun; ``client.map`` makes it
        self._run = run

    def __aiter__(self) -> "AsyncMap":
        return self

    async def __anext__(self) -> "InvokeResult":
        """The next outcome; its ``position`` is its input's."""
        run = self._run
        del self  # whoever keeps an error that is raised here would keep the map, which ``break`` could not end
        entry = await run.advance()
        if entry is None:
            raise StopAsyncIteration
        return run.hand_out(entry)  # type: ignore[no-any-return]

    async def aclose(self) -> None:
        """Stop: see the class."""
        await self._run.close()

    async def __aenter__(self) -> "AsyncMap":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def __del__(self) -> None:
        if hasattr(self, "_run"):  # a fake has none
            self._run.leave()


class AsyncMapRun(BaseMapRun):
    """One map under way, for asyncio."""

    def __init__(
        self,
        context: "ClientContext",
        run: "Run",
        name: str,
        iterable: "Iterable[Any] | AsyncIterable[Any]",
        options: "dict[str, Any]",
        **limits: "Any",
    ) -> None:
        self._is_async = hasattr(iterable, "__aiter__")
        inputs: "Any" = iterable.__aiter__() if self._is_async else iter(iterable)  # type: ignore[union-attr, arg-type]
        super().__init__(context, name, inputs, options, **limits)
        self._run = run
        self._workers: "dict[asyncio.Future[None], MapInput | None]" = {}  # and what each calls for
        self._failure: "BaseException | None" = None  # which ends the map
        self._unsettled: "JournalError | None" = None  # what was under way at the end is not on record
        self._loop: "asyncio.AbstractEventLoop | None" = None
        self._turn: "asyncio.Lock"  # to pull an input
        self._waiters: "set[asyncio.Future[None]]" = set()  # one for each task that waits for news
        self._flushed: "asyncio.Future[None] | None" = None  # what is noted is committed then

    async def advance(self) -> "MapInput | None":
        """The next outcome, None when all were handed out."""
        if self._loop is None:
            self._loop = asyncio.get_event_loop()
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
        """Have as many workers as there is room for."""
        window = self.window
        while len(self._workers) < window.limit and window.has_room and not self.is_closed:
            worker = asyncio.ensure_future(self._work())
            self._workers.setdefault(worker, None)  # an eager task has begun already, and noted what it calls for
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
            except JournalError as error:  # raised by whoever closes the map, for nobody hears a callback
                self._unsettled = error

    def _tell(self) -> None:
        """Wake whoever waits for news: any task may iterate."""
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
            if len(self._workers) < window.limit:  # there was less room a while ago
                self._staff()

    async def _call(self, entry: "MapInput", flow: "Flow[InvokeResult]") -> None:
        if self._journal is not None:
            await self._flush()
        outcome: "Any"
        try:
            outcome = await self._run(flow)
        except asyncio.CancelledError:
            raise
        except Stopped:
            self._give_up(entry, self._lost)
            return
        except Exception as error:  # whatever it is, it is what comes of that input
            if raised_by_handler(error):
                raise
            outcome = error
        self._note(entry, outcome)

    async def _next_input(self) -> "tuple[Any] | None":
        if self._is_to_check or self._is_async:
            async with self._turn:
                if self._is_to_check:
                    await self._check_first()
                if not self.window.has_room or self.is_closed:
                    return None
                return await self._pull()
        return await self._pull()

    async def _check_first(self) -> None:
        inputs: "list[Any]" = []
        while len(inputs) < self._ahead_limit:
            found = await self._pull()
            if found is None:
                break
            inputs += found
        self.window.is_drained = False  # what was taken comes first
        self._check_ahead(inputs)

    async def _pull(self) -> "tuple[Any] | None":
        if self._ahead:
            return (self._ahead.popleft(),)
        try:
            return (await self._inputs.__anext__() if self._is_async else next(self._inputs),)
        except (StopIteration, StopAsyncIteration):
            pass
        except asyncio.CancelledError:
            raise
        except Exception as error:  # the caller's own: raised when what was started is handed out
            if raised_by_handler(error):
                raise
            self._fault = error
        self.window.drain()
        return None

    async def _flush(self) -> None:
        """What is noted now is committed when this returns: together with what others note in this turn of the loop."""
        assert self._loop is not None
        if self._flushed is None:
            self._flushed = self._loop.create_future()
            self._flushed.add_done_callback(_look_at)  # all who wait for it may have been cancelled
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
        """Send nothing more, wait a while for what is under way, and let go of everything."""
        self.stop()
        workers = list(self._workers)
        if workers:
            try:
                await asyncio.wait(workers, timeout=self._grace)
            finally:
                self._cancel_rest()
            await asyncio.gather(*workers, return_exceptions=True)
            await asyncio.sleep(0)  # until the last of them is dismissed
        error, self._unsettled = self._unsettled, None
        if error is not None:
            raise error

    def stop(self) -> None:
        """Send nothing more, and give up what waits."""
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
        """Any thread: the map was dropped. Stop, and let go of everything when the time is up."""
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


def _look_at(done: "asyncio.Future[None]") -> None:
    """Tell asyncio that the exception of a future was looked at, if it has one."""
    if not done.cancelled():
        done.exception()


def _current_task() -> "asyncio.Future[None]":
    find: "Any" = getattr(asyncio, "current_task", None) or asyncio.Task.current_task  # type: ignore[attr-defined]
    return find()  # type: ignore[no-any-return]
