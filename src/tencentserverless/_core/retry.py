"""The decision after a failed attempt: try again after a while, or give up.

The rule, in full: an attempt that ran the function (YES) is never repeated; one that may have (MAYBE) is repeated only
with the caller's consent (``idempotent=True``); one that did not (NO) is repeated where the cause may pass by itself.
At most ``max_attempts``, never beyond the deadline, never beyond the client's retry budget. ``Retry-After`` of the
server lengthens a pause and allows none; a pause that would end after the deadline is not begun.
"""

from tencentserverless import exception
from tencentserverless._core import wire
from tencentserverless.models import Verdict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    Failed = exception.CallError | exception.TencentServerlessSDKException

    class Rng(Protocol):
        """A random generator, which spreads pauses so that waiting calls do not come back together."""

        def __call__(self) -> float:
            """Draw a number in [0, 1)."""


BASE_SECONDS = 0.1
THROTTLED_BASE_SECONDS = 0.5
CAP_SECONDS = 5.0

#: API error codes, exact or by category, whose cause may pass by itself -> seconds to start the back-off from.
TRANSIENT_CODES = {
    "FailedOperation.InvokeFunction": BASE_SECONDS,
    "InternalError": BASE_SECONDS,
    "RequestLimitExceeded": THROTTLED_BASE_SECONDS,
    "ServiceUnavailable": BASE_SECONDS,
}

#: The same for function-level status codes.
TRANSIENT_STATUSES = {
    429: THROTTLED_BASE_SECONDS,
    432: THROTTLED_BASE_SECONDS,
    449: THROTTLED_BASE_SECONDS,
    500: BASE_SECONDS,
}

#: The same for HTTP statuses, of a gateway or of the service itself.
TRANSIENT_HTTP_STATUSES = {
    429: THROTTLED_BASE_SECONDS,
    500: BASE_SECONDS,
    502: BASE_SECONDS,
    503: BASE_SECONDS,
    504: BASE_SECONDS,
}

BUDGET_TOKENS = 100.0  # a retry takes one ...
REFILL_TOKENS = 0.1  # ... and a success gives back a tenth, so that retries stay under a tenth of a failing load


class Budget:
    """Counts the retries that a client may still make: a token bucket, full at first.

    Two threads at once may lose an update; the bucket is a brake and need not be exact.
    """

    __slots__ = ("tokens",)

    def __init__(self) -> None:
        self.tokens = BUDGET_TOKENS

    def take(self) -> bool:
        """Take a token for one retry; False where none is left."""
        if self.tokens < 1.0:
            return False
        self.tokens -= 1.0
        return True

    def refill(self) -> None:
        """Give a part of a token back, for a call that succeeded."""
        if self.tokens < BUDGET_TOKENS:
            self.tokens = min(BUDGET_TOKENS, self.tokens + REFILL_TOKENS)


class Policy:
    """Decides when a call is tried again. Each client has one, whose budget all calls of the client share.

    :param max_attempts: tries in all, at least 1
    :param budget: of the client, None for a new one
    """

    __slots__ = ("budget", "max_attempts", "rng")

    def __init__(self, max_attempts: int, rng: "Rng", budget: "Budget | None" = None) -> None:
        self.max_attempts = max_attempts
        self.rng = rng
        self.budget = budget or Budget()

    def begin(self, exchange: object) -> None:
        """Take note of an attempt: its request is built, and will be sent next.

        :raises Stopped: if it must not be sent
        """

    def decide(self, error: "Failed", is_idempotent: bool, attempts: int, seconds_left: float) -> "float | None":
        """Decide on the seconds to wait before the next attempt, None to give up.

        :param error: of the last attempt
        :param attempts: made so far
        :param seconds_left: until the call's deadline
        """
        base = base_seconds(error)
        if base is None or attempts >= self.max_attempts or not is_consented(error.executed, is_idempotent):
            return None
        seconds = lengthen(back_off(base, attempts, self.rng), error)
        return seconds if seconds < seconds_left and self.budget.take() else None


def base_seconds(error: "Failed") -> "float | None":
    """Find the seconds that the back-off starts from, None if the cause of the error will not pass by itself."""
    if isinstance(error, exception.TencentServerlessSDKException):
        return TRANSIENT_STATUSES.get(error.status_code or 0)
    if isinstance(error, exception.ServerError):
        return TRANSIENT_HTTP_STATUSES.get(error.status)
    if isinstance(error, exception.NetworkError):
        return BASE_SECONDS if error.is_transient else None
    return TRANSIENT_CODES.get(error.code) or TRANSIENT_CODES.get(wire.category(error.code))


def is_consented(executed: Verdict, is_idempotent: bool) -> bool:
    """True if a call may be sent once more after an attempt with this verdict."""
    return executed is Verdict.NO or (executed is Verdict.MAYBE and is_idempotent)


def back_off(base: float, attempts: int, rng: "Rng") -> float:
    """Draw the seconds to wait after so many attempts, with full jitter over a doubling range, to spread callers."""
    return min(CAP_SECONDS, base * 2.0 ** (attempts - 1)) * rng()


def lengthen(seconds: float, error: "Failed") -> float:
    """Lengthen a pause to the one that the server asked for."""
    return max(seconds, error.retry_after_seconds or 0.0)


def is_throttling(error: "Failed") -> bool:
    """True if the call was throttled: too many at once, or too many a second."""
    if isinstance(error, exception.ServerError):
        return error.status == 429
    return isinstance(error, (exception.FunctionThrottled, exception.RequestThrottled))
