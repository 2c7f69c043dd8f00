"""The base of the synchronous and the asynchronous client: checked settings, addresses of regions, and native calls.

``scf.Client`` and ``aio.AsyncClient`` add only the driving of flows.
"""

from tencentserverless import __version__, config
from tencentserverless._base.arguments import check_count, check_flag, check_hook, check_seconds, check_settings
from tencentserverless._base.runtime import CLOCK, is_logged, roll
from tencentserverless._core import wire
from tencentserverless._core.flow import ClientState, Target, invoke_flow
from tencentserverless._core.request import Call, RequestBuilder, encode_headers
from tencentserverless._core.retry import Policy
from tencentserverless.credentials import choose_provider, is_half_pair

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Mapping

    from typing_extensions import Self, Unpack

    from tencentserverless._base.arguments import ChangeableOptions, Hook, Options, Tracer
    from tencentserverless._base.context import ClientContext
    from tencentserverless._base.environment_keys import Provider
    from tencentserverless._core.flow import Flow
    from tencentserverless.models import InvokeResult

AGENT = "tencentserverless_" + __version__
DEFAULT_SECONDS = 910.0

#: Names of methods, now or in a coming version. ``client["map"]`` reaches a function that has such a name.
RESERVED = tuple("invoke call function invocation map spawn close aclose with_options url".split())

#: Settings that ``with_options`` changes; the others belong to the connections, which both clients share.
CHANGEABLE = tuple("region timeout max_attempts user_agent headers language api on_attempt tracer trace_key".split())

#: The attributes of a client that are ours. A subclass may add others, which are pickled, too.
_FIELDS = frozenset(
    (
        "_addressing _connect_timeout _has_moved _is_region_given _keys _limit _on_attempt _options _policy _pool "
        "_pools _provider _region _state _targets _timeout _tracer"
    ).split()
)


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
        timeout: "float | None" = DEFAULT_SECONDS,
        connect_timeout: float = 5.0,
        max_connections: int = 64,
        max_attempts: int = 3,
        proxy: "str | None" = None,
        ca_file: "str | None" = None,
        api: "str | None" = None,
        language: str = "zh-CN",
        on_attempt: "Hook | None" = None,
        user_agent: "str | None" = None,
        headers: "Mapping[str, str] | None" = None,
        tracer: "Tracer | None" = None,
        trace_key: "str | None" = None,
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
            "on_attempt": on_attempt,
            "user_agent": user_agent,
            "headers": None if headers is None else dict(headers),
            "tracer": tracer,
            "trace_key": trace_key,
        }
        check_settings(options)
        self._region = config.check_region(region)
        self._is_region_given = region is not None
        self._has_moved = config.watch_address(self._is_region_given, endpoint)
        self._keys = [secret_id, secret_key, token]
        self._options = options
        self._timeout = DEFAULT_SECONDS if timeout is None else check_seconds("timeout", timeout)
        self._connect_timeout = check_seconds("connect_timeout", connect_timeout)
        self._limit = check_count("max_connections", max_connections)
        self._on_attempt = on_attempt
        self._tracer = tracer
        self._policy = Policy(max_attempts, roll)
        self._state = ClientState(api)
        self._addressing = config.Addressing(endpoint, proxy, ca_file)
        self._targets: "dict[str, Target]" = {}
        is_half = is_half_pair(secret_id, secret_key)  # refused by the first call
        self._provider: "Provider | None" = None if is_half else self._choose_provider()
        self._open_pools()

    def _open_pools(self) -> None:
        """Make the pool, or pools, of connections; no connection is opened yet."""
        raise NotImplementedError

    def with_options(self, **options: "Unpack[ChangeableOptions]") -> "Self":
        """Make a client with other settings on the same connections. Closing one of both closes the connections.

        ::

            quick = client.with_options(timeout=2, max_attempts=1)

        :param options: region, timeout, max_attempts, user_agent, headers, language, api, on_attempt, tracer and
            trace_key, each as for a new client; the other settings, the keys among them, stay
        :raises TypeError, ValueError: for another name, and for a value that cannot be used; both name it
        """
        given: "Options" = dict(options)
        for name in given:
            if name not in CHANGEABLE:
                words = "with_options takes {}, not {!r}; for another {!r}, make a new client"
                raise TypeError(words.format(", ".join(CHANGEABLE), name, name))
        other = self._share()
        if "region" in given:
            other.region = given.pop("region")
        if given.get("headers") is not None:
            given["headers"] = dict(given["headers"])
        settings = dict(self._options, **given)
        check_settings(settings)
        timeout = settings["timeout"]
        vars(other).update(
            _options=settings,
            _timeout=DEFAULT_SECONDS if timeout is None else float(timeout),
            _on_attempt=settings["on_attempt"],
            _tracer=settings["tracer"],
            _policy=Policy(settings["max_attempts"], self._policy.rng, self._policy.budget),
        )
        if "api" in given:
            vars(other)["_state"] = ClientState(given["api"])
        if not set(_HEAD_SETTINGS).isdisjoint(given):
            vars(other)["_targets"] = {}
        return other

    def _share(self) -> "Self":
        """Make a client that equals this one and shares its connections."""
        other = object.__new__(type(self))
        vars(other).update(vars(self), _keys=list(self._keys))
        return other

    def __setattr__(self, name: str, value: object) -> None:
        if name in _SETTINGS:
            words = "a client's {} is set when it is made; client.with_options({}=...) makes one with another value"
            fix = words if name in CHANGEABLE else "a client's {} is set when it is made; make a new client"
            raise AttributeError(fix.format(name, name))
        object.__setattr__(self, name, value)

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
        self._has_moved = config.watch_address(self._is_region_given, self._options["endpoint"])

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
        return choose_provider(secret_id, secret_key, token, self._options["credentials"])

    def _get_provider(self) -> "Provider":
        provider = self._provider
        if provider is None:
            provider = self._provider = self._choose_provider()
        return provider

    def _follow_environment(self) -> None:
        """Take over the region and the endpoint that the environment names now.

        The order counts for other threads: a target of the old address is never kept among the new ones.

        :raises ValueError: if they cannot be used
        """
        has_moved = config.watch_address(self._is_region_given, self._options["endpoint"])
        region = self._region if self._is_region_given else config.check_region(None)
        self._addressing.follow()
        vars(self).update(_targets={}, _region=region, _has_moved=has_moved)

    def _with_keys(self, *keys: "str | None") -> "Self":
        """Make a client with other keys on the same connections; this client where none is given.

        :param keys: secret id, secret key and token
        """
        if not any(keys):
            return self
        other = self._share()
        vars(other).update(_keys=list(keys), _provider=choose_provider(*keys))
        return other

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
        max_attempts: "int | None" = None,
        headers: "Mapping[str, str] | None" = None,
        is_traced: bool = False,
    ) -> "Flow[InvokeResult]":
        """Make the flow of one call.

        :param names: namespace, log type, qualifier and invocation type; None stands for the default, as in 0.1.7
        :param is_traced: the call has its span already
        """
        if self._tracer is not None and not is_traced:
            from tencentserverless._base.tracing import begin_traced

            options: "Options" = {"region": region, "routing_key": routing_key, "timeout": timeout}
            options.update(idempotent=idempotent, on_attempt=on_attempt, max_attempts=max_attempts, headers=headers)
            return begin_traced(self._context(), self._begin, function_name, data, names, options)
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
        policy = self._policy
        if headers is not None:
            call.headers = encode_headers(headers)
        if max_attempts is not None:
            policy = Policy(check_count("max_attempts", max_attempts), policy.rng, policy.budget)
        flow = invoke_flow(call, target, self._state, policy, CLOCK)
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
            trace_key=self._options["trace_key"],
            tracer=self._tracer,
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
        options = self._options
        agent = AGENT if options["user_agent"] is None else AGENT + "; " + options["user_agent"]
        builder = RequestBuilder(origin.authority, options["language"], agent, encode_headers(options["headers"] or {}))
        target = Target(origin, builder)
        targets[name] = target
        return target

    def __getattr__(self, name: str) -> "Any":  # the name of a function
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

    def call(self, attr_name: str) -> "Any":
        """Make a handle on the function of that name: ``client.call("name")(data={...})``."""
        return self[attr_name]

    def function(self, *name: "Any", **options: "Any") -> "Any":
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
        added = {name: value for name, value in vars(self).items() if name not in _FIELDS}
        return _rebuild_client, (type(self), (region, *self._keys), changed, added)


_SETTINGS = frozenset(BaseClient.__init__.__kwdefaults__ or ())
_HEAD_SETTINGS = ("language", "user_agent", "headers")  # that the head of each request holds


def _rebuild_client(
    cls: "type[BaseClient]", given: "tuple[str | None, ...]", options: "Options", added: "Options"
) -> BaseClient:
    """Make a client again, for pickle and copy; it opens its own connections.

    The ``__init__`` of a subclass may have other parameters, so it is not called.

    :param added: attributes of a subclass
    """
    client = cls.__new__(cls)
    BaseClient.__init__(client, *given, **options)
    vars(client).update(added)
    return client
