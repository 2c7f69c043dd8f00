"""The bounds and the rules of the requests to one web function, and the way to its app."""

from collections.abc import Callable, MutableMapping, Sequence
from dataclasses import dataclass

from tencentserverless.local.http.upstream import Upstreams


@dataclass(frozen=True, slots=True)
class RelayRules:
    """The bounds and the rules of one function.

    :param upstreams: the connections to apps
    :param damage: by request id, the fault that befalls an answer: ``lost`` or ``cut``
    :param memory_mb: that a request counts for
    :param body_bytes: the bound of a request's body
    :param answer_head_bytes: the bound of the headers of an answer
    :param answer_bytes: the bound of an answer's body that has an announced length; one that streams has none
    :param idle_seconds: that a WebSocket connection may be silent
    :param find_session: finds the session that the headers of an answer name, ``""`` for none; None without sessions
    """

    upstreams: Upstreams
    damage: MutableMapping[str, str]
    memory_mb: int
    body_bytes: int
    answer_head_bytes: int
    answer_bytes: int
    idle_seconds: float
    find_session: Callable[[Sequence[tuple[bytes, bytes]]], str] | None = None


def too_large(limit_bytes: int) -> str:
    """The words about a request whose body is over its bound."""
    return f"The body of the request is over the limit of {limit_bytes} bytes"
