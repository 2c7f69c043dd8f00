"""The figures as Markdown, beside their targets."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchmarks.local.load import CALLERS, Load
from benchmarks.local.measures import Figures
from benchmarks.local.servers import ASGI, OURS
from benchmarks.report import show, write_table

PREFACE = f"""# The local SCF

Written by `make bench-local`; do not edit. Every server runs the same function, which hands its event back, in a
process of its own on loopback; they take turns in short slices of one run. Figures are medians over the slices.
functions-framework runs the one function inside the server's process and checks no signature; the local SCF runs it
in workers of their own, checks the signature of every call, and keeps logs and records. {CALLERS} callers are wrk with
one thread, on the same CPUs as the server and its workers."""


@dataclass(frozen=True)
class Row:
    """One target."""

    figure: str
    target: str
    measured: float | None
    unit: str
    is_met: bool


def write_report(figures: Figures, about: dict[str, str], is_quick: bool) -> str:
    """The whole text."""
    parts = [PREFACE]
    if is_quick:
        parts.append("**This was a quick run, for development: few rounds, so the figures are rough.**")
    parts.append("\n".join(f"- {title}: {text}" for title, text in about.items()))
    rows = [(row.figure, row.target, _shown(row), _met(row)) for row in list_targets(figures)]
    parts.append("## Targets\n\n" + "\n".join(write_table(("Figure", "Target", "Measured", "Met?"), rows)))
    parts.append("## Servers\n\n" + "\n".join(_write_servers(figures)))
    return "\n\n".join(parts) + "\n"


def list_targets(figures: Figures) -> Iterator[Row]:
    """Every target, with what was measured."""
    ready = _median(figures.ready_seconds.get(OURS))
    yield _ceiling("command to ready line", 0.5, ready, " s")
    cold = _ratio(figures.cold_seconds, figures.interpreter_seconds)
    yield _ceiling("cold first call / starting that interpreter with `-c pass`", 3, cold, "")
    warm = _median([ours - bare for ours, bare in zip(figures.warm_ms, figures.static_ms, strict=True)])
    yield _ceiling("warm call through the SDK, p50, over the SDK's call to a static responder", 0.3, warm, " ms")
    ours, peer = figures.loads.get(OURS), figures.loads.get(ASGI)
    ratio = _ratio(_rates(ours), _rates(peer))
    is_met = ratio is not None and ratio >= 1 and is_valid(ours)
    yield Row(f"calls a second, {CALLERS} callers, over {ASGI}", ">= 1", ratio, " times", is_met)
    p99 = _median([slice_.p99_ms for slice_ in ours or []])
    yield _ceiling(f"p99 of a call, {CALLERS} callers", 6, p99, " ms")
    yield _ceiling("memory of the idle server", 60, figures.idle_mb.get(OURS), " MB")


def is_valid(loads: Sequence[Load] | None) -> bool:
    """Whether no answer failed and all were of one size, as results of one event are."""
    if not loads:
        return False
    sizes = [slice_.answer_bytes for slice_ in loads]
    return not any(slice_.failures for slice_ in loads) and max(sizes) - min(sizes) <= 0.05 * max(sizes)


def _write_servers(figures: Figures) -> Iterator[str]:
    rows = []
    for label, seconds in figures.ready_seconds.items():
        loads = figures.loads.get(label, [])
        rate = _median(_rates(loads))
        rows.append(
            (
                label,
                show(statistics.median(seconds)),
                show(figures.idle_mb[label]) if label in figures.idle_mb else "-",
                "-" if rate is None else f"{rate:,.0f}",
                "-" if rate is None else show(statistics.median(slice_.p50_ms for slice_ in loads)),
                "-" if rate is None else show(statistics.median(slice_.p99_ms for slice_ in loads)),
                "-" if rate is None else str(sum(slice_.failures for slice_ in loads)),
            )
        )
    head = ("Server", "ready s", "idle MB", f"calls/s, {CALLERS} callers", "p50 ms", "p99 ms", "failed")
    return write_table(head, rows)


def _ceiling(figure: str, limit: float, measured: float | None, unit: str) -> Row:
    return Row(figure, f"<= {limit:g}{unit}", measured, unit, measured is not None and measured <= limit)


def _shown(row: Row) -> str:
    return "not measured" if row.measured is None else show(row.measured) + row.unit


def _met(row: Row) -> str:
    return "-" if row.measured is None else "yes" if row.is_met else "**no**"


def _rates(loads: Sequence[Load] | None) -> list[float]:
    return [slice_.calls_per_second for slice_ in loads or []]


def _median(values: Sequence[float] | None) -> float | None:
    return statistics.median(values) if values else None


def _ratio(ours: Sequence[float], others: Sequence[float]) -> float | None:
    """The median over pairs of one round."""
    return _median([mine / other for mine, other in zip(ours, others, strict=False)])
