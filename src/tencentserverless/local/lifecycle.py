"""The life of a server, as a table of states. One object, which every service asks whether the server is stopping."""

import enum
from collections.abc import Mapping


class Phase(enum.Enum):
    """The phase of a server's life."""

    STARTING = "it opens its services; no call can come"
    SERVING = "calls come"
    DRAINING = "calls that run may end; new ones are refused, and no instance or task is started"
    STOPPED = "nothing runs any more"


class Move(enum.Enum):
    """A move of a server from one phase to another."""

    LISTEN = "its listeners are open"
    STOP = "a signal, or a failed start"
    END = "every instance is dead"


TRANSITIONS: Mapping[tuple[Phase, Move], Phase] = {
    (Phase.STARTING, Move.LISTEN): Phase.SERVING,
    (Phase.STARTING, Move.STOP): Phase.DRAINING,
    (Phase.SERVING, Move.STOP): Phase.DRAINING,
    (Phase.DRAINING, Move.LISTEN): Phase.DRAINING,  # a signal came meanwhile
    (Phase.DRAINING, Move.STOP): Phase.DRAINING,  # a second signal
    (Phase.DRAINING, Move.END): Phase.STOPPED,
    (Phase.STOPPED, Move.STOP): Phase.STOPPED,
    (Phase.STOPPED, Move.END): Phase.STOPPED,
}


class Lifecycle:
    """The phase of one server.

    :ivar is_stopping: True from the first ``stop`` on
    """

    def __init__(self) -> None:
        self.phase: Phase = Phase.STARTING
        self.is_stopping: bool = False

    def listen(self) -> None:
        """The listeners are open."""
        self._move(Move.LISTEN)

    def stop(self) -> None:
        """Stop the server; calls that run may end."""
        self._move(Move.STOP)

    def end(self) -> None:
        """Every instance is dead."""
        self._move(Move.END)

    def _move(self, move: Move) -> None:
        found = TRANSITIONS.get((self.phase, move))
        if found is None:
            raise LookupError(f"a server that is {self.phase.name} can't make the move {move.name}")
        self.phase = found
        self.is_stopping = found in (Phase.DRAINING, Phase.STOPPED)
