"""The files of a folder that are a function's code, and the zip file of them.

One rule for all uses: a deployment, a published version and GetFunctionAddress. Source of the patterns:
docs/configure.md of serverless-components/tencent-scf, which uses those of Node's globby, relative to the code folder;
a pattern that names a folder stands for its whole content.
"""

import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import IO, NamedTuple

from tencentserverless.local.settings import KIB, MIB, STATE_FOLDER_NAME

MAX_UNPACKED_BYTES = 500 * MIB  # document/product/583/11637: code of one version, unpacked
MAX_FILES = 20_000  # ours, including folders: the platform names no number
MAX_DEPTH = 32  # ours: parts of a path
MAX_PATTERN_CHARS = 200  # ours

SECRETS = "may hold secrets"
ENVIRONMENT = "a virtual environment"
_CACHE = "a cache"
_VERSION_CONTROL = "of version control"
_STATE = "the local SCF's own folder"
_DANGLING = "a link that leads nowhere"
_NO_FILE = "neither a file nor a folder"

_CHUNK_BYTES = 256 * KIB
_EARLIEST = (1980, 1, 1, 0, 0, 0)  # equal folders make equal archives
_FOLDERS = {
    **dict.fromkeys((".git", ".hg", ".svn", ".bzr", ".jj"), _VERSION_CONTROL),
    **dict.fromkeys(("__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".hypothesis"), _CACHE),
    **dict.fromkeys((".ipynb_checkpoints", ".nyc_output", ".parcel-cache", ".DS_Store"), _CACHE),
    **dict.fromkeys((".venv", ".virtualenv", ".tox", ".nox"), ENVIRONMENT),
}
_CACHES_OF_NODE = "node_modules/.cache"
_OF_AN_ENVIRONMENT = ("pyvenv.cfg", "bin/activate", "Scripts/activate")


class BadPackage(Exception):
    """The code can't be a package, or holds something that no package may hold; the message names it."""


@dataclass(frozen=True, slots=True)
class PackRules:
    """Rules of a serverless.yml for the files to pack. ``include`` brings back files that would be left out."""

    exclude: tuple[str, ...] = ()
    include: tuple[str, ...] = ()


class PackedFile(NamedTuple):
    """A file that is packed.

    :param name: its path in the package
    :param target: its real path, if a link leads out of the folder to it
    """

    name: str
    path: Path
    size_bytes: int
    is_executable: bool
    target: Path | None = None


class LeftOut(NamedTuple):
    """A file or, with a slash at its end, a folder that is not packed."""

    name: str
    reason: str


class Contents(NamedTuple):
    """The files of a folder that belong into a package."""

    files: tuple[PackedFile, ...]
    left_out: tuple[LeftOut, ...]
    idle_patterns: tuple[str, ...] = ()

    @property
    def size_bytes(self) -> int:
        """Size of all files together, unpacked."""
        return sum(file.size_bytes for file in self.files)

    def notices(self) -> list[str]:
        """Return notices for a user who did not ask for the whole list."""
        told = [f"{printable(file.name)} lies outside the folder, in {file.target}: packed" for file in self._linked()]
        silent = [each for each in self.left_out if each.reason in (SECRETS, ENVIRONMENT, _DANGLING)]
        if silent:
            names = ", ".join(f"{printable(each.name)} ({each.reason})" for each in silent[:_TOLD])
            rest = f" and {len(silent) - _TOLD} more" if len(silent) > _TOLD else ""
            told.append(f"left out: {names}{rest}; what src.include of a serverless.yml names is packed")
        told += [f"src.include: {printable(pattern)} fits no file" for pattern in self.idle_patterns]
        return told

    def _linked(self) -> list[PackedFile]:
        """Return one file for each link that leads out of the folder."""
        found: dict[Path, PackedFile] = {}
        for file in self.files:
            if file.target is not None:
                found.setdefault(file.target, file)
        return list(found.values())[:_TOLD]


_TOLD = 5  # names in one notice


def printable(name: str) -> str:
    """Return a name without characters that could control a terminal."""
    return name if name.isprintable() else repr(name)


def pattern_fault(pattern: str) -> str | None:
    """Describe the error in a pattern of ``exclude`` or ``include``; None if the pattern is valid."""
    if not pattern.strip("/."):
        return "must name files, such as tests/**"
    if len(pattern) > MAX_PATTERN_CHARS:
        return f"must have at most {MAX_PATTERN_CHARS} characters"
    if ".." in pattern.replace("\\", "/").split("/"):
        return "must stay in the folder of the code, so it can't have '..'"
    try:
        _compiled(pattern)
    except re.error as error:
        return f"is no pattern: {error}"
    return None


def list_contents(source: Path, rules: PackRules | None = None, kept_out: Path | None = None) -> Contents:
    """List the files of a folder that are its code, in a fixed order. Links are followed.

    :param kept_out: a folder in it to leave out, whatever the rules say
    :raises BadPackage: if the folder holds too much, can't be read, or a link leads back to a folder around it
    """
    try:
        return _Walk(source, rules or PackRules(), kept_out).contents()
    except OSError as error:
        raise BadPackage(f"{error.filename or source}: {error.strerror}") from error


def pack(contents: Contents, archive: Path) -> None:
    """Make a zip file: the same bytes for the same files, at any time and for any user.

    :param archive: must not exist
    :raises BadPackage: if a file can't be read, or has grown too large
    :raises OSError: if the archive can't be written
    """
    from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

    rest_bytes = MAX_UNPACKED_BYTES
    with ZipFile(archive, "x", ZIP_DEFLATED, compresslevel=1) as packed:
        for file in contents.files:
            member = ZipInfo(file.name, _EARLIEST)
            # independent of the umask
            member.external_attr = (stat.S_IFREG | (0o755 if file.is_executable else 0o644)) << 16
            member.compress_type = ZIP_DEFLATED
            with _opened(file.path) as source, packed.open(member, "w") as target:
                while chunk := _read(source, file.path):
                    rest_bytes -= len(chunk)
                    if rest_bytes < 0:
                        raise too_large(MAX_UNPACKED_BYTES)
                    target.write(chunk)


def too_large(limit_bytes: int) -> BadPackage:
    """Make the refusal of code that is too large."""
    return BadPackage(f"unpacked it is larger than {limit_bytes} bytes")


def _opened(path: Path) -> IO[bytes]:
    try:
        return path.open("rb")
    except OSError as error:
        raise BadPackage(f"{path}: {error.strerror}") from error


def _read(file: IO[bytes], path: Path) -> bytes:
    try:
        return file.read(_CHUNK_BYTES)
    except OSError as error:
        raise BadPackage(f"{path}: {error.strerror}") from error


class _Place(NamedTuple):
    """A visited folder: its path, its name in the package, and the folders around it, by device and inode."""

    path: Path
    name: str
    around: tuple[tuple[int, int], ...]
    reason: str = ""  # the reason to leave it out, except files that ``include`` names
    target: Path | None = None


class _Walk:
    """One walk through a folder."""

    def __init__(self, source: Path, rules: PackRules, kept_out: Path | None) -> None:
        self._source = source
        self._root = Path(os.path.realpath(source))
        excluded = [pattern for pattern in rules.exclude if not pattern.startswith("!")]
        negated = [pattern[1:] for pattern in rules.exclude if pattern.startswith("!")]
        self._exclude = [(pattern, _compiled(pattern)) for pattern in excluded]
        self._include = {pattern: _compiled(pattern) for pattern in (*rules.include, *negated)}
        self._kept_out = kept_out
        self._idle = dict.fromkeys(rules.include)
        self._files: list[PackedFile] = []
        self._left_out: list[LeftOut] = []
        self._count = self._size_bytes = 0

    def contents(self) -> Contents:
        """Return all found files."""
        found = self._source.stat()
        self._walk(_Place(self._source, "", ((found.st_dev, found.st_ino),)))
        return Contents(tuple(self._files), tuple(self._left_out), tuple(self._idle))

    def _walk(self, place: _Place) -> None:
        if len(place.around) > MAX_DEPTH:
            raise BadPackage(f"it holds a path of more than {MAX_DEPTH} parts: {printable(place.name)[:100]}")
        with os.scandir(place.path) as entries:
            found = sorted(entries, key=lambda entry: entry.name)
        for entry in found:
            name = f"{place.name}{entry.name}"
            if not _is_text(entry.name):
                raise BadPackage(f"it holds a name that is not UTF-8: {entry.name!r}")
            self._take(place, Path(entry.path), name, is_link=entry.is_symlink())

    def _take(self, place: _Place, path: Path, name: str, *, is_link: bool) -> None:
        try:
            status = path.stat()
        except FileNotFoundError:
            if not is_link:
                raise
            self._leave(place, name, _DANGLING)
            return
        target = place.target
        if is_link:
            real = Path(os.path.realpath(path))
            target = target if real.is_relative_to(self._root) else real
        reason = place.reason or self._reason(path, name, is_link=is_link)
        if stat.S_ISDIR(status.st_mode):
            self._take_folder(place, _Place(path, f"{name}/", (_key(status),), reason, target))
        elif not stat.S_ISREG(status.st_mode):
            self._leave(place, name, _NO_FILE)
        elif reason and not self._is_included(name):
            self._leave(place, name, reason)
        else:
            self._add(PackedFile(name, path, status.st_size, bool(status.st_mode & 0o100), target))

    def _take_folder(self, place: _Place, inner: _Place) -> None:
        is_kept_out = self._kept_out is not None and os.path.realpath(inner.path) == os.path.realpath(self._kept_out)
        if is_kept_out or STATE_FOLDER_NAME in (inner.path.name, os.path.basename(os.path.realpath(inner.path))):
            self._leave(place, inner.name, _STATE)
            return
        if inner.reason:
            self._leave(place, inner.name, inner.reason)
            if not self._include:
                return
        if inner.around[0] in place.around:
            raise BadPackage(
                f"{inner.path} is a link to a folder that it lies in: remove it, or name it in src.exclude"
            )
        self._walk(inner._replace(around=place.around + inner.around))

    def _reason(self, path: Path, name: str, *, is_link: bool) -> str:
        """Return the reason to leave a path out, empty for none. A link is also left out because of its target."""
        for pattern, fits in self._exclude:
            if fits.match(name):
                return f"excluded by {printable(pattern)}"
        reason = _habit(path, name)
        return reason or (self._reason_of_target(path) if is_link else "")

    def _reason_of_target(self, link: Path) -> str:
        """Return the reason to leave a link's target out, wherever it is. The path of the root folder is not judged."""
        place = self._root
        for part in Path(os.path.relpath(os.path.realpath(link), self._root)).parts:
            place = place.parent if part == os.pardir else place / part
            reason = "" if part == os.pardir else _STATE if part == STATE_FOLDER_NAME else _habit(place, str(place))
            if reason:
                return reason
        return ""

    def _is_included(self, name: str) -> bool:
        return any(fits.match(name) for fits in self._include.values())

    def _leave(self, place: _Place, name: str, reason: str) -> None:
        if not place.reason:  # else a notice names the folder around it
            self._left_out.append(LeftOut(name, reason))

    def _add(self, file: PackedFile) -> None:
        self._files.append(file)
        self._size_bytes += file.size_bytes
        for pattern in [pattern for pattern in self._idle if self._include[pattern].match(file.name)]:
            del self._idle[pattern]
        if len(self._files) > MAX_FILES:
            raise BadPackage(f"{self._source} holds more than {MAX_FILES} files")
        if self._size_bytes > MAX_UNPACKED_BYTES:
            raise too_large(MAX_UNPACKED_BYTES)


def _habit(path: Path, name: str) -> str:
    """Return the default reason to leave a path out, empty for none."""
    if path.name.startswith(".env"):
        return ENVIRONMENT if _is_environment(path) else SECRETS
    if path.name in _FOLDERS:
        return _FOLDERS[path.name]
    if name.endswith(_CACHES_OF_NODE):
        return _CACHE
    return ENVIRONMENT if _is_environment(path) else ""


def _is_environment(path: Path) -> bool:
    """True if the folder is a virtual environment. A Python package may have the same name."""
    if not path.is_dir():
        return False
    is_named_so = path.name == "venv" and not (path / "__init__.py").exists()
    return is_named_so or any((path / name).is_file() for name in _OF_AN_ENVIRONMENT)


def _key(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino


def _is_text(name: str) -> bool:
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> "re.Pattern[str]":
    """Make a regular expression of a pattern, for paths below the folder.

    :raises re.error: if the pattern is invalid
    """
    text = pattern.replace("\\", "/").strip("/")
    while text.startswith("./"):
        text = text[2:]
    return re.compile("".join(_translated(text)) + r"(?:/.*)?\Z", re.DOTALL)


_PARTS = re.compile(
    r"/\*\*(?=/|\Z)"  # any number of folders
    r"|\A\*\*/"
    r"|\*+|\?|\[[!^]?\]?[^\]/]*\]|[{},]|.",
    re.DOTALL,
)


def _translated(text: str) -> Iterator[str]:
    depth = 0
    for part in _PARTS.findall(text):
        if part == "/**":
            yield "(?:/[^/]+)*"
        elif part == "**/":
            yield "(?:[^/]+/)*"
        elif part.startswith("*"):
            yield ".*" if text == part == "**" else "[^/]*"
        elif part == "?":
            yield "[^/]"
        elif len(part) > 1:
            negates = part[1] in "!^"
            inner = part[2 if negates else 1 : -1].replace("\\", r"\\").replace("[", r"\[").replace("]", r"\]")
            yield f"[{'^/' if negates else ''}{inner}]"
        elif part == "{" and "}" in text:
            depth += 1
            yield "(?:"
        elif part in ",}" and depth:
            depth -= part == "}"
            yield "|" if part == "," else ")"
        else:
            yield re.escape(part)
