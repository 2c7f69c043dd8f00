"""The bounds and the rules of the requests to one web function, the way to its app, and what is kept of each."""

from collections.abc import Callable, MutableMapping, Sequence
from dataclasses import dataclass

from tencentserverless.local.http.answer_head import AnswerHead
from tencentserverless.local.http.messages import Headers, Request
from tencentserverless.local.http.upstreams import Upstreams
from tencentserverless.local.invocation import WebFacts

_NO_HEADERS: Headers = []


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


def answer_fault(head: AnswerHead, rules: RelayRules, *, is_of_head: bool) -> str:
    """Return the words about an answer that is over its bounds, ``""`` for one that is not.

    :param is_of_head: true for an answer to HEAD, which has no body
    """
    if head.size > rules.answer_head_bytes:
        return f"The answer has {head.size} bytes of headers, the limit is {rules.answer_head_bytes}"
    if head.length is not None and head.length > rules.answer_bytes and not is_of_head:
        return f"The answer has {head.length} bytes, the limit is {rules.answer_bytes}: stream it in chunks"
    return ""


def describe(request: Request, url: str, head: AnswerHead | None, sizes: tuple[int, int]) -> WebFacts:
    """Return what the history keeps of a request and its answer.

    :param head: of the answer, None if there is none
    :param sizes: the bytes of the bodies of both
    """
    status, headers = (head.status, head.headers) if head is not None else (None, _NO_HEADERS)
    return WebFacts(request.method, url, status, request.headers, headers, *sizes)
