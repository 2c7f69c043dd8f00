"""What every kind of worker can do, whatever runs in it: what the scheduler knows of one."""

from collections.abc import Callable
from typing import Protocol

from tencentserverless.local.worker.outcome import Outcome

OnEnd = Callable[[Outcome | None], None]


class Runner(Protocol):
    """A process that runs one function, one call at a time.

    :param on_end: called with the outcome of every call that ``begin`` began, or with None if nothing ran because the
        process had died since its last call. Set it before the first call
    :param takes_keys: whether a running process can be given new temporary keys
    """

    is_alive: bool
    on_end: OnEnd
    takes_keys: bool

    @property
    def pid(self) -> int:
        """Of the process, which leads a group of the same number."""

    async def load(self, frame: dict[str, object], timeout_seconds: float) -> Outcome | None:
        """Wait until it can take calls. None when it is ready, else what went wrong."""

    def begin(self, request_id: str, event: bytes, environ: dict[str, str], timeout_seconds: float) -> None:
        """Run the function on one event; how it ends goes to ``on_end``, later."""

    def overflow(self) -> None:
        """The process holds more memory than it may: its call ends in that."""

    def kill(self) -> None:
        """End the process and everything in its group, at once."""

    async def wait_closed(self) -> None:
        """Wait until the process is dead and its descriptors are closed."""
