"""Events of many streams at once: how late they are from the app alone, and from the app as a web function.

The app writes into each event the time at which it sends it, by the clock that all processes of a machine share.
"""

from __future__ import annotations

import contextlib
import json
import statistics
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.clients import wire
from benchmarks.local.load import run_generator
from benchmarks.local.passes.web import BARE, SHARED, deploy, dialect_of, find_missing, own_seconds
from benchmarks.local.plan import PassContext
from benchmarks.local.section import Pass
from benchmarks.local.servers import Running, start_on_port, start_ours
from benchmarks.report import show, write_table
from benchmarks.responder import HOST
from benchmarks.targets import Target

READER = Path(__file__).parents[1] / "stream_reader.py"
STREAMS = 50
#: The requests that one instance takes at once: all streams, and some more.
REQUESTS = 64
EVENTS_A_SECOND = 10  # of each stream
WARM_SECONDS = 1
#: A stream is late by so many seconds if it has not ended.
LATE_SECONDS = 10.0
APP = """
import asyncio, sys, time, uvicorn
HEAD = [(b"content-type", b"text/event-stream")]
async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    await receive()
    await send({"type": "http.response.start", "status": 200, "headers": HEAD})
    for number in range(int(scope["query_string"] or 0)):
        await asyncio.sleep(1 / EVENTS_A_SECOND)
        event = b"data: %d %d\\n\\n" % (number, time.monotonic_ns())
        await send({"type": "http.response.body", "body": event, "more_body": True})
    await send({"type": "http.response.body", "body": b""})
if __name__ == "__main__":
    uvicorn.run(app, host=sys.argv[1], port=int(sys.argv[2]), log_level="warning", access_log=False)
""".replace("EVENTS_A_SECOND", str(EVENTS_A_SECOND))


@dataclass(frozen=True)
class Slice:
    """The streams of one round.

    :ivar events: that have come
    :ivar measured: those of them whose delay counts
    :ivar broken: streams that brought other events than theirs, or did not end
    """

    events: int
    measured: int
    broken: int
    p50_ms: float
    p99_ms: float


@dataclass
class Figures:
    """Slices by what sent the events, and the server's own CPU for each event; the reason if there are none."""

    slices: dict[str, list[Slice]] = field(default_factory=dict)
    front_us: list[float] = field(default_factory=list)
    missing: str = ""

    def added_ms(self, attribute: str) -> float | None:
        """The delay of the web function's events over that of the app alone: the median over rounds."""
        pairs = list(zip(self.slices.get(SHARED, []), self.slices.get(BARE, []), strict=True))
        if not pairs or any(found.broken for slices in self.slices.values() for found in slices):
            return None
        return statistics.median(float(getattr(mine, attribute) - getattr(bare, attribute)) for mine, bare in pairs)


def read_streams(running: Running, streams: int, seconds: float) -> Slice:
    """Read streams for so many seconds and those to warm up, in a process of its own."""
    events = round((WARM_SECONDS + seconds) * EVENTS_A_SECOND)
    call = running.dialect.build(running.port)
    head = f"GET {call.path}?{events} HTTP/1.1\r\nHost: {call.headers['Host']}\r\nConnection: close\r\n\r\n"
    order = {
        "host": HOST,
        "port": running.port,
        "request": head,
        "streams": streams,
        "events": events,
        "skipped": WARM_SECONDS * EVENTS_A_SECOND,
        "seconds": WARM_SECONDS + seconds + LATE_SECONDS,
    }
    text = run_generator([sys.executable, str(READER)], WARM_SECONDS + seconds + LATE_SECONDS, json.dumps(order))
    return Slice(**json.loads(text))


def measure(context: PassContext) -> Figures:
    """Read the streams of both in turns. A single stream of each goes before, so that an instance runs."""
    figures = Figures(missing=find_missing())
    if figures.missing:
        return figures
    with contextlib.ExitStack() as stack:
        folder = context.make_folder()
        (folder / "app.py").write_text(APP)
        bare = start_on_port(
            lambda port: [sys.executable, str(folder / "app.py"), HOST, str(port)], folder, dialect_of("/")
        )
        quiet = ("--log-format", "none")
        server = stack.enter_context(start_ours(context.make_folder(), (wire.FUNCTION,), quiet))
        running = {BARE: stack.enter_context(bare), SHARED: deploy(server, "streams", REQUESTS, APP)}
        for label, each in running.items():
            if read_streams(each, 1, 0).broken:
                raise RuntimeError(f"{label} brings no events")
        figures.slices = {label: [] for label in running}
        for number in range(context.plan.load_rounds):
            for label in running if number % 2 == 0 else reversed(running):
                before = own_seconds(running[label])
                found = read_streams(running[label], STREAMS, context.plan.load_seconds)
                figures.slices[label].append(found)
                if label == SHARED:
                    figures.front_us.append((own_seconds(running[label]) - before) / max(1, found.events) * 1e6)
    return figures


def write(figures: Figures) -> Iterator[str]:
    """Write the medians."""
    if figures.missing:
        yield f"Not measured: {figures.missing}."
        return
    rows = []
    for label, slices in figures.slices.items():
        values = (statistics.median(float(getattr(found, name)) for found in slices) for name in ("p50_ms", "p99_ms"))
        added = [figures.added_ms(name) if label == SHARED else None for name in ("p50_ms", "p99_ms")]
        front = show(statistics.median(figures.front_us)) if label == SHARED else "-"
        rows.append(
            (
                label,
                *(show(value) for value in values),
                *("-" if value is None else show(value) for value in added),
                front,
                f"{sum(found.measured for found in slices):,}",
                f"{sum(found.broken for found in slices):,}",
            )
        )
    head = ("Events from", "p50 ms", "p99 ms", "added p50 ms", "added p99 ms", "server's own CPU us an event")
    yield from write_table((*head, "events", "broken streams"), rows)
    yield ""
    yield (
        f"{STREAMS} streams at once, each with an event every {1000 // EVENTS_A_SECOND} ms. The delay is the time from "
        "the app's own clock in the event to its arrival at the reader, so the waits in the app and in the reader are "
        "in both rows. What is added is the difference of the two rows in one round, the median over the rounds."
    )


def find_faults(figures: Figures) -> Iterator[str]:
    """Find the streams without all of their events."""
    for label, slices in figures.slices.items():
        if broken := sum(found.broken for found in slices):
            yield f"{broken:,} streams of {label} did not bring all of their events in order"


PASS = Pass(
    f"Web functions: events of {STREAMS} streams",
    measure,
    (
        Target(
            f"delay that a web function's URL adds to an event, p99, {STREAMS} streams",
            10,
            lambda found: found.added_ms("p99_ms"),
            " ms",
        ),
    ),
    write,
    find_faults,
)
