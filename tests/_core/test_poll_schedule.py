"""What a spawn_map does next, step by step: no clock, no thread and no service is needed."""

import pytest

from tencentserverless._core import poll_schedule as core
from tencentserverless._core.invocation_records import PollResult
from tencentserverless._core.poll_schedule import END, HAND_OUT, LATE, NEVER, POLL, PULL, WAIT, PollSchedule
from tencentserverless.models import InvocationStatus, InvokeResult

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

RUNNING = PollResult(InvocationStatus.RUNNING, None)
FINISHED = PollResult(InvocationStatus.FINISHED, InvokeResult("1"))


class Invoked:
    """An invocation, as far as a schedule knows it."""

    def __init__(self, position: int, has_outcome: bool = False) -> None:
        self.position = position
        self.has_outcome = has_outcome


def make_schedule(concurrency: int = 4, window: int = 100, rate: float = 10.0, **options: "Any") -> PollSchedule:
    facts: "dict[str, Any]" = {"patience_seconds": 60.0, "deadline": NEVER, "rng": lambda: 1.0}
    return PollSchedule(concurrency, window, rate, **dict(facts, **options))


def start(schedule: PollSchedule, now: float = 0.0) -> core.SpawnedInput:
    entry = schedule.add()
    schedule.note_started(entry, Invoked(entry.position), now)
    return entry


def test_no_more_is_under_way_than_was_asked_for() -> None:
    schedule = make_schedule(concurrency=2)
    entries = []
    while schedule.next_step(0.0)[0] is PULL:
        entries.append(schedule.add())
    assert len(entries) == 2
    assert schedule.next_step(0.0) == (WAIT, NEVER)
    schedule.note_started(entries[0], Invoked(0), 0.0)
    assert schedule.next_step(0.0)[0] is PULL


def test_inputs_wait_while_the_window_is_full() -> None:
    schedule = make_schedule(window=3)
    while schedule.next_step(0.0)[0] is PULL:
        start(schedule)
    assert schedule.pulled == 3
    step, entry = schedule.next_step(1.0)
    assert step is POLL
    schedule.note_polled(entry, FINISHED, 1.0)
    step, invocation = schedule.next_step(1.0)
    assert (step, invocation.position) == (HAND_OUT, entry.position)
    assert schedule.next_step(1.0)[0] is PULL


def test_polls_keep_their_distance_over_all_invocations_and_the_longest_waiting_comes_first() -> None:
    schedule = make_schedule(concurrency=100, rate=10.0)
    for _ in range(50):
        start(schedule)
    schedule.drain()
    now, polled, at = 1.0, [], []
    while len(polled) < 50:
        step, about = schedule.next_step(now)
        if step is POLL:
            polled.append(about.position)
            at.append(now)
            schedule.note_polled(about, RUNNING, now)
        else:
            assert step is WAIT
            assert about > 0
            now += about
    assert polled == list(range(50))
    assert all(later - earlier > 0.0999 for earlier, later in zip(at, at[1:]))


def test_an_invocation_is_polled_ever_more_rarely() -> None:
    schedule = make_schedule(rate=1000.0)
    start(schedule)
    schedule.drain()
    now, pauses = 0.0, []
    for _ in range(15):
        step, seconds = schedule.next_step(now)
        assert step is WAIT
        pauses.append(seconds)
        now += seconds
        step, entry = schedule.next_step(now)
        assert step is POLL
        schedule.note_polled(entry, RUNNING, now)
    assert pauses[0] == pytest.approx(0.1)
    assert pauses[-1] == pytest.approx(5.0)


def test_a_poll_comes_before_another_start() -> None:
    schedule = make_schedule(concurrency=1)
    start(schedule)
    assert schedule.next_step(0.05)[0] is PULL
    assert schedule.next_step(0.2)[0] is POLL


def test_what_could_not_be_started_is_handed_out() -> None:
    schedule = make_schedule()
    entry = schedule.add()
    refused = Invoked(0, has_outcome=True)
    schedule.note_started(entry, refused, 0.0)
    schedule.drain()
    assert schedule.next_step(0.0) == (HAND_OUT, refused)
    assert schedule.next_step(0.0)[0] is END


def test_an_asynchronous_input_is_waited_for_once() -> None:
    schedule = make_schedule()
    assert schedule.next_step(0.0)[0] is PULL
    schedule.is_pulling = True
    assert schedule.next_step(0.0) == (WAIT, NEVER)


def test_the_end_comes_when_all_were_handed_out() -> None:
    schedule = make_schedule()
    entry = start(schedule)
    schedule.drain()
    assert schedule.next_step(0.0)[0] is WAIT
    assert schedule.next_step(1.0) == (POLL, entry)
    assert schedule.next_step(1.0)[0] is WAIT, "a poll is under way"
    schedule.note_polled(entry, FINISHED, 1.0)
    assert schedule.next_step(1.0)[0] is HAND_OUT
    assert schedule.next_step(1.0)[0] is END


def test_the_time_of_the_caller_is_kept_and_what_ended_by_then_is_handed_out() -> None:
    schedule = make_schedule(deadline=2.0)
    entry = start(schedule)
    schedule.drain()
    assert schedule.next_step(0.0) == (WAIT, pytest.approx(0.1))
    assert schedule.next_step(1.0)[0] is POLL
    assert schedule.next_step(1.5) == (WAIT, 0.5)
    schedule.note_polled(entry, FINISHED, 2.5)
    assert schedule.next_step(2.5)[0] is HAND_OUT
    assert schedule.next_step(2.5)[0] is LATE


def test_a_poll_that_failed_is_repeated_until_patience_ends() -> None:
    schedule = make_schedule(patience_seconds=10.0)
    entry = start(schedule)
    schedule.drain()
    assert schedule.next_step(1.0)[0] is POLL
    assert schedule.note_poll_failed(entry, 0.5, 1.0) is False
    assert schedule.next_step(1.0) == (WAIT, pytest.approx(0.5)), "throttling waits longer"
    assert schedule.next_step(2.0)[0] is POLL
    schedule.note_polled(entry, RUNNING, 2.0)
    assert schedule.next_step(9.0)[0] is POLL
    assert schedule.note_poll_failed(entry, 0.1, 11.0) is False, "it was answered 9 s ago"
    assert schedule.next_step(16.0)[0] is POLL
    assert schedule.note_poll_failed(entry, 0.1, 16.0) is True
    assert schedule.next_step(16.0)[0] is HAND_OUT


def test_a_poll_that_failed_is_repeated_no_sooner_than_the_server_asks() -> None:
    schedule = make_schedule()
    entry = start(schedule)
    schedule.drain()
    assert schedule.next_step(1.0)[0] is POLL
    assert schedule.note_poll_failed(entry, 0.1, 1.0, 7.0) is False
    assert schedule.next_step(1.0) == (WAIT, pytest.approx(7.0))


def test_a_poll_that_was_refused_for_good_ends_it() -> None:
    schedule = make_schedule()
    entry = start(schedule)
    assert schedule.next_step(1.0)[0] is POLL
    assert schedule.note_poll_failed(entry, None, 1.0) is True
    assert schedule.unfinished == [entry.invocation]
    assert schedule.next_step(1.0) == (HAND_OUT, entry.invocation)
    assert schedule.unfinished == []
