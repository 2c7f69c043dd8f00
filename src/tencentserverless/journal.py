"""The journal of a ``map``: the inputs that were sent and their outcomes, so that a run that was cut can go on.

::

    from tencentserverless.journal import Journal

    with Journal("run.db") as journal:
        for call in journal.in_doubt():
            print(call.position, call.message)
            journal.settle(call.position, executed=False)  # you know that it did not run: it is sent again

An intent is committed before the first byte of its input is sent, so an intent without an outcome is in doubt. That
holds when a process is killed; after a loss of power there is no guarantee. The file holds results, and only its owner
can read it.

Only one map or program can have it open at a time. While it is open, ``run.db-wal`` and ``run.db-lock`` are beside it:
a killed process leaves them, and the next one needs the first. A child of ``fork`` cannot use the journal that its
parent has open, and does not damage it, in whatever way the child ends.
"""

import os
import sqlite3
from contextlib import suppress

from tencentserverless import exception
from tencentserverless._base.arguments import check_flag
from tencentserverless._base.journal_file import check_file, resolve_path
from tencentserverless._base.journal_rows import (
    DONE,
    FAILED,
    SENT,
    digest_event,
    name_failure,
    read_outcome,
    tell_failure,
    tell_result,
)
from tencentserverless._base.sole_database import ForkedError, SoleDatabase
from tencentserverless.models import InvokeResult, Verdict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Iterator, TypeVar

    from tencentserverless._base.journal_rows import Failed, Row

    Found = TypeVar("Found")

__all__ = ["DoubtfulCall", "Journal", "JournalError"]

APPLICATION_ID = 0x5343464A  # "SCFJ", which marks the file as ours
FORMAT = 1
MAX_POSITION = 1 << 63  # above what SQLite can store

_SCHEMA = (
    "CREATE TABLE run (region TEXT, namespace TEXT, function_name TEXT, qualifier TEXT, opened INTEGER)",
    (
        "CREATE TABLE calls"
        " (position INTEGER PRIMARY KEY, input_digest BLOB, state INTEGER, executed TEXT, text BLOB, facts TEXT)"
    ),
)
_DOUBTFUL = (SENT, FAILED, Verdict.MAYBE.value)
_LIST_DOUBTS = (
    "SELECT position, state, facts FROM calls WHERE state = ? OR state = ? AND executed = ? ORDER BY position"
)
_LIST_CALLS = "SELECT * FROM calls WHERE position > ? ORDER BY position LIMIT ?"
_ROWS_AT_ONCE = 500
_DELETE_DOUBT = "DELETE FROM calls WHERE position = ? AND (state = ? OR state = ? AND executed = ?)"
_SETTLE_DOUBT = (
    "UPDATE calls SET state = ?, executed = ?, facts = ?"
    " WHERE position = ? AND (state = ? OR state = ? AND executed = ?)"
)


class JournalError(ValueError):
    """A journal cannot be used: it is no journal, belongs to another run, is in use, or cannot be written."""


class DoubtfulCall:
    """A call that may have run, with no result.

    :ivar position: of its input, from 0
    :ivar code: the code of its error, ``""`` where the run was cut before the call ended
    :ivar message: the known facts
    """

    __slots__ = ("code", "message", "position")

    position: int
    code: str
    message: str

    def __init__(self, position: int, code: str, message: str) -> None:
        object.__setattr__(self, "position", position)
        object.__setattr__(self, "code", code)
        object.__setattr__(self, "message", message)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("a DoubtfulCall is frozen")

    def __reduce__(self) -> "tuple[object, ...]":
        return DoubtfulCall, (self.position, self.code, self.message)

    def __repr__(self) -> str:
        return "<DoubtfulCall {}: {} {}>".format(self.position, self.code or "-", self.message)


class Journal:
    """The journal that a map wrote.

    :param path: of its file
    :raises JournalError: if there is no file, it is no journal, or a map is using it
    :raises TypeError: if the argument is no path
    """

    recorded: int  #: positions below this one may be in the journal

    def __init__(self, path: "str | os.PathLike[str]", *, _identity: "tuple[str, str, str, str] | None" = None) -> None:
        # A map passes region, namespace, name and qualifier of its function, and creates the file if there is none.
        try:
            self._path = resolve_path(path)
            check_file(self._path, is_made=_identity is not None)
        except ValueError as error:
            raise JournalError(str(error)) from error.__cause__
        self._intents: "dict[int, bytes]" = {}
        self._earlier: "dict[int, Verdict]" = {}  # verdicts of inputs that are sent again with consent: MAYBE or YES
        self._outcomes: "list[tuple[object, ...]]" = []
        self._forgotten: "set[int]" = set()
        self._open()
        try:
            self._read_run(_identity)
        except BaseException:
            self._database.close()
            raise

    def _open(self) -> None:
        try:
            self._database = SoleDatabase(os.path.realpath(self._path))
        except BlockingIOError as error:
            raise JournalError(_IN_USE.format(self._path)) from error
        except OSError as error:
            words = "the journal {} cannot be written: {} ({})"
            raise JournalError(words.format(self._path, error.strerror, error.filename)) from error
        except ForkedError as error:
            words = "the journal {} was open when this process was forked; use it in a process that is started anew"
            raise JournalError(words.format(self._path)) from error
        except UnicodeError as error:  # Python 3.6 opens no database with a name that is no text
            raise JournalError("the journal {!r} cannot be used: {}".format(self._path, error)) from error
        except sqlite3.Error as error:
            raise self._explain(error) from error

    def _read_run(self, identity: "tuple[str, str, str, str] | None") -> None:
        # SQLite keeps its lock until the close: two runs at once would send every input twice.
        self._execute("PRAGMA locking_mode = EXCLUSIVE")
        is_ours = self._identify()
        if not is_ours and identity is None:
            raise JournalError("{} is no journal of a map: it is empty".format(self._path))
        self._execute("PRAGMA journal_mode = WAL")
        self._execute("PRAGMA synchronous = NORMAL")
        self._execute("BEGIN IMMEDIATE")
        if not is_ours:
            self._establish(identity)
        self._execute("UPDATE run SET opened = opened + 1")  # a file that cannot be written fails here
        self._execute("COMMIT")
        *known, _ = self._execute("SELECT * FROM run")[0]
        if identity is not None and tuple(known) != identity:
            words = "the journal {} is of another run: it called {}, this one calls {}"
            raise JournalError(words.format(self._path, "/".join(known), "/".join(identity)))
        self.recorded = self._execute("SELECT coalesce(max(position), -1) + 1 FROM calls")[0][0]

    def _reach(self) -> sqlite3.Connection:
        """Return the connection.

        :raises JournalError: if it is closed, or belongs to the parent process
        """
        connection = self._database.connection
        if connection is None:
            raise JournalError("the journal {} is closed".format(self._path))
        if self._database.is_inherited:
            raise JournalError("the journal {} belongs to the process that forked".format(self._path))
        return connection

    def _execute(self, statement: str, values: "tuple[object, ...]" = ()) -> "list[Any]":
        """Run a statement and return its rows. All are read here, because reading them can fail, too."""
        connection = self._reach()
        try:
            return connection.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            raise self._explain(error) from error

    def _explain(self, error: sqlite3.Error) -> JournalError:
        words = str(error)
        if "locked" in words or "busy" in words:
            return JournalError(_IN_USE.format(self._path))
        if "not a database" in words or "malformed" in words:
            return JournalError("{} is no journal of a map ({}); give another file".format(self._path, words))
        return JournalError("the journal {} cannot be used: {}".format(self._path, words))

    def _decode(self, read: "Callable[..., Found]", *values: object) -> "Found":
        """Read a row. A newer version may have written a row that this version cannot read."""
        try:
            return read(*values)
        except (LookupError, AttributeError, TypeError, ValueError) as error:
            words = "the journal {} holds what this version cannot read: {!r}"
            raise JournalError(words.format(self._path, error)) from error

    def _identify(self) -> bool:
        """True if it is a journal, False if it is empty; else raises."""
        application, version = (self._execute("PRAGMA " + name)[0][0] for name in _MARKS)
        if application == APPLICATION_ID:
            if version != FORMAT:
                words = "the journal {} was written by another version (format {}, this one knows {})"
                raise JournalError(words.format(self._path, version, FORMAT))
            return True
        if application or self._execute("SELECT count(*) FROM sqlite_master")[0][0]:
            raise JournalError("{} is another program's database; give another file".format(self._path))
        return False

    def _establish(self, identity: "tuple[str, str, str, str] | None") -> None:
        for statement in _SCHEMA:
            self._execute(statement)
        assert identity is not None
        self._execute("INSERT INTO run VALUES (?, ?, ?, ?, 0)", identity)
        for name, value in zip(_MARKS, (APPLICATION_ID, FORMAT)):
            self._execute("PRAGMA {} = {}".format(name, value))

    def results(self) -> "Iterator[InvokeResult | Failed]":
        """Iterate over the outcomes that the journal has, by position; nothing is sent.

        ::

            for outcome in Journal("run.db").results():
                print(outcome.position, outcome)

        Each is an ``InvokeResult``, or an error that is not raised; a call that is in doubt is an error with
        ``executed`` MAYBE. The attempts and the headers of an error are not kept.

        :raises JournalError: if the journal cannot be read
        """
        position = -1
        while True:
            rows: "list[Row]" = self._execute(_LIST_CALLS, (position, _ROWS_AT_ONCE))
            for row in rows:
                position = row[0]
                outcome = self._decode(read_outcome, row)
                if isinstance(outcome, InvokeResult):
                    outcome._position = position  # noqa: SLF001  # a value of this package
                else:
                    outcome.position = position
                yield outcome
            if len(rows) < _ROWS_AT_ONCE:
                return

    def in_doubt(self) -> "list[DoubtfulCall]":
        """List the calls that may have run and have no result, by position."""
        found = []
        for position, state, facts in self._execute(_LIST_DOUBTS, _DOUBTFUL):
            code, message = self._decode(name_failure, state, facts)
            found.append(DoubtfulCall(position, code, message))
        return found

    def settle(self, position: int, *, executed: bool) -> None:
        """Settle a call that is in doubt.

        :param executed: False to send it again; True to keep it, as a failure that is known to have run
        :raises KeyError: if that call is not in doubt
        :raises TypeError: if ``executed`` is no bool
        """
        check_flag("executed", executed)
        if not self._settle(position, executed):
            raise KeyError("the call of position {!r} is not in doubt".format(position))

    def _settle(self, position: object, executed: bool) -> bool:
        """Settle a call. False if it is not in doubt. One statement is one transaction: it is committed on return."""
        if not isinstance(position, int) or not 0 <= position < MAX_POSITION:
            return False
        if not executed:
            self._execute(_DELETE_DOUBT, (position, *_DOUBTFUL))
        else:
            error = exception.NetworkError("ClientNetworkError", _SETTLED, executed=Verdict.YES)
            values = (FAILED, Verdict.YES.value, tell_failure(error), position)
            self._execute(_SETTLE_DOUBT, (*values, *_DOUBTFUL))
        return bool(self._execute("SELECT changes()")[0][0])

    def close(self) -> None:
        """Write all notes and release the file, even after an error. In a forked child, only forget the file.

        :raises JournalError: if it cannot be written
        """
        if self._database.connection is None or self._database.is_inherited:
            self._database.close()
            return
        try:
            self._intents.clear()  # an input whose intent could not be committed was not sent
            self.commit()
        finally:
            self._database.close()

    def __enter__(self) -> "Journal":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return "<Journal {}>".format(self._path)

    def check(self, position: int, event: "str | None") -> "Row | None":
        """Find the row of an input, None if there is none.

        :raises JournalError: if the journal has another input at that position
        """
        if position >= self.recorded:
            return None
        rows: "list[Row]" = self._execute("SELECT * FROM calls WHERE position = ?", (position,))
        if rows and rows[0][1] != digest_event(event):
            words = "the journal {} is of another run: its input {} differs; nothing more was sent"
            raise JournalError(words.format(self._path, position))
        return rows[0] if rows else None

    def enter(self, position: int, event: "str | None", is_idempotent: bool) -> "InvokeResult | Exception | None":
        """Enter the next input. Returns its known outcome, or notes its intent and returns None: it must be sent.

        :raises JournalError: if the journal has another input at that position
        """
        row = self.check(position, event)
        if row is not None:
            known = self._decode(read_outcome, row)
            if isinstance(known, InvokeResult) or not (is_idempotent or known.executed is Verdict.NO):
                return known
            if known.executed is not Verdict.NO:
                self._earlier[position] = known.executed
        self._intents[position] = digest_event(event)
        return None

    def note_outcome(self, position: int, outcome: object, may_have_run: bool) -> None:
        """Note the outcome of a call. An error with NO gets the verdict that an earlier run had for that input.

        :param may_have_run: the verdict for an error of another package, which has none
        """
        if isinstance(outcome, InvokeResult):
            self._outcomes.append((DONE, None, *tell_result(outcome), position))
        elif isinstance(outcome, (exception.CallError, exception.TencentServerlessSDKException)):
            if outcome.executed is Verdict.NO and position in self._earlier:
                outcome.executed = self._earlier[position]
                outcome.message = "{}; {}".format(outcome.message, _EARLIER[outcome.executed])
            self._outcomes.append((FAILED, outcome.executed.value, None, tell_failure(outcome), position))
        elif not may_have_run:
            self.forget(position)  # it could not be sent

    def forget(self, position: int) -> None:
        """Forget a call of this run that provably did not run and has no error. Older doubts stay."""
        self._intents.pop(position, None)
        if position not in self._earlier:
            self._forgotten.add(position)

    def commit(self) -> None:
        """Write all notes. After an error they stay noted.

        :raises JournalError: if it cannot be written
        """
        if not self._intents and not self._outcomes and not self._forgotten:
            return
        connection = self._reach()
        try:
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(
                "INSERT OR REPLACE INTO calls (position, input_digest, state) VALUES (?, ?, 0)", self._intents.items()
            )
            connection.executemany(
                "UPDATE calls SET state = ?, executed = ?, text = ?, facts = ? WHERE position = ?", self._outcomes
            )
            if self._forgotten:
                connection.executemany("DELETE FROM calls WHERE position = ?", [(key,) for key in self._forgotten])
            connection.execute("COMMIT")
        except BaseException as error:  # after an interrupt, too, no transaction may stay open
            with suppress(sqlite3.Error):
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
            if isinstance(error, sqlite3.Error):
                raise self._explain(error) from error
            raise
        self._intents.clear()
        self._outcomes.clear()
        self._forgotten.clear()


_MARKS = ("application_id", "user_version")
_IN_USE = "the journal {} is in use by another run or program"
_EARLIER = {
    Verdict.MAYBE: "an earlier run sent this input, and whether the function ran then is not known",
    Verdict.YES: "an earlier run sent this input, and the function ran then",
}
_SETTLED = "the run was cut while this call was under way; you said that the function ran"
