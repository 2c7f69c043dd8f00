"""One invocation on its way through the server, and the ids of requests."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from tencentserverless.local.outcome import Outcome


class Stopping(Exception):
    """The server is stopping; it is not known if the call ran.

    :param has_begun: False if it is known that nothing of the call ran
    """

    def __init__(self, *, has_begun: bool = True) -> None:
        super().__init__()
        self.has_begun = has_begun


@dataclass(slots=True, eq=False)
class Invocation:
    """A call between its acceptance and its outcome: it waits, or an instance runs it.

    :param nested: a function of this server made the call
    :param since: time of arrival, by the loop's clock
    :param is_interrupted: the call was interrupted; if it has not begun, it must not run
    :param ends_instance: discard the instance after this call, whatever its outcome is
    :param on_end: called once, with the outcome or with the reason why there is none
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
        """Report the result to the caller, unless that was done before."""
        if not self.is_over:
            self.is_over = True
            self.on_end(result)


_rng = Random()  # noqa: S311  # an id identifies a call, and protects nothing
os.register_at_fork(after_in_child=_rng.seed)  # or servers that are forks of one process give the same ids
_VERSION = 0x4 << 76
_VARIANT = 0x8 << 60
_KEPT = ((1 << 128) - 1) & ~(0xF << 76) & ~(0xC << 60)


def new_request_id() -> str:
    """Make a new request id in the platform's form."""
    text = f"{_rng.getrandbits(128) & _KEPT | _VERSION | _VARIANT:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
