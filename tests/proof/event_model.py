"""An asynchronous invocation as docs/understand/local-asynchronous.md has it: its possible runs and ends."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from tests.proof.walking import Divergence

PLACES = 2  # of a function: so many of its events run at once
FAILING = frozenset(("raise", "exit"))
WORKER_SECONDS = 1.5  # within about a second the workers of a server that was killed have ended
HEARD_SECONDS = 0.3  # within which the server has heard of a run that has come to its end
TERMINATED_SECONDS = 0.1  # a function that has begun when its event is terminated may say so a moment later
STARTED_SECONDS = 5.0  # an event that was taken out may wait so long for its instance to start
SUCCEEDED, FAILED, WAITS, UNKNOWN = "succeeded", "failed", "waits", "unknown"
FINISHED, ABORTED = "FINISHED", "ABORTED"


class End(NamedTuple):
    """A server ended.

    :param began: when it was told to, in UNIX seconds, and ``at`` when it had
    :param is_clean: by SIGTERM, and the disk had room: what had come to its end was written down
    """

    began: float
    at: float
    is_clean: bool


@dataclass
class Deletion:
    """A function was deleted: those of its events that were taken out already may run to their end, and no more.

    :param names: of the events that were open
    """

    at: float
    names: "set[str]"
    begun: "set[str]" = field(default_factory=set)

    def begin(self, name: str, at: float) -> None:
        """An event begins to run.

        :raises Divergence: if it must not
        """
        if name in self.names and at > self.at:
            self.begun.add(name)
            if len(self.begun) > PLACES or at > self.at + STARTED_SECONDS:
                raise Divergence(f"{name} runs though its function was deleted {at - self.at:.2f} s before")


@dataclass
class Event:
    """One that was pushed.

    :ivar do: what the function does with it
    :ivar is_traced: the function has AsyncRunEnable
    :ivar request_id: "" as long as the push was not acknowledged
    :ivar begun: when it has begun to run, and ``done`` when the function has come to its end, in UNIX seconds
    :ivar never_from: when it was acknowledged that nothing of it will run from now on
    :ivar excuses: why a function that returns need not have succeeded
    :ivar retries: the numbers of retries that its function had meanwhile
    """

    name: str
    function: str
    do: str
    is_traced: bool
    retries: "set[int]"
    request_id: str = ""
    begun: "list[float]" = field(default_factory=list)
    done: "list[float]" = field(default_factory=list)
    ends: "list[End]" = field(default_factory=list)
    never_from: "float | None" = None
    is_terminated: bool = False
    is_over: bool = False
    excuses: "set[str]" = field(default_factory=set)

    def begin(self, at: float) -> None:
        """It begins to run.

        :raises Divergence: if it must not
        """
        self.begun.append(at)
        if self.is_over:
            raise Divergence(f"{self} has ended, and runs")
        if self.never_from is not None and at > self.never_from:
            raise Divergence(f"{self} was terminated or refused, and runs {at - self.never_from:.3f} s on")
        if self.is_traced and len(self.begun) > 1:
            raise Divergence(f"{self} has AsyncRunEnable, and runs again")
        if self.count_retries() > (max(self.retries) if self.do in FAILING else 0):
            raise Divergence(f"{self} runs again without a kill or a documented retry between")

    def count_retries(self) -> int:
        """How many of its runs need a retry to be explained."""
        return sum(not self._is_cut_off(run, after) for run, after in zip(self.begun, self.begun[1:]))

    def _is_cut_off(self, run: float, after: float) -> bool:
        """Whether the end of a server explains that it ran again."""
        return any(
            run <= end.at + (0.0 if end.is_clean else WORKER_SECONDS) and end.at <= after
            for end in self.ends
            if not (end.is_clean and any(run <= done < end.began - HEARD_SECONDS for done in self.done))
        )

    def judge(self, state: str, letters: int) -> None:
        """It has ended.

        :param state: what the API says of it
        :param letters: how many dead letters there are of it
        :raises Divergence: if it must not have ended like that
        """
        judge = self._judge_traced if self.is_traced else self._judge_untraced
        reason = judge(state, letters)
        if reason:
            raise Divergence(f"{self} is {state} with {letters} dead letters: {reason}")
        self.is_over = True

    def _judge_untraced(self, state: str, letters: int) -> str:
        if state == SUCCEEDED:
            if letters and not self.ends:
                return "it has succeeded"
            return "" if self.done and self.do not in FAILING else "it can't have succeeded"
        if state == UNKNOWN and not letters and self._may_be_forgotten():
            return ""
        if not letters or (letters > 1 and not self.ends):
            return "one that is given up has one dead letter"
        if self.excuses:
            return ""
        if self.do not in FAILING:
            return "it should have succeeded"
        return "" if len(self.begun) > min(self.retries) else "it has another try"

    def _may_be_forgotten(self) -> bool:
        """Whether it has succeeded and a kill took its record, which a full disk had kept from being written."""
        has_succeeded = bool(self.done) and self.do not in FAILING
        return has_succeeded and "disk" in self.excuses and any(not end.is_clean for end in self.ends)

    def _judge_traced(self, state: str, letters: int) -> str:
        if letters:
            return "with AsyncRunEnable there are none"
        if state == ABORTED:
            return "" if self.is_terminated or self.ends else "nobody has terminated it"
        if self.is_terminated and not self.done:
            return "it was terminated"
        if state == FINISHED:
            return "" if self.done and self.do not in FAILING else "it can't have finished"
        return "" if self.excuses or (self.begun and self.do in FAILING) else "it should have finished"


def name_all(events: "Sequence[Event]") -> str:
    """The names, for a trail."""
    return " ".join(event.name for event in events)
