"""Whatever comes of the runs of a journal, killed or not, nothing that may have run is sent again without consent."""

import os
import shutil
import tempfile

import pytest

from tencentserverless import exception
from tencentserverless.journal import Journal
from tencentserverless.models import InvokeResult, Verdict
from tests.sdk_environment import bare_environment

hypothesis = pytest.importorskip("hypothesis")
from hypothesis import strategies as st  # noqa: E402  # after the check

__all__ = ["bare_environment"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

IDENTITY = ("ap-guangzhou", "default", "f", "$LATEST")

#: What can come of a call that was sent, and whether it may have run.
FATES = {
    "a result": True,
    "no": False,
    "maybe": True,
    "yes": True,
    "stopped, and did not run": False,
    "stopped, and may have run": True,
    "an error of the caller's own": False,
    "killed": True,
}
RUN = st.fixed_dictionaries(
    {
        "is_idempotent": st.booleans(),
        "fates": st.lists(st.tuples(st.sampled_from(sorted(FATES)), st.booleans()), min_size=3, max_size=3),
        "is_killed": st.booleans(),
        "settled": st.one_of(st.none(), st.integers(0, 2)),
    }
)


class World:
    """What really happened to each input, beside what the journal says."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._count = 0
        self.may_have_run: "set[int]" = set()
        self.ended: "set[int]" = set()  # with a result, or known to have run
        self.unknown: "set[int]" = set()  # sent by a run that was killed before it wrote what came of it

    @property
    def path(self) -> str:
        return os.path.join(self._folder, str(self._count), "run.db")

    def run(self, plan: "dict[str, Any]") -> None:
        journal = Journal(self.path, _identity=IDENTITY)
        is_killed = plan["is_killed"]
        noted: "set[int]" = set()
        for position, (fate, is_committed) in enumerate(plan["fates"]):
            known = journal.enter(position, str(position), plan["is_idempotent"])
            if known is not None:
                assert position in self.may_have_run | self.unknown
                assert not isinstance(known, Exception) or known.executed is not Verdict.NO  # type: ignore[attr-defined]
                continue
            assert plan["is_idempotent"] or position not in self.may_have_run, "sent again without consent"
            journal.commit()  # before it is sent
            if FATES[fate]:
                self.may_have_run.add(position)
            noted.add(position)
            if fate == "killed":
                is_killed = True
                break
            self.note(journal, position, fate)
            if is_committed:
                journal.commit()
                noted.clear()
        if is_killed:
            self.unknown |= noted
        self.end(journal, is_killed)

    def note(self, journal: Journal, position: int, fate: str) -> None:
        if fate in ("no", "maybe", "yes"):
            error = exception.NetworkError("Code", "words", executed=Verdict(fate))
            journal.note_outcome(position, error, may_have_run=FATES[fate])
            assert error.executed is not Verdict.NO or position not in self.may_have_run
        elif fate == "a result":
            journal.note_outcome(position, InvokeResult("1"), may_have_run=True)
        elif fate == "an error of the caller's own":
            journal.note_outcome(position, ValueError(), may_have_run=False)
        elif fate == "stopped, and did not run":
            journal.forget(position)
        if fate in ("a result", "yes"):
            self.ended.add(position)

    def end(self, journal: Journal, is_killed: bool) -> None:
        """Close it, or leave it as a kill does: what is in the files goes on elsewhere."""
        before, self._count = self.path, self._count + is_killed
        if is_killed:
            os.mkdir(os.path.dirname(self.path))
            for suffix in ("", "-wal", "-lock"):
                shutil.copy(before + suffix, self.path + suffix)
        journal.close()

    def check_doubts(self, settled: "int | None") -> None:
        with Journal(self.path) as journal:
            doubts = {call.position for call in journal.in_doubt()}
            assert self.may_have_run - self.ended <= doubts <= self.may_have_run | self.unknown
            if settled in doubts:
                assert settled is not None
                journal.settle(settled, executed=False)
                self.may_have_run.discard(settled)
                self.ended.discard(settled)
                self.unknown.discard(settled)


@hypothesis.settings(max_examples=30)
@hypothesis.given(st.lists(RUN, min_size=1, max_size=4))
def test_nothing_that_may_have_run_is_sent_again_without_consent(runs: "list[dict[str, Any]]") -> None:
    with tempfile.TemporaryDirectory() as folder:
        world = World(folder)
        os.mkdir(os.path.dirname(world.path))
        for plan in runs:
            world.run(plan)
            world.check_doubts(plan["settled"])
