"""SQL of events: each move is one that the table has, and what has ended is known for as long as it is promised."""

import pytest

from tencentserverless.local.registry import event_tables
from tencentserverless.local.registry.database import Database
from tencentserverless.local.registry.event_states import TRANSITIONS, Move, State
from tencentserverless.local.registry.event_tables import KEPT_SECONDS, Event, Step
from tencentserverless.local.registry.function_version import FunctionKey

KEY = FunctionKey("ap-guangzhou", "default", "fn")


@pytest.fixture
def database(tmp_path):
    database = Database(tmp_path / "state.db", print)
    yield database
    database.close()


@pytest.fixture(scope="module")
def kept_database(tmp_path_factory):
    database = Database(tmp_path_factory.mktemp("kept") / "state.db", print)
    yield database
    database.close()


@pytest.fixture
def emptied_database(kept_database):
    """One that is quick to have: it served the test before, and holds no event any more."""
    kept_database.write_now(lambda connection: connection.execute("DELETE FROM events") and None)
    return kept_database


def push(database, state=State.QUEUED, *, is_traced=False, request_id="one"):
    """An event in a state of one's choice; its number."""
    event = Event(0, request_id, KEY, "$LATEST", "CLOUD_API", b"{}", 100.0, is_traced=is_traced)
    number = database.write_now(event_tables.push(event))
    database.write_now(lambda connection: connection.execute("UPDATE events SET state = ?", (state.value,)) and None)
    return number


def state_of(database, number):
    row = database.read_now(
        lambda connection: connection.execute("SELECT state FROM events WHERE number = ?", (number,)).fetchone()
    )
    return State(row[0]) if row else None


@pytest.mark.parametrize("is_traced", [False, True])
@pytest.mark.parametrize("move", Move)
@pytest.mark.parametrize("state", State)
def test_an_event_moves_as_the_table_says_and_in_no_other_way(emptied_database, state, move, is_traced):
    database = emptied_database
    number = push(database, state, is_traced=is_traced)
    expected = TRANSITIONS.get((state, move))
    assert database.write_now(event_tables.move(Step(number, move, 200.0))) is expected
    if expected is None:
        assert state_of(database, number) is state
    else:
        is_forgotten = not is_traced and expected in (State.SUCCEEDED, State.FAILED, State.ABORTED)
        assert state_of(database, number) is (None if is_forgotten else expected)


def test_an_event_that_was_terminated_is_not_taken_out(database):
    number = push(database)
    assert database.write_now(event_tables.move(Step(number, Move.TERMINATE, 200.0))) is State.ABORTED
    assert database.write_now(event_tables.fetch(KEY, 64, 64)) == []


def test_what_succeeds_in_a_batch_must_have_run(database):
    numbers = [push(database, request_id=name) for name in ("queued", "running")]
    database.write_now(event_tables.move(Step(numbers[1], Move.START, 100.0)))
    database.write_now(event_tables.finish([], numbers))
    assert [state_of(database, number) for number in numbers] == [State.QUEUED, None]


def test_only_as_many_asynchronous_runs_are_taken_out_as_are_run_now(database):
    for number in range(5):
        push(database, is_traced=number > 2, request_id=f"{number}")
    taken = lambda: [event.request_id for event in database.write_now(event_tables.fetch(KEY, 64, 1))]  # noqa: E731
    assert [taken(), taken(), taken(), taken()] == [["0", "1", "2"], ["3"], ["4"], []]


@pytest.mark.parametrize("ask", ["one", "list", "another end", "start"])
def test_what_ended_72_hours_ago_is_forgotten_whoever_asks(database, ask):
    number = push(database, State.RUNNING, is_traced=True)
    database.write_now(event_tables.finish([Step(number, Move.SUCCEED, 200.0, 200)]))
    now = 200.0 + KEPT_SECONDS
    assert database.write_now(event_tables.trace("one", KEY.region, now)).status == "FINISHED"
    later = now + 1
    if ask == "one":
        assert database.write_now(event_tables.trace("one", KEY.region, later)) is None
    elif ask == "list":
        assert database.write_now(event_tables.traces(KEY, later)) == []
    elif ask == "another end":
        database.write_now(event_tables.finish([Step(number + 1, Move.FAIL, later)]))
    else:
        assert database.write_now(event_tables.recover(later)) == []
    assert state_of(database, number) is None


def test_an_end_is_never_before_the_beginning_though_the_clock_was_set_back(database):
    number = push(database, State.RUNNING, is_traced=True)
    database.write_now(event_tables.finish([Step(number, Move.SUCCEED, 40.0, 200)]))
    trace = database.write_now(event_tables.trace("one", KEY.region, 100.0))
    assert trace.ended_at >= trace.started_at


def test_a_retry_that_a_clock_set_back_has_put_far_away_is_due_in_a_minute(database):
    number = push(database, State.RUNNING)
    database.write_now(event_tables.move(Step(number, Move.RETRY, 100.0, due_at=160.0, tries=1)))
    now = 100.0 - 3600
    assert database.write_now(event_tables.make_due(now, now + 60)) == ([], now + 60)
    assert database.write_now(event_tables.make_due(now + 60, now + 120)) == ([KEY], None)
    assert state_of(database, number) is State.QUEUED
