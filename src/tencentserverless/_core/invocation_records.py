"""The service's records of asynchronous invocations: writes the queries, reads the answers.

Sources: cloud.tencent.com/document/api/583/65348 (GetRequestStatus) and 17244 (RequestStatus, AsyncEventStatus).
"""

from tencentserverless import exception
from tencentserverless._core import wire
from tencentserverless._core.response import read_result
from tencentserverless._core.signing import utc_date
from tencentserverless.models import InvocationStatus, InvokeResult

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tencentserverless._core.response import Fields

RECENT_SECONDS = 14 * 60  # GetRequestStatus looks back 15 minutes where no time is given
KEPT_SECONDS = 3 * 24 * 3600  # the service keeps events for three days
#: No page gives the zone of a query's times. A published sample has UTC+8 (document/api/583/9746); UTC is covered too.
_ZONE_SECONDS = 8 * 3600
_MARGIN_SECONDS = 600
_MIN_MEMORY_BYTES = 1 << 20  # no instance uses less; a smaller number is in megabytes, as on the page


class InvocationRef:
    """Names an asynchronous invocation, and remembers which record tells of it.

    :param started_at: UNIX seconds by the server's clock, None where another process started it
    :ivar source: the kind of record that tells of it, empty until that is known
    :ivar misses: polls that found neither record
    :ivar ended_at: monotonic seconds of the first poll that found its event ended
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
        self.source = ""
        self.misses = 0
        self.ended_at = None


class PollResult:
    """The state of an invocation, as one poll found it.

    :ivar outcome: its result, or the error to raise; None where it has not ended or its record is not there yet
    """

    __slots__ = ("outcome", "status")

    def __init__(self, status: InvocationStatus, outcome: "InvokeResult | Exception | None") -> None:
        self.status = status
        self.outcome = outcome


NOT_FOUND = PollResult(InvocationStatus.UNKNOWN, None)
_RUNNING = PollResult(InvocationStatus.RUNNING, None)


def record_query(ref: InvocationRef, now: float) -> "Fields":
    """Write the query for the records of an invocation.

    :param now: UNIX seconds by the server's clock
    """
    fields = {
        "FunctionName": ref.function_name,
        "FunctionRequestId": ref.request_id,
        "Namespace": ref.namespace,
    }
    started_at = ref.started_at
    if started_at is None or now - started_at > RECENT_SECONDS:
        begin = now - KEPT_SECONDS if started_at is None else started_at
        fields["StartTime"] = _write_time(begin - _MARGIN_SECONDS)
        fields["EndTime"] = _write_time(now + _ZONE_SECONDS + _MARGIN_SECONDS)
    return fields


def event_query(request_id: str) -> "Fields":
    """Write the query for the status of an event."""
    return {"InvokeRequestId": request_id}


def termination_query(ref: InvocationRef, is_graceful: bool) -> "Fields":
    """Write the order to terminate an event."""
    return {
        "FunctionName": ref.function_name,
        "InvokeRequestId": ref.request_id,
        "Namespace": ref.namespace,
        "GraceShutdown": is_graceful,
    }


def read_records(envelope: "Fields", ref: InvocationRef, now: float) -> "PollResult | None":
    """Read the records; None where there are none. The platform keeps one for each run of the call.

    :param now: UNIX seconds by the server's clock
    """
    data = envelope["Response"].get("Data")
    rows = [row for row in data if isinstance(row, dict)] if isinstance(data, list) else []
    rows = [row for row in rows if row.get("RequestId") in (None, "", ref.request_id)]
    if not rows:
        return None
    statuses = [_read_code(row.get("RetCode")) for row in rows]
    for status, row in zip(statuses, rows):
        if status is InvocationStatus.FINISHED:
            return _read_record(envelope, row, ref.request_id, status)
    if InvocationStatus.RUNNING in statuses:
        return _RUNNING
    last = max(rows, key=_count_retries)
    failed = _read_record(envelope, last, ref.request_id, InvocationStatus.FAILED)
    return _RUNNING if _is_requeued(failed.outcome, ref, now) else failed


def _read_code(code: object) -> InvocationStatus:
    return wire.RECORD_STATUSES.get(code if isinstance(code, int) else -1, InvocationStatus.FAILED)


def _is_requeued(outcome: object, ref: InvocationRef, now: float) -> bool:
    """True if the platform will run the invocation again by itself."""
    if getattr(outcome, "status_code", None) not in wire.REQUEUED_STATUSES:
        return False
    return ref.started_at is None or now - ref.started_at <= wire.MAX_EVENT_AGE_SECONDS


def _count_retries(row: "Fields") -> int:
    number = row.get("RetryNum")
    return number if isinstance(number, int) else 0


def _read_record(envelope: "Fields", row: "Fields", request_id: str, status: InvocationStatus) -> PollResult:
    """Read the record of an ended execution, as if it were the Result of a synchronous call."""
    message = row.get("RetMsg")
    result = {
        "RetMsg": message if isinstance(message, str) else "",
        "FunctionRequestId": request_id,
        "Duration": row.get("Duration"),
        "MemUsage": _read_memory(row.get("MemUsage")),
        "InvokeResult": 0 if status is InvocationStatus.FINISHED else -1,
    }
    outcome = read_result(envelope, envelope["Response"], result)
    if isinstance(outcome, InvokeResult):
        return PollResult(status, outcome)
    _name_invocation(outcome, request_id)
    aborted = isinstance(outcome, exception.FunctionAborted)
    return PollResult(InvocationStatus.ABORTED if aborted else InvocationStatus.FAILED, outcome)


def _name_invocation(outcome: "InvokeResult | Exception", request_id: str) -> None:
    """Give a function's error the id of the invocation: the envelope has that of the query."""
    if isinstance(outcome, exception.TencentServerlessSDKException):
        outcome.request_id = request_id


def _read_memory(value: object) -> int:
    if not isinstance(value, (int, float)):
        return 0
    return int(value if value >= _MIN_MEMORY_BYTES else value * _MIN_MEMORY_BYTES)


_ENDS = {InvocationStatus.ABORTED: "the invocation was terminated"}


def read_event(envelope: "Fields") -> PollResult:
    """Read the status of an event. The outcome holds the facts that are known without a record of its execution."""
    answer = envelope["Response"]
    result = answer.get("Result")
    found = result if isinstance(result, dict) else {}
    status = wire.EVENT_STATUSES.get(str(found.get("Status")), InvocationStatus.UNKNOWN)
    if not status.has_ended:
        return PollResult(status, None)
    request_id = found.get("InvokeRequestId") or ""
    code = found.get("StatusCode")
    is_finished = status is InvocationStatus.FINISHED
    if status is InvocationStatus.ABORTED:
        code = wire.ABORTED  # whatever the end of its process was: it was terminated
    told = {"FunctionRequestId": request_id, "InvokeResult": 0 if is_finished else code or -1}
    if not is_finished:
        told["ErrMsg"] = _ENDS.get(status, "the invocation has failed; the service keeps no record of why")
    outcome = read_result(envelope, answer, told)
    _name_invocation(outcome, request_id)
    return PollResult(status, outcome)


def _write_time(seconds: float) -> str:
    moment = int(seconds)
    minutes, second = divmod(moment % 86400, 60)
    return "{} {:02d}:{:02d}:{:02d}".format(utc_date(moment), minutes // 60, minutes % 60, second)
