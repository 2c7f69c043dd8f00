"""Data of the charts, read from the reports. Nothing is drawn here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from benchmarks.plots.tables import MissingError, Report, Row

OURS = frozenset(("tencentserverless", "local SCF"))
#: The build of another commit is no peer.
LEFT_OUT = frozenset(("local SCF at BASE",))
CPU, CALLS, MIDDLE, SLOW = "CPU us", "calls a second", "p50 ms", "p99 ms"
EVERY_CLIENT = "Warm calls of every client, two CPUs, {}"
LOAD = "Load: 16 callers"
NO_VALUE = "not measured"


class Line(NamedTuple):
    """The values of one client or server: one, or the ends of a range. None where nothing was measured."""

    label: str
    values: tuple[float, ...] | None
    is_ours: bool


class Panel(NamedTuple):
    """Lines on one axis."""

    title: str
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Chart:
    """A chart.

    :ivar name: of its file, without the ending
    :ivar axis: what the values are
    :ivar ends: the names of a range's ends; empty where a line has one value
    :ivar note: on what it was measured
    """

    name: str
    title: str
    axis: str
    panels: tuple[Panel, ...]
    note: str
    ends: tuple[str, ...] = ()

    def describe(self) -> str:
        """The chart in words: every value that it shows."""
        parts = []
        for panel in self.panels:
            lines = "; ".join(f"{line.label}: {self.show(line)}" for line in panel.lines)
            parts.append(f"{panel.title}: {lines}" if panel.title else lines)
        return ". ".join((self.axis, *parts, self.note)) + "."

    def show(self, line: Line) -> str:
        """The values of a line as text."""
        if line.values is None:
            return NO_VALUE
        texts = [show_number(value) for value in line.values]
        if not self.ends:
            return texts[0]
        return ", ".join(f"{end} {text}" for end, text in zip(self.ends, texts, strict=True))


def show_number(value: float) -> str:
    """A value as the reports write it: three significant digits, and whole numbers whole."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def read_lines(rows: tuple[Row, ...], *columns: str) -> tuple[Line, ...]:
    """Read some columns of a table."""
    lines = []
    for row in rows:
        values = [row.figures[column] for column in columns]
        known = tuple(value for value in values if value is not None)
        if row.label not in LEFT_OUT:
            lines.append(Line(row.label, known if len(known) == len(values) else None, row.label in OURS))
    return tuple(lines)


def write_note(report: Report) -> str:
    """The machine and the day of a run."""
    return f"Measured on loopback, {report.about['CPU']}, {report.about['Python']}, {report.about['Date']}"


def chart_cpu(results: Report) -> Chart:
    """CPU of a warm call by client, without TLS and with it."""
    panels = []
    for scheme, title in (("plain", "without TLS"), ("TLS", "over TLS")):
        panels.append(Panel(title, read_lines(results.find(EVERY_CLIENT.format(scheme), CPU), CPU)))
    first, second = ([line.label for line in panel.lines] for panel in panels)
    if first != second:
        raise MissingError("the clients without TLS and over TLS are not the same")
    return Chart(
        "plot-cpu", "CPU time of a call by client", "Microseconds of CPU a call", tuple(panels), write_note(results)
    )


def chart_calls(local: Report) -> Chart:
    """Calls a second that local servers answer."""
    lines = read_lines(local.find(LOAD, CALLS), CALLS)
    title = "Calls a second of local servers, 16 callers"
    return Chart("plot-calls", title, "Calls a second", (Panel("", lines),), write_note(local))


def chart_latency(local: Report) -> Chart:
    """The time of a call under load, for the middle one and for the slowest hundredth."""
    lines = read_lines(local.find(LOAD, MIDDLE, SLOW), MIDDLE, SLOW)
    title = "Time of a call to local servers, 16 callers"
    return Chart("plot-latency", title, "Milliseconds", (Panel("", lines),), write_note(local), ("p50", "p99"))
