"""Runs ``scf_bootstrap`` as it is written: its faults, its interpreters, and the command that starts it.

The cloud's interpreters are at ``/var/lang``, which no other machine has: the paths in the file lead to those of this
machine. A changed copy takes the place of the file in the instance's namespace, so that ``$0`` and ``BASH_SOURCE`` are
right; where there is none, a shell reads the copy under the file's name.

Source: cloud.tencent.com/document/product/583/56126, docs.cloudbase.net/cloud-function/develop/scf-bootstrap.
"""

import os
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tencentserverless.local.settings import search_folders
from tencentserverless.local.worker.interpreters import Interpreters
from tencentserverless.local.worker.port_watch import WEB_PORT

START_FILE = "scf_bootstrap"
_HEAD_BYTES = 128
_MAX_SCRIPT_BYTES = 1024 * 1024  # a longer script is run as it is, whatever paths it has
_LANGUAGE_PATH = re.compile(r"/var/lang/([a-z]+)(\d*)/bin(?:/([\w.+-]+))?(?![\w/])")
_SHELLS = frozenset(("sh", "bash", "dash", "ash", "ksh", "zsh"))
_OF_BASH = re.compile(r"\$\{BASH_SOURCE(?:\[0\])?(?=[}:%#/])|\$BASH_SOURCE\b")
_READ_COPY = '_scf_copy=$1; shift; . "$_scf_copy"'
_COPY_NAME = ".scf_bootstrap"


class NotStartable(Exception):
    """A start file that the platform does not start.

    :ivar message: as the platform puts it
    :ivar words: the reason, and what to do
    """

    def __init__(self, message: str, words: str) -> None:
        super().__init__(words)
        self.message = message
        self.words = words


class NoInterpreter(Exception):
    """The start file names an interpreter that this machine lacks; the message says which."""


@dataclass(frozen=True, slots=True)
class Start:
    """The command that starts a function.

    :ivar covers: a file that takes the place of one of the code in the instance, and that one; None for none
    """

    command: tuple[str, ...]
    covers: tuple[str, str] | None = None


def check_start_file(code_folder: Path) -> None:
    """Find out why the platform would not start a function.

    :raises NotStartable: if it would not
    :raises OSError: if the file can't be read
    """
    path = code_folder / START_FILE
    missing = f"[./{START_FILE}] no such file or directory"
    if not path.is_file():
        raise NotStartable(missing, f"there is no file {START_FILE!r} in the root of the code")
    if not path.stat().st_mode & 0o111:
        raise NotStartable(missing, f"{START_FILE!r} is not executable: chmod 755 it, before it is packed too")
    with path.open("rb") as file:
        text = file.read(_MAX_SCRIPT_BYTES)
    head = text[:_HEAD_BYTES]
    if b"\0" not in head and b"\r\n" in text:
        words = (
            f"{START_FILE!r} has lines that end as on Windows (CRLF): save it with LF, and keep git from changing it"
        )
        raise NotStartable(missing, words)
    if b"\0" not in head and not head.startswith(b"#!"):
        words = f"{START_FILE!r} is no program, nor a script whose first line is such as #!/bin/bash"
        raise NotStartable(f"[./{START_FILE}] exec format error", words)


def plan_start(
    code_folder: Path, scratch: Path, place: Path, interpreters: Interpreters, *, is_isolated: bool, port: int
) -> Start:
    """Decide how a function is started, and write the changed copy of its start file if it takes one.

    :param scratch: its folder for temporary files, and ``place`` the same as the instance sees it
    :param is_isolated: a copy can take the place of the file
    :param port: the port that it is to listen on
    :raises NoInterpreter: if an interpreter of the file is missing
    :raises OSError: if a file can't be read or written
    """
    as_written = (f"./{START_FILE}",)
    with (code_folder / START_FILE).open("rb") as file:
        raw = file.read(_MAX_SCRIPT_BYTES + 1)
    text = raw.decode("utf-8", "surrogateescape")
    if not raw.startswith(b"#!") or len(raw) > _MAX_SCRIPT_BYTES:
        return Start(as_written)
    changed = map_paths(text, lambda *parts: find_program(interpreters, *parts))
    if port != WEB_PORT:
        changed = re.sub(rf"\b{WEB_PORT}\b", str(port), changed)
    if changed == text:
        return Start(as_written)
    interpreter = _shebang(changed)
    if is_isolated:
        _write_copy(scratch, changed)
        return Start((*interpreter, *as_written), (str(place / _COPY_NAME), str(code_folder / START_FILE)))
    if any(Path(word).name in _SHELLS for word in interpreter[:2]):
        _write_copy(scratch, _OF_BASH.sub(lambda found: "${0" if "{" in found[0] else "$0", changed))
        return Start((*interpreter, "-c", _READ_COPY, *as_written, str(place / _COPY_NAME)))
    return Start((*interpreter, *as_written))


def map_paths(text: str, find: Callable[[str, str, str], Path]) -> str:
    """Return a script whose paths below ``/var/lang`` lead to this machine's interpreters.

    :param find: finds a program by its language, the digits behind that and its name; for the name ``""``, a folder
    """

    def mapped(line: str) -> str:
        is_comment = line.lstrip().startswith("#") and not line.startswith("#!")  # it may name what this machine lacks
        return line if is_comment else _LANGUAGE_PATH.sub(replace, line)

    def replace(found: re.Match[str]) -> str:
        return str(find(found[1], found[2], found[3] or ""))

    return "\n".join(map(mapped, text.split("\n")))


def find_program(interpreters: Interpreters, language: str, digits: str, name: str) -> Path:
    """Find a program of ``/var/lang`` on this machine. May start an interpreter, to prove it.

    :raises NoInterpreter: if there is none
    """
    if language == "python" and (not name or name.startswith("python")):
        runtime = f"Python{_python_version(digits)}"
        interpreters.prepare({runtime})
        interpreter = interpreters.find(runtime)
        if interpreter is None:
            raise NoInterpreter(f"{START_FILE} names /var/lang/python{digits}, and there is no such Python")
        return interpreter if name else interpreter.parent
    if language == "python":
        beside = find_program(interpreters, language, digits, "") / name
        if beside.is_file():
            return beside
    found = shutil.which(name or language, path=os.pathsep.join(map(str, search_folders())))
    if found is None:
        words = f"{START_FILE} names /var/lang/{language}{digits}/bin/{name}, and no {name or language} is on PATH"
        raise NoInterpreter(words)
    return Path(found) if name else Path(found).parent


def _python_version(digits: str) -> str:
    """Return the version in the name of a folder: 3.10 of ``310``; of the old names, ``3`` is 3.6 and ``2`` is 2.7."""
    return {"": "3.6", "3": "3.6", "2": "2.7"}.get(digits, f"{digits[:1]}.{digits[1:]}")


def _shebang(text: str) -> tuple[str, ...]:
    """Return the command of a script's first line: the interpreter, and the rest as one word, as the kernel does."""
    first = text.partition("\n")[0][2:].strip()
    return tuple(first.split(None, 1))


def _write_copy(scratch: Path, text: str) -> None:
    copy = scratch / _COPY_NAME
    copy.write_bytes(text.encode("utf-8", "surrogateescape"))
    copy.chmod(0o755)
