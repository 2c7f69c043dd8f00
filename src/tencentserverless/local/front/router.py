"""Finds the handler of an action. The API has one version and fifty-two actions; some are served here."""

from collections.abc import Mapping

from tencentserverless._core import wire
from tencentserverless.local.actions import functions, invoke
from tencentserverless.local.actions.action import Action
from tencentserverless.local.refusals import ApiError

ACTIONS: dict[str, Action] = {**invoke.ACTIONS, **functions.ACTIONS}

#: Every action of version 2018-04-16 (tccli's api.json).
KNOWN_ACTIONS = frozenset(
    "CopyFunction CreateAlias CreateCustomDomain CreateFunction CreateNamespace CreateTrigger DeleteAlias "
    "DeleteCustomDomain DeleteFunction DeleteFunctionVersion DeleteLayerVersion DeleteNamespace "
    "DeleteProvisionedConcurrencyConfig DeleteReservedConcurrencyConfig DeleteTrigger GetAccount GetAlias "
    "GetAsyncEventStatus GetCustomDomain GetFunction GetFunctionAddress GetFunctionEventInvokeConfig "
    "GetFunctionLogs GetLayerVersion GetProvisionedConcurrencyConfig GetRequestStatus GetReservedConcurrencyConfig "
    "Invoke InvokeFunction ListAliases ListAsyncEvents ListCustomDomains ListFunctions ListLayerVersions ListLayers "
    "ListNamespaces ListTriggers ListVersionByFunction PublishLayerVersion PublishVersion "
    "PutProvisionedConcurrencyConfig PutReservedConcurrencyConfig PutTotalConcurrencyConfig TerminateAsyncEvent "
    "UpdateAlias UpdateCustomDomain UpdateFunctionCode UpdateFunctionConfiguration UpdateFunctionEventInvokeConfig "
    "UpdateNamespace UpdateTrigger UpdateTriggerStatus".split()
)


def find_action(headers: Mapping[str, str]) -> Action:
    """The action that a request asks for.

    :param headers: by lower-case name
    :raises ApiError: if it names none, or one that is not served
    """
    name = headers.get("x-tc-action", "")
    version = headers.get("x-tc-version", "")
    action = ACTIONS.get(name)
    if action is not None and version == wire.VERSION:
        return action
    for header, value in (("X-TC-Action", name), ("X-TC-Version", version)):
        if not value:
            raise ApiError("MissingParameter", f"The request is missing a required parameter `{header}`.")
    if version != wire.VERSION:
        raise ApiError("NoSuchVersion", f"X-TC-Version {version[:64]!r} does not exist; it is {wire.VERSION}.")
    if name in KNOWN_ACTIONS:
        raise ApiError("UnsupportedOperation", f"The action {name} is not served by the local SCF.")
    raise ApiError("InvalidAction", f"The action {name[:64]!r} does not exist.")


def find_region(headers: Mapping[str, str]) -> str:
    """The region that a request operates on.

    :raises ApiError: if it names none
    """
    region = headers.get("x-tc-region", "").strip()
    if not region:
        raise ApiError("MissingParameter", "The request is missing a required parameter `X-TC-Region`.")
    return region
