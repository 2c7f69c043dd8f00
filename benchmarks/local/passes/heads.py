"""Load with the official Python SDK's request heads, of which one header differs in each call, beside our SDK's."""

from __future__ import annotations

import contextlib
import dataclasses
import statistics
from collections.abc import Iterator
from dataclasses import dataclass, field

from benchmarks.figures import pair_ratio
from benchmarks.local.load import CALLERS, Load, run_slice
from benchmarks.local.official_heads import OFFICIAL
from benchmarks.local.plan import PassContext
from benchmarks.local.section import Pass
from benchmarks.local.servers import OURS, SCF, Dialect, Running, start_ours
from benchmarks.report import show, write_table
from benchmarks.targets import Target

WARM_SECONDS = 1
OWN_HEADS, OFFICIAL_HEADS = "our heads", "the official SDK's heads"
DIALECTS: dict[str, Dialect] = {OWN_HEADS: SCF, OFFICIAL_HEADS: OFFICIAL}


@dataclass
class Figures:
    """Slices by build and heads, in the order of the rounds."""

    loads: dict[tuple[str, str], list[Load]] = field(default_factory=dict)

    def cpu_ratio(self, build: str) -> float | None:
        """CPU a call with the official heads over that with ours, the median over pairs. None if a call failed."""
        official, own = (self.loads.get((build, heads), []) for heads in (OFFICIAL_HEADS, OWN_HEADS))
        if not official or any(load.failures for load in (*official, *own)):
            return None
        return pair_ratio([load.cpu_us for load in official], [load.cpu_us for load in own])


def measure(context: PassContext) -> Figures:
    """Load each build with both kinds of heads, in turns. The first round warms them."""
    figures = Figures()
    with contextlib.ExitStack() as stack:
        running: dict[tuple[str, str], Running] = {}
        for build, python in context.builds.items():
            server = stack.enter_context(start_ours(context.make_folder(), python=python))
            for heads, dialect in DIALECTS.items():
                running[build, heads] = dataclasses.replace(server, dialect=dialect)
                figures.loads[build, heads] = []
        for number in range(context.plan.head_rounds + 1):
            seconds = context.plan.load_seconds if number else WARM_SECONDS
            for key in running if number % 2 == 0 else reversed(running):
                load = run_slice(context.generator, running[key], seconds)
                if number:
                    figures.loads[key].append(load)
    return figures


def write(figures: Figures) -> Iterator[str]:
    """Write the medians of each build and kind of heads."""
    rows = []
    for (build, heads), loads in figures.loads.items():
        rate = statistics.median(load.calls_per_second for load in loads)
        values = (statistics.median(getattr(load, name) for load in loads) for name in ("p99_ms", "cpu_us"))
        failures = sum(load.failures for load in loads)
        rows.append((f"{build}, {heads}", f"{rate:,.0f}", *map(show, values), f"{failures:,}"))
    return write_table(("Server and heads", "calls a second", "p99 ms", "CPU us a call", "failed"), rows)


def find_faults(figures: Figures) -> Iterator[str]:
    """Find the failed calls."""
    for (build, heads), loads in figures.loads.items():
        if failures := sum(load.failures for load in loads):
            yield f"{failures:,} calls of {build} with {heads} failed under load"


PASS = Pass(
    f"Heads of the official SDK: {CALLERS} callers",
    measure,
    (
        Target(
            f"CPU a call of {CALLERS} callers, official SDK's heads / ours", 1.1, lambda found: found.cpu_ratio(OURS)
        ),
    ),
    write,
    find_faults,
)
