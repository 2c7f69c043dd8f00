"""What every kind of worker can do, whatever runs in it: what the scheduler knows of one."""

from collections.abc import Callable
from typing import Protocol

from tencentserverless.local.outcome import Outcome

OnEnd = Callable[[str, Outcome | None], None]


class Worker(Protocol):
    """A process that runs one function, one call at a time.

    :param on_end: called with the request id and the outcome of every call that was handed over, or with None if
        nothing of it ran. Set it before the first call
    :param takes_keys: whether a running process can be given new temporary keys
    """

    is_alive: bool
    on_end: OnEnd
    takes_keys: bool

    @property
    def pid(self) -> int:
        """Of the process, which leads a group of the same number."""

    @property
    def queued(self) -> int:
        """Calls that were handed over and wait for the one that runs."""

    @property
    def running_seconds(self) -> float:
        """How long the call that it runs has taken until now; 0 if it runs none."""

    async def load(self, frame: dict[str, object], timeout_seconds: float) -> Outcome | None:
        """Wait until it can take calls. None when it is ready, else what went wrong."""

    def begin(self, request_id: str, event: bytes, environ: dict[str, str], timeout_seconds: float) -> None:
        """Run the function on one event; how it ends goes to ``on_end``, later."""

    def queue(self, request_id: str, event: bytes, environ: dict[str, str]) -> bool:
        """Hand a call over while another one runs. False if it takes none."""

    def revoke(self) -> None:
        """Take back what it has not begun: ``on_end`` is told, at once, that nothing of it ran."""

    def kill_out_of_memory(self) -> None:
        """The process holds more memory than it may: its call ends in that."""

    def kill(self) -> None:
        """End the process and everything in its group, at once."""

    async def wait_closed(self) -> None:
        """Wait until the process is dead and its descriptors are closed."""
