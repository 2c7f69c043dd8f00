"""SQL of events: each move is one that the table has, and what has ended is known for as long as it is promised."""

import pytest

from tencentserverless.local.registry import events
from tencentserverless.local.registry.event_states import TRANSITIONS, Move, State
from tencentserverless.local.registry.events import KEPT_SECONDS, Event, Step
from tencentserverless.local.registry.records import FunctionKey
from tencentserverless.local.registry.store import Store

KEY = FunctionKey("ap-guangzhou", "default", "fn")


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "state.db", print)
    yield store
    store.close()


@pytest.fixture(scope="module")
def kept_store(tmp_path_factory):
    store = Store(tmp_path_factory.mktemp("kept") / "state.db", print)
    yield store
    store.close()


@pytest.fixture
def emptied_store(kept_store):
    """One that is quick to have: it served the test before, and holds no event any more."""
    kept_store.write_now(lambda connection: connection.execute("DELETE FROM events") and None)
    return kept_store


def push(store, state=State.QUEUED, *, is_traced=False, request_id="one"):
    """An event in a state of one's choice; its number."""
    event = Event(0, request_id, KEY, "$LATEST", "CLOUD_API", b"{}", 100.0, is_traced=is_traced)
    number = store.write_now(events.push(event))
    store.write_now(lambda connection: connection.execute("UPDATE events SET state = ?", (state.value,)) and None)
    return number


def state_of(store, number):
    row = store.read_now(
        lambda connection: connection.execute("SELECT state FROM events WHERE number = ?", (number,)).fetchone()
    )
    return State(row[0]) if row else None


@pytest.mark.parametrize("is_traced", [False, True])
@pytest.mark.parametrize("move", Move)
@pytest.mark.parametrize("state", State)
def test_an_event_moves_as_the_table_says_and_in_no_other_way(emptied_store, state, move, is_traced):
    store = emptied_store
    number = push(store, state, is_traced=is_traced)
    expected = TRANSITIONS.get((state, move))
    assert store.write_now(events.move(Step(number, move, 200.0))) is expected
    if expected is None:
        assert state_of(store, number) is state
    else:
        is_forgotten = not is_traced and expected in (State.SUCCEEDED, State.FAILED, State.ABORTED)
        assert state_of(store, number) is (None if is_forgotten else expected)


def test_an_event_that_was_terminated_is_not_taken_out(store):
    number = push(store)
    assert store.write_now(events.move(Step(number, Move.TERMINATE, 200.0))) is State.ABORTED
    assert store.write_now(events.claim(KEY, 64, 64)) == []


def test_what_succeeds_in_a_batch_must_have_run(store):
    numbers = [push(store, request_id=name) for name in ("queued", "running")]
    store.write_now(events.move(Step(numbers[1], Move.START, 100.0)))
    store.write_now(events.finish([], numbers))
    assert [state_of(store, number) for number in numbers] == [State.QUEUED, None]


def test_only_as_many_asynchronous_runs_are_taken_out_as_are_run_now(store):
    for number in range(5):
        push(store, is_traced=number > 2, request_id=f"{number}")
    taken = lambda: [event.request_id for event in store.write_now(events.claim(KEY, 64, 1))]  # noqa: E731
    assert [taken(), taken(), taken(), taken()] == [["0", "1", "2"], ["3"], ["4"], []]


@pytest.mark.parametrize("ask", ["one", "list", "another end", "start"])
def test_what_ended_72_hours_ago_is_forgotten_whoever_asks(store, ask):
    number = push(store, State.RUNNING, is_traced=True)
    store.write_now(events.finish([Step(number, Move.SUCCEED, 200.0, 200)]))
    now = 200.0 + KEPT_SECONDS
    assert store.write_now(events.trace("one", KEY.region, now)).status == "FINISHED"
    later = now + 1
    if ask == "one":
        assert store.write_now(events.trace("one", KEY.region, later)) is None
    elif ask == "list":
        assert store.write_now(events.traces(KEY, later)) == []
    elif ask == "another end":
        store.write_now(events.finish([Step(number + 1, Move.FAIL, later)]))
    else:
        assert store.write_now(events.recover(later)) == []
    assert state_of(store, number) is None


def test_an_end_is_never_before_the_beginning_though_the_clock_was_set_back(store):
    number = push(store, State.RUNNING, is_traced=True)
    store.write_now(events.finish([Step(number, Move.SUCCEED, 40.0, 200)]))
    trace = store.write_now(events.trace("one", KEY.region, 100.0))
    assert trace.ended_at >= trace.started_at


def test_a_retry_that_a_clock_set_back_has_put_far_away_is_due_in_a_minute(store):
    number = push(store, State.RUNNING)
    store.write_now(events.move(Step(number, Move.RETRY, 100.0, due_at=160.0, tries=1)))
    now = 100.0 - 3600
    assert store.write_now(events.make_due(now, now + 60)) == ([], now + 60)
    assert store.write_now(events.make_due(now + 60, now + 120)) == ([KEY], None)
    assert state_of(store, number) is State.QUEUED
