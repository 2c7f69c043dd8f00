"""CreateNamespace, ListNamespaces, UpdateNamespace and DeleteNamespace.

Sources: cloud.tencent.com/document/api/583/37261 to 37264; limits from document/product/583/11637.
"""

import dataclasses

import msgspec

from tencentserverless.local.actions.function_settings import UInt, checked_description
from tencentserverless.local.actions.lookup import check_namespace, shown
from tencentserverless.local.actions.parameters import ASCENDING, Action, Call, Table, cut_page, sort_items
from tencentserverless.local.errors import ApiError
from tencentserverless.local.platform_time import time_text
from tencentserverless.local.registry.function_version import DEFAULT_NAMESPACE, NAMESPACE_NAME, Namespace
from tencentserverless.local.services import Services
from tencentserverless.local.settings import REGION_NAME

NAMESPACES_PER_REGION = 5


class LabelTable(Table, frozen=True):
    """The structure K8SLabel."""

    Key: str
    Value: str | None = None


class TolerationTable(Table, frozen=True):
    """The structure K8SToleration."""

    Key: str
    Operator: str
    Effect: str
    Value: str | None = None


class ClusterTable(Table, frozen=True):
    """The structure NamespaceResourceEnvTKE."""

    ClusterID: str
    SubnetID: str
    Namespace: str
    DataPath: str | None = None
    NodeSelector: list[LabelTable] | None = None
    Tolerations: list[TolerationTable] | None = None
    Port: UInt | None = None
    PodTemplatePatch: str | None = None


class ResourceEnvTable(Table, frozen=True):
    """The structure NamespaceResourceEnv."""

    TKE: ClusterTable | None = None
    OFFLINE: bool | None = None


class SearchKeyTable(Table, frozen=True):
    """The structure SearchKey."""

    Key: str
    Value: str


class CreateNamespaceTable(Table, frozen=True):
    """Parameters of CreateNamespace."""

    Namespace: str
    Description: str | None = None
    ResourceEnv: ResourceEnvTable | None = None


class ListNamespacesTable(Table, frozen=True):
    """Parameters of ListNamespaces."""

    Limit: int | None = None
    Offset: int | None = None
    Orderby: str | None = None
    Order: str | None = None
    SearchKey: list[SearchKeyTable] | None = None


class UpdateNamespaceTable(Table, frozen=True):
    """Parameters of UpdateNamespace."""

    Namespace: str
    Description: str


class DeleteNamespaceTable(Table, frozen=True):
    """Parameters of DeleteNamespace."""

    Namespace: str


async def create_namespace(parameters: CreateNamespaceTable, call: Call, services: Services) -> dict[str, object]:
    """Create a namespace in the request's region."""
    name, catalogue = parameters.Namespace, services.catalogue
    if name == DEFAULT_NAMESPACE:
        raise ApiError("InvalidParameterValue.DefaultNamespace", "The namespace default exists in every region.")
    if not NAMESPACE_NAME.match(name):
        raise ApiError(
            "InvalidParameterValue.NamespaceInvalid",
            f"Namespace {shown(name)} must be 1 to 60 letters, digits, '-' or '_'.",
        )
    if not REGION_NAME.match(call.region):
        raise ApiError("UnsupportedRegion", f"X-TC-Region {shown(call.region)} is no region, such as ap-guangzhou.")
    description = checked_description(parameters.Description or "")
    if parameters.ResourceEnv is not None:
        raise ApiError("UnsupportedOperation", "ResourceEnv: clusters are not served by the local SCF; leave it out.")
    if catalogue.has_namespace(call.region, name):
        raise ApiError("ResourceInUse.Namespace", f"Namespace {name!r} exists already in region {call.region}.")
    if len(catalogue.namespaces(call.region)) >= NAMESPACES_PER_REGION:
        raise ApiError(
            "LimitExceeded.Namespace", f"Region {call.region} has {NAMESPACES_PER_REGION} namespaces already."
        )
    now = services.clock()
    catalogue.put_namespace(Namespace(call.region, name, description, now, now))
    return {}


async def list_namespaces(parameters: ListNamespacesTable, call: Call, services: Services) -> dict[str, object]:
    """Return the namespaces of the request's region, including ``default``."""
    namespaces = services.catalogue.namespaces(call.region)
    for search in parameters.SearchKey or []:
        if search.Key not in ("Namespace", "Description"):
            raise ApiError(
                "InvalidParameterValue.SearchKey",
                f"SearchKey takes Namespace and Description, not {shown(search.Key)}.",
            )
        namespaces = [each for each in namespaces if search.Value in _searched(each, search.Key)]
    if parameters.Orderby not in (None, "", "Name", "Updatetime"):
        raise ApiError("InvalidParameterValue", "Orderby must be Name or Updatetime.")
    if parameters.Orderby or parameters.Order:
        namespaces = sort_items(
            namespaces,
            lambda each: each.changed_at if parameters.Orderby == "Updatetime" else each.name,
            parameters.Order,
            default=ASCENDING,
        )
    page = cut_page(namespaces, parameters.Offset, parameters.Limit, "InvalidParameterValue")
    return {"Namespaces": [_namespace(each) for each in page], "TotalCount": len(namespaces)}


async def update_namespace(parameters: UpdateNamespaceTable, call: Call, services: Services) -> dict[str, object]:
    """Change the description of a namespace."""
    check_namespace(services.catalogue, call.region, parameters.Namespace)
    old = next(each for each in services.catalogue.namespaces(call.region) if each.name == parameters.Namespace)
    description = checked_description(parameters.Description)
    services.catalogue.put_namespace(dataclasses.replace(old, description=description, changed_at=services.clock()))
    return {}


async def delete_namespace(parameters: DeleteNamespaceTable, call: Call, services: Services) -> dict[str, object]:
    """Delete a namespace without functions."""
    name, catalogue = parameters.Namespace, services.catalogue
    if name == DEFAULT_NAMESPACE:
        raise ApiError("FailedOperation.DeleteNamespace", "The namespace default can't be deleted.")
    check_namespace(catalogue, call.region, name)
    count = len(catalogue.functions(call.region, name))
    if count:
        raise ApiError(
            "ResourceInUse.Namespace", f"Namespace {name!r} still holds {count} functions; delete them first."
        )
    catalogue.remove_namespace(call.region, name)
    return {}


ACTIONS = {
    "CreateNamespace": Action(msgspec.json.Decoder(CreateNamespaceTable), create_namespace),
    "ListNamespaces": Action(msgspec.json.Decoder(ListNamespacesTable), list_namespaces),
    "UpdateNamespace": Action(msgspec.json.Decoder(UpdateNamespaceTable), update_namespace),
    "DeleteNamespace": Action(msgspec.json.Decoder(DeleteNamespaceTable), delete_namespace),
}


def _searched(namespace: Namespace, key: str) -> str:
    return namespace.name if key == "Namespace" else namespace.description


def _namespace(namespace: Namespace) -> dict[str, object]:
    return {
        "Name": namespace.name,
        "Description": namespace.description,
        "Type": "default",
        "AddTime": time_text(namespace.created_at),
        "ModTime": time_text(namespace.changed_at),
    }
