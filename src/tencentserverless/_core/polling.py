"""Polls an asynchronous invocation, once or until it has ended, as flows.

The service keeps two kinds of records. GetRequestStatus has the results and the failures. Functions created with
AsyncRunEnable also have events, which GetAsyncEventStatus has from the moment they are accepted. The first answers of
the service tell which of the two has an invocation. Sources: cloud.tencent.com/document/api/583/65348
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
    from tencentserverless._core.flow import ClientState, Clock, Flow, Target
    from tencentserverless._core.invocation_records import InvocationRef, PollResult
    from tencentserverless._core.observation import AttemptObserver
    from tencentserverless._core.response import Fields
    from tencentserverless.models import InvokeResult

NEVER = float("inf")
QUESTION_SECONDS = 30.0  # for one query: the service answers at once, so a longer silence means a lost answer
FIRST_PAUSE_SECONDS = 0.1
PAUSE_GROWTH = 1.5
MAX_PAUSE_SECONDS = 5.0
LAST_POLL_SECONDS = 0.1  # the last poll begins so long before the caller's deadline
#: An ended event's result may appear so much later among the records.
RECORD_SECONDS = 10.0

_RECORD = "record"
_EVENT = "event"


class PollContext:
    """Settings and shared objects that every query about an invocation needs.

    :param policy: decides when a query is sent again at once
    :param patience_seconds: ``result_flow`` gives up after so long without any answer
    :param observer: gets every attempt, None for no observer
    """

    __slots__ = ("clock", "observer", "patience_seconds", "policy", "state", "target")

    def __init__(
        self,
        target: "Target",
        state: "ClientState",
        policy: "retry.Policy",
        clock: "Clock",
        *,
        patience_seconds: float,
        observer: "AttemptObserver | None" = None,
    ) -> None:
        self.target = target
        self.state = state
        self.policy = policy
        self.clock = clock
        self.patience_seconds = patience_seconds
        self.observer = observer

    def now(self) -> float:
        """Return UNIX seconds by the server's clock."""
        return self.clock.wall() + self.state.offset_seconds


def ask_flow(
    action: str, fields: "Fields", ref: "InvocationRef", context: PollContext, deadline: float = NEVER
) -> "Flow[Fields]":
    """Send one query. Its errors say MAYBE: the invocation itself was accepted before, and may run."""
    seconds = min(QUESTION_SECONDS, context.patience_seconds)
    query = Query(
        action,
        fields,
        ref.function_name,
        ref.namespace,
        region=ref.region,
        deadline=min(deadline, context.clock.monotonic() + seconds),
    )
    flow: "Flow[Fields]" = invoke_flow(query, context.target, context.state, context.policy, context.clock)
    if context.observer is not None:
        flow = observe_flow(flow, query, context.clock, context.observer)
    try:
        return (yield from flow)
    except exception.CallError as error:
        error.executed = Verdict.MAYBE
        raise


def poll_flow(ref: "InvocationRef", context: PollContext, deadline: float = NEVER) -> "Flow[PollResult]":
    """Poll an invocation once. Returns the state in the records; raises the error if there is no answer."""
    if ref.source == _EVENT:
        return (yield from _poll_event(ref, context, deadline))
    polled = yield from _poll_record(ref, context, deadline)
    if ref.source == _RECORD or (polled is not None and polled.outcome is not None):
        if not ref.source and polled is not None and isinstance(polled.outcome, exception.FunctionExited):
            event = yield from _poll_event(ref, context, deadline)  # it may have been terminated, from elsewhere
            if event.status is InvocationStatus.ABORTED:
                return event
        return polled or records.NOT_FOUND
    ref.misses += 1
    event = records.NOT_FOUND
    if not ref.misses & (ref.misses - 1):  # at misses 1, 2, 4, 8, ...: a function that has events shows them at once
        event = yield from _poll_event(ref, context, deadline)
    if polled is None or ref.source == _EVENT:
        return event
    ref.source = _RECORD
    return polled


def _poll_record(ref: "InvocationRef", context: PollContext, deadline: float) -> "Flow[PollResult | None]":
    fields = records.record_query(ref, context.now())
    envelope = yield from ask_flow(wire.GET_REQUEST_STATUS, fields, ref, context, deadline)
    return records.read_records(envelope, ref, context.now())


def _poll_event(ref: "InvocationRef", context: PollContext, deadline: float) -> "Flow[PollResult]":
    fields = records.event_query(ref.request_id)
    try:
        envelope = yield from ask_flow(wire.GET_ASYNC_EVENT_STATUS, fields, ref, context, deadline)
    except exception.APIError as error:
        if retry.base_seconds(error) is not None:
            raise
        return records.NOT_FOUND  # no event of that id, no function with events, or no permission
    polled = records.read_event(envelope)
    if polled.status is not InvocationStatus.UNKNOWN:
        ref.source = _EVENT
    if not polled.status.has_ended:
        return polled
    record = yield from _poll_record(ref, context, deadline)
    if record is not None and record.outcome is not None:
        if polled.status is InvocationStatus.ABORTED and isinstance(record.outcome, exception.FunctionExited):
            return polled  # the record of a terminated invocation tells only that its process has ended
        return records.PollResult(polled.status, record.outcome)
    if ref.ended_at is None:
        ref.ended_at = context.clock.monotonic()
    has_waited = context.clock.monotonic() - ref.ended_at >= RECORD_SECONDS
    return polled if has_waited else records.PollResult(polled.status, None)


def result_flow(ref: "InvocationRef", context: PollContext, timeout: "float | None") -> "Flow[InvokeResult]":
    """Poll an invocation until it has ended; return its result or raise the function's error.

    :param timeout: in seconds, None for no limit
    """
    monotonic = context.clock.monotonic
    deadline = NEVER if timeout is None else monotonic() + timeout
    answered = monotonic()
    pause = FIRST_PAUSE_SECONDS
    status = InvocationStatus.UNKNOWN
    failure: "exception.CallError | None" = None
    while True:
        asked = 0.0
        try:
            polled = yield from poll_flow(ref, context, deadline)
            status, failure, answered = polled.status, None, monotonic()
            if polled.outcome is not None:
                return _conclude(polled)
        except exception.CallError as error:
            base = retry.base_seconds(error)
            if base is None or monotonic() - answered > context.patience_seconds:
                raise
            failure, pause = error, max(pause, base)
            asked = error.retry_after_seconds or 0.0
        left = deadline - monotonic() - LAST_POLL_SECONDS
        if left <= 0:
            try:
                raise _late(ref, status, timeout) from failure
            finally:
                del failure  # break the cycle error -> traceback -> this frame -> error
        yield Sleep(min(max(spread(pause, context.policy.rng), asked), left))
        pause = min(MAX_PAUSE_SECONDS, pause * PAUSE_GROWTH)


def _conclude(polled: "PollResult") -> "InvokeResult":
    outcome, polled.outcome = polled.outcome, None  # a traceback of the error would hold a frame that holds the error
    if isinstance(outcome, Exception):
        try:
            raise outcome
        finally:
            del outcome
    assert outcome is not None
    return outcome


def spread(pause: float, rng: "retry.Rng") -> float:
    """Draw a pause between half and all of the given one, so that waiting callers spread out."""
    return pause * (0.5 + 0.5 * rng())


def _late(ref: "InvocationRef", status: InvocationStatus, timeout: "float | None") -> exception.ResultTimeout:
    message = "{} {} has no result after {:g} s; its status was {}. Nothing was stopped: ask again"
    return exception.ResultTimeout(
        "ClientNetworkError",
        message.format(ref.function_name, ref.request_id, timeout, status.value),
        ref.request_id,
        executed=Verdict.MAYBE,
    )


def cancel_flow(ref: "InvocationRef", context: PollContext, is_graceful: bool) -> "Flow[None]":
    """Order the service to terminate an invocation."""
    fields = records.termination_query(ref, is_graceful)
    try:
        yield from ask_flow(wire.TERMINATE_ASYNC_EVENT, fields, ref, context)
    except exception.ResourceNotFound as error:
        message = error.message or ""
        if error.code == wire.NO_ASYNC_EVENT and "AsyncRunEnable" not in message:
            error.message = message + "; an invocation can be cancelled if its function has AsyncRunEnable"
        raise
    ref.source = _EVENT  # no other function can be terminated
