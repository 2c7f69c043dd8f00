"""The clocks, random numbers and loggers that all calls of the process share, and the client of module-level calls.

The clocks are objects of our own. A test that freezes time replaces the functions of the module ``time`` wherever a
module holds one. Deadlines of before and after that would then be compared, and a call that has hardly begun would
count as late.
"""

import time
from functools import partial
from sys import modules

from tencentserverless import config
from tencentserverless._base.fork_lock import ForkLock
from tencentserverless._core.flow import Clock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from logging import Logger
    from typing import Any, Callable


def _make_clock(name: str, otherwise: "Callable[[], float]") -> "Callable[[], float]":
    """Make a clock of the system's, by its number, which also holds where time was frozen before this was imported.

    :param otherwise: where the system has no clocks with numbers: on Windows
    """
    read, number = getattr(time, "clock_gettime", None), getattr(time, name, None)
    return partial(otherwise) if read is None or number is None else partial(read, number)


#: UNIX seconds.
wall = _make_clock("CLOCK_REALTIME", time.time)

#: Seconds that never go back.
monotonic = _make_clock("CLOCK_MONOTONIC", time.monotonic)

CLOCK = Clock(wall, monotonic)


def roll() -> float:
    """Draw a number in [0, 1). ``random`` is imported at the first pause: that costs as much as any package of ours."""
    from random import random

    return random()  # noqa: S311  # it spreads callers; no secret depends on it


_loggers: "dict[str, Logger]" = {}


def is_logged(logger_name: str) -> bool:
    """True if the logger is at DEBUG. False if the program has not loaded ``logging``."""
    logger = _loggers.get(logger_name)
    if logger is None:
        get_logger = getattr(modules.get("logging"), "getLogger", None)  # another thread may be loading it now
        if get_logger is None:
            return False
        logger = _loggers[logger_name] = get_logger(logger_name)
    return logger.isEnabledFor(10)  # logging.DEBUG


class Ambient:
    """The client of module-level calls: one for the process, made anew when the environment changes."""

    __slots__ = ("_found", "_lock")

    def __init__(self) -> None:
        self._lock = ForkLock()
        self._found: "Any" = (None, None)  # class and environment as they were, and the client made from them

    def get(self, make: "Callable[[], Any]") -> "Any":
        """Return the client for the environment as it is now.

        :param make: the class, looked up by the caller each time: a test may have put another one in its place
        """
        snapshot = (make, config.snapshot())
        found = self._found
        return found[1] if found[0] == snapshot else self._lock.hold(self._renew, self._renew, snapshot)

    def _renew(self, snapshot: "tuple[Callable[[], Any], object]") -> "Any":
        """Make a client, unless another thread, or a signal handler during this call, has made one."""
        if self._found[0] != snapshot:
            made = snapshot[0]()
            if self._found[0] != snapshot:
                self._found = (snapshot, made)
        return self._found[1]
