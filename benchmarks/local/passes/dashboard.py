"""The dashboard in a real browser: its first page on a cold server, and what an open page costs the calls.

The first page is that of 1,000 functions and 10,000 invocations, by a link that signs in, in a new profile. It is
interactive when the rows of the functions have been painted and the page waits for its user.
"""

from __future__ import annotations

import contextlib
import importlib.util
import sqlite3
import statistics
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from benchmarks.figures import pair_ratio
from benchmarks.local.load import CALLERS, Load, run_slice
from benchmarks.local.plan import PassContext
from benchmarks.local.section import Pass
from benchmarks.local.servers import FUNCTION, Running, start_ours
from benchmarks.report import show, write_table
from benchmarks.targets import Target
from tencentserverless.local.control import make_link
from tests.browser.conftest import PROGRAMS, Browser, find_chromium

FUNCTIONS, INVOCATIONS = 1_000, 10_000
HISTORY_SECONDS = 1_500  # before now, in which the invocations are
REGION, NAMESPACE = "ap-guangzhou", "default"
FAILURE = '{"errorCode": 1, "errorMessage": "user code exception caught", "stackTrace": "ValueError: no tea"}'
WARM_SECONDS = 2
#: Calls after which the history is full, and the server's memory is that of one that has run for a while.
SETTLE_CALLS = 50_000
#: In which a server still collects for a page that was closed, which might come back.
GRACE_SECONDS = 11
#: In which a browser that has shown a page is done with it.
CALM_SECONDS = 2
OPEN, CLOSED = "one page open", "none open"
SCREEN = {"viewport": {"width": 1280, "height": 800}}
#: Runs before the scripts of the page.
WATCH = """
const watcher = new MutationObserver(() => {
  if (!document.querySelector(".functions .body a")) return;
  watcher.disconnect();
  requestAnimationFrame(() => setTimeout(() => { window.interactive_ms = performance.now(); }));
});
watcher.observe(document, { childList: true, subtree: true });
"""
LOOK = """() => {
  const found = performance.getEntriesByType("resource");
  const overview = found.find((each) => each.name.endsWith("/api/overview"));
  return { ms: interactive_ms, requests: found.length + 1, kb: overview.decodedBodySize / 1000,
    sent_kb: overview.encodedBodySize / 1000, wait_ms: overview.responseEnd - overview.startTime };
}"""
ROWS = "() => document.querySelectorAll('.invocations .body .line').length > 10"


@dataclass(frozen=True)
class FirstPage:
    """One visit: milliseconds from the click on the link, requests, and the list of functions: its KB and its time.

    :ivar sent_kb: of the list, as it goes over the connection
    """

    ms: float
    requests: int
    kb: float
    sent_kb: float
    wait_ms: float


@dataclass
class Figures:
    """Visits; slices by whether a page was open, with the browser's CPU share; MB; the reason if there are none.

    :ivar grown_mb: that the server's own process holds more after the calls with a page open than before the first page
    :ivar later_mb: the part of it that came in the second half of the calls
    """

    visits: list[FirstPage] = field(default_factory=list)
    loads: dict[str, list[Load]] = field(default_factory=dict)
    browser_cpu: dict[str, list[float]] = field(default_factory=dict)
    grown_mb: float | None = None
    later_mb: float | None = None
    calls: int = 0
    missing: str = ""

    def first_page_ms(self) -> float | None:
        """The median over the visits, None if there are none."""
        return statistics.median(visit.ms for visit in self.visits) if self.visits else None

    def ratio(self, attribute: str) -> float | None:
        """A figure with a page open over that without, the median over rounds. None if a call failed."""
        with_page, without = self.loads.get(OPEN), self.loads.get(CLOSED)
        if not with_page or not without or any(load.failures for load in (*with_page, *without)):
            return None
        return pair_ratio(*([float(getattr(load, attribute)) for load in loads] for loads in (with_page, without)))


@contextlib.contextmanager
def open_browser(chromium: str) -> Iterator[Browser]:
    """Start the browser. The path of its folder is short: it has a socket there, whose address is bounded."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        browser = Browser(chromium, Path(folder))
        try:
            yield browser
        finally:
            browser.close()


def find_missing() -> str:
    """Find the reason why there is no browser, "" if there is one."""
    if importlib.util.find_spec("playwright") is None:
        return "Playwright is not installed"
    return "" if find_chromium() else f"none of {', '.join(PROGRAMS)} is on PATH"


def measure(context: PassContext) -> Figures:
    """Measure in one browser, which has started before."""
    figures = Figures(missing=find_missing())
    chromium = find_chromium()
    if figures.missing or chromium is None:
        return figures
    with open_browser(chromium) as browser:
        measure_first_page(context, browser, figures)
        measure_calls(context, browser, figures)
    return figures


def measure_first_page(context: PassContext, browser: Browser, figures: Figures) -> None:
    """Visit a server that has just started, in a new profile each time. The first round warms the disk's caches."""
    folder = context.make_folder()
    names = tuple(f"fn{number:04}" for number in range(FUNCTIONS))
    with start_ours(folder, names, state=folder / "state"):
        pass
    fill_history(folder / "state" / "state.db", names)
    for number in range(context.plan.page_rounds + 1):
        env_file = folder / f"env{number}"
        with start_ours(folder, names, ("--env-file", str(env_file)), state=folder / "state"):
            time.sleep(context.plan.load_seconds / 2)  # the start itself still takes CPU when the port answers
            visit = visit_first(browser, make_link(env_file))
        if number:
            figures.visits.append(visit)


def visit_first(browser: Browser, link: str) -> FirstPage:
    """Follow a link in a new profile."""
    browser.ask("renew", SCREEN)
    browser.ask("begin_with", WATCH)
    browser.ask("visit", link)
    browser.ask("await_true", "() => window.interactive_ms")
    found: dict[str, Any] = browser.ask("run", LOOK)
    return FirstPage(**found)


def fill_history(database: Path, names: tuple[str, ...]) -> None:
    """Write invocations of these functions into the database of a server that has stopped."""
    from tencentserverless.local.invocations.history import InvocationRecord
    from tencentserverless.local.registry.function_version import FunctionKey
    from tencentserverless.local.registry.invocation_tables import append

    began = time.time() - HISTORY_SECONDS
    rows = []
    for number in range(INVOCATIONS):
        record = InvocationRecord(
            FunctionKey(REGION, NAMESPACE, names[number % len(names)]),
            "$LATEST",
            str(uuid.UUID(int=number)),
            started_at=began + HISTORY_SECONDS * number / INVOCATIONS,
            memory_mb=128,
            status=0 if number % 50 else 430,
            message='{"tea": 3}' if number % 50 else FAILURE,
            duration_ms=1 + number * 7 % 40,
            memory_bytes=20_000_000,
            output=b"one line\n",
            event=b'{"item": "tea"}',
            origin="api",
        )
        rows.append(record.row())
    with contextlib.closing(sqlite3.connect(database)) as connection, connection:
        append(connection, rows, is_measured=True)


def measure_calls(context: PassContext, browser: Browser, figures: Figures) -> None:
    """Call one server with the page of invocations open, and without, in turns; then many times with it."""
    folder = context.make_folder()
    with start_ours(folder, (FUNCTION,), ("--env-file", str(folder / "env"))) as running:
        call_often(context, running, SETTLE_CALLS)
        before_mb = own_mb(running)
        states = {OPEN: lambda: open_page(browser, make_link(folder / "env")), CLOSED: lambda: close_page(browser)}
        figures.loads, figures.browser_cpu = {label: [] for label in states}, {label: [] for label in states}
        for number in range(context.plan.load_rounds + 1):
            for label in states if number % 2 == 0 else reversed(states):
                measure_slice(context, running, browser, states[label], label, figures if number else Figures())
        states[OPEN]()
        half = context.plan.page_calls // 2
        first = call_often(context, running, half)
        middle_mb = own_mb(running)
        figures.calls = first + call_often(context, running, half)
        after_mb = own_mb(running)
        figures.grown_mb, figures.later_mb = after_mb - before_mb, after_mb - middle_mb


def measure_slice(
    context: PassContext, running: Running, browser: Browser, prepare: Callable[[], None], label: str, figures: Figures
) -> None:
    """Measure one slice, and the CPU share that the browser has meanwhile."""
    prepare()
    began, before = time.perf_counter(), browser_seconds(browser)
    load = run_slice(context.generator, running, context.plan.load_seconds)
    share = (browser_seconds(browser) - before) / (time.perf_counter() - began)
    figures.loads.setdefault(label, []).append(load)
    figures.browser_cpu.setdefault(label, []).append(share)


def open_page(browser: Browser, link: str) -> None:
    """Sign in, and follow the invocations."""
    browser.ask("renew", SCREEN)
    browser.ask("visit", link)
    browser.ask("run", "() => { location.hash = '#/invocations'; }")
    browser.ask("await_true", ROWS)
    time.sleep(CALM_SECONDS)


def close_page(browser: Browser) -> None:
    """Leave the page, and wait until the server does not expect it back."""
    browser.ask("renew", SCREEN)
    time.sleep(GRACE_SECONDS)


def call_often(context: PassContext, running: Running, count: int) -> int:
    """Call at least so many times; the value is how many times."""
    done = 0
    while done < count:
        load = context.generator.run(running, WARM_SECONDS, CALLERS)
        if load.failures:
            raise RuntimeError(f"{load.failures} calls failed")
        done += load.calls
    return done


def own_mb(running: Running) -> float:
    """MB that the server's own process holds, without its instances."""
    return float(psutil.Process(running.process.pid).memory_info().rss) / 1e6


def browser_seconds(browser: Browser) -> float:
    """The CPU seconds of the browser's processes so far."""
    total = 0.0
    for process in psutil.Process(browser.pid).children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            total += times.user + times.system
    return total


def write(figures: Figures) -> Iterator[str]:
    """Write the medians."""
    if figures.missing:
        yield f"Not measured: {figures.missing}."
        return
    yield from write_table(
        (
            f"First page: {FUNCTIONS:,} functions, {INVOCATIONS:,} invocations",
            *("fastest ms", "requests", "list of functions KB", "as it is sent KB", "its answer ms"),
        ),
        [
            (
                f"{show(figures.first_page_ms() or 0.0)} ms",
                show(min(visit.ms for visit in figures.visits)),
                *(
                    show(statistics.median(float(getattr(visit, name)) for visit in figures.visits))
                    for name in ("requests", "kb", "sent_kb", "wait_ms")
                ),
            )
        ],
    )
    yield ""
    rows = []
    for label, loads in figures.loads.items():
        values = (
            statistics.median(float(getattr(load, name)) for load in loads)
            for name in ("calls_per_second", "p50_ms", "p99_ms", "cpu_us")
        )
        share = statistics.median(figures.browser_cpu[label])
        failed = sum(load.failures for load in loads)
        rows.append((label, *(show(value) for value in values), f"{share:.0%}", f"{failed:,}"))
    head = ("Page", "calls a second", "p50 ms", "p99 ms", "CPU us a call", "browser's CPU", "failed")
    yield from write_table(head, rows)
    yield ""
    yield (
        f"With the page open for {figures.calls:,} calls, the server's own process grew by "
        f"{show(figures.grown_mb or 0.0)} MB, of which {show(figures.later_mb or 0.0)} MB came in the second half."
    )


def find_faults(figures: Figures) -> Iterator[str]:
    """Find the failed calls."""
    for label, loads in figures.loads.items():
        if failures := sum(load.failures for load in loads):
            yield f"{failures:,} calls failed with {label}"


PASS = Pass(
    "Dashboard",
    measure,
    (
        Target(
            f"first page of the dashboard, cold server, {FUNCTIONS:,} functions, {INVOCATIONS:,} invocations",
            300,
            lambda found: found.first_page_ms(),
            " ms",
        ),
        Target(
            f"calls a second of {CALLERS} callers with one page open / with none",
            0.95,
            lambda found: found.ratio("calls_per_second"),
            is_ceiling=False,
        ),
        Target(
            "CPU a call, server and workers, with one page open / with none", 1.05, lambda found: found.ratio("cpu_us")
        ),
        Target("memory growth of the server with the page open", 10, lambda found: found.grown_mb, " MB"),
    ),
    write,
    find_faults,
)
