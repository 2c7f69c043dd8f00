"""Code that came as a zip file: unpacked once, into a read-only folder that is named by the hash of the file.

A package appears completely or not at all: it is made in a temporary folder and renamed into place. ``unpack``,
``snapshot`` and ``merge`` may take seconds and belong in a thread. ``adopt`` and ``drop_unused`` are quick and belong
on the one thread that also changes the catalogue, so that a package is never dropped between its arrival and its
first use.
"""

import contextlib
import errno
import hashlib
import os
import re
import secrets
import shutil
import stat
import struct
import tempfile
import time
import zlib
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING

from tencentserverless.local.private_files import let_write
from tencentserverless.local.registry.function_version import Package
from tencentserverless.local.registry.package_contents import (
    MAX_DEPTH,
    MAX_FILES,
    MAX_UNPACKED_BYTES,
    BadPackage,
    Contents,
    PackedFile,
    PackRules,
    list_contents,
    pack,
    too_large,
)
from tencentserverless.local.registry.package_merge import merge_folders, merged_name
from tencentserverless.local.settings import KIB

if TYPE_CHECKING:
    from zipfile import ZipFile, ZipInfo

MAX_NAME_BYTES = 1024  # ours: no path of a real package is longer

_ARCHIVE, _CODE = "code.zip", "code"
_DRAFT_PREFIX, _TRASH_PREFIX = "draft-", "trash-"
_SHA256 = re.compile(r"[0-9a-f]{64}\Z")
_CHUNK_BYTES = 256 * KIB
_READ_ONLY_FOLDER = 0o500
_SETTLING_SECONDS = 0.3
_MORE_SNAPSHOTS = 3
_ENCRYPTED_FLAG = 0x1
_BOUNDED_METHODS = (0, 8)  # store and deflate: zipfile does not limit the size of one read of bzip2 or LZMA
_PLAIN_TYPES = (0, stat.S_IFREG, stat.S_IFDIR)  # 0: made on a system that has no file types


class Draft:
    """A package that is unpacked and not in its place yet."""

    def __init__(self, folder: Path, sha256: str, archive_bytes: int, unpacked_bytes: int) -> None:
        self.folder: Path = folder
        self.sha256: str = sha256
        self.archive_bytes: int = archive_bytes
        self.unpacked_bytes: int = unpacked_bytes
        self.contents: Contents | None = None  # content of the folder from which it was made

    def discard(self) -> None:
        """Remove the draft."""
        _remove_folder(self.folder)


class Packages:
    """The packages below one folder.

    :param root: made when the first package comes
    """

    def __init__(self, root: Path) -> None:
        self.root: Path = root
        self._known: set[str] = set()
        self._has_trash = False
        if root.is_dir():
            names = os.listdir(root)
            self._known = {name for name in names if _SHA256.match(name)}
            for name in names:
                if name.startswith((_DRAFT_PREFIX, _TRASH_PREFIX)):  # left by a server that was killed
                    _remove_folder(root / name)
            for name in self._known:
                _take_write_bits(root / name)

    def unpack(self, archive: bytes) -> Draft:
        """Unpack a zip file of a request.

        :raises BadPackage: if the zip file is refused
        :raises OSError: if the package can't be written
        """
        with self._drafting() as folder:
            (folder / _ARCHIVE).write_bytes(archive)
            return _unpacked(folder)

    def unpack_file(self, archive: IO[bytes]) -> Draft:
        """Unpack a copy of an open zip file.

        :raises BadPackage: if the zip file is refused, or can't be read
        :raises OSError: if the package can't be written
        """
        with self._drafting() as folder:
            with (folder / _ARCHIVE).open("xb") as target:
                rest_bytes = MAX_UNPACKED_BYTES
                while chunk := _read(archive):
                    rest_bytes -= len(chunk)
                    if rest_bytes < 0:
                        raise BadPackage(f"it is larger than {MAX_UNPACKED_BYTES} bytes")
                    target.write(chunk)
            return _unpacked(folder)

    def merge(self, packages: Sequence[Package]) -> Draft:
        """Merge the files of packages into one package without a zip file; the later package wins.

        :raises OSError: if one of them has vanished, or the package can't be written
        """
        with self._drafting() as folder:
            merge_folders([package.folder for package in packages], folder / _CODE)
            _take_write_bits(folder / _CODE)
            return Draft(folder, merged_name([package.sha256 for package in packages]), 0, 0)

    def snapshot(self, source: Path, rules: PackRules | None = None) -> Draft:
        """Make a package of a folder as it is now; links in it are followed.

        A file that is written in place is empty or cut for a moment: then the package is made again, a few times.

        :raises BadPackage: if the folder holds too much, or vanishes meanwhile
        :raises OSError: if the package can't be written
        """
        for _ in range(_MORE_SNAPSHOTS):
            began = time.time()
            draft = self._snapshot(source, rules)
            assert draft.contents is not None
            if not _is_being_written(draft.contents.files, began):
                return draft
            draft.discard()
            time.sleep(_SETTLING_SECONDS)
        return self._snapshot(source, rules)

    def _snapshot(self, source: Path, rules: PackRules | None) -> Draft:
        with self._drafting() as folder:
            contents = list_contents(source, rules, kept_out=self.root.parent)
            pack(contents, folder / _ARCHIVE)
            draft = _unpacked(folder)
            draft.contents = contents
            return draft

    def adopt(self, draft: Draft) -> Package:
        """Move a package to its place. If the same content is there already, that package is used."""
        place = self.root / draft.sha256
        if draft.sha256 in self._known and place.is_dir():
            draft.folder.rename(self._trash_name())
            self._has_trash = True
        else:
            draft.folder.rename(place)
            place.chmod(_READ_ONLY_FOLDER)
            self._known.add(draft.sha256)
        return self.locate(draft.sha256, draft.archive_bytes)

    def has(self, sha256: str) -> bool:
        """True if a package of that hash is in its place."""
        return sha256 in self._known

    def locate(self, sha256: str, archive_bytes: int) -> Package:
        """Return the package of a hash, without a check that it exists."""
        place = self.root / sha256
        return Package(sha256, place / _CODE, place / _ARCHIVE, archive_bytes)

    def drop_unused(self, used: set[str]) -> bool:
        """Drop every package whose hash is not among these. Returns True if ``empty_trash`` has work then."""
        for sha256 in self._known - used:
            with contextlib.suppress(FileNotFoundError):  # the user has removed it by hand
                (self.root / sha256).chmod(0o700)  # some systems do not rename a read-only folder
                (self.root / sha256).rename(self._trash_name())
            self._known.discard(sha256)
            self._has_trash = True
        return self._has_trash

    def empty_trash(self) -> None:
        """Remove dropped packages; may take seconds."""
        self._has_trash = False
        for folder in self.root.glob(f"{_TRASH_PREFIX}*"):
            _remove_folder(folder)

    @contextlib.contextmanager
    def _drafting(self) -> Iterator[Path]:
        """Make the folder of a draft, and remove it if the draft fails."""
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=_DRAFT_PREFIX, dir=self.root))
        try:
            yield folder
        except BaseException:
            _remove_folder(folder)
            raise

    def _trash_name(self) -> Path:
        return self.root / f"{_TRASH_PREFIX}{secrets.token_hex(8)}"


def _is_being_written(files: Sequence[PackedFile], began: float) -> bool:
    """True if a file was written while it was packed, or is empty and was written just before.

    :param began: UNIX seconds at which packing began
    """
    for file in files:
        try:
            status = file.path.stat()
        except OSError:
            return True
        is_empty = not (status.st_size and file.size_bytes)
        if began - (_SETTLING_SECONDS if is_empty else 0) <= status.st_mtime <= time.time():
            return True
    return False


def _read(archive: IO[bytes]) -> bytes:
    try:
        return archive.read(_CHUNK_BYTES)
    except OSError as error:  # the disk of the package has no part in it
        raise BadPackage(f"it can't be read: {error.strerror}") from error


def _unpacked(folder: Path) -> Draft:
    """Unpack the archive in a draft's folder, beside it."""
    from zipfile import ZipFile

    path = folder / _ARCHIVE
    with _reading():
        archive = ZipFile(path)
    with archive:
        try:
            unpacked_bytes = _extract(archive, folder / _CODE)
        except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
            raise BadPackage("it holds one path twice") from error
    path.chmod(0o400)
    _take_write_bits(folder / _CODE)
    with path.open("rb") as file:
        digest = hashlib.sha256()
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return Draft(folder, digest.hexdigest(), path.stat().st_size, unpacked_bytes)


@contextlib.contextmanager
def _reading() -> Iterator[None]:
    """Turn errors of bytes that are no zip file into BadPackage. Errors of the disk stay unchanged.

    zipfile trusts its input: it seeks to places before the file, and accepts truncated fields.
    """
    from zipfile import BadZipFile

    try:
        yield
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        raise BadPackage("it is no standard zip file: it names places that it has not") from error
    except (
        BadZipFile,
        struct.error,
        zlib.error,
        EOFError,
        NotImplementedError,
        OverflowError,
        RuntimeError,
        ValueError,
    ) as error:
        raise BadPackage(f"it is no standard zip file: {str(error)[:200]}") from error


def _extract(archive: "ZipFile", target: Path) -> int:
    """Write all files, and return their size together."""
    target.mkdir()
    members = archive.infolist()
    if len(members) > MAX_FILES:
        raise BadPackage(f"it holds {len(members)} files, the limit is {MAX_FILES}")
    if sum(member.file_size for member in members) > MAX_UNPACKED_BYTES:
        raise too_large(MAX_UNPACKED_BYTES)
    places = _places(members)
    rest_bytes = MAX_UNPACKED_BYTES  # the sizes in the directory of a zip file may be false
    has_file = False
    for member, parts in zip(members, places, strict=True):
        path = target.joinpath(*parts)
        if member.filename.endswith("/"):  # is_dir() does not accept an empty name
            path.mkdir(parents=True, exist_ok=True)
            continue
        has_file = True
        path.parent.mkdir(parents=True, exist_ok=True)
        rest_bytes -= _write(archive, member, path, rest_bytes)
    if not has_file:
        raise BadPackage("it holds no files")
    return MAX_UNPACKED_BYTES - rest_bytes


def _places(members: "list[ZipInfo]") -> list[tuple[str, ...]]:
    """Return the paths of members below the code folder. Folders count like files."""
    places = []
    known: set[tuple[str, ...]] = {()}
    for member in members:
        with _reading():
            parts = tuple(_parts(member))
        if len(parts) > MAX_DEPTH:
            raise BadPackage(f"it holds a path of more than {MAX_DEPTH} parts: {member.filename[:100]!r}")
        places.append(parts)
        while parts not in known:
            known.add(parts)
            parts = parts[:-1]
        if len(known) > MAX_FILES + 1:
            raise BadPackage(f"it holds more than {MAX_FILES} files and folders, which is the limit")
    return places


def _parts(member: "ZipInfo") -> list[str]:
    """Return the path of a member below the code folder.

    :raises BadPackage: if the path leads elsewhere, or the member is no plain file or folder
    """
    name = member.filename
    shown = repr(name[:100])
    if len(os.fsencode(name)) > MAX_NAME_BYTES or any(len(os.fsencode(part)) > 255 for part in name.split("/")):
        raise BadPackage(f"it holds a path that is too long: {shown}")
    if name.startswith("/") or "\\" in name or re.match(r"[A-Za-z]:", name):
        raise BadPackage(f"it holds an absolute path or one with a backslash: {shown}")
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if ".." in parts or not (parts or name.endswith("/")):
        raise BadPackage(f"it holds a path that leads out of the package: {shown}")
    if stat.S_IFMT(member.external_attr >> 16) not in _PLAIN_TYPES:
        raise BadPackage(f"it holds a link or a device: {shown}; pack the file itself")
    if member.flag_bits & _ENCRYPTED_FLAG:
        raise BadPackage(f"it is encrypted: {shown}")
    if member.compress_type not in _BOUNDED_METHODS:
        raise BadPackage(f"it is packed by a method other than store and deflate: {shown}")
    return parts


def _write(archive: "ZipFile", member: "ZipInfo", path: Path, limit_bytes: int) -> int:
    """Write one file without write permission, and return its size."""
    size = 0
    with contextlib.closing(_chunks(archive, member)) as chunks, path.open("xb") as file:
        for chunk in chunks:
            size += len(chunk)
            if size > limit_bytes:
                raise too_large(MAX_UNPACKED_BYTES)
            file.write(chunk)
        executable = (member.external_attr >> 16) & 0o111
        os.fchmod(file.fileno(), 0o444 | executable)
    return size


def _chunks(archive: "ZipFile", member: "ZipInfo") -> Generator[bytes, None, None]:
    with _reading(), archive.open(member) as source:
        while chunk := source.read(_CHUNK_BYTES):
            yield chunk


def _take_write_bits(folder: Path) -> None:
    """Remove write permission from folders; files have none. No function may leave files in a shared folder."""
    if folder.is_dir() and folder.stat().st_mode & 0o222:
        for place, _, _ in os.walk(folder):
            os.chmod(place, _READ_ONLY_FOLDER)


def _remove_folder(folder: Path) -> None:
    """Remove a folder as far as possible, also if folders in it have no read or write permission."""
    let_write(folder)
    shutil.rmtree(folder, ignore_errors=True)
