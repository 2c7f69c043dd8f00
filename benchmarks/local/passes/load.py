"""Warm calls of many callers at once, on the CPUs that the servers have too."""

from __future__ import annotations

import contextlib
import statistics
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.figures import pair_ratio
from benchmarks.local.load import CALLERS, Load, run_slice
from benchmarks.local.peers import ASGI
from benchmarks.local.plan import PassContext, list_turns
from benchmarks.local.section import Pass
from benchmarks.local.servers import BASE, OURS, Running
from benchmarks.report import NOT_MEASURED, show, write_table
from benchmarks.targets import Target

WARM_SECONDS = 1
HEAD = ("Server", "calls a second", f"of {ASGI}'s", "p50 ms", "p99 ms", "CPU us a call", "calls", "failed")


@dataclass
class Figures:
    """Slices by server, in the order of the rounds; the servers that may not fail; the reasons of missing servers."""

    loads: dict[str, list[Load]] = field(default_factory=dict)
    needed: tuple[str, ...] = ()
    missing: dict[str, str] = field(default_factory=dict)

    def count_failures(self, label: str) -> int:
        """Count the failed calls of a server in all slices."""
        return sum(load.failures for load in self.loads.get(label, ()))

    def ratio(self, label: str, baseline: str, attribute: str) -> float | None:
        """The ratio of a figure of two servers, the median over pairs of one round. None if a call failed."""
        mine, others = self.loads.get(label), self.loads.get(baseline)
        if not mine or not others or self.count_failures(label) or self.count_failures(baseline):
            return None
        return pair_ratio(*([float(getattr(load, attribute)) for load in loads] for loads in (mine, others)))

    def median(self, label: str, attribute: str) -> float | None:
        """The median of a figure over a server's slices. None if a call failed."""
        loads = self.loads.get(label)
        if not loads or self.count_failures(label):
            return None
        return statistics.median(float(getattr(load, attribute)) for load in loads)


def measure(context: PassContext) -> Figures:
    """Load the servers in turns, while all of them run. The first round warms them."""
    plan = context.plan
    figures = Figures(needed=tuple(server.label for server in context.servers if server.is_needed))
    with contextlib.ExitStack() as stack:
        running = start_all(context, stack, figures)
        for number, server in list_turns(context.servers, plan.load_rounds + 1):
            if server.label not in running:
                continue
            seconds = plan.load_seconds if number else WARM_SECONDS
            try:
                load = run_slice(context.generator, running[server.label], seconds)
            except (OSError, RuntimeError) as error:
                if server.is_needed:
                    raise
                figures.missing[server.label] = str(error)
                del running[server.label]
                del figures.loads[server.label]
                continue
            if number:
                figures.loads[server.label].append(load)
    return figures


def start_all(context: PassContext, stack: contextlib.ExitStack, figures: Figures) -> dict[str, Running]:
    """Start the servers, and leave out those that do not start."""
    running = {}
    for server in context.servers:
        try:
            running[server.label] = stack.enter_context(server.start(Path(tempfile.mkdtemp(dir=context.folder))))
        except (OSError, RuntimeError) as error:
            if server.is_needed:
                raise
            figures.missing[server.label] = str(error)
    figures.loads = {label: [] for label in running}
    return running


def write(figures: Figures) -> Iterator[str]:
    """Write each server's medians; for one that fails, the number of failures alone."""
    rows = []
    for label, loads in figures.loads.items():
        calls, failures = sum(load.calls for load in loads), figures.count_failures(label)
        counts = (f"{calls:,}", f"{failures:,}" if not failures else f"**{failures:,}**")
        if failures:
            rows.append((label, "void", *("-" for _ in range(4)), *counts))
            continue
        rate = figures.median(label, "calls_per_second") or 0.0
        times = (show(figures.median(label, name) or 0.0) for name in ("p50_ms", "p99_ms", "cpu_us"))
        ratio = figures.ratio(label, ASGI, "calls_per_second")
        shown = "-" if ratio is None else f"{ratio:.2f}"
        rows.append((label, f"{rate:,.0f}", shown, *times, *counts))
    for label, why in figures.missing.items():
        rows.append((f"{label} ({NOT_MEASURED}: {why})", *("-" for _ in HEAD[1:])))
    return write_table(HEAD, rows)


def find_faults(figures: Figures) -> Iterator[str]:
    """Find the failed calls of servers that the targets name."""
    for label in figures.needed:
        if failures := figures.count_failures(label):
            yield f"{failures:,} calls of {label} failed under load"


PASS = Pass(
    f"Load: {CALLERS} callers",
    measure,
    (
        Target(
            f"calls a second of {CALLERS} callers / {ASGI}'s",
            1.7,
            lambda found: found.ratio(OURS, ASGI, "calls_per_second"),
            is_ceiling=False,
        ),
        Target(
            f"CPU a call of {CALLERS} callers, server and workers / BASE's",
            0.45,
            lambda found: found.ratio(OURS, BASE, "cpu_us"),
        ),
        Target(f"p99 of a call of {CALLERS} callers / {ASGI}'s", 1, lambda found: found.ratio(OURS, ASGI, "p99_ms")),
    ),
    write,
    find_faults,
)
