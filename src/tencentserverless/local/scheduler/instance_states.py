"""The states of an instance, as a table. Integers, because each call makes two moves."""

import enum
from collections.abc import Mapping


class State(enum.IntEnum):
    """The state of an instance."""

    STARTING = 0  # its worker loads the handler
    IDLE = 1  # it can take a call
    BUSY = 2  # it runs a call; others may wait in its channel
    DRAINING = 3  # it runs its last call
    STOPPING = 4  # its process is killed, or has ended, and is not counted off yet
    STOPPED = 5  # its process is dead


class Move(enum.IntEnum):
    """A move of an instance from one state to another."""

    READY = 0  # the handler is loaded
    BEGIN = 1  # it gets a call
    BEGIN_LAST = 2  # it gets a call behind which it ends
    DONE = 3  # it has ended all its calls
    END = 4  # it is ended: idle for too long, replaced, over a limit, or by force
    EXITED = 5  # its process is dead


TRANSITIONS: Mapping[tuple[State, Move], State] = {
    (State.STARTING, Move.READY): State.IDLE,
    (State.STARTING, Move.END): State.STOPPING,
    (State.IDLE, Move.BEGIN): State.BUSY,
    (State.IDLE, Move.BEGIN_LAST): State.DRAINING,
    (State.IDLE, Move.END): State.STOPPING,
    (State.BUSY, Move.BEGIN): State.BUSY,  # of a web function, whose instance takes several requests
    (State.BUSY, Move.BEGIN_LAST): State.DRAINING,
    (State.BUSY, Move.DONE): State.IDLE,
    (State.BUSY, Move.END): State.STOPPING,
    (State.DRAINING, Move.DONE): State.STOPPING,
    (State.DRAINING, Move.END): State.STOPPING,
    (State.STOPPING, Move.DONE): State.STOPPING,
    (State.STOPPING, Move.END): State.STOPPING,
    (State.STOPPING, Move.EXITED): State.STOPPED,
    (State.STOPPED, Move.DONE): State.STOPPED,
    (State.STOPPED, Move.END): State.STOPPED,
}
