"""Calls are seen as soon as they have ended, and what is kept of them stays within its bounds."""

import asyncio
import collections
import contextlib
import json
import threading

import pytest

from tencentserverless.local.invocation import WebFacts
from tencentserverless.local.invocations import history
from tencentserverless.local.invocations.history import MAX_MESSAGE_CHARS, InvocationHistory, InvocationRecord
from tencentserverless.local.registry import invocation_tables
from tencentserverless.local.registry.database import Database
from tencentserverless.local.registry.function_version import FunctionKey
from tencentserverless.local.registry.invocation_pages import find_long_text
from tencentserverless.local.registry.invocation_tables import Search

KEY = FunctionKey("ap-a", "default", "fn")


@contextlib.contextmanager
def opened(tmp_path):
    database = Database(tmp_path / "state.db", pytest.fail)
    try:
        yield database
    finally:
        database.close()


def keeping(tmp_path, scenario):
    """Run ``scenario(invocations)`` on a database of its own."""

    async def run(database):
        await scenario(InvocationHistory(database))

    with opened(tmp_path) as database:
        asyncio.run(run(database))


def begun(kept, number, key=KEY):
    invocation = InvocationRecord(key, "1", f"id-{number}", float(number), 128)
    kept.begin(invocation)
    return invocation


async def ids(kept, **wanted):
    count, page = await kept.search(Search(KEY, limit=1000, **wanted))
    assert count == len(page)
    return [each.request_id for each in page]


def test_a_call_is_found_while_it_runs_and_when_it_has_ended(tmp_path):
    async def scenario(kept):
        invocation = begun(kept, 1)
        assert (await kept.find(KEY, "id-1")).status is None
        kept.end(invocation, 430, "message", b"out\xffput\0")
        found = await kept.find(KEY, "id-1")
        assert (found.status, found.message, found.started_at) == (430, "message", 1.0)
        assert found.output.decode() == "out\ufffdput\ufffd"
        assert await kept.find(KEY._replace(region="ap-b"), "id-1") is None
        assert await ids(kept) == ["id-1"]

    keeping(tmp_path, scenario)


@pytest.mark.parametrize("count", [1, 7, 8, 64, 64 * 2 + 8 + 3])
def test_a_batch_of_any_size_is_written_whole_and_in_its_order(tmp_path, count):
    async def scenario(kept):
        for number in range(count):
            kept.end(begun(kept, number), 0, f"message {number}", b"")
        kept.flush()
        found = (await kept.search(Search(KEY, limit=1000, is_descending=False)))[1]
        expected = [(f"id-{number}", f"message {number}") for number in range(count)]
        assert [(each.request_id, each.message) for each in found] == expected

    keeping(tmp_path, scenario)


def test_no_statement_binds_more_values_than_an_old_sqlite_takes():
    """999 before 3.32: https://www.sqlite.org/limits.html#max_variable_number ."""
    assert max(statement.count("?") for statement in invocation_tables._INSERTS.values()) in range(500, 1000)


def test_calls_that_run_come_with_those_that_have_ended(tmp_path):
    async def scenario(kept):
        for number in range(4):
            kept.end(begun(kept, number), number % 2 * 430, "", b"")
        begun(kept, 4)
        begun(kept, 5, KEY._replace(name="other"))
        assert await ids(kept) == ["id-4", "id-3", "id-2", "id-1", "id-0"]
        assert await ids(kept, filter="is0") == ["id-2", "id-0"]
        assert await ids(kept, filter="UserCodeException", is_descending=False) == ["id-1", "id-3"]
        assert await ids(kept, interval=(1.0, 2.0)) == ["id-2", "id-1"]
        pages = [await kept.search(Search(KEY, offset=offset, limit=2)) for offset in (0, 2, 4)]
        assert [[each.request_id for each in page] for _, page in pages] == [
            ["id-4", "id-3"],
            ["id-2", "id-1"],
            ["id-0"],
        ]
        assert {count for count, _ in pages} == {5}

    keeping(tmp_path, scenario)


def test_the_oldest_give_way_by_number(tmp_path, monkeypatch):
    monkeypatch.setattr(invocation_tables, "MAX_RECORDS", 3)

    async def scenario(kept):
        for number in range(5):
            kept.end(begun(kept, number), 0, "", b"")
        assert await ids(kept) == ["id-4", "id-3", "id-2"]
        kept.end(begun(kept, 5), 0, "", b"")
        assert await ids(kept) == ["id-5", "id-4", "id-3"]

    keeping(tmp_path, scenario)


def test_the_oldest_give_way_by_size(tmp_path, monkeypatch):
    monkeypatch.setattr(invocation_tables, "MAX_BYTES", 10_000)

    async def scenario(kept):
        for number in range(250):
            kept.end(begun(kept, number), 0, "x" * 2000, b"")
        left = await ids(kept)
        assert len(left) <= 4
        assert left == [] or left[0] == "id-249"

    keeping(tmp_path, scenario)


def test_a_busy_server_writes_small_batches_and_keeps_to_both_bounds(tmp_path, monkeypatch):
    monkeypatch.setattr(invocation_tables, "MAX_RECORDS", 1000)
    monkeypatch.setattr(invocation_tables, "MAX_BYTES", 200_000)
    batches = []
    append = invocation_tables.append
    is_written = threading.Event()

    def noted(connection, rows, **options):
        batches.append([row[3] for row in rows])
        append(connection, rows, **options)
        if sum(map(len, batches)) == 1000:
            is_written.set()

    monkeypatch.setattr(invocation_tables, "append", noted)

    async def scenario(kept):
        for number in range(1500):
            kept.end(begun(kept, number), 0, "x" * 100, b"")
        assert await asyncio.to_thread(is_written.wait, 30)
        assert max(map(len, batches)) <= 256
        assert [each for batch in batches for each in batch] == [f"id-{number}" for number in range(500, 1500)]
        left = await ids(kept)
        assert left == [f"id-{number}" for number in range(1499, 1499 - len(left), -1)]
        assert 100 < len(left) <= 200_000 // 356

    keeping(tmp_path, scenario)


def test_a_server_that_stays_busy_writes_long_texts_too(tmp_path, monkeypatch):
    monkeypatch.setattr(history, "_FLUSH_SECONDS", 3600.0)  # it does not get beyond the first piece
    append, is_written = invocation_tables.append, threading.Event()

    def noted(connection, rows, **options):
        append(connection, rows, **options)
        is_written.set()

    monkeypatch.setattr(invocation_tables, "append", noted)
    text = "x" * (MAX_MESSAGE_CHARS + 1)

    async def scenario(database):
        kept = InvocationHistory(database)
        for number in range(600):
            kept.end(begun(kept, number), 0, text if number == 300 else "", b"")
        kept._flush_in_time()
        assert await asyncio.to_thread(is_written.wait, 30)
        assert await database.write(find_long_text("id-300", 0, "result")) == text

    with opened(tmp_path) as database:
        asyncio.run(scenario(database))


def test_a_dropped_call_leaves_nothing(tmp_path):
    async def scenario(kept):
        kept.drop(begun(kept, 1))
        assert await kept.find(KEY, "id-1") is None
        assert await ids(kept) == []

    keeping(tmp_path, scenario)


def test_what_has_ended_is_there_for_the_next_server(tmp_path):
    async def scenario(kept):
        kept.end(begun(kept, 1), 0, "null", b"")
        kept.flush()

    async def later(kept):
        assert await ids(kept) == ["id-1"]

    keeping(tmp_path, scenario)
    keeping(tmp_path, later)


@pytest.mark.parametrize(("length", "kept_length"), [(10, 10), (MAX_MESSAGE_CHARS + 1, MAX_MESSAGE_CHARS)])
def test_a_long_message_is_cut(tmp_path, length, kept_length):
    async def scenario(kept):
        invocation = begun(kept, 1)
        kept.end(invocation, 0, "x" * length, b"")
        assert len((await kept.find(KEY, "id-1")).message) == kept_length

    keeping(tmp_path, scenario)


def set_full(store, is_full):
    """The database can't grow any more, or can again."""
    (pages,) = store._here.execute("PRAGMA page_count").fetchone()
    for connection in (store._here, store._there):
        connection.execute(f"PRAGMA max_page_count = {pages if is_full else 2**30}")


def test_what_a_full_disk_refuses_is_known_and_written_when_it_can_be(tmp_path):
    shown = []

    async def scenario(store):
        kept = InvocationHistory(store)
        set_full(store, True)
        for number in range(3):
            kept.end(begun(kept, number), 0, f"{number}" * MAX_MESSAGE_CHARS, b"")
            kept.flush()
            assert (await kept.find(KEY, f"id-{number}")).message[0] == f"{number}"
        set_full(store, False)
        assert sorted(await ids(kept)) == ["id-0", "id-1", "id-2"]
        await kept.find(KEY, "id-0")
        assert "recorded when they can be" in shown[0]
        assert "recorded again" in shown[1]
        assert len(shown) == 2

    store = Database(tmp_path / "state.db", shown.append)
    try:
        asyncio.run(scenario(store))
    finally:
        store.close()


def test_what_waits_for_a_disk_with_room_stays_within_the_bounds(tmp_path):
    async def scenario(store):
        kept = InvocationHistory(store)
        set_full(store, True)
        text = "x" * MAX_MESSAGE_CHARS
        for number in range(invocation_tables.MAX_BYTES // MAX_MESSAGE_CHARS + 20):
            kept.end(begun(kept, number), 0, text, b"")
            if number == 100:
                await kept.find(KEY, "none")
        await kept.find(KEY, "none")
        waiting = list(kept._ended)
        assert sum(each.kept_bytes for each in waiting) <= invocation_tables.MAX_BYTES
        assert waiting[-1].request_id == f"id-{number}"
        assert [each.started_at for each in waiting] == sorted(each.started_at for each in waiting)
        set_full(store, False)

    store = Database(tmp_path / "state.db", lambda line: None)
    try:
        asyncio.run(scenario(store))
    finally:
        store.close()


def test_a_long_event_and_a_long_result_are_kept_apart_within_their_bounds(tmp_path, monkeypatch):
    size = 2 * MAX_MESSAGE_CHARS
    monkeypatch.setattr(invocation_tables, "MAX_LONG_BYTES", 5 * size)

    async def scenario(kept):
        for number in range(4):
            invocation = begun(kept, number)
            invocation.event = b"e" * size
            kept.end(invocation, 0, f"{number}" * size, b"")
            texts = [await kept.read(find_long_text(f"id-{number}", 0, part)) for part in ("event", "result")]
            assert texts == ["e" * size, f"{number}" * size]
        found = await kept.find(KEY, "id-3")
        assert (found.message, found.message_bytes) == ("3" * MAX_MESSAGE_CHARS, size)
        assert (found.event, found.event_bytes) == (None, size)
        assert await kept.read(find_long_text("id-3", 0, "result", 2)) == "33"
        gone = [await kept.read(find_long_text(f"id-{number}", 0, "event")) is None for number in range(4)]
        assert gone == [True, False, False, False]  # its result came before each event

    keeping(tmp_path, scenario)


def test_long_texts_that_are_not_written_yet_have_a_bound(tmp_path, monkeypatch):
    size = 2 * MAX_MESSAGE_CHARS
    monkeypatch.setattr(invocation_tables, "MAX_UNDER_WAY_BYTES", 3 * size)

    async def scenario(kept):
        for number in range(5):  # no turn of the loop comes in between
            kept.end(begun(kept, number), 0, "x" * size, b"")
        found = [await kept.read(find_long_text(f"id-{number}", 0, "result")) is not None for number in range(5)]
        assert found == [True, True, True, False, False]
        kept.end(begun(kept, 5), 0, "x" * size, b"")  # the others are written: there is room
        assert await kept.read(find_long_text("id-5", 0, "result")) == "x" * size

    keeping(tmp_path, scenario)


def test_where_a_call_came_from_and_how_long_it_waited_is_kept(tmp_path):
    async def scenario(kept):
        invocation = begun(kept, 1)
        invocation.origin, invocation.event = "dashboard id-0", b'{"a": 1}'
        invocation.waited_ms, invocation.cold_start_ms = 7.5, 5.0
        facts = ("GET", "/a", 200, [(b"cookie", b"c=1"), (b"host", b"h")], [(b"Set-Cookie", b"s=1")], 1, 2)
        invocation.web = WebFacts(*facts)
        kept.end(invocation, 0, "1", b"")
        found = await kept.find(KEY, "id-1")
        assert (found.origin, found.event, found.waited_ms, found.cold_start_ms) == (
            *("dashboard id-0", b'{"a": 1}'),
            *(7.5, 5.0),
        )
        assert json.loads(found.web)["request_headers"] == [["cookie", "(covered)"], ["host", "h"]]
        assert json.loads(found.web)["answer_headers"] == [["Set-Cookie", "(covered)"]]

    keeping(tmp_path, scenario)


def test_a_watcher_sees_each_end_until_it_watches_no_more(tmp_path):
    async def scenario(kept):
        seen = collections.deque(maxlen=2)
        kept.watch(seen)
        for number in range(3):
            kept.end(begun(kept, number), 0, "", b"")
        assert [each.request_id for each in seen] == ["id-1", "id-2"]
        kept.watch(None)
        kept.end(begun(kept, 3), 0, "", b"")
        assert len(seen) == 2
        running = begun(kept, 4)
        assert kept.running() == [running]

    keeping(tmp_path, scenario)
