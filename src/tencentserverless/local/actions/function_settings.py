"""Settings of CreateFunction and UpdateFunctionConfiguration, without the code: checked and put into a record.

Sources: cloud.tencent.com/document/api/583/18586 (CreateFunction), 18580 (UpdateFunctionConfiguration), 17244 (data
types). Settings that change nothing on one machine are checked for their form, kept, and shown by GetFunction.
"""

import dataclasses
from typing import Annotated, Any

import msgspec

from tencentserverless.local.actions.parameters import SWITCH, Table, choose
from tencentserverless.local.errors import ApiError
from tencentserverless.local.registry import function_version
from tencentserverless.local.registry.function_version import FunctionRecord, LayerRef, Rule

UInt = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


class VariableTable(Table, frozen=True):
    """The structure Variable."""

    Key: str | None = None
    Value: str | None = None


class EnvironmentTable(Table, frozen=True):
    """The structure Environment: a list, not a map."""

    Variables: list[VariableTable] | None = None


class VpcConfigTable(Table, frozen=True):
    """The structure VpcConfig."""

    VpcId: str | None = None
    SubnetId: str | None = None


class LayerTable(Table, frozen=True):
    """The structure LayerVersionSimple."""

    LayerName: str
    LayerVersion: int


class DeadLetterConfigTable(Table, frozen=True):
    """The structure DeadLetterConfig."""

    Type: str
    Name: str
    FilterType: str | None = None


class EipConfigTable(Table, frozen=True):
    """The structure EipConfigIn."""

    EipStatus: str


class PublicNetConfigTable(Table, frozen=True):
    """The structure PublicNetConfigIn."""

    PublicNetStatus: str
    EipConfig: EipConfigTable | None = None


class CfsTable(Table, frozen=True):
    """The structure CfsInsInfo."""

    UserId: str
    UserGroupId: str
    CfsId: str
    MountInsId: str
    LocalMountDir: str
    RemoteMountDir: str
    IpAddress: str | None = None
    MountVpcId: str | None = None
    MountSubnetId: str | None = None


class CfsConfigTable(Table, frozen=True):
    """The structure CfsConfig."""

    CfsInsList: list[CfsTable]


class WebSocketTable(Table, frozen=True):
    """The structure WSParams."""

    IdleTimeOut: UInt | None = None


class ProtocolParamsTable(Table, frozen=True):
    """The structure ProtocolParams."""

    WSParams: WebSocketTable | None = None


class IntranetConfigTable(Table, frozen=True):
    """The structure IntranetConfigIn."""

    IpFixed: str


class NodeTable(Table, frozen=True):
    """The structure MixNodeConfig."""

    NodeSpec: str | None = None
    Num: UInt | None = None


class SessionConfigTable(Table, frozen=True):
    """The structure SessionConfig."""

    SessionSource: str | None = None
    SessionName: str | None = None
    MaximumConcurrencySessionPerInstance: UInt | None = None
    MaximumTTLInSeconds: UInt | None = None
    MaximumIdleTimeInSeconds: UInt | None = None
    SessionPath: str | None = None
    IdleTimeoutStrategy: str | None = None


class InstanceConcurrencyTable(Table, frozen=True):
    """The structure InstanceConcurrencyConfig."""

    DynamicEnabled: str | None = None
    MaxConcurrency: UInt | None = None
    InstanceIsolationEnabled: str | None = None
    Type: str | None = None
    MixNodeConfig: list[NodeTable] | None = None
    SessionConfig: SessionConfigTable | None = None


class ConfigurationTable(Table, frozen=True):
    """Parameters that both actions take."""

    FunctionName: str
    Namespace: str | None = None
    Description: str | None = None
    MemorySize: int | None = None
    Timeout: int | None = None
    InitTimeout: int | None = None
    Runtime: str | None = None
    Environment: EnvironmentTable | None = None
    VpcConfig: VpcConfigTable | None = None
    Role: str | None = None
    InstallDependency: str | None = None
    ClsLogsetId: str | None = None
    ClsTopicId: str | None = None
    Layers: list[LayerTable] | None = None
    DeadLetterConfig: DeadLetterConfigTable | None = None
    PublicNetConfig: PublicNetConfigTable | None = None
    CfsConfig: CfsConfigTable | None = None
    ProtocolParams: ProtocolParamsTable | None = None
    InstanceConcurrencyConfig: InstanceConcurrencyTable | None = None
    DnsCache: str | None = None
    IntranetConfig: IntranetConfigTable | None = None
    # Unpublished. tencent-component-toolkit 2.27.6 sends it in every creation and update.
    DiskSize: int | None = None


_KEPT = (
    "VpcConfig Role InstallDependency ClsLogsetId ClsTopicId DeadLetterConfig PublicNetConfig CfsConfig ProtocolParams "
    "InstanceConcurrencyConfig DnsCache IntranetConfig Tags TraceEnable ProtocolType L5Enable"
).split()
#: Switches, each with the error code of a wrong value; the general code if the pages list no special one.
_SWITCHES = {
    "InstallDependency": "InvalidParameterValue",
    "DnsCache": "InvalidParameterValue",
    "TraceEnable": "InvalidParameterValue.TraceEnable",
    "L5Enable": "InvalidParameterValue.L5Enable",
    "AutoDeployClsTopicIndex": "InvalidParameterValue",
    "AutoCreateClsTopic": "InvalidParameterValue",
}
_FAULT_CODES = {
    Rule.VALUE: "InvalidParameterValue.Environment",
    Rule.RESERVED: "InvalidParameterValue.EnvironmentSystemProtect",
    Rule.SIZE: "InvalidParameterValue.EnvironmentExceededLimit",
}


def configured(record: FunctionRecord, parameters: ConfigurationTable) -> FunctionRecord:
    """Return a record with the changes of a request; values that the request leaves out stay.

    Whether its layers exist is not checked here.

    :raises ApiError: with the platform's code, if a value is invalid
    """
    _refuse_unserved(parameters)
    changes: dict[str, Any] = {"options": {**record.options, **_options(parameters)}}
    if parameters.DiskSize is not None and parameters.DiskSize <= 0:
        raise ApiError("InvalidParameterValue.DiskSize", f"DiskSize must be megabytes, not {parameters.DiskSize}.")
    runs_async = record.runs_async
    if parameters.Description is not None:
        changes["description"] = checked_description(parameters.Description)
    if parameters.MemorySize is not None:
        changes["memory_mb"] = _checked_memory(parameters.MemorySize)
    if parameters.Timeout is not None:
        changes["timeout_seconds"] = _checked_seconds(
            "Timeout",
            parameters.Timeout,
            function_version.ASYNC_TIMEOUT_SECONDS if runs_async else function_version.TIMEOUT_SECONDS,
        )
    if parameters.InitTimeout is not None:
        allowed = function_version.INIT_TIMEOUT_SECONDS
        changes["init_timeout_seconds"] = _checked_seconds("InitTimeout", parameters.InitTimeout, allowed)
    if parameters.Environment is not None:
        changes["environment"] = _variables(parameters.Environment)
    if parameters.Layers is not None:
        changes["layers"] = _layers(parameters.Layers)
    return dataclasses.replace(record, **changes)


def checked_description(text: str) -> str:
    """Check the length of a description.

    :raises ApiError: if the description is too long
    """
    if len(text) > function_version.MAX_DESCRIPTION_CHARS:
        raise ApiError(
            "InvalidParameterValue.Description",
            f"Description is over {function_version.MAX_DESCRIPTION_CHARS} characters.",
        )
    return text


def _checked_memory(megabytes: int) -> int:
    if megabytes not in function_version.MEMORY_MB:
        raise ApiError(
            "InvalidParameterValue.Memory", f"MemorySize must be 64, or 128 to 3072 in steps of 128, not {megabytes}."
        )
    return megabytes


def _checked_seconds(name: str, seconds: int, allowed: range) -> int:
    if seconds not in allowed:
        # The pages list an error code for values that are too large, and none for those that are too small.
        code = f"LimitExceeded.{name}" if seconds >= allowed.stop else "InvalidParameterValue"
        raise ApiError(code, f"{name} must be {allowed.start} to {allowed.stop - 1} seconds, not {seconds}.")
    return seconds


#: What Tencent's tools send to take a function's variables away: Terraform's provider and tencent-component-toolkit in
#: every update of a function without variables.
_NO_VARIABLES = [VariableTable("", "")]


def _variables(environment: EnvironmentTable) -> dict[str, str]:
    variables: dict[str, str] = {}
    if environment.Variables == _NO_VARIABLES:
        return variables
    for variable in environment.Variables or []:
        if variable.Key is None or variable.Key in variables:
            problem = "stands twice" if variable.Key else "has no Key"
            raise ApiError("InvalidParameterValue.Environment", f"A variable of Environment {problem}.")
        variables[variable.Key] = variable.Value or ""
    fault = function_version.environment_fault(variables)
    if fault is not None:
        raise ApiError(_FAULT_CODES[fault.rule], f"Environment can't be used: {fault.words}.")
    return variables


def _layers(given: list[LayerTable]) -> tuple[LayerRef, ...]:
    """Return the layers of a request. One entry without a name clears them: Terraform and Tencent's toolkit send it."""
    if [each.LayerName for each in given] == [""]:
        return ()
    if len(given) > function_version.MAX_LAYERS:
        raise ApiError(
            "InvalidParameterValue.Layers",
            f"Layers has {len(given)} entries; a function takes {function_version.MAX_LAYERS}.",
        )
    if not all(each.LayerName for each in given):
        raise ApiError(
            "InvalidParameterValue.Layers",
            "Layers has an entry without LayerName beside others. Alone it removes all layers.",
        )
    return tuple(LayerRef(each.LayerName, each.LayerVersion) for each in given)


def _options(parameters: ConfigurationTable) -> dict[str, object]:
    """Return the settings that are only kept and shown, as plain values."""
    options: dict[str, object] = {}
    for name in (*_SWITCHES, *_KEPT):
        value = getattr(parameters, name, None)
        if value is not None and name in _SWITCHES:
            value = choose(name, value, SWITCH, SWITCH[1], _SWITCHES[name])
        if value is not None and name in _KEPT:
            options[name] = msgspec.to_builtins(value)
    return options


def _refuse_unserved(parameters: ConfigurationTable) -> None:
    """Refuse settings that would change how the function runs, and that the local SCF does not support."""
    if parameters.CfsConfig is not None and parameters.CfsConfig.CfsInsList:
        raise ApiError(
            "UnsupportedOperation", "CfsConfig: mounting a file system is not served by the local SCF; leave it out."
        )
