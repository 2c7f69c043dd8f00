"""What became of an asynchronous invocation: one look at it, and looking until it has ended, as flows.

Two records can tell. GetRequestStatus knows what returned and what failed. Functions created with AsyncRunEnable have
events besides, which GetAsyncEventStatus knows from the moment they are accepted. Which of the two tells of an
invocation is learnt from what the service answers, once. Sources: cloud.tencent.com/document/api/583/65348
(GetRequestStatus), 17244 (data types), and the pages of GetAsyncEventStatus and TerminateAsyncEvent.
"""

from tencentserverless import exception
from tencentserverless._core import invocation_records as records
from tencentserverless._core import retry, wire
from tencentserverless._core.flow import Sleep, invoke_flow
from tencentserverless._core.observation import observe_flow
from tencentserverless._core.request import Query
from tencentserverless.models import InvocationStatus, Verdict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Generator

    from tencentserverless._core.flow import Clock, Flow, Memory, Target
    from tencentserverless._core.invocation_records import Sighting
    from tencentserverless.models import InvokeResult

    LookFlow = Generator[Any, Any, Sighting]

NEVER = float("inf")
QUESTION_SECONDS = 30.0  # for one question: it is answered at once, so that a longer silence means a lost answer
FIRST_PAUSE_SECONDS = 0.1
PAUSE_GROWTH = 1.5
MAX_PAUSE_SECONDS = 5.0
LAST_LOOK_SECONDS = 0.1  # before the caller's time is up
#: How long after an event has ended its result may take to appear among the records.
RECORD_SECONDS = 10.0

_RECORD = "record"
_EVENT = "event"


class Watched:
    """An invocation that is asked about, and what was learnt about how to ask.

    :param started_at: UNIX seconds by the server's clock, None where another process started it
    """

    __slots__ = ("ended_at", "function_name", "misses", "namespace", "region", "request_id", "source", "started_at")

    ended_at: "float | None"
    function_name: str
    misses: int
    namespace: str
    region: str
    request_id: str
    source: str
    started_at: "float | None"

    def __init__(
        self, function_name: str, namespace: str, region: str, request_id: str, started_at: "float | None" = None
    ) -> None:
        self.function_name = function_name
        self.namespace = namespace
        self.region = region
        self.request_id = request_id
        self.started_at = started_at
        self.source = ""  # which record tells of it, once that is known
        self.misses = 0  # looks at which there was neither
        self.ended_at = None  # monotonic seconds when its event was first seen ended


class Desk:
    """Where questions are asked, and how patiently.

    :param policy: when a question is asked again at once
    :param patience_seconds: how long ``result_flow`` goes on asking while it gets no answer
    :param observer: is told of every try, None where nobody asked for that
    """

    __slots__ = ("clock", "memory", "observer", "patience_seconds", "policy", "target")

    def __init__(
        self,
        target: "Target",
        memory: "Memory",
        policy: "retry.Policy",
        clock: "Clock",
        *,
        patience_seconds: float,
        observer: "Any" = None,
    ) -> None:
        self.target = target
        self.memory = memory
        self.policy = policy
        self.clock = clock
        self.patience_seconds = patience_seconds
        self.observer = observer

    def now(self) -> float:
        """UNIX seconds by the server's clock."""
        return self.clock.wall() + self.memory.offset_seconds


def ask_flow(action: str, fields: "dict[str, Any]", watched: Watched, desk: Desk, deadline: float = NEVER) -> "Flow":
    """One question. Its errors say MAYBE: whatever became of the question, the invocation was accepted."""
    seconds = min(QUESTION_SECONDS, desk.patience_seconds)
    query = Query(
        action,
        fields,
        watched.function_name,
        watched.namespace,
        region=watched.region,
        deadline=min(deadline, desk.clock.monotonic() + seconds),
    )
    flow = invoke_flow(query, desk.target, desk.memory, desk.policy, desk.clock)
    if desk.observer is not None:
        flow = observe_flow(flow, query, desk.clock, desk.observer)
    try:
        return (yield from flow)
    except exception.CallError as error:
        error.executed = Verdict.MAYBE
        raise


def look_flow(watched: Watched, desk: Desk, deadline: float = NEVER) -> "LookFlow":
    """One look at an invocation. Returns what was seen; raises what made looking impossible."""
    if watched.source == _EVENT:
        return (yield from _look_at_event(watched, desk, deadline))
    sighting = yield from _look_at_record(watched, desk, deadline)
    if watched.source == _RECORD or (sighting is not None and sighting.outcome is not None):
        return sighting or records.UNSEEN
    watched.misses += 1
    event = records.UNSEEN
    if not watched.misses & (watched.misses - 1):  # ever more rarely: a function that has events shows them at once
        event = yield from _look_at_event(watched, desk, deadline)
    if sighting is None or watched.source == _EVENT:
        return event
    watched.source = _RECORD
    return sighting


def _look_at_record(watched: Watched, desk: Desk, deadline: float) -> "Generator[Any, Any, Sighting | None]":
    fields = records.record_query(watched, desk.now())
    envelope = yield from ask_flow(wire.GET_REQUEST_STATUS, fields, watched, desk, deadline)
    return records.read_records(envelope, watched, desk.now())


def _look_at_event(watched: Watched, desk: Desk, deadline: float) -> "LookFlow":
    fields = records.event_query(watched.request_id)
    try:
        envelope = yield from ask_flow(wire.GET_ASYNC_EVENT_STATUS, fields, watched, desk, deadline)
    except exception.APIError as error:
        if retry.base_seconds(error) is not None:
            raise
        return records.UNSEEN  # no event of that id, no function that has events, or no right to ask for them
    sighting = records.read_event(envelope)
    if sighting.status is not InvocationStatus.UNKNOWN:
        watched.source = _EVENT
    if not sighting.status.has_ended:
        return sighting
    record = yield from _look_at_record(watched, desk, deadline)
    if record is not None and record.outcome is not None:
        return records.Sighting(sighting.status, record.outcome)
    if watched.ended_at is None:
        watched.ended_at = desk.clock.monotonic()
    has_waited = desk.clock.monotonic() - watched.ended_at >= RECORD_SECONDS
    return sighting if has_waited else records.Sighting(sighting.status, None)


def result_flow(watched: Watched, desk: Desk, timeout: "float | None") -> "Flow":
    """Look until it has ended; return its result or raise the function's error.

    :param timeout: in seconds, None to wait as long as it takes
    """
    monotonic = desk.clock.monotonic
    deadline = NEVER if timeout is None else monotonic() + timeout
    answered = monotonic()
    pause = FIRST_PAUSE_SECONDS
    status = InvocationStatus.UNKNOWN
    failure: "exception.CallError | None" = None
    while True:
        try:
            sighting = yield from look_flow(watched, desk, deadline)
            status, failure, answered = sighting.status, None, monotonic()
            if sighting.outcome is not None:
                return _conclude(sighting)
        except exception.CallError as error:
            base = retry.base_seconds(error)
            if base is None or monotonic() - answered > desk.patience_seconds:
                raise
            failure, pause = error, max(pause, base)
        left = deadline - monotonic() - LAST_LOOK_SECONDS
        if left <= 0:
            try:
                raise _late(watched, status, timeout) from failure
            finally:
                del failure  # whose traceback holds this frame
        yield Sleep(min(spread(pause, desk.policy.rng), left))
        pause = min(MAX_PAUSE_SECONDS, pause * PAUSE_GROWTH)


def _conclude(sighting: "Sighting") -> "InvokeResult":
    outcome, sighting.outcome = sighting.outcome, None  # no frame is to hold the error that passes through it
    if isinstance(outcome, Exception):
        try:
            raise outcome
        finally:
            del outcome
    assert outcome is not None
    return outcome


def spread(pause: float, rng: "Callable[[], float]") -> float:
    """Between half a pause and a whole one, so that those who wait spread out.

    :param rng: gives a number in [0, 1)
    """
    return pause * (0.5 + 0.5 * rng())


def _late(watched: Watched, status: InvocationStatus, timeout: "float | None") -> exception.ResultTimeout:
    message = "{} {} has no result after {:g} s; its status was {}. Nothing was stopped: ask again"
    return exception.ResultTimeout(
        "ClientNetworkError",
        message.format(watched.function_name, watched.request_id, timeout, status.value),
        executed=Verdict.MAYBE,
    )


def cancel_flow(watched: Watched, desk: Desk, is_graceful: bool) -> "Generator[Any, Any, None]":
    """Have it terminated."""
    fields = records.termination_query(watched, is_graceful)
    yield from ask_flow(wire.TERMINATE_ASYNC_EVENT, fields, watched, desk)
    watched.source = _EVENT  # no other function can be terminated
