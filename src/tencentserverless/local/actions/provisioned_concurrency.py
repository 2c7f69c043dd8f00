"""PutProvisionedConcurrencyConfig, GetProvisionedConcurrencyConfig and DeleteProvisionedConcurrencyConfig.

Sources: the texts of these actions and their error codes in the official SDK (2018-04-16), and
cloud.tencent.com/document/product/583/51519 (concurrency management). Only published versions have provisioned
concurrency; 100 instances' worth of a function's memory stay without.
"""

import msgspec

from tencentserverless.local.actions.function_settings import UInt
from tencentserverless.local.actions.lookup import find_function, no_version, shown
from tencentserverless.local.actions.parameters import Action, Call, Table, choose
from tencentserverless.local.actions.versions import check_provisioning
from tencentserverless.local.errors import ApiError
from tencentserverless.local.registry.function import Function
from tencentserverless.local.registry.function_version import LATEST, WEB, FunctionRecord
from tencentserverless.local.registry.provisions import DEFAULT, KINDS, TRACKING, Provision, TimedProvision
from tencentserverless.local.registry.timer_triggers import NAME, TRIGGERS_PER_TYPE, cron_fault
from tencentserverless.local.scheduler.provisioning import Progress
from tencentserverless.local.services import Services
from tencentserverless.local.worker.interpreters import can_run

_UNPROVISIONED = 100  # instances of a function that stay without
_MAX_TIMED = TRIGGERS_PER_TYPE  # ours: the API has a code for too many, and no number
_CRON_FIELDS = 7
_NOT_ACTIVE = "FailedOperation.FunctionVersionStatusNotActive"
DONE, IN_PROGRESS, FAILED = "Done", "InProgress", "Failed"


class TriggerActionTable(Table, frozen=True):
    """The structure TriggerAction."""

    TriggerName: str
    TriggerProvisionedConcurrencyNum: UInt
    TriggerCronConfig: str
    ProvisionedType: str | None = None


class PutProvisionedTable(Table, frozen=True):
    """Parameters of PutProvisionedConcurrencyConfig."""

    FunctionName: str
    Qualifier: str
    VersionProvisionedConcurrencyNum: UInt
    Namespace: str | None = None
    TriggerActions: list[TriggerActionTable] | None = None
    ProvisionedType: str | None = None
    TrackingTarget: float | None = None
    MinCapacity: UInt | None = None
    MaxCapacity: UInt | None = None


class GetProvisionedTable(Table, frozen=True):
    """Parameters of GetProvisionedConcurrencyConfig."""

    FunctionName: str
    Namespace: str | None = None
    Qualifier: str | None = None


class DeleteProvisionedTable(Table, frozen=True):
    """Parameters of DeleteProvisionedConcurrencyConfig."""

    FunctionName: str
    Qualifier: str
    Namespace: str | None = None


async def put_provisioned(parameters: PutProvisionedTable, call: Call, services: Services) -> dict[str, object]:
    """Start instances of a version ahead of its calls, and keep them.

    :raises ApiError: if the version is none that can have them, or there is no memory or process for so many
    """
    function = find_function(services.catalogue, call.region, parameters.Namespace, parameters.FunctionName)
    record = _find_version(function, parameters.Qualifier)
    _check_runs(record)
    services.pace.check(function.key, _NOT_ACTIVE, record.version)
    check_provisioning(services, function, "FailedOperation.ProvisionedInProgress", record.version)
    now = services.clock()
    provision = _provision(parameters, now)
    _check_free(services, function, record, provision.count)
    for each in provision.timed:
        _check_timed(services, function, record, each)
    services.catalogue.put(function.with_provision(record.version, provision))
    services.provision_timers.reschedule()
    services.scheduler.provisioning.fill()
    return {}


async def get_provisioned(parameters: GetProvisionedTable, call: Call, services: Services) -> dict[str, object]:
    """Return the provisioned concurrency of a function's versions: the numbers wanted, and those that are there."""
    function = find_function(services.catalogue, call.region, parameters.Namespace, parameters.FunctionName)
    versions = sorted(function.provisions, key=int)
    if parameters.Qualifier:
        found = _find_version(function, parameters.Qualifier).version
        versions = [found] if found in function.provisions else []
    return {
        "UnallocatedConcurrencyNum": max(0, min(free_numbers(services, function, function.latest))),
        "Allocated": [_shown(services, function, version) for version in versions],
    }


async def delete_provisioned(parameters: DeleteProvisionedTable, call: Call, services: Services) -> dict[str, object]:
    """Keep no instances of a version any more: those that are there end as others do, when they are idle for long."""
    function = find_function(services.catalogue, call.region, parameters.Namespace, parameters.FunctionName)
    record = _find_version(function, parameters.Qualifier)
    services.pace.check(function.key, _NOT_ACTIVE, record.version)
    check_provisioning(services, function, "FailedOperation.ProvisionedInProgress", record.version)
    services.catalogue.put(function.with_provision(record.version, None))
    services.provision_timers.reschedule()
    services.scheduler.provisioning.fill()
    return {}


ACTIONS = {
    "PutProvisionedConcurrencyConfig": Action(msgspec.json.Decoder(PutProvisionedTable), put_provisioned),
    "GetProvisionedConcurrencyConfig": Action(msgspec.json.Decoder(GetProvisionedTable), get_provisioned),
    "DeleteProvisionedConcurrencyConfig": Action(msgspec.json.Decoder(DeleteProvisionedTable), delete_provisioned),
}


def free_numbers(services: Services, function: Function, record: FunctionRecord) -> tuple[int, int]:
    """Return how many instances of a version can still be provisioned: by the platform's rule, and on this machine."""
    key, limits = function.key, services.settings.limits
    quota_mb, kept = function.reserved_mb, 0
    if quota_mb is None:
        quota_mb = services.catalogue.reservations.share_of(*key[:2], limits.quota_mb(key.region)).limit_mb
        kept = _UNPROVISIONED
    free_mb = quota_mb - function.provisioned_mb
    return free_mb // record.memory_mb - kept, limits.provisioned_instances - services.catalogue.provisions.total


def _find_version(function: Function, qualifier: str) -> FunctionRecord:
    if qualifier == LATEST or qualifier in function.aliases:
        raise ApiError(
            "InvalidParameterValue.Qualifier",
            f"Qualifier {shown(qualifier)} is no published version, and only these have provisioned concurrency; "
            "PublishVersion makes one.",
        )
    record = function.versions.get(qualifier)
    if record is None:
        raise no_version(function, qualifier, "ResourceNotFound.FunctionVersion")
    return record


def _check_runs(record: FunctionRecord) -> None:
    if record.type != WEB and not can_run(record.runtime):
        raise ApiError(
            "UnsupportedOperation",
            f"Function {record.key.name!r} has the runtime {record.runtime}, which the local SCF lists and does not "
            "run: it can't start instances of it.",
        )


def _check_free(services: Services, function: Function, record: FunctionRecord, count: int) -> None:
    """Refuse more instances than the platform allows, or than this machine can hold beside those of calls.

    No more than there are is never too many: a smaller total of the namespace, or a smaller machine, may leave less.
    """
    old = function.provisions.get(record.version)
    old_count = old.count if old else 0
    if count <= old_count:
        return
    by_platform, by_machine = free_numbers(services, function.with_provision(record.version, None), record)
    by_machine += old_count
    if count > by_platform:
        rule = f"the memory of {_UNPROVISIONED} more instances has to stay free"
        if function.reserved_mb is not None:
            rule = f"{function.reserved_mb} MB are reserved for the function"
        raise ApiError(
            "FailedOperation.ProvisionedExceedReserved"
            if function.reserved_mb is not None
            else "LimitExceeded.FunctionTotalProvisionedConcurrencyNum",
            f"Version {record.version} of {function.key.name!r} can have at the most {max(0, by_platform)} provisioned "
            f"instances, not {count}: {rule}.",
        )
    if count > by_machine:
        raise ApiError(
            "FailedOperation.ProvisionedExceedAvailable",
            f"This machine can hold {max(0, by_machine)} more provisioned instances, not {count}: all functions "
            f"together can have {services.settings.limits.provisioned_instances}, half of the processes that it runs.",
        )


def _check_timed(services: Services, function: Function, record: FunctionRecord, timed: TimedProvision) -> None:
    try:
        _check_free(services, function, record, timed.count)
    except ApiError as error:
        problem = f"TriggerAction {timed.name!r}: {error.message}"
        raise ApiError("InvalidParameterValue.TriggerProvisionedConcurrencyNum", problem) from error


def _provision(parameters: PutProvisionedTable, now: float) -> Provision:
    """Read and check the provisioned concurrency that a request asks for."""
    kind = choose("ProvisionedType", parameters.ProvisionedType, KINDS, DEFAULT, "InvalidParameterValue.ProvisionType")
    timed = _timed(parameters.TriggerActions or [], now)
    if kind == DEFAULT:
        return Provision(parameters.VersionProvisionedConcurrencyNum, kind, timed=timed, changed_at=now)
    target, smallest, largest = parameters.TrackingTarget, parameters.MinCapacity, parameters.MaxCapacity
    if target is None or not 0 < target < 1:
        raise ApiError(
            "InvalidParameterValue.TrackingTarget", f"TrackingTarget must be between 0 and 1, as 0.7, not {target}."
        )
    if not smallest:
        raise ApiError("InvalidParameterValue.MinCapacity", f"MinCapacity must be 1 at least, not {smallest}.")
    if largest is None or largest < smallest:
        raise ApiError(
            "InvalidParameterValue.MinCapacity",
            f"MinCapacity {smallest} must not be over MaxCapacity, which is {largest}.",
        )
    return Provision(smallest, TRACKING, (target, smallest, largest), timed, now)


def _timed(actions: list[TriggerActionTable], now: float) -> tuple[TimedProvision, ...]:
    if len(actions) > _MAX_TIMED:
        raise ApiError(
            "LimitExceeded.ProvisionTriggerAction", f"TriggerActions can be {_MAX_TIMED} at most, not {len(actions)}."
        )
    names: set[str] = set()
    crons: set[str] = set()
    for each in actions:
        _check_action(each, now)
        if each.TriggerName in names:
            raise ApiError(
                "InvalidParameterValue.ProvisionTriggerNameDuplicate",
                f"TriggerName {shown(each.TriggerName)} stands twice in TriggerActions.",
            )
        if each.TriggerCronConfig in crons:
            raise ApiError(
                "InvalidParameterValue.ProvisionTriggerCronConfigDuplicate",
                f"TriggerCronConfig {shown(each.TriggerCronConfig)} stands twice in TriggerActions.",
            )
        names.add(each.TriggerName)
        crons.add(each.TriggerCronConfig)
    return tuple(
        TimedProvision(
            each.TriggerName, each.TriggerProvisionedConcurrencyNum, each.TriggerCronConfig, each.ProvisionedType
        )
        for each in actions
    )


def _check_action(action: TriggerActionTable, now: float) -> None:
    if not NAME.match(action.TriggerName):
        raise ApiError(
            "InvalidParameterValue.ProvisionTriggerName",
            f"TriggerName {shown(action.TriggerName)} must be 1 to 100 letters, digits, '-' or '_'.",
        )
    choose("ProvisionedType", action.ProvisionedType, (DEFAULT,), DEFAULT, "InvalidParameterValue.ProvisionType")
    cron = action.TriggerCronConfig
    fault = "it must have seven fields" if len(cron.split()) != _CRON_FIELDS else cron_fault(cron, now)
    if fault is not None:
        raise ApiError(
            "InvalidParameterValue.TriggerCronConfig", f"TriggerCronConfig {shown(cron)} is no time: {fault[:200]}."
        )


def _shown(services: Services, function: Function, version: str) -> dict[str, object]:
    """Return the structure VersionProvisionedConcurrencyInfo."""
    provision = function.provisions[version]
    progress = services.scheduler.provisioning.progress((function.key, version))
    return {
        "AllocatedProvisionedConcurrencyNum": provision.count,
        "AvailableProvisionedConcurrencyNum": progress.available,
        "Status": _status(progress),
        "StatusReason": "" if progress.is_done else progress.failure,
        "Qualifier": version,
        "TriggerActions": [
            {
                "TriggerName": each.name,
                "TriggerProvisionedConcurrencyNum": each.count,
                "TriggerCronConfig": each.cron,
                "ProvisionedType": each.kind,
            }
            for each in provision.timed
        ],
    }


def _status(progress: Progress) -> str:
    if progress.is_done:
        return DONE
    return FAILED if progress.failure else IN_PROGRESS
