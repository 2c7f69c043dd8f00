"""The database: one SQLite file, one thread that writes to it in groups, and rare changes on the calling thread.

A commit survives the end of the process, also by SIGKILL, because the system holds it then. It may not survive a loss
of power, because no code here waits for the disk (WAL, ``synchronous=NORMAL``).
"""

import asyncio
import contextlib
import os
import sqlite3
import threading
from collections.abc import Awaitable, Callable, Generator
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from tencentserverless.local.errors import Reason, StartupError
from tencentserverless.local.registry.schema import APPLICATION_ID, MIGRATIONS

T = TypeVar("T")
Change = Callable[[sqlite3.Connection], T]

_BUSY_SECONDS = 10.0
_GROUP = 1000  # changes in one transaction
_CHECKPOINT_PAGES = 4000  # in the log before it is written back: the same pages change again and again
_HEADER = b"SQLite format 3\0"
_NEW_SUFFIX = ".new"


class DatabaseError(Exception):
    """The database has failed: nothing of the change was stored."""


class Database:
    """Stores the data that outlives the server. A change is a function that gets a connection in a transaction.

    :param path: the database file; made if it is missing
    :param on_notice: called, on any thread, with a line for the user
    :raises StartupError: if the file is not a database of a local SCF, or one of a newer version; the file is not
        changed
    """

    def __init__(self, path: Path, on_notice: Callable[[str], None]) -> None:
        self._path = path
        self._on_notice = on_notice
        self._is_failing = False
        self.failure: str | None = None  # the reason why nothing is written any more
        with _opening(path):
            if not path.exists():
                _create(path)
            _check(path)
            self._here = _connect(path)
            _migrate(self._here)
            self._there = _connect(path)  # connection of the writing thread
        self._group: list[_Item] = []  # items that the writing thread works on and has not answered
        self._is_open = True
        self._soon: list[_Item] = []
        self._waiting: SimpleQueue[_Item | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._write_all, name="scf-store", daemon=True)
        self._thread.start()

    def write_now(self, change: "Change[T]") -> T:
        """Make a change and commit it, on this thread: for rare changes that no other request may overtake.

        :raises DatabaseError: if the change was not stored
        """
        try:
            with _transaction(self._here):
                return change(self._here)
        except sqlite3.Error as error:
            raise DatabaseError(str(error)) from error

    def read_now(self, query: "Change[T]") -> T:
        """Return the result of a query, on this thread.

        :raises DatabaseError: if the database can't be read
        """
        try:
            return query(self._here)
        except sqlite3.Error as error:
            raise DatabaseError(str(error)) from error

    def write(self, change: "Change[T]") -> Awaitable[T]:
        """Make a change in one transaction with all waiting changes. Done when it is committed.

        :raises DatabaseError: when awaited, if the change was not stored
        """
        item = _Item(change, asyncio.get_running_loop())
        self._waiting.put(item)
        future: Awaitable[T] = item.future
        return future

    def write_soon(self, change: "Change[T]") -> Awaitable[T]:
        """Make a change on this thread, in one transaction with all others of this turn of the loop.

        For frequent changes whose callers wait: the writing thread would have to wait for the interpreter's lock.

        :raises DatabaseError: when awaited, if the change was not stored
        """
        loop = asyncio.get_running_loop()
        item = _Item(change, loop)
        if not self._soon:
            loop.call_soon(self._write_soon)
        self._soon.append(item)
        future: Awaitable[T] = item.future
        return future

    def post(self, change: "Change[None]", on_refused: "Callable[[], None] | None" = None) -> None:
        """Make a change without a waiting caller.

        If changes can't be stored, the user is told once, until they can be again.

        :param on_refused: called on the writing thread if the change could not be written now, but might be later
        """
        self._waiting.put(_Item(change, None, on_refused))

    def refusal(self, problem: str) -> StartupError:
        """Make the error of a server that can't start with the content of the database."""
        return _unusable(self._path, problem)

    def close(self) -> None:
        """Write the waiting changes, then close."""
        self._waiting.put(None)
        self._thread.join()
        with contextlib.suppress(sqlite3.Error):
            self._here.close()
        with contextlib.suppress(sqlite3.Error):
            self._there.close()

    def _write_soon(self) -> None:
        items, self._soon = self._soon, []
        _write_group(self._here, items)
        _settle(items)

    def _write_all(self) -> None:
        """Run the writing thread. Until the database is closed, every change is made or fails, whatever happens."""
        try:
            self._write_groups()
        except BaseException as error:  # noqa: BLE001  # if the thread ended, every caller would wait for ever
            self.failure = f"{type(error).__name__}: {error}"
            with contextlib.suppress(Exception):
                self._on_notice(
                    f"error: {self._path}: nothing is recorded any more: {self.failure}; stop the server and start it "
                    "again"
                )
            self._refuse(self._group, error)
            while self._is_open and (item := self._waiting.get()) is not None:
                self._refuse([item], error)

    def _write_groups(self) -> None:
        while self._is_open:
            group = [self._waiting.get()]
            with contextlib.suppress(Empty):
                while len(group) < _GROUP:
                    group.append(self._waiting.get_nowait())
            self._is_open = None not in group
            items = self._group = [item for item in group if item is not None]
            if items:
                _write_group(self._there, items)
                self._group = []
                try:
                    self._tell(items)
                finally:
                    _answer(items)

    def _refuse(self, items: "list[_Item]", error: BaseException) -> None:
        """Fail items that can't be written any more."""
        for item in items:
            item.error = error
        with contextlib.suppress(Exception):
            _answer(items)

    def _tell(self, items: "list[_Item]") -> None:
        """Tell the user about changes without a waiting caller."""
        posted = [item for item in items if item.loop is None]
        failed = next((item.error for item in posted if item.error is not None), None)
        if failed is not None and not self._is_failing:
            self._on_notice(f"warning: {self._path}: {failed}; calls are answered, and recorded when they can be")
        elif posted and failed is None and self._is_failing:
            self._on_notice(f"{self._path}: calls are recorded again")
        if posted:
            self._is_failing = failed is not None
        for item in posted:
            if item.on_refused is not None and isinstance(item.error, sqlite3.OperationalError):
                item.on_refused()


class _Item:
    """A change on its way to the writing thread.

    :param loop: the loop of the waiting caller, None if no caller waits
    """

    __slots__ = ("change", "error", "future", "loop", "on_refused", "result")

    def __init__(
        self,
        change: "Change[Any]",
        loop: asyncio.AbstractEventLoop | None,
        on_refused: "Callable[[], None] | None" = None,
    ) -> None:
        self.change = change
        self.on_refused = on_refused
        self.loop = loop
        self.future: Any = loop.create_future() if loop else None
        self.result: Any = None
        self.error: BaseException | None = None


def _answer(items: list[_Item]) -> None:
    """Answer the waiting callers, in one step for each loop."""
    for loop in {item.loop for item in items if item.loop is not None}:
        with contextlib.suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(_settle, [item for item in items if item.loop is loop])


def _settle(items: list[_Item]) -> None:
    for item in items:
        if item.future.done():
            continue  # the caller does not wait any more
        if item.error is None:
            item.future.set_result(item.result)
        else:
            item.future.set_exception(_failed(item.error))


def _failed(error: BaseException) -> DatabaseError:
    """Make the error for the caller of a change."""
    failure = DatabaseError(str(error) if isinstance(error, sqlite3.Error) else f"{type(error).__name__}: {error}")
    failure.__cause__ = error
    return failure


def _write_group(connection: sqlite3.Connection, items: list[_Item]) -> None:
    """Write all items in one transaction.

    If one fails, each item gets a transaction of its own, so the others succeed.
    """
    try:
        with _transaction(connection):
            for item in items:
                item.result = item.change(connection)
    except Exception as error:  # noqa: BLE001  # also an error in the code of one change must not affect the others
        if len(items) == 1:
            items[0].error = error
        else:
            for item in items:
                _write_group(connection, [item])


@contextlib.contextmanager
def _transaction(connection: sqlite3.Connection) -> Generator[None, None, None]:
    if connection.in_transaction:
        connection.execute("ROLLBACK")  # the disk was so full that the last statement failed
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, _BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute(f"PRAGMA wal_autocheckpoint={_CHECKPOINT_PAGES}")
    connection.execute("PRAGMA temp_store=MEMORY")  # else each statement of many rows opens a file, to undo it
    return connection


def _create(path: Path) -> None:
    """Make the complete file beside its place, then move it there: a server that is killed meanwhile leaves no file."""
    new = path.with_name(path.name + _NEW_SUFFIX)
    new.unlink(missing_ok=True)
    os.close(os.open(new, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    with contextlib.closing(sqlite3.connect(new, isolation_level=None)) as connection:
        connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
        connection.execute("PRAGMA journal_mode=WAL")
        _migrate(connection)
    new.rename(path)


def _check(path: Path) -> None:
    """Refuse a file that is not ours, or newer than this version, before any change to it."""
    with path.open("rb") as file:
        if file.read(len(_HEADER)) != _HEADER:
            raise _unusable(path, "it is no SQLite database")
    with contextlib.closing(sqlite3.connect(path, _BUSY_SECONDS, isolation_level=None)) as connection:
        (owner,) = connection.execute("PRAGMA application_id").fetchone()
        (version,) = connection.execute("PRAGMA user_version").fetchone()
    if owner != APPLICATION_ID:
        raise _unusable(path, "it is a database of another program")
    if version > len(MIGRATIONS):
        problem = f"it was written by a newer version (layout {version}, this one knows {len(MIGRATIONS)})"
        raise _unusable(path, problem)


def _migrate(connection: sqlite3.Connection) -> None:
    """Bring an older database to today's layout, completely or not at all."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version == len(MIGRATIONS):
        return
    with _transaction(connection):
        for statements in MIGRATIONS[version:]:
            for statement in statements:
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version={len(MIGRATIONS)}")


@contextlib.contextmanager
def _opening(path: Path) -> Generator[None, None, None]:
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise _unusable(path, str(error)) from error
    except OSError as error:
        raise StartupError(Reason.STATE, f"{path}: {error.strerror}") from error


def _unusable(path: Path, problem: str) -> StartupError:
    advice = f"nothing was changed. To start fresh, move the folder away: mv {path.parent} {path.parent}.old"
    return StartupError(Reason.STATE, f"{path}: can't be used: {problem}; {advice}")
