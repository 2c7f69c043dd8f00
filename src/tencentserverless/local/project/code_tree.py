"""The files of folders that can be code, as a function finds them: links are followed, also out of a folder.

A folder is looked into once, by its real path, however many links lead to it. What leads to it is kept beside it, so
that a changed file is also known by the paths that functions use.
"""

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from tencentserverless.local.project.env_files import is_env_file
from tencentserverless.local.project.file_stamps import Stamps

_NO_CODE = re.compile(
    r"\."  # hidden files and folders
    r"|(?:__pycache__|node_modules)\Z"
    r"|flycheck_"
    r"|.*(?:\.py[cod]|\.sw.|~|\.___jb_...___)\Z",  # caches, and what editors keep beside a file
    re.DOTALL,
)
_MAX_LINKS = 40  # of one path, as Linux has it
MAX_LINKED_FOLDERS = 10_000

Identity = tuple[int, int]


def can_be_code(name: str) -> bool:
    """True if a file or folder of that name can be code: no cache, nothing hidden, no remains of a tool."""
    return _NO_CODE.match(name) is None


class Entries(NamedTuple):
    """The entries of a folder that can be code, in the order of names. Links are neither files nor folders here."""

    files: "list[os.DirEntry[str]]"
    folders: "list[os.DirEntry[str]]"
    links: "list[os.DirEntry[str]]"


def list_entries(folder: str, *, with_variables: bool = False) -> Entries:
    """Look into a folder.

    :param with_variables: take ``.env`` files too, which are no code, and whose variables manifests name
    :raises OSError: if it can't be read, or is gone
    """
    files, folders, links = found = Entries([], [], [])
    with os.scandir(folder) as entries:
        for entry in entries:
            is_code = _NO_CODE.match(entry.name) is None
            if is_code or (with_variables and is_env_file(entry.name) and not os.path.isdir(entry.path)):
                kind = links if entry.is_symlink() else folders if entry.is_dir(follow_symlinks=False) else files
                kind.append(entry)
    for each in found:
        each.sort(key=name_of)
    return found


def name_of(entry: "os.DirEntry[str]") -> str:
    """Return the name of an entry, by which entries are in order."""
    return entry.name


def find_identity(path: str) -> Identity | None:
    """Return device and inode of a file or folder, None if there is none."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def trace(path: str) -> tuple[list[str], str]:
    """Follow the links in a path.

    :return: the links that it leads through and, if nothing is there, the place where something is missing; and the
        real path, ``""`` if there is none
    """
    passed: list[str] = []
    place, rest = "/", path.split("/")[::-1]
    while rest:
        part = rest.pop()
        if part in ("", "."):
            continue
        if part == "..":
            place = os.path.dirname(place)
            continue
        place = os.path.join(place, part)
        try:
            target = os.readlink(place)
        except OSError:
            if not os.path.lexists(place):
                return [*passed, place], ""
            continue
        passed.append(place)
        if len(passed) > _MAX_LINKS:
            return passed, ""
        place = "/" if target.startswith("/") else os.path.dirname(place)
        rest.extend(target.split("/")[::-1])
    return passed, place


@dataclass(frozen=True, slots=True)
class Survey:
    """The folders to watch, and the links that lead to them.

    :ivar folders: the real path of every folder that can hold code, or that a link leads through
    :ivar trees: those of them whose whole content can be code
    :ivar anchors: the roots that lie in no other one, and the links to folders, with what is there; None for nothing
    :ivar ways: by real path, the links and roots that lead there
    :ivar is_cut: True if links lead to more folders than are watched
    """

    folders: Mapping[str, Identity]
    trees: frozenset[str]
    anchors: Mapping[str, Identity | None]
    ways: Mapping[str, frozenset[str]]
    is_cut: bool = False

    def covers(self, path: str) -> bool:
        """True if a change of a path can change functions."""
        if path in self.ways or path in self.folders or path in self.anchors:
            return True
        folder, name = os.path.split(path)
        if folder in self.trees and is_env_file(name):
            return True
        while name and can_be_code(name):
            if folder in self.trees:
                return True
            folder, name = os.path.split(folder)
        return False

    def known_as(self, paths: Iterable[str]) -> set[str]:
        """Return paths, and the links by which functions find them."""
        found, waiting = set[str](), list(paths)
        while waiting:
            path = waiting.pop()
            if path in found:
                continue
            found.add(path)
            name = path
            while name:
                waiting.extend(self.ways.get(path, ()))
                path, name = os.path.split(path)
        return found


def survey(roots: Iterable[str]) -> Survey:
    """Look for all that is to be watched.

    :param roots: absolute paths of folders, or of files such as a zip file of modules; they may be missing
    """
    found = _Surveyor()
    found.take(roots)
    ways = {path: frozenset(links) for path, links in found.ways.items()}
    return Survey(found.folders, frozenset(found.trees), found.anchors, ways, found.is_cut)


def stamp_files(roots: Iterable[str]) -> Stamps:
    """Return the time, size and inode of each file and link that can be code, by real path."""
    found = _Surveyor(takes_stamps=True)
    found.take(roots)
    return found.stamps


class _Surveyor:
    """One look at everything below some roots, and at what links lead to from there."""

    def __init__(self, *, takes_stamps: bool = False) -> None:
        self.stamps: dict[str, tuple[int, int, int]] = {}
        self.folders: dict[str, Identity] = {}
        self.trees: set[str] = set()
        self.anchors: dict[str, Identity | None] = {}
        self.ways: dict[str, set[str]] = {}
        self.is_cut: bool = False
        self._takes_stamps = takes_stamps
        self._links: list[str] = []
        self._rest = MAX_LINKED_FOLDERS

    def take(self, roots: Iterable[str]) -> None:
        """Look at the roots, then at what links lead to, of which there may be too much."""
        for root in roots:
            tree = self._follow(root, is_root=True) if root not in self.trees else ""
            if tree:
                self._look_through(tree, is_linked=False)
        while self._links:
            tree = self._follow(self._links.pop(), is_root=False)
            if tree:
                self._look_through(tree, is_linked=True)

    def _follow(self, path: str, *, is_root: bool) -> str:
        """Take a root or a link. Returns the real path of the folder that it leads to, ``""`` if it leads to none."""
        passed, target = trace(path)
        for stop in passed if target or not is_root else passed[:-1]:  # a root that is missing is asked for instead
            self._lead(stop, path)
            self._watch(os.path.dirname(stop))
        is_folder = bool(target) and os.path.isdir(target)
        if is_root or is_folder or not target:
            self.anchors[path] = find_identity(target) if target else None
        if target:
            self._lead(target, path)
        if target and not is_folder:
            self._watch(os.path.dirname(target))
            self._stamp(target)
        return target if is_folder else ""

    def _lead(self, place: str, path: str) -> None:
        if place != path:
            self.ways.setdefault(place, set()).add(path)

    def _watch(self, folder: str) -> None:
        """Take a folder for the sake of one name in it."""
        identity = find_identity(folder) if folder not in self.folders else None
        if identity is not None and os.access(folder, os.R_OK):
            self.folders[folder] = identity

    def _look_through(self, top: str, *, is_linked: bool) -> None:
        waiting = [top]
        while waiting:
            folder = waiting.pop()
            if folder in self.trees:
                continue
            if is_linked:
                self._rest -= 1
            if self._rest < 0:
                self.is_cut = True
                return
            identity = find_identity(folder)
            try:
                entries = list_entries(folder, with_variables=True)
            except OSError:
                continue  # it may not be read, or is gone meanwhile
            if identity is not None:
                self.trees.add(folder)
                self.folders[folder] = identity
            waiting.extend(each.path for each in entries.folders)
            self._links.extend(each.path for each in entries.links)
            if self._takes_stamps:
                for each in (*entries.files, *entries.links):
                    self._stamp(each.path)

    def _stamp(self, path: str) -> None:
        if self._takes_stamps:
            try:
                status = os.lstat(path)
            except OSError:
                return
            self.stamps[path] = (status.st_mtime_ns, status.st_size, status.st_ino)
