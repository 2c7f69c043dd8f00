"""Whatever a forked child does, and however it ends, what its parent commits stays committed."""

import gc
import os
import sqlite3
import subprocess
import sys
import weakref

import pytest

from tencentserverless._base import sole_database
from tencentserverless._base.sole_database import ForkedError, Pin, SoleDatabase

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")]
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")

#: Commits ten rows, forks a child that ends in some way, commits ten more and is killed.
PARENT = """
import gc, os, shutil, sys
from tencentserverless._base import sole_database
path, end, spoil, mutation = sys.argv[1:]
exec(mutation)
database = sole_database.SoleDatabase(path)
connection = database.connection
for statement in ("PRAGMA locking_mode = EXCLUSIVE", "PRAGMA journal_mode = WAL", "CREATE TABLE numbers (number)"):
    connection.execute(statement).fetchall()
def commit():
    for number in range(10):
        connection.execute("INSERT INTO numbers VALUES (?)", (number,))
commit()
if spoil == "copied":
    shutil.copy(path, path + ".copy")
if spoil == "in a transaction":
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("DELETE FROM numbers WHERE number < 0")
child = os.fork()
if child == 0:
    sys.stderr.close()
    if end == "collected":
        del database, connection, commit
        gc.collect()
        os._exit(0)
    if end == "closed":
        database.close()
        del database, connection, commit
        os._exit(0)
    if end == "killed":
        os.kill(os.getpid(), 9)
    if end == "error":
        raise LookupError("the child's own")
    sys.exit(0)
os.waitpid(child, 0)
if spoil == "in a transaction":
    connection.execute("COMMIT")
commit()
os.kill(os.getpid(), 9)
"""
ENDS = ("exit", "error", "collected", "closed", "killed")


def count_rows(folder: "Path", end: str, spoil: str = "", mutation: str = "") -> int:
    """How many of the twenty rows are on record after all."""
    path = str(folder / "run.db")
    command = [sys.executable, "-c", PARENT, path, end, spoil, mutation]
    done = subprocess.run(command, stderr=subprocess.PIPE, timeout=60, check=False)
    assert done.returncode == -9, done.stderr.decode()
    connection = sqlite3.connect(path)
    try:
        count: int = connection.execute("SELECT count(*) FROM numbers").fetchone()[0]
        return count
    finally:
        connection.close()


@needs_fork
@pytest.mark.parametrize(
    ("end", "spoil"),
    [("exit", ""), ("exit", "in a transaction"), ("collected", "in a transaction"), *((end, "copied") for end in ENDS)],
)
def test_a_forked_child_loses_nothing(tmp_path, end, spoil):
    assert count_rows(tmp_path, end, spoil) == 20


NO_PIN = """
sole_database.Pin.__init__ = lambda self, thing: None
sole_database._keep_log = lambda connection, is_kept: None
"""
NO_PID = """
sole_database.SoleDatabase.is_inherited = False
"""


@needs_fork
@pytest.mark.parametrize("end", ["exit", "error", "collected"])
def test_a_child_without_the_pin_is_caught(tmp_path, end):
    assert count_rows(tmp_path, end, mutation=NO_PIN) == 10


@needs_fork
def test_a_child_that_closes_is_caught(tmp_path):
    assert count_rows(tmp_path, "closed", mutation=NO_PID) == 10


@needs_fork
@pytest.mark.skipif(sys.version_info < (3, 12), reason="sqlite3 cannot be told to leave the log alone")
def test_where_sqlite_can_leave_the_log_alone_that_is_enough(tmp_path):
    assert count_rows(tmp_path, "exit", "copied", NO_PIN.replace("sole_database._keep_log", "unused")) == 20


class Thing:
    def __del__(self) -> None:
        print("gone")


def test_what_is_pinned_stays_until_it_may_go():
    pin = Pin(Thing())
    thing = weakref.ref(pin.thing)
    leak = weakref.ref(pin)
    for _ in range(3):
        gc.collect()
    assert thing() is not None
    pin.let_go()
    assert thing() is None
    del pin
    assert leak() is None


@pytest.mark.parametrize(("last", "said"), [("", b""), ("pin.let_go()", b"gone")])
def test_what_is_pinned_outlives_the_interpreter(last, said):
    program = """
from tencentserverless._base.sole_database import Pin
class Thing:
    def __del__(self): print("gone")
pin = Pin(Thing())
"""
    command = [sys.executable, "-c", program + last]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, check=False)
    assert done.stdout.strip() == said


def test_one_holder_at_a_time_and_it_cleans_up(tmp_path):
    path = str(tmp_path / "run.db")
    database = SoleDatabase(path)
    with pytest.raises(BlockingIOError):
        SoleDatabase(path)
    database.close()
    database.close()
    assert database.connection is None
    assert SoleDatabase(path).connection is not None  # and dropped
    assert os.listdir(str(tmp_path)) == ["run.db"]
    assert sole_database._opened == {}


def test_what_could_not_be_opened_leaves_no_lock(tmp_path):
    (tmp_path / "run.db").mkdir()
    with pytest.raises(sqlite3.Error):
        SoleDatabase(str(tmp_path / "run.db"))
    assert os.listdir(str(tmp_path)) == ["run.db"]
    assert sole_database._opened == {}


def test_a_file_that_is_there_is_not_opened_by_other_means(tmp_path):
    """Closing it would end the SQLite locks that this process has on it."""
    path = str(tmp_path / "run.db")
    reader = sqlite3.connect(path)
    reader.execute("CREATE TABLE numbers (number)")
    reader.execute("BEGIN EXCLUSIVE")
    SoleDatabase(path).close()
    program = "import sqlite3, sys; sqlite3.connect(sys.argv[1], timeout=0).execute('BEGIN EXCLUSIVE')"
    done = subprocess.run([sys.executable, "-c", program, path], stderr=subprocess.PIPE, timeout=60, check=False)
    reader.close()
    assert b"database is locked" in done.stderr


@needs_fork
def test_a_child_cannot_open_what_its_parent_had_open_when_it_forked(tmp_path):
    path = str(tmp_path / "run.db")
    SoleDatabase(path + "-closed").close()
    database = SoleDatabase(path)
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.close(writer)
            os.read(reader, 1)  # the parent has closed it
            SoleDatabase(path + "-closed").close()
            SoleDatabase(path)
        except ForkedError:
            code = 0
        finally:
            os._exit(code)
    os.close(reader)
    database.close()
    os.close(writer)
    assert os.waitpid(child, 0)[1] == 0
    assert sorted(os.listdir(str(tmp_path))) == ["run.db", "run.db-closed"]
