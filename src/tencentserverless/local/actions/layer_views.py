"""Views of layers in answers, with every documented field.

Source: cloud.tencent.com/document/api/583/17244 (LayerVersionInfo); the states of layers: document/product/583/115197.
"""

from tencentserverless.local.actions.lookup import shown
from tencentserverless.local.platform_time import time_text
from tencentserverless.local.registry.function_version import FunctionRecord, LayerRef
from tencentserverless.local.registry.layer import Layer, LayerVersion
from tencentserverless.local.services import Services

_MAX_SHOWN = 10
_ACTIVE, _DELETED = "Active", "Deleted"


def layers_of(services: Services, record: FunctionRecord) -> list[dict[str, object]]:
    """Return the structures LayerVersionInfo of a function's layers; one that is not here is left out."""
    found = []
    for ref in record.layers:
        layer = services.layers.find(record.key.region, ref.name)
        version = layer.find(ref.version)
        if version is not None:
            found.append(listed(layer, version))
    return found


def listed(layer: Layer, version: LayerVersion) -> dict[str, object]:
    """Return the structure LayerVersionInfo."""
    tags = [{"Key": tag.key, "Value": tag.value} for tag in version.tags]
    return detailed(layer, version) | {"Stamp": "", "Tags": tags}


def detailed(layer: Layer, version: LayerVersion) -> dict[str, object]:
    """Return the fields that GetLayerVersion and the lists have in common."""
    return {
        "LayerName": layer.name,
        "LayerVersion": version.number,
        "CompatibleRuntimes": list(version.runtimes),
        "Description": version.description,
        "LicenseInfo": version.license_info,
        "AddTime": time_text(version.created_at),
        "Status": _DELETED if version.is_deleted else _ACTIVE,
    }


def missing_version(services: Services, region: str, ref: LayerRef) -> str:
    """Return the words about a version of a layer that does not exist: what there is in its place."""
    versions = services.layers.find(region, ref.name).present
    if versions:
        numbers = ", ".join(str(each.number) for each in versions[-_MAX_SHOWN:])
        return f"Layer {shown(ref.name)} has no version {ref.version} in region {shown(region)}; it has {numbers}."
    names = ", ".join(layer.name for layer in services.layers.layers(region)[:_MAX_SHOWN])
    there = f"it has {names}" if names else "it has no layer; PublishLayerVersion makes one"
    return f"Layer {shown(ref.name)} does not exist in region {shown(region)}: {there}."
