"""The layers of a function: whether they exist, and whether they fit beside its code.

Source of the limit: cloud.tencent.com/document/product/583/11637 (500 MB of code and layers of a version, unpacked).
"""

import asyncio
import os
from collections.abc import Collection
from pathlib import Path

from tencentserverless.local.actions.layer_views import missing_version
from tencentserverless.local.errors import ApiError
from tencentserverless.local.registry.function_version import FunctionRecord, LayerRef
from tencentserverless.local.registry.package_contents import MAX_UNPACKED_BYTES, BadPackage, list_contents
from tencentserverless.local.services import Services
from tencentserverless.local.settings import MIB


def check_layers(services: Services, record: FunctionRecord, known: Collection[LayerRef] = ()) -> None:
    """Check that the layers of a version exist.

    :param known: layers that the function has already; of these, deleted versions may stay
    :raises ApiError: if one does not exist, or was deleted
    """
    for ref in record.layers:
        version = services.layers.find_version(record.key.region, ref)
        if version is None or (version.is_deleted and ref not in known):
            raise ApiError("ResourceNotFound.Layer", missing_version(services, record.key.region, ref))


def check_size(services: Services, record: FunctionRecord, code_bytes: int, code: str) -> None:
    """Check the size of code and layers together.

    :param code_bytes: of the code, unpacked
    :param code: the code of the refusal
    :raises ApiError: if they are too large
    """
    layer_bytes = sum(version.unpacked_bytes for version in services.layers.versions_of(record))
    if layer_bytes and code_bytes + layer_bytes > MAX_UNPACKED_BYTES:
        raise ApiError(
            code,
            f"Code and layers are {(code_bytes + layer_bytes) / MIB:.1f} MB unpacked, {layer_bytes / MIB:.1f} MB of "
            f"them the layers; a function takes {MAX_UNPACKED_BYTES // MIB} MB.",
        )


async def unpacked_bytes(record: FunctionRecord) -> int:
    """Return the size of a version's code, unpacked: of code in a folder of the user, what would be packed of it."""
    return await asyncio.to_thread(_unpacked_bytes, record)


def _unpacked_bytes(record: FunctionRecord) -> int:
    if record.package is not None:
        return _folder_bytes(record.package.folder)
    try:
        return list_contents(record.code_folder, record.packing).size_bytes
    except BadPackage:  # PublishVersion says what is wrong with it
        return 0


def _folder_bytes(folder: Path) -> int:
    """Return the size of all files of a package, which holds no links."""
    return sum(os.lstat(os.path.join(place, name)).st_size for place, _, names in os.walk(folder) for name in names)
