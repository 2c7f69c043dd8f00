"""Many asynchronous invocations at once: what starts next, which is looked at next, which has ended. Decisions only.

A shell asks for the ``next_step``, does it, and notes what came of it; the clock's readings are passed in.
"""

from collections import deque
from heapq import heappop, heappush

from tencentserverless._core import polling

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

    from tencentserverless._core.invocation_records import Sighting

#: Half of what the API allows an account for each action that asks (20 a second by default, as their pages say).
LOOKS_PER_SECOND = 10.0
#: Invocations that have not ended and are kept in mind, so that memory stays bounded whatever the input.
WINDOW = 1000

NEVER = polling.NEVER

HAND_OUT = "hand out an invocation that has ended"
PULL = "pull the next input and start it"
LOOK = "look at an invocation"
WAIT = "wait"
LATE = "the time is up"
END = "all have ended"


class SpawnedInput:
    """One input: its invocation, once there is one, and when to look at it."""

    __slots__ = ("answered_at", "invocation", "pause", "position")

    def __init__(self, position: int) -> None:
        self.position = position
        self.invocation: "Any" = None
        self.pause = polling.FIRST_PAUSE_SECONDS
        self.answered_at = 0.0  # monotonic seconds of the last look that was answered


class Roster:
    """The invocations of one ``spawn_map``.

    :param concurrency: starts and looks under way at once
    :param window: invocations that have not ended
    :param looks_per_second: over all of them
    :param patience_seconds: how long an invocation is looked at without an answer
    :param deadline: monotonic seconds
    :param rng: gives a number in [0, 1)
    """

    __slots__ = (
        "_deadline",
        "_ended",
        "_entries",
        "_interval",
        "_is_drained",
        "_limits",
        "_look_at",
        "_patience",
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
        looks_per_second: float,
        *,
        patience_seconds: float,
        deadline: float,
        rng: "Callable[[], float]",
    ) -> None:
        self._limits = (concurrency, window)
        self._interval = 1.0 / looks_per_second
        self._patience = patience_seconds
        self._deadline = deadline
        self._rng = rng
        self._entries: "dict[int, SpawnedInput]" = {}  # those that were pulled and have not ended, by position
        self._queue: "list[tuple[float, int, SpawnedInput]]" = []  # those to look at, by the time when
        self._ended: "deque[Any]" = deque()
        self._under_way = 0
        self._look_at = 0.0  # when the next look is allowed
        self._is_drained = False
        self.is_pulling = False  # an input that is being waited for
        self.pulled = 0

    @property
    def unfinished(self) -> "list[Any]":
        """The invocations that were not handed out, by position."""
        started = [entry.invocation for entry in self._entries.values() if entry.invocation is not None]
        return sorted([*self._ended, *started], key=lambda invocation: invocation.position)

    def next_step(self, now: float) -> "tuple[str, Any]":
        """What to do now: a step and what it is about (an invocation, an entry, or seconds)."""
        if self._ended:
            return HAND_OUT, self._ended.popleft()
        if now >= self._deadline:
            return LATE, None
        concurrency, window = self._limits
        has_room = self._under_way < concurrency
        if has_room and self._queue and self._next_look() <= now:
            return LOOK, self._take_look(now)
        if has_room and len(self._entries) < window and not self._is_drained and not self.is_pulling:
            return PULL, None
        if self._is_drained and not self._entries:
            return END, None
        until = min(self._deadline, self._next_look()) if has_room and self._queue else self._deadline
        return WAIT, until - now

    def _next_look(self) -> float:
        return max(self._queue[0][0], self._look_at)

    def _take_look(self, now: float) -> SpawnedInput:
        self._look_at = max(now, self._look_at) + self._interval
        self._under_way += 1
        return heappop(self._queue)[2]

    def add(self) -> SpawnedInput:
        """An input was pulled; it is being started from now on."""
        entry = self._entries[self.pulled] = SpawnedInput(self.pulled)
        self.pulled += 1
        self._under_way += 1
        return entry

    def drain(self) -> None:
        """There is no further input."""
        self._is_drained = True

    def note_started(self, entry: SpawnedInput, invocation: "Any", now: float) -> None:
        """It was accepted, or refused where the invocation has an outcome already."""
        self._under_way -= 1
        entry.invocation = invocation
        entry.answered_at = now
        if invocation.has_outcome:
            self._end(entry)
        else:
            self._schedule(entry, now)

    def note_seen(self, entry: SpawnedInput, sighting: "Sighting", now: float) -> None:
        """It was looked at; where it has ended, its invocation has the outcome by now."""
        self._under_way -= 1
        entry.answered_at = now
        if sighting.outcome is not None:
            self._end(entry)
        else:
            self._schedule(entry, now)

    def note_unseen(self, entry: SpawnedInput, base: "float | None", now: float) -> bool:
        """A look failed. True if that is what comes of it; else it is looked at again later.

        :param base: seconds to wait at the least, None if the cause will not pass by itself
        """
        self._under_way -= 1
        if base is None or now - entry.answered_at > self._patience:
            self._end(entry)
            return True
        entry.pause = max(entry.pause, base)
        self._schedule(entry, now)
        return False

    def _end(self, entry: SpawnedInput) -> None:
        self._ended.append(self._entries.pop(entry.position).invocation)

    def _schedule(self, entry: SpawnedInput, now: float) -> None:
        heappush(self._queue, (now + polling.spread(entry.pause, self._rng), entry.position, entry))
        entry.pause = min(polling.MAX_PAUSE_SECONDS, entry.pause * polling.PAUSE_GROWTH)
