"""Merges packages into one folder: what a function with layers sees as /opt. The later package wins.

Files are hard links to those of the packages, which are read-only: merging costs neither their size nor their time.
"""

import hashlib
import os
import shutil
from collections.abc import Sequence
from pathlib import Path


def merged_name(hashes: Sequence[str]) -> str:
    """Return the name of a merged package: the hash of the hashes in their order. One package is its own."""
    if len(hashes) == 1:
        return hashes[0]
    return hashlib.sha256("\n".join(("layers", *hashes)).encode("ascii")).hexdigest()


def merge_folders(sources: Sequence[Path], target: Path) -> None:
    """Make a folder with the files of all these folders; of two at one path, the one of the later folder stays.

    :param target: must not exist
    :raises OSError: if a source has vanished, or the target can't be written
    """
    target.mkdir()
    for source in sources:
        for place, folders, files in os.walk(source, onerror=_raise):
            inner = target / os.path.relpath(place, source)
            for name in folders:
                _make_folder(inner / name)
            for name in files:
                _put_file(Path(place, name), inner / name)


def _raise(error: OSError) -> None:
    raise error


def _make_folder(path: Path) -> None:
    if path.exists() and not path.is_dir():
        path.unlink()
    path.mkdir(exist_ok=True)


def _put_file(source: Path, target: Path) -> None:
    if target.is_dir():
        shutil.rmtree(target)
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except FileNotFoundError:
        raise
    except OSError:  # the file system has no hard links, or no more for this file
        shutil.copy(source, target)  # with its mode
