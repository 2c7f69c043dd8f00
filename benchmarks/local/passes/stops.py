"""The time from SIGTERM until a server has ended through whose proxy a client holds a tunnel open."""

from __future__ import annotations

import http.client
import signal
import ssl
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.figures import pair_ratio
from benchmarks.local.plan import PassContext
from benchmarks.local.section import Pass
from benchmarks.local.servers import BASE, CALL_SECONDS, FUNCTION, OURS, UNKNOWN_PATH, start_ours
from benchmarks.report import show, write_table
from benchmarks.responder import HOST, find_ports
from benchmarks.targets import Target

STOP_SECONDS = 30.0
TARGET = "scf.tencentcloudapi.com"


@dataclass
class Figures:
    """Seconds until the end, by build, in the order of the rounds."""

    seconds: dict[str, list[float]] = field(default_factory=dict)

    def ratio(self, build: str, baseline: str) -> float | None:
        """The ratio of two builds, the median over pairs of one round, None if one was not measured."""
        mine, others = self.seconds.get(build), self.seconds.get(baseline)
        return pair_ratio(mine, others) if mine and others else None


def measure(context: PassContext) -> Figures:
    """Measure the stops of each build, in turns."""
    figures = Figures()
    for _ in range(context.plan.stop_rounds):
        for build, python in context.builds.items():
            figures.seconds.setdefault(build, []).append(stop_once(python, context.make_folder()))
    return figures


def stop_once(python: Path, folder: Path) -> float:
    """Start a server, call it through a tunnel, and stop it; the value is the time of the stop.

    The client keeps its connection, as every client with a pool does, and does not read meanwhile.
    """
    (port,) = find_ports(1)
    with start_ours(folder, (FUNCTION,), ("--proxy-port", str(port)), python) as running:
        client = http.client.HTTPSConnection(HOST, port, timeout=CALL_SECONDS, context=trust_all())
        client.set_tunnel(TARGET, 443)
        try:
            client.request("GET", UNKNOWN_PATH)
            client.getresponse().read()
            began = time.perf_counter()
            running.process.send_signal(signal.SIGTERM)
            running.process.wait(STOP_SECONDS)
            return time.perf_counter() - began
        finally:
            client.close()


def trust_all() -> ssl.SSLContext:
    """Make a context that takes any certificate: the server has one of its own authority."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def write(figures: Figures) -> Iterator[str]:
    """Write the medians."""
    rows = [(build, show(statistics.median(values)), show(max(values))) for build, values in figures.seconds.items()]
    return write_table(("Server", "stop s", "slowest s"), rows)


PASS = Pass(
    "Stop with an open tunnel",
    measure,
    (Target("stop with an open tunnel / BASE's", 0.2, lambda found: found.ratio(OURS, BASE)),),
    write,
)
