"""A SQLite database that only one holder has open at a time, and that no forked child of it can damage.

Three mechanisms protect it. Each protects where the others cannot:

- SQLite's own EXCLUSIVE lock is on the file itself, under any of its names. But a process loses it as soon as it closes
  any other descriptor of that file, as ``shutil.copy`` does.
- A ``FileLock`` beside the file survives that, and keeps out a second holder in the same process.
- A pin keeps a forked child from closing the connection that it inherits. In the child, SQLite believes that it holds
  the parent's lock. At the child's end it would write back the parent's log and remove it, and everything that the
  parent commits from then on would be lost. NORMAL locking does not help: once the parent has lost SQLite's lock,
  the child removes the log there too, and each commit costs 10 us more.
"""

import os
import sqlite3
from contextlib import suppress
from datetime import datetime, tzinfo

from tencentserverless._base.file_lock import FileLock

#: SQLite waits so long for a lock that another program has.
BUSY_SECONDS = 0.2

_NO_CHECKPOINT = 1006  # SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE


class ForkedError(RuntimeError):
    """This process was forked from one that had the database open, and SQLite cannot tell the two apart."""


class Pin(tzinfo):
    """Keeps a thing alive until ``let_go``, even over the end of the interpreter.

    A datetime holds its time zone, and the garbage collector does not look into datetimes. So a time zone that holds
    such a datetime is never collected, nor are the other objects that it holds.

    :param thing: the object to keep
    """

    def __init__(self, thing: object) -> None:
        self.thing: object = thing
        self._loop: "datetime | None" = datetime(1, 1, 1, tzinfo=self)

    def let_go(self) -> None:
        """Allow the thing to be collected."""
        self.thing = self._loop = None


class SoleDatabase:
    """An open database; it is created if there is none.

    :param path: of its file, absolute and without symbolic links, because names of other files derive from it
    :raises BlockingIOError: if another holder has it open
    :raises ForkedError: if this process was forked while it was open
    :raises OSError, sqlite3.Error: if it cannot be opened
    """

    def __init__(self, path: str) -> None:
        self._pid = os.getpid()
        self._pin: "Pin | None" = None
        self._key: "tuple[int, int] | None" = None
        self._lock = FileLock(path + "-lock")
        self.connection: "sqlite3.Connection | None" = None  #: None once it is closed
        try:
            self._lock.acquire()
            self._connect(path)
        except BaseException:
            self.close()
            raise

    def _connect(self, path: str) -> None:
        try:
            # An existing file is not opened: closing it would end the SQLite locks of this process on it.
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        except FileExistsError:
            pass
        facts = os.stat(path)
        key = (facts.st_dev, facts.st_ino)
        if _opened.setdefault(key, self._pid) != self._pid:
            raise ForkedError
        self._key = key
        connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        self._pin = Pin(connection)  # type: ignore[abstract]  # it is never asked for a time
        self.connection = connection
        _keep_log(connection, is_kept=True)

    @property
    def is_inherited(self) -> bool:
        """True if the parent process opened it, before the fork."""
        return os.getpid() != self._pid

    def close(self) -> None:
        """Close it and release its locks, even after an error. In a forked child the connection stays as it is."""
        if self.is_inherited:
            self._lock.abandon()
            return
        try:
            if self.connection is not None:
                with suppress(sqlite3.Error):  # all commits are on disk; the next holder reads the log that stays
                    _keep_log(self.connection, is_kept=False)
                    self.connection.close()
        finally:
            self.connection = None
            if self._pin is not None:
                self._pin.let_go()
            if self._key is not None:
                _opened.pop(self._key, None)
                self._key = None
            self._lock.release()

    def __del__(self) -> None:
        if hasattr(self, "connection"):
            self.close()


#: The process that opened a file, by device and inode. A forked child inherits this table, and also SQLite's list of
#: its parent's locks, with which SQLite would refuse that file for ever, or take a lock for held that is not.
_opened: "dict[tuple[int, int], int]" = {}


def _keep_log(connection: sqlite3.Connection, is_kept: bool) -> None:
    """Set that closing the connection leaves the log as it is, or not. From Python 3.12 on, this is a second pin."""
    configure = getattr(connection, "setconfig", None)
    if configure is not None:
        configure(_NO_CHECKPOINT, is_kept)
