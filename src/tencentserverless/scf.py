"""Call Tencent Cloud functions.

::

    from tencentserverless import scf
    from tencentserverless.scf import Client

    print(scf.invoke("FuncInvoked", region="ap-guangzhou", data={"a": "b"}))

    client = Client(region="ap-guangzhou")
    print(client.FuncInvoked(data={"a": "b"}))
"""

from sys import version_info

from tencentserverless._base.client import Ambient, BaseClient, BaseFunction
from tencentserverless._base.runtime import CLOCK
from tencentserverless._sync.driver import run
from tencentserverless._sync.pool import Pool
from tencentserverless.exception import TencentCloudSDKException, TencentServerlessSDKException

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from typing import Any, Iterable

    from tencentserverless._base.arguments import Hook
    from tencentserverless._core.flow import Flow, Result
    from tencentserverless._sync.invocation import Invocation
    from tencentserverless._sync.map import Map
    from tencentserverless._sync.spawn_map import SpawnMap
    from tencentserverless.models import InvokeResult

#: The two exceptions are here because 0.1.7 had them here.
__all__ = ["Client", "Function", "Invocation", "TencentCloudSDKException", "TencentServerlessSDKException", "invoke"]

if version_info < (3, 7):  # noqa: UP036  # it does not call a module's __getattr__
    from tencentserverless._sync.invocation import Invocation
elif not TYPE_CHECKING:

    def __getattr__(name: str) -> "Any":
        """Load Invocation at its first use: most programs never use it."""
        if name != "Invocation":
            raise AttributeError("module {!r} has no attribute {!r}".format(__name__, name))
        from tencentserverless._sync.invocation import Invocation

        return Invocation


class Client(BaseClient):
    """Calls functions, and keeps connections alive between calls. Safe for threads and for fork; picklable.

    :param region: of calls that name none; default ``TENCENTCLOUD_REGION``, else ap-guangzhou
    :param secret_id: SecretId; default: the environment's keys, then Tencent's credential providers
    :param secret_key: SecretKey; half a pair is refused
    :param token: session token of temporary keys; a blank one counts as none
    :param credentials: an object with ``secret_id``, ``secret_key`` and ``token``, read at each signing
    :param endpoint: ``"public"``, ``"internal"``, ``"regional"`` or a URL; default
        ``TENCENTSERVERLESS_ENDPOINT_URL``, else the internal one inside SCF and the public one elsewhere
    :param timeout: seconds for a call, all its attempts included; functions may run for 900
    :param connect_timeout: seconds for a new connection, from name lookup to TLS
    :param max_connections: open at once; further calls wait
    :param max_attempts: tries of a call whose failure proves that the function did not run
    :param proxy: URL of an HTTP proxy, with ``user:password@`` if it needs that; ``""`` for none; default
        ``HTTPS_PROXY`` and ``NO_PROXY``
    :param ca_file: a file or folder of the roots to trust; default: the system's
    :param api: ``"Invoke"`` or ``"InvokeFunction"`` to pin the API's action
    :param language: of the API's error messages, ``"zh-CN"`` or ``"en-US"``
    :param on_attempt: is called with an ``Attempt`` and its ``CallInfo`` when a try has ended, in the thread that
        calls; its exceptions are logged and have no other effect. Calls that a hook makes are reported to no hook. The
        hook is pickled with the client
    :raises ValueError: for a value that cannot be used, TypeError for one of the wrong type; both name it
    """

    _logger_name = "tencentserverless.scf"

    def _open_pools(self) -> None:
        self._pool = Pool(self._limit, self._connect_timeout)

    def invoke(
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
    ) -> "InvokeResult":
        """Call a function and wait for its result.

        :param function_name: its name
        :param namespace: its namespace
        :param log_type: ``"Tail"`` to get the last 4 KB of its log in ``result.log``
        :param qualifier: version or alias
        :param invocation_type: ``"RequestResponse"``, or ``"Event"`` to only start it
        :param data: the event, any value that ``json.dumps`` takes; None sends none
        :param region: of this call alone
        :param routing_key: for an alias's routing rules: a dict of texts, or its JSON text
        :param timeout: seconds for this call, all its attempts included
        :param idempotent: True if the function may run twice for this call: it is tried again also if it may have run
        :param on_attempt: is called for each try of this call, in place of the client's hook
        :returns: RetMsg, the function's return value as JSON text, with the facts of the execution
        :raises TencentServerlessSDKException: the function failed
        :raises TencentCloudSDKException: the API refused, the connection failed, or there are no keys
        :raises TypeError, ValueError: an argument cannot be used; nothing was sent
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
        )
        return self._run(flow)

    def spawn(
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
    ) -> "Invocation":
        """Start a function without waiting for its result: an ``Event`` call through the API's Invoke.

        :param function_name: its name
        :param data: the event, any value that ``json.dumps`` takes, at most 128 KB as JSON; None sends none
        :param namespace: its namespace
        :param qualifier: version or alias
        :param region: of this call alone
        :param routing_key: for an alias's routing rules: a dict of texts, or its JSON text
        :param timeout: seconds until it is accepted, all attempts included
        :param idempotent: True if the function may be started twice for this call
        :param on_attempt: is called for each try of this call, in place of the client's hook
        :returns: the invocation, which gives its status and its result
        :raises Exception: the same as ``invoke``
        """
        from tencentserverless._base.invocation import refer_to_spawned
        from tencentserverless._sync.invocation import Invocation

        started_at = CLOCK.wall()
        accepted = self.invoke(
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
        )
        return Invocation(
            self, refer_to_spawned(self._context(), function_name, namespace, region, accepted, started_at)
        )

    def invocation(
        self,
        function_name: str,
        request_id: str,
        *,
        namespace: "str | None" = "default",
        region: "str | None" = None,
    ) -> "Invocation":
        """Make an invocation that was started before, perhaps by another process. No request is sent here.

        :param function_name: the function's name
        :param request_id: ``invocation.request_id``, or ``function_request_id`` of an ``Event`` call's result
        :param namespace: the function's namespace
        :param region: the region where it was started
        """
        from tencentserverless._base.invocation import refer_to_known
        from tencentserverless._sync.invocation import Invocation

        return Invocation(self, refer_to_known(self, function_name, request_id, namespace, region))

    def map(
        self,
        function_name: str,
        iterable: "Iterable[object]",
        concurrency: "int | None" = None,
        ordered: bool = True,
        return_exceptions: bool = False,
        journal: "str | os.PathLike[str] | None" = None,
        *,
        grace: float = 5.0,
        **options: object,
    ) -> "Map":
        """Call a function for each input and iterate over the outcomes, in bounded memory.

        ::

            for result in client.map("resize", names):
                print(result.position, result.json())

        Each result and each error has its input's ``position``. The calls are driven in the caller's thread, while it
        iterates. If the platform throttles (429, 432, RequestLimitExceeded), fewer calls run at once, which is logged
        at INFO, and the throttled calls wait; that is not counted against ``max_attempts``.

        Left early, by ``break``, an error or Ctrl-C, the map sends no more requests, waits ``grace`` seconds for calls
        under way, and logs the rest as MAYBE.

        :param function_name: its name
        :param iterable: the events; it may be endless, because events are taken only as calls end
        :param concurrency: calls under way at once; default 32, or ``max_connections`` where that is less
        :param ordered: True to hand outcomes out in the order of the inputs; False: as they end
        :param return_exceptions: True to hand out errors in place of results; False: raise them. A map that raised one
            goes on with the next outcome
        :param journal: a file in which each input is noted before it is sent, and its outcome after. The same call with
            the same file resumes a run that was cut: an input with an outcome is not sent again, unless it did not run,
            or failed and is ``idempotent``; an input in doubt is an error with ``executed`` MAYBE. See
            ``tencentserverless.journal``
        :param grace: seconds to wait for calls under way if the map is left early
        :param options: of each call: namespace, qualifier, log_type, region, routing_key, timeout, idempotent,
            on_attempt
        :raises JournalError: the journal cannot be used; nothing was sent
        :raises TypeError, ValueError: an argument cannot be used; nothing was sent
        """
        return self.function(function_name, **options).map(
            iterable, concurrency, ordered, return_exceptions, journal, grace=grace
        )

    def function(self, name: str, **options: object) -> "Function":
        """Make a handle on a function: ``client.function("name", region="ap-chengdu")(data={...})``.

        :param name: the function's name
        :param options: of every call made with it: namespace, qualifier, log_type, invocation_type, region,
            routing_key, timeout, idempotent, on_attempt
        """
        return Function(self, name, options)

    def close(self) -> None:
        """Close the connections. Calls that are under way end first; later ones are refused."""
        self._pool.close()

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _run(self, flow: "Flow[Result]") -> "Result":
        """Drive a flow."""
        if self._pool.is_closed:
            raise RuntimeError("this client is closed; make a new one")
        return run(flow, self._pool, self._provider or self._get_provider())

    def _get_pool(self) -> Pool:
        return self._pool


class Function(BaseFunction):
    """A remote function as a Python callable; ``client.NAME``, ``client["NAME"]`` and ``client.function`` make it."""

    __slots__ = ()

    _client: Client

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

    def map(
        self,
        iterable: "Iterable[object]",
        concurrency: "int | None" = None,
        ordered: bool = True,
        return_exceptions: bool = False,
        journal: "str | os.PathLike[str] | None" = None,
        *,
        grace: float = 5.0,
    ) -> "Map":
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
            self._client,
            self.name,
            iterable,
            self._spawn_options(),
            concurrency=concurrency,
            window=window,
            polls_per_second=polls_per_second,
            timeout=timeout,
        )


_ambient = Ambient(Client)


def invoke(
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
    """Call a function without a client of your own; the process keeps its connections alive all the same.

    :param function_name: its name
    :param region: default ``TENCENTCLOUD_REGION``, else ap-guangzhou
    :param secret_id: SecretId; default: the environment's keys, then Tencent's credential providers
    :param secret_key: SecretKey
    :param token: session token of temporary keys
    :param namespace: the function's namespace
    :param log_type: ``"Tail"`` to get the last 4 KB of its log in ``result.log``
    :param qualifier: version or alias
    :param invocation_type: ``"RequestResponse"``, or ``"Event"`` to only start it
    :param data: the event, any value that ``json.dumps`` takes; None sends none
    :returns: the same as ``Client.invoke``
    :raises Exception: the same as ``Client.invoke``
    """
    client: Client = _ambient.get()
    provider = client._provider_of(secret_id, secret_key, token)
    flow = client._begin(function_name, data, (namespace, log_type, qualifier, invocation_type), region=region)
    return run(flow, client._get_pool(), provider)
