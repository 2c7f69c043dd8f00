"""The results of one run."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from dataclasses import dataclass, field

from benchmarks.coordinator import Measured
from benchmarks.figures import Figures, compare, pair_ratio
from benchmarks.startup import First, Imported, Size


@dataclass
class Results:
    """Passes by name, and the processes, imports and sizes beside them.

    :ivar about: lines on the machine and the responder, by their title
    :ivar versions: of the measured packages, by environment
    """

    about: dict[str, str]
    versions: Mapping[str, Mapping[str, str]]
    is_quick: bool = False
    passes: dict[str, Measured] = field(default_factory=dict)
    first: First = field(default_factory=First)
    imported: Imported = field(default_factory=Imported)
    sizes: dict[str, Size] = field(default_factory=dict)
    map_growth_mb: float | None = None
    settle_seconds: float | None = None
    look_up_threads: float | None = None

    def compare(self, name: str, label: str, baseline: str | None = None) -> Figures | None:
        """Compare two clients of a pass; None if either was not measured."""
        measured = self.passes.get(name)
        return compare(measured, label, baseline) if measured else None

    def describe(self, method: str) -> str:
        """Describe how a figure was found: the method, the peer and the commit."""
        facts = (self.about.get(title, "") for title in ("Responder", "Commit"))
        return ", ".join(fact for fact in (method, *(fact.partition(",")[0] for fact in facts)) if fact)

    def compare_first(self, label: str, baseline: str) -> float | None:
        """The difference between two clients in time to the first result."""
        mine, others = self.first.milliseconds.get(label), self.first.milliseconds.get(baseline)
        return pair_ratio(mine, others) if mine and others else None

    def compare_memory(self, label: str, baseline: str) -> float | None:
        """The difference between two clients in resident memory, in MB."""
        mine, others = self.first.megabytes.get(label), self.first.megabytes.get(baseline)
        return statistics.median(mine) - statistics.median(others) if mine and others else None
