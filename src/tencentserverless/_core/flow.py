"""The one request loop. It yields what has to happen in the world and is sent what came of it; drivers obey.

The effects, all of them: ``GetCredentials`` (answer: ``Credentials`` or the ``CallError`` to raise), ``Exchange``
(answer: a ``Response`` or a ``NetworkError`` with its verdict) and ``Sleep`` (no answer). Outcomes come in as values;
cancellation and KeyboardInterrupt end the flow by ``close()``. Never yield inside ``finally``.
"""

from tencentserverless import exception
from tencentserverless._core import wire
from tencentserverless._core.http11 import parse_date
from tencentserverless._core.request import Query
from tencentserverless._core.response import read_envelope, read_response
from tencentserverless.models import Attempt, InvokeResult, Verdict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Generator

    from tencentserverless._core.http11 import Response
    from tencentserverless._core.map_window import Entry
    from tencentserverless._core.request import Call, RequestBuilder
    from tencentserverless._core.retry import Policy

    Failed = exception.CallError | exception.TencentServerlessSDKException
    Flow = Generator[Any, Any, Any]

#: A clock that is off by less is left alone: the API allows 300 s, and the header's second is coarse.
MIN_SKEW_SECONDS = 60


class GetCredentials:
    """Effect: get credentials, new ones with ``refresh``, before the deadline (monotonic seconds)."""

    __slots__ = ("deadline", "refresh")

    def __init__(self, refresh: bool, deadline: float) -> None:
        self.refresh = refresh
        self.deadline = deadline


class Exchange:
    """Effect: send a request, get its response, before the deadline (monotonic seconds).

    ``marks`` holds (phase, monotonic seconds at its end) for the story of a failure; a call on a kept connection that
    succeeds notes nothing. ``may_have_left`` is the driver's word on a request that it could not finish.
    """

    __slots__ = ("action", "deadline", "marks", "may_have_left", "origin", "request")

    def __init__(self, origin: "Any", request: bytes, deadline: float, action: str) -> None:
        self.origin = origin
        self.request = request
        self.deadline = deadline
        self.action = action
        self.may_have_left = False
        self.marks: "tuple[tuple[str, float], ...]" = ()

    def mark(self, phase: str, at: float) -> None:
        """A phase ended."""
        self.marks += ((phase, at),)


class Sleep:
    """Effect: wait."""

    __slots__ = ("seconds",)

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds


class Clock:
    """Time, as the flows see it: UNIX seconds, and seconds that never go back."""

    __slots__ = ("monotonic", "wall")

    def __init__(self, wall: "Callable[[], float]", monotonic: "Callable[[], float]") -> None:
        self.wall = wall
        self.monotonic = monotonic


class Memory:
    """What a client learns from its calls: the clock's offset, and where only the older action is served.

    :param api: the action that the caller pinned, None to choose
    """

    __slots__ = ("_old_regions", "api", "offset_seconds")

    def __init__(self, api: "str | None") -> None:
        self.api = api
        self.offset_seconds = 0
        self._old_regions: "set[str]" = set()

    def choose_action(self, call: "Call") -> str:
        """InvokeFunction takes 10,000 calls a second and Invoke 100, but only Invoke has asynchronous calls."""
        if call.invocation_type == wire.EVENT or call.region in self._old_regions:
            return wire.INVOKE
        return self.api or wire.INVOKE_FUNCTION

    def can_fall_back(self, action: str) -> bool:
        """May Invoke be tried where InvokeFunction is refused?"""
        return action == wire.INVOKE_FUNCTION and self.api is None

    def remember_old(self, region: str) -> None:
        """This region serves Invoke alone."""
        self._old_regions.add(region)

    def learn_skew(self, response: "Response", now: float) -> bool:
        """Take the server's time from its answer. True if our clock was off by enough to explain a refusal."""
        date = parse_date(response.headers.get(b"date", b""))
        if date is None or abs(date - (now + self.offset_seconds)) < MIN_SKEW_SECONDS:
            return False
        self.offset_seconds = int(date - now)
        return True


class Target:
    """Where requests go and what builds them.

    :param origin: the address, as the drivers' pools know it; ``str()`` gives ``host:port``
    """

    __slots__ = ("builder", "origin")

    def __init__(self, origin: "Any", builder: "RequestBuilder") -> None:
        self.origin = origin
        self.builder = builder


def invoke_flow(call: "Call | Query", target: Target, memory: Memory, policy: "Policy | Entry", clock: Clock) -> "Flow":
    """One call, with all its attempts. Returns the result or raises the error, its verdict over all attempts.

    A query goes the same way; what it returns is the decoded answer.
    """
    builder = target.builder
    action, body, read = _prepare(call, builder, memory)
    story = None
    has_fallen_back = False
    effect = GetCredentials(False, call.deadline)
    while True:
        credentials = yield effect
        if isinstance(credentials, exception.CallError):
            raise credentials if story is None else story.conclude(credentials)
        timestamp = int(clock.wall()) + memory.offset_seconds
        request = builder.build(body, action, call.region, credentials, timestamp)
        exchange = Exchange(target.origin, request, call.deadline, action)
        started = clock.monotonic()
        outcome = (yield exchange) if started < call.deadline else _too_late(target)
        found = outcome if isinstance(outcome, exception.CallError) else read(outcome)
        if has_fallen_back and not isinstance(found, exception.CallError):
            memory.remember_old(call.region)
        if type(found) is InvokeResult or type(found) is dict:
            policy.budget.refill()
            return found
        if story is None:
            story = _Story()
        story.add(found, exchange, started, clock.monotonic())
        repair = story.find_repair(found, outcome, action, memory, clock)
        if repair is None:
            seconds = policy.decide(found, call.is_idempotent, story.tries, call.deadline - clock.monotonic())
            if seconds is None:
                try:
                    raise story.conclude(found)
                finally:
                    del found, outcome  # an error whose traceback's frame holds the error lives until the next GC
            yield Sleep(seconds)
        effect = GetCredentials(repair == _REFRESH, call.deadline)
        if repair == _FALL_BACK:
            has_fallen_back = True
            action = wire.INVOKE
            body = builder.build_body(call, action)  # type: ignore[arg-type]  # a query never falls back


#: What mends a refusal at once, each tried once a call. All of these are refusals: the function did not run.
_RESIGN = "sign with the server's time"
_REFRESH = "sign with new credentials"
_FALL_BACK = "use the older action"
REPAIRS = {
    "AuthFailure.SignatureExpire": _RESIGN,
    "AuthFailure.TokenFailure": _REFRESH,
    "InvalidAction": _FALL_BACK,
    "UnsupportedRegion": _FALL_BACK,
}


def _prepare(call: "Call | Query", builder: "RequestBuilder", memory: Memory) -> "tuple[str, bytes, Any]":
    """The action to begin with, the request's body, and what reads the answer."""
    if isinstance(call, Query):
        return call.action, call.body, read_envelope
    action = memory.choose_action(call)
    return action, builder.build_body(call, action), read_response


def _too_late(target: Target) -> exception.DeadlineExceeded:
    message = "the timeout passed before the request to {} was sent".format(target.origin)
    return exception.DeadlineExceeded("ClientNetworkError", message, executed=Verdict.NO)


def describe_attempt(
    number: int, exchange: Exchange, outcome: str, executed: Verdict, span: "tuple[float, float]"
) -> Attempt:
    """What is told of one try.

    :param span: when it began and ended, monotonic seconds
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


class _Story:
    """What was tried in one call, and what that proves together."""

    __slots__ = ("_attempts", "_repairs", "tries")

    def __init__(self) -> None:
        self._attempts: "list[Attempt]" = []
        self._repairs: "list[str]" = []
        self.tries = 0  # attempts that count against max_attempts: repairs do not

    def add(self, error: "Failed", exchange: Exchange, started: float, ended: float) -> None:
        """An attempt failed."""
        self.tries += 1
        number = len(self._attempts) + 1
        self._attempts.append(describe_attempt(number, exchange, str(error.code), error.executed, (started, ended)))

    def find_repair(self, error: "Failed", outcome: "Any", action: str, memory: Memory, clock: Clock) -> "str | None":
        """What would mend this refusal, None if nothing does or it was tried already."""
        repair = REPAIRS.get(error.code) if isinstance(error, exception.APIError) else None
        if repair is None or repair in self._repairs:
            return None
        if repair == _RESIGN and not memory.learn_skew(outcome, clock.wall()):
            return None
        if repair == _FALL_BACK and not memory.can_fall_back(action):
            return None
        self._repairs.append(repair)
        self.tries -= 1
        return repair

    def conclude(self, error: "Failed") -> "Failed":
        """The error to raise, with what was tried. It says NO only if no attempt may have run the function."""
        error.attempts = tuple(self._attempts)
        if error.executed is Verdict.NO and any(attempt.executed is not Verdict.NO for attempt in self._attempts):
            error.executed = Verdict.MAYBE
        return error
