"""CreateTrigger, ListTriggers, UpdateTrigger, UpdateTriggerStatus and DeleteTrigger, for timers and function URLs.

Sources: cloud.tencent.com/document/api/583/18589 (CreateTrigger), 18588 (DeleteTrigger), 50545 (ListTriggers), 18587
(UpdateTriggerStatus) and 17244 (Trigger, TriggerInfo); document/product/583/100227 says that URLs have the same.
"""

import dataclasses

import msgspec

from tencentserverless.local.actions.lookup import DEFAULT_CODES, Codes, find_function, shown
from tencentserverless.local.actions.parameters import DESCENDING, Action, Call, cut_page, sort_items
from tencentserverless.local.actions.timer_triggers import changed_timer, shown_timer, with_timer
from tencentserverless.local.actions.trigger_tables import (
    AnyTrigger,
    CreateTriggerTable,
    DeleteTriggerTable,
    FilterTable,
    ListTriggersTable,
    UpdateTriggerStatusTable,
    UpdateTriggerTable,
    is_open,
)
from tencentserverless.local.actions.url_triggers import changed_url, check_unused, shown_url, with_url
from tencentserverless.local.errors import ApiError
from tencentserverless.local.function_folders import follow_folder
from tencentserverless.local.registry.function import Function
from tencentserverless.local.registry.timer_triggers import TIMER, Trigger
from tencentserverless.local.registry.url_triggers import HTTP
from tencentserverless.local.services import Services

REFUSED = "FailedOperation.CreateTrigger"  # of all four actions: the state of the function forbids them
_TYPES = ("cos", "cls", "timer", "ckafka", "http", "apigw", "cmq", "mps", "clb", "cm", "vod", "eb")
_SERVED = (TIMER, HTTP)
#: ``Type`` is on no page; Tencent's toolkit sends it.
_FILTERS = ("Qualifier", "TriggerName", "Description", "Type")
#: What Tencent's toolkit sends for a URL whose qualifier is not said. No page says that it filters nothing.
_NO_QUALIFIER = FilterTable("Qualifier", [""])
#: The page of DeleteTrigger names no code for a namespace.
_DELETE_CODES = Codes(namespace="ResourceNotFound.Function")


async def create_trigger(parameters: CreateTriggerTable, call: Call, services: Services) -> dict[str, object]:
    """Create a timer or a URL of a function."""
    _check_type(parameters.Type)
    await follow_folder(services, call.region, parameters.Namespace, parameters.FunctionName)
    function = find_function(services.catalogue, call.region, parameters.Namespace, parameters.FunctionName)
    services.pace.check(function.key, REFUSED)
    before = triggers_of(function)
    function = with_new(function, parameters, services)
    services.catalogue.put(function)
    services.timers.reschedule()
    made = next(each for each in triggers_of(function) if each not in before)
    return {"TriggerInfo": shown_trigger(function, made, services)}


async def list_triggers(parameters: ListTriggersTable, call: Call, services: Services) -> dict[str, object]:
    """Return the triggers of a function."""
    function = find_function(services.catalogue, call.region, parameters.Namespace, parameters.FunctionName)
    if parameters.OrderBy not in (None, "", "add_time", "mod_time"):
        raise ApiError("InvalidParameterValue.OrderBy", "OrderBy must be add_time or mod_time.")
    found = triggers_of(function)
    for wanted in parameters.Filters or []:
        if wanted.Name not in _FILTERS:
            raise ApiError("InvalidParameterValue.Filters", f"There is no filter {shown(wanted.Name)}.")
        if wanted == _NO_QUALIFIER:
            continue
        found = [each for each in found if _filtered(each, wanted.Name) in wanted.Values]
    ordered = sort_items(
        found,
        lambda each: each.created_at if parameters.OrderBy == "add_time" else each.changed_at,
        parameters.Order,
        default=DESCENDING,
    )
    page = cut_page(ordered, parameters.Offset, parameters.Limit, "InvalidParameterValue")
    triggers = [{**shown_trigger(function, each, services), "BoundResources": ""} for each in page]
    return {"TotalCount": len(found), "Triggers": triggers}


async def update_trigger(parameters: UpdateTriggerTable, call: Call, services: Services) -> dict[str, object]:
    """Change a timer or a URL."""
    function, trigger = await _find(parameters, call, services)
    now = services.clock()
    if isinstance(trigger, Trigger):
        _put(services, function, changed_timer(function, dataclasses.replace(trigger, changed_at=now), parameters))
    else:
        _put(services, function, changed_url(function, dataclasses.replace(trigger, changed_at=now), parameters))
    return {}


async def update_trigger_status(
    parameters: UpdateTriggerStatusTable, call: Call, services: Services
) -> dict[str, object]:
    """Switch a timer or a URL on or off."""
    function, trigger = await _find(parameters, call, services)
    is_enabled = is_open(parameters.Enable)
    if is_enabled == trigger.is_enabled:
        problem = f"Trigger {trigger.name!r} is {'OPEN' if is_enabled else 'CLOSE'} already."
        raise ApiError("FailedOperation.UpdateTriggerStatus", problem)
    _put(services, function, dataclasses.replace(trigger, is_enabled=is_enabled, changed_at=services.clock()))
    return {}


async def delete_trigger(parameters: DeleteTriggerTable, call: Call, services: Services) -> dict[str, object]:
    """Delete a timer or a URL."""
    function, trigger = await _find(parameters, call, services)
    if isinstance(trigger, Trigger):
        services.catalogue.put(function.without_trigger(trigger.name))
        services.timers.reschedule()
    else:
        check_unused(function, trigger, services)
        services.catalogue.put(function.without_url(trigger.name))
    return {}


ACTIONS = {
    "CreateTrigger": Action(msgspec.json.Decoder(CreateTriggerTable), create_trigger),
    "ListTriggers": Action(msgspec.json.Decoder(ListTriggersTable), list_triggers),
    "UpdateTrigger": Action(msgspec.json.Decoder(UpdateTriggerTable), update_trigger),
    "UpdateTriggerStatus": Action(msgspec.json.Decoder(UpdateTriggerStatusTable), update_trigger_status),
    "DeleteTrigger": Action(msgspec.json.Decoder(DeleteTriggerTable), delete_trigger),
}


def with_new(
    function: Function, parameters: CreateTriggerTable, services: Services, *, replaces: bool = False
) -> Function:
    """Return a function with one more trigger.

    :param replaces: true if it may take the place of one of its type and name
    :raises ApiError: if the trigger is refused
    """
    _check_type(parameters.Type)
    if parameters.Type == TIMER:
        others = function.without_trigger(parameters.TriggerName or "") if replaces else function
        return with_timer(others, parameters, services.clock())
    others = function.without_url(parameters.TriggerName or "") if replaces else function
    return with_url(others, parameters, services)


def triggers_of(function: Function) -> list[AnyTrigger]:
    """Return the triggers of a function, of every type."""
    return [*function.triggers.values(), *function.urls.values()]


def shown_trigger(function: Function, trigger: AnyTrigger, services: Services) -> dict[str, object]:
    """Return the structure Trigger."""
    return shown_timer(trigger) if isinstance(trigger, Trigger) else shown_url(function, trigger, services)


def _put(services: Services, function: Function, trigger: AnyTrigger) -> None:
    if isinstance(trigger, Trigger):
        services.catalogue.put(function.with_trigger(trigger))
        services.timers.reschedule()
    else:
        services.catalogue.put(function.with_url(trigger))


async def _find(
    parameters: UpdateTriggerTable | UpdateTriggerStatusTable | DeleteTriggerTable, call: Call, services: Services
) -> tuple[Function, AnyTrigger]:
    _check_type(parameters.Type)
    await follow_folder(services, call.region, parameters.Namespace, parameters.FunctionName)
    codes = _DELETE_CODES if isinstance(parameters, DeleteTriggerTable) else DEFAULT_CODES
    function = find_function(services.catalogue, call.region, parameters.Namespace, parameters.FunctionName, codes)
    services.pace.check(function.key, REFUSED)
    found = function.triggers if parameters.Type == TIMER else function.urls
    trigger = found.get(parameters.TriggerName)
    if trigger is None:
        is_timer = isinstance(parameters, DeleteTriggerTable) and parameters.Type == TIMER
        code = "ResourceNotFound.Timer" if is_timer else "ResourceNotFound.Trigger"
        raise ApiError(code, f"Function {function.key.name!r} has no trigger {shown(parameters.TriggerName)}.")
    return function, trigger


def _check_type(kind: str) -> None:
    if kind not in _TYPES:
        raise ApiError("InvalidParameterValue.Type", f"Type must be one of {', '.join(_TYPES)}, not {shown(kind)}.")
    if kind not in _SERVED:
        problem = f"Triggers of type {kind} are not served by the local SCF: it has timers and URLs (type http)."
        raise ApiError("UnsupportedOperation", f"{problem} Call the function instead.")


def _filtered(trigger: AnyTrigger, name: str) -> str:
    kind = TIMER if isinstance(trigger, Trigger) else HTTP
    named = {"Qualifier": trigger.qualifier, "TriggerName": trigger.name, "Type": kind}
    return named.get(name, trigger.description)
