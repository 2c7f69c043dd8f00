"""GetRequestStatus and GetFunctionLogs: outcomes and logs of recent calls, from the history.

Sources: cloud.tencent.com/document/api/583/65348 (GetRequestStatus), 18583 (GetFunctionLogs), 17244 (data types).
"""

import msgspec

from tencentserverless._core import wire
from tencentserverless.local import outcome
from tencentserverless.local.actions.lookup import Codes, check_name, find_function, find_version
from tencentserverless.local.actions.parameters import DEFAULT_LIMIT, Action, Call, Table, choose
from tencentserverless.local.errors import ApiError
from tencentserverless.local.invocations.history import InvocationRecord
from tencentserverless.local.outcome import SUCCESS
from tencentserverless.local.platform_time import time_seconds, time_text
from tencentserverless.local.registry.function_version import FunctionKey
from tencentserverless.local.registry.invocation_tables import FILTERS, ORDERS, Search
from tencentserverless.local.services import Services

_RECENT_SECONDS = 15 * 60  # the interval of GetRequestStatus if no time is given
_DAY_SECONDS = 24 * 3600
_MAX_REACH = 10_000
_LOG_CODES = Codes(name="ResourceNotFound.FunctionName", namespace="ResourceNotFound.Function")
_STATUS_CODES = Codes(namespace="ResourceNotFound.Function")


class GetRequestStatusTable(Table, frozen=True):
    """Parameters of GetRequestStatus."""

    FunctionName: str
    FunctionRequestId: str
    Namespace: str | None = None
    StartTime: str | None = None
    EndTime: str | None = None


class LogFilterTable(Table, frozen=True):
    """The structure LogFilter."""

    RetCode: str | None = None


class SearchContextTable(Table, frozen=True):
    """The structure LogSearchContext, which the platform has retired."""

    Offset: str | None = None
    Limit: int | None = None
    Keyword: str | None = None
    Type: str | None = None


class GetFunctionLogsTable(Table, frozen=True):
    """Parameters of GetFunctionLogs."""

    FunctionName: str | None = None
    Offset: int | None = None
    Limit: int | None = None
    Order: str | None = None
    OrderBy: str | None = None
    Filter: LogFilterTable | None = None
    Namespace: str | None = None
    Qualifier: str | None = None
    FunctionRequestId: str | None = None
    StartTime: str | None = None
    EndTime: str | None = None
    SearchContext: SearchContextTable | None = None


async def get_request_status(parameters: GetRequestStatusTable, call: Call, services: Services) -> dict[str, object]:
    """Return the status of one call."""
    if not parameters.FunctionRequestId:
        raise ApiError("InvalidParameterValue.FunctionRequestId", "FunctionRequestId is empty.")
    now = services.clock()
    start, end = _interval(parameters.StartTime, parameters.EndTime) or (now - _RECENT_SECONDS, now)
    key = FunctionKey(call.region, parameters.Namespace or wire.DEFAULT_NAMESPACE, parameters.FunctionName)
    function = services.catalogue.find(key)
    if function is None:
        check_name(parameters.FunctionName, _STATUS_CODES.name)
    # The queue first: an event that ends meanwhile is in the history before it leaves the queue.
    event = await services.queue.find(parameters.FunctionRequestId)
    invocation = await services.history.find(key, parameters.FunctionRequestId)
    if event is not None and event.key == key:
        # The event waits for its first attempt or for another one: a failed attempt is not the end of the event.
        memory_mb = function.latest.memory_mb if function else 0
        invocation = InvocationRecord(key, event.qualifier, event.request_id, event.pushed_at, memory_mb)
        invocation.retry_number = event.tries
    if invocation is None:  # the history knows a call also after its function was deleted
        find_function(services.catalogue, *key, _STATUS_CODES)
    found = [invocation] if invocation and start <= invocation.started_at <= end else []
    return {"TotalCount": len(found), "Data": [_status(each) for each in found]}


async def get_function_logs(parameters: GetFunctionLogsTable, call: Call, services: Services) -> dict[str, object]:
    """Return the logs of a function's last calls, the latest first."""
    if not parameters.FunctionName:
        raise ApiError("InvalidParameter.ParamError", "FunctionName is empty: logs are kept by function.")
    function = find_function(
        services.catalogue, call.region, parameters.Namespace, parameters.FunctionName, _LOG_CODES, also_away=True
    )
    offset, limit = _reach(parameters)
    interval = _interval(parameters.StartTime, parameters.EndTime)
    if interval and interval[1] - interval[0] > _DAY_SECONDS:
        raise ApiError("InvalidParameterValue.StartTimeOrEndTime", "StartTime and EndTime are over a day apart.")
    version = None
    if parameters.Qualifier:
        version = find_version(function, parameters.Qualifier, "InvalidParameterValue").version
    search = Search(
        key=function.key,
        version=version,
        request_id=parameters.FunctionRequestId or None,
        filter=_filter(parameters.Filter),
        interval=interval,
        order=choose("OrderBy", parameters.OrderBy, tuple(ORDERS), "start_time", "InvalidParameterValue.OrderBy"),
        is_descending=choose("Order", parameters.Order, ("desc", "asc"), "desc", "InvalidParameterValue.Order")
        == "desc",
        offset=offset,
        limit=limit,
    )
    count, page = await services.history.search(search)
    return {"TotalCount": count, "Data": [_log(each) for each in page], "SearchContext": _context(parameters)}


def _context(parameters: GetFunctionLogsTable) -> dict[str, object]:
    """Return the retired SearchContext as received: no page says that it may be null."""
    given = parameters.SearchContext or SearchContextTable()
    return {
        "Offset": given.Offset or "",
        "Limit": given.Limit or 0,
        "Keyword": given.Keyword or "",
        "Type": given.Type or "",
    }


ACTIONS = {
    "GetRequestStatus": Action(msgspec.json.Decoder(GetRequestStatusTable), get_request_status),
    "GetFunctionLogs": Action(msgspec.json.Decoder(GetFunctionLogsTable), get_function_logs),
}


def _interval(start: str | None, end: str | None) -> tuple[float, float] | None:
    """Return the interval from one time up to and including another; None if neither is given."""
    if not start and not end:
        return None
    if not start or not end:
        raise ApiError("InvalidParameterValue.StartTimeOrEndTime", "Give both StartTime and EndTime, or neither.")
    first, last = time_seconds("StartTime", start), time_seconds("EndTime", end)
    if last < first:
        raise ApiError("InvalidParameterValue.StartTimeOrEndTime", "EndTime must be later than StartTime.")
    return first, last + 1


def _reach(parameters: GetFunctionLogsTable) -> tuple[int, int]:
    offset, limit = parameters.Offset or 0, DEFAULT_LIMIT if parameters.Limit is None else parameters.Limit
    if offset < 0 or limit < 0:
        raise ApiError("InvalidParameterValue.Offset", "Offset and Limit must not be negative.")
    if offset + limit > _MAX_REACH:
        raise ApiError("LimitExceeded.Offset", f"Offset and Limit together can be {_MAX_REACH} at most.")
    return offset, limit


def _filter(wanted: LogFilterTable | None) -> str | None:
    if wanted is None:
        return None
    return choose("Filter.RetCode", wanted.RetCode, tuple(FILTERS), "", "InvalidParameterValue.RetCode") or None


def _status(invocation: InvocationRecord) -> dict[str, object]:
    """Return the structure RequestStatus: 0 has succeeded, 1 is running, -1 has failed."""
    code = 1 if invocation.status is None else (0 if invocation.status == SUCCESS else -1)
    return _shared(invocation) | {"RetCode": code}


def _log(invocation: InvocationRecord) -> dict[str, object]:
    """Return the structure FunctionLog: 0 has succeeded, 2 is running, 1 has failed."""
    is_running = invocation.status is None
    text = outcome.call_log(
        invocation.request_id,
        invocation.output,
        invocation.duration_ms,
        invocation.memory_mb,
        invocation.memory_bytes,
    )
    return _shared(invocation) | {
        "RetCode": 2 if is_running else (0 if invocation.status == SUCCESS else 1),
        "InvokeFinished": 0 if is_running else 1,
        "BillDuration": invocation.billed_ms,
        "Log": "" if is_running else text.decode("utf-8", "replace"),
        "Level": "",
        "Source": "",
    }


def _shared(invocation: InvocationRecord) -> dict[str, object]:
    return {
        "FunctionName": invocation.key.name,
        "RetMsg": invocation.message,
        "RequestId": invocation.request_id,
        "StartTime": time_text(invocation.started_at),
        "Duration": invocation.duration_ms,
        "MemUsage": invocation.memory_bytes,  # bytes, as in the published example; the page's text says MB
        "RetryNum": invocation.retry_number,
    }
