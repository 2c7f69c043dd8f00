"""The states of an asynchronous invocation, as a table.

Pure: ``event_tables`` stores the state and checks moves in SQL.

An ``Event`` ends in SUCCEEDED, DEAD (given up: it gets a dead letter) or ABORTED. One of a function with AsyncRunEnable
is never run again: it ends in SUCCEEDED, FAILED or ABORTED.
"""

import enum
from collections.abc import Mapping


class State(enum.Enum):
    """The state of an event. The database holds the values."""

    QUEUED = "QUEUED"  # accepted, or due again: nothing of it runs
    RUNNING = "RUNNING"  # taken out of the queue: an instance runs it, or it waits for an instance
    # an attempt has failed, or was not possible; the event is queued again when it is due
    WAITING_RETRY = "WAITING_RETRY"
    TERMINATING = "TERMINATING"  # TerminateAsyncEvent came while it was RUNNING
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"  # AsyncRunEnable: its only run has failed
    DEAD = "DEAD"  # given up; it stays in the database until its dead letter is written
    ABORTED = "ABORTED"  # terminated, or, with AsyncRunEnable, cut off by the end of the server


class Move(enum.Enum):
    """A move of an event from one state to another."""

    START = "it is taken out of the queue to be run"
    SUCCEED = "the function has returned"
    RETRY = "a try has failed; it is tried again"
    GIVE_UP = "the last try has failed"
    FAIL = "its only run has failed"
    DUE = "it is time for the next try"
    TERMINATE = "TerminateAsyncEvent"
    RETURN = "the server stops, or has ended: it is run by the next one"
    CUT_OFF = "the server stops, or has ended, while it runs: it is not run again"


TRANSITIONS: Mapping[tuple[State, Move], State] = {
    (State.QUEUED, Move.START): State.RUNNING,
    (State.QUEUED, Move.TERMINATE): State.ABORTED,
    (State.RUNNING, Move.SUCCEED): State.SUCCEEDED,
    (State.RUNNING, Move.RETRY): State.WAITING_RETRY,
    (State.RUNNING, Move.GIVE_UP): State.DEAD,
    (State.RUNNING, Move.FAIL): State.FAILED,
    (State.RUNNING, Move.TERMINATE): State.TERMINATING,
    (State.RUNNING, Move.RETURN): State.QUEUED,
    (State.RUNNING, Move.CUT_OFF): State.ABORTED,
    (State.WAITING_RETRY, Move.DUE): State.QUEUED,
    (State.WAITING_RETRY, Move.TERMINATE): State.ABORTED,
    (State.TERMINATING, Move.TERMINATE): State.TERMINATING,  # first asked by SIGTERM, then killed
    (State.TERMINATING, Move.SUCCEED): State.SUCCEEDED,
    (State.TERMINATING, Move.RETRY): State.ABORTED,
    (State.TERMINATING, Move.GIVE_UP): State.ABORTED,
    (State.TERMINATING, Move.FAIL): State.ABORTED,
    (State.TERMINATING, Move.RETURN): State.ABORTED,
    (State.TERMINATING, Move.CUT_OFF): State.ABORTED,
}
ENDED = frozenset((State.SUCCEEDED, State.FAILED, State.DEAD, State.ABORTED))


def at_restart(is_traced: bool) -> Move:
    """Return the move of an event that was RUNNING when its server ended.

    :param is_traced: its function has AsyncRunEnable
    """
    return Move.CUT_OFF if is_traced else Move.RETURN
