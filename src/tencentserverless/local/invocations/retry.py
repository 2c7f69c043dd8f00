"""What becomes of an asynchronous invocation after a try, pure.

Source: cloud.tencent.com/document/product/583/43732 (error types and retry strategy): after an error of the function so
many retries, a minute apart; where there was no room, or the platform failed, a try every minute until the event is
too old. A function whose folder is away for a while, which the platform does not know, is such a failure here.
"""

import enum
from dataclasses import dataclass

from tencentserverless.local.outcome import OVER_BURST, OVER_QUOTA, SUCCESS
from tencentserverless.local.registry.records import AsyncConfig

RETRY_SECONDS = 60.0
INTERNAL_ERROR = 500
NOT_FOUND = 435  # document/product/583/42611: there is no such function, or no such version of it
_NO_ROOM = frozenset((OVER_BURST, OVER_QUOTA, INTERNAL_ERROR))


class RetryDecision(enum.Enum):
    """What becomes of an event."""

    DONE = "the function returned"
    RETRY = "it is run again, a minute later"
    DEAD = "it goes to the dead letters"


@dataclass(frozen=True, slots=True)
class Try:
    """A try that has ended.

    :param status: 0, or the platform's status code
    :param failures: tries that ended in an error of the function, this one included
    :param age_seconds: since the event was accepted
    :param is_away: nothing was tried: the folder of the function is not there at the moment
    """

    status: int
    failures: int
    age_seconds: float
    is_away: bool = False


def counts_as_failure(status: int) -> bool:
    """Whether a try was an error of the function."""
    return status != SUCCESS and status not in _NO_ROOM


def decide(ended: Try, config: AsyncConfig) -> RetryDecision:
    """What becomes of the event after this try."""
    if ended.status == SUCCESS:
        return RetryDecision.DONE
    if ended.age_seconds + RETRY_SECONDS > config.ttl_seconds:
        return RetryDecision.DEAD
    if ended.is_away or ended.status in _NO_ROOM or ended.failures <= config.retries:
        return RetryDecision.RETRY
    return RetryDecision.DEAD
