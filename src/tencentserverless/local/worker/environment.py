"""The surroundings of a function's process: its environment variables, and the folder of one run of the server.

The variables are an allow-list of the server's own, the platform's, and the user's. The folder holds the modules that
children import and a scratch folder for each instance.

Source: cloud.tencent.com/document/product/583/30228 (environment variables).
"""

import importlib.util
import itertools
import shutil
import tempfile
from pathlib import Path

from tencentserverless.local.access_keys import AccessKey
from tencentserverless.local.private_files import let_write
from tencentserverless.local.registry.records import FunctionRecord
from tencentserverless.local.settings import Settings
from tencentserverless.local.worker.interpreters import CUSTOM_RUNTIME
from tencentserverless.local.worker.process_group import MARK_VARIABLE, instance_tag


def key_variables(grant: AccessKey) -> dict[str, str]:
    """Temporary keys, by the names that they have inside a function."""
    credentials = grant.credentials
    return {
        "TENCENTCLOUD_SECRETID": credentials.secret_id,
        "TENCENTCLOUD_SECRETKEY": credentials.secret_key,
        "TENCENTCLOUD_SESSIONTOKEN": credentials.token,
    }


def make_environment(
    record: FunctionRecord, settings: Settings, endpoint_url: str, grant: AccessKey, scratch: Path
) -> dict[str, str]:
    """The whole environment of an instance.

    :param scratch: its folder for temporary files, whose name is the mark by which its processes are known
    """
    environment = dict(settings.passed_environment)
    environment.update(
        TMPDIR=str(scratch),
        PWD=str(record.code_folder),
        TZ="UTC",  # the platform's zone, unless the user sets another
        PYTHONIOENCODING="utf-8:backslashreplace",  # logs are UTF-8, whatever locale this machine has
    )
    environment.update(_user_variables(record))
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
    environment[MARK_VARIABLE] = instance_tag(scratch)
    environment.update(key_variables(grant))
    return environment


def _user_variables(record: FunctionRecord) -> dict[str, str]:
    """The user's own. PYTHONPATH comes later, from the child: it must not change what the child itself imports."""
    variables = dict(record.environment)
    if record.runtime != CUSTOM_RUNTIME:  # there is no child of ours in it
        variables.pop("PYTHONPATH", None)
    return variables


def load_frame(
    record: FunctionRecord, settings: Settings, sdk_folder: Path | None, debugger: Path | None
) -> dict[str, object]:
    """What the child must know before it loads the handler.

    :param debugger: the folder of debugpy; None for a function that runs without
    """
    python_path = record.environment.get("PYTHONPATH", "")
    return {
        "code_folder": str(record.code_folder),
        "handler": record.handler,
        "sdk_folder": str(sdk_folder) if sdk_folder else "",
        "umask": settings.umask,
        "debugger": {"folder": str(debugger), "port": settings.debug_ports[record.key.name]} if debugger else None,
        "python_path": [entry for entry in python_path.split(":") if entry],
        "context": {
            "function_name": record.key.name,
            "function_version": record.version,
            "namespace": record.key.namespace,
            "memory_limit_in_mb": record.memory_mb,
            "time_limit_in_ms": record.timeout_seconds * 1000,
            "tencentcloud_region": record.key.region,
            "tencentcloud_appid": settings.appid,
            "tencentcloud_uin": settings.uin,
            "variables": dict(record.environment),
        },
    }


_CHILD_MODULES = ("bootstrap", "context", "frames", "library")
#: What ``from tencentserverless import scf`` needs; both are pure Python and run on 3.6.
_SDK_PACKAGES = ("tencentserverless", "tencentcloud")


class RunDirectory:
    """Makes the folder; ``close`` takes it away with everything in it."""

    def __init__(self) -> None:
        self.root: Path = Path(tempfile.mkdtemp(prefix="scf-local-")).resolve()
        self.child_folder: Path = self.root / "child"
        self.sdk_folder: Path = self.root / "sdk"
        self._scratch_numbers = itertools.count(1)
        self.child_folder.mkdir()
        self.sdk_folder.mkdir()
        here = Path(__file__).resolve().parent / "child"
        for name in _CHILD_MODULES:
            (self.child_folder / f"_scf_{name}.py").symlink_to(here / f"{name}.py")
        for name in _SDK_PACKAGES:
            folder = _package_folder(name)
            if folder is not None:
                (self.sdk_folder / name).symlink_to(folder)

    def make_scratch(self) -> Path:
        """A fresh folder for an instance's temporary files."""
        folder = self.root / f"tmp-{next(self._scratch_numbers)}"
        folder.mkdir(mode=0o700)
        return folder

    def close(self) -> None:
        """Remove the folder. An ephemeral server keeps its code in it, which is read-only."""
        let_write(self.root)
        shutil.rmtree(self.root, ignore_errors=True)


def debugger_folder() -> Path | None:
    """Where debugpy is installed, None if it is not."""
    folder = _package_folder("debugpy")
    return folder.parent if folder else None


def _package_folder(name: str) -> Path | None:
    """Where a package is installed, without importing it."""
    spec = importlib.util.find_spec(name)
    places = spec.submodule_search_locations if spec else None
    return Path(next(iter(places))).resolve() if places else None
