"""ListFunctions, GetFunction and GetFunctionAddress.

Sources: cloud.tencent.com/document/api/583/18582 (ListFunctions) and 18584 (GetFunction).
"""

import asyncio
from collections.abc import Callable, Collection

import msgspec

from tencentserverless._core import wire
from tencentserverless.local.actions.function_code import take_snapshot
from tencentserverless.local.actions.function_views import code_bytes, detailed, entry_text, listed
from tencentserverless.local.actions.layer_views import layers_of
from tencentserverless.local.actions.lookup import check_namespace, find_function, find_version, shown
from tencentserverless.local.actions.parameters import (
    ASCENDING,
    FALSE,
    SWITCH,
    TRUE,
    Action,
    Call,
    Table,
    choose,
    cut_page,
    is_switched_on,
    sort_items,
)
from tencentserverless.local.actions.triggers import shown_trigger, triggers_of
from tencentserverless.local.errors import ApiError
from tencentserverless.local.registry.function import Function
from tencentserverless.local.registry.function_version import LATEST
from tencentserverless.local.services import Services

#: The published SDK's text of Filters, since 3.1.28.
_MAX_FILTERS = 10
_MAX_FILTER_VALUES = 5
_TYPES = ("Event", "HTTP")


class FilterTable(Table, frozen=True):
    """One filter: any of the values must match."""

    Name: str
    Values: list[str]


class ListFunctionsTable(Table, frozen=True):
    """Parameters of ListFunctions."""

    Order: str | None = None
    Orderby: str | None = None
    Offset: int | None = None
    Limit: int | None = None
    SearchKey: str | None = None
    Namespace: str | None = None
    Description: str | None = None
    Filters: list[FilterTable] | None = None
    # Unpublished. scfcli 0.2.8 sends Event in every list.
    Type: str | None = None


class GetFunctionTable(Table, frozen=True):
    """Parameters of GetFunction."""

    FunctionName: str | None = None
    Qualifier: str | None = None
    Namespace: str | None = None
    ShowCode: str | None = None
    # Unpublished. tencent-component-toolkit 2.27.6 and @tencent-sdk/faas 1.0.9 send it in every request.
    ShowTriggers: str | None = None


class GetFunctionAddressTable(Table, frozen=True):
    """Parameters of GetFunctionAddress."""

    FunctionName: str
    Qualifier: str | None = None
    Namespace: str | None = None


_SORT_KEYS: dict[str, Callable[[Function], object]] = {
    "AddTime": lambda function: function.latest.created_at,
    "ModTime": lambda function: function.latest.changed_at,
    "FunctionName": lambda function: function.key.name,
}
_TAG_FILTER = "tag-"


def _of_option(option: str, member: str = "") -> Callable[[Function], str]:
    """Make the reader of a filter for a setting that has no effect on one machine."""

    def read(function: Function) -> str:
        value = function.latest.options.get(option, "")
        if member and isinstance(value, dict):
            value = value.get(member, "")
        return value if isinstance(value, str) else ""

    return read


_STATUS = "Status"
#: Readers of the value that a filter compares. Filters for features that no local function has compare with "".
_FILTERS: dict[str, Callable[[Function], str]] = {
    "Runtime": lambda function: function.latest.runtime,
    "FunctionType": lambda function: function.latest.type,
    "Type": lambda function: function.latest.type,
    "AsyncRunEnable": lambda function: TRUE if function.latest.runs_async else FALSE,
    "TraceEnable": lambda function: str(function.latest.options.get("TraceEnable", FALSE)),
    "VpcId": _of_option("VpcConfig", "VpcId"),
    "SubnetId": _of_option("VpcConfig", "SubnetId"),
    "ClsTopicId": _of_option("ClsTopicId"),
    "ClsLogsetId": _of_option("ClsLogsetId"),
    "Role": _of_option("Role"),
    "PublicNetStatus": _of_option("PublicNetConfig", "PublicNetStatus"),
    **dict.fromkeys(("CfsId", "CfsMountInsId", "Eip", "Stamp"), lambda _: ""),
}
_SINGLE_VALUE_FILTERS = frozenset("VpcId SubnetId ClsTopicId ClsLogsetId Role CfsId CfsMountInsId Eip".split())


async def list_functions(parameters: ListFunctionsTable, call: Call, services: Services) -> dict[str, object]:
    """Return a page of the functions of a namespace."""
    namespace = parameters.Namespace or wire.DEFAULT_NAMESPACE
    check_namespace(services.catalogue, call.region, namespace)
    _check_filters(parameters.Filters or [])
    choose("Type", parameters.Type, _TYPES, "")
    functions = services.catalogue.functions(call.region, namespace)
    functions = [each for each in functions if _is_wanted(each, services.pace.status(each.key), parameters)]
    if parameters.Orderby and parameters.Orderby not in _SORT_KEYS:
        raise ApiError("InvalidParameterValue", f"Orderby must be one of {', '.join(_SORT_KEYS)}.")
    functions = sort_items(
        functions, _SORT_KEYS[parameters.Orderby or "FunctionName"], parameters.Order, default=ASCENDING
    )
    page = cut_page(functions, parameters.Offset, parameters.Limit)
    shown = [listed(function, services.pace.status(function.key)) for function in page]
    return {"Functions": shown, "TotalCount": len(functions)}


async def get_function(parameters: GetFunctionTable, call: Call, services: Services) -> dict[str, object]:
    """Return all details of one function."""
    if not parameters.FunctionName:
        raise ApiError("InvalidParameter.FunctionNameOrResourceIdRequired", "FunctionName is empty.")
    shows_code = is_switched_on("ShowCode", parameters.ShowCode)
    shows_triggers = choose("ShowTriggers", parameters.ShowTriggers, SWITCH, TRUE) == TRUE
    function = find_function(services.catalogue, call.region, parameters.Namespace, parameters.FunctionName)
    qualifier = parameters.Qualifier or LATEST
    record = find_version(function, qualifier, "ResourceNotFound.Version")
    # In a thread: files may lie on a slow disk, and calls are running.
    size = await asyncio.to_thread(code_bytes, record)
    code = await asyncio.to_thread(entry_text, record) if shows_code else ""
    found = triggers_of(function) if shows_triggers else []
    if record.version != LATEST:
        found = [each for each in found if each.qualifier == qualifier]
    triggers = [shown_trigger(function, each, services) for each in found]
    shown = detailed(record, services.pace.status(record.key, record.version), layers_of(services, record))
    return shown | {"Qualifier": qualifier, "CodeSize": size, "CodeInfo": code, "Triggers": triggers}


async def get_function_address(
    parameters: GetFunctionAddressTable, call: Call, services: Services
) -> dict[str, object]:
    """Return the URL of a version's code as a zip file; on one machine that is a file URL."""
    function = find_function(services.catalogue, call.region, parameters.Namespace, parameters.FunctionName)
    record = find_version(function, parameters.Qualifier or LATEST, "ResourceNotFound.Version")
    services.pace.check(record.key, "FailedOperation.FunctionStatusError", record.version)
    package = record.package
    if package is None:
        draft = await take_snapshot(services, record, "FailedOperation.GetFunctionAddress")
        package = services.packages.adopt(draft)
    return {"Url": package.archive.as_uri(), "CodeSha256": package.sha256}


ACTIONS = {
    "ListFunctions": Action(msgspec.json.Decoder(ListFunctionsTable), list_functions),
    "GetFunction": Action(msgspec.json.Decoder(GetFunctionTable), get_function),
    "GetFunctionAddress": Action(msgspec.json.Decoder(GetFunctionAddressTable), get_function_address),
}


def _is_wanted(function: Function, status: str, parameters: ListFunctionsTable) -> bool:
    return (
        (parameters.SearchKey or "") in function.key.name
        and (parameters.Description or "") in function.latest.description
        and parameters.Type in (None, "", function.latest.type)
        and all(_matches(function, status, each) for each in parameters.Filters or [])
    )


def check_filter_counts(filters: list[FilterTable], single: Collection[str] = ()) -> None:
    """Refuse more filters, or more values of one, than a list takes.

    :param single: the filters that take one value
    :raises ApiError: if there are more
    """
    if len(filters) > _MAX_FILTERS:
        raise ApiError("InvalidParameterValue", f"Filters can be {_MAX_FILTERS} at most, not {len(filters)}.")
    for each in filters:
        allowed = 1 if each.Name in single else _MAX_FILTER_VALUES
        if len(each.Values) > allowed:
            problem = f"Filter {shown(each.Name)} has {len(each.Values)} values; it takes {allowed} at most."
            raise ApiError("InvalidParameterValue", problem)


def _check_filters(filters: list[FilterTable]) -> None:
    check_filter_counts(filters, _SINGLE_VALUE_FILTERS)
    for each in filters:
        if each.Name not in _FILTERS and each.Name != _STATUS and not each.Name.startswith(_TAG_FILTER):
            names = ", ".join(sorted((*_FILTERS, _STATUS)))
            raise ApiError(
                "InvalidParameterValue", f"Filter {each.Name[:64]!r} is not known; known are {names}, tag-<key>."
            )


def _matches(function: Function, status: str, wanted: FilterTable) -> bool:
    if wanted.Name == _STATUS:
        return status in wanted.Values
    if wanted.Name.startswith(_TAG_FILTER):
        key = wanted.Name.removeprefix(_TAG_FILTER)
        tags = function.latest.options.get("Tags")
        return isinstance(tags, list) and any(tag["Key"] == key and tag["Value"] in wanted.Values for tag in tags)
    return _FILTERS[wanted.Name](function) in wanted.Values
