"""Tells of changed files in the folders of functions, and whether what they hold is another content than before."""

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator, Iterable, Iterator
from pathlib import Path

from watchfiles import Change, DefaultFilter, awatch

_DEBOUNCE_MS = 80  # an editor writes a file in several steps
_STEP_MS = 20
_MAX_FILES = 20_000
_MAX_READ_BYTES = 4 * 1024 * 1024  # of a larger file, size and time must do


class _Sources(DefaultFilter):
    """What can be code: no caches, no hidden files or folders, nothing that tools leave lying."""

    def __init__(self, root: Path) -> None:
        super().__init__()
        self._root = root

    def __call__(self, change: Change, path: str) -> bool:
        try:
            parts = Path(path).relative_to(self._root).parts
        except ValueError:
            parts = Path(path).parts[-1:]
        return not any(part.startswith(".") for part in parts) and super().__call__(change, path)


async def watch(root: Path, folders: Iterable[Path]) -> AsyncIterator[set[Path]]:
    """Watch files from the moment on in which this returns.

    :param root: the folder of the project
    :param folders: of code that may lie elsewhere
    :return: the files that have changed, whenever some have, until the task that asks is cancelled
    :raises OSError, RuntimeError: if the system does not let them be watched
    """
    outside = [folder for folder in folders if root not in (folder, *folder.parents) and folder.is_dir()]
    watcher = awatch(root, *outside, watch_filter=_Sources(root), debounce=_DEBOUNCE_MS, step=_STEP_MS)
    first = asyncio.ensure_future(anext(watcher))
    await asyncio.sleep(0)  # its first step: it takes every folder under watch before it waits for a change
    if first.done():
        first.result()

    async def changes() -> AsyncIterator[set[Path]]:
        yield _paths(await first)
        async for found in watcher:
            yield _paths(found)

    return changes()


def _paths(found: Iterable[tuple[Change, str]]) -> set[Path]:
    return {Path(path) for _, path in found}


def digest(folder: Path) -> str:
    """What a folder holds, as one text: the same for the same content."""
    whole = hashlib.sha256()
    for number, path in enumerate(_files(folder)):
        if number >= _MAX_FILES:
            break
        try:
            status = path.stat()
            whole.update(f"{path.relative_to(folder)}\0{status.st_mode}\0{status.st_size}\0".encode("utf-8", "replace"))
            whole.update(path.read_bytes() if status.st_size <= _MAX_READ_BYTES else str(status.st_mtime_ns).encode())
        except OSError:
            continue  # it has gone meanwhile, and that will be told too
    return whole.hexdigest()


def _files(folder: Path) -> Iterator[Path]:
    is_source = _Sources(folder)
    for root, folders, names in os.walk(folder):
        place = Path(root)
        folders[:] = sorted(name for name in folders if is_source(Change.modified, str(place / name / "any")))
        yield from (place / name for name in sorted(names) if is_source(Change.modified, str(place / name)))
