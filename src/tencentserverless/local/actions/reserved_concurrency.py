"""PutReservedConcurrencyConfig, GetReservedConcurrencyConfig and DeleteReservedConcurrencyConfig.

Source: cloud.tencent.com/document/product/583/51519 (concurrency management): reserved memory belongs to one function,
which gets no other; 0 disables the function; 12,800 MB of a region always stay for functions without a reservation.
"""

import msgspec

from tencentserverless.local.actions.function_settings import UInt
from tencentserverless.local.actions.lookup import Codes, find_function
from tencentserverless.local.actions.parameters import Action, Call, Table
from tencentserverless.local.errors import ApiError
from tencentserverless.local.services import Services

UNRESERVED_MB = 12_800
_NOT_ACTIVE = "FailedOperation.FunctionVersionStatusNotActive"
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


async def put_reserved(parameters: PutReservedTable, call: Call, services: Services) -> dict[str, object]:
    """Reserve memory of the region for a function's calls, which then get no other memory."""
    function = find_function(services.catalogue, call.region, parameters.Namespace, parameters.FunctionName)
    services.pace.check(function.key, _NOT_ACTIVE)
    quota_mb = services.settings.limits.quota_mb(call.region)
    share = services.catalogue.reservations.share_of(call.region, function.key.namespace, quota_mb)
    free_mb = share.limit_mb + (function.reserved_mb or 0) - UNRESERVED_MB
    if parameters.ReservedConcurrencyMem > free_mb:
        place = f"namespace {share.namespace}" if share.namespace else f"region {call.region}"
        raise ApiError(
            "LimitExceeded.FunctionReservedConcurrencyMemory",
            f"ReservedConcurrencyMem can be {max(0, free_mb)} MB at most: the rest of {place} is reserved for other "
            f"functions, and {UNRESERVED_MB} MB always stay for those without a reservation.",
        )
    if parameters.ReservedConcurrencyMem < function.provisioned_mb:
        raise ApiError(
            "FailedOperation.ProvisionedExceedReserved",
            f"ReservedConcurrencyMem must be {function.provisioned_mb} MB at least, for the provisioned instances of "
            f"{function.key.name!r}; PutProvisionedConcurrencyConfig can lower their number.",
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
    services.pace.check(function.key, _NOT_ACTIVE)
    services.catalogue.put(function.with_reserved(None))
    return {}


ACTIONS = {
    "PutReservedConcurrencyConfig": Action(msgspec.json.Decoder(PutReservedTable), put_reserved),
    "GetReservedConcurrencyConfig": Action(msgspec.json.Decoder(ReservedTable), get_reserved),
    "DeleteReservedConcurrencyConfig": Action(msgspec.json.Decoder(ReservedTable), delete_reserved),
}
