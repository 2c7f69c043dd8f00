"""Finds the handler of an action. The API has one version and fifty-two actions; some are served here."""

from tencentserverless._core import wire
from tencentserverless.local.actions.action import Action
from tencentserverless.local.actions.served import ACTIONS
from tencentserverless.local.front.forms import Request
from tencentserverless.local.refusals import ApiError

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


def find_action(request: Request) -> Action:
    """The action that a request asks for.

    :raises ApiError: if it names none, or one that is not served
    """
    name = request.common("Action")
    version = request.common("Version")
    action = ACTIONS.get(name)
    if action is not None and version == wire.VERSION:
        return action
    for parameter, value in (("Action", name), ("Version", version)):
        if not value:
            raise _missing(request, parameter)
    if version != wire.VERSION:
        shown = request.shown_name("Version")
        raise ApiError("NoSuchVersion", f"{shown} {version[:64]!r} does not exist; it is {wire.VERSION}.")
    if name in KNOWN_ACTIONS:
        raise ApiError("UnsupportedOperation", f"The action {name} is not served by the local SCF.")
    raise ApiError("InvalidAction", f"The action {name[:64]!r} does not exist.")


def find_region(request: Request) -> str:
    """The region that a request operates on.

    :raises ApiError: if it names none
    """
    region = request.common("Region").strip()
    if not region:
        raise _missing(request, "Region")
    return region


def _missing(request: Request, parameter: str) -> ApiError:
    shown = request.shown_name(parameter)
    return ApiError("MissingParameter", f"The request is missing a required parameter `{shown}`.")
