"""The table of an instance's states: each can be ended, and an ended one takes no call."""

from tencentserverless.local.scheduler.instance_states import TRANSITIONS, Move, State


def test_every_instance_can_be_ended_and_comes_to_its_end():
    assert {state for state, move in TRANSITIONS if move is Move.END} == set(State)
    assert {after for (_, move), after in TRANSITIONS.items() if move is Move.END} == {State.STOPPING, State.STOPPED}
    assert [state for (state, move) in TRANSITIONS if move is Move.EXITED] == [State.STOPPING]


def test_one_that_has_not_had_its_last_call_takes_a_call_and_the_last_one_ends_it():
    taking = {state for state, move in TRANSITIONS if move in (Move.BEGIN, Move.BEGIN_LAST)}
    assert taking == {State.IDLE, State.BUSY}  # a busy one beside others, if it is a web function's
    assert TRANSITIONS[State.BUSY, Move.BEGIN] is State.BUSY
    assert TRANSITIONS[State.BUSY, Move.BEGIN_LAST] is State.DRAINING
    assert TRANSITIONS[TRANSITIONS[State.IDLE, Move.BEGIN], Move.DONE] is State.IDLE
    assert TRANSITIONS[TRANSITIONS[State.IDLE, Move.BEGIN_LAST], Move.DONE] is State.STOPPING


def test_what_ends_late_is_no_error():
    for state in (State.BUSY, State.DRAINING, State.STOPPING, State.STOPPED):
        assert (state, Move.DONE) in TRANSITIONS
