"""The settings of a client that maps, invocations and actions need, as one value."""

from tencentserverless._base.observer import find_observer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable

    from tencentserverless._base.arguments import Hook, Tracer
    from tencentserverless._base.observer import Observer
    from tencentserverless._core.flow import ClientState, Target
    from tencentserverless._core.retry import Policy


class ClientContext:
    """A client's settings at one moment, and the objects that its calls share. Frozen.

    :ivar find_target: finds the target of a region; raises RuntimeError if the endpoint guard forbids it
    :ivar logger_name: the name of the client's logger
    :ivar max_connections: connections open at once
    :ivar on_attempt: the client's hook, None for none
    :ivar policy: decides when a call is tried again
    :ivar region: of calls that name none
    :ivar state: the facts that the client has learnt from its calls
    :ivar timeout_seconds: for a call, all its attempts included
    :ivar trace_key: the key of an event that gets the context of its span, None for none
    :ivar tracer: makes a span for each call, None for none
    """

    __slots__ = (
        "find_target",
        "logger_name",
        "max_connections",
        "on_attempt",
        "policy",
        "region",
        "state",
        "timeout_seconds",
        "trace_key",
        "tracer",
    )

    find_target: "Callable[[str | None], Target]"
    logger_name: str
    max_connections: int
    on_attempt: "Hook | None"
    policy: "Policy"
    region: str
    state: "ClientState"
    timeout_seconds: float
    trace_key: "str | None"
    tracer: "Tracer | None"

    def __init__(self, **values: object) -> None:
        for name in self.__slots__:
            object.__setattr__(self, name, values[name])

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("a ClientContext is frozen")

    def find_observer(self, hook: "Hook | None" = None) -> "Observer | None":
        """Make an observer for a hook, or for the client's hook; None where there is neither a hook nor a log."""
        return find_observer(self.logger_name, hook or self.on_attempt)
