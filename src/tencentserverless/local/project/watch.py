"""Watches the files of functions, wherever they lie."""

import asyncio
import os
import sys
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable
from pathlib import Path
from typing import Protocol

from watchfiles import Change, awatch

from tencentserverless.local.project.code_tree import MAX_LINKED_FOLDERS, Survey, find_identity, stamp_files, survey
from tencentserverless.local.project.file_stamps import Stamps, changed_files
from tencentserverless.local.project.files_above import FilesAbove

_DEBOUNCE_MS = 80  # an editor writes a file in several steps
_STEP_MS = 20
_LOOK_MS = 1000  # how often a watch without news checks that the folders are still those that it watches
_POLL_SECONDS = 0.3
_POLL_SHARE = 5  # the pause after a slow poll is this many times the poll's duration
_MAX_LISTINGS = 5
#: Linux counts watched folders, so folders without code are left out. On other systems one watch covers a tree.
_BY_FOLDER = sys.platform.startswith("linux")

_NOTHING = Survey({}, frozenset(), {}, {})


class _Source(Protocol):
    """A source of news about files."""

    async def next(self) -> set[str]:
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

    async def next(self) -> set[str]:
        first, self._first = self._first, None
        return {path for _, path in await (first or anext(self._changes))}

    async def close(self) -> None:
        if self._first is not None:
            self._first.cancel()
            await asyncio.wait([self._first])
        await self._changes.aclose()


class _Polls:
    """A source that polls the files."""

    def __init__(self, roots: Iterable[str]) -> None:
        self._roots = tuple(roots)
        self._stamps: Stamps = {}
        self._pause_seconds = _POLL_SECONDS

    async def begin(self) -> None:
        """Read the present state of the files before this returns."""
        self._stamps = await asyncio.to_thread(stamp_files, self._roots)

    async def next(self) -> set[str]:
        await asyncio.sleep(self._pause_seconds)
        began = time.monotonic()
        before, self._stamps = self._stamps, await asyncio.to_thread(stamp_files, self._roots)
        self._pause_seconds = max(_POLL_SECONDS, _POLL_SHARE * (time.monotonic() - began))
        return _changes(before, self._stamps)

    async def close(self) -> None:
        """There is nothing to close."""


class Watch:
    """Watches the files of a project.

    Folders may come, go and be replaced, also the root. If the system reports no changes, because it watches too much
    already, the files are polled.

    :param root: the folder of the project
    :param folders: returns the present folders of code and of modules, which may lie outside the project
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
        self._found = _NOTHING
        self._has_told_of_a_cut = False
        self._stamps: Stamps = since or {}
        self._source: _Source | None = None
        self._above = FilesAbove(root)

    async def begin(self) -> set[Path]:
        """Watch from the moment at which this returns.

        :return: the files that have changed before; all files where no earlier state of them is known
        """
        return self._known_as(await self._follow_folders(set()))

    async def changes(self) -> AsyncIterator[set[Path]]:
        """Yield the changed files and folders, and the links that lead to them, until the calling task is cancelled."""
        while True:
            news = await self._next()
            paths = news | {str(path) for path in await asyncio.to_thread(self._above.changes)}
            if paths:
                yield self._known_as(paths)
            touched = paths & self._found.folders.keys()  # one of them may now be another folder of the same name
            if touched or await self._has_others(paths):
                more = await self._follow_folders(touched)
                if more:
                    yield self._known_as(more)

    def _known_as(self, paths: Iterable[str]) -> set[Path]:
        return {Path(path) for path in self._found.known_as(paths)}

    async def _next(self) -> set[str]:
        assert self._source is not None, "it has not begun"
        try:
            return await self._source.next()
        except (OSError, RuntimeError, StopAsyncIteration) as error:
            await self._poll(error)
            return set(self._roots())  # anything may have changed

    def _roots(self) -> list[str]:
        return [str(self._root), *sorted({str(folder) for folder in self._folders()})]

    async def _has_others(self, paths: Iterable[str]) -> bool:
        """True if there may be other folders to watch than the watched ones."""
        roots, found = self._roots(), self._found

        def look() -> bool:
            return (
                any(root not in found.anchors and root not in found.trees for root in roots)
                or any(find_identity(place) != identity for place, identity in found.anchors.items())
                or any(path in found.ways or os.path.islink(path) for path in paths)
                or (_BY_FOLDER and any(os.path.isdir(path) for path in paths))
            )

        return await asyncio.to_thread(look)

    async def _follow_folders(self, touched: set[str]) -> set[str]:
        """Watch the folders that exist now. Returns the paths that may have changed meanwhile.

        :param touched: folders whose watch may have ended
        """
        before, changed = self._found.folders, set(touched)
        for number in range(_MAX_LISTINGS):
            found, last = await asyncio.to_thread(survey, self._roots()), self._found
            self._found = found
            changed |= _new_links(last, found)
            if found.folders == last.folders and self._source is not None and (number or not touched):
                break
            changed |= await self._replace_source()
        self._tell_of_a_cut()
        now = self._found.folders
        return changed | {path for path in {*before, *now} if before and before.get(path) != now.get(path)}

    async def _replace_source(self) -> set[str]:
        """Start another source and close the previous one. Returns what has changed since that one began.

        The files are compared, because a source can have news that it has not given yet, on a busy machine for long.
        """
        old = self._source
        if self._is_polling or not self._found.folders:  # without a folder, the system has nothing to report
            source: _Notices | _Polls = _Polls(self._roots())
        else:
            source = _Notices(_awatch(_tops(self._found), self._is_news))
        try:
            await source.begin()
            self._source = source
        except FileNotFoundError:
            self._found = _NOTHING  # a folder is gone meanwhile: the folders are listed again
            if old is None:
                self._source = _Polls(self._roots())
            return set()
        except (OSError, RuntimeError, UnicodeError) as error:  # watchfiles takes no folder whose name is not UTF-8
            await self._poll(error)
        before, self._stamps = self._stamps, await asyncio.to_thread(self._stamp_all)
        if old is not None:
            await old.close()
        return _changes(before, self._stamps)

    def _stamp_all(self) -> Stamps:
        return {**stamp_files(self._roots()), **self._above.look()}

    def _is_news(self, change: Change, path: str) -> bool:
        return self._found.covers(path)

    async def _poll(self, error: BaseException) -> None:
        self._is_polling = True
        polls = _Polls(self._roots())
        await polls.begin()
        self._source = polls
        self._tell(
            f"the system does not tell of saved files ({error}); they are looked for instead, which takes a moment more"
        )

    def _tell_of_a_cut(self) -> None:
        if self._found.is_cut and not self._has_told_of_a_cut:
            self._has_told_of_a_cut = True
            self._tell(
                f"links lead to more than {MAX_LINKED_FOLDERS:,} folders: not all files behind them are followed when "
                "they are saved"
            )


def _new_links(before: Survey, now: Survey) -> set[str]:
    """Return the links that lead to another place than before. What is there may have changed before that was known."""
    if before is _NOTHING:
        return set()
    return {link for place, links in now.ways.items() for link in links - before.ways.get(place, frozenset())}


def _tops(found: Survey) -> list[str]:
    """Return the folders to give to the system: all of them, or those that no other one holds."""
    if _BY_FOLDER:
        return list(found.folders)
    tops = (path for path in found.folders if path != "/")
    return [path for path in tops if not any(str(above) in found.folders for above in Path(path).parents)]


def _awatch(
    folders: Iterable[str], is_news: Callable[[Change, str], bool]
) -> "AsyncGenerator[set[tuple[Change, str]], None]":
    return awatch(
        *folders,
        watch_filter=is_news,
        debounce=_DEBOUNCE_MS,
        step=_STEP_MS,
        rust_timeout=_LOOK_MS,
        yield_on_timeout=True,
        recursive=not _BY_FOLDER,
    )


def stamp_project(root: Path) -> Stamps:
    """Return the stamps of the files that can change the functions of a project.

    :param root: the resolved folder of the project
    """
    return {**stamp_files([str(root)]), **FilesAbove(root).look()}


def _changes(before: Stamps, after: Stamps) -> set[str]:
    return {str(path) for path in changed_files(before, after)}
