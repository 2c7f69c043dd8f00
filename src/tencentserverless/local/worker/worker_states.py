"""The states of a worker, as a table, for every kind of worker. Integers, because each call makes two moves."""

import enum
from collections.abc import Mapping


class State(enum.IntEnum):
    """The state of a worker. Up to CALLING its process lives, as far as is known."""

    LOADING = 0  # it loads the handler
    READY = 1  # it can take a call
    CALLING = 2  # it runs a call
    ENDING = 3  # it is killed; what it has answered before still counts
    ENDED = 4  # its process is dead


class Move(enum.IntEnum):
    """A move of a worker from one state to another."""

    LOADED = 0
    BEGIN = 1  # it gets a call
    ANSWERED = 2  # the call has ended, or was taken back
    KILL = 3
    EXITED = 4


TRANSITIONS: Mapping[tuple[State, Move], State] = {
    (State.LOADING, Move.LOADED): State.READY,
    (State.LOADING, Move.KILL): State.ENDING,
    (State.LOADING, Move.EXITED): State.ENDED,
    (State.READY, Move.BEGIN): State.CALLING,
    (State.READY, Move.KILL): State.ENDING,
    (State.READY, Move.EXITED): State.ENDED,
    (State.CALLING, Move.ANSWERED): State.READY,
    (State.CALLING, Move.KILL): State.ENDING,
    (State.CALLING, Move.EXITED): State.ENDED,
    (State.ENDING, Move.LOADED): State.ENDING,
    (State.ENDING, Move.BEGIN): State.ENDING,  # it was killed in the moment of the call: nothing of it runs
    (State.ENDING, Move.ANSWERED): State.ENDING,
    (State.ENDING, Move.KILL): State.ENDING,
    (State.ENDING, Move.EXITED): State.ENDED,
    (State.ENDED, Move.LOADED): State.ENDED,
    (State.ENDED, Move.BEGIN): State.ENDED,
    (State.ENDED, Move.ANSWERED): State.ENDED,
    (State.ENDED, Move.KILL): State.ENDED,
}
