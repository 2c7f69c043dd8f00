"""``FakeAsyncFunction``: the asynchronous form of ``FakeFunction``."""

import inspect
from typing import Any

from tencentserverless._aio.invocation import AsyncInvocation
from tencentserverless._aio.map import AsyncMap
from tencentserverless._aio.spawn_map import AsyncSpawnMap
from tencentserverless._base.arguments import iterate_inputs
from tencentserverless.aio import AsyncFunction
from tencentserverless.exception import TencentServerlessSDKException
from tencentserverless.models import InvocationStatus, InvokeResult
from tencentserverless.testing.scripted import Ended, InTurn, Scripted, check_limits


class FakeAsyncFunction(Scripted, AsyncFunction):
    """Stands in for ``aio.AsyncFunction``, as ``FakeFunction`` does for ``scf.Function``.

    The parameters are those of ``FakeFunction``; the handler may be a coroutine function.
    """

    __slots__ = ()

    async def __call__(self, *args: Any, **keywords: Any) -> InvokeResult:
        """Call it. Event, result and errors are those of ``FakeFunction``."""
        options = self._merge(args, keywords)
        return await self._run("invoke", options.pop("data"), options)

    async def invoke(self, data: Any = None) -> InvokeResult:
        """Call it with this event. Result and errors are those of ``FakeFunction.invoke``."""
        return await self._run("invoke", data)

    async def spawn(self, data: Any = None) -> "FakeAsyncInvocation":
        """Start it. Result and errors are those of ``FakeFunction.spawn``."""
        outcome: InvokeResult | TencentServerlessSDKException
        try:
            outcome = await self._run("spawn", data)
        except TencentServerlessSDKException as error:
            outcome = error
        return FakeAsyncInvocation(self.name, self._last_id(), outcome)

    def map(
        self,
        iterable: Any,
        concurrency: int | None = None,
        ordered: bool = True,
        return_exceptions: bool = False,
        journal: Any = None,
        *,
        grace: float = 5.0,
    ) -> "FakeAsyncMap":
        """Call it for each input, one after the other, while you iterate. See ``FakeFunction.map``."""
        limits = check_limits(concurrency, ordered, return_exceptions, journal, grace)
        inputs = iterable.__aiter__() if hasattr(iterable, "__aiter__") else iterate_inputs(iterable)
        return FakeAsyncMap(lambda data: self._run("map", data), inputs, *limits)

    def spawn_map(self, iterable: Any, **limits: Any) -> AsyncSpawnMap:
        """Raise an error: fakes have no ``spawn_map``.

        :raises NotImplementedError: always
        """
        raise NotImplementedError("FakeAsyncFunction has no spawn_map; test that with the fixture scf_local")

    async def _run(self, way: str, data: Any, options: dict[str, Any] | None = None) -> InvokeResult:
        """Make one call, from its arguments to its outcome."""
        given = options or {}
        event = self._note(way, data, given)
        request_id = self._last_id()
        outcome = self._answer(event)
        return self._conclude(await outcome if inspect.isawaitable(outcome) else outcome, request_id, given)


class FakeAsyncMap(InTurn, AsyncMap):
    """The outcomes of ``FakeAsyncFunction.map``. Each input is taken when its outcome is asked for."""

    __slots__ = ()

    async def __anext__(self) -> InvokeResult:
        """The next outcome; its ``position`` is that of its input."""
        if self._is_closed:
            raise StopAsyncIteration
        try:
            inputs = self._inputs
            data = await inputs.__anext__() if hasattr(inputs, "__anext__") else next(inputs)
        except StopIteration:
            raise StopAsyncIteration from None
        position = self._take()
        try:
            return self._place(await self._call(data), position)
        except Exception as error:  # noqa: BLE001  # as in FakeMap
            return self._mark(error, position)

    async def aclose(self) -> None:
        """Take no further input."""
        self._is_closed = True


class FakeAsyncInvocation(Ended, AsyncInvocation):
    """The ended invocation that ``FakeAsyncFunction.spawn`` returns. ``was_cancelled`` is true after ``cancel``."""

    __slots__ = ()

    async def status(self) -> InvocationStatus:
        """The status of the ended invocation."""
        return self._find_status()

    async def cancel(self, grace: bool = False) -> None:
        """Record that the invocation was cancelled."""
        self._note_cancel(grace)
