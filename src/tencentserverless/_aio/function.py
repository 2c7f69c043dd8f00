"""A handle on a function, for asyncio."""

from tencentserverless._base.function import BaseFunction

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from typing import AsyncIterable, Awaitable, Iterable, Literal, Protocol, overload

    from tencentserverless._aio.invocation import AsyncInvocation
    from tencentserverless._aio.map import AsyncMap
    from tencentserverless._aio.spawn_map import AsyncSpawnMap
    from tencentserverless._base.context import ClientContext
    from tencentserverless._base.map import AsyncMapWithErrors
    from tencentserverless._core.flow import Flow, Result
    from tencentserverless.models import InvokeResult

    class AsyncCaller(Protocol):
        """The part of ``aio.AsyncClient`` that its functions use."""

        async def invoke(self, function_name: str, **options: object) -> InvokeResult:
            """Call a function."""

        async def spawn(self, function_name: str, data: object = None, **options: object) -> AsyncInvocation:
            """Start a function."""

        def _context(self) -> ClientContext: ...

        def _run(self, flow: Flow[Result]) -> Awaitable[Result]: ...


class AsyncFunction(BaseFunction):
    """A remote function as a Python coroutine function; ``client.NAME`` and ``client.function`` make it."""

    __slots__ = ()

    _client: "AsyncCaller"

    async def __call__(self, *args: object, **keywords: object) -> "InvokeResult":
        """Call it. The event is ``data=``, one positional argument, or else the keywords.

        ``namespace``, ``qualifier``, ``log_type`` and ``invocation_type`` are options and never part of the event.
        Returns and raises the same as ``AsyncClient.invoke``; TypeError if more than one event is given.
        """
        return await self._client.invoke(self.name, **self._merge(args, keywords))

    async def invoke(self, data: object = None) -> "InvokeResult":
        """Call it with this event; None sends none. Returns and raises the same as ``AsyncClient.invoke``."""
        return await self._client.invoke(self.name, data=data, **self._options)

    async def spawn(self, data: object = None) -> "AsyncInvocation":
        """Start it with this event, without waiting for its result. See ``AsyncClient.spawn``."""
        return await self._client.spawn(self.name, data, **self._spawn_options())

    if TYPE_CHECKING:

        @overload
        def map(
            self,
            iterable: Iterable[object] | AsyncIterable[object],
            concurrency: int | None = None,
            ordered: bool = True,
            return_exceptions: "Literal[False]" = False,
            journal: str | os.PathLike[str] | None = None,
            *,
            grace: float = 5.0,
        ) -> AsyncMap: ...

        @overload
        def map(
            self,
            iterable: Iterable[object] | AsyncIterable[object],
            concurrency: int | None = None,
            ordered: bool = True,
            return_exceptions: bool = False,
            journal: str | os.PathLike[str] | None = None,
            *,
            grace: float = 5.0,
        ) -> AsyncMapWithErrors: ...

    def map(
        self,
        iterable: "Iterable[object] | AsyncIterable[object]",
        concurrency: "int | None" = None,
        ordered: bool = True,
        return_exceptions: bool = False,
        journal: "str | os.PathLike[str] | None" = None,
        *,
        grace: float = 5.0,
    ) -> "AsyncMapWithErrors":
        """Call it for each input, and iterate with ``async for`` over the outcomes. See ``AsyncClient.map``."""
        from tencentserverless._aio.map import AsyncMap, AsyncMapRun

        run = AsyncMapRun(
            self._client._context(),
            self._client._run,
            self.name,
            iterable,
            self._options,
            concurrency=concurrency,
            ordered=ordered,
            return_exceptions=return_exceptions,
            journal=journal,
            grace=grace,
        )
        return AsyncMap(run)

    def spawn_map(
        self,
        iterable: "Iterable[object] | AsyncIterable[object]",
        *,
        concurrency: "int | None" = None,
        window: int = 1000,
        polls_per_second: float = 10.0,
        timeout: "float | None" = None,
    ) -> "AsyncSpawnMap":
        """Start it for each input, and iterate with ``async for`` over the invocations as they end.

        The parameters are ``scf.Function.spawn_map``'s; the inputs may be an asynchronous iterable too.
        """
        from tencentserverless._aio.spawn_map import AsyncSpawnMap

        return AsyncSpawnMap(
            self._client,  # type: ignore[arg-type]  # see Caller
            self.name,
            iterable,
            self._spawn_options(),
            concurrency=concurrency,
            window=window,
            polls_per_second=polls_per_second,
            timeout=timeout,
        )
