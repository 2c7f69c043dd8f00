"""Layers: zip files of a region that functions find in /opt. Versions are numbered, and only ever added or deleted.

A deleted version can be bound no more, and stays for functions that use it. Sources: the texts of DeleteLayerVersion
and PublishLayerVersion in Tencent's SDK (scf/v20180416), and cloud.tencent.com/document/product/583/11637 (limits).
"""

import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import NamedTuple

#: The text of PublishLayerVersion: 1 to 64 characters, a letter first, no dash or underscore at the end.
LAYER_NAME = re.compile(r"[A-Za-z](?:[A-Za-z0-9_-]{0,62}[A-Za-z0-9])?\Z")
LAYERS_PER_REGION = 20
VERSIONS_PER_LAYER = 200
MAX_LICENSE_CHARS = 1000  # ours
MAX_TAGS = 50  # ours
MAX_TAG_CHARS = 400  # ours: key and value together


class LayerTag(NamedTuple):
    """A tag of a layer version; it is only shown."""

    key: str
    value: str


@dataclass(frozen=True, slots=True)
class LayerVersion:
    """One version of a layer.

    :param sha256: the hash of its zip file, by which its package is found
    :param unpacked_bytes: size of its files
    :param runtimes: the runtimes that it is made for, as its publisher says
    :param created_at: UNIX seconds
    :param is_deleted: true if it can't be bound any more
    """

    number: int
    sha256: str
    archive_bytes: int
    unpacked_bytes: int
    runtimes: tuple[str, ...] = ()
    description: str = ""
    license_info: str = ""
    tags: tuple[LayerTag, ...] = ()
    created_at: float = 0.0
    is_deleted: bool = False


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer, the value that is stored under its region and name.

    :param versions: in order of their numbers, with deleted ones that functions still use
    :param last_number: the highest number so far; no number is used twice, also after all versions are deleted
    """

    region: str
    name: str
    versions: tuple[LayerVersion, ...] = ()
    last_number: int = 0

    @property
    def present(self) -> tuple[LayerVersion, ...]:
        """The versions that are not deleted."""
        return tuple(each for each in self.versions if not each.is_deleted)

    def find(self, number: int) -> LayerVersion | None:
        """Return a version, also a deleted one that functions still use."""
        return next((each for each in self.versions if each.number == number), None)

    def with_version(self, version: LayerVersion) -> "Layer":
        """Return the layer with one more version, under the next number."""
        number = self.last_number + 1
        return replace(self, versions=(*self.versions, replace(version, number=number)), last_number=number)

    def with_deleted(self, number: int) -> "Layer":
        """Return the layer with a version marked as deleted."""
        marked = (replace(each, is_deleted=True) if each.number == number else each for each in self.versions)
        return replace(self, versions=tuple(marked))

    def without_unused(self, used: Collection[int]) -> "Layer":
        """Return the layer without deleted versions that no function uses."""
        return replace(
            self, versions=tuple(each for each in self.versions if not each.is_deleted or each.number in used)
        )
