"""Searches PATH for functions: configuration files of every kind, or folders with an ``index.py``."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tencentserverless.local.errors import Reason, StartupError
from tencentserverless.local.notice import Notice
from tencentserverless.local.project import configuration_files as files
from tencentserverless.local.project.console_template import is_console_template
from tencentserverless.local.project.file_reading import read_file
from tencentserverless.local.project.function_reading import FunctionReading
from tencentserverless.local.project.outputs import Outputs
from tencentserverless.local.project.runtimes import DEFAULT_HANDLER
from tencentserverless.local.project.surroundings import FileReading, Surroundings
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
    """The functions of PATH, and lines for the user.

    :ivar notices: lines for everybody
    :ivar unserved: files and functions that are not read on purpose, each with its reason
    :ivar faults: reasons why functions can't be read
    :ivar broken: the files of these faults
    :ivar doubts: reasons not to deploy a function
    :ivar idle: settings without effect here
    """

    records: dict[FunctionKey, FunctionRecord] = field(default_factory=dict)
    places: dict[FunctionKey, Path] = field(default_factory=dict)
    notices: list[str] = field(default_factory=list)
    unserved: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    broken: set[Path] = field(default_factory=set)
    doubts: dict[FunctionKey, tuple[str, ...]] = field(default_factory=dict)
    idle: dict[FunctionKey, tuple[str, ...]] = field(default_factory=dict)

    def add(self, record: FunctionRecord, place: Path) -> bool:
        """Add a function. Returns False, and keeps a fault, if its region and namespace have one of that name."""
        key = record.key
        if key in self.records:
            self.blame(
                place,
                f"{place}: function {key.name!r} (region {key.region}, namespace {key.namespace}) exists already, "
                f"from {self.places[key]}",
            )
            return False
        self.records[key] = record
        self.places[key] = place
        return True

    def blame(self, place: Path, *faults: str) -> None:
        """Keep faults of a file or a folder."""
        self.faults.extend(fault for fault in faults if fault not in self.faults)
        self.broken.add(place)

    def told_at_start(self) -> list[str]:
        """Return the lines that a local SCF shows at its start, and after a save that changes them."""
        idle = [
            Notice("{place}: no effect locally: {names}", place=str(self.places[key]), names=", ".join(sorted(names)))
            for key, names in self.idle.items()
            if names
        ]
        doubts = [line for lines in self.doubts.values() for line in lines]
        return [
            *dict.fromkeys((*self.notices, *doubts, *idle)),
            *self.unserved,
            *(Notice("not served: {fault}", fault=fault) for fault in self.faults),
        ]


def discover(
    path: Path,
    region: str,
    environment: Mapping[str, str],
    now: float,
    *,
    may_be_empty: bool = False,
    tells_empty: bool = False,
    outputs: Mapping[str, str] | None = None,
) -> Project:
    """Read every function of PATH and of the folders directly in it. What can't be read is in ``faults``.

    :param region: the region of functions that name none
    :param environment: the values of ``${env:X}`` in a manifest
    :param now: UNIX seconds, the creation time of all functions
    :param may_be_empty: accept a PATH without functions, or a missing one
    :param tells_empty: accept a PATH in which nothing is of a function, with a notice
    :param outputs: values of ``${output:...}``
    :raises StartupError: if there is no function at all
    """
    root = path.resolve()
    project = Project()
    if may_be_empty and not root.exists():
        return project
    reader = Outputs(Surroundings(region, environment, now), outputs or {})
    folders = (root, *_subfolders(root))
    readings = [reading for folder in folders for reading in read_folder(folder, reader)]
    for reading in readings:
        _add_file(project, reading)
    configured = {reading.path.parent for reading in readings if reading.is_ours}
    code = {each.code_folder: reading.path for reading in readings for each in reading.functions if each.code_folder}
    above = _readings_above(root, reader)
    is_inside = any(each in configured or each in code for each in root.parents)
    for folder in folders:
        if (folder / ENTRY_FILE).is_file() and folder not in configured and not is_inside:
            _add_folder(project, folder, _named_by(above, root, folder), reader, code.get(folder))
            code.setdefault(folder, folder)
        is_inside |= folder == root and (root in configured or root in code)  # a folder in it is a part of its code
    if not project.records and not may_be_empty:
        problem = _no_functions(path, project)
        if not tells_empty or project.told_at_start():
            raise StartupError(Reason.PROJECT, problem)
        project.notices.append(Notice(_WAYS_IN, problem=problem))
    return project


_WAYS_IN = "{problem}; the server starts all the same: deploy functions through the API, or save them there"


def read_folder(folder: Path, reader: Outputs) -> Iterator[FileReading]:
    """Yield the readings of the configuration files of a folder."""
    present = files.find_present(folder)
    if not present:
        return
    surroundings = reader.around(folder)
    serverless = [folder / name for name in files.SERVERLESS if name in present]
    unread = [folder / name for name in files.UNREAD if name in present]
    found = [*serverless, *(path for path in unread if path.name.startswith("serverless."))]
    if len(found) > 1:
        reading = FileReading(found[0])
        names = " and ".join(each.name for each in found)
        reading.report.faults.append(
            f"{folder}: {names} configure one folder, and the tool reads one; remove the other"
        )
        yield reading
        return
    readings = [read_file(path, surroundings) for path in (*serverless, *unread)]
    yield from readings
    is_ours = any(each.is_ours for each in readings)
    for path in [folder / name for name in (*files.TEMPLATES, files.CLOUDBASE) if name in present]:
        reading = read_file(path, surroundings)
        if path.name in files.TEMPLATES and reading.is_ours and is_ours:
            words = "{path} is ignored: {other} configures the folder"
            report = type(reading.report)([Notice(words, path=str(path), other=readings[0].path.name)])
            reading = FileReading(path, report=report, is_ours=False)
        yield reading
        readings.append(reading)
    has_console_file = files.CONSOLE in present and not any(each.is_ours for each in readings)
    if has_console_file and is_console_template(folder / files.CONSOLE):
        yield read_file(folder / files.CONSOLE, surroundings)


def read_place(
    place: Path,
    key: FunctionKey,
    region: str,
    environment: Mapping[str, str],
    now: float,
    outputs: Mapping[str, str] | None = None,
) -> FunctionRecord | None:
    """Read the function of that key from its file, or from a folder without one; None if it is gone.

    :raises StartupError: if it can't be read
    """
    reader = Outputs(Surroundings(region, environment, now), outputs or {})
    if place.name in files.NAMES:
        if not place.is_file():
            return None
        readings = [each for each in read_folder(place.parent, reader) if each.path == place or each.report.faults]
        functions = [each for reading in readings for each in reading.functions]
        for each in functions:
            if each.record is not None and each.record.key == key:
                return each.record
        faults = [line for reading in readings for line in reading.report.faults]
        faults += [line for each in functions for line in each.report.faults]
        if faults:
            raise StartupError(Reason.PROJECT, "\n".join(faults))
        return None
    if not (place / ENTRY_FILE).is_file() or any(each.is_ours for each in read_folder(place, reader)):
        return None
    return _folder_function(place, region, now)


def _add_file(project: Project, reading: FileReading) -> None:
    project.notices.extend(reading.report.notices)
    if reading.unread:
        project.unserved.append(reading.unread)
    if reading.report.faults:
        project.blame(reading.path, *reading.report.faults)
    for each in reading.functions:
        project.notices.extend(line for line in each.report.notices if line not in project.notices)
        if each.image:
            words = "{path}: {name} runs the image {image}: images are not served by the local SCF"
            project.unserved.append(Notice(words, path=str(reading.path), name=each.label, image=each.image))
        elif each.record is None:
            project.blame(reading.path, *each.report.faults)
        elif project.add(each.record, reading.path):
            _add_lines(project, each, each.record.key)


def _add_lines(project: Project, reading: FunctionReading, key: FunctionKey) -> None:
    if reading.idle:
        project.idle[key] = reading.idle
    if reading.report.doubts:
        project.doubts[key] = tuple(reading.report.doubts)


def _add_folder(project: Project, folder: Path, owner: Path | None, reader: Outputs, user: Path | None) -> None:
    """Add the function of a folder without a configuration file.

    :param owner: a file above PATH that names the folder
    :param user: the file beside it whose function has the same code
    """
    surroundings = reader.around(folder)
    if owner:
        project.blame(folder, f"{folder}: {owner} configures its code; give the folder {owner.parent} instead")
        return
    try:
        record = _folder_function(folder, surroundings.region, surroundings.now)
        if project.add(record, folder) and user is not None:
            words = (
                "{folder}: its code is that of a function of {user}, and it is served as a function of its own too; "
                "name it in a serverless.yml to deploy it"
            )
            project.doubts[record.key] = (Notice(words, folder=str(folder), user=str(user)),)
    except StartupError as error:
        project.blame(folder, str(error))


def _readings_above(root: Path, reader: Outputs) -> list[FileReading]:
    """Return the readings of the files above PATH, up to the top of its repository."""
    readings: list[FileReading] = []
    for above in files.folders_above(root):
        if any((above / name).is_file() for name in files.NAMES):
            readings.extend(read_folder(above, reader))
    return readings


def _named_by(readings: list[FileReading], root: Path, folder: Path) -> Path | None:
    """Return the file of a folder above PATH that names a folder."""
    for reading in readings:
        names = [each.code_folder for each in reading.functions if each.code_folder is not None]
        is_named = any(each == folder or each in folder.parents for each in names)
        if is_named or (reading.path.parent == root.parent and _may_name(reading)):
            return reading.path
    return None


def _may_name(reading: FileReading) -> bool:
    """True if a file configures functions that can't be known."""
    return bool(reading.unread) or (reading.is_ours and bool(reading.report.faults))


def _no_functions(path: Path, project: Project) -> str:
    lines = [*project.faults, *project.unserved, *project.notices]
    if lines:
        return "\n".join((f"{path}: no function here can be served:", *lines))
    known = "a serverless.yml of component scf (or .yaml, .json), a template.yaml, a cloudbaserc.json"
    words = "{path}: no functions here: neither {known} nor a folder with an {file}"
    return Notice(words, path=str(path), known=known, file=ENTRY_FILE)


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
            f"letter or digit last): rename the folder, or name the function in a serverless.yml",
        )
    return FunctionRecord(
        key=FunctionKey(region, DEFAULT_NAMESPACE, folder.name),
        handler=DEFAULT_HANDLER,
        runtime=OWN_RUNTIME,
        code_folder=folder,
        created_at=now,
        changed_at=now,
    )
