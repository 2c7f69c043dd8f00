"""The files above PATH that count for its functions: ``.env`` files, and files that configure functions.

Their folders can be large and busy, as a home folder, so that these few files are looked at and no folder is watched.
"""

import os
import time
from collections.abc import Iterator
from pathlib import Path

from tencentserverless.local.project.configuration_files import NAMES, folders_above
from tencentserverless.local.project.env_files import LEVELS_ABOVE, is_env_file
from tencentserverless.local.project.file_stamps import Stamps, changed_files, read_stamps

_SETTLED_NS = 2_000_000_000  # a folder that changes twice in less time may keep its time stamp


class FilesAbove:
    """Follows the files above PATH, from its creation on.

    :param root: the resolved PATH
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._listings: dict[Path, tuple[int, list[Path]]] = {}
        self._stamps = self.look()

    def changes(self) -> set[Path]:
        """Return the files that were saved, made or removed since the last look."""
        before, self._stamps = self._stamps, self.look()
        return changed_files(before, self._stamps)

    def look(self) -> Stamps:
        """Return the stamps of the files as they are now."""
        folders = {*self._root.parents[:LEVELS_ABOVE], *folders_above(self._root)}
        return read_stamps(path for folder in folders for path in self._files(folder))

    def _files(self, folder: Path) -> Iterator[Path]:
        """Yield the files of a folder that count. The folder is listed again only if it has changed."""
        try:
            changed_ns = folder.stat().st_mtime_ns
            listed_ns, files = self._listings.get(folder, (0, []))
            if changed_ns != listed_ns:
                is_settled = time.time_ns() - changed_ns > _SETTLED_NS
                files = [folder / name for name in os.listdir(folder) if name in NAMES or is_env_file(name)]
                self._listings[folder] = (changed_ns if is_settled else 0, files)
        except OSError:
            return  # it is gone, or may not be listed
        yield from files
