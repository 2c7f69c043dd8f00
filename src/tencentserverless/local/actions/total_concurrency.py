"""PutTotalConcurrencyConfig: the memory that the calls of a namespace may hold together. GetAccount shows it.

Sources: the texts of the action and its error codes in the official SDK (2018-04-16), and
cloud.tencent.com/document/product/583/51519 (concurrency management): at least 12,800 MB more than what is reserved for
single functions. The rest of the region is for the namespaces without a total of their own.
"""

import dataclasses

import msgspec

from tencentserverless._core import wire
from tencentserverless.local.actions.function_settings import UInt
from tencentserverless.local.actions.lookup import check_namespace
from tencentserverless.local.actions.parameters import Action, Call, Table
from tencentserverless.local.actions.reserved_concurrency import UNRESERVED_MB
from tencentserverless.local.errors import ApiError
from tencentserverless.local.services import Services
from tencentserverless.local.settings import REGION_NAME


class PutTotalTable(Table, frozen=True):
    """Parameters of PutTotalConcurrencyConfig."""

    TotalConcurrencyMem: UInt
    Namespace: str | None = None


async def put_total(parameters: PutTotalTable, call: Call, services: Services) -> dict[str, object]:
    """Give a namespace a total of its own, which its calls alone use."""
    name, total_mb, catalogue = (
        parameters.Namespace or wire.DEFAULT_NAMESPACE,
        parameters.TotalConcurrencyMem,
        services.catalogue,
    )
    if not REGION_NAME.match(call.region):
        raise ApiError("UnsupportedRegion", f"X-TC-Region {call.region[:64]!r} is no region, such as ap-guangzhou.")
    check_namespace(catalogue, call.region, name)
    _check_lower(services, call.region, name, total_mb)
    _check_upper(services, call.region, name, total_mb)
    old = next(each for each in catalogue.namespaces(call.region) if each.name == name)
    catalogue.put_namespace(dataclasses.replace(old, total_mb=total_mb))
    return {}


ACTIONS = {
    "PutTotalConcurrencyConfig": Action(msgspec.json.Decoder(PutTotalTable), put_total),
}


def _check_lower(services: Services, region: str, name: str, total_mb: int) -> None:
    reserved_mb = services.catalogue.reservations.of_namespace(region, name)
    least_mb = reserved_mb + UNRESERVED_MB
    if total_mb < least_mb:
        raise ApiError(
            "FailedOperation.ReservedExceedTotal" if reserved_mb else "InvalidParameterValue",
            f"TotalConcurrencyMem must be {least_mb} MB at least, not {total_mb}: {reserved_mb} MB are reserved for "
            f"functions of namespace {name!r}, and {UNRESERVED_MB} MB stay for the others.",
        )


def _check_upper(services: Services, region: str, name: str, total_mb: int) -> None:
    """Refuse a total that is over the region's memory, or that leaves too little for what is promised already."""
    reservations, quota_mb = services.catalogue.reservations, services.settings.limits.quota_mb(region)
    if total_mb > quota_mb:
        raise ApiError(
            "LimitExceeded.TotalConcurrencyMemory",
            f"TotalConcurrencyMem can be {quota_mb} MB at most, the memory of region {region}, not {total_mb}.",
        )
    others_mb = reservations.totals_of(region) - (reservations.total_of(region, name) or 0)
    spaces = [each.name for each in services.catalogue.namespaces(region)]
    others_mb += sum(
        reservations.of_namespace(region, each)
        for each in spaces
        if each != name and reservations.total_of(region, each) is None
    )
    if total_mb > quota_mb - others_mb:
        raise ApiError(
            "LimitExceeded.UserTotalConcurrencyMemory",
            f"TotalConcurrencyMem can be {quota_mb - others_mb} MB at most, not {total_mb}: {others_mb} MB of region "
            f"{region} belong to other namespaces and their functions.",
        )
