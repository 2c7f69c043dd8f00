"""The schedule of a ``spawn_map``: decides which invocation is started, polled or handed out next.

A driver asks for the ``next_step``, does it, and notes the outcome. It passes the clock's readings in.
"""

from collections import deque
from heapq import heappop, heappush

from tencentserverless._core import polling

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Protocol

    from tencentserverless._core.invocation_records import PollResult
    from tencentserverless._core.retry import Rng

    class Spawned(Protocol):
        """An invocation, as the schedule sees it."""

        @property
        def has_outcome(self) -> bool:
            """True if it needs no polling."""


#: Half of the API's limit for an account and each action that asks (20 a second by default, as their pages say).
POLLS_PER_SECOND = 10.0
#: Invocations that were started and have not ended, at most, so that memory stays bounded for any input.
WINDOW = 1000

NEVER = polling.NEVER

HAND_OUT = "hand out an invocation that has ended"
PULL = "pull the next input and start it"
POLL = "poll an invocation"
WAIT = "wait"
LATE = "the time is up"
END = "all have ended"


class SpawnedInput:
    """One input, its invocation once there is one, and the time to poll it.

    :ivar pause: seconds until the next poll, before it is spread
    :ivar answered_at: monotonic seconds of the last poll that was answered
    """

    __slots__ = ("answered_at", "invocation", "pause", "position")

    def __init__(self, position: int) -> None:
        self.position = position
        self.invocation: "Any" = None
        self.pause = polling.FIRST_PAUSE_SECONDS
        self.answered_at = 0.0


class PollSchedule:
    """Decides when each invocation of one ``spawn_map`` is started and polled.

    :param concurrency: starts and polls under way at once
    :param window: invocations that have not ended
    :param polls_per_second: over all invocations
    :param patience_seconds: an invocation that gets no answer for longer fails
    :param deadline: monotonic seconds
    """

    __slots__ = (
        "_deadline",
        "_ended",
        "_entries",
        "_interval",
        "_is_drained",
        "_limits",
        "_patience",
        "_poll_at",
        "_queue",
        "_rng",
        "_under_way",
        "is_pulling",
        "pulled",
    )

    def __init__(
        self,
        concurrency: int,
        window: int,
        polls_per_second: float,
        *,
        patience_seconds: float,
        deadline: float,
        rng: "Rng",
    ) -> None:
        self._limits = (concurrency, window)
        self._interval = 1.0 / polls_per_second
        self._patience = patience_seconds
        self._deadline = deadline
        self._rng = rng
        self._entries: "dict[int, SpawnedInput]" = {}  # inputs that were pulled and have not ended, by position
        self._queue: "list[tuple[float, int, SpawnedInput]]" = []  # inputs to poll, by the time of the poll
        self._ended: "deque[Any]" = deque()
        self._under_way = 0
        self._poll_at = 0.0  # the next poll is allowed from then on
        self._is_drained = False
        self.is_pulling = False  # True while an input is being waited for
        self.pulled = 0

    @property
    def unfinished(self) -> "list[Any]":
        """The invocations that were started and not handed out, by position.

        Any thread may ask. Each copy is one atomic step; an invocation that ends between the two is in both.
        """
        found = {entry.position: entry.invocation for entry in self._entries.copy().values()}
        found.update((invocation.position, invocation) for invocation in self._ended.copy())
        return [found[position] for position in sorted(found) if found[position] is not None]

    def next_step(self, now: float) -> "tuple[str, Any]":
        """Decide on the next step, and on its object (an invocation, an input, or seconds)."""
        if self._ended:
            return HAND_OUT, self._ended.popleft()
        if now >= self._deadline:
            return LATE, None
        concurrency, window = self._limits
        has_room = self._under_way < concurrency
        if has_room and self._queue and self._next_poll() <= now:
            return POLL, self._take_poll(now)
        if has_room and len(self._entries) < window and not self._is_drained and not self.is_pulling:
            return PULL, None
        if self._is_drained and not self._entries:
            return END, None
        until = min(self._deadline, self._next_poll()) if has_room and self._queue else self._deadline
        return WAIT, until - now

    def _next_poll(self) -> float:
        return max(self._queue[0][0], self._poll_at)

    def _take_poll(self, now: float) -> SpawnedInput:
        self._poll_at = max(now, self._poll_at) + self._interval
        self._under_way += 1
        return heappop(self._queue)[2]

    def add(self) -> SpawnedInput:
        """Add an input that was pulled; it is being started from now on."""
        entry = self._entries[self.pulled] = SpawnedInput(self.pulled)
        self.pulled += 1
        self._under_way += 1
        return entry

    def drain(self) -> None:
        """Note that there is no further input."""
        self._is_drained = True

    def note_started(self, entry: SpawnedInput, invocation: "Spawned", now: float) -> None:
        """Note that an invocation was accepted; a refused one has an outcome already."""
        self._under_way -= 1
        entry.invocation = invocation
        entry.answered_at = now
        if invocation.has_outcome:
            self._end(entry)
        else:
            self._schedule(entry, now)

    def note_polled(self, entry: SpawnedInput, polled: "PollResult", now: float) -> None:
        """Note that an invocation was polled; one that has ended has its outcome already."""
        self._under_way -= 1
        entry.answered_at = now
        if polled.outcome is not None:
            self._end(entry)
        else:
            self._schedule(entry, now)

    def note_poll_failed(self, entry: SpawnedInput, base: "float | None", now: float, asked: float = 0.0) -> bool:
        """Note that a poll failed. Returns True if that is the invocation's outcome; else it is polled again later.

        :param base: seconds to wait at the least, None if the cause will not pass by itself
        :param asked: the pause that the server asked for, in seconds
        """
        self._under_way -= 1
        if base is None or now - entry.answered_at > self._patience:
            self._end(entry)
            return True
        entry.pause = max(entry.pause, base)
        self._schedule(entry, now, asked)
        return False

    def _end(self, entry: SpawnedInput) -> None:
        self._ended.append(entry.invocation)
        del self._entries[entry.position]

    def _schedule(self, entry: SpawnedInput, now: float, asked: float = 0.0) -> None:
        pause = max(polling.spread(entry.pause, self._rng), asked)
        heappush(self._queue, (now + pause, entry.position, entry))
        entry.pause = min(polling.MAX_PAUSE_SECONDS, entry.pause * polling.PAUSE_GROWTH)
