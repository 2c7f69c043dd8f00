"""What the process gives to every call: clocks, dice, and whether anybody reads a log."""

import time
from sys import modules

from tencentserverless._core.flow import Clock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

CLOCK = Clock(time.time, time.monotonic)


def roll() -> float:
    """A number in [0, 1). Loaded with the first pause: importing random costs as much as any room of ours."""
    from random import random

    return random()  # noqa: S311  # spreads callers out; nothing secret hangs on it


_loggers: "dict[str, Any]" = {}


def is_logged(room: str) -> bool:
    """Does anybody read a room's log at DEBUG? Where the program has not loaded ``logging``, nobody does."""
    logger = _loggers.get(room)
    if logger is None:
        get_logger = getattr(modules.get("logging"), "getLogger", None)  # another thread may be loading it
        if get_logger is None:
            return False
        logger = _loggers[room] = get_logger(room)
    return logger.isEnabledFor(10)  # type: ignore[no-any-return]  # logging.DEBUG
