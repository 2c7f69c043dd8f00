"""Searches PATH for functions: ``serverless.yml`` files, or folders with an ``index.py``."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tencentserverless.local.errors import Reason, StartupError
from tencentserverless.local.project.manifest import DEFAULT_HANDLER, FILE_NAME, read_manifest
from tencentserverless.local.registry.function_version import (
    DEFAULT_NAMESPACE,
    FUNCTION_NAME,
    FunctionKey,
    FunctionRecord,
)
from tencentserverless.local.worker.interpreters import OWN_RUNTIME

ENTRY_FILE = "index.py"
_SKIPPED_FOLDERS = frozenset(("node_modules", "__pycache__", "venv"))


@dataclass(slots=True)
class Project:
    """The functions of PATH, and notices for the user."""

    records: dict[FunctionKey, FunctionRecord] = field(default_factory=dict)
    notices: list[str] = field(default_factory=list)
    places: dict[FunctionKey, Path] = field(default_factory=dict)
    idle: dict[FunctionKey, tuple[str, ...]] = field(default_factory=dict)

    def add(self, record: FunctionRecord, place: Path) -> None:
        """Add a function.

        :raises StartupError: if its region and namespace have a function of that name
        """
        key = record.key
        if key in self.records:
            raise StartupError(
                Reason.PROJECT,
                f"{place}: function {key.name!r} (region {key.region}, namespace {key.namespace}) exists already, "
                f"from {self.places[key]}",
            )
        self.records[key] = record
        self.places[key] = place


def discover(
    path: Path, region: str, environment: Mapping[str, str], now: float, *, may_be_empty: bool = False
) -> Project:
    """Read every function of PATH and of the folders directly in it.

    :param region: the region of functions that name none
    :param environment: the values of ``${env:X}`` in a manifest
    :param now: UNIX seconds, the creation time of all functions
    :param may_be_empty: accept a PATH without functions, or a missing one
    :raises StartupError: if there is no function, or an invalid one
    """
    root = path.resolve()
    project = Project()
    if may_be_empty and not root.exists():
        return project
    has_manifest = (root / FILE_NAME).is_file()
    for folder in (root, *_subfolders(root)):
        manifest = folder / FILE_NAME
        if manifest.is_file():
            reading = read_manifest(manifest, region, environment, now)
            project.notices += reading.notices
            if reading.record is not None:
                project.add(reading.record, manifest)
                project.idle[reading.record.key] = reading.idle
        elif not has_manifest and (folder / ENTRY_FILE).is_file():
            # With a manifest at the top, the folders are its code.
            project.add(_folder_function(folder, region, now), folder)
    if not project.records and not may_be_empty:
        raise StartupError(
            Reason.PROJECT,
            f"{path}: no functions here: neither a {FILE_NAME} of component scf nor a folder with an {ENTRY_FILE}",
        )
    return project


def read_place(place: Path, region: str, environment: Mapping[str, str], now: float) -> FunctionRecord | None:
    """Read the function of one serverless.yml, or of a folder without one; None if it is gone.

    :raises StartupError: if the function is invalid
    """
    if place.name == FILE_NAME:
        return read_manifest(place, region, environment, now).record if place.is_file() else None
    is_function = (place / ENTRY_FILE).is_file() and not (place / FILE_NAME).exists()
    return _folder_function(place, region, now) if is_function else None


def _subfolders(root: Path) -> Iterable[Path]:
    try:
        folders = sorted(entry for entry in root.iterdir() if entry.is_dir())
    except NotADirectoryError:
        raise StartupError(Reason.PROJECT, f"{root}: not a folder; give the folder of your functions") from None
    except FileNotFoundError:
        raise StartupError(Reason.PROJECT, f"{root}: no such folder; give the folder of your functions") from None
    except OSError as error:
        raise StartupError(Reason.PROJECT, f"{root}: {error.strerror}") from error
    return [folder for folder in folders if not folder.name.startswith(".") and folder.name not in _SKIPPED_FOLDERS]


def _folder_function(folder: Path, region: str, now: float) -> FunctionRecord:
    if not FUNCTION_NAME.match(folder.name):
        raise StartupError(
            Reason.PROJECT,
            f"{folder}: {folder.name!r} is no function name (2 to 60 letters, digits, '-' or '_', a letter first, a "
            f"letter or digit last): rename the folder, or name the function in a {FILE_NAME}",
        )
    return FunctionRecord(
        key=FunctionKey(region, DEFAULT_NAMESPACE, folder.name),
        handler=DEFAULT_HANDLER,
        runtime=OWN_RUNTIME,
        code_folder=folder,
        created_at=now,
        changed_at=now,
    )
