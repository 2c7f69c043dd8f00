"""The figures: what each side takes, in turns, so that all of them see the same machine."""

from __future__ import annotations

import contextlib
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import responder
from benchmarks.local import load, servers
from benchmarks.local.servers import ASGI, DEFAULT, OURS, Running
from tencentserverless.scf import Client


@dataclass(frozen=True)
class Plan:
    """How much is measured."""

    starts: int = 12
    cold: int = 20
    warm_rounds: int = 20
    warm_calls: int = 200
    load_rounds: int = 5
    load_seconds: int = 5


@dataclass
class Figures:
    """All that was measured, by server where there are several."""

    ready_seconds: dict[str, list[float]] = field(default_factory=dict)
    cold_seconds: list[float] = field(default_factory=list)
    interpreter_seconds: list[float] = field(default_factory=list)
    warm_ms: list[float] = field(default_factory=list)
    static_ms: list[float] = field(default_factory=list)
    loads: dict[str, list[load.Load]] = field(default_factory=dict)
    idle_mb: dict[str, float] = field(default_factory=dict)


Start = Callable[[Path], "contextlib.AbstractContextManager[Running]"]


def list_servers(framework: Path) -> dict[str, Start]:
    """How each server is started on a folder."""
    return {
        OURS: servers.ours,
        ASGI: lambda folder: servers.framework(framework, folder, ASGI),
        DEFAULT: lambda folder: servers.framework(framework, folder, DEFAULT),
    }


def measure_ready(starts: dict[str, Start], plan: Plan, folder: Path, figures: Figures) -> None:
    """From the command to the server's ready line, or to the first connection that it takes; and its idle memory."""
    for number in range(plan.starts):
        for label, start in starts.items():
            with start(folder / f"ready-{number}-{len(label)}") as server:
                figures.ready_seconds.setdefault(label, []).append(server.ready_seconds)
                if number == 0:
                    time.sleep(1)
                    figures.idle_mb[label] = server.own_mb() if label == OURS else server.resident_mb()


def measure_cold(plan: Plan, folder: Path, figures: Figures) -> None:
    """The first call of a function on a kept connection, and beside it the bare start of the same interpreter."""
    names = tuple(f"cold-{number}" for number in range(plan.cold))
    with servers.ours(folder / "cold", (servers.FUNCTION, *names)) as server, _client(server) as client:
        client.invoke(servers.FUNCTION, data=servers.EVENT)
        for name in names:
            began = time.perf_counter()
            client.invoke(name, data=servers.EVENT)
            figures.cold_seconds.append(time.perf_counter() - began)
            began = time.perf_counter()
            subprocess.run([sys.executable, "-c", "pass"], check=True)
            figures.interpreter_seconds.append(time.perf_counter() - began)


def measure_warm(trust_python: Path, plan: Plan, folder: Path, figures: Figures) -> None:
    """A warm call through the SDK, and beside it the SDK's call to a responder that runs nothing."""
    trust = responder.make_trust(trust_python, folder / "trust", None)
    with (
        responder.start(trust, folder) as static,
        servers.ours(folder / "warm") as server,
        _client(server) as ours,
        Client("ap-guangzhou", "AKIDx", "x", endpoint=f"http://{responder.HOST}:{static.plain}") as bare,
    ):
        for _ in range(plan.warm_rounds):
            figures.warm_ms.append(_median_ms(ours, plan.warm_calls))
            figures.static_ms.append(_median_ms(bare, plan.warm_calls))


def measure_load(starts: dict[str, Start], wrk: str, plan: Plan, folder: Path, figures: Figures) -> None:
    """Warm calls of many callers, the servers taking turns; all of them run all the time."""
    with contextlib.ExitStack() as stack:
        running = {label: stack.enter_context(start(folder / f"load-{len(label)}")) for label, start in starts.items()}
        script = folder / "wrk.lua"
        for number in range(-1, plan.load_rounds):
            for label, server in running.items():
                script.write_text(servers.wrk_script(server), encoding="utf-8")
                result = load.run_wrk(wrk, server.url, script, plan.load_seconds if number >= 0 else 1)
                if number >= 0:
                    figures.loads.setdefault(label, []).append(result)


@contextlib.contextmanager
def _client(server: Running) -> Iterator[Client]:
    pair = server.variables["TENCENTCLOUD_SECRETID"], server.variables["TENCENTCLOUD_SECRETKEY"]
    with Client("ap-guangzhou", *pair, endpoint=server.url) as client:
        yield client


def _median_ms(client: Client, calls: int) -> float:
    took = []
    for _ in range(calls):
        began = time.perf_counter()
        client.invoke(servers.FUNCTION, data=servers.EVENT)
        took.append(time.perf_counter() - began)
    return statistics.median(took) * 1000
