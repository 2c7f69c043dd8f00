"""What maps, invocations and actions need of a client, as one value."""

from tencentserverless._base.observer import find_observer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable

    from tencentserverless._base.observer import Hook, Observer
    from tencentserverless._core.flow import ClientState, Target
    from tencentserverless._core.retry import Policy


class ClientContext:
    """A client's settings at one moment, and what its calls share. Frozen.

    :ivar find_target: gives where a region is served; RuntimeError if the endpoint guard forbids it
    :ivar max_connections: open at once
    :ivar on_attempt: the client's hook, None for none
    :ivar policy: when a call is tried again
    :ivar region: of calls that name none
    :ivar room: the name of the client's logger
    :ivar state: what the client has learnt from its calls
    :ivar timeout_seconds: for a call, all its attempts included
    """

    __slots__ = (
        "find_target",
        "max_connections",
        "on_attempt",
        "policy",
        "region",
        "room",
        "state",
        "timeout_seconds",
    )

    find_target: "Callable[[str | None], Target]"
    max_connections: int
    on_attempt: "Hook | None"
    policy: "Policy"
    region: str
    room: str
    state: "ClientState"
    timeout_seconds: float

    def __init__(self, **values: object) -> None:
        for name in self.__slots__:
            object.__setattr__(self, name, values[name])

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("a ClientContext is frozen")

    def find_observer(self, hook: "Hook | None" = None) -> "Observer | None":
        """An observer for a hook, or for the client's where it is None; None where nobody wants to hear."""
        return find_observer(self.room, hook or self.on_attempt)
