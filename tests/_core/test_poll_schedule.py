"""What a spawn_map does next, step by step: no clock, no thread and no service is needed."""

import pytest

from tencentserverless._core import poll_schedule as core
from tencentserverless._core.invocation_records import Sighting
from tencentserverless._core.poll_schedule import END, HAND_OUT, LATE, LOOK, NEVER, PULL, WAIT, Roster
from tencentserverless.models import InvocationStatus, InvokeResult

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

RUNNING = Sighting(InvocationStatus.RUNNING, None)
FINISHED = Sighting(InvocationStatus.FINISHED, InvokeResult("1"))


class Invoked:
    """An invocation, as far as a roster knows it."""

    def __init__(self, position: int, has_outcome: bool = False) -> None:
        self.position = position
        self.has_outcome = has_outcome


def make_roster(concurrency: int = 4, window: int = 100, rate: float = 10.0, **options: "Any") -> Roster:
    facts: "dict[str, Any]" = {"patience_seconds": 60.0, "deadline": NEVER, "rng": lambda: 1.0}
    return Roster(concurrency, window, rate, **dict(facts, **options))


def start(roster: Roster, now: float = 0.0) -> core.SpawnedInput:
    entry = roster.add()
    roster.note_started(entry, Invoked(entry.position), now)
    return entry


def test_no_more_is_under_way_than_was_asked_for() -> None:
    roster = make_roster(concurrency=2)
    entries = []
    while roster.next_step(0.0)[0] is PULL:
        entries.append(roster.add())
    assert len(entries) == 2
    assert roster.next_step(0.0) == (WAIT, NEVER)
    roster.note_started(entries[0], Invoked(0), 0.0)
    assert roster.next_step(0.0)[0] is PULL


def test_inputs_wait_while_the_window_is_full() -> None:
    roster = make_roster(window=3)
    while roster.next_step(0.0)[0] is PULL:
        start(roster)
    assert roster.pulled == 3
    step, entry = roster.next_step(1.0)
    assert step is LOOK
    roster.note_seen(entry, FINISHED, 1.0)
    step, invocation = roster.next_step(1.0)
    assert (step, invocation.position) == (HAND_OUT, entry.position)
    assert roster.next_step(1.0)[0] is PULL


def test_looks_keep_their_distance_over_all_invocations_and_the_longest_waiting_comes_first() -> None:
    roster = make_roster(concurrency=100, rate=10.0)
    for _ in range(50):
        start(roster)
    roster.drain()
    now, looked, at = 1.0, [], []
    while len(looked) < 50:
        step, about = roster.next_step(now)
        if step is LOOK:
            looked.append(about.position)
            at.append(now)
            roster.note_seen(about, RUNNING, now)
        else:
            assert step is WAIT
            assert about > 0
            now += about
    assert looked == list(range(50))
    assert all(later - earlier > 0.0999 for earlier, later in zip(at, at[1:]))


def test_an_invocation_is_looked_at_ever_more_rarely() -> None:
    roster = make_roster(rate=1000.0)
    start(roster)
    roster.drain()
    now, pauses = 0.0, []
    for _ in range(15):
        step, seconds = roster.next_step(now)
        assert step is WAIT
        pauses.append(seconds)
        now += seconds
        step, entry = roster.next_step(now)
        assert step is LOOK
        roster.note_seen(entry, RUNNING, now)
    assert pauses[0] == pytest.approx(0.1)
    assert pauses[-1] == pytest.approx(5.0)


def test_a_look_comes_before_another_start() -> None:
    roster = make_roster(concurrency=1)
    start(roster)
    assert roster.next_step(0.05)[0] is PULL
    assert roster.next_step(0.2)[0] is LOOK


def test_what_could_not_be_started_is_handed_out() -> None:
    roster = make_roster()
    entry = roster.add()
    refused = Invoked(0, has_outcome=True)
    roster.note_started(entry, refused, 0.0)
    roster.drain()
    assert roster.next_step(0.0) == (HAND_OUT, refused)
    assert roster.next_step(0.0)[0] is END


def test_an_asynchronous_input_is_waited_for_once() -> None:
    roster = make_roster()
    assert roster.next_step(0.0)[0] is PULL
    roster.is_pulling = True
    assert roster.next_step(0.0) == (WAIT, NEVER)


def test_the_end_comes_when_all_were_handed_out() -> None:
    roster = make_roster()
    entry = start(roster)
    roster.drain()
    assert roster.next_step(0.0)[0] is WAIT
    assert roster.next_step(1.0) == (LOOK, entry)
    assert roster.next_step(1.0)[0] is WAIT, "a look is under way"
    roster.note_seen(entry, FINISHED, 1.0)
    assert roster.next_step(1.0)[0] is HAND_OUT
    assert roster.next_step(1.0)[0] is END


def test_the_time_of_the_caller_is_kept_and_what_ended_by_then_is_handed_out() -> None:
    roster = make_roster(deadline=2.0)
    entry = start(roster)
    roster.drain()
    assert roster.next_step(0.0) == (WAIT, pytest.approx(0.1))
    assert roster.next_step(1.0)[0] is LOOK
    assert roster.next_step(1.5) == (WAIT, 0.5)
    roster.note_seen(entry, FINISHED, 2.5)
    assert roster.next_step(2.5)[0] is HAND_OUT
    assert roster.next_step(2.5)[0] is LATE


def test_a_look_that_failed_is_repeated_until_patience_ends() -> None:
    roster = make_roster(patience_seconds=10.0)
    entry = start(roster)
    roster.drain()
    assert roster.next_step(1.0)[0] is LOOK
    assert roster.note_unseen(entry, 0.5, 1.0) is False
    assert roster.next_step(1.0) == (WAIT, pytest.approx(0.5)), "throttling waits longer"
    assert roster.next_step(2.0)[0] is LOOK
    roster.note_seen(entry, RUNNING, 2.0)
    assert roster.next_step(9.0)[0] is LOOK
    assert roster.note_unseen(entry, 0.1, 11.0) is False, "it was answered 9 s ago"
    assert roster.next_step(16.0)[0] is LOOK
    assert roster.note_unseen(entry, 0.1, 16.0) is True
    assert roster.next_step(16.0)[0] is HAND_OUT


def test_a_look_that_was_refused_for_good_ends_it() -> None:
    roster = make_roster()
    entry = start(roster)
    assert roster.next_step(1.0)[0] is LOOK
    assert roster.note_unseen(entry, None, 1.0) is True
    assert roster.unfinished == [entry.invocation]
    assert roster.next_step(1.0) == (HAND_OUT, entry.invocation)
    assert roster.unfinished == []
