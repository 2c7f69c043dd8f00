"""The layers of a function: whether they exist, and whether they fit beside its code.

Source of the limit: cloud.tencent.com/document/product/583/11637 (500 MB of code and layers of a version, unpacked).
"""

import asyncio
import os
from collections.abc import Callable, Collection
from functools import lru_cache
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


async def settled_bytes(find: Callable[[], FunctionRecord]) -> int:
    """Return the size of a function's code, unpacked; it is measured again if other code comes meanwhile.

    :param find: returns ``$LATEST`` as it is now, and raises what ends the action
    """
    while True:
        record = find()
        size_bytes = await unpacked_bytes(record)
        if find().package == record.package:
            return size_bytes


async def unpacked_bytes(record: FunctionRecord) -> int:
    """Return the size of a version's code, unpacked: of code in a folder of the user, what would be packed of it."""
    return await asyncio.to_thread(_unpacked_bytes, record)


def _unpacked_bytes(record: FunctionRecord) -> int:
    try:
        if record.package is not None:
            return _package_bytes(record.package.folder)
        return list_contents(record.code_folder, record.packing).size_bytes
    except (BadPackage, FileNotFoundError):  # PublishVersion says what is wrong; or the package has just gone
        return 0


@lru_cache(maxsize=256)
def _package_bytes(folder: Path) -> int:
    """Return the size of all files of a package, which holds no links and never changes.

    :raises FileNotFoundError: if it goes meanwhile
    """
    places = os.walk(folder, onerror=_raise)
    return sum(os.lstat(os.path.join(place, name)).st_size for place, _, names in places for name in names)


def _raise(error: OSError) -> None:
    raise error
