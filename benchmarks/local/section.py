"""A pass, and the section of the report that it becomes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from benchmarks.local.plan import LaunchContext
from benchmarks.targets import Target

Figures = TypeVar("Figures")


@dataclass(frozen=True)
class Section:
    """What a pass has come to.

    :ivar targets: with what was measured
    :ivar lines: its table
    :ivar faults: why the run is void
    """

    name: str
    targets: tuple[tuple[Target[Any], float | None], ...]
    lines: tuple[str, ...]
    faults: tuple[str, ...] = ()


@dataclass(frozen=True)
class Pass(Generic[Figures]):
    """One thing that is measured. A new one is a module in ``passes/`` and an entry in its list.

    :ivar measure: finds the figures
    :ivar targets: read theirs from the figures
    :ivar write: the figures as lines of Markdown
    :ivar find_faults: what makes the figures worth nothing, in sentences
    """

    name: str
    measure: Callable[[LaunchContext], Figures]
    targets: tuple[Target[Figures], ...]
    write: Callable[[Figures], Iterable[str]]
    find_faults: Callable[[Figures], Iterable[str]] = field(default=lambda _: ())

    def run(self, ground: LaunchContext) -> Section:
        """Measure and conclude."""
        return self.conclude(self.measure(ground))

    def conclude(self, figures: Figures) -> Section:
        """The section of these figures."""
        found = tuple((target, target.find(figures)) for target in self.targets)
        return Section(self.name, found, tuple(self.write(figures)), tuple(self.find_faults(figures)))
