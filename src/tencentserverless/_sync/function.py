"""A handle on a function, for threads."""

from tencentserverless._base.function import BaseFunction

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from typing import Iterable, Literal, Protocol, overload

    from tencentserverless._base.context import ClientContext
    from tencentserverless._base.environment_keys import Provider
    from tencentserverless._base.map import MapWithErrors
    from tencentserverless._sync.invocation import Invocation
    from tencentserverless._sync.map import Map
    from tencentserverless._sync.pool import Pool
    from tencentserverless._sync.spawn_map import SpawnMap
    from tencentserverless.models import InvokeResult

    class Caller(Protocol):
        """The part of ``scf.Client`` that its functions use."""

        _pool: Pool

        def invoke(self, function_name: str, **options: object) -> InvokeResult:
            """Call a function."""

        def spawn(self, function_name: str, data: object = None, **options: object) -> Invocation:
            """Start a function."""

        def _context(self) -> ClientContext: ...

        def _get_provider(self) -> Provider: ...


class Function(BaseFunction):
    """A remote function as a Python callable; ``client.NAME``, ``client["NAME"]`` and ``client.function`` make it."""

    __slots__ = ()

    _client: "Caller"

    def __call__(self, *args: object, **keywords: object) -> "InvokeResult":
        """Call it. The event is ``data=``, one positional argument, or else the keywords.

        ``namespace``, ``qualifier``, ``log_type`` and ``invocation_type`` are options and never part of the event.
        Returns and raises the same as ``Client.invoke``; TypeError if more than one event is given.
        """
        return self._client.invoke(self.name, **self._merge(args, keywords))

    def invoke(self, data: object = None) -> "InvokeResult":
        """Call it with this event; None sends none. Returns and raises the same as ``Client.invoke``."""
        return self._client.invoke(self.name, data=data, **self._options)

    def spawn(self, data: object = None) -> "Invocation":
        """Start it with this event, without waiting for its result. See ``Client.spawn``."""
        return self._client.spawn(self.name, data, **self._spawn_options())

    if TYPE_CHECKING:

        @overload
        def map(
            self,
            iterable: Iterable[object],
            concurrency: int | None = None,
            ordered: bool = True,
            return_exceptions: "Literal[False]" = False,
            journal: str | os.PathLike[str] | None = None,
            *,
            grace: float = 5.0,
        ) -> Map: ...

        @overload
        def map(
            self,
            iterable: Iterable[object],
            concurrency: int | None = None,
            ordered: bool = True,
            return_exceptions: bool = False,
            journal: str | os.PathLike[str] | None = None,
            *,
            grace: float = 5.0,
        ) -> MapWithErrors: ...

    def map(
        self,
        iterable: "Iterable[object]",
        concurrency: "int | None" = None,
        ordered: bool = True,
        return_exceptions: bool = False,
        journal: "str | os.PathLike[str] | None" = None,
        *,
        grace: float = 5.0,
    ) -> "MapWithErrors":
        """Call it for each input and iterate over the outcomes. See ``Client.map``."""
        from tencentserverless._sync.map import Map, MapRun

        client = self._client
        run = MapRun(
            client._context(),
            (client._pool, client._get_provider()),
            self.name,
            iterable,
            self._options,
            concurrency=concurrency,
            ordered=ordered,
            return_exceptions=return_exceptions,
            journal=journal,
            grace=grace,
        )
        return Map(run)

    def spawn_map(
        self,
        iterable: "Iterable[object]",
        *,
        concurrency: "int | None" = None,
        window: int = 1000,
        polls_per_second: float = 10.0,
        timeout: "float | None" = None,
    ) -> "SpawnMap":
        """Start it for each input, and iterate over the invocations as they end.

        ::

            for invocation in function.spawn_map(items):
                print(invocation.position, invocation.result())

        Each has its input's ``position``. One that could not be started is handed out too; ``result()`` raises then.
        Inputs are pulled in the caller's thread while it iterates, and never more than ``window`` ahead.

        :param iterable: the events
        :param concurrency: starts and queries at once, each by a thread; default 8, or ``max_connections`` if less
        :param window: invocations that have not ended; further inputs wait
        :param polls_per_second: queries to the service, over all invocations. It takes 20 queries of each kind a
            second from an account (cloud.tencent.com/document/api/583/65348)
        :param timeout: seconds for the whole; then ResultTimeout is raised, and ``unfinished`` has the rest
        :raises TypeError, ValueError: an argument cannot be used; nothing was started
        """
        from tencentserverless._sync.spawn_map import SpawnMap

        return SpawnMap(
            self._client,  # type: ignore[arg-type]  # see Caller
            self.name,
            iterable,
            self._spawn_options(),
            concurrency=concurrency,
            window=window,
            polls_per_second=polls_per_second,
            timeout=timeout,
        )
