"""The database: what is refused at the start, what a failing change takes with it, and what a full disk does."""

import asyncio
import sqlite3
import stat

import pytest

from tencentserverless.local.errors import Reason, StartupError
from tencentserverless.local.invocations.history import read_records
from tencentserverless.local.registry import event_tables, invocation_tables, schema
from tencentserverless.local.registry.database import Database, DatabaseError
from tencentserverless.local.registry.function_version import FunctionKey


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state" / "state.db"


@pytest.fixture
def notices():
    return []


@pytest.fixture
def database(path, notices):
    path.parent.mkdir()
    database = Database(path, notices.append)
    yield database
    database.close()


def insert(name):
    def change(connection):
        connection.execute("INSERT INTO namespaces (region, name, value) VALUES ('ap-a', ?, '')", (name,))

    return change


def names(connection):
    return [name for (name,) in connection.execute("SELECT name FROM namespaces ORDER BY name")]


def test_what_is_written_is_there_for_the_next_one_and_for_its_owner_alone(database, path, notices):
    database.write_now(insert("a"))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    second = Database(path, notices.append)
    assert second.read_now(names) == ["a"]
    second.close()


def test_a_change_that_fails_takes_no_other_with_it(database):
    database.write_now(insert("a"))

    async def scenario():
        results = await asyncio.gather(
            *(database.write(insert(name)) for name in ("b", "a", "c", "a", "d")), return_exceptions=True
        )
        assert [type(result) for result in results] == [
            type(None),
            DatabaseError,
            type(None),
            DatabaseError,
            type(None),
        ]

    asyncio.run(scenario())
    assert database.read_now(names) == ["a", "b", "c", "d"]
    with pytest.raises(DatabaseError):
        database.write_now(insert("a"))


def test_closing_writes_what_waits(path, notices):
    path.parent.mkdir()
    database = Database(path, notices.append)
    for number in range(3000):
        database.post(insert(f"{number:04}"))
    database.close()
    assert len(sqlite3.connect(path).execute("SELECT name FROM namespaces").fetchall()) == 3000


def spoil(path, data):
    path.parent.mkdir()
    path.write_bytes(data)


def make_foreign(path):
    path.parent.mkdir()
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE notes (text)")
    connection.close()


def make_newer(path):
    path.parent.mkdir()
    Database(path, print).close()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version=99")
    connection.close()


def make_torn(path):
    path.parent.mkdir()
    Database(path, print).close()
    data = bytearray(path.read_bytes())
    data[100:4096] = b"\xff" * 3996
    path.write_bytes(data)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path: spoil(path, b"not a database at all" * 100), "no SQLite database"),
        (lambda path: spoil(path, b""), "no SQLite database"),
        (make_foreign, "of another program"),
        (make_newer, "newer version (layout 99"),
        (make_torn, "malformed"),
    ],
    ids=["nonsense", "empty", "foreign", "newer", "torn"],
)
def test_a_file_that_can_not_be_used_is_named_and_left_as_it_is(path, make, words):
    make(path)
    before = path.read_bytes()
    with pytest.raises(StartupError) as caught:
        Database(path, print)
    assert caught.value.reason is Reason.STATE
    assert str(path) in str(caught.value)
    assert words in str(caught.value)
    assert f"mv {path.parent} {path.parent}.old" in str(caught.value)
    assert path.read_bytes() == before


def test_an_older_database_is_brought_to_todays_layout(path, monkeypatch):
    path.parent.mkdir()
    Database(path, print).close()
    added = (*schema.MIGRATIONS, ("ALTER TABLE namespaces ADD COLUMN colour TEXT NOT NULL DEFAULT 'red'",))
    monkeypatch.setattr("tencentserverless.local.registry.database.MIGRATIONS", added)
    database = Database(path, print)
    database.write_now(insert("a"))
    query = lambda connection: connection.execute("SELECT name, colour FROM namespaces").fetchall()  # noqa: E731
    assert database.read_now(query) == [("a", "red")]
    assert database.read_now(lambda connection: connection.execute("PRAGMA user_version").fetchone()) == (len(added),)
    database.close()


def test_a_migration_that_fails_changes_nothing(path, monkeypatch):
    path.parent.mkdir()
    Database(path, print).close()
    added = (*schema.MIGRATIONS, ("CREATE TABLE more (text)", "CREATE TABLE more (text)"))
    monkeypatch.setattr("tencentserverless.local.registry.database.MIGRATIONS", added)
    with pytest.raises(StartupError, match="already exists"):
        Database(path, print)
    monkeypatch.undo()
    database = Database(path, print)
    tables = database.read_now(lambda connection: connection.execute("SELECT name FROM sqlite_master").fetchall())
    assert ("more",) not in tables
    database.close()


def test_a_full_disk_stops_recording_with_one_warning_until_there_is_room(database, notices):
    # Both connections have a bound of their own.
    limit = lambda pages: lambda connection: connection.execute(f"PRAGMA max_page_count={pages}").fetchone()  # noqa: E731

    def fill(connection):
        connection.execute("INSERT INTO namespaces (region, name, value) VALUES ('ap-b', 'big', zeroblob(4000000))")

    async def scenario():
        await database.write(limit(1))  # as few as there are
        for _ in range(3):
            database.post(fill)
            with pytest.raises(DatabaseError, match="full"):
                await database.write(fill)
        assert [notice.count("is full") for notice in notices] == [1]
        await database.write(limit(1_000_000))
        database.post(fill)
        await database.write(lambda connection: None)

    asyncio.run(scenario())
    assert database.read_now(names) == ["big"]
    assert len(notices) == 2
    assert "recorded again" in notices[1]
    database.read_now(limit(1))
    with pytest.raises(DatabaseError, match="full"):
        database.write_now(
            lambda connection: connection.execute("INSERT INTO functions VALUES ('', '', '', zeroblob(9000000))")
        )


def test_a_change_that_is_a_mistake_fails_alone_whatever_it_raises(database, notices):
    def mistake(connection):
        raise OverflowError("int too large")

    async def scenario(write):
        changes = [insert("a"), mistake, insert("b")]
        return await asyncio.gather(*(write(change) for change in changes), return_exceptions=True)

    for name, write in (("thread", database.write), ("here", database.write_soon)):
        database.read_now(lambda connection: connection.execute("DELETE FROM namespaces"))
        results = asyncio.run(scenario(write))
        assert [type(result) for result in results] == [type(None), DatabaseError, type(None)], name
        assert str(results[1]) == "OverflowError: int too large"
        assert database.read_now(names) == ["a", "b"]
    database.post(lambda connection: connection.execute("INSERT INTO namespaces VALUES (?, 'x', '')", ("\ud800",)))
    database.post(insert("c"))

    async def last():
        await database.write(insert("d"))

    asyncio.run(last())
    assert database.read_now(names) == ["a", "b", "c", "d"]
    assert [notice.count("UnicodeEncodeError") + notice.count("surrogates") for notice in notices if notice] != []
    assert database.failure is None


def test_a_writing_thread_that_can_not_go_on_lets_nobody_wait_and_says_why(path):
    path.parent.mkdir()
    notices = []

    def show(notice):
        notices.append(notice)
        if len(notices) == 1:
            raise SystemError("the console is broken")

    database = Database(path, show)

    async def scenario():
        database.post(lambda connection: connection.execute("nonsense"))  # which is told, and telling fails
        first = await asyncio.gather(database.write(insert("a")), return_exceptions=True)
        for _ in range(3):
            with pytest.raises(DatabaseError, match="the console is broken"):
                await database.write(insert("b"))
        return first

    asyncio.run(asyncio.wait_for(scenario(), 20))
    assert [notice.count("nothing is recorded any more: SystemError: the console is broken") for notice in notices] == [
        0,
        1,
    ]
    assert database.failure == "SystemError: the console is broken"
    database.close()


def old_database(path, monkeypatch):
    """One of the layout before events had states."""
    path.parent.mkdir()
    monkeypatch.setattr("tencentserverless.local.registry.database.MIGRATIONS", schema.MIGRATIONS[:2])
    database = Database(path, print)

    def fill(connection):
        event = "INSERT INTO events VALUES (?, ?, 'ap-a', 'default', 'fn', '$LATEST', 'CLOUD_API', ?, 100.0, ?, ?, ?)"
        connection.execute(event, (7, "waits", b'{"a":1}', 100.0, 0, 0))
        connection.execute(event, (8, "is-retried", b"{}", 160.0, 1, 0))
        connection.execute(event, (9, "long-waits", b"{}", 100.0, 0, 1))
        trace = "INSERT INTO traces VALUES (?, 'ap-a', 'default', 'fn', 'CLOUD_API', '$LATEST', ?, ?, 100.0, ?)"
        connection.execute(trace, ("long-waits", "RUNNING", 0, None))
        for status, code in (("FINISHED", 200), ("ABORTED", 499), ("FAILED", 430)):
            connection.execute(trace, (status, status, code, 130.0))

    database.write_now(fill)
    database.close()
    monkeypatch.undo()


def test_events_and_traces_of_an_older_database_are_kept(path, monkeypatch):
    old_database(path, monkeypatch)
    database = Database(path, print)
    key = FunctionKey("ap-a", "default", "fn")
    assert database.read_now(event_tables.waiting) == {key: 3}
    waits = database.read_now(event_tables.by_request("waits"))
    assert (waits.number, waits.payload, waits.tries, waits.pushed_at) == (7, b'{"a":1}', 0, 100.0)
    assert database.read_now(event_tables.by_request("is-retried")).tries == 1
    assert [event.request_id for event in database.write_now(event_tables.fetch(key, 64, 1))] == ["waits"]
    assert [event.request_id for event in database.write_now(event_tables.fetch(key, 64, 1))] == ["long-waits"]
    assert database.write_now(event_tables.make_due(159.0, 300.0)) == ([], 160.0)
    assert database.write_now(event_tables.make_due(160.0, 300.0)) == ([key], None)
    found = {
        trace.request_id: (trace.status, trace.status_code)
        for trace in database.write_now(event_tables.traces(key, 200))
    }
    assert found == {
        "long-waits": ("RUNNING", 0),
        "FINISHED": ("FINISHED", 200),
        "ABORTED": ("ABORTED", 499),
        "FAILED": ("FAILED", 430),
    }
    trace = database.write_now(event_tables.trace("FAILED", "ap-a", 200.0))
    assert (trace.origin, trace.qualifier, trace.started_at, trace.ended_at) == ("CLOUD_API", "$LATEST", 100.0, 130.0)
    database.close()


def test_ended_calls_of_an_older_database_are_kept(path, monkeypatch):
    path.parent.mkdir()
    monkeypatch.setattr("tencentserverless.local.registry.database.MIGRATIONS", schema.MIGRATIONS[:6])
    database = Database(path, print)
    row = ("ap-a", "default", "fn", "1", "id", 100.0, 128, 430, "mü", 7.5, 64, "out", 2, 300)
    columns = "region, namespace, name, version, request_id, started_at, memory_mb, status, message, duration_ms, "
    columns += "memory_bytes, output, retry_number, size"
    insert = f"INSERT INTO invocations ({columns}) VALUES ({', '.join('?' * len(row))})"
    database.write_now(lambda connection: connection.execute(insert, row) and None)
    database.close()
    monkeypatch.undo()
    database = Database(path, print)
    key = FunctionKey("ap-a", "default", "fn")
    (found,) = read_records(database.read_now(invocation_tables.find(key, "id")))
    assert (found.status, found.message, found.output, found.retry_number) == (430, "mü", b"out", 2)
    assert (found.duration_ms, found.memory_bytes, found.started_at) == (7.5, 64, 100.0)
    assert (found.event, found.origin, found.web, found.waited_ms) == (None, "", None, 0.0)
    database.close()
