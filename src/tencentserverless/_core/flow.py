"""The one request loop. It yields effects, which a driver performs; the driver sends the outcome of each.

There are three effects: ``GetCredentials`` (outcome: ``Credentials`` or the ``CallError`` to raise), ``Exchange``
(outcome: a ``Response`` or a ``NetworkError`` with its verdict) and ``Sleep`` (outcome: None). Outcomes are values;
cancellation and KeyboardInterrupt end the flow by ``close()``. Never yield inside ``finally``.
"""

from tencentserverless import exception
from tencentserverless._core import wire
from tencentserverless._core.http11 import parse_date
from tencentserverless._core.request import Call, Query
from tencentserverless._core.response import read_envelope, read_response, read_retry_after
from tencentserverless.models import Attempt, Verdict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Generator, Protocol, TypeVar

    from tencentserverless._core.http11 import Response
    from tencentserverless._core.request import RequestBuilder
    from tencentserverless._core.response import Fields
    from tencentserverless._core.retry import Budget
    from tencentserverless.models import InvokeResult

    Failed = exception.CallError | exception.TencentServerlessSDKException
    Found = InvokeResult | Fields | Failed
    Read = Callable[[Response], Found]
    Result = TypeVar("Result")
    #: A flow yields effects, is sent the outcome of each (see the module), and returns its result.
    Flow = Generator["Effect", Any, Result]

#: A smaller error of the clock is not corrected: the API allows 300 s, and the Date header is rounded to a second.
MIN_SKEW_SECONDS = 60


class GetCredentials:
    """Effect: get credentials, new ones with ``refresh``, before the deadline (monotonic seconds)."""

    __slots__ = ("deadline", "refresh")

    def __init__(self, refresh: bool, deadline: float) -> None:
        self.refresh = refresh
        self.deadline = deadline


class Exchange:
    """Effect: send a request, get its response, before the deadline (monotonic seconds).

    ``marks`` holds (phase, monotonic seconds at its end) for the attempts of an error; a call on a kept connection that
    succeeds notes no phase. The driver sets ``may_have_left``, for a flow that is closed before it gets the outcome.
    The driver sets ``is_whole`` to False if the answer came before the request was sent whole: then no function has
    run.
    """

    __slots__ = ("action", "connection", "deadline", "is_whole", "marks", "may_have_left", "origin", "request")

    def __init__(self, origin: "Any", request: bytes, deadline: float, action: str) -> None:
        self.origin = origin
        self.request = request
        self.deadline = deadline
        self.action = action
        self.connection: "Carrier | None" = None  # carries the request while it is under way
        self.is_whole = True
        self.may_have_left = False
        self.marks: "tuple[tuple[str, float], ...]" = ()

    def mark(self, phase: str, at: float) -> None:
        """Note the end of a phase, in monotonic seconds."""
        self.marks += ((phase, at),)


class Sleep:
    """Effect: wait."""

    __slots__ = ("seconds",)

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds


if TYPE_CHECKING:
    Effect = GetCredentials | Exchange | Sleep

    class Carrier(Protocol):
        """A connection, as a flow sees it."""

        has_handed_over: bool

    class RetryPolicy(Protocol):
        """Decides for a flow when to try again, and has the budget that a success refills."""

        @property
        def budget(self) -> Budget:
            """The budget that a success refills."""

        def begin(self, exchange: Exchange) -> None:
            """Take note of an attempt. See ``retry.Policy``."""

        def decide(self, error: Failed, is_idempotent: bool, attempts: int, seconds_left: float) -> "float | None":
            """Decide on the seconds to wait before the next attempt, None to give up. See ``retry.Policy``."""


class Stopped(Exception):  # no error: no caller waits for the call any more
    """The call is given up; a policy raises this."""


class Clock:
    """Gives the time to flows: UNIX seconds (``wall``), and seconds that never go back (``monotonic``)."""

    __slots__ = ("monotonic", "wall")

    def __init__(self, wall: "Callable[[], float]", monotonic: "Callable[[], float]") -> None:
        self.wall = wall
        self.monotonic = monotonic


class ClientState:
    """Keeps the facts that a client learns from its calls: the clock's offset, and regions that serve only Invoke.

    :param api: the action that the caller pinned, None to choose
    """

    __slots__ = ("_old_regions", "api", "offset_seconds")

    def __init__(self, api: "str | None") -> None:
        self.api = api
        self.offset_seconds = 0
        self._old_regions: "set[str]" = set()

    def choose_action(self, call: "Call") -> str:
        """Choose the action: InvokeFunction takes 10,000 calls a second, Invoke takes 100, also asynchronous ones."""
        if call.invocation_type == wire.EVENT or call.region in self._old_regions:
            return wire.INVOKE
        return self.api or wire.INVOKE_FUNCTION

    def can_fall_back(self, action: str) -> bool:
        """True if Invoke may be tried after this action was refused."""
        return action == wire.INVOKE_FUNCTION and self.api is None

    def remember_old(self, region: str) -> None:
        """Note that this region serves only Invoke."""
        self._old_regions.add(region)

    def learn_skew(self, response: "Response", now: float) -> bool:
        """Take the server's time from its answer. True if our clock was wrong by enough to explain a refusal."""
        date = parse_date(response.headers.get(b"date", b""))
        if date is None or abs(date - (now + self.offset_seconds)) < MIN_SKEW_SECONDS:
            return False
        self.offset_seconds = int(date - now)
        return True


class Target:
    """The address of an API endpoint, and the builder of requests to it.

    :param origin: the address, as the drivers' pools know it; ``str()`` gives ``host:port``
    """

    __slots__ = ("builder", "origin")

    def __init__(self, origin: "Any", builder: "RequestBuilder") -> None:
        self.origin = origin
        self.builder = builder


class Repair:
    """A change after which a refused call may succeed. It is tried at once, and once a call.

    :param words: a description, as docs/understand/delivery.md has it
    :param is_refreshing: True to sign the next attempt with new credentials
    :param action: of the next attempt, None to keep the action
    """

    __slots__ = ("action", "is_refreshing", "words")

    def __init__(self, words: str, is_refreshing: bool = False, action: "str | None" = None) -> None:
        self.words = words
        self.is_refreshing = is_refreshing
        self.action = action


RESIGN = Repair("sign with the server's time")
REFRESH = Repair("sign with new credentials", is_refreshing=True)
FALL_BACK = Repair("use the older action", action=wire.INVOKE)

#: The repair for an error of the API. All of these errors are refusals: the function did not run.
REPAIRS = {
    "AuthFailure.SignatureExpire": RESIGN,
    "AuthFailure.TokenFailure": REFRESH,
    "InvalidAction": FALL_BACK,
    "UnsupportedRegion": FALL_BACK,
}


def invoke_flow(
    call: "Call | Query", target: Target, state: ClientState, policy: "RetryPolicy", clock: Clock
) -> "Flow[Any]":
    """Make one call, with all its attempts. Returns the result or raises the error, its verdict over all attempts.

    A query takes the same way; its result is the decoded answer.
    """
    builder = target.builder
    action, body, read = _prepare(call, builder, state)
    log = None  # made at the first failure, so that a call that succeeds at once has no cost
    is_refreshing = False
    while True:
        credentials = yield GetCredentials(is_refreshing, call.deadline)
        if isinstance(credentials, exception.CallError):
            raise credentials if log is None else log.conclude(credentials)
        timestamp = int(clock.wall()) + state.offset_seconds
        request = builder.build(body, action, call.region, credentials, timestamp, call.headers)
        exchange = Exchange(target.origin, request, call.deadline, action)
        policy.begin(exchange)
        started = clock.monotonic()
        outcome = (yield exchange) if started < call.deadline else _too_late(target)
        exchange.may_have_left = False  # from here on the outcome says it
        found = outcome if isinstance(outcome, exception.CallError) else read(outcome)
        if log is not None and log.has_fallen_back and _is_served(found):
            state.remember_old(call.region)
        if not isinstance(found, Exception):
            policy.budget.refill()
            return found
        if found is not outcome:
            _complete(found, exchange, outcome, clock)
        log = log or _AttemptLog(call, state, clock)
        log.add(found, exchange, started)
        repair = log.choose_repair(found, outcome, action)
        if repair is None:
            seconds = policy.decide(found, call.is_idempotent, log.tries, call.deadline - clock.monotonic())
            if seconds is None:
                try:
                    raise log.conclude(found)
                finally:
                    del found, outcome  # break the cycle error -> traceback -> this frame -> error
            yield Sleep(seconds)
            is_refreshing = False
            continue
        is_refreshing = repair.is_refreshing
        if repair.action is not None:
            action = repair.action
            body = builder.build_body(call, action)  # type: ignore[arg-type]  # a query never falls back


def correct_verdict(error: "Failed", exchange: Exchange) -> None:
    """Set NO on an error that was read from an answer, if that came before the request was sent whole.

    The signature covers the whole body: a request that did not arrive whole cannot have run, with any answer.
    """
    if not exchange.is_whole:
        error.executed = Verdict.NO


def _complete(error: "Failed", exchange: Exchange, answer: "Response", clock: Clock) -> None:
    """Complete an error that was read from an answer: its verdict, and the pause that the server asked for."""
    correct_verdict(error, exchange)
    if b"retry-after" in answer.headers:
        error.retry_after_seconds = read_retry_after(answer, clock.wall())


def _is_served(found: "Found") -> bool:
    """True if the action took the call: the outcome is the function's result, or the function's error."""
    return not isinstance(found, exception.CallError)


def _prepare(call: "Call | Query", builder: "RequestBuilder", state: ClientState) -> "tuple[str, bytes, Read]":
    """Choose the first action, the request's body, and the reader of the answer."""
    if isinstance(call, Query):
        return call.action, call.body, read_envelope
    action = state.choose_action(call)
    return action, builder.build_body(call, action), read_response


def _too_late(target: Target) -> exception.DeadlineExceeded:
    message = "the timeout passed before the request to {} was sent".format(target.origin)
    return exception.DeadlineExceeded("ClientNetworkError", message, executed=Verdict.NO)


def describe_attempt(
    number: int, exchange: Exchange, outcome: str, executed: Verdict, span: "tuple[float, float]"
) -> Attempt:
    """Describe one attempt, for an error or an observer.

    :param span: its begin and end, monotonic seconds
    """
    started, ended = span
    phases = {}
    since = started
    for name, at in exchange.marks:
        phases[name] = (at - since) * 1000.0
        since = at
    if "send" in phases:
        phases["wait"] = (ended - since) * 1000.0
    return Attempt(
        number,
        exchange.action,
        str(exchange.origin),
        outcome,
        executed,
        duration_ms=(ended - started) * 1000.0,
        phases_ms=phases,
    )


class _AttemptLog:
    """Keeps the attempts of one call, and concludes the verdict over all of them."""

    __slots__ = ("_attempts", "_call", "_clock", "_repairs", "_state")

    def __init__(self, call: "Call | Query", state: ClientState, clock: Clock) -> None:
        self._call = call
        self._state = state
        self._clock = clock
        self._attempts: "list[Attempt]" = []
        self._repairs: "list[Repair]" = []

    @property
    def tries(self) -> int:
        """The number of attempts that count against ``max_attempts``: all but those that a repair followed."""
        return len(self._attempts) - len(self._repairs)

    @property
    def has_fallen_back(self) -> bool:
        """True if the newer action was refused, and the older one is used."""
        return FALL_BACK in self._repairs

    def add(self, error: "Failed", exchange: Exchange, started: float) -> None:
        """Add the attempt that has just failed.

        :param started: monotonic seconds
        """
        span = (started, self._clock.monotonic())
        number = len(self._attempts) + 1
        self._attempts.append(describe_attempt(number, exchange, str(error.code), error.executed, span))

    def choose_repair(self, error: "Failed", answer: "Response", action: str) -> "Repair | None":
        """Choose the repair for a refusal, None if there is none or it was tried already.

        :param answer: the response from which the error was read
        :param action: the refused action
        """
        repair = REPAIRS.get(error.code) if isinstance(error, exception.APIError) else None
        if repair is None or repair in self._repairs or not self._can_mend(repair, answer, action):
            return None
        self._repairs.append(repair)
        return repair

    def _can_mend(self, repair: Repair, answer: "Response", action: str) -> bool:
        if repair is RESIGN:
            return self._state.learn_skew(answer, self._clock.wall())
        if repair is FALL_BACK:
            return isinstance(self._call, Call) and self._state.can_fall_back(action)
        return True

    def conclude(self, error: "Failed") -> "Failed":
        """Complete the error to raise: its attempts, and NO only if no attempt may have run the function."""
        error.attempts = tuple(self._attempts)
        if error.executed is Verdict.NO and any(attempt.executed is not Verdict.NO for attempt in self._attempts):
            error.executed = Verdict.MAYBE
        return error
