"""The time from the command until a server is ready, and until its first answer, and its memory at both times."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.figures import pair_ratio
from benchmarks.local.plan import PassContext, list_turns
from benchmarks.local.section import Pass
from benchmarks.local.servers import BASE, OURS, Server
from benchmarks.report import NOT_MEASURED, show, write_table
from benchmarks.targets import Target

HEAD = ("Server", "ready s", "first answer s", "idle MB", "MB after a call")


@dataclass(frozen=True)
class Start:
    """One start: seconds since the command, MB resident of the server and the processes that it started."""

    ready_seconds: float
    answer_seconds: float
    idle_mb: float
    warm_mb: float


@dataclass
class Figures:
    """Starts by server, and the reasons of missing servers."""

    starts: dict[str, list[Start]] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)

    def median(self, label: str, attribute: str) -> float | None:
        """The median of a figure over a server's starts, None if there are none."""
        values = [float(getattr(start, attribute)) for start in self.starts.get(label, ())]
        return statistics.median(values) if values else None

    def ratio(self, label: str, baseline: str, attribute: str) -> float | None:
        """The ratio of a figure of two servers, the median over pairs of one round, None if one was not measured."""
        mine, others = self.starts.get(label), self.starts.get(baseline)
        if not mine or not others:
            return None
        return pair_ratio(*([float(getattr(start, attribute)) for start in starts] for starts in (mine, others)))


def measure(context: PassContext) -> Figures:
    """Measure the starts of servers, in turns. The first round only warms the disk's caches and writes bytecode."""
    figures = Figures({server.label: [] for server in context.servers})
    for number, server in list_turns(context.servers, context.plan.starts + 1):
        if server.label not in figures.starts:
            continue
        try:
            start = start_once(server, Path(tempfile.mkdtemp(dir=context.folder)))
        except (OSError, RuntimeError) as error:
            if server.is_needed:
                raise
            figures.missing[server.label] = str(error)
            del figures.starts[server.label]
            continue
        if number:
            figures.starts[server.label].append(start)
    return figures


def start_once(server: Server, folder: Path) -> Start:
    """Start a server, call it once, and stop it."""
    began = time.perf_counter()
    with server.start(folder) as running:
        idle_mb = running.resident_mb()
        running.check()
        return Start(running.ready_seconds, time.perf_counter() - began, idle_mb, running.resident_mb())


def write(figures: Figures) -> Iterator[str]:
    """Write each server's medians."""
    rows = []
    for label in figures.starts:
        values = (figures.median(label, name) for name in ("ready_seconds", "answer_seconds", "idle_mb", "warm_mb"))
        rows.append((label, *(show(value) for value in values if value is not None)))
    for label, why in figures.missing.items():
        rows.append((f"{label} ({NOT_MEASURED}: {why})", *("-" for _ in HEAD[1:])))
    return write_table(HEAD, rows)


PASS = Pass(
    "Starts and memory",
    measure,
    (
        Target("command to ready line", 0.5, lambda found: found.median(OURS, "ready_seconds"), " s"),
        Target("memory of the idle server", 60, lambda found: found.median(OURS, "idle_mb"), " MB"),
        Target("memory of the idle server / BASE's", 1.1, lambda found: found.ratio(OURS, BASE, "idle_mb")),
    ),
    write,
)
