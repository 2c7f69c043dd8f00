"""A signal handler of a test's own, and alarms that call it in the middle of what runs."""

import gc
import signal
from contextlib import contextmanager

import pytest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Iterator

needs_alarm = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this system has no alarms")


@contextmanager
def on_alarm(handler: "Callable[..., Any]") -> "Iterator[Callable[[float], Any]]":
    """Gives a function that has an alarm ring after so many seconds, for ``handler`` to hear.

    The garbage collector rests meanwhile: Python drops errors of handlers in the middle of its callbacks.
    """
    timer = signal.getitimer(signal.ITIMER_REAL)  # pytest-timeout's
    collects = gc.isenabled()
    before = signal.signal(signal.SIGALRM, handler)
    gc.disable()
    try:
        yield lambda seconds: signal.setitimer(signal.ITIMER_REAL, seconds)
    finally:
        signal.signal(signal.SIGALRM, _be_quiet)  # one more may have rung by now
        if collects:
            gc.enable()
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        signal.setitimer(signal.ITIMER_REAL, *timer)


def _be_quiet(*_: object) -> None:
    """Hear nothing."""
