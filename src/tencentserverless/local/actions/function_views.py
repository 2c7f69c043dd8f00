"""Views of a function in answers, with every documented field.

Sources: cloud.tencent.com/document/api/583/18584 (GetFunction) and 17244 (Function); defaults as in published samples.
"""

import os
from collections.abc import Mapping
from pathlib import Path

from tencentserverless.local.platform_time import time_text
from tencentserverless.local.registry.function import Function
from tencentserverless.local.registry.function_version import FunctionRecord

_MAX_SHOWN_CODE_BYTES = 1024 * 1024  # the platform shows no larger entry file
_MAX_COUNTED_FILES = 10_000
_SUFFIXES = {"Python": ".py", "Nodejs": ".js", "Php": ".php"}


def listed(function: Function, status: str) -> dict[str, object]:
    """Return the structure Function of a list."""
    record = function.latest
    return _summary(record, status) | {
        "TotalProvisionedConcurrencyMem": function.provisioned_mb,
        "ReservedConcurrencyMem": function.reserved_mb or 0,
    }


def detailed(record: FunctionRecord, status: str, layers: list[dict[str, object]]) -> dict[str, object]:
    """Return the fields of GetFunction for a version, without its code.

    :param layers: the structures LayerVersionInfo of its layers
    """
    variables = [{"Key": key, "Value": value} for key, value in record.environment.items()]
    fields = {
        "Handler": record.handler,
        "Timeout": record.timeout_seconds,
        "InitTimeout": record.init_timeout_seconds,
        "MemorySize": record.memory_mb,
        "Environment": {"Variables": variables},
        "FunctionVersion": record.version,
        "Qualifier": record.version,
        "CodeResult": "success",
        "CodeError": "",
        "ErrNo": 0,
        "AvailableStatus": "Available",
        "Triggers": [],
        "Layers": layers,
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
    return _summary(record, status) | fields | _as_answered(record.options)


def _summary(record: FunctionRecord, status: str) -> dict[str, object]:
    return {
        "FunctionName": record.key.name,
        "FunctionId": record.function_id,
        "Namespace": record.key.namespace,
        "Runtime": record.runtime,
        "Type": record.type,
        "Description": record.description,
        "AddTime": time_text(record.created_at),
        "ModTime": time_text(record.changed_at),
        "Status": status,
        "StatusDesc": "",
        "StatusReasons": [],
        "Tags": record.options.get("Tags", []),
        "AsyncRunEnable": "TRUE" if record.runs_async else "FALSE",
        "TraceEnable": record.options.get("TraceEnable", "FALSE"),
    }


def _as_answered(options: Mapping[str, object]) -> dict[str, object]:
    """Return the options of an answer. Two structures have one field more than in the request, the addresses."""
    answered = dict(options)
    network = answered.get("PublicNetConfig")
    if isinstance(network, dict):
        status = network.get("EipConfig") or {"EipStatus": "DISABLE"}
        answered["PublicNetConfig"] = {**network, "EipConfig": {**status, "EipAddress": []}}
    intranet = answered.get("IntranetConfig")
    if isinstance(intranet, dict):
        answered["IntranetConfig"] = {**intranet, "IpAddress": []}
    return answered


def code_bytes(record: FunctionRecord) -> int:
    """Return the size of a version's code: of its zip file, or of the files in its folder. May take a while."""
    if record.package is not None:
        return record.package.archive_bytes
    return _folder_bytes(record.code_folder)


def _folder_bytes(folder: Path) -> int:
    """Return the size of the files in a folder; in a huge folder, of the first 10,000 files."""
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


def entry_text(record: FunctionRecord) -> str:
    """Return the source of the file that holds the handler; empty if it can't be shown. May take a while."""
    language = record.runtime.rstrip("0123456789.")
    entry = record.code_folder / (record.handler.rpartition(".")[0] + _SUFFIXES.get(language, ""))
    try:
        if not entry.resolve().is_relative_to(record.code_folder.resolve()):
            return ""  # a handler such as ../../x.y names no file of the function
        if not entry.is_file() or entry.stat().st_size > _MAX_SHOWN_CODE_BYTES:
            return ""
        return entry.read_text(encoding="utf-8", errors="replace")
    except (OSError, ValueError):
        return ""
