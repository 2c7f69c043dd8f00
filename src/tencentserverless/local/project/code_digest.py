"""The digest of a folder, which tells whether a saved file changed anything.

A file is read again only if its time, size or inode has changed since the last digest: a folder with 20,000 files of
packages is looked through in a fraction of the time that reading it takes. A digest that follows news of saved files
looks again only into the folders that the news is about: to ask for the time of 20,000 files took half a second beside
a busy caller.
"""

import hashlib
import os
import stat
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from tencentserverless.local.project.code_tree import Identity, find_identity, list_entries, name_of
from tencentserverless.local.registry.package_contents import MAX_UNPACKED_BYTES

_MAX_READINGS = 3
_MAX_FILES = 100_000
_MAX_READ_BYTES = 4 * 1024 * 1024  # for a larger file, size and time must be enough
#: Times are as coarse as the clock of the file system. Of a file that changed just now, a second change may not show.
_SETTLED_NS = 2_000_000_000

#: A smaller folder is looked through whole each time, for then no lost news can do harm.
_LARGE_FILES = 1_000
_MAX_NEWS = 50  # more changed paths than this are not told apart

#: The form of a digest, in front of it. Digests of different forms can't be compared.
_FORM = "2-"

_Stamp = tuple[int, int, int, int, int]


class _Known(NamedTuple):
    """The hash of a file, and its stamp at that time."""

    stamp: _Stamp
    content: bytes


@dataclass(slots=True)
class _Listing:
    """The result of a look into a folder.

    :ivar parts: what its own files add to the digest
    :ivar folders: path and name of each folder in it, the last one first
    :ivar files: by path, the hashes of files that have not changed just now
    :ivar count: how many files it has
    :ivar size: of the files together, in bytes
    :ivar is_settled: True if nothing in it has changed just now
    """

    identity: Identity | None
    parts: list[bytes] = field(default_factory=list)
    folders: list[tuple[str, str]] = field(default_factory=list)
    files: dict[str, _Known] = field(default_factory=dict)
    count: int = 0
    size: int = 0
    is_settled: bool = True


@dataclass(slots=True)
class _Memory:
    """The listings of a folder and of all folders in it, since its last digest.

    :ivar listings: by path, of the folder and all folders in it
    :ivar fresh: the paths of listings of which no news has come since
    """

    listings: dict[str, _Listing] = field(default_factory=dict)
    fresh: set[str] = field(default_factory=set)

    def forget(self, paths: Iterable[str]) -> None:
        """Look again into the folders that changed paths are, lie in or are around."""
        changed = list(paths)
        if len(changed) > _MAX_NEWS:
            self.fresh.clear()
        for path in changed if self.fresh else ():
            inside = path.rstrip(os.sep) + os.sep
            self.fresh = {each for each in self.fresh if not each.startswith(inside)}
            self.fresh.difference_update([path, *map(str, Path(path).parents)])


_memories: dict[Path, _Memory] = {}
_readings: "list[_Reading]" = []
_lock = threading.Lock()


def forget(paths: Iterable[str]) -> None:
    """Take news of changed files and folders, by all names that functions know them by."""
    changed = list(paths)
    with _lock:
        for memory in _memories.values():
            memory.forget(changed)
        for reading in _readings:
            reading.news.extend(changed)


def digest(folder: Path, *, follows_news: bool = False) -> str:
    """Return the content of a folder as a hash: equal for equal content. Links are followed.

    :param follows_news: ``forget`` has been told of every change since the last digest, so that of a large folder only
        what is new has to be looked at
    :return: ``""`` if there is no such folder, or if it goes away or does not come to rest while it is read: what is
        left of a folder that is being moved must not count as its content
    """
    for number in range(_MAX_READINGS):
        before = find_identity(str(folder))
        if before is None or not os.path.isdir(folder):
            break
        with _lock:
            reading = _Reading(_memories.get(folder, _Memory()), follows_news=follows_news and not number)
            _readings.append(reading)
        found = ""
        try:
            found = reading.read(str(folder))
            if find_identity(str(folder)) != before:
                found = ""
        finally:
            with _lock:
                _readings.remove(reading)
                if found:
                    _memories[folder] = reading.remember()
        if found:
            return found
    with _lock:
        _memories.pop(folder, None)
    return ""


class _Changed(Exception):
    """A file or a folder is gone meanwhile."""


class _Reading:
    """One look at the content of a folder.

    :param memory: what is known of it
    :param follows_news: as of ``digest``
    :ivar news: the paths of which news came meanwhile
    """

    def __init__(self, memory: _Memory, *, follows_news: bool) -> None:
        self.news: list[str] = []
        self._before = memory.listings
        is_large = sum(each.count for each in self._before.values()) >= _LARGE_FILES if follows_news else False
        self._fresh = frozenset(memory.fresh) if is_large else frozenset()
        self._listings: dict[str, _Listing] = {}
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
                path, name = waiting.pop()
                listing = self._known_listing(path) or self._look_into(path, name)
                if listing is None:
                    continue
                identity = listing.identity
                if identity in self._seen:  # a link leads to what has another name already, or to a folder around it
                    parts.append(_text(f"{name}\0{self._seen[identity]}\0"))
                    continue
                if identity is not None:
                    self._seen[identity] = name
                self._listings[path] = listing
                parts.extend(listing.parts)
                waiting.extend(listing.folders)
        except _Changed:
            return ""
        return _FORM + hashlib.sha256(b"".join(parts)).hexdigest()

    def remember(self) -> _Memory:
        """Return what is known now."""
        memory = _Memory(self._listings, {path for path, each in self._listings.items() if each.is_settled})
        memory.forget(self.news)
        return memory

    def _known_listing(self, path: str) -> _Listing | None:
        """Return the last listing of a folder if there is no news of it; else None."""
        if path not in self._fresh:
            return None
        known = self._before[path]
        if known.identity in self._seen:
            return known
        if known.count > self._rest_files or known.size > self._rest_bytes:
            return None
        self._rest_files -= known.count
        self._rest_bytes -= known.size
        return known

    def _look_into(self, folder: str, name: str) -> _Listing | None:
        """List a folder, None if it may not be read.

        :param name: the name of the folder below the top, with a slash at its end
        """
        try:
            listing, entries = _Listing(find_identity(folder)), list_entries(folder)
        except OSError:
            if not os.path.lexists(folder):
                raise _Changed from None
            return None
        if listing.identity in self._seen:
            return listing
        folders, files = entries.folders, entries.files
        if entries.links:
            folders = sorted([*folders, *(each for each in entries.links if os.path.isdir(each.path))], key=name_of)
            files = sorted([*files, *(each for each in entries.links if not os.path.isdir(each.path))], key=name_of)
        known = self._before.get(folder)
        for each in files:
            listing.parts.extend(self._file(each, name, listing, known.files if known is not None else {}))
        listing.folders.extend((each.path, f"{name}{each.name}/") for each in reversed(folders))
        return listing

    def _file(
        self, entry: "os.DirEntry[str]", folder: str, listing: _Listing, before: dict[str, _Known]
    ) -> Iterator[bytes]:
        self._rest_files -= 1
        listing.count += 1
        if self._rest_files < 0:
            return
        try:
            status = entry.stat()
        except OSError:
            if not os.path.lexists(entry.path):
                raise _Changed from None
            listing.is_settled = False
            return  # it may not be read, or is a link that leads nowhere
        if stat.S_ISREG(status.st_mode):
            yield _text(f"{folder}{entry.name}\0{status.st_mode}\0{status.st_size}\0")
            yield self._content(entry.path, status, listing, before)

    def _content(self, path: str, status: os.stat_result, listing: _Listing, before: dict[str, _Known]) -> bytes:
        """Return the hash of a file's content; its time, if it is large, or where the files together are too large."""
        self._rest_bytes -= status.st_size
        listing.size += status.st_size
        is_settled = status.st_ctime_ns < self._settled_ns
        listing.is_settled &= is_settled
        if status.st_size > _MAX_READ_BYTES or self._rest_bytes < 0:
            return str(status.st_mtime_ns).encode()
        stamp = (status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino, status.st_dev)
        known = before.get(path)
        if known is None or known.stamp != stamp:
            known = _Known(stamp, _hash_file(path))
        if is_settled:
            listing.files[path] = known
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
