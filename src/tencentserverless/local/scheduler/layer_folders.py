"""Finds the folder that holds the layers of a function, for an instance that starts; a call has no part in it."""

import asyncio
from pathlib import Path

from tencentserverless.local.registry.function_version import FunctionRecord, Package
from tencentserverless.local.registry.layer_catalogue import LayerCatalogue
from tencentserverless.local.registry.package_merge import merged_name
from tencentserverless.local.registry.packages import Packages


class LayerFolders:
    """Finds the merged files of layers. What is merged once stays as long as a function has these layers, or an
    instance runs with them.
    """

    def __init__(self, layers: LayerCatalogue, packages: Packages) -> None:
        self._layers = layers
        self._packages = packages
        self._merging = asyncio.Lock()

    async def find(self, record: FunctionRecord, holder: str) -> Path | None:
        """Return the folder with the files of a version's layers; None if none of them is here.

        :param holder: a name of the instance; the folder stays until ``release``
        :raises OSError: if they can't be merged
        """
        hashes = [version.sha256 for version in self._layers.versions_of(record)]
        if not hashes:
            return None
        merged = self._packages.locate(merged_name(hashes), 0)
        self._layers.hold(holder, merged.sha256)
        if not self._is_there(merged):
            async with self._merging:  # instances that start at once need it once
                if not self._is_there(merged):
                    await self._merge(hashes)
        return merged.folder

    def release(self, holder: str) -> None:
        """Let go of the folder of an instance that has ended, or did not start."""
        self._layers.release(holder)

    def _is_there(self, merged: Package) -> bool:
        return self._packages.has(merged.sha256) and merged.folder.is_dir()

    async def _merge(self, hashes: list[str]) -> None:
        draft = await asyncio.to_thread(self._packages.merge, [self._packages.locate(each, 0) for each in hashes])
        if not all(self._packages.has(each) for each in hashes):  # dropped while it was read
            await asyncio.to_thread(draft.discard)
            raise FileNotFoundError(2, "a layer of the function was deleted while the instance started")
        self._packages.adopt(draft)
