"""A warm call through the SDK, beside the SDK's call to a static responder."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import responder
from benchmarks.clients import wire
from benchmarks.figures import pair_ratio
from benchmarks.local.plan import PassContext
from benchmarks.local.section import Pass
from benchmarks.local.servers import EVENT, FUNCTION, start_ours
from benchmarks.report import show, write_table
from benchmarks.targets import Target
from tencentserverless.scf import Client

SETTLE_CALLS = 20  # before each slice, not counted


@dataclass(frozen=True)
class Slice:
    """Milliseconds of the calls of one turn."""

    p50_ms: float
    p99_ms: float


@dataclass
class Figures:
    """Slices of both, in pairs of one round.

    :ivar name: the name and the version of the responder
    """

    name: str = "responder"
    ours: list[Slice] = field(default_factory=list)
    static: list[Slice] = field(default_factory=list)

    def over_ms(self) -> float | None:
        """The difference between both, the median over the pairs."""
        pairs = zip(self.ours, self.static, strict=True)
        return statistics.median(one.p50_ms - other.p50_ms for one, other in pairs) if self.ours else None

    def ratio(self) -> float | None:
        """The ratio of both, the median over the pairs."""
        values = ([one.p50_ms for one in slices] for slices in (self.ours, self.static))
        return pair_ratio(*values) if self.ours else None


def measure(context: PassContext) -> Figures:
    """Measure both with a client for each, in turns."""
    folder = Path(tempfile.mkdtemp(dir=context.folder))
    trust = responder.make_trust(context.trust_python, folder / "trust", None)
    with (
        responder.start(trust, folder) as static,
        start_ours(folder) as server,
        make_client(static.plain) as bare,
        make_client(server.port) as client,
    ):
        figures = Figures(static.name)
        if client.invoke(FUNCTION, data=EVENT).json() != EVENT:
            raise RuntimeError("the function handed back another event")
        for _ in range(context.plan.warm_rounds):
            figures.static.append(run_slice(bare, context.plan.warm_calls, wire.ANSWER))
            figures.ours.append(run_slice(client, context.plan.warm_calls, client.invoke(FUNCTION, data=EVENT)))
    return figures


def make_client(port: int) -> Client:
    """Make a client of the SDK for a server on this port."""
    return Client(wire.REGION, wire.SECRET_ID, wire.SECRET_KEY, endpoint=f"http://{responder.HOST}:{port}")


def run_slice(client: Client, calls: int, expected: str) -> Slice:
    """Run one turn."""
    for _ in range(SETTLE_CALLS):
        client.invoke(FUNCTION, data=EVENT)
    took = []
    for _ in range(calls):
        began = time.perf_counter()
        answer = client.invoke(FUNCTION, data=EVENT)
        took.append((time.perf_counter() - began) * 1e3)
        if answer != expected:
            raise RuntimeError(f"an unexpected answer: {answer!r}")
    took.sort()
    return Slice(statistics.median(took), took[len(took) * 99 // 100])


def write(figures: Figures) -> Iterator[str]:
    """Write the medians over the slices."""
    rows = []
    for label, slices in (("local SCF", figures.ours), (figures.name, figures.static)):
        if slices:
            p50_ms, p99_ms = (statistics.median(getattr(one, name) for one in slices) for name in ("p50_ms", "p99_ms"))
            rows.append((label, show(p50_ms), show(p99_ms)))
    return write_table(("The SDK's call to", "p50 ms", "p99 ms"), rows)


PASS = Pass(
    "Warm calls through the SDK",
    measure,
    (
        Target("warm call, p50, over the SDK's call to a static responder", 0.3, Figures.over_ms, " ms"),
        Target("warm call, p50 / the SDK's call to a static responder", 3, Figures.ratio),
    ),
    write,
)
