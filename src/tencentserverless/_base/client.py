"""The base of the synchronous and the asynchronous client: checked settings, addresses of regions, and native calls.

``scf.Client`` and ``aio.AsyncClient`` add only the driving of flows.
"""

from tencentserverless import __version__, config, credentials
from tencentserverless._base.arguments import (
    check_choice,
    check_count,
    check_flag,
    check_hook,
    check_seconds,
    read_event,
)
from tencentserverless._base.fork_lock import ForkLock
from tencentserverless._base.runtime import CLOCK, is_logged, roll
from tencentserverless._core import wire
from tencentserverless._core.flow import ClientState, Target, invoke_flow
from tencentserverless._core.request import Call, RequestBuilder
from tencentserverless._core.retry import Policy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

    from tencentserverless._base.arguments import Hook, Options
    from tencentserverless._base.context import ClientContext
    from tencentserverless._core.flow import Flow
    from tencentserverless.credentials import Provider
    from tencentserverless.models import InvokeResult

AGENT = "tencentserverless_" + __version__
LANGUAGES = ("zh-CN", "en-US")

#: Names of methods, now or in a coming version. ``client["map"]`` reaches a function that has such a name.
RESERVED = ("invoke", "call", "function", "invocation", "map", "spawn", "close")

#: Keywords of a native call that are options, as in 0.1.7; every other keyword belongs to the event.
CALL_OPTIONS = ("namespace", "qualifier", "log_type", "invocation_type")


class BaseClient:
    """The settings of a client, checked when it is made; makes the flow for a call's arguments."""

    _logger_name: str  # the name of the public module

    def __init__(
        self,
        region: "str | None" = None,
        secret_id: "str | None" = None,
        secret_key: "str | None" = None,
        token: "str | None" = None,
        *,
        credentials: object = None,
        endpoint: "str | None" = None,
        timeout: float = 910.0,
        connect_timeout: float = 5.0,
        max_connections: int = 64,
        max_attempts: int = 3,
        proxy: "str | None" = None,
        ca_file: "str | None" = None,
        api: "str | None" = None,
        language: str = "zh-CN",
        on_attempt: "Hook | None" = None,
    ) -> None:
        options: "Options" = {
            "credentials": credentials,
            "endpoint": endpoint,
            "timeout": timeout,
            "connect_timeout": connect_timeout,
            "max_connections": max_connections,
            "max_attempts": max_attempts,
            "proxy": proxy,
            "ca_file": ca_file,
            "api": api,
            "language": language,
            "on_attempt": check_hook(on_attempt),
        }
        self._region = config.check_region(region)
        self._is_region_given = region is not None
        self._has_moved = self._watch_environment(endpoint)
        self._keys = [secret_id, secret_key, token]
        self._options = options
        self._timeout = check_seconds("timeout", timeout)
        self._connect_timeout = check_seconds("connect_timeout", connect_timeout)
        self._limit = check_count("max_connections", max_connections)
        check_choice("api", api, (None, *wire.PAYLOAD_FIELDS))
        check_choice("language", language, LANGUAGES)
        self._on_attempt = on_attempt
        self._policy = Policy(check_count("max_attempts", max_attempts), roll)
        self._state = ClientState(api)
        self._addressing = config.Addressing(endpoint, proxy, ca_file)
        self._targets: "dict[str, Target]" = {}
        self._provider: "Provider | None" = self._choose_provider()
        self._open_pools()

    def _open_pools(self) -> None:
        """Make the pool, or pools, of connections; no connection is opened yet."""
        raise NotImplementedError

    @property
    def region(self) -> str:
        """The region of calls that name none."""
        if self._has_moved is not None and self._has_moved():
            self._follow_environment()
        return self._region

    @region.setter
    def region(self, value: "str | None") -> None:
        self._region = config.check_region(value)
        self._is_region_given = value is not None
        self._has_moved = self._watch_environment(self._options["endpoint"])

    @property
    def secret_id(self) -> "str | None":
        """The SecretId that was given, None where the environment's is used."""
        return self._keys[0]

    @secret_id.setter
    def secret_id(self, value: "str | None") -> None:
        self._set_key(0, value)

    @property
    def secret_key(self) -> "str | None":
        """The SecretKey that was given, None where the environment's is used."""
        return self._keys[1]

    @secret_key.setter
    def secret_key(self, value: "str | None") -> None:
        self._set_key(1, value)

    @property
    def token(self) -> "str | None":
        """The session token that was given, None for none."""
        return self._keys[2]

    @token.setter
    def token(self, value: "str | None") -> None:
        self._set_key(2, value)

    def _set_key(self, index: int, value: "str | None") -> None:
        self._keys[index] = value
        self._provider = None  # chosen at the next call: until then the other half of a pair can be set too

    def _choose_provider(self) -> "Provider":
        secret_id, secret_key, token = self._keys
        return credentials.choose_provider(secret_id, secret_key, token, self._options["credentials"])

    def _get_provider(self) -> "Provider":
        provider = self._provider
        if provider is None:
            provider = self._provider = self._choose_provider()
        return provider

    def _watch_environment(self, endpoint: object) -> "Callable[[], bool] | None":
        """Make a check for changes of the variables that decide for this client; None if none does."""
        names: "tuple[str, ...]" = () if self._is_region_given else (config.REGION,)
        names += () if endpoint is not None else config.Addressing.VARIABLES
        return config.watch_changes(names) if names else None

    def _follow_environment(self) -> None:
        """Take over the region and the endpoint that the environment names now.

        The order counts for other threads: a target of the old address is never kept among the new ones.

        :raises ValueError: if they cannot be used
        """
        endpoint, proxy, ca_file = (self._options[name] for name in ("endpoint", "proxy", "ca_file"))
        has_moved = self._watch_environment(endpoint)
        region = self._region if self._is_region_given else config.check_region(None)
        self._addressing = config.Addressing(endpoint, proxy, ca_file)
        self._targets = {}
        self._region = region
        self._has_moved = has_moved

    def _provider_of(self, secret_id: "str | None", secret_key: "str | None", token: "str | None") -> "Provider":
        """Choose the provider for one call's own keys, the client's where the call has none."""
        if secret_id or secret_key or token:
            return credentials.choose_provider(secret_id, secret_key, token)
        return self._get_provider()

    def _begin(
        self,
        function_name: str,
        data: object,
        names: "tuple[str | None, str | None, str | None, str | None]",
        *,
        region: "str | None" = None,
        routing_key: "str | dict[str, str] | None" = None,
        timeout: "float | None" = None,
        idempotent: bool = False,
        on_attempt: "Hook | None" = None,
    ) -> "Flow[InvokeResult]":
        """Make the flow of one call.

        :param names: namespace, log type, qualifier and invocation type; None stands for the default, as in 0.1.7
        """
        namespace, log_type, qualifier, invocation_type = names
        if self._has_moved is not None and self._has_moved():
            self._follow_environment()
        try:
            target = self._targets[region or self._region]
        except (KeyError, TypeError):  # the first call of the region, or no text
            target = self._aim(region)
        if target.origin.is_cloud:
            config.check_guard(target.origin)
        seconds = self._timeout if timeout is None else check_seconds("timeout", timeout)
        call = Call(
            function_name,
            data,
            namespace=namespace or wire.DEFAULT_NAMESPACE,
            log_type=log_type or "None",
            qualifier=qualifier or wire.DEFAULT_QUALIFIER,
            invocation_type=invocation_type or wire.SYNC,
            region=region or self._region,
            routing_key=routing_key,
            deadline=CLOCK.monotonic() + seconds,
            is_idempotent=check_flag("idempotent", idempotent),
        )
        flow = invoke_flow(call, target, self._state, self._policy, CLOCK)
        if on_attempt is None and self._on_attempt is None and not is_logged(self._logger_name):
            return flow
        from tencentserverless._base.observer import observe

        return observe(flow, call, self._logger_name, check_hook(on_attempt) or self._on_attempt)

    def _context(self) -> "ClientContext":
        """Make the context of a map, an invocation or an action: the client's settings as they are now."""
        from tencentserverless._base.context import ClientContext

        return ClientContext(
            find_target=self._find_target,
            max_connections=self._limit,
            on_attempt=self._on_attempt,
            policy=self._policy,
            region=self.region,
            logger_name=self._logger_name,
            state=self._state,
            timeout_seconds=self._timeout,
        )

    def _find_target(self, region: "str | None") -> Target:
        """Find the target of a region, for a caller that makes several requests.

        :raises RuntimeError: if the guard forbids it
        """
        name = region or self.region
        target = self._targets.get(name) or self._aim(name)
        config.check_guard(target.origin)
        return target

    def _aim(self, region: "str | None") -> Target:
        """Make the target of a region. It is kept."""
        name = config.check_region(region or self._region)
        targets = self._targets  # before the address: see _follow_environment
        origin = self._addressing.locate(name)
        target = Target(origin, RequestBuilder(origin.authority, self._options["language"], AGENT))
        targets[name] = target
        return target

    def __getattr__(self, name: str) -> "Any":
        if name.startswith("_"):
            raise AttributeError("{} has no attribute {!r}".format(type(self).__name__, name))
        if name in RESERVED:
            raise AttributeError(
                "{} has no method {!r} yet; to call a function of that name, write client[{!r}]".format(
                    type(self).__name__, name, name
                )
            )
        return self.function(name)

    def __getitem__(self, name: str) -> "Any":
        if not isinstance(name, str):
            raise TypeError("client[...] takes a function's name, not {!r}".format(name))
        return self.function(name)

    __iter__ = None  # with __getitem__ alone, the client would be an endless sequence of functions

    def call(self, name: str) -> "Any":
        """Make a handle on the function of that name: ``client.call("name")(data={...})``."""
        return self[name]

    def function(self, name: str, **options: object) -> "Any":
        """Make a handle on one function."""
        raise NotImplementedError

    def __repr__(self) -> str:
        return "<{} {} {!r}>".format(type(self).__name__, self._region, self._get_pool())

    def _get_pool(self) -> object:
        raise NotImplementedError

    def _run(self, flow: "Flow[Any]") -> "Any":
        """Drive a flow to its end."""
        raise NotImplementedError

    def __reduce__(self) -> "tuple[object, ...]":
        # Explicit secrets are pickled, because the caller gave them; environment keys are read in the new process.
        region = self._region if self._is_region_given else None
        defaults = BaseClient.__init__.__kwdefaults__ or {}
        changed = {name: value for name, value in self._options.items() if value != defaults[name]}
        return _rebuild_client, (type(self), (region, *self._keys), changed)


def _rebuild_client(cls: "type[BaseClient]", given: "tuple[str | None, ...]", options: "Options") -> BaseClient:
    """Make a client again, for pickle and copy; it opens its own connections."""
    return cls(*given, **options)


class Ambient:
    """The client of module-level calls: one for the process, made anew when the environment changes.

    :param make: makes a client
    """

    __slots__ = ("_found", "_lock", "_make")

    def __init__(self, make: "Callable[[], object]") -> None:
        self._make = make
        self._lock = ForkLock()
        self._found: "Any" = (None, None)  # a snapshot of the environment, and the client made from it

    def get(self) -> "Any":
        """Return the client for the environment as it is now."""
        snapshot = config.snapshot()
        found = self._found
        return found[1] if found[0] == snapshot else self._lock.hold(self._renew, self._renew, snapshot)

    def _renew(self, snapshot: "tuple[str | None, ...]") -> "Any":
        """Make a client, unless another thread, or a signal handler during this call, has made one."""
        if self._found[0] != snapshot:
            made = self._make()
            if self._found[0] != snapshot:
                self._found = (snapshot, made)
        return self._found[1]


class BaseFunction:
    """A remote function as a Python callable.

    :param client: makes the calls
    :param options: keyword arguments of ``client.invoke`` for every call
    """

    __slots__ = ("_client", "_options", "name")

    name: str

    def __init__(self, client: BaseClient, name: str, options: "Options") -> None:
        _check_options(options)
        self._client = client
        self._options = options
        self.name = name

    def __repr__(self) -> str:
        return "<{} {} of {!r}>".format(type(self).__name__, self.name, self._client)

    def __reduce__(self) -> "tuple[object, ...]":
        return type(self), (self._client, self.name, self._options)

    def _spawn_options(self) -> "Options":
        """Select the options that ``client.spawn`` takes."""
        return {name: value for name, value in self._options.items() if name not in ("log_type", "invocation_type")}

    def _merge(self, args: "tuple[object, ...]", keywords: "dict[str, object]") -> "Options":
        """Make the arguments of ``client.invoke`` for a native call."""
        if "data" in keywords and len(keywords) == 1 and not args:  # the form in Tencent's guide
            return dict(self._options, **keywords) if self._options else keywords
        options = dict(self._options)
        for option in CALL_OPTIONS:
            if option in keywords:
                options[option] = keywords.pop(option)
        options["data"] = read_event(self.name, args, keywords)
        return options


def _check_options(options: "Options") -> None:
    """Refuse options that no call can have. Names and keys are checked where the request is built.

    :raises TypeError, ValueError: for an unknown option, and for a value that cannot be used
    """
    for name, value in options.items():
        if name not in _FUNCTION_OPTIONS:
            raise TypeError("unknown option {!r}; allowed are {}".format(name, ", ".join(_FUNCTION_OPTIONS)))
        if name == "idempotent":
            check_flag(name, value)
        elif name == "timeout" and value is not None:
            check_seconds(name, value)
        elif name == "on_attempt":
            check_hook(value)


_FUNCTION_OPTIONS = (*CALL_OPTIONS, "region", "routing_key", "timeout", "idempotent", "on_attempt")
