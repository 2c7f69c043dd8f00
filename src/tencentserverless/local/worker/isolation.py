"""Isolation of instances from this machine: a mount namespace with a /tmp of its own and read-only code, or nothing.

A function of the cloud can write its own /tmp alone. ``child/isolation`` enters the namespaces inside the instance.
"""

import contextlib
import enum
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from tencentserverless.local.errors import Reason, StartupError
from tencentserverless.local.notice import Notice
from tencentserverless.local.settings import Settings

_PROGRAM = Path(__file__).resolve().parent / "child" / "isolation.py"
_PROBE_SECONDS = 10
_TMP = Path("/tmp")  # noqa: S108  # the folder that each instance of the cloud has for itself
_OPT = Path("/opt")  # the folder in which a function of the cloud finds its layers

Plan = dict[str, object]


class LayerFolder(NamedTuple):
    """The layers of an instance.

    :param folder: the merged files, which are read-only
    :param mounts: a folder of the instance that need not exist: what it needs from below /opt is mounted there beside
        the layers
    """

    folder: Path
    mounts: Path


class Choice(str, enum.Enum):
    """The choice of the user with ``--isolation``."""

    AUTO = "auto"
    NAMESPACES = "namespaces"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Isolation:
    """The isolation of all instances of one run of the server.

    :param reason: why there are no namespaces, ``""`` where there are
    :param has_own_tmp: False for ``--shared-tmp``
    :param tmp: the folder /tmp, without links
    :param kept: what instances need, and see read-only where it lies below /tmp or /opt
    :param shared: what lies below /tmp or /opt, and instances may write
    :param opt: the folder /opt, without links
    """

    reason: str = "not asked for"
    has_own_tmp: bool = False
    tmp: Path = _TMP
    kept: tuple[Path, ...] = ()
    shared: tuple[Path, ...] = ()
    opt: Path = _OPT

    @property
    def uses_namespaces(self) -> bool:
        """True if instances enter namespaces."""
        return not self.reason

    @property
    def notice(self) -> str:
        """The line that tells the user which way is used, and why."""
        if self.uses_namespaces:
            if self.has_own_tmp:
                return Notice("each instance has a /tmp of its own and can't write its code folder, by namespaces")
            return Notice("each instance has this machine's /tmp and can't write its code folder, by namespaces")
        is_chosen = self.reason == Choice.NONE.value
        why = "--isolation none" if is_chosen else Notice("no namespaces: {reason}", reason=self.reason)
        if self.has_own_tmp:
            words = Notice(
                "instances share this machine's /tmp and can write their code folder ({why}); in the cloud they can't",
                why=why,
            )
        else:
            words = Notice(
                "instances have this machine's /tmp, as asked for, and can write their code folder ({why}); in the "
                "cloud they can't",
                why=why,
            )
        return words if is_chosen else Notice("warning: {warning}", warning=words)

    def fits(self, code_folder: Path) -> bool:
        """True if instances of code in this folder can be isolated: not if /tmp is a part of the code."""
        return self.uses_namespaces and code_folder != self.tmp and code_folder not in self.tmp.parents

    def plan(
        self, code_folder: Path, scratch: Path, needed: Iterable[Path], layers: LayerFolder | None = None
    ) -> Plan | None:
        """Return what the instance is to do, None for nothing.

        :param scratch: the instance's folder for temporary files
        :param needed: what this instance needs beside what all need
        :param layers: what it is to see as /opt; None for this machine's
        """
        if not self.fits(code_folder):
            return None
        has_opt = layers is not None and self._fits_opt(code_folder)
        kept = self.seen(code_folder, needed)
        if self.tmp in code_folder.parents or (has_opt and self.opt in code_folder.parents):
            kept += list_link_targets(code_folder)
        if layers is not None and not has_opt:
            kept.append(layers.folder)
        hiding = (self.tmp, self.opt) if has_opt else (self.tmp,)
        shared = list(self.shared)
        if has_opt and _is_hidden(scratch, (self.opt,)):  # TMPDIR lies there; it is still to be mounted, or used
            shared.append(scratch)
        return {
            "tmp": str(self.tmp),
            "scratch": str(scratch) if self.has_own_tmp else "",
            "code_folder": str(code_folder),
            "kept": [str(path) for path in dict.fromkeys(kept) if _is_hidden(path, hiding)],
            "shared": [str(path) for path in shared],
            "opt": str(self.opt) if has_opt else "",
            "layers": str(layers.folder) if layers is not None and has_opt else "",
            "mounts": str(layers.mounts) if layers is not None and has_opt else "",
        }

    def seen(self, code_folder: Path, needed: Iterable[Path]) -> list[Path]:
        """Return what an instance needs, wherever it lies."""
        return [code_folder, *self.kept, *needed]

    @property
    def noted_tmp(self) -> str:
        """The folder in which instances note what they use, ``""`` if they shall share it."""
        return str(self.tmp) if self.has_own_tmp else ""

    def _fits_opt(self, code_folder: Path) -> bool:
        """True if an instance can have an /opt of its own: there is one, and it is no part of the code."""
        return self.opt.is_dir() and code_folder != self.opt and code_folder not in self.opt.parents


NO_ISOLATION = Isolation()


def _is_hidden(path: Path, hiding: Iterable[Path]) -> bool:
    """True if a private folder in one of these places would hide a path."""
    return any(place in each.parents for place in hiding for each in (path, path.resolve()))


def list_link_targets(folder: Path) -> list[Path]:
    """List the places outside a folder that links in it lead to, also by other links. Some may be missing."""
    found: list[Path] = []
    waiting = [str(folder)]
    while waiting:
        with contextlib.suppress(OSError), os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if not entry.is_symlink():
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                    continue
                target = Path(entry.path).resolve()
                if not any(each == target or each in target.parents for each in (folder, *found)):
                    found.append(target)
                    waiting.append(str(target))
    return found


def launch_command(plan: Plan | None, command: tuple[str, ...]) -> tuple[str, ...]:
    """Return the command line that starts a program in the namespaces of a plan."""
    if plan is None:
        return command
    return (sys.executable, "-I", "-S", str(_PROGRAM), json.dumps(plan), *command)


def find_isolation(settings: Settings) -> Isolation:
    """Find out how instances can be isolated here, as the settings allow.

    :raises StartupError: if namespaces were asked for and can't be had
    """
    choice, tmp = Choice(settings.isolation), _TMP.resolve()
    reason = Choice.NONE.value if choice is Choice.NONE else _find_obstacle(tmp)
    if reason and choice is Choice.NAMESPACES:
        raise StartupError(
            Reason.RUNTIME,
            f"--isolation namespaces: this system refuses them ({reason}); "
            "start without it to run functions without isolation",
        )
    kept = [settings.project.resolve(), Path(sys.prefix), Path(sys.base_prefix)]
    shared = [Path(path).resolve() for path in settings.shared_folders]
    return Isolation(
        reason, not settings.shared_tmp, tmp, tuple(dict.fromkeys(kept)), tuple(shared), opt=_OPT.resolve()
    )


def _find_obstacle(tmp: Path) -> str:
    """Try the namespaces in a process of its own. Some systems allow the namespace and refuse the mount.

    :return: what is in the way, ``""`` for nothing
    """
    if sys.platform != "linux":
        return f"{sys.platform} has none"
    with tempfile.TemporaryDirectory(prefix="scf-probe-") as folder:
        code, scratch = Path(folder).resolve() / "code", Path(folder).resolve() / "tmp"
        code.mkdir()
        scratch.mkdir()
        plan = Isolation("", True, tmp, (Path(sys.prefix), Path(sys.base_prefix))).plan(code, scratch, ())
        try:
            done = subprocess.run(  # noqa: S603  # our own program
                launch_command(plan, ()),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_PROBE_SECONDS,
                check=False,
            )
        except (OSError, subprocess.SubprocessError) as error:
            return str(error)
    lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
    return "" if done.returncode == 0 else (lines[-1] if lines else f"status {done.returncode}")
