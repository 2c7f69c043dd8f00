"""ListFunctions and GetFunction: what exists, as the platform shows it.

Sources: cloud.tencent.com/document/api/583/18582 (ListFunctions), 18584 (GetFunction) and 17244 (Function).
"""

import asyncio
import os
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path

import msgspec

from tencentserverless._core import wire
from tencentserverless.local.actions.action import Action, Call, Services
from tencentserverless.local.actions.lookup import check_namespace, check_qualifier, find_function
from tencentserverless.local.actions.parameters import Table
from tencentserverless.local.refusals import ApiError
from tencentserverless.local.registry.records import LATEST, FunctionRecord

_DEFAULT_LIMIT = 20
_MAX_FILTERS = 10
_MAX_SHOWN_CODE_BYTES = 1024 * 1024  # the platform shows no larger entry file
_MAX_COUNTED_FILES = 10_000
_ACTIVE = "Active"  # a local function is never in between


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


class GetFunctionTable(Table, frozen=True):
    """Parameters of GetFunction."""

    FunctionName: str | None = None
    Qualifier: str | None = None
    Namespace: str | None = None
    ShowCode: str | None = None


_SORT_KEYS: dict[str, Callable[[FunctionRecord], object]] = {
    "AddTime": lambda record: record.created_at,
    "ModTime": lambda record: record.changed_at,
    "FunctionName": lambda record: record.key.name,
}
#: What a filter compares; names that concern what no local function has compare with nothing.
_FILTERS: dict[str, Callable[[FunctionRecord], str]] = {
    "Status": lambda _: _ACTIVE,
    "Runtime": lambda record: record.runtime,
    "FunctionType": lambda record: record.type,
    "Type": lambda record: record.type,
    "AsyncRunEnable": lambda _: "FALSE",
    "TraceEnable": lambda _: "FALSE",
    **dict.fromkeys(
        ("VpcId", "SubnetId", "ClsTopicId", "ClsLogsetId", "Role", "CfsId", "CfsMountInsId", "Eip", "PublicNetStatus"),
        lambda _: "",
    ),
}
_TAG_FILTER = "tag-"


async def list_functions(parameters: ListFunctionsTable, call: Call, services: Services) -> dict[str, object]:
    """The functions of a namespace, a page of them."""
    namespace = parameters.Namespace or wire.DEFAULT_NAMESPACE
    check_namespace(services.catalogue, call.region, namespace)
    records = services.catalogue.functions(call.region, namespace)
    records = [record for record in records if _is_wanted(record, parameters)]
    records = _ordered(records, parameters.Orderby, parameters.Order)
    offset = _not_negative("Offset", parameters.Offset, 0)
    limit = _not_negative("Limit", parameters.Limit, _DEFAULT_LIMIT)
    page = records[offset : offset + limit]
    return {"Functions": [_function(record) for record in page], "TotalCount": len(records)}


async def get_function(parameters: GetFunctionTable, call: Call, services: Services) -> dict[str, object]:
    """One function in full."""
    if not parameters.FunctionName:
        raise ApiError("InvalidParameter.FunctionNameOrResourceIdRequired", "FunctionName is empty.")
    if parameters.ShowCode not in (None, "TRUE", "FALSE"):
        raise ApiError("InvalidParameterValue", "ShowCode must be TRUE or FALSE.")
    record = find_function(
        services.catalogue,
        call.region,
        parameters.Namespace,
        parameters.FunctionName,
        namespace_code="ResourceNotFound.Namespace",
    )
    qualifier = parameters.Qualifier or LATEST
    check_qualifier(qualifier, record, "ResourceNotFound.Version")
    # Files may lie on a slow disk, and calls are under way.
    size = await asyncio.to_thread(_folder_bytes, record.code_folder)
    code = await asyncio.to_thread(_entry_text, record) if parameters.ShowCode == "TRUE" else ""
    return _function(record) | _details(record) | {"Qualifier": qualifier, "CodeSize": size, "CodeInfo": code}


ACTIONS = {
    "ListFunctions": Action(msgspec.json.Decoder(ListFunctionsTable), list_functions),
    "GetFunction": Action(msgspec.json.Decoder(GetFunctionTable), get_function),
}


def _is_wanted(record: FunctionRecord, parameters: ListFunctionsTable) -> bool:
    filters = parameters.Filters or []
    if len(filters) > _MAX_FILTERS:
        raise ApiError("InvalidParameterValue", f"Filters can be {_MAX_FILTERS} at most.")
    return (
        (parameters.SearchKey or "") in record.key.name
        and (parameters.Description or "") in record.description
        and all(_matches(record, each) for each in filters)
    )


def _matches(record: FunctionRecord, wanted: FilterTable) -> bool:
    if wanted.Name.startswith(_TAG_FILTER):
        return False  # no local function has tags
    if wanted.Name not in _FILTERS:
        names = ", ".join(sorted(_FILTERS))
        raise ApiError(
            "InvalidParameterValue", f"Filter {wanted.Name[:64]!r} is not known; known are {names}, tag-<key>."
        )
    return _FILTERS[wanted.Name](record) in wanted.Values


def _ordered(records: list[FunctionRecord], orderby: str | None, order: str | None) -> list[FunctionRecord]:
    if order not in (None, "", "ASC", "DESC"):
        raise ApiError("InvalidParameterValue.Order", "Order must be ASC or DESC.")
    if orderby and orderby not in _SORT_KEYS:
        raise ApiError("InvalidParameterValue", f"Orderby must be one of {', '.join(_SORT_KEYS)}.")
    key = _SORT_KEYS[orderby or "FunctionName"]
    return sorted(records, key=key, reverse=order == "DESC")  # type: ignore[arg-type]  # all of one kind


def _not_negative(name: str, value: int | None, default: int) -> int:
    if value is not None and value < 0:
        raise ApiError(f"InvalidParameterValue.{name}", f"{name} must not be negative.")
    return default if value is None else value


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%d %H:%M:%S")


def _function(record: FunctionRecord) -> dict[str, object]:
    """The structure Function of a list."""
    return {
        "FunctionName": record.key.name,
        "FunctionId": record.function_id,
        "Namespace": record.key.namespace,
        "Runtime": record.runtime,
        "Type": record.type,
        "Description": record.description,
        "AddTime": _time(record.created_at),
        "ModTime": _time(record.changed_at),
        "Status": _ACTIVE,
        "StatusDesc": "",
        "StatusReasons": [],
        "Tags": [],
        "AsyncRunEnable": "FALSE",
        "TraceEnable": "FALSE",
        "TotalProvisionedConcurrencyMem": 0,
        "ReservedConcurrencyMem": 0,
    }


def _details(record: FunctionRecord) -> dict[str, object]:
    """What GetFunction shows beyond the list."""
    variables = [{"Key": key, "Value": value} for key, value in record.environment.items()]
    return {
        "Handler": record.handler,
        "Timeout": record.timeout_seconds,
        "InitTimeout": record.init_timeout_seconds,
        "MemorySize": record.memory_mb,
        "Environment": {"Variables": variables},
        "FunctionVersion": LATEST,
        "CodeResult": "success",
        "CodeError": "",
        "ErrNo": 0,
        "AvailableStatus": "Available",
        "Triggers": [],
        "Layers": [],
        "VpcConfig": {"VpcId": "", "SubnetId": ""},
        "UseGpu": "FALSE",
        "Role": "",
        "InstallDependency": "FALSE",
        "ClsLogsetId": "",
        "ClsTopicId": "",
        "EipConfig": {"EipFixed": "FALSE", "Eips": []},
        "AccessInfo": {"Host": "", "Vip": ""},
        "L5Enable": "FALSE",
        "DeadLetterConfig": {"Type": "", "Name": "", "FilterType": ""},
        "PublicNetConfig": {"PublicNetStatus": "ENABLE", "EipConfig": {"EipStatus": "DISABLE", "EipAddress": []}},
        "OnsEnable": "FALSE",
        "CfsConfig": {"CfsInsList": []},
        "ImageConfig": None,
        "ProtocolType": "",
        "ProtocolParams": None,
        "InstanceConcurrencyConfig": None,
        "DnsCache": "FALSE",
        "IntranetConfig": {"IpFixed": "DISABLE", "IpAddress": []},
    }


def _folder_bytes(folder: Path) -> int:
    """Size of the code, of the first so many files of a huge folder."""
    total = count = 0
    for root, _, names in os.walk(folder):
        for name in names:
            count += 1
            if count > _MAX_COUNTED_FILES:
                return total
            try:
                total += os.lstat(os.path.join(root, name)).st_size
            except OSError:
                continue
    return total


def _entry_text(record: FunctionRecord) -> str:
    entry = record.code_folder / f"{record.handler.rpartition('.')[0]}.py"
    try:
        if entry.stat().st_size > _MAX_SHOWN_CODE_BYTES:
            return ""
        return entry.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
