"""The time from the command until a server of many functions is ready, beside a server of one."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from dataclasses import dataclass, field

from benchmarks.figures import pair_ratio
from benchmarks.local.plan import PassContext
from benchmarks.local.section import Pass
from benchmarks.local.servers import FUNCTION, OURS, start_ours
from benchmarks.report import show, write_table
from benchmarks.targets import Target

MANY = 201
COUNTS = (1, MANY)


@dataclass
class Figures:
    """Seconds until the ready line, by build and number of functions, in the order of the rounds."""

    ready_seconds: dict[tuple[str, int], list[float]] = field(default_factory=dict)

    def ratio(self, build: str) -> float | None:
        """The ratio of many functions to one, the median over pairs of one round, None if it was not measured."""
        many, one = (self.ready_seconds.get((build, count)) for count in (MANY, 1))
        return pair_ratio(many, one) if many and one else None


def measure(context: PassContext) -> Figures:
    """Measure the starts of each build, in turns. The first round only warms the disk's caches and writes bytecode."""
    turns = [(build, python, count) for build, python in context.builds.items() for count in COUNTS]
    figures = Figures({(build, count): [] for build, _, count in turns})
    for number in range(context.plan.many_rounds + 1):
        for build, python, count in turns if number % 2 == 0 else reversed(turns):
            functions = (FUNCTION, *(f"fn{index}" for index in range(count - 1)))
            with start_ours(context.make_folder(), functions, python=python) as running:
                running.check()
                if number:
                    figures.ready_seconds[build, count].append(running.ready_seconds)
    return figures


def write(figures: Figures) -> Iterator[str]:
    """Write the medians."""
    rows = [
        (build, str(count), show(statistics.median(values)), show(min(values)))
        for (build, count), values in figures.ready_seconds.items()
    ]
    return write_table(("Server", "functions", "ready s", "fastest s"), rows)


PASS = Pass(
    f"Ready with {MANY} functions",
    measure,
    (Target(f"command to ready line with {MANY} functions / with one", 1.2, lambda found: found.ratio(OURS)),),
    write,
)
