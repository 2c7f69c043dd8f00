"""PublishVersion, ListVersionByFunction and DeleteFunctionVersion.

Source: cloud.tencent.com/document/product/583/43731 (versions): only ``$LATEST`` can be edited; published versions are
frozen copies of code and configuration, numbered from 1 upwards.
"""

import asyncio
import dataclasses

import msgspec

from tencentserverless.local.actions.function_code import keeping, take_snapshot
from tencentserverless.local.actions.function_settings import UInt, checked_description
from tencentserverless.local.actions.function_views import code_bytes
from tencentserverless.local.actions.lookup import find_function, no_version, shown
from tencentserverless.local.actions.parameters import (
    DESCENDING,
    Action,
    Call,
    Table,
    cut_page,
    is_switched_on,
    sort_items,
)
from tencentserverless.local.errors import ApiError
from tencentserverless.local.pace import PUBLISHING, Change
from tencentserverless.local.platform_time import time_text
from tencentserverless.local.registry.function import Function
from tencentserverless.local.registry.function_version import LATEST, MAX_VERSIONS, FunctionKey, FunctionRecord
from tencentserverless.local.services import Services, drain_versions


class PublishVersionTable(Table, frozen=True):
    """Parameters of PublishVersion."""

    FunctionName: str
    Description: str | None = None
    Namespace: str | None = None


class ListVersionByFunctionTable(Table, frozen=True):
    """Parameters of ListVersionByFunction."""

    FunctionName: str
    Namespace: str | None = None
    Offset: UInt | None = None
    Limit: UInt | None = None
    Order: str | None = None
    OrderBy: str | None = None


class DeleteFunctionVersionTable(Table, frozen=True):
    """Parameters of DeleteFunctionVersion."""

    FunctionName: str
    Qualifier: str
    Namespace: str | None = None
    ForceDelete: str | None = None


async def publish_version(parameters: PublishVersionTable, call: Call, services: Services) -> dict[str, object]:
    """Publish a frozen copy of ``$LATEST`` under the next number."""
    function = find_function(services.catalogue, call.region, parameters.Namespace, parameters.FunctionName)
    if parameters.Description is not None:
        checked_description(parameters.Description)
    services.pace.check(function.key, "FailedOperation.PublishVersion")
    record = await publish(services, function.key, parameters.Description)
    return {
        "FunctionVersion": record.version,
        "CodeSize": await asyncio.to_thread(code_bytes, record),
        "MemorySize": record.memory_mb,
        "Description": record.description,
        "Handler": record.handler,
        "Timeout": record.timeout_seconds,
        "Runtime": record.runtime,
        "Namespace": record.key.namespace,
    }


async def publish(services: Services, key: FunctionKey, description: str | None) -> FunctionRecord:
    """Freeze ``$LATEST``. Code in a folder of the user is copied, because the user continues to edit it.

    :raises ApiError: if the function was deleted meanwhile, or its code can't be copied
    """
    draft = None
    function = find_function(services.catalogue, key.region, key.namespace, key.name)
    check_version_limit(function)
    if function.latest.package is None:
        draft = await take_snapshot(services, function.latest, "FailedOperation.PublishVersion")
        services.pace.check_is_there(key)
        function = find_function(services.catalogue, key.region, key.namespace, key.name)
        check_version_limit(function)
    latest, now = function.latest, services.clock()
    package = services.packages.adopt(draft) if draft else latest.package
    if latest.package is not None:
        package = latest.package  # new code came while the old code was copied
    assert package is not None
    record = dataclasses.replace(
        latest,
        version=str(function.last_version + 1),
        package=package,
        code_folder=package.folder,
        description=latest.description if description is None else description,
        created_at=now,
        changed_at=now,
    )
    with keeping(services, "FailedOperation.PublishVersion"):
        services.catalogue.put(function.with_version(record))
    services.pace.begin(key, Change(PUBLISHING, record.version))
    return record


async def list_versions(parameters: ListVersionByFunctionTable, call: Call, services: Services) -> dict[str, object]:
    """Return the versions of a function: ``$LATEST``, then the newest first."""
    function = find_function(services.catalogue, call.region, parameters.Namespace, parameters.FunctionName)
    if parameters.OrderBy and parameters.OrderBy not in ("AddTime", "ModTime"):
        raise ApiError("InvalidParameterValue", "OrderBy must be AddTime or ModTime.")
    # A published version never changes, so both times have the order of its number.
    published = [record for record in function.versions.values() if record.version != LATEST]
    ordered = sort_items(published, lambda record: int(record.version), parameters.Order, default=DESCENDING)
    page = cut_page([function.latest, *ordered], parameters.Offset, parameters.Limit)
    return {
        "FunctionVersion": [record.version for record in page],
        "Versions": [_version(record, services.pace.status(record.key, record.version)) for record in page],
        "TotalCount": len(function.versions),
    }


async def delete_function_version(
    parameters: DeleteFunctionVersionTable, call: Call, services: Services
) -> dict[str, object]:
    """Delete one published version, if no alias leads to it."""
    function = find_function(services.catalogue, call.region, parameters.Namespace, parameters.FunctionName)
    is_forced = is_switched_on("ForceDelete", parameters.ForceDelete)
    return delete_version(services, function, parameters.Qualifier, is_forced=is_forced)


ACTIONS = {
    "PublishVersion": Action(msgspec.json.Decoder(PublishVersionTable), publish_version),
    "ListVersionByFunction": Action(msgspec.json.Decoder(ListVersionByFunctionTable), list_versions),
    "DeleteFunctionVersion": Action(msgspec.json.Decoder(DeleteFunctionVersionTable), delete_function_version),
}


def check_version_limit(function: Function) -> None:
    """Refuse another version of a function that has as many as it may have.

    :raises ApiError: if the function can't have one more
    """
    if len(function.versions) - 1 >= MAX_VERSIONS:  # $LATEST is not a published one
        raise ApiError(
            "LimitExceeded.FunctionVersions",
            f"Function {function.key.name!r} has {MAX_VERSIONS} versions already; delete one by DeleteFunctionVersion.",
        )


def delete_version(services: Services, function: Function, qualifier: str, *, is_forced: bool) -> dict[str, object]:
    """Delete a published version.

    :raises ApiError: if it can't be deleted
    """
    if qualifier == LATEST or qualifier in function.aliases:
        raise ApiError(
            "InvalidParameterValue.Qualifier",
            f"{shown(qualifier)} is no published version: {LATEST} goes with the function, an alias by DeleteAlias.",
        )
    record = function.versions.get(qualifier)
    if record is None:
        raise no_version(function, qualifier, "ResourceNotFound.Qualifier")
    aliases = function.aliases_of(qualifier)
    if aliases:
        names = ", ".join(alias.name for alias in aliases[:5])
        raise ApiError("UnsupportedOperation.AliasBind", f"Version {qualifier} is still bound to: {names}.")
    services.pace.check(function.key, "FailedOperation.DeleteFunction", qualifier)
    check_provisioning(services, function, "FailedOperation.ProvisionedInProgress", qualifier)
    services.catalogue.put(function.without_version(qualifier))
    drain_versions(services, [record], is_forced=is_forced)
    return {}


def check_provisioning(services: Services, function: Function, code: str, version: str = "") -> None:
    """Refuse an action while provisioned instances start. Without the cloud's pace none is refused for that.

    :param code: the code of the refusal
    :param version: of the function; ``""`` for all
    :raises ApiError: if an instance is missing that has not failed to start
    """
    if not services.pace.is_on:
        return
    for each in (version,) if version else function.provisions:
        progress = services.scheduler.provisioning.progress((function.key, each))
        if not progress.is_done and not progress.failure:
            raise ApiError(
                code,
                f"Version {each} of {function.key.name!r} has {progress.available} of {progress.wanted} provisioned "
                "instances; try again when GetProvisionedConcurrencyConfig shows the Status Done.",
            )


def _version(record: FunctionRecord, status: str) -> dict[str, object]:
    return {
        "Version": record.version,
        "Description": record.description,
        "AddTime": time_text(record.created_at),
        "ModTime": time_text(record.changed_at),
        "Status": status,
    }
