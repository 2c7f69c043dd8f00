"""PublishLayerVersion, ListLayers, ListLayerVersions, GetLayerVersion and DeleteLayerVersion.

Sources: the models and errorcodes of Tencent's SDK (scf/v20180416); limits from cloud.tencent.com/document/product/583/
11637. A layer belongs to a region. A deleted version can be bound no more, and functions that have it keep it.
"""

import dataclasses

import msgspec

from tencentserverless.local.actions import function_code
from tencentserverless.local.actions.function_code import CodeTable, Terms
from tencentserverless.local.actions.function_settings import UInt, checked_description
from tencentserverless.local.actions.layer_views import detailed, listed, missing_version
from tencentserverless.local.actions.lookup import shown
from tencentserverless.local.actions.parameters import Action, Call, Table, cut_page
from tencentserverless.local.errors import ApiError
from tencentserverless.local.registry.function_version import LayerRef
from tencentserverless.local.registry.layer import (
    LAYER_NAME,
    LAYERS_PER_REGION,
    MAX_LICENSE_CHARS,
    MAX_TAG_CHARS,
    MAX_TAGS,
    VERSIONS_PER_LAYER,
    Layer,
    LayerTag,
    LayerVersion,
)
from tencentserverless.local.services import Services, drain_versions, sweep_packages
from tencentserverless.local.settings import REGION_NAME
from tencentserverless.local.worker.interpreters import is_known

_RUNTIME = "InvalidParameterValue.Runtime"
_FAILED = "FailedOperation.PublishLayerVersion"
_TERMS = Terms(
    failed=_FAILED,
    name="Content",
    form="InvalidParameterValue.Content",
    zip_file="InvalidParameterValue.Content",
)


class LayerTagTable(Table, frozen=True):
    """The structure Tag."""

    Key: str
    Value: str


class PublishLayerVersionTable(Table, frozen=True):
    """Parameters of PublishLayerVersion."""

    LayerName: str
    CompatibleRuntimes: list[str]
    Content: CodeTable
    Description: str | None = None
    LicenseInfo: str | None = None
    Tags: list[LayerTagTable] | None = None


class ListLayersTable(Table, frozen=True):
    """Parameters of ListLayers."""

    CompatibleRuntime: str | None = None
    Offset: UInt | None = None
    Limit: UInt | None = None
    SearchKey: str | None = None


class ListLayerVersionsTable(Table, frozen=True):
    """Parameters of ListLayerVersions."""

    LayerName: str
    CompatibleRuntime: list[str] | None = None


class GetLayerVersionTable(Table, frozen=True):
    """Parameters of GetLayerVersion."""

    LayerName: str
    LayerVersion: int


class DeleteLayerVersionTable(Table, frozen=True):
    """Parameters of DeleteLayerVersion."""

    LayerName: str
    LayerVersion: int


async def publish_layer_version(
    parameters: PublishLayerVersionTable, call: Call, services: Services
) -> dict[str, object]:
    """Make the next version of a layer from a zip file; the first one makes the layer."""
    region, name = call.region, parameters.LayerName
    facts = _checked_facts(parameters, services.clock())
    _check_limits(services, region, name)
    source = function_code.find_source(
        parameters.Content, None, ("ZipFile", "Cos"), _TERMS, has_cos=services.settings.cos is not None
    )
    draft = await function_code.unpack(services, source, _TERMS)
    package = function_code.adopt(services, draft, lambda: _check_limits(services, region, name))
    version = dataclasses.replace(
        facts, sha256=package.sha256, archive_bytes=package.archive_bytes, unpacked_bytes=draft.unpacked_bytes
    )
    layer = services.layers.find(region, name).with_version(version)
    with function_code.keeping(services, _FAILED, "layer"):
        services.layers.put(layer)
    _renew_users(services, region, LayerRef(name, layer.last_number))
    return {"LayerVersion": layer.last_number}


async def list_layers(parameters: ListLayersTable, call: Call, services: Services) -> dict[str, object]:
    """Return a page of a region's layers, each with its newest version."""
    _check_runtimes([parameters.CompatibleRuntime] if parameters.CompatibleRuntime else [], _RUNTIME)
    newest = [(layer, layer.present[-1]) for layer in services.layers.layers(call.region)]
    wanted = [
        (layer, version)
        for layer, version in newest
        if (parameters.SearchKey or "") in layer.name and parameters.CompatibleRuntime in (None, "", *version.runtimes)
    ]
    page = cut_page(wanted, parameters.Offset, parameters.Limit, "InvalidParameterValue")
    return {"Layers": [listed(layer, version) for layer, version in page], "TotalCount": len(wanted)}


async def list_layer_versions(parameters: ListLayerVersionsTable, call: Call, services: Services) -> dict[str, object]:
    """Return all versions of a layer, the newest first."""
    wanted = set(_check_runtimes(parameters.CompatibleRuntime or [], _RUNTIME))
    layer = services.layers.find(call.region, parameters.LayerName)
    if not layer.present:
        raise ApiError(
            "ResourceNotFound.Layer", missing_version(services, call.region, LayerRef(parameters.LayerName, 0))
        )
    found = [each for each in reversed(layer.present) if not wanted or wanted.intersection(each.runtimes)]
    return {"LayerVersions": [listed(layer, version) for version in found]}


async def get_layer_version(parameters: GetLayerVersionTable, call: Call, services: Services) -> dict[str, object]:
    """Return one version of a layer, with the URL of its zip file; on one machine that is a file URL."""
    layer, version = _find_version(services, call.region, parameters.LayerName, parameters.LayerVersion)
    package = services.packages.locate(version.sha256, version.archive_bytes)
    return detailed(layer, version) | {"CodeSha256": package.sha256, "Location": package.archive.as_uri()}


async def delete_layer_version(
    parameters: DeleteLayerVersionTable, call: Call, services: Services
) -> dict[str, object]:
    """Delete one version of a layer. Functions that have it keep it, and its files stay as long as they do."""
    layer, version = _find_version(services, call.region, parameters.LayerName, parameters.LayerVersion)
    with function_code.keeping(services, "FailedOperation.DeleteLayerVersion", "layer"):
        services.layers.put(layer.with_deleted(version.number))
    sweep_packages(services)
    return {}


ACTIONS = {
    "PublishLayerVersion": Action(msgspec.json.Decoder(PublishLayerVersionTable), publish_layer_version),
    "ListLayers": Action(msgspec.json.Decoder(ListLayersTable), list_layers),
    "ListLayerVersions": Action(msgspec.json.Decoder(ListLayerVersionsTable), list_layer_versions),
    "GetLayerVersion": Action(msgspec.json.Decoder(GetLayerVersionTable), get_layer_version),
    "DeleteLayerVersion": Action(msgspec.json.Decoder(DeleteLayerVersionTable), delete_layer_version),
}


def _checked_facts(parameters: PublishLayerVersionTable, now: float) -> LayerVersion:
    """Return the version that a request describes, without number and files."""
    name, license_info, tags = parameters.LayerName, parameters.LicenseInfo or "", parameters.Tags or []
    if not LAYER_NAME.match(name):
        raise ApiError(
            "InvalidParameterValue.LayerName",
            f"LayerName {shown(name)} must be 1 to 64 letters, digits, '-' or '_', a letter first, a letter or digit "
            "last.",
        )
    runtimes = _check_runtimes(parameters.CompatibleRuntimes, "InvalidParameterValue.CompatibleRuntimes")
    if not runtimes:
        raise ApiError("InvalidParameterValue.CompatibleRuntimes", "CompatibleRuntimes is empty; name one at least.")
    if len(license_info) > MAX_LICENSE_CHARS:
        raise ApiError("InvalidParameterValue", f"LicenseInfo is over {MAX_LICENSE_CHARS} characters.")
    if len(tags) > MAX_TAGS or any(len(tag.Key) + len(tag.Value) > MAX_TAG_CHARS for tag in tags):
        raise ApiError("InvalidParameterValue", f"Tags takes {MAX_TAGS}, each of {MAX_TAG_CHARS} characters at most.")
    return LayerVersion(
        number=0,
        sha256="",
        archive_bytes=0,
        unpacked_bytes=0,
        runtimes=runtimes,
        description=checked_description(parameters.Description or ""),
        license_info=license_info,
        tags=tuple(LayerTag(tag.Key, tag.Value) for tag in tags),
        created_at=now,
    )


def _check_runtimes(names: list[str], code: str) -> tuple[str, ...]:
    """Return the names of runtimes, each once.

    :param code: the code of the refusal of another name
    """
    for name in names:
        if not is_known(name):
            raise ApiError(code, f"Runtime {shown(name)} does not exist.")
    return tuple(dict.fromkeys(names))


def _check_limits(services: Services, region: str, name: str) -> None:
    """Refuse one more version of a layer, or one more layer, where there are as many as the platform takes."""
    if not REGION_NAME.match(region):
        raise ApiError("UnsupportedRegion", f"X-TC-Region {shown(region)} is no region, such as ap-guangzhou.")
    layer = services.layers.find(region, name)
    if len(layer.present) >= VERSIONS_PER_LAYER:
        raise ApiError(
            "LimitExceeded.LayerVersions",
            f"Layer {name!r} has {VERSIONS_PER_LAYER} versions already; delete one with DeleteLayerVersion.",
        )
    if not layer.present and len(services.layers.layers(region)) >= LAYERS_PER_REGION:
        raise ApiError(
            "LimitExceeded.Layers",
            f"Region {region} has {LAYERS_PER_REGION} layers already; delete all versions of one of them.",
        )


def _find_version(services: Services, region: str, name: str, number: int) -> tuple[Layer, LayerVersion]:
    layer = services.layers.find(region, name)
    version = layer.find(number)
    if version is None or version.is_deleted:
        raise ApiError("ResourceNotFound.LayerVersion", missing_version(services, region, LayerRef(name, number)))
    return layer, version


def _renew_users(services: Services, region: str, ref: LayerRef) -> None:
    """End instances of functions that named a version before it was there, as a configuration file may."""
    users = [each for each in services.catalogue.records() if each.key.region == region and ref in each.layers]
    drain_versions(services, users)
