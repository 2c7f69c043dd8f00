"""Call Tencent Cloud functions from asyncio: the awaitable form of ``tencentserverless.scf``.

::

    from tencentserverless import aio

    async with aio.AsyncClient(region="ap-guangzhou") as client:
        print(await client.FuncInvoked(data={"a": "b"}))
"""

from sys import version_info
from weakref import WeakKeyDictionary

from tencentserverless._aio.driver import run
from tencentserverless._aio.function import AsyncFunction
from tencentserverless._aio.pool import Pool, find_loop, get_loop
from tencentserverless._base.client import BaseClient
from tencentserverless._base.runtime import CLOCK, Ambient

TYPE_CHECKING = False
if TYPE_CHECKING:
    import asyncio
    import os
    from typing import Any, AsyncIterable, Awaitable, Iterable, Literal, Mapping, overload

    from typing_extensions import Unpack

    from tencentserverless._aio.invocation import AsyncInvocation
    from tencentserverless._aio.map import AsyncMap
    from tencentserverless._base.arguments import CallOptions, Hook, MapOptions
    from tencentserverless._base.map import AsyncMapWithErrors
    from tencentserverless._core.flow import Flow, Result
    from tencentserverless.models import FunctionUrl, InvokeResult

__all__ = ["AsyncClient", "AsyncFunction", "AsyncInvocation", "invoke"]

if version_info < (3, 7):  # noqa: UP036  # it does not call a module's __getattr__
    from tencentserverless._aio.invocation import AsyncInvocation
elif not TYPE_CHECKING:

    def __getattr__(name: str) -> "Any":
        """Load AsyncInvocation at its first use: most programs never use it."""
        if name != "AsyncInvocation":
            raise AttributeError("module {!r} has no attribute {!r}".format(__name__, name))
        from tencentserverless._aio.invocation import AsyncInvocation

        return AsyncInvocation


class AsyncClient(BaseClient):
    """Calls functions, and keeps connections alive between calls. Works on any loop; each has its own connections.

    The parameters, defaults and errors are those of ``scf.Client``. ``max_connections`` is a limit for each loop. If
    reading the ``credentials`` object may block, it is read in a thread; a call waits for that until its timeout
    passes.
    """

    _logger_name = "tencentserverless.aio"

    def _open_pools(self) -> None:
        self._pools: "WeakKeyDictionary[asyncio.AbstractEventLoop, Pool]" = WeakKeyDictionary()

    async def invoke(
        self,
        function_name: str,
        namespace: "str | None" = "default",
        log_type: "str | None" = "None",
        qualifier: "str | None" = "$LATEST",
        invocation_type: "str | None" = "RequestResponse",
        data: object = None,
        *,
        region: "str | None" = None,
        routing_key: "str | dict[str, str] | None" = None,
        timeout: "float | None" = None,
        idempotent: bool = False,
        on_attempt: "Hook | None" = None,
        max_attempts: "int | None" = None,
        headers: "Mapping[str, str] | None" = None,
    ) -> "InvokeResult":
        """Call a function and wait for its result. Parameters, result and errors are ``scf.Client.invoke``'s.

        Cancelling drops the connection and is never retried; the function may run all the same.
        """
        flow = self._begin(
            function_name,
            data,
            (namespace, log_type, qualifier, invocation_type),
            region=region,
            routing_key=routing_key,
            timeout=timeout,
            idempotent=idempotent,
            on_attempt=on_attempt,
            max_attempts=max_attempts,
            headers=headers,
        )
        return await self._run(flow)

    async def spawn(
        self,
        function_name: str,
        data: object = None,
        *,
        namespace: "str | None" = "default",
        qualifier: "str | None" = "$LATEST",
        region: "str | None" = None,
        routing_key: "str | dict[str, str] | None" = None,
        timeout: "float | None" = None,
        idempotent: bool = False,
        on_attempt: "Hook | None" = None,
        max_attempts: "int | None" = None,
        headers: "Mapping[str, str] | None" = None,
    ) -> "AsyncInvocation":
        """Start a function without waiting for its result. Parameters and errors are ``scf.Client.spawn``'s."""
        from tencentserverless._aio.invocation import AsyncInvocation
        from tencentserverless._base.invocation import refer_to_spawned

        started_at = CLOCK.wall()
        accepted = await self.invoke(
            function_name,
            namespace,
            "None",
            qualifier,
            "Event",
            data,
            region=region,
            routing_key=routing_key,
            timeout=timeout,
            idempotent=idempotent,
            on_attempt=on_attempt,
            max_attempts=max_attempts,
            headers=headers,
        )
        return AsyncInvocation(
            self, refer_to_spawned(self._context(), function_name, namespace, region, accepted, started_at)
        )

    def invocation(
        self,
        function_name: str,
        request_id: str,
        *,
        namespace: "str | None" = "default",
        region: "str | None" = None,
    ) -> "AsyncInvocation":
        """Make an invocation that was started before, perhaps by another process. No request is sent here.

        :param function_name: the function's name
        :param request_id: ``invocation.request_id``, or ``function_request_id`` of an ``Event`` call's result
        :param namespace: the function's namespace
        :param region: the region where it was started
        """
        from tencentserverless._aio.invocation import AsyncInvocation
        from tencentserverless._base.invocation import refer_to_known

        return AsyncInvocation(self, refer_to_known(self, function_name, request_id, namespace, region))

    async def url(
        self,
        function_name: str,
        *,
        qualifier: "str | None" = None,
        namespace: "str | None" = "default",
        region: "str | None" = None,
        timeout: "float | None" = None,
    ) -> "FunctionUrl":
        """Find the URL of a function. Parameters, result and errors are ``scf.Client.url``'s."""
        from tencentserverless._base.function_url import begin_search

        return await self._run(begin_search(self._context(), function_name, qualifier, namespace, region, timeout))

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> "AsyncFunction": ...

        def __getitem__(self, name: str) -> "AsyncFunction": ...

        def call(self, attr_name: str) -> "AsyncFunction":
            """Make a handle on the function of that name."""

    if TYPE_CHECKING:

        @overload
        def map(
            self,
            function_name: str,
            iterable: Iterable[object] | AsyncIterable[object],
            concurrency: int | None = None,
            ordered: bool = True,
            return_exceptions: Literal[False] = False,
            journal: str | os.PathLike[str] | None = None,
            *,
            grace: float = 5.0,
            **options: Unpack[MapOptions],
        ) -> AsyncMap: ...

        @overload
        def map(
            self,
            function_name: str,
            iterable: Iterable[object] | AsyncIterable[object],
            concurrency: int | None = None,
            ordered: bool = True,
            return_exceptions: bool = False,
            journal: str | os.PathLike[str] | None = None,
            *,
            grace: float = 5.0,
            **options: Unpack[MapOptions],
        ) -> AsyncMapWithErrors: ...

    def map(
        self,
        function_name: str,
        iterable: "Iterable[object] | AsyncIterable[object]",
        concurrency: "int | None" = None,
        ordered: bool = True,
        return_exceptions: bool = False,
        journal: "str | os.PathLike[str] | None" = None,
        *,
        grace: float = 5.0,
        **options: "Unpack[MapOptions]",
    ) -> "AsyncMapWithErrors":
        """Call a function for each input, and iterate with ``async for`` over the outcomes, in bounded memory.

        The parameters, results and errors are ``scf.Client.map``'s; the inputs may be an asynchronous iterable too.
        Calls go on while your own coroutine does other work, until the window is full.
        """
        return self.function(function_name, **options).map(
            iterable, concurrency, ordered, return_exceptions, journal, grace=grace
        )

    def function(self, name: str, **options: "Unpack[CallOptions]") -> "AsyncFunction":
        """Make a handle on a function: ``await client.function("name", region="ap-chengdu")(data={...})``.

        :param name: the function's name
        :param options: of every call made with it: namespace, qualifier, log_type, invocation_type, region,
            routing_key, timeout, idempotent, on_attempt, max_attempts, headers
        """
        return AsyncFunction(self, name, dict(options))

    async def close(self) -> None:
        """Close this loop's connections. Calls that are under way end first; later ones are refused."""
        if find_loop() is not None:  # under trio there are none, and the error of the call is the one to see
            await self._get_pool().close()

    async def aclose(self) -> None:
        """Close this loop's connections: the same as ``close``, by the name that ``contextlib.aclosing`` calls."""
        await self.close()

    async def __aenter__(self) -> "AsyncClient":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def _run(self, flow: "Flow[Result]") -> "Awaitable[Result]":
        """Drive a flow on the running loop.

        :raises RuntimeError: if there is no loop, as under trio
        """
        pool = self._get_pool()
        if pool.is_closed:
            raise RuntimeError("this client is closed; make a new one")
        return run(flow, pool, self._provider or self._get_provider())

    def _get_pool(self) -> Pool:
        """Return the pool of the running loop.

        :raises RuntimeError: if there is no loop, as under trio
        """
        loop = get_loop()
        pool = self._pools.get(loop)
        if pool is None:
            for reference in self._pools.keyrefs():  # a copy: other threads may have loops of their own
                known = reference()
                if known is not None and known.is_closed():
                    self._pools.pop(known, None)
            pool = self._pools[loop] = Pool(self._limit, self._connect_timeout)
        return pool

    def __repr__(self) -> str:
        return "<{} {} on {} loops>".format(type(self).__name__, self.region, len(self._pools))


_ambient = Ambient()


async def invoke(
    function_name: str,
    region: "str | None" = None,
    secret_id: "str | None" = None,
    secret_key: "str | None" = None,
    token: "str | None" = None,
    namespace: "str | None" = "default",
    log_type: "str | None" = "None",
    qualifier: "str | None" = "$LATEST",
    invocation_type: "str | None" = "RequestResponse",
    data: object = None,
) -> "InvokeResult":
    """Call a function without a client of your own. Parameters, result and errors are ``scf.invoke``'s."""
    client: AsyncClient = _ambient.get(AsyncClient)
    if secret_id or secret_key or token:
        client = client._with_keys(secret_id, secret_key, token)
    return await client.invoke(function_name, namespace, log_type, qualifier, invocation_type, data, region=region)
