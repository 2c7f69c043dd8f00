"""The environment of a web function, beside that of every function: where its languages find modules, and the shims."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tencentserverless.local.registry.function_version import FunctionRecord
from tencentserverless.local.settings import Settings
from tencentserverless.local.worker.environment import Place, package_folders, python_path, variables_of
from tencentserverless.local.worker.port_watch import WEB_PORT
from tencentserverless.local.worker.run_directory import NODE_SHIM, RunDirectory
from tencentserverless.local.worker.web_ports import Way

PIPE_NAME = ".scf_listening"  # of the pipe in which the shims tell, in the folder for temporary files


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The place of one instance of a web function, and its way to the port.

    :param address: where it is to listen
    :param bundle: the roots that functions trust, ``""`` for those that they bring
    :param debugger: the folder of debugpy; None for a function without a debugger
    """

    run_directory: RunDirectory
    place: Place
    way: Way
    address: tuple[str, int]
    bundle: str = ""
    debugger: Path | None = None
    sdk_folder: Path | None = field(default=None)


def web_variables(record: FunctionRecord, settings: Settings, around: Surroundings) -> dict[str, str]:
    """Return the variables that a web function has beside those of every function."""
    place, given = around.place, variables_of(record, settings)
    plain = [str(folder.path) for folder in package_folders(record, settings) if not folder.is_environment]
    folders = [str(around.run_directory.shim_folder), str(record.code_folder), *python_path(record, settings)]
    code_and_layers = [str(record.code_folder), *place.layer_folders]
    variables = {
        "PYTHONPATH": ":".join([*folders, *place.layer_folders, *plain]),
        "PYTHONDONTWRITEBYTECODE": "x",
        "NODE_PATH": ":".join(path for folder in code_and_layers for path in (folder, f"{folder}/node_modules")),
        "_SCF_WEB": json.dumps(_plan(record, settings, around)),
    }
    if around.way is Way.SHIMS:
        shim = json.dumps(str(around.run_directory.shim_folder / NODE_SHIM))  # quoted as Node.js reads it
        variables["NODE_OPTIONS"] = f"{given.get('NODE_OPTIONS', '')} --require {shim}".strip()
    if around.address[1] != WEB_PORT:
        variables["PORT"] = str(around.address[1])
    return {name: value for name, value in variables.items() if name != "NODE_PATH" or name not in given}


def _plan(record: FunctionRecord, settings: Settings, around: Surroundings) -> Mapping[str, object]:
    """Return what ``child/site_shim`` and ``child/net_shim`` read."""
    environments = [str(folder.path) for folder in package_folders(record, settings) if folder.is_environment]
    debugger: dict[str, object] | None = None
    if around.debugger is not None:
        port = settings.debug_ports[record.key.name]
        debugger = {"folder": str(around.debugger), "port": port, "waits": settings.waits_for_debugger}
    return {
        "code_folder": str(record.code_folder),
        "child": str(around.run_directory.child_folder),
        "environments": environments,
        "sdk": str(around.sdk_folder or ""),
        "bundle": around.bundle,
        "notes": around.place.notes,
        "debugger": debugger,
        "lead": around.address if around.way is Way.SHIMS else None,
        "tell": str(around.place.temporary_folder / PIPE_NAME),
    }
