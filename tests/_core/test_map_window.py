"""The window of a map: what starts, what is handed out, how throttling narrows it."""

import pytest

from tencentserverless import exception
from tencentserverless._core.flow import Exchange, Stopped
from tencentserverless._core.map_window import (
    END,
    HAND_OUT,
    HOPELESS_TRIES,
    PULL,
    WAIT,
    WINDOW_FACTOR,
    MapPolicy,
    Window,
)
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


def fill_and_call(window: Window) -> "tuple[list[Any], list[MapPolicy]]":
    """The inputs that start, and the policies of their calls, which begin now."""
    entries = fill(window)
    return entries, [MapPolicy(window, entry) for entry in entries]


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
    entries, policies = fill_and_call(window)
    pauses = [policy.decide(busy(), False, 1, 100.0) for policy in policies]
    assert all(pauses)
    assert window.limit == 4
    assert window.throttled == 8
    assert policies[0].decide(busy(), False, 2, 100.0)
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
    (_, other), (poor, _) = fill_and_call(window)
    window.policy.budget.tokens = 0.0
    for tries in range(1, 100):
        pause = poor.decide(busy(), False, tries, 100.0)
        assert pause is not None
        assert 0 < pause <= 5.0
    window.note_ended(other, InvokeResult())
    assert poor.decide(busy(), False, 100, 100.0) is not None


def test_a_throttled_call_waits_as_long_as_the_server_asks():
    window = make_window(2)
    _, (poor, _) = fill_and_call(window)
    error = busy()
    error.retry_after_seconds = 9.0
    assert poor.decide(error, False, 1, 100.0) == 9.0
    assert poor.decide(error, False, 2, 9.0) is None


def test_it_is_given_up_where_none_gets_through():
    window = make_window(2)
    _, policies = fill_and_call(window)
    for policy in policies:
        assert policy.decide(busy(), False, 1, 100.0)
    assert policies[0].decide(busy(), False, HOPELESS_TRIES - 1, 100.0)
    assert policies[0].decide(busy(), False, HOPELESS_TRIES, 100.0) is None


def test_it_never_waits_beyond_its_deadline():
    window = make_window(1)
    _, (policy,) = fill_and_call(window)
    assert policy.decide(busy(), False, 5, 0.1) is None


def test_who_wants_one_attempt_gets_one():
    window = make_window(1, max_attempts=1)
    _, (policy,) = fill_and_call(window)
    assert policy.decide(busy(), False, 1, 100.0) is None


def test_a_refusal_that_proves_nothing_is_not_repeated():
    window = make_window(1)
    (entry,), (policy,) = fill_and_call(window)
    error = busy()
    error.executed = Verdict.MAYBE
    assert policy.decide(error, False, 1, 100.0) is None
    assert entry.may_have_run


@pytest.mark.parametrize(("is_idempotent", "is_repeated"), [(False, False), (True, True)])
def test_other_errors_are_the_clients_policys(is_idempotent, is_repeated):
    window = make_window(4)
    policy = fill_and_call(window)[1][0]
    error = exception.NetworkError("ClientNetworkError", "lost", executed=Verdict.MAYBE)
    assert (policy.decide(error, is_idempotent, 1, 100.0) is not None) is is_repeated
    assert window.limit == 4


def test_a_success_of_a_map_refills_the_clients_budget():
    window = make_window(1)
    window.policy.budget.tokens = 1.0
    _, (policy,) = fill_and_call(window)
    policy.budget.refill()
    assert window.policy.budget.tokens == pytest.approx(1.1)


def begin(window):
    """An input whose request was built, its policy, and the request."""
    (entry,), (policy,) = fill_and_call(window)
    exchange = Exchange("host", b"", 1.0, "Invoke")
    assert (entry.exchange, entry.has_begun) == (None, False)
    policy.begin(exchange)
    assert (entry.exchange, entry.has_begun) == (exchange, True)
    return entry, policy, exchange


@pytest.mark.parametrize(("has_handed_over", "may_run"), [(None, False), (False, False), (True, True)])
def test_an_input_may_be_running_once_its_request_may_have_left(has_handed_over, may_run):
    entry, _, exchange = begin(make_window(1))
    assert not entry.may_be_running
    exchange.connection = has_handed_over if has_handed_over is None else Carrier(has_handed_over)
    assert entry.may_be_running is may_run


class Carrier:
    """Stands for the connection that carries a request."""

    def __init__(self, has_handed_over):
        self.has_handed_over = has_handed_over


def test_nothing_is_sent_once_the_map_is_stopped():
    window = make_window(1)
    _, (policy,) = fill_and_call(window)
    window.is_stopped = True
    with pytest.raises(Stopped):
        policy.begin(Exchange("host", b"", 1.0, "Invoke"))


@pytest.mark.parametrize("executed", [Verdict.NO, Verdict.MAYBE])
def test_nothing_is_tried_again_once_the_map_is_stopped(executed):
    window = make_window(1)
    entry, policy, _ = begin(window)
    window.is_stopped = True
    error = exception.NetworkError("ClientNetworkError", "lost", executed=executed)
    with pytest.raises(Stopped):
        policy.decide(error, True, 1, 100.0)
    assert entry.may_have_run is (executed is Verdict.MAYBE)
    assert policy.decide(error, True, 3, 100.0) is None, "that was the last try anyway, and its error is the outcome"


@pytest.mark.parametrize("may_have_left", [True, False])
def test_an_input_that_is_given_up_notes_whether_its_request_may_have_left(may_have_left):
    window = make_window(1)
    entry, _, exchange = begin(window)
    exchange.may_have_left = may_have_left
    assert entry.may_have_run is may_have_left
    window.note_given_up(entry)
    assert (entry.may_have_run, entry.exchange) == (may_have_left, None)


def test_an_outcome_is_taken_at_once_where_nothing_else_may_start():
    window = make_window(2)
    first, second = fill(window)
    assert window.take_at_once() is None
    window.note_ended(first, InvokeResult("1"))
    assert window.take_at_once() is None, "there is room for another input"
    fill(window)
    assert window.take_at_once() is first
    window.drain()
    window.note_ended(second, InvokeResult("2"))
    assert window.take_at_once() is second
    assert window.take_at_once() is None
