"""The window of a map: what starts, what is handed out, how throttling narrows it."""

import pytest

from tencentserverless import exception
from tencentserverless._core.map_window import END, HAND_OUT, HOPELESS_TRIES, PULL, WAIT, WINDOW_FACTOR, Window
from tencentserverless._core.retry import Policy
from tencentserverless.models import InvokeResult, Verdict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def make_window(concurrency: int, is_ordered: bool = True, max_attempts: int = 3) -> "Any":
    changes = []
    window = Window(concurrency, is_ordered, Policy(max_attempts, lambda: 1.0), lambda *change: changes.append(change))
    window_changes[window] = changes
    return window


window_changes: "dict[Window, list[Any]]" = {}


def busy() -> exception.TencentServerlessSDKException:
    return exception.FunctionThrottled(-1, "no instance", status_code=432, executed=Verdict.NO)


def fill(window: Window) -> "list[Any]":
    entries = []
    while window.next_step() == PULL:
        entries.append(window.add())
    return entries


def test_as_many_start_as_may_be_under_way():
    window = make_window(3)
    assert len(fill(window)) == 3
    assert window.next_step() == WAIT


def test_an_ordered_window_hands_out_in_order():
    window = make_window(3)
    first, second, third = fill(window)
    window.note_ended(third, InvokeResult("3"))
    window.note_ended(second, InvokeResult("2"))
    assert not window.has_outcome
    window.note_ended(first, InvokeResult("1"))
    window.drain()
    handed = []
    while window.next_step() == HAND_OUT:
        handed.append(window.take_outcome())
    assert handed == [first, second, third]
    assert window.next_step() == END


def test_another_window_hands_out_as_they_end():
    window = make_window(2, is_ordered=False)
    first, second = fill(window)
    window.note_ended(second, InvokeResult())
    assert window.take_outcome() is second
    assert first.outcome is None


def test_what_waits_for_its_turn_is_bounded():
    window = make_window(2)
    head, *others = fill(window)
    while others:
        for entry in others:
            window.note_ended(entry, InvokeResult())
        others = fill(window)
    assert window.pulled == WINDOW_FACTOR * 2
    window.note_ended(head, InvokeResult())
    assert window.count_ended() == window.pulled


def test_throttling_halves_the_limit_once_a_round_and_success_restores_it():
    window = make_window(8)
    entries = fill(window)
    pauses = [entry.decide(busy(), False, 1, 100.0) for entry in entries]
    assert all(pauses)
    assert window.limit == 4
    assert window.throttled == 8
    assert entries[0].decide(busy(), False, 2, 100.0)
    assert window.limit == 2
    assert not window.has_room
    for entry in entries:
        window.note_ended(entry, InvokeResult())
    while window.limit < 8:
        for entry in fill(window):
            window.note_ended(entry, InvokeResult())
        while window.has_outcome:
            window.take_outcome()
    changes = [(before, after) for _, before, after in window_changes[window]]
    assert changes == [(8, 4), (4, 2), (8, 8)]


def test_a_throttled_call_waits_without_the_clients_budget_while_others_get_through():
    window = make_window(2)
    poor, other = fill(window)
    window.policy.budget.tokens = 0.0
    for tries in range(1, 100):
        pause = poor.decide(busy(), False, tries, 100.0)
        assert pause is not None
        assert 0 < pause <= 5.0
    window.note_ended(other, InvokeResult())
    assert poor.decide(busy(), False, 100, 100.0) is not None


def test_it_is_given_up_where_none_gets_through():
    window = make_window(2)
    entries = fill(window)
    for entry in entries:
        assert entry.decide(busy(), False, 1, 100.0)
    assert entries[0].decide(busy(), False, HOPELESS_TRIES - 1, 100.0)
    assert entries[0].decide(busy(), False, HOPELESS_TRIES, 100.0) is None


def test_it_never_waits_beyond_its_deadline():
    window = make_window(1)
    (entry,) = fill(window)
    assert entry.decide(busy(), False, 5, 0.1) is None


def test_who_wants_one_attempt_gets_one():
    window = make_window(1, max_attempts=1)
    (entry,) = fill(window)
    assert entry.decide(busy(), False, 1, 100.0) is None


def test_a_refusal_that_proves_nothing_is_not_repeated():
    window = make_window(1)
    (entry,) = fill(window)
    error = busy()
    error.executed = Verdict.MAYBE
    assert entry.decide(error, False, 1, 100.0) is None
    assert entry.may_have_run


@pytest.mark.parametrize(("is_idempotent", "is_repeated"), [(False, False), (True, True)])
def test_other_errors_are_the_clients_policys(is_idempotent, is_repeated):
    window = make_window(4)
    entry = fill(window)[0]
    error = exception.NetworkError("ClientNetworkError", "lost", executed=Verdict.MAYBE)
    assert (entry.decide(error, is_idempotent, 1, 100.0) is not None) is is_repeated
    assert window.limit == 4
