"""Web functions under load: the same app of uvicorn bare, behind one instance, and behind one instance a request.

The time of the server's own process for a proxied request stands beside that of an event call.
"""

from __future__ import annotations

import base64
import concurrent.futures
import contextlib
import importlib.util
import io
import json
import statistics
import sys
import urllib.request
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import SplitResult, urlsplit

import psutil

from benchmarks.clients import wire
from benchmarks.figures import pair_ratio
from benchmarks.local.load import CALLERS, Load
from benchmarks.local.plan import PassContext
from benchmarks.local.section import Pass
from benchmarks.local.servers import BASE, EVENT, OURS, Call, Dialect, Running, start_on_port, start_ours
from benchmarks.report import show, write_table
from benchmarks.responder import HOST
from benchmarks.targets import Target

WARM_SECONDS = 2
BARE, SHARED, SINGLE, CALLED = "the app alone", "one instance", f"{CALLERS} instances", "event calls"
SLOW_PATH, SLOW_SECONDS = "slow", 1
APP = """
import asyncio, sys, uvicorn
HEAD = [(b"content-type", b"application/json"), (b"content-length", b"%d")]
async def app(scope, receive, send):
    if scope["type"] == "http":
        await receive()
        if scope["path"].endswith("SLOW_PATH"):
            await asyncio.sleep(SLOW_SECONDS)
        await send({"type": "http.response.start", "status": 200, "headers": HEAD})
        await send({"type": "http.response.body", "body": BODY})
if __name__ == "__main__":
    uvicorn.run(app, host=sys.argv[1], port=int(sys.argv[2]), log_level="warning", access_log=False)
"""


@dataclass
class Figures:
    """Slices by what was loaded, and the seconds of the server's process in each; the reason if there are none."""

    loads: dict[str, list[Load]] = field(default_factory=dict)
    front_us: dict[str, list[float]] = field(default_factory=dict)
    missing: str = ""

    def rate_ratio(self, label: str) -> float | None:
        """Calls a second over those of the app alone, the median over rounds."""
        return self._ratio(self._values(label, "calls_per_second"), self._values(BARE, "calls_per_second"))

    def front_ratio(self, build: str) -> float | None:
        """The server's time for a proxied request over that for an event call of a build, the median over rounds."""
        return self._ratio(self.front_us.get(SHARED, []), self.front_us.get(f"{CALLED}, {build}", []))

    def _values(self, label: str, attribute: str) -> list[float]:
        return [getattr(load, attribute) for load in self.loads.get(label, [])]

    @staticmethod
    def _ratio(mine: list[float], others: list[float]) -> float | None:
        return pair_ratio(mine, others) if mine and len(mine) == len(others) else None


def write_app() -> str:
    """Write the app, which answers every request with the event of the other passes."""
    body = json.dumps(EVENT).encode()
    app = APP.replace("SLOW_PATH", SLOW_PATH).replace("SLOW_SECONDS", str(SLOW_SECONDS))
    return app.replace("%d", str(len(body)), 1).replace("BODY", repr(body), 1)


def dialect_of(path: str) -> Dialect:
    """The requests to the app at a path."""
    return Dialect(
        lambda port: Call(path, {"Host": f"{HOST}:{port}", "Content-Type": "application/json"}, wire.build_body()),
        lambda body: body,
        json.loads,
    )


def zipped(files: dict[str, str]) -> str:
    """Pack files that can be executed."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, text in files.items():
            info = zipfile.ZipInfo(name)
            info.external_attr = 0o755 << 16
            archive.writestr(info, text)
    return base64.b64encode(data.getvalue()).decode()


def call_api(server: Running, action: str, fields: dict[str, object]) -> dict[str, object]:
    """Call an action by this project's client."""
    from tencentserverless.management import call_action
    from tencentserverless.scf import Client

    endpoint = f"http://{HOST}:{server.port}"
    with Client(secret_id=wire.SECRET_ID, secret_key=wire.SECRET_KEY, endpoint=endpoint) as client:
        return dict(call_action(client, action, fields))


def find_missing() -> str:
    """Find the reason why no app can run, "" if there is none."""
    return "" if importlib.util.find_spec("uvicorn") else "uvicorn is not installed"


def write_start(arguments: str) -> str:
    """Write the file that starts the app of a web function."""
    folders = ":".join(each for each in sys.path if each.endswith("site-packages"))
    return f"#!/bin/bash\nexport PYTHONPATH={folders}:$PYTHONPATH\nexec {sys.executable} app.py {arguments}\n"


def find_url(description: Any) -> SplitResult:
    """Find the URL of a trigger by its description."""
    return urlsplit(description["NetConfig"]["LocalUrl"])


def deploy(server: Running, name: str, requests: int, app: str) -> Running:
    """Deploy an app as a web function whose instances take so many requests at once."""
    code = {"ZipFile": zipped({"scf_bootstrap": write_start("0.0.0.0 9000"), "app.py": app})}
    concurrency = {"DynamicEnabled": "FALSE", "MaxConcurrency": requests}
    fields = {"FunctionName": name, "Type": "HTTP", "Code": code, "InstanceConcurrencyConfig": concurrency}
    call_api(server, "CreateFunction", {**fields, "Timeout": 60})
    net = {"AuthType": "NONE", "NetConfig": {"EnableIntranet": False, "EnableExtranet": True}}
    trigger = {"FunctionName": name, "TriggerName": "url", "Type": "http", "TriggerDesc": json.dumps(net)}
    made = call_api(server, "CreateTrigger", {**trigger, "Qualifier": "$DEFAULT"})["TriggerInfo"]
    url = find_url(json.loads(made["TriggerDesc"]))  # type: ignore[index]
    return Running(url.port or 0, server.process, dialect_of(url.path + "/"), 0.0)


def bring_up(server: Running, count: int) -> Running:
    """Have so many instances started, by as many slow requests at once: quick ones would share fewer.

    :raises RuntimeError: if there are fewer
    """
    url = f"http://{HOST}:{server.port}{server.dialect.build(server.port).path}{SLOW_PATH}"
    before = psutil.Process(server.process.pid).children(recursive=True)
    with concurrent.futures.ThreadPoolExecutor(count) as pool:
        list(pool.map(lambda _: urllib.request.urlopen(url).close(), range(count)))
    started = len(psutil.Process(server.process.pid).children(recursive=True)) - len(before)
    if started < count:
        raise RuntimeError(f"{started} instances have started in place of {count}")
    return server


def own_seconds(server: Running) -> float:
    """The CPU time of the server's own process, without its instances."""
    times = psutil.Process(server.process.pid).cpu_times()
    return float(times.user + times.system)


def measure(context: PassContext) -> Figures:
    """Load all of them in turns. The first round warms them."""
    figures = Figures(missing=find_missing())
    if figures.missing:
        return figures
    with contextlib.ExitStack() as stack:
        folder = context.make_folder()
        (folder / "app.py").write_text(write_app())
        bare = start_on_port(
            lambda port: [sys.executable, str(folder / "app.py"), HOST, str(port)], folder, dialect_of("/")
        )
        running = {BARE: stack.enter_context(bare)}
        for build, python in context.builds.items():
            server = stack.enter_context(start_ours(context.make_folder(), (wire.FUNCTION,), _quiet(build), python))
            running[f"{CALLED}, {build}"] = server
            if build == OURS:
                running[SHARED] = deploy(server, "shared", CALLERS, write_app())
                running[SINGLE] = bring_up(deploy(server, "single", 1, write_app()), CALLERS)
        figures.loads = {label: [] for label in running}
        figures.front_us = {label: [] for label in running}
        for number in range(context.plan.load_rounds + 1):
            for label in running if number % 2 == 0 else reversed(running):
                seconds = context.plan.load_seconds if number else WARM_SECONDS
                before = own_seconds(running[label])
                load = context.generator.run(running[label], seconds, CALLERS)
                if number:
                    figures.loads[label].append(load)
                    figures.front_us[label].append((own_seconds(running[label]) - before) / load.calls * 1e6)
    return figures


def _quiet(build: str) -> tuple[str, ...]:
    """Options of a server: older builds may not know them."""
    return ("--log-format", "none") if build == OURS else ()


def write(figures: Figures) -> Iterator[str]:
    """Write the medians."""
    if figures.missing:
        yield f"Not measured: {figures.missing}."
        return
    rows = []
    for label, loads in figures.loads.items():
        rate = statistics.median(load.calls_per_second for load in loads)
        ratio = figures.rate_ratio(label) if not label.startswith(CALLED) else None
        front = "-" if label == BARE else show(statistics.median(figures.front_us[label]))
        failures = sum(load.failures for load in loads)
        p99 = show(statistics.median(load.p99_ms for load in loads))
        rows.append((label, f"{rate:,.0f}", "-" if ratio is None else f"{ratio:.2f}", p99, front, f"{failures:,}"))
    head = ("What", "requests a second", "of the app alone", "p99 ms", "server's own CPU us a request", "failed")
    yield from write_table(head, rows)


def find_faults(figures: Figures) -> Iterator[str]:
    """Find the failed requests."""
    for label, loads in figures.loads.items():
        if failures := sum(load.failures for load in loads):
            yield f"{failures:,} requests of {label} failed under load"


PASS = Pass(
    f"Web functions: {CALLERS} callers",
    measure,
    (
        Target(
            "requests a second to one instance of a web function / the app alone",
            0.5,
            lambda found: found.rate_ratio(SHARED),
            is_ceiling=False,
        ),
        Target(
            f"the same to {CALLERS} instances of one request each / the app alone",
            0.25,
            lambda found: found.rate_ratio(SINGLE),
            is_ceiling=False,
        ),
        Target(
            "the server's CPU for a proxied request / an event call of BASE", 0.5, lambda found: found.front_ratio(BASE)
        ),
    ),
    write,
    find_faults,
)
