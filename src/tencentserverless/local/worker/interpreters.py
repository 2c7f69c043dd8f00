"""Finds the Python interpreter of a Runtime name on this machine."""

import functools
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from tencentserverless.local.errors import Reason, StartupError
from tencentserverless.local.notice import Notice
from tencentserverless.local.settings import pyenv_root, search_folders

_PYTHON_RUNTIME = re.compile(r"Python([23]\.\d{1,2})\Z")
_PROBE_SECONDS = 10
_PROBE = "import sys; print('%d.%d' % sys.version_info[:2]); import _ctypes"

#: document/product/583/40323 and the API's own list, CloudBase's page of runtimes (2026) and Tencent's demos, with
#: names that older tools used.
OTHER_RUNTIMES = frozenset(
    "Nodejs6.10 Nodejs8.9 Nodejs10.15 Nodejs12.16 Nodejs14.18 Nodejs16.13 Nodejs18.15 Nodejs20.19 Nodejs22.21 "
    "Nodejs24.11 Php5 Php5.6 Php7 Php7.2 Php7.4 Php8.0 Go1 Golang1 Java8 Java11 Java17 Java21 CustomRuntime "
    "CustomImage".split()
)
#: The same sources, of Python; and CloudBase's "26.x" of Node.js.
_NAMED = re.compile(r"(?:Python(?:2\.7|3\.(?:[679]|1[0-3]))|Nodejs26\.\d{1,2})\Z")
#: The list of names is open at its end: a version of these that no source names may be there by now.
_POSSIBLE = re.compile(r"(?:Nodejs|Php|Java)\d{1,2}(?:\.\d{1,2})?\Z")
CUSTOM_RUNTIME = "CustomRuntime"  # an executable that uses the runtime API
OWN_VERSION = "{}.{}".format(*sys.version_info[:2])
OWN_RUNTIME = f"Python{OWN_VERSION}"
#: The platform installs packages for these alone; what is installed for them here stands for that.
WITH_PACKAGES = {
    "Python2.7": "requests, numpy 1.15, qcloud_cos_v5 and others",
    "Python3.6": "requests, numpy 1.15, qcloud_cos_v5 and others",
}
#: The server's own, without the environment that it is installed in: its packages are no function's.
_OWN = Path(getattr(sys, "_base_executable", None) or sys.executable)
_OWN_INTERPRETER = _OWN if _OWN.exists() else Path(sys.executable)


@functools.lru_cache(maxsize=256)
def python_version(runtime: str) -> str | None:
    """Return the version in a runtime's name: ``3.9`` of ``Python3.9``; None if it is no Python."""
    match = _PYTHON_RUNTIME.match(runtime)
    return match.group(1) if match else None


def is_known(runtime: str) -> bool:
    """True if this is the name of a runtime, or may be one of a new version."""
    return runtime in OTHER_RUNTIMES or python_version(runtime) is not None or _POSSIBLE.match(runtime) is not None


def name_doubt(runtime: str) -> str:
    """Return what to say of a runtime that no source names; empty if one does."""
    if runtime in OTHER_RUNTIMES or _NAMED.match(runtime):
        return ""
    return f"no page of Tencent's names the runtime {runtime}: the cloud may refuse it"


def can_run(runtime: str) -> bool:
    """True if functions of a runtime can run here, and are not only listed."""
    return runtime == CUSTOM_RUNTIME or python_version(runtime) is not None


class Interpreters:
    """Finds interpreters and remembers them. Each one is run once, to prove its version.

    :param is_strict: refuse a runtime whose interpreter is missing, instead of using the server's own
    """

    def __init__(self, is_strict: bool) -> None:
        self._is_strict = is_strict
        self._found: dict[str, Path] = {OWN_VERSION: _OWN_INTERPRETER}
        self._without_ctypes: set[str] = set()
        self.warnings: list[str] = []

    def prepare(self, runtimes: set[str]) -> None:
        """Find the interpreters of these runtimes now, at the start; missing ones are noted in ``warnings``.

        :raises StartupError: if one is missing and ``is_strict`` is set
        """
        versions = {python_version(runtime) for runtime in runtimes}
        for version in sorted(version for version in versions if version and version not in self._found):
            path = next((path for path in _candidates(version) if self._runs_as(path, version)), None)
            if path is None and self._is_strict:
                raise StartupError(
                    Reason.RUNTIME,
                    f"no interpreter for Python{version} on PATH or under pyenv; install it, or start without "
                    "--strict-runtimes to run those functions on the server's own",
                )
            if path is None:
                words = "no interpreter for Python{version} on PATH or under pyenv: its functions run on Python {own}"
                self.warnings.append(Notice(words, version=version, own=OWN_VERSION))
            if version in self._without_ctypes:
                words = "{path} has no _ctypes: functions of Python{version} are not isolated"
                self.warnings.append(Notice(words, path=str(path), version=version))
            self._found[version] = path or _OWN_INTERPRETER

    def find(self, runtime: str) -> Path | None:
        """Return the interpreter of a prepared runtime; None if the runtime is no Python."""
        version = python_version(runtime)
        return self._found.get(version) if version else None

    def find_installer(self, runtime: str) -> Path | None:
        """Return the interpreter whose pip installs packages for a prepared runtime; None if the runtime is no Python.

        For the server's own Python it is that of the server's environment, which has a pip.
        """
        found = self.find(runtime)
        return Path(sys.executable) if found == _OWN_INTERPRETER else found

    def running_version(self, runtime: str) -> str | None:
        """Return the version of the interpreter that runs a prepared runtime; None if the runtime is no Python."""
        version = python_version(runtime)
        return OWN_VERSION if version and self.find(runtime) == _OWN_INTERPRETER else version

    def is_python2(self, runtime: str) -> bool:
        """True if a runtime's functions run on Python 2 here."""
        return python_version(runtime) == "2.7" and self._found.get("2.7") != _OWN_INTERPRETER

    def package_notices(self, runtimes: Iterable[str]) -> list[str]:
        """Return the lines about packages that the platform has installed, of the runtimes that are used."""
        return [
            f"{runtime}: the platform has {WITH_PACKAGES[runtime]}; functions here see what is installed for "
            f"{self.find(runtime)}"
            for runtime in sorted(set(runtimes) & WITH_PACKAGES.keys())
            if self.find(runtime) != _OWN_INTERPRETER
        ]

    def can_isolate(self, runtime: str) -> bool:
        """True if the interpreter of a runtime can make the system calls that part its functions from this machine."""
        return python_version(runtime) not in self._without_ctypes

    def hides_packages(self, runtime: str) -> bool:
        """True if a function must not see the packages that are installed for its interpreter.

        The platform has none of them, but for the runtimes of ``WITH_PACKAGES``.
        """
        return runtime not in WITH_PACKAGES or self.find(runtime) == _OWN_INTERPRETER

    def _runs_as(self, path: Path, version: str) -> bool:
        """True if the program runs and has that version."""
        try:
            run = subprocess.run(  # noqa: S603  # an interpreter of this machine
                [path, "-c", _PROBE],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_PROBE_SECONDS,
                check=False,
            )
        except (OSError, subprocess.SubprocessError):
            return False
        if run.stdout.decode("ascii", "replace").strip() != version:
            return False
        if run.returncode != 0:
            self._without_ctypes.add(version)
        return True


def _candidates(version: str) -> Iterator[Path]:
    """Yield possible paths of an interpreter, best first. Of pyenv: the versions, because shims are no interpreters."""
    for folder in search_folders():
        path = folder / f"python{version}"
        if folder.name != "shims" and path.is_file():
            yield path
    yield from sorted(pyenv_root().glob(f"versions/{version}.*/bin/python"), reverse=True)
