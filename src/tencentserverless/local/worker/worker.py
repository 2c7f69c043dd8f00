"""Worker: the interface of every kind of worker, as the scheduler uses it, and the part that all kinds share."""

import asyncio
import enum
from collections.abc import Callable
from typing import Protocol

from tencentserverless.local.invocation import Invocation
from tencentserverless.local.outcome import Outcome
from tencentserverless.local.worker.output import Pipe
from tencentserverless.local.worker.process_group import Group
from tencentserverless.local.worker.time_limit import TimeLimit
from tencentserverless.local.worker.worker_states import TRANSITIONS, Move, State

OnEnd = Callable[[Invocation, Outcome | None], None]


class EndReason(enum.Enum):
    """A reason why a call gets no answer from its process."""

    EXITED = "the process has ended"
    EXPIRED = "the time is up"
    OUT_OF_MEMORY = "the process holds more memory than it may"


class Worker(Protocol):
    """A process that runs one function, one call at a time.

    :param on_end: called with every call and its outcome, or with None if nothing of it ran. Set it before the first
        call
    :param prefetched: the number of calls that wait behind the one that runs
    :param takes_keys: whether a running process can be given new temporary keys
    """

    is_alive: bool
    prefetched: int
    on_end: OnEnd
    takes_keys: bool

    @property
    def pid(self) -> int:
        """Process id of the worker, and number of its group."""

    @property
    def memory_pid(self) -> int:
        """The process whose memory counts as the function's."""

    @property
    def running_seconds(self) -> float:
        """Duration of the running call until now; 0 if no call runs."""

    async def load(self, frame: dict[str, object], timeout_seconds: float) -> Outcome | None:
        """Wait until the worker can take calls. Returns None if it is ready, else the failure."""

    def peek_output(self, limit_bytes: int) -> tuple[bytes, int]:
        """Return the end of what the running call has written so far, as far as it is known, and the size of it."""

    def begin(self, invocation: Invocation, environ: bytes, timeout_seconds: float) -> None:
        """Run the function on one event; how it ends goes to ``on_end``, later.

        :param environ: changed environment variables as a JSON object, empty for none
        """

    def prefetch(self, invocation: Invocation, environ: bytes) -> bool:
        """Hand a call over while another one runs. False if it takes none."""

    def revoke(self) -> None:
        """Take back the calls that have not begun: ``on_end`` is told, at once, that nothing of them ran."""

    def kill_out_of_memory(self) -> None:
        """End the running call, because the process is over its memory limit."""

    def kill(self) -> None:
        """Kill the process and everything in its group, at once."""

    async def wait_closed(self) -> None:
        """Wait until the process is dead and its descriptors are closed."""


class ProcessWorker:
    """The process of a worker, its state, and the call that it runs with its time limit.

    :ivar is_alive: False once the process is killed or dead
    :param expire: called when the time limit has passed
    """

    _output: Pipe

    def __init__(self, group: Group, expire: Callable[[], None]) -> None:
        self.state: State = State.LOADING
        self.is_alive: bool = True
        self.prefetched: int = 0
        self.on_end: OnEnd = _ignore
        self._group = group
        self._current: Invocation | None = None
        self._has_served = False
        self._limit = TimeLimit(expire)
        self._loop = asyncio.get_running_loop()
        self._watch = self._loop.create_task(self._see_end())

    @property
    def pid(self) -> int:
        """Process id of the worker, and number of its group."""
        return self._group.pid

    @property
    def memory_pid(self) -> int:
        """The process whose memory counts as the function's."""
        return self._group.pid

    @property
    def running_seconds(self) -> float:
        """Duration of the running call until now; 0 if no call runs."""
        return self._limit.passed_ms() / 1000 if self._current is not None else 0.0

    def peek_output(self, limit_bytes: int) -> tuple[bytes, int]:
        """Return the end of what the running call has written so far, as far as it is known, and the size of it."""
        return self._output.output.peek(limit_bytes)

    def kill(self) -> None:
        """Kill the process and everything in its group, at once."""
        self._move(Move.KILL)
        if self._group.is_led:
            self._group.kill()

    async def wait_closed(self) -> None:
        """Wait until the process is dead and its descriptors are closed."""
        await self._watch

    def _move(self, move: Move) -> None:
        """Go to a state in which the process may live no more. Moves of a call are made on the spot.

        :raises KeyError: if the table has no such move
        """
        self.state = TRANSITIONS[self.state, move]
        self.is_alive = self.state <= State.CALLING

    async def _see_end(self) -> None:
        """Wait for the death of the process, and end with it."""
        raise NotImplementedError


def _ignore(invocation: Invocation, result: Outcome | None) -> None:
    """Default callback, used until the scheduler sets ``on_end``: ignore the outcome."""
