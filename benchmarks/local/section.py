"""A pass, and its section of the report."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from benchmarks.local.plan import PassContext
from benchmarks.targets import Target

Figures = TypeVar("Figures")


@dataclass(frozen=True)
class Section:
    """The outcome of a pass.

    :ivar targets: the targets, with the measured values
    :ivar lines: the lines of its table
    :ivar faults: the reasons why the run is void
    """

    name: str
    targets: tuple[tuple[Target[Any], float | None], ...]
    lines: tuple[str, ...]
    faults: tuple[str, ...] = ()


@dataclass(frozen=True)
class Pass(Generic[Figures]):
    """One measurement. A new one is a module in ``passes/`` and an entry in the list there.

    :ivar measure: measures the figures
    :ivar targets: read their values from the figures
    :ivar write: writes the figures as lines of Markdown
    :ivar find_faults: finds the reasons why the figures are worth nothing, as sentences
    """

    name: str
    measure: Callable[[PassContext], Figures]
    targets: tuple[Target[Figures], ...]
    write: Callable[[Figures], Iterable[str]]
    find_faults: Callable[[Figures], Iterable[str]] = field(default=lambda _: ())

    def run(self, context: PassContext) -> Section:
        """Measure, and make the section."""
        return self.conclude(self.measure(context))

    def conclude(self, figures: Figures) -> Section:
        """Make the section of these figures."""
        found = tuple((target, target.find(figures)) for target in self.targets)
        return Section(self.name, found, tuple(self.write(figures)), tuple(self.find_faults(figures)))
