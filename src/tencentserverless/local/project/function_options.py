"""Checks the settings of single functions that a start is given: variables of local runs, and folders of packages."""

from collections.abc import Iterable
from pathlib import Path

from tencentserverless.local.errors import Reason, StartupError
from tencentserverless.local.project.notices import near_miss
from tencentserverless.local.registry.function_version import environment_fault
from tencentserverless.local.settings import Settings

_MAX_SHOWN = 10


def check_values(settings: Settings) -> None:
    """Check variables and folders.

    :raises StartupError: if a variable breaks a rule of the platform, or a folder is missing; it says what there is
    """
    for name, variables in settings.variables.items():
        fault = environment_fault(variables)
        if fault:
            raise StartupError(Reason.PROJECT, f"--variable {name}: {fault.words}")
    for folder in settings.packages:
        if not folder.path.is_dir():
            problem = "is no folder" if folder.path.exists() else "is not there"
            raise StartupError(
                Reason.PROJECT, f"--packages: {folder.path} {problem}; {_what_is_there(folder.path.parent)}"
            )
        if folder.is_environment and not folder.versions():
            words = "is a virtual environment without lib/pythonX.Y/site-packages; make it anew, or give another folder"
            raise StartupError(Reason.PROJECT, f"--packages: {folder.path} {words}")


def check_names(settings: Settings, names: Iterable[str], *, may_lack: bool) -> list[str]:
    """Check the names of functions.

    :param names: the functions that there are
    :param may_lack: a function is missing because it can't be read, and the others are served: such a name is told
    :return: lines for the user
    :raises StartupError: if there is no function of a name
    """
    notices = []
    known = sorted(set(names))
    given = [("--variable", name) for name in settings.variables]
    given += [("--packages", folder.function) for folder in settings.packages if folder.function]
    for option, name in given:
        if name not in known:
            words = (
                f"{option} {name}: no function of that name here{near_miss(name, known)}; there are: {_listed(known)}"
            )
            if not may_lack:
                raise StartupError(Reason.PROJECT, words)
            notices.append(words)
    return notices


def _what_is_there(folder: Path) -> str:
    try:
        names = sorted(each.name for each in folder.iterdir() if each.is_dir())
    except OSError:
        return f"{folder} is not there either"
    return f"the folders in {folder} are: {_listed(names)}" if names else f"there is no folder in {folder}"


def _listed(names: list[str]) -> str:
    return ", ".join(names[:_MAX_SHOWN]) + (", ..." if len(names) > _MAX_SHOWN else "")
