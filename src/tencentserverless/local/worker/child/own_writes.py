"""Notes what an instance writes beside its code, and uses in /tmp, where no namespace parts it from them.

Runs on Python 2.7 and 3.6+ and imports the standard library alone. The server reads the notes (``worker/own_writes``):
the user's saved files are not among them. From 3.8 on the interpreter tells of every file that is opened (PEP 578);
before, the functions that open files are wrapped. What C code or another process writes is not seen.
"""

import json
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, List, Optional, Set, Tuple

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_ONE_PATH = ("os.mkdir", "os.remove", "os.rmdir", "os.truncate", "sqlite3.connect")
_TWO_PATHS = ("os.rename", "os.link", "os.symlink")
_MAX_PATHS = 1000

_encode = json.JSONEncoder().encode
_os_write = os.write
_stat = os.stat
_abspath = os.path.abspath


class Notes(object):
    """The notes of one instance.

    :param load: ``path`` of the notes, ``code_folder``, ``tmp`` (empty: its use is not noted), and ``apart``, which
        lies below one of them and does not count
    """

    def __init__(self, load):
        # type: (Dict[str, Any]) -> None
        self._file = os.open(_native(load["path"]), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._code = _native(load["code_folder"]) + "/"
        self._tmp = _native(load["tmp"]) + "/" if load["tmp"] else None
        self._apart = tuple(_native(path) + "/" for path in load["apart"])
        self._stamps = {}  # type: Dict[str, List[float]]
        self._open = set()  # type: Set[str]
        self._seen = set()  # type: Set[Tuple[str, bool]]

    def note(self, path, writes):
        # type: (Any, bool) -> None
        """A file is about to be opened or changed. Never raises: this is in the middle of user code."""
        try:
            name = _text(path)
            if name is None:
                return
            if writes and name.startswith(self._code):
                self._note_write(name)
            elif self._tmp and name.startswith(self._tmp) and not name.startswith(self._apart):
                if (name, writes) not in self._seen and len(self._seen) < _MAX_PATHS:
                    self._seen.add((name, writes))
                    self._write("used", name, writes)
        except Exception:
            return

    def settle(self):
        # type: () -> None
        """A call has ended: note in which state it has left the files that it opened, also in earlier calls."""
        for name, before in list(self._stamps.items()):
            stamp = _stamp(name)
            if stamp != before or name in self._open:
                self._stamps[name] = stamp
                self._write("changed" if stamp != before else "left", name, stamp)
        self._open.clear()

    def _note_write(self, name):
        # type: (str) -> None
        if name not in self._open and (name in self._stamps or len(self._stamps) < _MAX_PATHS):
            self._open.add(name)
            self._stamps.setdefault(name, _stamp(name))
            self._write("opened", name, None)

    def _write(self, kind, name, value):
        # type: (str, str, Any) -> None
        try:
            _os_write(self._file, (_encode([kind, name, value]) + "\n").encode("utf-8"))
        except (IOError, OSError, UnicodeError):  # user code has closed it, or a name that is no text
            pass


def _stamp(name):
    # type: (str) -> List[float]
    """Return time, size and inode of a file; nothing if there is none."""
    try:
        status = _stat(name)
    except (IOError, OSError):
        return []
    return [status.st_mtime, status.st_size, status.st_ino]


def watch(load):
    # type: (Dict[str, Any]) -> Notes
    """Note from now on what user code opens."""
    notes = Notes(load)
    if hasattr(sys, "addaudithook"):
        sys.addaudithook(_hook(notes.note))
    else:
        _wrap_functions(notes.note)
    return notes


def _hook(note):
    # type: (Callable[[Any, bool], None]) -> Callable[[str, Tuple[Any, ...]], None]
    def hook(event, arguments):
        # type: (str, Tuple[Any, ...]) -> None
        if event == "open":
            note(arguments[0], bool(arguments[2] & _WRITES))
        elif event in _ONE_PATH:
            if arguments[0] != ":memory:":
                note(arguments[0], True)
        elif event in _TWO_PATHS:
            note(arguments[0], True)
            note(arguments[1], True)

    return hook


def _wrap_functions(note):
    # type: (Callable[[Any, bool], None]) -> None
    """Wrap the functions that open and change files, on a Python that does not tell of them."""
    import io

    builtins = __import__("__builtin__" if sys.version_info[0] == 2 else "builtins")
    for module in (builtins, io):
        module.open = _noting_open(module.open, note)  # type: ignore[attr-defined]
    os.open = _noting(os.open, note, 1, lambda flags: bool(flags & _WRITES))
    for name in ("mkdir", "remove", "unlink", "rmdir"):
        setattr(os, name, _noting(getattr(os, name), note, 1))
    for name in ("rename", "replace", "link", "symlink"):
        if hasattr(os, name):
            setattr(os, name, _noting(getattr(os, name), note, 2))


def _noting_open(function, note):
    # type: (Callable[..., Any], Callable[[Any, bool], None]) -> Callable[..., Any]
    def open(name, mode="r", *arguments, **keywords):
        # type: (Any, str, Any, Any) -> Any
        note(name, any(letter in mode for letter in "wax+"))
        return function(name, mode, *arguments, **keywords)

    return open


def _noting(function, note, paths, judge=None):
    # type: (Callable[..., Any], Callable[[Any, bool], None], int, Optional[Callable[[int], bool]]) -> Callable[..., Any]
    def noting(*arguments, **keywords):
        # type: (Any, Any) -> Any
        writes = judge is None or (len(arguments) > 1 and judge(arguments[1]))
        for path in arguments[:paths]:
            note(path, writes)
        return function(*arguments, **keywords)

    return noting


def _text(path):
    # type: (Any) -> Optional[str]
    """Return the absolute path as a text; None for a descriptor and the like."""
    if isinstance(path, int) or path is None:
        return None
    if hasattr(os, "fspath"):
        path = os.fsdecode(path)
    return _abspath(path)  # type: ignore[no-any-return]


def _native(text):
    # type: (Any) -> str
    return text.encode("utf-8") if sys.version_info[0] == 2 else text  # type: ignore[no-any-return]
