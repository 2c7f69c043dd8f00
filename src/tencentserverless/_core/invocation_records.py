"""What the service writes down about asynchronous invocations: the questions, and how to read the answers.

Sources: cloud.tencent.com/document/api/583/65348 (GetRequestStatus) and 17244 (RequestStatus, AsyncEventStatus).
"""

from tencentserverless import exception
from tencentserverless._core import wire
from tencentserverless._core.response import read_result
from tencentserverless._core.signing import utc_date
from tencentserverless.models import InvocationStatus, InvokeResult

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from tencentserverless._core.polling import Watched

RECENT_SECONDS = 14 * 60  # GetRequestStatus looks back 15 minutes where no time is given
KEPT_SECONDS = 3 * 24 * 3600  # how long events are kept
#: The documentation does not say in which zone the platform reads times: UTC, or its own. Intervals cover both.
_ZONE_SECONDS = 8 * 3600
_MARGIN_SECONDS = 600
_MIN_MEMORY_BYTES = 1 << 20  # no instance uses less; a smaller number is one of megabytes, as the page has it


class Sighting:
    """What was seen of an invocation.

    :ivar outcome: its result, or the error to raise; None where it has not ended or the record does not say yet
    """

    __slots__ = ("outcome", "status")

    def __init__(self, status: InvocationStatus, outcome: "InvokeResult | Exception | None") -> None:
        self.status = status
        self.outcome = outcome


UNSEEN = Sighting(InvocationStatus.UNKNOWN, None)
_RUNNING = Sighting(InvocationStatus.RUNNING, None)


def record_query(watched: "Watched", now: float) -> "dict[str, Any]":
    """The question for the records of an invocation.

    :param now: UNIX seconds by the server's clock
    """
    fields = {
        "FunctionName": watched.function_name,
        "FunctionRequestId": watched.request_id,
        "Namespace": watched.namespace,
    }
    started_at = watched.started_at
    if started_at is None or now - started_at > RECENT_SECONDS:
        begin = now - KEPT_SECONDS if started_at is None else started_at
        fields["StartTime"] = _write_time(begin - _MARGIN_SECONDS)
        fields["EndTime"] = _write_time(now + _ZONE_SECONDS + _MARGIN_SECONDS)
    return fields


def event_query(request_id: str) -> "dict[str, Any]":
    """The question for the status of an event."""
    return {"InvokeRequestId": request_id}


def termination_query(watched: "Watched", is_graceful: bool) -> "dict[str, Any]":
    """The order to terminate an event."""
    return {
        "FunctionName": watched.function_name,
        "InvokeRequestId": watched.request_id,
        "Namespace": watched.namespace,
        "GraceShutdown": is_graceful,
    }


def read_records(envelope: "dict[str, Any]", watched: "Watched", now: float) -> "Sighting | None":
    """What the records say; None where there are none. There is one for each time that the platform ran the call.

    :param now: UNIX seconds by the server's clock
    """
    data = envelope["Response"].get("Data")
    rows = [row for row in data if isinstance(row, dict)] if isinstance(data, list) else []
    rows = [row for row in rows if row.get("RequestId") in (None, "", watched.request_id)]
    if not rows:
        return None
    statuses = [_read_code(row.get("RetCode")) for row in rows]
    for status, row in zip(statuses, rows):
        if status is InvocationStatus.FINISHED:
            return _read_record(envelope, row, watched.request_id, status)
    if InvocationStatus.RUNNING in statuses:
        return _RUNNING
    last = max(rows, key=_count_retries)
    failed = _read_record(envelope, last, watched.request_id, InvocationStatus.FAILED)
    return _RUNNING if _is_requeued(failed.outcome, watched, now) else failed


def _read_code(code: "Any") -> InvocationStatus:
    return wire.RECORD_STATUSES.get(code if isinstance(code, int) else -1, InvocationStatus.FAILED)


def _is_requeued(outcome: "Any", watched: "Watched", now: float) -> bool:
    """Will the platform run it again by itself?"""
    if getattr(outcome, "status_code", None) not in wire.REQUEUED_STATUSES:
        return False
    return watched.started_at is None or now - watched.started_at <= wire.MAX_EVENT_AGE_SECONDS


def _count_retries(row: "dict[str, Any]") -> int:
    number = row.get("RetryNum")
    return number if isinstance(number, int) else 0


def _read_record(
    envelope: "dict[str, Any]", row: "dict[str, Any]", request_id: str, status: InvocationStatus
) -> Sighting:
    """A record of an execution that has ended: what a synchronous call's Result would have said."""
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
        return Sighting(status, outcome)
    aborted = isinstance(outcome, exception.FunctionAborted)
    return Sighting(InvocationStatus.ABORTED if aborted else InvocationStatus.FAILED, outcome)


def _read_memory(value: "Any") -> int:
    if not isinstance(value, (int, float)):
        return 0
    return int(value if value >= _MIN_MEMORY_BYTES else value * _MIN_MEMORY_BYTES)


def read_event(envelope: "dict[str, Any]") -> Sighting:
    """What the status of an event says. The outcome is what can be told without a record of its execution."""
    answer = envelope["Response"]
    result = answer.get("Result")
    found = result if isinstance(result, dict) else {}
    status = wire.EVENT_STATUSES.get(str(found.get("Status")), InvocationStatus.UNKNOWN)
    if not status.has_ended:
        return Sighting(status, None)
    request_id = found.get("InvokeRequestId") or ""
    code = found.get("StatusCode")
    is_finished = status is InvocationStatus.FINISHED
    if status is InvocationStatus.ABORTED and code not in wire.STATUSES:
        code = 499
    told = {"FunctionRequestId": request_id, "InvokeResult": 0 if is_finished else code or -1}
    if not is_finished:
        told["ErrMsg"] = "the invocation has ended as {}; the service keeps no record of why".format(found["Status"])
    return Sighting(status, read_result(envelope, answer, told))


def _write_time(seconds: float) -> str:
    moment = int(seconds)
    minutes, second = divmod(moment % 86400, 60)
    return "{} {:02d}:{:02d}:{:02d}".format(utc_date(moment), minutes // 60, minutes % 60, second)
