"""The table of a worker's states: a dead one stays dead, whatever is still asked of it."""

from tencentserverless.local.worker.worker_states import TRANSITIONS, Move, State


def test_every_worker_can_be_killed_and_dies_once():
    assert {state for state, move in TRANSITIONS if move is Move.KILL} == set(State)
    assert {state for state, move in TRANSITIONS if move is Move.EXITED} == set(State) - {State.ENDED}
    assert {after for (_, move), after in TRANSITIONS.items() if move is Move.EXITED} == {State.ENDED}


def test_a_killed_or_dead_worker_stays_so_whatever_comes_late():
    for move in (Move.LOADED, Move.BEGIN, Move.ANSWERED, Move.KILL):
        assert TRANSITIONS[State.ENDING, move] is State.ENDING
        assert TRANSITIONS[State.ENDED, move] is State.ENDED


def test_a_worker_runs_one_call_after_the_other():
    state = TRANSITIONS[State.LOADING, Move.LOADED]
    for _ in range(2):
        state = TRANSITIONS[state, Move.BEGIN]
        assert state is State.CALLING
        assert (state, Move.BEGIN) not in TRANSITIONS
        state = TRANSITIONS[state, Move.ANSWERED]
        assert state is State.READY
