"""One invocation on its way through the server, finished once; and the ids of requests."""

import os
from collections.abc import Callable, Sequence
from random import Random
from typing import Any, NamedTuple, Protocol

from tencentserverless.local.outcome import Outcome
from tencentserverless.local.registry.function_version import FunctionRecord

_rng = Random()  # noqa: S311  # an id says which call, and guards nothing
os.register_at_fork(after_in_child=_rng.seed)  # or servers that are forks of one process give the same ids
_VERSION = 0x4 << 76
_VARIANT = 0x8 << 60
_KEPT = ((1 << 128) - 1) & ~(0xF << 76) & ~(0xC << 60)


class Stopping(Exception):
    """The server is stopping; it is not known whether the call ran.

    :param has_begun: False if it is known that nothing of the call ran
    """

    def __init__(self, *, has_begun: bool = True) -> None:
        super().__init__()
        self.has_begun = has_begun


class Caller(Protocol):
    """The one who waits for an invocation.

    :cvar gets_answer: true if it sends an HTTP answer, which a fault rule may damage
    """

    gets_answer: bool

    def end(self, invocation: "Invocation") -> None:
        """The invocation has ended: ``outcome`` or ``failure`` is set."""


class WebFacts(NamedTuple):
    """The request of a web function's invocation, and the answer.

    :param status: of HTTP; None if the app has not answered
    """

    method: str
    url: str
    status: int | None
    request_headers: Sequence[tuple[bytes, bytes]]
    answer_headers: Sequence[tuple[bytes, bytes]]
    request_bytes: int
    answer_bytes: int


class Exchange(Protocol):
    """The HTTP request of a web function's invocation, and the answer to it.

    :ivar memory_mb: its part of the memory that the instance counts for
    :ivar session: the session to which the request belongs, ``""`` for none yet, None if it can't belong to one
    :ivar on_session: called with the session that the answer names, before the client sees it; None to leave it alone
    """

    memory_mb: int
    session: str | None
    on_session: Callable[[str], None] | None

    def begin(self, address: tuple[str, int], injected: bytes, on_end: Callable[[int, str], None]) -> None:
        """Send the request to an app.

        :param address: where the app listens
        :param injected: header lines that the platform adds
        :param on_end: called once, later: with 0 if the app has answered, whatever the HTTP status of that, else with a
            status of SCF and its words
        """

    def stop(self, status: int, message: str) -> None:
        """The run is over before the answer was: answer the status, or cut the connection if the answer has begun.

        ``on_end`` is not called any more.
        """

    def describe(self) -> WebFacts:
        """The request and the answer, as far as they are known."""

    def withhold(self) -> None:
        """Keep the app's answer from the client: another one takes its place, by a fault rule."""


class Around(Protocol):
    """A part of what happens around an invocation."""

    def after(self, invocation: "Invocation") -> None:
        """The invocation has ended; the caller has not been told yet."""


class Invocation:
    """One call of a function, from its acceptance to its outcome.

    :param event: JSON text
    :param caller: told once when the invocation has ended
    :param nested: made by a function of this server
    :param retry_number: earlier runs of an asynchronous invocation
    :param exchange: the request and the answer of a web function; None for an event
    :ivar memory_mb: that it counts for in a quota
    :ivar outcome: the end of the run; None if there was none, then there is a ``failure``
    :ivar failure: ``Stopping``, or the refusal of a fault rule
    :ivar message: RetMsg: the function's return value as JSON text, or the platform's error object
    :ivar around: the parts that are told of the end before the caller, in their order
    :ivar since: when the scheduler got it, by the loop's clock
    :ivar ends_instance: whatever its outcome, its instance is discarded
    :ivar is_interrupted: it was to end: if nothing of it has run yet, nothing will
    :ivar grant: the memory that it holds of a quota, as the scheduler counts it
    :ivar fault: the rule that has hit it, as ``fault_rules`` has it
    :ivar kept: its record in the history, while there is one
    :ivar origin: where it comes from, as ``history`` keeps it
    :ivar cold_start_ms: that its instance took to start, if it is the first one there
    """

    __slots__ = (
        "around",
        "caller",
        "cold_start_ms",
        "ends_instance",
        "event",
        "exchange",
        "failure",
        "fault",
        "grant",
        "is_interrupted",
        "is_over",
        "kept",
        "memory_mb",
        "message",
        "nested",
        "origin",
        "outcome",
        "record",
        "request_id",
        "retry_number",
        "since",
    )

    def __init__(
        self,
        record: FunctionRecord,
        request_id: str,
        event: bytes,
        caller: Caller,
        *,
        nested: bool = False,
        retry_number: int = 0,
        exchange: Exchange | None = None,
        origin: str = "api",
    ) -> None:
        self.record: FunctionRecord = record
        self.request_id: str = request_id
        self.event: bytes = event
        self.caller: Caller = caller
        self.nested: bool = nested
        self.retry_number: int = retry_number
        self.exchange: Exchange | None = exchange
        self.memory_mb: int = record.memory_mb if exchange is None else exchange.memory_mb
        self.origin: str = origin
        self.cold_start_ms: float = 0.0
        self.outcome: Outcome | None = None
        self.failure: Exception | None = None
        self.message: str = ""
        self.around: tuple[Around, ...] = ()
        self.since: float = 0.0
        self.ends_instance: bool = False
        self.is_over: bool = False
        self.is_interrupted: bool = False
        self.grant: Any = None
        self.fault: Any = None
        self.kept: Any = None

    def finish(self, result: Outcome | Exception) -> None:
        """End the invocation and tell its caller, once: later results are ignored."""
        if self.is_over:
            return
        self.is_over = True
        if isinstance(result, Outcome):
            self.outcome = result
        else:
            self.failure = result
        for part in self.around:
            part.after(self)
        self.caller.end(self)


def new_request_id() -> str:
    """A new id, as the platform writes them: a UUID of version 4, made faster than ``uuid`` makes one."""
    text = (_rng.getrandbits(128) & _KEPT | _VERSION | _VARIANT).to_bytes(16, "big").hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
