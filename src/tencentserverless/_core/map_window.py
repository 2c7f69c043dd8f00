"""The window of a map: decides which input starts next, how many calls run at once, and which outcome is next.

A driver asks for the ``next_step``, does it, and notes the outcome. Each call has a ``MapPolicy``: where the platform
throttles a call, the call waits and the window narrows. Neither the client's ``max_attempts`` nor its retry budget is
spent on that.
"""

from collections import deque

from tencentserverless import exception
from tencentserverless._core.flow import Stopped
from tencentserverless._core.retry import THROTTLED_BASE_SECONDS, back_off, is_throttling, lengthen
from tencentserverless.models import Verdict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

    from tencentserverless._core.flow import Exchange
    from tencentserverless._core.retry import Budget, Failed, Policy
    from tencentserverless.models import InvokeResult

#: An ordered map may hold this many inputs (under way, or with an outcome that is not handed out) for each call that
#: may be under way, so that it goes on while its oldest call is slow.
WINDOW_FACTOR = 4

#: Tries of a throttled call while no call of the map gets through. With pauses of up to 5 s that takes 20 s.
HOPELESS_TRIES = 12

HAND_OUT = "hand out an outcome"
PULL = "pull the next input and start it"
WAIT = "wait"
END = "everything was handed out"


class MapInput:
    """The state of one input of a map.

    :ivar position: of the input, from 0
    :ivar outcome: a result or an error, None while there is none
    :ivar exchange: of the request that was built last, None before the first request and after the call
    :ivar has_begun: True if a request was built, so that the platform can take the input
    :ivar has_rested: True if its call was throttled at least once
    :ivar is_unsure: True if a try ended without proof that the function did not run
    """

    __slots__ = ("exchange", "has_begun", "has_rested", "is_unsure", "outcome", "position")

    def __init__(self, position: int) -> None:
        self.has_rested = False
        self.has_begun = False
        self.exchange: "Exchange | None" = None
        self.is_unsure = False
        self.position = position
        self.outcome: "Any" = None

    @property
    def may_be_running(self) -> bool:
        """True if its request may have arrived whole, with no answer so far."""
        connection = self.exchange.connection if self.exchange is not None else None
        return connection is not None and bool(connection.has_handed_over)

    @property
    def may_have_run(self) -> bool:
        """True if there is no proof that the function did not run."""
        return self.is_unsure or (self.exchange is not None and self.exchange.may_have_left)

    def end(self) -> None:
        """Note the end of its call, and drop its request."""
        exchange = self.exchange
        if exchange is not None:
            self.is_unsure = self.is_unsure or exchange.may_have_left
            self.exchange = None


class MapPolicy:
    """Decides when the call of one input is tried again. It is that call's ``RetryPolicy``.

    A throttled call waits, narrows the window, and spends neither tries nor budget of the client. The client's policy
    decides about all other failures.

    :param window: of the map
    :param entry: the input; each failure updates its ``is_unsure``
    """

    __slots__ = ("_entry", "_epoch", "_passed", "_window")

    def __init__(self, window: "Window", entry: MapInput) -> None:
        self._window = window
        self._entry = entry
        self._epoch = window.epoch  # when the current try began
        self._passed = window.passed  # when the call began

    @property
    def budget(self) -> "Budget":
        """The client's budget."""
        return self._window.policy.budget

    def begin(self, exchange: "Exchange") -> None:
        """Give the input its request.

        :raises Stopped: if the map is stopped
        """
        if self._window.is_stopped:
            raise Stopped
        self._entry.has_begun = True
        self._entry.exchange = exchange

    def decide(self, error: "Failed", is_idempotent: bool, attempts: int, seconds_left: float) -> "float | None":
        """Decide on the seconds to wait before the next attempt, None to give up. See ``retry.Policy``.

        :raises Stopped: if there would be a next attempt and the map is stopped
        """
        self._entry.is_unsure |= error.executed is not Verdict.NO
        if is_throttling(error):
            seconds = self._wait_throttled(error, attempts, seconds_left)
        else:
            seconds = self._window.policy.decide(error, is_idempotent, attempts, seconds_left)
        if seconds is not None and self._window.is_stopped:
            raise Stopped
        return seconds

    def _wait_throttled(self, error: "Failed", attempts: int, seconds_left: float) -> "float | None":
        window = self._window
        window.narrow(error, self._epoch)
        self._epoch = window.epoch
        if window.policy.max_attempts == 1 or error.executed is not Verdict.NO:
            return None
        if attempts >= HOPELESS_TRIES and window.passed == self._passed and not window.may_be_running:
            return None
        window.rest(self._entry)
        # The exponent is bounded, because a call may be throttled for minutes.
        pause = back_off(THROTTLED_BASE_SECONDS, min(attempts, HOPELESS_TRIES), window.policy.rng)
        seconds = lengthen(pause, error)
        return seconds if seconds < seconds_left else None


class Window:
    """Decides which input of one map starts next, and which outcome is handed out.

    :param concurrency: calls under way at once, at most
    :param is_ordered: True to hand outcomes out in the order of the inputs
    :param policy: of the client
    :param on_change: is called with (error, limit before, limit after) when the limit falls, and with (None, ...) when
        it has its full value again
    """

    __slots__ = (
        "_capacity",
        "_concurrency",
        "_ended",
        "_is_ordered",
        "_limit",
        "_next",
        "_on_change",
        "_resting",
        "_waiting",
        "epoch",
        "is_drained",
        "is_stopped",
        "passed",
        "policy",
        "pulled",
        "throttled",
        "under_way",
    )

    def __init__(
        self,
        concurrency: int,
        is_ordered: bool,
        policy: "Policy",
        on_change: "Callable[[Failed | None, int, int], None]",
    ) -> None:
        self._concurrency = concurrency
        self._is_ordered = is_ordered
        self._limit = float(concurrency)
        self._capacity = WINDOW_FACTOR * concurrency
        self._next = 0  # position to hand out next, if the map is ordered
        self._ended: "deque[MapInput]" = deque()
        self._waiting: "dict[int, MapInput]" = {}  # ended, but an earlier input has not
        self._on_change = on_change
        self._resting = 0  # calls under way that were throttled at least once
        self.policy = policy
        self.epoch = 0  # counts the falls of the limit
        self.passed = 0  # calls that ran
        self.throttled = 0  # throttled tries
        self.pulled = 0
        self.under_way = 0
        self.is_drained = False
        self.is_stopped = False  # no request is sent any more

    @property
    def limit(self) -> int:
        """The number of calls that may be under way at once, as throttling allows."""
        return int(self._limit)

    @property
    def may_be_running(self) -> bool:
        """True if a call is under way that was never throttled."""
        return self.under_way > self._resting

    @property
    def has_room(self) -> bool:
        """True if another input may be pulled."""
        if self.is_drained or self.under_way + 1 > self._limit:
            return False
        return len(self._ended) + len(self._waiting) + self.under_way < self._capacity

    @property
    def has_outcome(self) -> bool:
        """True if there is an outcome to hand out."""
        return bool(self._ended)

    def next_step(self) -> str:
        """Decide on the next step: first start inputs, then hand outcomes out."""
        if self.has_room:
            return PULL
        if self._ended:
            return HAND_OUT
        return END if self.is_drained and not self.under_way else WAIT

    def add(self) -> MapInput:
        """Add an input that was pulled; its call is under way from now on."""
        entry = MapInput(self.pulled)
        self.pulled += 1
        self.under_way += 1
        return entry

    def take_outcome(self) -> MapInput:
        """Take the next input to hand out."""
        return self._ended.popleft()

    def take_at_once(self) -> "MapInput | None":
        """Take the next input to hand out, if that is the ``next_step``. Safe while another thread notes outcomes."""
        if not self._ended or self.has_room:
            return None
        try:
            return self._ended.popleft()
        except IndexError:
            return None

    def drain(self) -> None:
        """Note that there is no further input."""
        self.is_drained = True

    def note_given_up(self, entry: MapInput) -> None:
        """Note that an input's call ended without an outcome."""
        self.under_way -= 1
        entry.end()
        if entry.has_rested:
            self._resting -= 1

    def note_ended(self, entry: MapInput, outcome: "InvokeResult | Exception") -> None:
        """Note the outcome of an input."""
        self.note_given_up(entry)
        entry.outcome = outcome
        if not isinstance(outcome, Exception):
            self.passed += 1
            if self._limit < self._concurrency:
                self._widen()
        elif isinstance(outcome, exception.TencentServerlessSDKException) and not is_throttling(outcome):
            self.passed += 1
        if not self._is_ordered:
            self._ended.append(entry)
        elif entry.position != self._next:
            self._waiting[entry.position] = entry
        else:
            self._next += 1
            self._ended.append(entry)
            if self._waiting:
                self._line_up()

    def take_all(self) -> "list[MapInput]":
        """Take every outcome that was not handed out: the map is left."""
        found = [*self._ended, *self._waiting.values()]
        self._ended.clear()
        self._waiting.clear()
        return found

    def count_ended(self) -> int:
        """Count the outcomes that were not handed out."""
        return len(self._ended) + len(self._waiting)

    def narrow(self, error: "Failed", epoch: int) -> None:
        """Halve the limit, once for each epoch: an attempt that began in this epoch was throttled."""
        self.throttled += 1
        if epoch != self.epoch:
            return  # the attempt began before the last fall of the limit
        self.epoch += 1
        before = int(self._limit)
        self._limit = max(1.0, min(self._limit, float(self.under_way)) * 0.5)
        if int(self._limit) != before:
            self._on_change(error, before, int(self._limit))

    def rest(self, entry: MapInput) -> None:
        """Note that a call was throttled and waits."""
        if not entry.has_rested:
            entry.has_rested = True
            self._resting += 1

    def _widen(self) -> None:
        """Raise the limit for a call that got through: by one for each ``limit`` of such calls."""
        self._limit = min(float(self._concurrency), self._limit + 1.0 / self._limit)
        if self._limit == self._concurrency:
            self._on_change(None, self._concurrency, self._concurrency)

    def _line_up(self) -> None:
        """Move the outcomes that are next in the order to the queue of outcomes."""
        waiting = self._waiting
        while self._next in waiting:
            entry = waiting.pop(self._next)
            self._next += 1
            self._ended.append(entry)
