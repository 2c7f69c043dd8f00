"""The table of an event's states: every event can come to an end, and none goes on after it."""

from tencentserverless.local.registry.event_states import ENDED, TRANSITIONS, Move, State, at_restart


def test_no_end_is_left_and_every_other_state_has_a_way_to_one():
    assert {state for state, _ in TRANSITIONS} == set(State) - ENDED
    reached = set(ENDED)
    for _ in State:
        reached |= {state for (state, _), after in TRANSITIONS.items() if after in reached}
    assert reached == set(State)
    assert (at_restart(is_traced=False), at_restart(is_traced=True)) == (Move.RETURN, Move.CUT_OFF)


def test_whatever_happens_to_an_event_that_was_terminated_it_is_not_run_again():
    after = {after for (state, _), after in TRANSITIONS.items() if state is State.TERMINATING}
    assert after == {State.TERMINATING, State.SUCCEEDED, State.ABORTED}
    ends = set(Move) - {Move.START, Move.DUE}
    assert {move for state, move in TRANSITIONS if state is State.TERMINATING} == ends
