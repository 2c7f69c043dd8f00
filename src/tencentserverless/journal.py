"""The journal of a ``map``: which inputs were sent, and what came of each, so that a run that was cut can go on.

::

    from tencentserverless.journal import Journal

    with Journal("run.db") as journal:
        for call in journal.in_doubt():
            print(call.position, call.message)
            journal.settle(call.position, executed=False)  # you found out that it did not run: it is sent again

An intent is committed before the first byte of its input is sent, so an intent without an outcome is in doubt. That
holds when a process is killed; against a loss of power nothing is promised. The file holds results, is readable by its
owner alone, and one map or program can have it open at a time.
"""

import json
import os
import sqlite3
from hashlib import blake2b

from tencentserverless import exception
from tencentserverless._base.arguments import check_flag
from tencentserverless.models import InvokeResult, Verdict, rebuild_result

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Row = tuple[int, bytes, int, "str | None", "bytes | None", "str | None"]

__all__ = ["DoubtfulCall", "Journal", "JournalError"]

APPLICATION_ID = 0x5343464A  # "SCFJ", which marks the file as ours
FORMAT = 1

_SENT, _DONE, _FAILED = 0, 1, 2

_SCHEMA = (
    "CREATE TABLE run (region TEXT, namespace TEXT, function_name TEXT, qualifier TEXT, opened INTEGER)",
    (
        "CREATE TABLE calls"
        " (position INTEGER PRIMARY KEY, input_digest BLOB, state INTEGER, executed TEXT, text BLOB, facts TEXT)"
    ),
)
_FACTS = ("code", "message", "request_id", "stack_trace", "status_code")


class JournalError(ValueError):
    """A journal cannot be used: it is no journal, another run's, in use, or cannot be written."""


class DoubtfulCall:
    """A call that may have run, with no result.

    :ivar position: of its input, from 0
    :ivar code: of the error that it ended with, ``""`` where the run was cut before it ended
    :ivar message: what is known
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

    def __reduce__(self) -> "tuple[Any, ...]":
        return DoubtfulCall, (self.position, self.code, self.message)

    def __repr__(self) -> str:
        return "<DoubtfulCall {}: {} {}>".format(self.position, self.code or "-", self.message)


class Journal:
    """The journal that a map wrote.

    :param path: of its file
    :raises JournalError: if there is none, it is no journal, or a map is using it
    """

    recorded: int  #: positions below this one may be on record

    def __init__(self, path: "str | os.PathLike[str]", *, _identity: "tuple[str, str, str, str] | None" = None) -> None:
        # A map gives region, namespace, name and qualifier of its function, and makes the file where there is none.
        self._path = _check_path(path)
        if _identity is not None:
            _create(self._path)
        elif not os.path.exists(self._path):
            raise JournalError("there is no journal {}".format(self._path))
        self._intents: "list[tuple[int, bytes]]" = []
        self._doubts: "set[int]" = set()  # sent again with consent: an earlier run may have run them
        self._outcomes: "list[tuple[Any, ...]]" = []
        self._database = sqlite3.connect(self._path, timeout=0.2, isolation_level=None, check_same_thread=False)
        try:
            self._open(_identity)
        except BaseException:
            self._database.close()
            raise

    def _open(self, identity: "tuple[str, str, str, str] | None") -> None:
        # The lock is kept until it is closed: two runs at once would send everything twice.
        self._execute("PRAGMA locking_mode = EXCLUSIVE")
        is_ours = self._identify()
        if not is_ours and identity is None:
            raise JournalError("{} is no journal of a map: it is empty".format(self._path))
        self._execute("PRAGMA journal_mode = WAL")
        self._execute("PRAGMA synchronous = NORMAL")
        self._execute("BEGIN IMMEDIATE")
        if not is_ours:
            self._establish(identity)
        self._execute("UPDATE run SET opened = opened + 1")  # where it cannot be written, that shows now
        self._execute("COMMIT")
        *known, _ = self._execute("SELECT * FROM run").fetchone()
        if identity is not None and tuple(known) != identity:
            words = "the journal {} is of another run: it called {}, this one calls {}"
            raise JournalError(words.format(self._path, "/".join(known), "/".join(identity)))
        self.recorded = self._execute("SELECT coalesce(max(position), -1) + 1 FROM calls").fetchone()[0]

    def _execute(self, statement: str, values: "tuple[Any, ...]" = ()) -> "sqlite3.Cursor":
        try:
            return self._database.execute(statement, values)
        except sqlite3.DatabaseError as error:
            raise self._explain(error) from error

    def _explain(self, error: sqlite3.DatabaseError) -> JournalError:
        words = str(error)
        if "locked" in words or "busy" in words:
            return JournalError("the journal {} is in use by another run or program".format(self._path))
        if "not a database" in words or "malformed" in words:
            return JournalError("{} is no journal of a map ({}); give another file".format(self._path, words))
        return JournalError("the journal {} cannot be used: {}".format(self._path, words))

    def _identify(self) -> bool:
        """Is it a journal? False if it is empty."""
        application, version = (self._execute("PRAGMA " + name).fetchone()[0] for name in _MARKS)
        if application == APPLICATION_ID:
            if version != FORMAT:
                words = "the journal {} was written by another version (format {}, this one knows {})"
                raise JournalError(words.format(self._path, version, FORMAT))
            return True
        if application or self._execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            raise JournalError("{} is another program's database; give another file".format(self._path))
        return False

    def _establish(self, identity: "tuple[str, str, str, str] | None") -> None:
        for statement in _SCHEMA:
            self._execute(statement)
        assert identity is not None
        self._execute("INSERT INTO run VALUES (?, ?, ?, ?, 0)", identity)
        for name, value in zip(_MARKS, (APPLICATION_ID, FORMAT)):
            self._execute("PRAGMA {} = {}".format(name, value))

    def in_doubt(self) -> "list[DoubtfulCall]":
        """The calls that may have run and have no result, by position."""
        rows = self._execute(
            "SELECT position, state, facts FROM calls WHERE state = ? OR state = ? AND executed = ? ORDER BY position",
            (_SENT, _FAILED, Verdict.MAYBE.value),
        )
        found = []
        for position, state, facts in rows:
            code, message = ("", _CUT) if state == _SENT else _name_failure(facts)
            found.append(DoubtfulCall(position, code, message))
        return found

    def settle(self, position: int, *, executed: bool) -> None:
        """Say what became of a call that was in doubt.

        :param executed: False to have it sent again; True to leave it, as a failure that is known to have run
        :raises KeyError: if that call is not in doubt
        :raises TypeError: if ``executed`` is no bool
        """
        check_flag("executed", executed)
        if position not in [call.position for call in self.in_doubt()]:
            raise KeyError("the call of position {!r} is not in doubt".format(position))
        if not executed:
            self._execute("DELETE FROM calls WHERE position = ?", (position,))
        else:
            error = exception.NetworkError("ClientNetworkError", _SETTLED, executed=Verdict.YES)
            values = (_FAILED, Verdict.YES.value, _tell_failure(error), position)
            self._execute("UPDATE calls SET state = ?, executed = ?, facts = ? WHERE position = ?", values)

    def close(self) -> None:
        """Write what is not written yet, and let go of the file."""
        try:
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
        """What is recorded of an input, None if nothing is.

        :raises JournalError: if another input is recorded at that position
        """
        if position >= self.recorded:
            return None
        row: "Row | None" = self._execute("SELECT * FROM calls WHERE position = ?", (position,)).fetchone()
        if row is not None and row[1] != _digest(event):
            words = "the journal {} is of another run: its input {} differs; nothing more was sent"
            raise JournalError(words.format(self._path, position))
        return row

    def enter(self, position: int, event: "str | None", is_idempotent: bool) -> "InvokeResult | Exception | None":
        """An input's turn has come. Returns its outcome, None where it is to be sent; its intent is then noted.

        :raises JournalError: if another input is recorded at that position
        """
        row = self.check(position, event)
        if row is not None:
            known = _read_outcome(row)
            if isinstance(known, InvokeResult) or not (is_idempotent or known.executed is Verdict.NO):
                return known  # type: ignore[no-any-return]
            if known.executed is not Verdict.NO:
                self._doubts.add(position)
        self._intents.append((position, _digest(event)))
        return None

    def note_outcome(self, position: int, outcome: "Any", may_have_run: bool) -> None:
        """A call ended.

        :param may_have_run: what an error that is not of this package leaves open
        """
        if isinstance(outcome, InvokeResult):
            text = outcome.encode("utf-8", "surrogatepass")
            facts = json.dumps(outcome._facts)  # noqa: SLF001  # a value of this package
            self._outcomes.append((_DONE, None, text, facts, position))
        elif isinstance(outcome, (exception.CallError, exception.TencentServerlessSDKException)):
            is_doubtful = outcome.executed is Verdict.NO and position in self._doubts
            executed = Verdict.MAYBE if is_doubtful else outcome.executed
            self._outcomes.append((_FAILED, executed.value, None, _tell_failure(outcome), position))
        elif not may_have_run:
            self.forget(position)  # it could not be sent at all

    def forget(self, position: int) -> None:
        """A call of this run is proven not to have run, and no error tells of it. Older doubts stay."""
        self.commit()
        if position in self._doubts:
            return
        self._execute("DELETE FROM calls WHERE position = ?", (position,))

    def commit(self) -> None:
        """Write what was noted."""
        if not self._intents and not self._outcomes:
            return
        try:
            self._database.execute("BEGIN IMMEDIATE")
            self._database.executemany(
                "INSERT OR REPLACE INTO calls (position, input_digest, state) VALUES (?, ?, 0)", self._intents
            )
            self._database.executemany(
                "UPDATE calls SET state = ?, executed = ?, text = ?, facts = ? WHERE position = ?", self._outcomes
            )
            self._database.execute("COMMIT")
        except sqlite3.DatabaseError as error:
            if self._database.in_transaction:
                self._database.execute("ROLLBACK")
            raise self._explain(error) from error
        self._intents.clear()
        self._outcomes.clear()


_MARKS = ("application_id", "user_version")
_CUT = "the run was cut while this call was under way; whether the function ran is not known"
_SETTLED = "the run was cut while this call was under way; you said that the function ran"


def _check_path(path: "Any") -> str:
    path = os.fspath(path)
    if not isinstance(path, str):
        raise TypeError("the journal's path must be a str, not {!r}".format(path))
    if not path.strip():
        raise JournalError("the journal's path is empty")
    return path


def _create(path: str) -> None:
    """Make the file, if there is none. Results are nobody else's business."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_RDWR | getattr(os, "O_CLOEXEC", 0), 0o600))
    except OSError as error:
        raise JournalError("the journal {} cannot be written: {}".format(path, error.strerror)) from error


def _digest(event: "str | None") -> bytes:
    return b"" if event is None else blake2b(event.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _tell_failure(error: "exception.CallError | exception.TencentServerlessSDKException") -> str:
    """An error's facts as JSON; the whole answer and the attempts are left out."""
    facts = {name: getattr(error, name, None) for name in _FACTS}
    facts["class"] = type(error).__name__
    return json.dumps(facts, default=str)


def _name_failure(facts: str) -> "tuple[str, str]":
    known = json.loads(facts)
    return str(known["code"]), str(known["message"])


def _read_outcome(row: "Row") -> "Any":
    """The result or the error that a row tells of."""
    _, _, state, executed, text, facts = row
    if state == _SENT:
        return exception.NetworkError("ClientNetworkError", _CUT, executed=Verdict.MAYBE)
    known = json.loads(facts or "{}")
    if state == _DONE:
        return rebuild_result((text or b"").decode("utf-8", "surrogatepass"), tuple(known))
    kind: "Any" = getattr(exception, known.pop("class"))
    if issubclass(kind, exception.TencentServerlessSDKException):
        return kind(
            known["code"],
            known["message"],
            known["request_id"],
            stack_trace=known["stack_trace"],
            status_code=known["status_code"],
            executed=Verdict(executed),
        )
    return kind(known["code"], known["message"], known["request_id"], executed=Verdict(executed))
