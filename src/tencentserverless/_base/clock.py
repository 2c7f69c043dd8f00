"""The two clocks of the SDK, which all its parts share.

They are objects of our own. A test that freezes time replaces the functions of the module ``time`` wherever a module
holds one. Deadlines of before and after that would then be compared, and a call that has hardly begun would count as
late.
"""

import time
from functools import partial

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable


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
