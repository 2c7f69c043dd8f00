"""Lists of ended calls: their order, their filters, and texts that are no patterns."""

import asyncio
import contextlib

import pytest

from tencentserverless.local.invocations.history import InvocationHistory, InvocationRecord
from tencentserverless.local.registry import invocation_pages
from tencentserverless.local.registry.database import Database
from tencentserverless.local.registry.function_version import FunctionKey
from tencentserverless.local.registry.invocation_pages import Wanted

KEYS = [FunctionKey(region, space, name) for region in "ab" for space in "mn" for name in "xy"]


def read(tmp_path, query, *, count=16):
    """The result of a query about calls of each function in turn; every fourth one has failed."""

    async def run(database):
        history = InvocationHistory(database)
        for number in range(count):
            record = InvocationRecord(KEYS[number % len(KEYS)], "1", f"id-{number // 2}", 100.0 + number, 128)
            record.retry_number, record.duration_ms = number % 2, float(number)
            record.event = b'{"50%%": "a_b"}' if number == 3 else b"{}"
            record.origin = {4: "dashboard id-1", 5: "dashboard", 6: "url"}.get(number, "")
            history.begin(record)
            history.end(record, 430 * (number % 4 == 0), f"message {number}", b"out")
        return await history.read(query)

    with contextlib.closing(Database(tmp_path / "state.db", pytest.fail)) as database:
        return asyncio.run(run(database))


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        (Wanted(), range(16, 0, -1)),
        (Wanted(limit=2), [16, 15]),
        (Wanted(before=3), [2, 1]),
        (Wanted(region="a", namespace="m", name="x"), [9, 1]),
        (Wanted(region="b", status="ok", name="y"), [16, 14, 8, 6]),
        (Wanted(status="failed"), [13, 9, 5, 1]),
        (Wanted(status="430", before=6), [5, 1]),
        (Wanted(status="433"), []),
        (Wanted(origin="dashboard"), [6, 5]),
        (Wanted(origin="url"), [7]),
        (Wanted(origin="url", status="failed"), []),
        (Wanted(origin="%"), []),
        (Wanted(since=110.0, until=111.0), [12, 11]),
        (Wanted(text="MESSAGE 1", before=11), [2]),
        (Wanted(text="id-7"), [16, 15]),
        (Wanted(text="50%%"), [4]),
        (Wanted(text="a_b"), [4]),
        (Wanted(text="%"), [4]),
        (Wanted(text="'; DROP TABLE invocations; --"), []),
    ],
)
def test_a_page_has_what_is_wanted_the_newest_first(tmp_path, wanted, numbers):
    assert [line.number for line in read(tmp_path, invocation_pages.list_lines(wanted))] == list(numbers)


def test_a_line_has_its_failure_and_its_log_where_they_are_wanted(tmp_path):
    (failed,) = read(tmp_path, invocation_pages.list_lines(Wanted(before=2, has_logs=True)))
    assert (failed.key, failed.failure, failed.log, failed.log_bytes) == (KEYS[0], "message 0", "out", 3)


def test_runs_of_one_id_and_those_that_repeat_it_are_found(tmp_path):
    attempts = read(tmp_path, invocation_pages.list_attempts(KEYS[2], "id-1"))
    assert [(line.number, line.retry_number) for line in attempts] == [(3, 0)]


def test_repeats_are_those_of_the_dashboard(tmp_path):
    assert [line.number for line in read(tmp_path, invocation_pages.list_repeats("id-1"))] == [5]


def test_figures_are_those_of_every_call_by_function(tmp_path):
    figures = read(tmp_path, invocation_pages.list_figures())
    assert list(figures) == KEYS
    assert figures[KEYS[0]] == [(430, 100.0, 0.0), (430, 108.0, 8.0)]
    assert figures[KEYS[1]] == [(0, 101.0, 1.0), (0, 109.0, 9.0)]


def test_figures_of_one_function_are_its_own(tmp_path):
    assert read(tmp_path, invocation_pages.list_figures(KEYS[1])) == {KEYS[1]: [(0, 101.0, 1.0), (0, 109.0, 9.0)]}
