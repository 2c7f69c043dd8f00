"""The first call of a function, which starts an instance, beside the bare start of the same interpreter."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.environments import child_environment
from benchmarks.figures import pair_ratio
from benchmarks.local.passes.warm import make_client
from benchmarks.local.plan import PassContext
from benchmarks.local.section import Pass
from benchmarks.local.servers import EVENT, FUNCTION, start_ours
from benchmarks.report import show, write_table
from benchmarks.targets import Target


@dataclass
class Figures:
    """Seconds of cold calls and bare starts, in pairs that were measured one after the other."""

    cold: list[float] = field(default_factory=list)
    bare: list[float] = field(default_factory=list)

    def ratio(self) -> float | None:
        """The median of the ratio over the pairs."""
        return pair_ratio(self.cold, self.bare) if self.cold else None


def measure(context: PassContext) -> Figures:
    """Measure calls of functions that were never called, on a connection that is kept."""
    figures = Figures()
    folder = Path(tempfile.mkdtemp(dir=context.folder))
    names = tuple(f"cold{number}" for number in range(context.plan.cold_calls))
    environment = child_environment(folder)
    with start_ours(folder, (FUNCTION, *names)) as server, make_client(server.port) as client:
        client.invoke(FUNCTION, data=EVENT)
        start_bare(environment)
        for name in names:
            began = time.perf_counter()
            answer = client.invoke(name, data=EVENT)
            figures.cold.append(time.perf_counter() - began)
            if answer.json() != EVENT:
                raise RuntimeError(f"{name} answered {answer!r}")
            figures.bare.append(start_bare(environment))
    return figures


def start_bare(environment: dict[str, str]) -> float:
    """Measure the start of an interpreter that runs no code. It is started by vfork, so our size does not matter."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", "pass"], check=True, env=environment)
    return time.perf_counter() - began


def write(figures: Figures) -> Iterator[str]:
    """Write the medians of both."""
    rows = []
    for label, values in (("first call of a function", figures.cold), ("`python -c pass`", figures.bare)):
        if values:
            rows.append((label, show(statistics.median(values) * 1e3), show(min(values) * 1e3)))
    return write_table(("What", "ms", "fastest ms"), rows)


PASS = Pass(
    "Cold calls",
    measure,
    (Target("cold first call / starting that interpreter with `-c pass`", 3, Figures.ratio),),
    write,
)
