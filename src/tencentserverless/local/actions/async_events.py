"""ListAsyncEvents, GetAsyncEventStatus, TerminateAsyncEvent, and the retry settings of asynchronous invocations.

Sources: cloud.tencent.com/document/api/583/69127, 69128, 69129 (asynchronous events), 61734 and 61733
(FunctionEventInvokeConfig).
"""

import msgspec

from tencentserverless.local.actions.lookup import Codes, find_function, find_version
from tencentserverless.local.actions.parameters import DESCENDING, Action, Call, Table, sort_items
from tencentserverless.local.errors import ApiError
from tencentserverless.local.function_folders import follow_folder
from tencentserverless.local.platform_time import time_seconds, time_text
from tencentserverless.local.registry import event_tables
from tencentserverless.local.registry.event_tables import ABORTED, FAILED, FINISHED, RUNNING, Event, Trace
from tencentserverless.local.registry.function_version import (
    ASYNC_RETRIES,
    ASYNC_TTL_SECONDS,
    AsyncConfig,
    FunctionKey,
)
from tencentserverless.local.services import Services

_STATUSES = (RUNNING, FINISHED, ABORTED, FAILED)
_MAX_LIMIT, _DEFAULT_LIMIT = 100, 20
_CODES = Codes(name="ResourceNotFound.Function")


class TimeIntervalTable(Table, frozen=True):
    """The structure TimeInterval: from a start time up to, but without, an end time."""

    Start: str
    End: str


class ListAsyncEventsTable(Table, frozen=True):
    """Parameters of ListAsyncEvents."""

    FunctionName: str
    Namespace: str | None = None
    Qualifier: str | None = None
    InvokeType: list[str] | None = None
    Status: list[str] | None = None
    StartTimeInterval: TimeIntervalTable | None = None
    EndTimeInterval: TimeIntervalTable | None = None
    Order: str | None = None
    Orderby: str | None = None
    Offset: int | None = None
    Limit: int | None = None
    InvokeRequestId: str | None = None


class GetAsyncEventStatusTable(Table, frozen=True):
    """Parameters of GetAsyncEventStatus."""

    InvokeRequestId: str


class TerminateAsyncEventTable(Table, frozen=True):
    """Parameters of TerminateAsyncEvent."""

    FunctionName: str
    InvokeRequestId: str
    Namespace: str | None = None
    GraceShutdown: bool | None = None


class GetInvokeConfigTable(Table, frozen=True):
    """Parameters of GetFunctionEventInvokeConfig."""

    FunctionName: str
    Namespace: str | None = None
    Qualifier: str | None = None


class RetryConfigTable(Table, frozen=True):
    """The structure RetryConfig."""

    RetryNum: int


class AsyncTriggerConfigTable(Table, frozen=True):
    """The structure AsyncTriggerConfig."""

    RetryConfig: list[RetryConfigTable]
    MsgTTL: int


class UpdateInvokeConfigTable(Table, frozen=True):
    """Parameters of UpdateFunctionEventInvokeConfig."""

    AsyncTriggerConfig: AsyncTriggerConfigTable
    FunctionName: str
    Namespace: str | None = None


async def list_async_events(parameters: ListAsyncEventsTable, call: Call, services: Services) -> dict[str, object]:
    """Return the states of a function's events of the last 72 hours."""
    function = find_function(
        services.catalogue, call.region, parameters.Namespace, parameters.FunctionName, also_away=True
    )
    wanted = set(parameters.Status or _STATUSES)
    if not wanted.issubset(_STATUSES):
        raise ApiError("InvalidParameterValue.Status", f"Status takes {', '.join(_STATUSES)}.")
    offset, limit = parameters.Offset or 0, _DEFAULT_LIMIT if parameters.Limit is None else parameters.Limit
    if offset < 0 or not 0 <= limit <= _MAX_LIMIT:
        raise ApiError("InvalidParameterValue.Limit", f"Limit must be 0 to {_MAX_LIMIT}, and Offset not negative.")
    if parameters.Orderby not in (None, "", "StartTime", "EndTime"):
        raise ApiError("InvalidParameterValue.Order", "Orderby must be StartTime or EndTime.")
    services.queue.flush()
    traces = await services.database.write(event_tables.traces(function.key, services.clock()))
    found = [each for each in traces if each.status in wanted and _is_wanted(each, parameters)]
    ordered = sort_items(
        found,
        lambda each: (each.ended_at or 0.0) if parameters.Orderby == "EndTime" else each.started_at,
        parameters.Order,
        default=DESCENDING,
    )
    page = ordered[offset : offset + limit]
    return {"TotalCount": len(found), "EventList": [_listed(each) for each in page]}


async def get_async_event_status(
    parameters: GetAsyncEventStatusTable, call: Call, services: Services
) -> dict[str, object]:
    """Return the state of one event."""
    trace = await _find(parameters.InvokeRequestId, call, services)
    result = {"Status": trace.status, "StatusCode": trace.status_code, "InvokeRequestId": trace.request_id}
    return {"Result": result}


async def terminate_async_event(
    parameters: TerminateAsyncEventTable, call: Call, services: Services
) -> dict[str, object]:
    """End an event that runs or waits: kill its instance, or send it SIGTERM."""
    function = find_function(
        services.catalogue, call.region, parameters.Namespace, parameters.FunctionName, _CODES, also_away=True
    )
    event = await services.queue.find(parameters.InvokeRequestId)
    await _check_traced(function.key, parameters.InvokeRequestId, event, services)
    trace = await _find(parameters.InvokeRequestId, call, services)
    if event is None or event.key != function.key:
        raise _ended(trace)
    if not await services.queue.terminate(event, is_graceful=bool(parameters.GraceShutdown)):
        trace = await _find(parameters.InvokeRequestId, call, services)
        raise _ended(trace)
    return {}


async def get_invoke_config(parameters: GetInvokeConfigTable, call: Call, services: Services) -> dict[str, object]:
    """Return the retry settings of a function's asynchronous invocations."""
    function = find_function(services.catalogue, call.region, parameters.Namespace, parameters.FunctionName)
    if parameters.Qualifier:
        find_version(function, parameters.Qualifier, "InvalidParameterValue.Qualifier")
    config = function.async_config
    return {"AsyncTriggerConfig": {"RetryConfig": [{"RetryNum": config.retries}], "MsgTTL": config.ttl_seconds}}


async def update_invoke_config(
    parameters: UpdateInvokeConfigTable, call: Call, services: Services
) -> dict[str, object]:
    """Change the retry settings; they also apply to events that are not given up yet."""
    await follow_folder(services, call.region, parameters.Namespace, parameters.FunctionName)
    function = find_function(services.catalogue, call.region, parameters.Namespace, parameters.FunctionName)
    services.pace.check(function.key, "FailedOperation.FunctionVersionStatusNotActive")
    wanted = parameters.AsyncTriggerConfig
    if len(wanted.RetryConfig) != 1:
        raise ApiError("InvalidParameterValue.AsyncTriggerConfig", "RetryConfig must hold one RetryNum.")
    retries = wanted.RetryConfig[0].RetryNum
    if retries not in ASYNC_RETRIES:
        raise ApiError("LimitExceeded.RetryNum", f"RetryNum must be 0 to {ASYNC_RETRIES.stop - 1}, not {retries}.")
    if wanted.MsgTTL not in ASYNC_TTL_SECONDS:
        bounds = f"{ASYNC_TTL_SECONDS.start} to {ASYNC_TTL_SECONDS.stop - 1}"
        raise ApiError("LimitExceeded.MsgTTL", f"MsgTTL must be {bounds} seconds, not {wanted.MsgTTL}.")
    services.catalogue.put(function.with_async_config(AsyncConfig(retries, wanted.MsgTTL)))
    return {}


ACTIONS = {
    "ListAsyncEvents": Action(msgspec.json.Decoder(ListAsyncEventsTable), list_async_events),
    "GetAsyncEventStatus": Action(msgspec.json.Decoder(GetAsyncEventStatusTable), get_async_event_status),
    "TerminateAsyncEvent": Action(msgspec.json.Decoder(TerminateAsyncEventTable), terminate_async_event),
    "GetFunctionEventInvokeConfig": Action(msgspec.json.Decoder(GetInvokeConfigTable), get_invoke_config),
    "UpdateFunctionEventInvokeConfig": Action(msgspec.json.Decoder(UpdateInvokeConfigTable), update_invoke_config),
}


def _ended(trace: Trace) -> ApiError:
    return ApiError(
        "FailedOperation.AsyncEventStatus", f"Event {trace.request_id[:64]!r} has ended: it is {trace.status}."
    )


async def _check_traced(key: FunctionKey, request_id: str, event: Event | None, services: Services) -> None:
    """Refuse to end an invocation that is under way without being traced: the platform has no event of it."""
    if event is not None and event.key == key and event.is_traced:
        return
    running = await services.history.find(key, request_id)
    if (event is not None and event.key == key) or (running is not None and running.status is None):
        problem = f"Invocation {request_id[:64]!r} is under way, and can't be cancelled: function {key.name!r} has no "
        advice = "AsyncRunEnable. Only functions that were created with it have asynchronous events."
        raise ApiError("ResourceNotFound.AsyncEvent", problem + advice)


async def _find(request_id: str, call: Call, services: Services) -> Trace:
    services.queue.flush()
    trace = await services.database.write(event_tables.trace(request_id, call.region, services.clock()))
    if trace is None:
        raise ApiError(
            "ResourceNotFound.AsyncEvent",
            f"No asynchronous event {request_id[:64]!r} in region {call.region[:64]!r}: events are known of functions "
            "with AsyncRunEnable, for 72 hours after their end.",
        )
    return trace


def _is_wanted(trace: Trace, parameters: ListAsyncEventsTable) -> bool:
    return (
        (not parameters.Qualifier or trace.qualifier == parameters.Qualifier)
        and (not parameters.InvokeType or trace.origin in parameters.InvokeType)
        and (not parameters.InvokeRequestId or trace.request_id == parameters.InvokeRequestId)
        and _is_within(trace.started_at, parameters.StartTimeInterval)
        and _is_within(trace.ended_at, parameters.EndTimeInterval)
    )


def _is_within(seconds: float | None, interval: TimeIntervalTable | None) -> bool:
    if interval is None:
        return True
    start = time_seconds("Start", interval.Start, "InvalidParameterValue")
    end = time_seconds("End", interval.End, "InvalidParameterValue")
    return seconds is not None and start <= seconds < end


def _listed(trace: Trace) -> dict[str, object]:
    """The structure AsyncEvent."""
    return {
        "InvokeRequestId": trace.request_id,
        "InvokeType": trace.origin,
        "Qualifier": trace.qualifier,
        "Status": trace.status,
        "StartTime": time_text(trace.started_at, is_precise=True),
        "EndTime": "" if trace.ended_at is None else time_text(trace.ended_at, is_precise=True),
    }
