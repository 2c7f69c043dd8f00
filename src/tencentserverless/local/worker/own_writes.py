"""Tells what instances write from what the user saves, where no namespace parts them from their code and from /tmp.

Instances note what they open (``child/own_writes``). The server reads the notes, and says once what the cloud refuses.
"""

import asyncio
import json
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

_LOOK_SECONDS = 1.0
_COMPANIONS = ("-journal", "-wal", "-shm")  # of a SQLite database, which C code writes

Stamp = tuple[float, ...]


@dataclass(slots=True, eq=False)
class _Notebook:
    """The notes of one instance, as far as they have been read.

    :param opened: files of its code folder that a call has opened and not left yet
    :param stamps: time, size and inode of the files that it has left
    :param has_calls: it notes the ends of its calls; a web function does not, and leaves its files at its end
    """

    path: Path
    function: str
    code_folder: Path
    has_calls: bool = True
    read_bytes: int = 0
    opened: set[str] = field(default_factory=set)
    stamps: dict[str, Stamp] = field(default_factory=dict)


class OwnWrites:
    """The notes of all instances of a server.

    :param folder: where the notes lie
    :param show: called with a line for the user
    """

    def __init__(self, folder: Path, show: Callable[[str], None]) -> None:
        self._folder = folder
        self._show = show
        self._notebooks: dict[str, _Notebook] = {}
        self._left: dict[str, Stamp] = {}  # by instances that are dead
        self._users: dict[str, set[str]] = {}  # of paths in /tmp: the instances that have opened them
        self._written: set[str] = set()
        self._told: set[tuple[str, str]] = set()
        folder.mkdir(exist_ok=True)

    def open(self, instance: str, function: str, code_folder: Path, *, has_calls: bool = True) -> Path:
        """Return the path at which an instance is to leave its notes.

        :param has_calls: False for a web function
        """
        path = self._folder / instance
        self._notebooks[instance] = _Notebook(path, function, code_folder, has_calls)
        return path

    def end(self, instance: str) -> None:
        """An instance is dead: it has left all its files."""
        self.look()
        notebook = self._notebooks.pop(instance, None)
        if notebook is not None:
            self._left.update(notebook.stamps)
            self._left.update((path, _stamp(path)) for path in notebook.opened)
            notebook.path.unlink(missing_ok=True)

    def drop_own(self, paths: Iterable[Path]) -> set[Path]:
        """Return the changed paths that the user has changed, and not an instance."""
        self.look()
        return {path for path in paths if not self._is_own(str(path))}

    async def watch(self) -> None:
        """Look at the notes from time to time, until the task is cancelled."""
        while True:
            self.look()
            await asyncio.sleep(_LOOK_SECONDS)

    def look(self) -> None:
        """Read what has been noted since the last look."""
        for instance, notebook in self._notebooks.items():
            for line in _read_lines(notebook):
                try:
                    kind, path, value = json.loads(line)
                    self._take(instance, notebook, kind, path, value)
                except (ValueError, TypeError):
                    continue  # user code has written to the file

    def _take(self, instance: str, notebook: _Notebook, kind: str, path: str, value: object) -> None:
        if kind == "used":
            self._take_use(instance, notebook, path, is_write=bool(value))
        elif kind == "opened":
            notebook.opened.add(path)
            if not notebook.has_calls:
                self._tell_write(notebook, path)
        elif kind in ("left", "changed") and isinstance(value, list):
            notebook.opened.discard(path)
            notebook.stamps[path] = tuple(value)
            if kind == "changed":
                self._tell_write(notebook, path)

    def _tell_write(self, notebook: _Notebook, path: str) -> None:
        name = os.path.relpath(path, notebook.code_folder)
        words = "in the cloud that fails with errno 30, read-only file system; /tmp can be written"
        self._tell(notebook, "code", f"writes {name} beside its code: {words}")

    def _take_use(self, instance: str, notebook: _Notebook, path: str, *, is_write: bool) -> None:
        users = self._users.setdefault(path, set())
        users.add(instance)
        if is_write:
            self._written.add(path)
        if path in self._written and len(users) > 1:
            words = "they see each other's files here; in the cloud each has a /tmp of its own"
            self._tell(notebook, "tmp", f"warning: two instances use {path}: {words}")

    def _tell(self, notebook: _Notebook, matter: str, words: str) -> None:
        """Say something once for each function."""
        if (notebook.function, matter) not in self._told:
            self._told.add((notebook.function, matter))
            self._show(f"[{notebook.function}] {words}")

    def _is_own(self, path: str) -> bool:
        base = next((path.removesuffix(end) for end in _COMPANIONS if path.endswith(end)), path)
        return any(
            name in notebook.opened or _is_as_left(name, notebook.stamps.get(name))
            for name in (path, base)
            for notebook in self._notebooks.values()
        ) or any(_is_as_left(name, self._left.get(name)) for name in (path, base))


def note_frame(path: Path, code_folder: Path, tmp: str, apart: Iterable[Path]) -> dict[str, object]:
    """Return what an instance must know to take notes.

    :param path: where its notes go
    :param tmp: the folder whose use is noted, ``""`` for none
    :param apart: what is below it and does not count
    """
    places = [str(each) for each in apart if str(each) != tmp]
    return {"path": str(path), "code_folder": str(code_folder), "tmp": tmp, "apart": places}


def _read_lines(notebook: _Notebook) -> list[bytes]:
    """Return the whole lines that have been added to a notebook."""
    try:
        with notebook.path.open("rb") as file:
            file.seek(notebook.read_bytes)
            text = file.read()
    except OSError:
        return []
    whole = text[: text.rfind(b"\n") + 1]
    notebook.read_bytes += len(whole)
    return whole.splitlines()


def _is_as_left(path: str, left: Stamp | None) -> bool:
    """True if an instance has left a file, and it has not been changed after that."""
    return left is not None and (_stamp(path) in ((), left) or os.path.isdir(path))


def _stamp(path: str) -> Stamp:
    """Return time, size and inode of a file; nothing if there is none."""
    try:
        status = os.stat(path)
    except OSError:
        return ()
    return status.st_mtime, status.st_size, status.st_ino
