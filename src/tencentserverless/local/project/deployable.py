"""The functions of a folder for ``scf deploy``: their settings and their packed code."""

import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tencentserverless.local.errors import Reason, StartupError
from tencentserverless.local.settings import project_variables

if TYPE_CHECKING:
    from tencentserverless.local.registry.function_version import FunctionRecord, LayerRef
    from tencentserverless.local.registry.package_contents import Contents, PackRules
    from tencentserverless.local.registry.timer_triggers import Trigger
    from tencentserverless.local.registry.url_triggers import UrlTrigger


_WEB_OPTIONS = ("ProtocolType", "ProtocolParams", "InstanceConcurrencyConfig")


@dataclass(frozen=True, slots=True)
class Deployable:
    """One function of a folder. Times are seconds.

    :ivar place: the serverless.yml, or the folder where there is none
    :ivar runtime: ``""`` if the folder names none
    :ivar web_options: the settings of a web function, in the terms of the API
    :ivar left_out: settings of the file that are not among these
    :ivar told: lines about the files of the folder, the same for each function
    """

    place: Path
    region: str
    namespace: str
    name: str
    type: str
    runtime: str
    handler: str
    code_folder: Path
    memory_mb: int
    timeout_seconds: int
    init_timeout_seconds: int
    environment: Mapping[str, str]
    description: str
    runs_async: bool
    retries: int
    ttl_seconds: int
    timers: "tuple[Trigger, ...]"
    urls: "tuple[UrlTrigger, ...]"
    packing: "PackRules"
    layers: "tuple[LayerRef, ...]"
    web_options: Mapping[str, object]
    left_out: tuple[str, ...]
    told: tuple[str, ...] = ()

    @property
    def is_described(self) -> bool:
        """True if there is a serverless.yml. Without one, the folder gives only code, name and handler."""
        return bool(self.runtime)

    def __repr__(self) -> str:
        # without the environment, which may hold secrets
        return f"<Deployable {self.region}/{self.namespace}/{self.name} of {self.place}>"


def read_deployables(path: Path, region: str, outputs: Mapping[str, str] | None = None) -> list[Deployable]:
    """Read the functions of a folder, in the order of their names.

    :param region: the region of functions that name none
    :param outputs: values of ``${output:...}``
    :raises StartupError: if there is no function, or one that is invalid or in doubt
    """
    from tencentserverless.local.project.discovery import discover
    from tencentserverless.local.project.handler_check import find_handler_fault

    project = discover(path, region, project_variables(), time.time(), outputs=outputs)
    doubts = [*project.faults, *(line for lines in project.doubts.values() for line in lines)]
    told = [*project.notices, *project.unserved]
    for key, record in project.records.items():
        fault = find_handler_fault(record)
        lines, is_certain = _find_start_fault(record, project.places[key])
        (doubts if is_certain else told).extend(lines)
        if fault and not project.places[key].is_dir():  # without a file, an option may give another handler
            doubts.append(f"{project.places[key]}: {key.name}: handler {record.handler}: {fault}")
    if doubts:
        raise StartupError(Reason.PROJECT, "\n".join(doubts))
    found = [
        _deployable(record, project.places[key], project.idle.get(key, ()), tuple(told))
        for key, record in project.records.items()
    ]
    return sorted(found, key=lambda each: (each.region, each.namespace, each.name))


def _find_start_fault(record: "FunctionRecord", place: Path) -> tuple[list[str], bool]:
    """Find out why the platform would not start a web function.

    :return: lines about it, and False if it may start all the same: the console's start command stands for a file that
        is missing
    """
    from tencentserverless.local.registry.function_version import WEB
    from tencentserverless.local.worker.web_start import START_FILE, NotStartable, check_start_file

    if record.type == WEB:
        try:
            check_start_file(record.code_folder)
        except NotStartable as error:
            return [f"{place}: {record.key.name}: {error.words}"], (record.code_folder / START_FILE).exists()
        except OSError as error:
            return [f"{place}: {record.key.name}: {error.strerror}"], True
    return [], False


class PackedCode(NamedTuple):
    """The zip file of a function's code, and the list of packed files."""

    archive: bytes
    contents: "Contents"


def pack_code(function: Deployable) -> PackedCode:
    """Pack the code of a function into a zip file; the same files give the same bytes.

    :raises StartupError: if it holds more than a function may, can't be read, or the zip file can't be written
    """
    from tencentserverless.local.registry.package_contents import BadPackage, list_contents, pack

    with tempfile.TemporaryDirectory(prefix="scf-deploy-") as place:
        archive = Path(place) / "code.zip"
        try:
            contents = list_contents(function.code_folder, function.packing)
            pack(contents, archive)
        except BadPackage as error:
            raise StartupError(Reason.PROJECT, str(error)) from error
        except OSError as error:
            raise StartupError(
                Reason.STATE, f"{place}: {error.strerror}; make room there, or name another folder by TMPDIR"
            ) from error
        if not contents.files:
            raise StartupError(Reason.PROJECT, f"{function.code_folder}: no file is left to pack")
        return PackedCode(archive.read_bytes(), contents)


def _deployable(record: "FunctionRecord", place: Path, left_out: tuple[str, ...], told: tuple[str, ...]) -> Deployable:
    return Deployable(
        place=place,
        region=record.key.region,
        namespace=record.key.namespace,
        name=record.key.name,
        type=record.type,
        runtime="" if place.is_dir() else record.runtime,
        handler=record.handler,
        code_folder=record.code_folder,
        memory_mb=record.memory_mb,
        timeout_seconds=record.timeout_seconds,
        init_timeout_seconds=record.init_timeout_seconds,
        environment=record.environment,
        description=record.description,
        runs_async=record.runs_async,
        retries=record.async_config.retries,
        ttl_seconds=record.async_config.ttl_seconds,
        timers=record.timers,
        urls=record.urls,
        packing=record.packing,
        layers=record.layers,
        web_options={name: record.options[name] for name in _WEB_OPTIONS if name in record.options},
        left_out=left_out,
        told=told,
    )
