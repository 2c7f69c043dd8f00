"""The environment variables of a function's process: allowed ones of the server, the platform's, and the user's.

Source: cloud.tencent.com/document/product/583/30228 (environment variables).
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tencentserverless.local.access_keys import AccessKey
from tencentserverless.local.registry.function_version import FunctionRecord
from tencentserverless.local.settings import PackageFolder, Settings
from tencentserverless.local.worker.interpreters import CUSTOM_RUNTIME
from tencentserverless.local.worker.isolation import Plan
from tencentserverless.local.worker.process_group import MARK_VARIABLE, instance_tag


def key_variables(access_key: AccessKey) -> dict[str, str]:
    """Return temporary keys by the variable names that they have inside a function."""
    credentials = access_key.credentials
    return {
        "TENCENTCLOUD_SECRETID": credentials.secret_id,
        "TENCENTCLOUD_SECRETKEY": credentials.secret_key,
        "TENCENTCLOUD_SESSIONTOKEN": credentials.token,
    }


@dataclass(frozen=True, slots=True)
class Place:
    """The place of an instance on this machine.

    :param scratch: its folder for temporary files; the name is the mark of the instance's processes
    :param isolation: what parts it from this machine, None for nothing
    :param notes: what notes its writes where nothing parts it, None for nothing
    :param layers: the folder with the files of its layers, None if it has none
    """

    scratch: Path
    isolation: Plan | None = None
    notes: dict[str, object] | None = None
    layers: Path | None = None

    @property
    def layer_folders(self) -> list[str]:
        """The folder in which the instance finds its layers: /opt, where something parts it from this machine's."""
        if self.layers is None:
            return []
        opt = str(self.isolation["opt"]) if self.isolation else ""
        return [opt or str(self.layers)]

    @property
    def temporary_folder(self) -> Path:
        """The folder for temporary files, as the instance sees it."""
        if self.isolation is None or not self.isolation["scratch"]:
            return self.scratch
        return Path(str(self.isolation["tmp"]))


def variables_of(record: FunctionRecord, settings: Settings) -> dict[str, str]:
    """Return the user's variables of a function; those for local runs alone come before its own."""
    return {**record.environment, **settings.variables.get(record.key.name, {})}


def module_folders(record: FunctionRecord, settings: Settings) -> list[Path]:
    """Return the folders outside a function's code from which it imports, those of PYTHONPATH and of ``--packages``."""
    found = [record.code_folder / entry for entry in python_path(record, settings)]
    for folder in package_folders(record, settings):
        found.extend(folder.versions().values() if folder.is_environment else [folder.path])
    return [folder for folder in found if not Path(os.path.normpath(folder)).is_relative_to(record.code_folder)]


def python_path(record: FunctionRecord, settings: Settings) -> list[str]:
    """Return the entries of a function's own PYTHONPATH."""
    return [entry for entry in variables_of(record, settings).get("PYTHONPATH", "").split(":") if entry]


def package_folders(record: FunctionRecord, settings: Settings) -> list[PackageFolder]:
    """Return the folders of ``--packages`` that a function has."""
    return [folder for folder in settings.packages if folder.function in ("", record.key.name)]


def make_environment(
    record: FunctionRecord,
    settings: Settings,
    endpoint_url: str,
    access_key: AccessKey,
    place: "Place",
    *,
    more: Mapping[str, str],
) -> dict[str, str]:
    """Return the whole environment of an instance.

    :param more: further variables of every function, which the user's own replace
    """
    environment = {**settings.passed_environment, **more}
    environment.update(
        TMPDIR=str(place.temporary_folder),
        PWD=str(record.code_folder),
        TZ="UTC",  # the platform's zone, unless the user sets another
        PYTHONIOENCODING="utf-8:backslashreplace",  # logs are UTF-8, whatever this machine's locale is
    )
    environment.update(_user_variables(record, settings))
    environment.update(
        TENCENTCLOUD_RUNENV="SCF",
        TENCENTCLOUD_REGION=record.key.region,
        TENCENTCLOUD_APPID=settings.appid,
        TENCENTCLOUD_UIN=settings.uin,
        TENCENTCLOUD_TZ="UTC",
        TENCENTSERVERLESS_ENDPOINT_URL=endpoint_url,
        SCF_RUNTIME=record.runtime,
        SCF_FUNCTIONNAME=record.key.name,
        SCF_FUNCTIONVERSION=record.version,
        SCF_NAMESPACE=record.key.namespace,
        _SCF_SERVER_PORT="28902",
        USER_CODE_ROOT=f"{record.code_folder}/",
    )
    environment[MARK_VARIABLE] = instance_tag(place.scratch)
    environment.update(key_variables(access_key))
    return environment


def _user_variables(record: FunctionRecord, settings: Settings) -> dict[str, str]:
    """Return the user's variables.

    The child adds PYTHONPATH later: it must not change what the child itself imports.
    """
    variables = variables_of(record, settings)
    if record.runtime != CUSTOM_RUNTIME:  # a custom runtime has no child of ours
        variables.pop("PYTHONPATH", None)
    return variables


def _debugger(record: FunctionRecord, settings: Settings, folder: Path) -> dict[str, object]:
    port = settings.debug_ports[record.key.name]
    return {"folder": str(folder), "port": port, "waits": settings.waits_for_debugger}


def load_frame(
    record: FunctionRecord,
    settings: Settings,
    place: Place,
    *,
    sdk_folder: Path | None,
    debugger: Path | None,
    bundle: str,
) -> dict[str, object]:
    """Return the values that the child needs before it loads the handler.

    :param bundle: the roots that functions trust, ``""`` for those that they bring
    :param debugger: the folder of debugpy; None for a function without a debugger
    """
    folders = package_folders(record, settings)
    plain = [str(folder.path) for folder in folders if not folder.is_environment]
    return {
        "code_folder": str(record.code_folder),
        "handler": record.handler,
        "sdk_folder": str(sdk_folder) if sdk_folder else "",
        "umask": settings.umask,
        "isolation": place.isolation,
        "notes": place.notes,
        "bundle": bundle,
        "debugger": _debugger(record, settings, debugger) if debugger else None,
        "python_path": [*python_path(record, settings), *place.layer_folders, *plain],
        "environments": [str(folder.path) for folder in folders if folder.is_environment],
        "context": {
            "function_name": record.key.name,
            "function_version": record.version,
            "namespace": record.key.namespace,
            "memory_limit_in_mb": record.memory_mb,
            "time_limit_in_ms": record.timeout_seconds * 1000,
            "tencentcloud_region": record.key.region,
            "tencentcloud_appid": settings.appid,
            "tencentcloud_uin": settings.uin,
            "variables": variables_of(record, settings),
        },
    }
