"""CreateTrigger, ListTriggers, UpdateTrigger, UpdateTriggerStatus and DeleteTrigger, for timers.

Sources: cloud.tencent.com/document/api/583/18589 (CreateTrigger), 18588 (DeleteTrigger), 50545 (ListTriggers), 18587
(UpdateTriggerStatus) and 17244 (Trigger, TriggerInfo).
"""

import dataclasses

import msgspec

from tencentserverless.local.actions.function_settings import UInt, checked_description
from tencentserverless.local.actions.lookup import DEFAULT_CODES, Codes, find_function, no_version, shown
from tencentserverless.local.actions.parameters import DESCENDING, Action, Call, Table, cut_page, sort_items
from tencentserverless.local.errors import ApiError
from tencentserverless.local.function_folders import follow_folder
from tencentserverless.local.platform_time import time_text
from tencentserverless.local.registry.function import Function
from tencentserverless.local.registry.function_version import LATEST
from tencentserverless.local.registry.timer_triggers import (
    MAX_ARGUMENT_BYTES,
    NAME,
    TIMER,
    TRIGGERS_PER_TYPE,
    Trigger,
    cron_fault,
)
from tencentserverless.local.services import Services

REFUSED = "FailedOperation.CreateTrigger"  # of all four actions: the state of the function forbids them
_TYPES = ("cos", "cls", "timer", "ckafka", "http", "apigw", "cmq", "mps", "clb", "cm", "vod", "eb")
#: The page of DeleteTrigger names no code for a namespace.
_DELETE_CODES = Codes(namespace="ResourceNotFound.Function")
_STATES = {"OPEN": True, "CLOSE": False, "1": True, "0": False}  # the page's example sends 1


class FilterTable(Table, frozen=True):
    """One filter: any of the values must match."""

    Name: str
    Values: list[str]


class CreateTriggerTable(Table, frozen=True):
    """Parameters of CreateTrigger."""

    FunctionName: str
    TriggerName: str
    Type: str
    TriggerDesc: str | None = None
    Namespace: str | None = None
    Qualifier: str | None = None
    Enable: str | None = None
    CustomArgument: str | None = None
    Description: str | None = None


class ListTriggersTable(Table, frozen=True):
    """Parameters of ListTriggers."""

    FunctionName: str
    Namespace: str | None = None
    Offset: UInt | None = None
    Limit: UInt | None = None
    OrderBy: str | None = None
    Order: str | None = None
    Filters: list[FilterTable] | None = None


class UpdateTriggerTable(Table, frozen=True):
    """Parameters of UpdateTrigger."""

    FunctionName: str
    TriggerName: str
    Type: str
    Enable: str | None = None
    Qualifier: str | None = None
    Namespace: str | None = None
    TriggerDesc: str | None = None
    Description: str | None = None
    CustomArgument: str | None = None


class UpdateTriggerStatusTable(Table, frozen=True):
    """Parameters of UpdateTriggerStatus."""

    Enable: str
    FunctionName: str
    TriggerName: str
    Type: str
    Qualifier: str | None = None
    Namespace: str | None = None
    TriggerDesc: str | None = None


class DeleteTriggerTable(Table, frozen=True):
    """Parameters of DeleteTrigger."""

    FunctionName: str
    TriggerName: str
    Type: str
    Namespace: str | None = None
    TriggerDesc: str | None = None
    Qualifier: str | None = None


async def create_trigger(parameters: CreateTriggerTable, call: Call, services: Services) -> dict[str, object]:
    """Create a timer of a function."""
    _check_type(parameters.Type)
    await follow_folder(services, call.region, parameters.Namespace, parameters.FunctionName)
    function = find_function(services.catalogue, call.region, parameters.Namespace, parameters.FunctionName)
    services.pace.check(function.key, REFUSED)
    function = with_timer(function, parameters, services.clock())
    services.catalogue.put(function)
    services.timers.reschedule()
    return {"TriggerInfo": shown_trigger(function.triggers[parameters.TriggerName])}


async def list_triggers(parameters: ListTriggersTable, call: Call, services: Services) -> dict[str, object]:
    """Return the timers of a function."""
    function = find_function(services.catalogue, call.region, parameters.Namespace, parameters.FunctionName)
    if parameters.OrderBy not in (None, "", "add_time", "mod_time"):
        raise ApiError("InvalidParameterValue.OrderBy", "OrderBy must be add_time or mod_time.")
    found = list(function.triggers.values())
    for wanted in parameters.Filters or []:
        if wanted.Name not in ("Qualifier", "TriggerName", "Description"):
            raise ApiError("InvalidParameterValue.Filters", f"There is no filter {shown(wanted.Name)}.")
        found = [each for each in found if _filtered(each, wanted.Name) in wanted.Values]
    ordered = sort_items(
        found,
        lambda each: each.created_at if parameters.OrderBy == "add_time" else each.changed_at,
        parameters.Order,
        default=DESCENDING,
    )
    page = cut_page(ordered, parameters.Offset, parameters.Limit, "InvalidParameterValue")
    return {"TotalCount": len(found), "Triggers": [{**shown_trigger(each), "BoundResources": ""} for each in page]}


async def update_trigger(parameters: UpdateTriggerTable, call: Call, services: Services) -> dict[str, object]:
    """Change the time, argument or version of a timer."""
    function, trigger = await _find(parameters, call, services)
    trigger = dataclasses.replace(trigger, changed_at=services.clock())
    _put(services, function, _changed(function, trigger, parameters))
    return {}


async def update_trigger_status(
    parameters: UpdateTriggerStatusTable, call: Call, services: Services
) -> dict[str, object]:
    """Switch a timer on or off."""
    function, trigger = await _find(parameters, call, services)
    is_enabled = _is_open(parameters.Enable, "InvalidParameterValue.Enable")
    if is_enabled == trigger.is_enabled:
        problem = f"Trigger {trigger.name!r} is {'OPEN' if is_enabled else 'CLOSE'} already."
        raise ApiError("FailedOperation.UpdateTriggerStatus", problem)
    _put(services, function, dataclasses.replace(trigger, is_enabled=is_enabled, changed_at=services.clock()))
    return {}


async def delete_trigger(parameters: DeleteTriggerTable, call: Call, services: Services) -> dict[str, object]:
    """Delete a timer."""
    function, trigger = await _find(parameters, call, services)
    services.catalogue.put(function.without_trigger(trigger.name))
    services.timers.reschedule()
    return {}


ACTIONS = {
    "CreateTrigger": Action(msgspec.json.Decoder(CreateTriggerTable), create_trigger),
    "ListTriggers": Action(msgspec.json.Decoder(ListTriggersTable), list_triggers),
    "UpdateTrigger": Action(msgspec.json.Decoder(UpdateTriggerTable), update_trigger),
    "UpdateTriggerStatus": Action(msgspec.json.Decoder(UpdateTriggerStatusTable), update_trigger_status),
    "DeleteTrigger": Action(msgspec.json.Decoder(DeleteTriggerTable), delete_trigger),
}


def with_timer(function: Function, parameters: CreateTriggerTable, now: float) -> Function:
    """Return a function with one more timer.

    :raises ApiError: if the timer is refused
    """
    _check_type(parameters.Type)
    name = parameters.TriggerName
    if not NAME.match(name):
        raise ApiError(
            "InvalidParameterValue.TriggerName",
            f"TriggerName {shown(name)} must be 1 to 100 letters, digits, '-' or '_'.",
        )
    if name in function.triggers:
        raise ApiError("ResourceInUse.Trigger", f"Function {function.key.name!r} has a trigger {name!r} already.")
    if len(function.triggers) >= TRIGGERS_PER_TYPE:
        raise ApiError(
            "LimitExceeded.Trigger", f"Function {function.key.name!r} has {TRIGGERS_PER_TYPE} timers already."
        )
    blank = Trigger(name, LATEST, "", created_at=now, changed_at=now)
    return function.with_trigger(_changed(function, blank, parameters))


def shown_trigger(trigger: Trigger) -> dict[str, object]:
    """Return the structure Trigger."""
    return {
        "TriggerName": trigger.name,
        "Type": TIMER,
        "TriggerDesc": msgspec.json.encode({"cron": trigger.cron}).decode(),
        "Enable": int(trigger.is_enabled),
        "Qualifier": trigger.qualifier,
        "CustomArgument": trigger.argument,
        "Description": trigger.description,
        "AddTime": time_text(trigger.created_at),
        "ModTime": time_text(trigger.changed_at),
        "AvailableStatus": "Available",
        "ResourceId": "",
        "BindStatus": "on" if trigger.is_enabled else "off",
        "TriggerAttribute": "",
    }


def _put(services: Services, function: Function, trigger: Trigger) -> None:
    services.catalogue.put(function.with_trigger(trigger))
    services.timers.reschedule()


async def _find(
    parameters: UpdateTriggerTable | UpdateTriggerStatusTable | DeleteTriggerTable, call: Call, services: Services
) -> tuple[Function, Trigger]:
    _check_type(parameters.Type)
    await follow_folder(services, call.region, parameters.Namespace, parameters.FunctionName)
    codes = _DELETE_CODES if isinstance(parameters, DeleteTriggerTable) else DEFAULT_CODES
    function = find_function(services.catalogue, call.region, parameters.Namespace, parameters.FunctionName, codes)
    services.pace.check(function.key, REFUSED)
    trigger = function.triggers.get(parameters.TriggerName)
    if trigger is None:
        code = "ResourceNotFound.Timer" if isinstance(parameters, DeleteTriggerTable) else "ResourceNotFound.Trigger"
        raise ApiError(code, f"Function {function.key.name!r} has no trigger {shown(parameters.TriggerName)}.")
    return function, trigger


def _check_type(kind: str) -> None:
    if kind not in _TYPES:
        raise ApiError("InvalidParameterValue.Type", f"Type must be one of {', '.join(_TYPES)}, not {shown(kind)}.")
    if kind != TIMER:
        problem = f"Triggers of type {kind} are not served by the local SCF: it has timers. Call the function instead."
        raise ApiError("UnsupportedOperation", problem)


def _changed(function: Function, trigger: Trigger, parameters: CreateTriggerTable | UpdateTriggerTable) -> Trigger:
    """Return a trigger with the changes of a request; values that the request leaves out stay.

    :param trigger: the trigger, with the present time as its time of change
    """
    changes: dict[str, object] = {}
    if parameters.TriggerDesc is not None or not trigger.cron:
        changes["cron"] = _checked_cron(parameters.TriggerDesc or "", trigger.changed_at)
    if parameters.Qualifier:
        if function.pinned(parameters.Qualifier) is None:
            raise no_version(function, parameters.Qualifier, "ResourceNotFound.Qualifier")
        changes["qualifier"] = parameters.Qualifier
    if parameters.Enable is not None:
        changes["is_enabled"] = _is_open(parameters.Enable, "InvalidParameterValue.Enable")
    if parameters.CustomArgument is not None:
        if len(parameters.CustomArgument.encode()) > MAX_ARGUMENT_BYTES:
            code = (
                "InvalidParameterValue.CustomArgument"
                if isinstance(parameters, CreateTriggerTable)
                else "InvalidParameterValue"
            )
            raise ApiError(code, f"CustomArgument is over {MAX_ARGUMENT_BYTES} bytes.")
        changes["argument"] = parameters.CustomArgument
    if parameters.Description is not None:
        changes["description"] = checked_description(parameters.Description)
    return dataclasses.replace(trigger, **changes)  # type: ignore[arg-type]  # of the types above


def _checked_cron(text: str, now: float) -> str:
    """Read and check a cron expression; clients send it plain or as ``{"cron": "..."}``."""
    cron = text
    if text.startswith("{"):
        try:
            cron = msgspec.json.decode(text, type=dict[str, str]).get("cron", "")
        except (msgspec.MsgspecError, RecursionError):
            cron = text
    fault = cron_fault(cron, now)
    if fault is not None:
        raise ApiError("InvalidParameterValue.TriggerDesc", f"TriggerDesc {shown(text)} is no timer: {fault[:200]}.")
    return cron


def _is_open(text: str, code: str) -> bool:
    state = _STATES.get(text)
    if state is None:
        raise ApiError(code, f"Enable must be OPEN or CLOSE, not {shown(text)}.")
    return state


def _filtered(trigger: Trigger, name: str) -> str:
    return {"Qualifier": trigger.qualifier, "TriggerName": trigger.name}.get(name, trigger.description)
