"""Triggers of type ``timer``, as the actions on triggers make, change and show them."""

import dataclasses

import msgspec

from tencentserverless.local.actions.lookup import shown
from tencentserverless.local.actions.trigger_tables import (
    Change,
    CreateTriggerTable,
    check_count,
    checked_name,
    shared_changes,
    shown_fields,
)
from tencentserverless.local.errors import ApiError
from tencentserverless.local.registry.function import Function
from tencentserverless.local.registry.function_version import LATEST
from tencentserverless.local.registry.timer_triggers import TIMER, Trigger, cron_fault


def with_timer(function: Function, parameters: CreateTriggerTable, now: float) -> Function:
    """Return a function with one more timer.

    :raises ApiError: if the timer is refused
    """
    name = checked_name(parameters.TriggerName)
    if name in function.triggers:
        raise ApiError("ResourceInUse.Trigger", f"Function {function.key.name!r} has a trigger {name!r} already.")
    check_count(function, len(function.triggers), "timers")
    blank = Trigger(name, LATEST, "", created_at=now, changed_at=now)
    return function.with_trigger(changed_timer(function, blank, parameters))


def changed_timer(function: Function, timer: Trigger, parameters: Change) -> Trigger:
    """Return a timer with the changes of a request.

    :param timer: with the present time as its time of change
    :raises ApiError: if a value is refused
    """
    changes = shared_changes(function, parameters)
    if parameters.TriggerDesc is not None or not timer.cron:
        changes["cron"] = _checked_cron(parameters.TriggerDesc or "", timer.changed_at)
    return dataclasses.replace(timer, **changes)  # type: ignore[arg-type]  # of the types above


def shown_timer(timer: Trigger) -> dict[str, object]:
    """Return the structure Trigger of a timer."""
    return shown_fields(timer, TIMER, msgspec.json.encode({"cron": timer.cron}).decode())


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
