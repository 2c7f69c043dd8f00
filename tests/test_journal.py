"""What is on record. How maps use a journal stands in ``parity``, and what outlives kills and forks in ``proof``."""

import json
import os
import random
import sqlite3
import subprocess
import sys

import pytest

from tencentserverless import exception
from tencentserverless.journal import DoubtfulCall, Journal, JournalError
from tencentserverless.models import InvokeResult, Verdict
from tencentserverless.scf import Client
from tests.peer import KEYS, Channel, Peer, unused_port
from tests.sdk_environment import bare_environment

__all__ = ["bare_environment"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

IDENTITY = ("ap-guangzhou", "default", "f", "$LATEST")
SECONDS = 60


def open_run(path: "Any") -> Journal:
    """As a map does it."""
    return Journal(str(path), _identity=IDENTITY)


def write(path: "Any", doubts: "list[int]", results: "list[int]" = ()) -> None:  # type: ignore[assignment]
    """A journal with so many calls in doubt, and results."""
    with open_run(path) as journal:
        for position in (*doubts, *results):
            journal.enter(position, json.dumps(position), is_idempotent=False)
        for position in results:
            journal.note_outcome(position, InvokeResult("1"), may_have_run=True)
        journal.commit()


def list_doubts(path: "Any") -> "list[int]":
    with Journal(str(path)) as journal:
        return [call.position for call in journal.in_doubt()]


def run(program: str, *args: "Any", code: int = 0, **options: "Any") -> str:
    """What a program prints, which must end with this code."""
    command = [sys.executable, "-c", program, *map(str, args)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "universal_newlines": True}
    done = subprocess.run(command, timeout=SECONDS, check=False, **pipes, **options)  # type: ignore[call-overload]
    assert done.returncode == code, done.stdout
    return done.stdout  # type: ignore[no-any-return]


class TestResults:
    def test_outcomes_are_read_without_a_call(self, tmp_path):
        path = tmp_path / "run.db"
        write(path, [1], [0, 3])
        with open_run(path) as journal:
            journal.enter(2, "2", is_idempotent=False)
            refused = exception.AuthFailure("AuthFailure", "no", executed=Verdict.NO)
            journal.note_outcome(2, refused, may_have_run=False)
            journal.commit()
        with Journal(path) as journal:
            found = list(journal.results())
        assert [each.position for each in found] == [0, 1, 2, 3]
        kinds = [InvokeResult, exception.NetworkError, exception.AuthFailure, InvokeResult]
        assert [type(each) for each in found] == kinds
        assert [each.executed for each in found[1:3]] == [Verdict.MAYBE, Verdict.NO]

    def test_more_outcomes_than_are_read_at_once(self, tmp_path):
        path = tmp_path / "run.db"
        write(path, [], list(range(1001)))
        with Journal(path) as journal:
            assert [each.position for each in journal.results()] == list(range(1001))

    def test_an_empty_run_has_none(self, tmp_path):
        path = tmp_path / "run.db"
        open_run(path).close()
        with Journal(path) as journal:
            assert list(journal.results()) == []


class TestSettling:
    def test_only_what_is_in_doubt_can_be_settled(self, tmp_path):
        path = tmp_path / "run.db"
        write(path, [1, 2], [3])
        with Journal(path) as journal:
            for position in (0, 3, 4, -1, 2**63, 2**70, "1", 1.0, None, [1]):
                with pytest.raises(KeyError, match="is not in doubt"):
                    journal.settle(position, executed=True)  # type: ignore[arg-type]
            for executed in ("no", 0, None, Verdict.NO):
                with pytest.raises(TypeError, match="executed must be True or False"):
                    journal.settle(1, executed=executed)  # type: ignore[arg-type]
            journal.settle(1, executed=True)
            journal.settle(2, executed=False)
            for position in (1, 2):
                with pytest.raises(KeyError, match="is not in doubt"):
                    journal.settle(position, executed=False)
        assert list_doubts(path) == []
        with open_run(path) as journal:
            assert journal.enter(1, "1", is_idempotent=False).executed is Verdict.YES  # type: ignore[union-attr]
            assert journal.enter(2, "2", is_idempotent=False) is None

    @pytest.mark.parametrize("executed", [True, False])
    def test_a_large_journal_is_settled_in_as_many_steps_as_a_small_one(self, tmp_path, executed):
        def count_steps(rows: int) -> int:
            path = tmp_path / str(rows)
            write(path, list(range(rows)), list(range(rows, 2 * rows)))
            steps: "list[int]" = []
            with Journal(path) as journal:
                connection = journal._database.connection
                assert connection is not None
                connection.set_progress_handler(lambda: steps.append(1), 1)
                journal.settle(rows // 2, executed=executed)
                connection.set_progress_handler(None, 1)
            return len(steps)

        assert 0 < count_steps(3000) < 2 * count_steps(30)

    def test_what_is_in_doubt_is_found_by_one_statement(self, tmp_path):
        path = tmp_path / "run.db"
        write(path, list(range(500)), list(range(500, 600)))
        said: "list[str]" = []

        def note(words: str) -> None:
            said.append(words)

        with Journal(path) as journal:
            assert journal._database.connection is not None
            journal._database.connection.set_trace_callback(note)
            assert len(journal.in_doubt()) == 500
        assert len(said) == 1

    def test_what_was_settled_outlives_a_kill(self, tmp_path):
        path = tmp_path / "run.db"
        write(path, [1, 2, 3])
        program = """
import os, sys
from tencentserverless.journal import Journal
journal = Journal(sys.argv[1])
journal.settle(1, executed=True)
journal.settle(2, executed=False)
os.kill(os.getpid(), 9)
"""
        run(program, path, code=-9)
        assert sorted(os.listdir(str(tmp_path))) == ["run.db", "run.db-lock", "run.db-wal"]
        assert list_doubts(path) == [3]
        assert os.listdir(str(tmp_path)) == ["run.db"]


class TestVerdict:
    """What is handed out says what the journal says."""

    def test_what_a_killed_run_sent_may_have_run_though_the_next_run_cannot_send_it(self, tmp_path):
        path = str(tmp_path / "run.db")
        program = """
import sys
from tencentserverless.scf import Client
client = Client("ap-guangzhou", "AKIDpeer", "the-secret-key-of-the-peer", endpoint=sys.argv[1])
list(client.map("f", [1], journal=sys.argv[2]))
"""

        def kill(channel: Channel) -> None:
            channel.read_request()
            process.kill()
            channel.wait_for_end()

        with Peer(kill) as peer:
            process = subprocess.Popen([sys.executable, "-c", program, peer.url, path])
            assert process.wait(SECONDS) == -9
        with Client(endpoint="http://127.0.0.1:{}".format(unused_port()), max_attempts=1, **KEYS) as client:
            (error,) = client.map("f", [1], journal=path, idempotent=True, return_exceptions=True)
        assert type(error) is exception.ConnectError
        assert error.executed is Verdict.MAYBE
        with Journal(path) as journal:
            assert [(call.position, call.message) for call in journal.in_doubt()] == [(0, error.message)]

    def note(self, path: "Any", error: "Any", is_idempotent: bool = True) -> "tuple[Any, list[DoubtfulCall]]":
        """An error ends the call of an input that an earlier run may have run."""
        write(path, [5])
        with open_run(path) as journal:
            assert journal.enter(5, "5", is_idempotent) is None
            journal.commit()
            journal.note_outcome(5, error, may_have_run=False)
            journal.commit()
            return error, journal.in_doubt()

    @pytest.mark.parametrize("kind", [exception.ConnectError, exception.FunctionThrottled, exception.CredentialError])
    def test_what_an_earlier_run_may_have_run_is_never_said_not_to_have_run(self, tmp_path, kind):
        error, doubts = self.note(tmp_path / "run.db", kind("Code", "no way", "id", executed=Verdict.NO))
        assert error.executed is Verdict.MAYBE
        assert "no way; an earlier run" in str(error)
        assert [(call.position, call.code, call.message) for call in doubts] == [(5, "Code", error.message)]
        with open_run(tmp_path / "run.db") as journal:
            again = journal.enter(5, "5", is_idempotent=False)
        assert (type(again), str(again)) == (type(error), str(error))

    def test_what_an_earlier_run_ran_is_said_to_have_run(self, tmp_path):
        path = tmp_path / "run.db"
        write(path, [5])
        with Journal(path) as journal:
            journal.settle(5, executed=True)
        with open_run(path) as journal:
            assert journal.enter(5, "5", is_idempotent=True) is None
            error = exception.ConnectError("Code", "no way", executed=Verdict.NO)
            journal.note_outcome(5, error, may_have_run=False)
            assert error.executed is Verdict.YES
            assert error.message == "no way; an earlier run sent this input, and the function ran then"

    def test_what_ran_for_certain_is_said_to_have_run(self, tmp_path):
        error, doubts = self.note(tmp_path / "run.db", exception.FunctionError(1, "bad", executed=Verdict.YES))
        assert (error.executed, error.message, doubts) == (Verdict.YES, "bad", [])

    def test_an_error_of_the_callers_own_leaves_the_doubt(self, tmp_path):
        _, doubts = self.note(tmp_path / "run.db", ValueError("too large"))
        assert [call.position for call in doubts] == [5]

    def test_a_class_of_the_callers_own_comes_back_as_ours(self, tmp_path):
        class NoKeys(exception.CredentialError):
            pass

        path = tmp_path / "run.db"
        with open_run(path) as journal:
            journal.enter(0, None, is_idempotent=False)
            journal.commit()
            journal.note_outcome(0, NoKeys("Code", "none", executed=Verdict.YES), may_have_run=False)
        with open_run(path) as journal:
            assert type(journal.enter(0, None, is_idempotent=False)) is exception.CredentialError


class TestWriting:
    """What cannot be written stays noted, and closing lets go of everything."""

    def test_nothing_noted_is_lost_by_a_commit_that_fails(self, tmp_path):
        path = tmp_path / "run.db"
        write(path, [0])
        with open_run(path) as journal:
            for position in (1, 2, 3):
                journal.enter(position, str(position), is_idempotent=False)
            journal.commit()
            journal.note_outcome(1, InvokeResult("1"), may_have_run=True)
            journal.forget(2)
            connection = journal._database.connection
            assert connection is not None
            connection.set_progress_handler(lambda: 1, 1)  # SQLite gives up what it does
            with pytest.raises(JournalError, match="cannot be used: interrupted"):
                journal.commit()
            assert not connection.in_transaction
            connection.set_progress_handler(None, 1)
        assert list_doubts(path) == [0, 3]

    def test_an_interrupt_leaves_no_transaction_open(self, tmp_path):
        class Intents(dict):  # type: ignore[type-arg]
            def items(self) -> "Any":
                yield from list(super().items())[:1]
                raise KeyboardInterrupt

        path = tmp_path / "run.db"
        with open_run(path) as journal:
            journal._intents = Intents()
            journal.enter(0, "0", is_idempotent=False)
            journal.enter(1, "1", is_idempotent=False)
            with pytest.raises(KeyboardInterrupt):
                journal.commit()
            journal._intents = dict(dict.items(journal._intents))
            journal.commit()
        assert list_doubts(path) == [0, 1]

    def test_an_input_whose_intent_was_not_committed_was_not_sent(self, tmp_path):
        path = tmp_path / "run.db"
        with open_run(path) as journal:
            journal.enter(0, "0", is_idempotent=False)
        assert list_doubts(path) == []

    def test_a_closed_journal_says_so(self, tmp_path):
        path = tmp_path / "run.db"
        write(path, [0])
        journal = open_run(path)
        journal.close()
        journal.close()
        uses = (
            journal.in_doubt,
            lambda: journal.settle(0, executed=True),
            lambda: journal.enter(0, "0", is_idempotent=False),
        )
        for use in uses:
            with pytest.raises(JournalError, match=r"run\.db is closed"):
                use()  # type: ignore[operator]

    def test_a_damaged_file_raises_nothing_else(self, tmp_path):
        path = tmp_path / "run.db"
        write(path, list(range(900)), list(range(900, 1800)))
        whole = path.read_bytes()
        size = len(whole) // 5
        rng = random.Random(5)
        refused = 0
        for at in range(0, 5 * size, size):
            noise = bytes(rng.randrange(256) for _ in range(size - 100))
            for use in (self.settle_all, Journal.in_doubt, self.check_all):
                path.write_bytes(whole[: at + 100] + noise + whole[at + size :])
                try:
                    with Journal(path) as journal:
                        use(journal)
                except JournalError:
                    refused += 1
        assert refused >= 5
        assert os.listdir(str(tmp_path)) == ["run.db"]

    def settle_all(self, journal: Journal) -> None:
        for position in range(900):
            journal.settle(position, executed=True)

    def check_all(self, journal: Journal) -> None:
        for position in range(1800):
            journal.check(position, json.dumps(position))

    def test_a_row_of_a_newer_version_is_told_of(self, tmp_path):
        path = tmp_path / "run.db"
        with open_run(path) as journal:
            journal.enter(0, "0", is_idempotent=False)
            journal.commit()
            journal.note_outcome(0, exception.FunctionAborted(1, "no", executed=Verdict.YES), may_have_run=True)
        database = sqlite3.connect(str(path))
        database.execute("UPDATE calls SET facts = replace(facts, 'FunctionAborted', 'FunctionBored')")
        database.commit()
        database.close()
        with open_run(path) as journal, pytest.raises(JournalError, match=r"cannot read.*FunctionBored"):
            journal.enter(0, "0", is_idempotent=False)

    def test_a_journal_of_an_earlier_version_that_was_killed_goes_on(self, tmp_path):
        program = """
import os, sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None)
for statement in (
    "PRAGMA locking_mode = EXCLUSIVE",
    "PRAGMA journal_mode = WAL",
    "CREATE TABLE run (region TEXT, namespace TEXT, function_name TEXT, qualifier TEXT, opened INTEGER)",
    "CREATE TABLE calls"
    " (position INTEGER PRIMARY KEY, input_digest BLOB, state INTEGER, executed TEXT, text BLOB, facts TEXT)",
    "INSERT INTO run VALUES ('ap-guangzhou', 'default', 'f', '$LATEST', 1)",
    "PRAGMA application_id = 1396917834",
    "PRAGMA user_version = 1",
    "INSERT INTO calls VALUES (7, x'', 0, NULL, NULL, NULL)",
):
    database.execute(statement).fetchall()
os.kill(os.getpid(), 9)
"""
        path = tmp_path / "run.db"
        run(program, path, code=-9)
        with open_run(path) as journal:
            assert [(call.position, call.code) for call in journal.in_doubt()] == [(7, "")]
