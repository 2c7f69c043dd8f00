"""PutReservedConcurrencyConfig, GetReservedConcurrencyConfig, DeleteReservedConcurrencyConfig and GetAccount.

Source: cloud.tencent.com/document/product/583/51519 (concurrency management): reserved memory belongs to one function,
which gets no other; 0 disables the function; 12,800 MB of a region always stay for functions without a reservation.
Limits: GetAccount's sample.
"""

import msgspec

from tencentserverless.local.actions.function_changes import FUNCTIONS_PER_NAMESPACE
from tencentserverless.local.actions.function_settings import UInt
from tencentserverless.local.actions.lookup import Codes, find_function
from tencentserverless.local.actions.namespaces import NAMESPACES_PER_REGION
from tencentserverless.local.actions.parameters import Action, Call, Table
from tencentserverless.local.errors import ApiError
from tencentserverless.local.registry.function import Function
from tencentserverless.local.registry.function_record import INIT_TIMEOUT_SECONDS, TIMEOUT_SECONDS
from tencentserverless.local.services import Services

_UNRESERVED_MB = 12_800
_TRIGGERS_PER_TYPE = 10
_TRIGGER_TYPES = ("Cos", "Timer", "Cmq", "Ckafka", "Apigw", "Cls", "Clb", "Mps", "Cm", "Vod", "Eb")
_DELETE_CODES = Codes(name="ResourceNotFound.Function")


class PutReservedTable(Table, frozen=True):
    """Parameters of PutReservedConcurrencyConfig."""

    FunctionName: str
    ReservedConcurrencyMem: UInt
    Namespace: str | None = None


class ReservedTable(Table, frozen=True):
    """Parameters of GetReservedConcurrencyConfig and of DeleteReservedConcurrencyConfig."""

    FunctionName: str
    Namespace: str | None = None


class GetAccountTable(Table, frozen=True):
    """Parameters of GetAccount: none."""


async def put_reserved(parameters: PutReservedTable, call: Call, services: Services) -> dict[str, object]:
    """Reserve memory of the region for a function's calls, which then get no other memory."""
    function = find_function(services.catalogue, call.region, parameters.Namespace, parameters.FunctionName)
    others_mb = services.catalogue.reservations.of_region(call.region) - (function.reserved_mb or 0)
    free_mb = services.settings.limits.quota_mb(call.region) - _UNRESERVED_MB - others_mb
    if parameters.ReservedConcurrencyMem > free_mb:
        raise ApiError(
            "LimitExceeded.FunctionReservedConcurrencyMemory",
            f"ReservedConcurrencyMem can be {max(0, free_mb)} MB at most: {others_mb} MB of the region are reserved "
            f"for other functions, and {_UNRESERVED_MB} MB always stay for those without a reservation.",
        )
    services.catalogue.put(function.with_reserved(parameters.ReservedConcurrencyMem))
    return {}


async def get_reserved(parameters: ReservedTable, call: Call, services: Services) -> dict[str, object]:
    """Return a function's reservation, null if it has none."""
    function = find_function(services.catalogue, call.region, parameters.Namespace, parameters.FunctionName)
    return {"ReservedMem": function.reserved_mb}


async def delete_reserved(parameters: ReservedTable, call: Call, services: Services) -> dict[str, object]:
    """Remove a reservation."""
    function = find_function(
        services.catalogue, call.region, parameters.Namespace, parameters.FunctionName, _DELETE_CODES
    )
    services.catalogue.put(function.with_reserved(None))
    return {}


async def get_account(parameters: GetAccountTable, call: Call, services: Services) -> dict[str, object]:
    """Return the number of functions in the region's namespaces, and the region's limits."""
    del parameters
    catalogue = services.catalogue
    quota_mb = services.settings.limits.quota_mb(call.region)
    names = [namespace.name for namespace in catalogue.namespaces(call.region)]
    usage = [_namespace_usage(name, catalogue.functions(call.region, name), quota_mb) for name in names]
    return {
        "AccountUsage": {
            "NamespacesCount": len(names),
            "Namespace": usage,
            "TotalConcurrencyMem": quota_mb,
            "TotalAllocatedConcurrencyMem": catalogue.reservations.of_region(call.region),
            "UserConcurrencyMemLimit": quota_mb,
        },
        "AccountLimit": {
            "NamespacesCount": NAMESPACES_PER_REGION,
            "Namespace": [_namespace_limit(name) for name in names],
        },
    }


ACTIONS = {
    "PutReservedConcurrencyConfig": Action(msgspec.json.Decoder(PutReservedTable), put_reserved),
    "GetReservedConcurrencyConfig": Action(msgspec.json.Decoder(ReservedTable), get_reserved),
    "DeleteReservedConcurrencyConfig": Action(msgspec.json.Decoder(ReservedTable), delete_reserved),
    "GetAccount": Action(msgspec.json.Decoder(GetAccountTable), get_account),
}


def _namespace_usage(name: str, functions: list[Function], quota_mb: int) -> dict[str, object]:
    return {
        "Functions": [function.key.name for function in functions],
        "Namespace": name,
        "FunctionsCount": len(functions),
        "TotalConcurrencyMem": quota_mb,
        "TotalAllocatedConcurrencyMem": sum(function.reserved_mb or 0 for function in functions),
        "TotalAllocatedProvisionedMem": 0,
    }


def _namespace_limit(name: str) -> dict[str, object]:
    triggers = dict.fromkeys(_TRIGGER_TYPES, _TRIGGERS_PER_TYPE)
    return {
        "FunctionsCount": FUNCTIONS_PER_NAMESPACE,
        "Trigger": {**triggers, "Total": sum(triggers.values())},
        "Namespace": name,
        "ConcurrentExecutions": 100,
        "TimeoutLimit": TIMEOUT_SECONDS.stop - 1,
        "TestModelLimit": 20,
        "InitTimeoutLimit": INIT_TIMEOUT_SECONDS.stop - 1,
        "RetryNumLimit": 2,
        "MinMsgTTL": 60,
        "MaxMsgTTL": 21600,
    }
