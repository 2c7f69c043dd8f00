"""Watches the files of functions, and computes digests of folders, which tell whether a saved file changed anything."""

import asyncio
import hashlib
import os
import sys
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Protocol

from watchfiles import Change, DefaultFilter, awatch

from tencentserverless.local.project.env_files import is_env_file
from tencentserverless.local.project.file_stamps import Stamps, changed_files, read_stamps
from tencentserverless.local.project.files_above import FilesAbove

_DEBOUNCE_MS = 80  # an editor writes a file in several steps
_STEP_MS = 20
_LOOK_MS = 1000  # how often a watch without news checks that the folders are still those that it watches
_POLL_SECONDS = 0.3
_POLL_SHARE = 5  # the pause after a slow poll is this many times the poll's duration
_MAX_LISTINGS = 5
_MAX_READINGS = 3
_MAX_FILES = 20_000
_MAX_READ_BYTES = 4 * 1024 * 1024  # for a larger file, size and time must be enough
#: Linux counts watched folders, so folders without code are left out. On other systems one watch covers a tree.
_BY_FOLDER = sys.platform.startswith("linux")

_Identities = Mapping[Path, tuple[int, int]]


class _Sources(DefaultFilter):
    """Filters paths that can be code: no caches, no hidden files or folders, no remains of tools."""

    def __init__(self, root: Path) -> None:
        super().__init__()
        self._root = root

    def __call__(self, change: Change, path: str) -> bool:
        try:
            parts = Path(path).relative_to(self._root).parts
        except ValueError:
            parts = Path(path).parts[-1:]
        # The project's own path is not filtered: it may be below a folder that is called .venv.
        is_hidden = any(part.startswith(".") for part in self._shown(parts))
        return not is_hidden and super().__call__(change, os.sep.join(parts))

    def _shown(self, parts: tuple[str, ...]) -> tuple[str, ...]:
        """Return the parts of a path that must not be hidden."""
        return parts


class _News(_Sources):
    """Filters paths whose changes count: those of code, and of ``.env`` files, whose variables manifests name."""

    def _shown(self, parts: tuple[str, ...]) -> tuple[str, ...]:
        return parts[:-1] if parts and is_env_file(parts[-1]) else parts


class _Source(Protocol):
    """A source of news about files."""

    async def next(self) -> set[Path]:
        """Return the changed paths; none if it is time to check that the folders still exist."""

    async def close(self) -> None:
        """Close the source. What it has not reported yet is not reported."""


class _Notices:
    """A source fed by the system's notifications."""

    def __init__(self, changes: "AsyncGenerator[set[tuple[Change, str]], None]") -> None:
        self._changes = changes
        self._first: asyncio.Future[set[tuple[Change, str]]] | None = asyncio.ensure_future(anext(changes))

    async def begin(self) -> None:
        """Watch every folder when this returns."""
        await asyncio.sleep(0)  # the first step of the task starts the watch, before it waits for a change
        if self._first is not None and self._first.done():
            self._first.result()

    async def next(self) -> set[Path]:
        first, self._first = self._first, None
        return {Path(path) for _, path in await (first or anext(self._changes))}

    async def close(self) -> None:
        if self._first is not None:
            self._first.cancel()
            await asyncio.wait([self._first])
        await self._changes.aclose()


class _Polls:
    """A source that polls the files."""

    def __init__(self, roots: Iterable[Path]) -> None:
        self._roots = tuple(roots)
        self._stamps: Stamps = {}
        self._pause_seconds = _POLL_SECONDS

    async def begin(self) -> None:
        """Read the present state of the files before this returns."""
        self._stamps = await asyncio.to_thread(_stamp_files, self._roots)

    async def next(self) -> set[Path]:
        await asyncio.sleep(self._pause_seconds)
        began = time.monotonic()
        before, self._stamps = self._stamps, await asyncio.to_thread(_stamp_files, self._roots)
        self._pause_seconds = max(_POLL_SECONDS, _POLL_SHARE * (time.monotonic() - began))
        return changed_files(before, self._stamps)

    async def close(self) -> None:
        """There is nothing to close."""


class Watch:
    """Watches the files of a project.

    Folders may come, go and be replaced, also the root. If the system reports no changes, because it watches too much
    already, the files are polled.

    :param root: the folder of the project
    :param folders: returns the present code folders, which may lie outside the project
    :param tell: called with a line for the user
    :param since: the files of the root at the moment from which changes count
    """

    def __init__(
        self,
        root: Path,
        folders: Callable[[], Iterable[Path]],
        tell: Callable[[str], None],
        since: Stamps | None = None,
    ) -> None:
        self._root = root
        self._folders = folders
        self._tell = tell
        self._is_polling = False
        self._watched: _Identities = {}
        self._stamps: Stamps = since or {}
        self._source: _Source | None = None
        self._above = FilesAbove(root)

    async def begin(self) -> set[Path]:
        """Watch from the moment at which this returns.

        :return: the files that have changed before; all files where no earlier state of them is known
        """
        return await self._follow_folders(set())

    async def changes(self) -> AsyncIterator[set[Path]]:
        """Yield the changed files and folders, until the calling task is cancelled."""
        while True:
            paths = await self._next() | await asyncio.to_thread(self._above.changes)
            if paths:
                yield paths
            touched = paths & self._watched.keys()  # one of them may now be another folder of the same name
            if touched or await self._has_others(paths):
                more = await self._follow_folders(touched)
                if more:
                    yield more

    async def _next(self) -> set[Path]:
        assert self._source is not None, "it has not begun"
        try:
            return await self._source.next()
        except (OSError, RuntimeError, StopAsyncIteration) as error:
            await self._poll(error)
            return set(self._roots())  # anything may have changed

    def _roots(self) -> list[Path]:
        outside = [folder for folder in self._folders() if self._root not in (folder, *folder.parents)]
        return [self._root, *sorted(set(outside))]

    async def _has_others(self, paths: Iterable[Path]) -> bool:
        """True if there may be other folders to watch than the watched ones."""
        roots = self._roots()

        def look() -> bool:
            return any(_identity(root) != self._watched.get(root) for root in roots) or (
                _BY_FOLDER and any(path.is_dir() for path in paths)
            )

        return await asyncio.to_thread(look)

    async def _follow_folders(self, touched: set[Path]) -> set[Path]:
        """Watch the folders that exist now. Returns the paths that may have changed meanwhile.

        :param touched: folders whose watch may have ended
        """
        before, changed = self._watched, set(touched)
        for number in range(_MAX_LISTINGS):
            found = await asyncio.to_thread(_identities, self._roots())
            if found == self._watched and self._source is not None and (number or not touched):
                break
            self._watched = found
            changed |= await self._replace_source()
        return changed | {
            path for path in {*before, *self._watched} if before and before.get(path) != self._watched.get(path)
        }

    async def _replace_source(self) -> set[Path]:
        """Start another source and close the previous one. Returns what has changed since that one began.

        The files are compared, because a source can have news that it has not given yet, on a busy machine for long.
        """
        old = self._source
        if self._is_polling or not self._watched:  # without a folder, the system has nothing to report
            source: _Notices | _Polls = _Polls(self._roots())
        else:
            tops = list(self._watched) if _BY_FOLDER else [root for root in self._roots() if root in self._watched]
            source = _Notices(_awatch(tops, _News(self._root)))
        try:
            await source.begin()
            self._source = source
        except FileNotFoundError:
            self._watched = {}  # a folder is gone meanwhile: the folders are listed again
            if old is None:
                self._source = _Polls(self._roots())
            return set()
        except (OSError, RuntimeError) as error:
            await self._poll(error)
        before, self._stamps = self._stamps, await asyncio.to_thread(self._stamp_all)
        if old is not None:
            await old.close()
        return changed_files(before, self._stamps)

    def _stamp_all(self) -> Stamps:
        return {**_stamp_files(self._roots()), **self._above.look()}

    async def _poll(self, error: BaseException) -> None:
        self._is_polling = True
        polls = _Polls(self._roots())
        await polls.begin()
        self._source = polls
        self._tell(
            f"the system does not tell of saved files ({error}); they are looked for instead, which takes a moment more"
        )


def _awatch(folders: Iterable[Path], news: _News) -> "AsyncGenerator[set[tuple[Change, str]], None]":
    return awatch(
        *folders,
        watch_filter=news,
        debounce=_DEBOUNCE_MS,
        step=_STEP_MS,
        rust_timeout=_LOOK_MS,
        yield_on_timeout=True,
        recursive=not _BY_FOLDER,
    )


def digest(folder: Path) -> str:
    """Return the content of a folder as a hash: equal for equal content.

    :return: ``""`` if there is no such folder, or if it goes away or does not come to rest while it is read: what is
        left of a folder that is being moved must not count as its content
    """
    for _ in range(_MAX_READINGS):
        before = _identity(folder)
        if before is None or not folder.is_dir():
            break
        found = _read(folder)
        if found and _identity(folder) == before:
            return found
    return ""


def _read(folder: Path) -> str:
    """Return the hash of a folder's files, ``""`` if one of them is gone meanwhile."""
    whole = hashlib.sha256()
    for number, path in enumerate(_files(folder)):
        if number >= _MAX_FILES:
            break
        try:
            status = path.stat()
            whole.update(f"{path.relative_to(folder)}\0{status.st_mode}\0{status.st_size}\0".encode("utf-8", "replace"))
            whole.update(path.read_bytes() if status.st_size <= _MAX_READ_BYTES else str(status.st_mtime_ns).encode())
        except OSError:
            if not os.path.lexists(path):
                return ""  # else it may not be read, or is a link that leads nowhere
    return whole.hexdigest()


def _identities(roots: Iterable[Path]) -> _Identities:
    """Return every folder that can hold code, with its device and inode."""
    found = {}
    for root in roots:
        for folder, _ in _walk(root, _Sources(root)) if _BY_FOLDER else [(root, ())]:
            identity = _identity(folder)
            if identity is not None and os.access(folder, os.R_OK):
                found[folder] = identity
    return found


def _identity(folder: Path) -> tuple[int, int] | None:
    try:
        status = folder.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def stamp_project(root: Path) -> Stamps:
    """Return the stamps of the files that can change the functions of a project.

    :param root: the resolved folder of the project
    """
    return {**_stamp_files([root]), **FilesAbove(root).look()}


def _stamp_files(roots: Iterable[Path]) -> Stamps:
    return read_stamps(place / name for root in roots for place, names in _walk(root, _News(root)) for name in names)


def _files(folder: Path) -> Iterator[Path]:
    for place, names in _walk(folder, _Sources(folder)):
        yield from (place / name for name in names)


def _walk(folder: Path, is_source: _Sources) -> Iterator[tuple[Path, list[str]]]:
    """Yield every folder that can hold code, with the names of its files that pass a filter."""
    for root, folders, names in os.walk(folder):
        place = Path(root)
        folders[:] = sorted(name for name in folders if is_source(Change.modified, str(place / name / "any")))
        yield place, sorted(name for name in names if is_source(Change.modified, str(place / name)))
