"""Services of the process for every call: clocks, a random generator, and a check for a log at DEBUG."""

import time
from sys import modules

from tencentserverless._core.flow import Clock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from logging import Logger

CLOCK = Clock(time.time, time.monotonic)


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
