"""One call, as the scheduler sees it."""

from collections.abc import Callable
from dataclasses import dataclass

from tencentserverless.local.worker.outcome import Outcome


class Stopping(Exception):
    """The server is stopping; whether the call ran is not known.

    :param has_begun: False if it is known that nothing of the call ran
    """

    def __init__(self, *, has_begun: bool = True) -> None:
        super().__init__()
        self.has_begun = has_begun


@dataclass(slots=True, eq=False)
class Job:
    """A call on its way: it waits, or an instance runs it.

    :param nested: a function of this server made it
    :param since: when it came, by the loop's clock
    :param is_interrupted: it was to end; if nothing of it has run, nothing does
    :param ends_instance: whatever comes of it, its instance is discarded
    :param on_end: called once, with the outcome or with why there is none
    """

    request_id: str
    event: bytes
    nested: bool
    since: float
    on_end: Callable[[Outcome | Exception], None]
    ends_instance: bool = False
    is_over: bool = False
    is_interrupted: bool = False

    def end(self, result: Outcome | Exception) -> None:
        """Tell whoever waits, if nobody has yet."""
        if not self.is_over:
            self.is_over = True
            self.on_end(result)
