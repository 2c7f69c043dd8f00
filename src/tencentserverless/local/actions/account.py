"""GetAccount: what a region holds, and its limits, which are those of the sample of the API's page."""

import msgspec

from tencentserverless.local.actions.function_changes import FUNCTIONS_PER_NAMESPACE
from tencentserverless.local.actions.namespaces import NAMESPACES_PER_REGION
from tencentserverless.local.actions.parameters import Action, Call, Table
from tencentserverless.local.registry.function import Function
from tencentserverless.local.registry.function_version import INIT_TIMEOUT_SECONDS, TIMEOUT_SECONDS
from tencentserverless.local.services import Services

_TRIGGERS_PER_TYPE = 10
_TRIGGER_TYPES = ("Cos", "Timer", "Cmq", "Ckafka", "Apigw", "Cls", "Clb", "Mps", "Cm", "Vod", "Eb")


class GetAccountTable(Table, frozen=True):
    """Parameters of GetAccount: none."""


async def get_account(parameters: GetAccountTable, call: Call, services: Services) -> dict[str, object]:
    """Return the number of functions in the region's namespaces, and the region's limits."""
    del parameters
    catalogue = services.catalogue
    quota_mb = services.settings.limits.quota_mb(call.region)
    names = [namespace.name for namespace in catalogue.namespaces(call.region)]
    usage = [_namespace_usage(services, call.region, name) for name in names]
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
    "GetAccount": Action(msgspec.json.Decoder(GetAccountTable), get_account),
}


def _namespace_usage(services: Services, region: str, name: str) -> dict[str, object]:
    """Return the structure NamespaceUsage. A namespace without a total of its own shows the rest of the region."""
    functions: list[Function] = services.catalogue.functions(region, name)
    reservations, quota_mb = services.catalogue.reservations, services.settings.limits.quota_mb(region)
    total_mb = reservations.total_of(region, name)
    return {
        "Functions": [function.key.name for function in functions],
        "Namespace": name,
        "FunctionsCount": len(functions),
        "TotalConcurrencyMem": quota_mb - reservations.totals_of(region) if total_mb is None else total_mb,
        "TotalAllocatedConcurrencyMem": sum(function.reserved_mb or 0 for function in functions),
        "TotalAllocatedProvisionedMem": sum(function.provisioned_mb for function in functions),
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
