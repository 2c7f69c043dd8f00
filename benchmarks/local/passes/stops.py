"""The time from SIGTERM until a server has ended through whose proxy a client holds a tunnel open."""

from __future__ import annotations

import signal
import socket
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.figures import pair_ratio
from benchmarks.local.plan import PassContext
from benchmarks.local.section import Pass
from benchmarks.local.servers import BASE, CALL_SECONDS, FUNCTION, OURS, start_ours
from benchmarks.report import show, write_table
from benchmarks.responder import HOST, find_ports
from benchmarks.targets import Target

STOP_SECONDS = 30.0
CONNECT = b"CONNECT scf.tencentcloudapi.com:443 HTTP/1.1\r\nHost: scf.tencentcloudapi.com:443\r\n\r\n"


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
    """Start a server, open a tunnel, and stop the server; the value is the time of the stop.

    :raises RuntimeError: if the proxy gives no tunnel
    """
    (port,) = find_ports(1)
    options = ("--proxy-port", str(port))
    with start_ours(folder, (FUNCTION,), options, python) as running, socket.create_connection((HOST, port)) as client:
        client.settimeout(CALL_SECONDS)
        client.sendall(CONNECT)
        answer = client.recv(4096)
        if b" 200 " not in answer.partition(b"\r\n")[0]:
            raise RuntimeError(f"the proxy gave no tunnel: {answer[:300]!r}")
        began = time.perf_counter()
        running.process.send_signal(signal.SIGTERM)
        running.process.wait(STOP_SECONDS)
        return time.perf_counter() - began


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
