"""Decides on the next step of an asynchronous invocation after an attempt, pure.

Source: cloud.tencent.com/document/product/583/43732 (error types and retry strategy): after an error of the function, a
limited number of retries, a minute apart; after a lack of capacity or a failure of the platform, an attempt every
minute until the event is too old. A function whose folder is away for a while is treated like such a failure here; the
platform has no such state.
"""

import enum
from dataclasses import dataclass

from tencentserverless.local.outcome import OVER_BURST, OVER_QUOTA, SUCCESS
from tencentserverless.local.registry.function_version import AsyncConfig

RETRY_SECONDS = 60.0
INTERNAL_ERROR = 500
NOT_FOUND = 435  # document/product/583/42611: there is no such function, or no such version of it
_NO_ROOM = frozenset((OVER_BURST, OVER_QUOTA, INTERNAL_ERROR))


class RetryDecision(enum.Enum):
    """The decision on an event after an attempt."""

    DONE = "the function returned"
    RETRY = "it is run again, a minute later"
    DEAD = "it goes to the dead letters"


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt that has ended.

    :param status: 0, or the platform's status code
    :param failures: attempts that ended in an error of the function, including this one
    :param age_seconds: time since the event was accepted
    :param is_away: nothing was attempted: the folder of the function is missing at the moment
    """

    status: int
    failures: int
    age_seconds: float
    is_away: bool = False


def counts_as_failure(status: int) -> bool:
    """True if an attempt was an error of the function."""
    return status != SUCCESS and status not in _NO_ROOM


def decide(ended: Attempt, config: AsyncConfig) -> RetryDecision:
    """Decide on the event after this attempt."""
    if ended.status == SUCCESS:
        return RetryDecision.DONE
    if ended.age_seconds + RETRY_SECONDS > config.ttl_seconds:
        return RetryDecision.DEAD
    if ended.is_away or ended.status in _NO_ROOM or ended.failures <= config.retries:
        return RetryDecision.RETRY
    return RetryDecision.DEAD
