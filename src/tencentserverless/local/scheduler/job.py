"""One call, as the scheduler sees it."""

import asyncio
from dataclasses import dataclass

from tencentserverless.local.worker.outcome import Outcome


@dataclass(slots=True, eq=False)
class Job:
    """A call on its way: it waits, or an instance runs it. Its future ends in the outcome.

    :param nested: a function of this server made it
    :param since: when it came, by the loop's clock
    """

    request_id: str
    event: bytes
    nested: bool
    since: float
    future: "asyncio.Future[Outcome]"

    def end(self, outcome: Outcome) -> None:
        """Tell whoever waits, if anybody still does."""
        if not self.future.done():
            self.future.set_result(outcome)

    def fail(self, error: Exception) -> None:
        """The call has no outcome."""
        if not self.future.done():
            self.future.set_exception(error)
