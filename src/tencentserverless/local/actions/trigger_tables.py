"""The parameters of the five actions on triggers, and the checks that all types of triggers share.

Sources: cloud.tencent.com/document/api/583/18589 (CreateTrigger), 18588 (DeleteTrigger), 50545 (ListTriggers), 18587
(UpdateTriggerStatus) and 17244 (Trigger, TriggerInfo).
"""

from tencentserverless.local.actions.function_settings import UInt, checked_description
from tencentserverless.local.actions.lookup import no_version, shown
from tencentserverless.local.actions.parameters import Table
from tencentserverless.local.errors import ApiError
from tencentserverless.local.platform_time import time_text
from tencentserverless.local.registry.function import Function
from tencentserverless.local.registry.timer_triggers import MAX_ARGUMENT_BYTES, NAME, TRIGGERS_PER_TYPE, Trigger
from tencentserverless.local.registry.url_triggers import UrlTrigger

_STATES = {"OPEN": True, "CLOSE": False, "1": True, "0": False}  # the page's example sends 1


class FilterTable(Table, frozen=True):
    """One filter: any of the values must match."""

    Name: str
    Values: list[str]


class CreateTriggerTable(Table, frozen=True):
    """Parameters of CreateTrigger. Terraform's provider sends no TriggerName of a URL."""

    FunctionName: str
    Type: str
    TriggerName: str | None = None
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


Change = CreateTriggerTable | UpdateTriggerTable
AnyTrigger = Trigger | UrlTrigger


def checked_name(name: str | None) -> str:
    """Return the name of a new trigger.

    :raises ApiError: if there is none, or it is no name
    """
    if name is None:
        raise ApiError("MissingParameter", "The request is missing a required parameter `TriggerName`.")
    if not NAME.match(name):
        raise ApiError(
            "InvalidParameterValue.TriggerName",
            f"TriggerName {shown(name)} must be 1 to 100 letters, digits, '-' or '_'.",
        )
    return name


def check_count(function: Function, count: int, kind: str) -> None:
    """Refuse one more trigger of a type.

    :param count: of those that the function has
    :raises ApiError: if the function has as many as it may have
    """
    if count >= TRIGGERS_PER_TYPE:
        problem = f"Function {function.key.name!r} has {TRIGGERS_PER_TYPE} {kind} already."
        raise ApiError("LimitExceeded.Trigger", problem)


def shared_changes(function: Function, parameters: Change) -> dict[str, object]:
    """Return the changes of a request to what every trigger has; values that the request leaves out stay.

    :raises ApiError: if a value is refused
    """
    changes: dict[str, object] = {}
    if parameters.Qualifier:
        if function.pinned(parameters.Qualifier) is None:
            raise no_version(function, parameters.Qualifier, "ResourceNotFound.Qualifier")
        changes["qualifier"] = parameters.Qualifier
    if parameters.Enable is not None:
        changes["is_enabled"] = is_open(parameters.Enable)
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
    return changes


def is_open(text: str) -> bool:
    """True for the words of an enabled trigger.

    :raises ApiError: if the word means neither
    """
    state = _STATES.get(text)
    if state is None:
        raise ApiError("InvalidParameterValue.Enable", f"Enable must be OPEN or CLOSE, not {shown(text)}.")
    return state


def shown_fields(trigger: AnyTrigger, kind: str, description: str) -> dict[str, object]:
    """Return the structure Trigger.

    :param description: TriggerDesc
    """
    return {
        "TriggerName": trigger.name,
        "Type": kind,
        "TriggerDesc": description,
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
