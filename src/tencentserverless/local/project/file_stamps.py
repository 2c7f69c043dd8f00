"""Time stamps of files, which tell whether a file was saved, made or removed since the last look."""

from collections.abc import Iterable, Mapping
from pathlib import Path

#: Of each file: its time of change in nanoseconds, its size in bytes and its inode.
Stamps = Mapping[str, tuple[int, int, int]]


def read_stamps(paths: Iterable[Path]) -> Stamps:
    """Return the stamps of the files that are there."""
    found = {}
    for path in paths:
        try:
            status = path.stat()
        except OSError:
            continue
        found[str(path)] = (status.st_mtime_ns, status.st_size, status.st_ino)
    return found


def changed_files(before: Stamps, after: Stamps) -> set[Path]:
    """Return the files that are new, gone or no longer the same."""
    return {Path(path) for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
