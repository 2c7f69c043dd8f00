"""The list of asynchronous invocations that have not ended."""

import sqlite3

from tencentserverless.local.registry import event_tables
from tencentserverless.local.registry.event_pages import list_events
from tencentserverless.local.registry.event_states import Move
from tencentserverless.local.registry.event_tables import Event, Step
from tencentserverless.local.registry.function_version import FunctionKey
from tencentserverless.local.registry.schema import MIGRATIONS

KEY = FunctionKey("r", "n", "f")


def opened():
    connection = sqlite3.connect(":memory:")
    for statements in MIGRATIONS:
        for statement in statements:
            connection.execute(statement)
    return connection


def test_those_that_wait_run_or_are_given_up_are_listed_in_their_order():
    connection = opened()
    for number in range(5):
        event = Event(
            0, f"id-{number}", KEY, "$LATEST", "CLOUD_API", b'{"n": %d}' % number, 100.0, mark="dashboard id-9"
        )
        event_tables.push(event)(connection)
    event_tables.fetch(KEY, 3, 3)(connection)
    event_tables.move(Step(1, Move.SUCCEED, 1.0))(connection)
    event_tables.move(Step(2, Move.RETRY, 1.0, due_at=160.0, tries=1, error="E: x"))(connection)
    event_tables.move(Step(3, Move.GIVE_UP, 1.0, tries=3))(connection)
    count, found = list_events(0, 10)(connection)
    assert count == 4
    assert [(each.request_id, each.state) for each in found] == [
        ("id-1", "WAITING_RETRY"),
        ("id-2", "DEAD"),
        ("id-3", "QUEUED"),
        ("id-4", "QUEUED"),
    ]
    first = found[0]
    assert (first.due_at, first.tries, first.event, first.event_bytes) == (160.0, 1, '{"n": 1}', 8)
    assert (first.key, first.mark, first.is_traced) == (KEY, "dashboard id-9", False)
    assert [each.number for each in list_events(3, 1)(connection)[1]] == [4]
