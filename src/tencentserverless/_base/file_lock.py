"""A lock that one holder has at a time, in this process or another: a lock file beside the protected file.

The lock is the kernel's ``flock``. The kernel releases it when its holder ends in any way, so a lock file that was left
behind does not block. The locks of ``fcntl`` and SQLite are lost when this process opens and closes the file
that they protect, as ``shutil.copy`` does. This lock is not, and it keeps out a second holder in the same process.
"""

import os
from contextlib import suppress
from importlib import import_module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_fcntl: "Any" = import_module("fcntl") if os.name == "posix" else None
_FLAGS = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)


class FileLock:
    """A lock that is not held yet.

    :param path: of the lock file, which is created, and removed when the lock is released
    """

    __slots__ = ("_fd", "_path", "_pid")

    def __init__(self, path: str) -> None:
        self._path = path
        self._fd = -1
        self._pid = os.getpid()

    def acquire(self) -> None:
        """Take the lock, without waiting. Windows has no ``flock``; there this does nothing.

        :raises BlockingIOError: if another holder has it
        :raises OSError: if the lock file cannot be created or locked
        """
        while _fcntl is not None and self._fd < 0:
            self._try()

    def _try(self) -> None:
        fd = os.open(self._path, _FLAGS, 0o600)
        try:
            _fcntl.flock(fd, _fcntl.LOCK_EX | _fcntl.LOCK_NB)
            if not self._is_at_path(fd):
                os.close(fd)  # the last holder removed the file after we opened it: a lock on it protects nothing
                return
        except BaseException:
            os.close(fd)
            raise
        self._fd = fd
        _held[self] = None

    def release(self) -> None:
        """Release the lock, and remove its file. A forked child only closes its descriptor."""
        if self._fd >= 0 and os.getpid() == self._pid:
            # The file is removed while it is locked: a process that has opened it sees that it has no name any more.
            with suppress(OSError):  # then the file stays
                if self._is_at_path(self._fd):
                    os.unlink(self._path)
            with suppress(OSError):
                _fcntl.flock(self._fd, _fcntl.LOCK_UN)  # closing is not enough: a forked child may have a copy of it
        self.abandon()

    def abandon(self) -> None:
        """Close the descriptor, and leave the lock to the parent process: a forked child may live longer."""
        fd, self._fd = self._fd, -1
        _held.pop(self, None)
        if fd >= 0:
            with suppress(OSError):  # a daemon may have closed all descriptors
                os.close(fd)

    def _is_at_path(self, fd: int) -> bool:
        """True if the path still leads to the open file."""
        try:
            found = os.stat(self._path)
        except FileNotFoundError:
            return False
        return os.path.samestat(found, os.fstat(fd))


_held: "dict[FileLock, None]" = {}  # the locks that this process, or its parent before the fork, holds


def _abandon_all() -> None:
    for lock in list(_held):
        lock.abandon()


# Python 3.6 has no such hook: there a child keeps the lock of a killed parent for as long as the child lives.
_register = getattr(os, "register_at_fork", None)
if _register is not None:
    _register(after_in_child=_abandon_all)
