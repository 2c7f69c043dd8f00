"""The digest of a folder, which tells whether a saved file changed anything.

A file is read again only if its time, size or inode has changed since the last digest: a folder with 20,000 files of
packages is looked through in a fraction of the time that reading it takes.
"""

import hashlib
import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tencentserverless.local.project.code_tree import Identity, find_identity, list_entries, name_of
from tencentserverless.local.registry.package_contents import MAX_UNPACKED_BYTES

_MAX_READINGS = 3
_MAX_FILES = 100_000
_MAX_READ_BYTES = 4 * 1024 * 1024  # for a larger file, size and time must be enough
#: Times are as coarse as the clock of the file system. Of a file that changed just now, a second change may not show.
_SETTLED_NS = 2_000_000_000

#: The form of a digest, in front of it. Digests of different forms can't be compared.
_FORM = "2-"

_Stamp = tuple[int, int, int, int, int]


class _Known(NamedTuple):
    """The hash of a file, and its stamp at that time."""

    stamp: _Stamp
    content: bytes


_known: dict[Path, dict[str, _Known]] = {}


def digest(folder: Path) -> str:
    """Return the content of a folder as a hash: equal for equal content. Links are followed.

    :return: ``""`` if there is no such folder, or if it goes away or does not come to rest while it is read: what is
        left of a folder that is being moved must not count as its content
    """
    for _ in range(_MAX_READINGS):
        before = find_identity(str(folder))
        if before is None or not folder.is_dir():
            break
        reading = _Reading(_known.get(folder, {}))
        found = reading.read(str(folder))
        if found and find_identity(str(folder)) == before:
            _known[folder] = reading.known
            return found
    _known.pop(folder, None)
    return ""


class _Changed(Exception):
    """A file or a folder is gone meanwhile."""


class _Reading:
    """One look at the content of a folder.

    :param before: what is known of its files
    """

    def __init__(self, before: dict[str, _Known]) -> None:
        self.known: dict[str, _Known] = {}
        self._before = before
        self._seen: dict[Identity, str] = {}
        self._rest_files = _MAX_FILES
        self._rest_bytes = MAX_UNPACKED_BYTES
        self._settled_ns = time.time_ns() - _SETTLED_NS

    def read(self, top: str) -> str:
        """Return the hash of the folder, ``""`` if something in it is gone meanwhile."""
        parts: list[bytes] = []
        waiting = [(top, "")]
        try:
            while waiting:
                parts.extend(self._folder(*waiting.pop(), waiting))
        except _Changed:
            return ""
        return _FORM + hashlib.sha256(b"".join(parts)).hexdigest()

    def _folder(self, folder: str, name: str, waiting: list[tuple[str, str]]) -> Iterator[bytes]:
        """Yield what the files of a folder add to the hash.

        :param name: the name of the folder below the top, with a slash at its end
        :param waiting: takes the folders in it
        """
        try:
            identity, entries = find_identity(folder), list_entries(folder)
        except OSError:
            if not os.path.lexists(folder):
                raise _Changed from None
            return  # it may not be read
        if identity in self._seen:  # a link leads to what has another name already, or to a folder around it
            yield _text(f"{name}\0{self._seen[identity]}\0")
            return
        if identity is not None:
            self._seen[identity] = name
        folders, files = entries.folders, entries.files
        if entries.links:
            folders = sorted([*folders, *(each for each in entries.links if os.path.isdir(each.path))], key=name_of)
            files = sorted([*files, *(each for each in entries.links if not os.path.isdir(each.path))], key=name_of)
        for each in files:
            yield from self._file(each, name)
        waiting.extend((each.path, f"{name}{each.name}/") for each in reversed(folders))

    def _file(self, entry: "os.DirEntry[str]", folder: str) -> Iterator[bytes]:
        self._rest_files -= 1
        if self._rest_files < 0:
            return
        try:
            status = entry.stat()
        except OSError:
            if not os.path.lexists(entry.path):
                raise _Changed from None
            return  # it may not be read, or is a link that leads nowhere
        if stat.S_ISREG(status.st_mode):
            yield _text(f"{folder}{entry.name}\0{status.st_mode}\0{status.st_size}\0")
            yield self._content(entry.path, status)

    def _content(self, path: str, status: os.stat_result) -> bytes:
        """Return the hash of a file's content; its time, if it is large, or where the files together are too large."""
        self._rest_bytes -= status.st_size
        if status.st_size > _MAX_READ_BYTES or self._rest_bytes < 0:
            return str(status.st_mtime_ns).encode()
        stamp = (status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino, status.st_dev)
        known = self._before.get(path)
        if known is None or known.stamp != stamp:
            known = _Known(stamp, _hash_file(path))
        if status.st_ctime_ns < self._settled_ns:
            self.known[path] = known
        return known.content


def _hash_file(path: str) -> bytes:
    try:
        content = hashlib.sha256()
        with open(path, "rb", buffering=0) as file:
            while part := file.read(_MAX_READ_BYTES):
                content.update(part)
        return content.digest()
    except OSError:
        if not os.path.lexists(path):
            raise _Changed from None
        return b""  # it may not be read


def _text(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
