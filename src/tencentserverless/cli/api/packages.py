"""The packages of Tencent's SDK in this environment: which are installed, which share files, and which lack some.

``tencentcloud-sdk-python``, ``-common`` and those of one product install into the one folder ``tencentcloud``. pip
removes the files of the package that it uninstalls, also those that another one needs. This module imports nothing of
the SDK: it has to work where files are missing.
"""

import dataclasses
from collections import Counter
from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution, distributions
from pathlib import PurePosixPath
from typing import Any

FAMILY = "tencentcloud-sdk-python"
_NEEDED = f"{FAMILY}-common"
_FOLDER = "tencentcloud"


@dataclasses.dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check.

    :ivar state: ``ok``, ``warning`` or ``failed``
    :ivar text: one line
    :ivar facts: the values behind the text, for a program
    """

    name: str
    state: str
    text: str
    facts: dict[str, Any] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, slots=True)
class Package:
    """An installed package of Tencent's SDK.

    :ivar files: the paths of its modules
    :ivar missing: those that are not there
    """

    name: str
    version: str
    files: frozenset[PurePosixPath]
    missing: frozenset[PurePosixPath]


def find_packages(found: Iterable[Distribution] | None = None) -> list[Package]:
    """The packages of the SDK, by name. One whose files are not recorded (as by conda) has none."""
    packages: dict[str, Package] = {}
    for each in distributions() if found is None else found:
        name = (each.metadata["Name"] or "").lower().replace("_", "-")
        if name == FAMILY or name.startswith(f"{FAMILY}-"):
            packages.setdefault(name, _read(name, each))  # the first one on the path is the one that is imported
    return [packages[name] for name in sorted(packages)]


def _read(name: str, found: Distribution) -> Package:
    modules = [file for file in found.files or () if file.suffix == ".py" and file.parts[0] == _FOLDER]
    missing = frozenset(PurePosixPath(file) for file in modules if not found.locate_file(file).exists())  # type: ignore[attr-defined]
    return Package(name, found.version, frozenset(map(PurePosixPath, modules)), missing)


def check_packages() -> Finding:
    """Check that no file of Tencent's SDK is missing."""
    packages = find_packages()
    facts: dict[str, object] = {"packages": {each.name: each.version for each in packages}}
    faults = list(find_faults(packages))
    if faults:
        return Finding("packages", "failed", "; ".join(faults), facts)
    shared = count_shared(packages)
    listed = ", ".join(f"{each.name} {each.version}" for each in packages)
    if not shared:
        return Finding("packages", "ok", listed, facts)
    text = f"{listed}; files that they share: {shared}; after you uninstall one, reinstall the others"
    return Finding("packages", "ok", text, {**facts, "shared_files": shared})


def find_faults(packages: Iterable[Package]) -> Iterator[str]:
    """Name each package that lacks files, and the command that puts them back."""
    packages = list(packages)
    if not any(each.name in (FAMILY, _NEEDED) for each in packages):
        yield f"{_NEEDED} is not installed; run: pip install {_NEEDED}"
    for each in packages:
        if each.missing:
            example = min(each.missing)
            count = len(each.missing)
            yield (
                f"{each.name} {each.version} lacks files ({count}, such as {example}), as after another package was "
                f"uninstalled; run: pip install --force-reinstall --no-deps {each.name}=={each.version}"
            )


def count_shared(packages: Iterable[Package]) -> int:
    """The number of modules that belong to more than one package."""
    owners = Counter(path for each in packages for path in each.files)
    return sum(count > 1 for count in owners.values())
