"""The interface of every kind of worker, as the scheduler uses it."""

from collections.abc import Callable
from typing import Protocol

from tencentserverless.local.outcome import Outcome

OnEnd = Callable[[str, Outcome | None], None]


class Worker(Protocol):
    """A process that runs one function, one call at a time.

    :param on_end: called with the request id and the outcome of every call that was given to the worker, or with None
        if nothing of it ran. Set it before the first call
    :param takes_keys: true if a running process can be given new temporary keys
    """

    is_alive: bool
    on_end: OnEnd
    takes_keys: bool

    @property
    def pid(self) -> int:
        """Process id of the worker, and number of its group."""

    @property
    def prefetched(self) -> int:
        """Number of prefetched calls."""

    @property
    def running_seconds(self) -> float:
        """Duration of the running call until now; 0 if no call runs."""

    async def load(self, frame: dict[str, object], timeout_seconds: float) -> Outcome | None:
        """Wait until the worker can take calls. Returns None if it is ready, else the failure."""

    def begin(self, request_id: str, event: bytes, environ: dict[str, str], timeout_seconds: float) -> None:
        """Run the function on one event; the outcome goes to ``on_end``, later."""

    def prefetch(self, request_id: str, event: bytes, environ: dict[str, str]) -> bool:
        """Prefetch a call: send it while another call runs. Returns False if the worker does not take it."""

    def revoke(self) -> None:
        """Take back the calls that have not begun: ``on_end`` is told, at once, that nothing of them ran."""

    def kill_out_of_memory(self) -> None:
        """End the running call, because the process is over its memory limit."""

    def kill(self) -> None:
        """Kill the process and everything in its group, at once."""

    async def wait_closed(self) -> None:
        """Wait until the process is dead and its descriptors are closed."""
