"""CopyFunction: another function with the code of one, and with its configuration where that is wanted.

Source: the texts of CopyFunctionRequest and its error codes in the official SDK (2018-04-16). ``$LATEST`` alone is
copied; versions, aliases, triggers and the log topic are not. That reserved concurrency and retry settings stay behind
too is our choice: other actions set them, and no page names them.
"""

import dataclasses

import msgspec

from tencentserverless._core import wire
from tencentserverless.local.actions.function_changes import check_function_limit, check_new_name
from tencentserverless.local.actions.function_code import keeping, take_snapshot
from tencentserverless.local.actions.function_layers import check_layers
from tencentserverless.local.actions.function_settings import checked_description
from tencentserverless.local.actions.lookup import find_function, folder_is_away, shown
from tencentserverless.local.actions.parameters import Action, Call, Table
from tencentserverless.local.errors import ApiError
from tencentserverless.local.function_folders import follow_folder
from tencentserverless.local.pace import CREATING, Change
from tencentserverless.local.registry.function import Function, new_function
from tencentserverless.local.registry.function_version import (
    AsyncConfig,
    FunctionKey,
    FunctionRecord,
    Package,
)
from tencentserverless.local.registry.package_contents import PackRules
from tencentserverless.local.services import Services, drain_versions
from tencentserverless.local.settings import REGION_NAME

_FAILED = "FailedOperation.CopyFailed"
_LOG_TOPIC = ("ClsLogsetId", "ClsTopicId")


class CopyFunctionTable(Table, frozen=True):
    """Parameters of CopyFunction. Both switches are real booleans, unlike those of most actions."""

    FunctionName: str
    NewFunctionName: str
    Namespace: str | None = None
    TargetNamespace: str | None = None
    Description: str | None = None
    TargetRegion: str | None = None
    Override: bool | None = None
    CopyConfiguration: bool | None = None


async def copy_function(parameters: CopyFunctionTable, call: Call, services: Services) -> dict[str, object]:
    """Make a function from ``$LATEST`` of another one, in any region and namespace of this server.

    :raises ApiError: if the source is missing, or the target's name is taken and Override is not set
    """
    target = _target(parameters, call)
    await follow_folder(services, call.region, parameters.Namespace, parameters.FunctionName)
    await follow_folder(services, *target)
    source = find_function(services.catalogue, call.region, parameters.Namespace, parameters.FunctionName)
    services.pace.check(source.key, _FAILED)
    _check_target(services, source.key, target, overrides=bool(parameters.Override))
    if parameters.Description is not None:
        checked_description(parameters.Description)
    package = await _package_of(services, source.latest)
    copies = parameters.CopyConfiguration is None or parameters.CopyConfiguration
    record = _copied(source.latest, target, package, services.clock(), copies_configuration=copies)
    if parameters.Description is not None:
        record = dataclasses.replace(record, description=parameters.Description)
    _check_target(services, source.key, target, overrides=bool(parameters.Override))  # it may have changed meanwhile
    _check_layers(services, record, source.latest)
    _store(services, new_function(record))
    return {}


ACTIONS = {
    "CopyFunction": Action(msgspec.json.Decoder(CopyFunctionTable), copy_function),
}


def _target(parameters: CopyFunctionTable, call: Call) -> FunctionKey:
    region = parameters.TargetRegion or call.region
    if not REGION_NAME.match(region):
        raise ApiError(
            "UnsupportedOperation.Region", f"TargetRegion {shown(region)} is no region, such as ap-guangzhou."
        )
    return FunctionKey(region, parameters.TargetNamespace or wire.DEFAULT_NAMESPACE, parameters.NewFunctionName)


def _check_target(services: Services, source: FunctionKey, target: FunctionKey, *, overrides: bool) -> None:
    """Refuse a target that is no place for a function, or that is taken."""
    check_new_name(services, target)
    services.pace.check(target, _FAILED)
    if source == target:
        raise ApiError(
            "UnsupportedOperation.CopyFunction",
            f"Function {source.name!r} can't be copied to itself; give another NewFunctionName, TargetNamespace or "
            "TargetRegion.",
        )
    away = services.catalogue.find_away(target)
    if away is not None:
        raise folder_is_away(away, "ResourceInUse.FunctionName")
    if services.catalogue.find(target) is None:
        check_function_limit(services, target)
    elif not overrides:
        raise ApiError(
            "ResourceInUse.FunctionName",
            f"Function {target.name!r} exists already in region {target.region}, namespace {target.namespace}; "
            "Override true replaces it, with its versions, aliases and triggers.",
        )


def _check_layers(services: Services, record: FunctionRecord, latest: FunctionRecord) -> None:
    """Refuse a copy whose layers its region does not have. Within a region, deleted versions stay with the copy too."""
    try:
        check_layers(services, record, latest.layers if record.key.region == latest.key.region else ())
    except ApiError as error:
        raise ApiError(_FAILED, f"{error.message} CopyConfiguration false copies the code alone.") from error


async def _package_of(services: Services, latest: FunctionRecord) -> Package:
    """Return the code of a function as a package; a folder of the user is copied as it is now."""
    if latest.package is not None:
        return latest.package
    return services.packages.adopt(await take_snapshot(services, latest, _FAILED))


def _copied(
    latest: FunctionRecord, target: FunctionKey, package: Package, now: float, *, copies_configuration: bool
) -> FunctionRecord:
    """Make the record of the copy. The code brings handler, runtime and type with it, for it runs with no others."""
    copied = FunctionRecord(target, latest.handler, latest.runtime, package.folder, type=latest.type, package=package)
    if copies_configuration:
        options = {name: value for name, value in latest.options.items() if name not in _LOG_TOPIC}
        copied = dataclasses.replace(latest, key=target, package=package, code_folder=package.folder, options=options)
    # what a folder of the user says beside the configuration belongs to that folder
    return dataclasses.replace(
        copied, created_at=now, changed_at=now, async_config=AsyncConfig(), timers=(), urls=(), packing=PackRules()
    )


def _store(services: Services, function: Function) -> None:
    """Store a copy. A function that it replaces is deleted with all that belongs to it."""
    replaced = services.catalogue.find(function.key)
    with keeping(services, _FAILED):
        services.catalogue.put(function)
    if replaced is not None:
        services.queue.disown(function.key)
        drain_versions(services, replaced.versions.values())
        services.timers.reschedule()
    services.pace.begin(function.key, Change(CREATING))
