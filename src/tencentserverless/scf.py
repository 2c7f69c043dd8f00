"""Call Tencent Cloud functions.

::

    from tencentserverless import scf
    from tencentserverless.scf import Client

    print(scf.invoke("FuncInvoked", region="ap-guangzhou", data={"a": "b"}))

    client = Client(region="ap-guangzhou")
    print(client.FuncInvoked(data={"a": "b"}))
"""

from sys import version_info

from tencentserverless._base.client import BaseClient
from tencentserverless._base.runtime import CLOCK, Ambient
from tencentserverless._sync.driver import run
from tencentserverless._sync.function import Function
from tencentserverless._sync.pool import Pool
from tencentserverless.config import REGIONS
from tencentserverless.exception import TencentCloudSDKException, TencentServerlessSDKException

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from typing import Any, Iterable, Literal, Mapping, overload

    from typing_extensions import Unpack

    from tencentserverless._base.arguments import CallOptions, Hook, MapOptions
    from tencentserverless._base.map import MapWithErrors
    from tencentserverless._core.flow import Flow, Result
    from tencentserverless._sync.invocation import Invocation
    from tencentserverless._sync.map import Map
    from tencentserverless.models import FunctionUrl, InvokeResult

#: The two exceptions are here because 0.1.7 had them here.
__all__ = [
    "REGIONS",
    "Client",
    "Function",
    "Invocation",
    "TencentCloudSDKException",
    "TencentServerlessSDKException",
    "invoke",
]

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

    :param region: of calls that name none; default ``TENCENTCLOUD_REGION``, read at each call, else ap-guangzhou
    :param secret_id: SecretId; default: the environment's keys, then Tencent's credential providers
    :param secret_key: SecretKey; half a pair is refused
    :param token: session token of temporary keys; a blank one counts as none
    :param credentials: an object with ``secret_id``, ``secret_key`` and ``token``, read at each signing
    :param endpoint: ``"public"``, ``"internal"``, ``"regional"`` or a URL; default, at each call,
        ``TENCENTSERVERLESS_ENDPOINT_URL``, else the internal one inside SCF and the public one elsewhere
    :param timeout: seconds for a call, all its attempts included; functions may run for 900. None means the default:
        there are no calls without an end
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
    :param user_agent: the name of your program, as ``"shop/2.1"``, behind ours in User-Agent and X-TC-RequestClient
    :param headers: further headers of each request, a dict of texts; they are sent, not signed
    :param tracer: a tracer of OpenTelemetry (``pip install 'tencentserverless[otel]'``): a span for each call, and one
        below it for each try
    :param trace_key: with a tracer, a key of the event that gets the span's context, as the propagator writes it
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
        max_attempts: "int | None" = None,
        headers: "Mapping[str, str] | None" = None,
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
        :param max_attempts: tries of this call, in place of the client's
        :param headers: further headers, a dict of texts, such as ``X-TC-TraceId``; they are sent, not signed
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
            max_attempts=max_attempts,
            headers=headers,
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
        max_attempts: "int | None" = None,
        headers: "Mapping[str, str] | None" = None,
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
        :param max_attempts: tries of this call, in place of the client's
        :param headers: further headers, a dict of texts, such as ``X-TC-TraceId``; they are sent, not signed
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
            max_attempts=max_attempts,
            headers=headers,
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

    def url(
        self,
        function_name: str,
        *,
        qualifier: "str | None" = None,
        namespace: "str | None" = "default",
        region: "str | None" = None,
        timeout: "float | None" = None,
    ) -> "FunctionUrl":
        """Find the URL of a function, for any HTTP library. Each call asks the API, and a URL never changes: keep it.

        :param function_name: its name
        :param qualifier: version or alias; default: $DEFAULT, else $LATEST, else the only one that has a URL
        :param namespace: its namespace
        :param region: of this call alone
        :param timeout: seconds for this call, all its attempts included
        :returns: the URL, a text with ``auth_type`` and ``qualifier``; for ``CAM``, sign by ``tencentserverless.auth``
        :raises ResourceNotFound: there is none; the message says how to make one
        :raises Exception: else the same as ``invoke``
        """
        from tencentserverless._base.function_url import begin_search

        return self._run(begin_search(self._context(), function_name, qualifier, namespace, region, timeout))

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> "Function": ...

        def __getitem__(self, name: str) -> "Function": ...

        def call(self, attr_name: str) -> "Function":
            """Make a handle on the function of that name."""

    if TYPE_CHECKING:

        @overload
        def map(
            self,
            function_name: str,
            iterable: Iterable[object],
            concurrency: int | None = None,
            ordered: bool = True,
            return_exceptions: Literal[False] = False,
            journal: str | os.PathLike[str] | None = None,
            *,
            grace: float = 5.0,
            **options: Unpack[MapOptions],
        ) -> Map: ...

        @overload
        def map(
            self,
            function_name: str,
            iterable: Iterable[object],
            concurrency: int | None = None,
            ordered: bool = True,
            return_exceptions: bool = False,
            journal: str | os.PathLike[str] | None = None,
            *,
            grace: float = 5.0,
            **options: Unpack[MapOptions],
        ) -> MapWithErrors: ...

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
        **options: "Unpack[MapOptions]",
    ) -> "MapWithErrors":
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
            on_attempt, max_attempts, headers
        :raises JournalError: the journal cannot be used; nothing was sent
        :raises TypeError, ValueError: an argument cannot be used; nothing was sent
        """
        return self.function(function_name, **options).map(
            iterable, concurrency, ordered, return_exceptions, journal, grace=grace
        )

    def function(self, name: str, **options: "Unpack[CallOptions]") -> "Function":
        """Make a handle on a function: ``client.function("name", region="ap-chengdu")(data={...})``.

        :param name: the function's name
        :param options: of every call made with it: namespace, qualifier, log_type, invocation_type, region,
            routing_key, timeout, idempotent, on_attempt, max_attempts, headers
        """
        return Function(self, name, dict(options))

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


_ambient = Ambient()


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
    client: Client = _ambient.get(Client)
    if secret_id or secret_key or token:
        client = client._with_keys(secret_id, secret_key, token)
    return client.invoke(function_name, namespace, log_type, qualifier, invocation_type, data, region=region)
