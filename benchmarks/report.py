"""The results as Markdown."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from benchmarks.coordinator import Measured
from benchmarks.figures import compare, pair_ratio
from benchmarks.results import Results
from benchmarks.startup import First, Imported, Size
from benchmarks.targets import Target, list_targets

PREFACE = """# Results

Written by `make bench`; do not edit. Every client runs in a process of its own, pinned to one CPU, against one static
responder in its own process, on loopback. Clients of a table take turns in short slices. Figures are medians over the
slices; ratios and differences are medians over pairs of slices of the same round. All of it is loopback: over a
real network the wall time is the network's, and CPU is what remains to compare."""
QUICK = "**This was a quick run, for development: few rounds, so the figures are rough.**"
NOTES = """
- The floor sends a prebuilt request on a kept bare socket and decodes the answer's JSON. It signs and checks nothing.
- "signed by hand" is TC3-HMAC-SHA256 by `hmac.digest`, with the day's key kept.
- Over TLS the floor, the bare script, http.client and ours trust one CA file. The others are given certifi's bundle
  with that CA in it, since that bundle is what they load by default. It matters where a TLS context is made: for each
  call of 0.1.7, for each connection of the official SDK, and for first results.
- The official SDK keeps at most 10 connections and drops the rest. Its row "widened to 64" reaches into its session.
- A new connection counts from connect to the first answer; the responder closes it after that.
- A resumed connection ends in TLS 1.3 or 1.2 alone, with a certificate of RSA 2048 and tickets, which is nginx's own
  port for it: the static responder of this project has none. The bare resumption keeps the session of its first
  connection; ours reads a new one after a minute. The asyncio clients are compared with the first client too. Where
  the bare resumption's own ratio and 0.1 are more than the target, they stand in its place.
- Modules of its own are those of the imported package, its `__init__` modules included. Their bytecode is that of
  `python -OO`, without docstrings; the earlier commit is imported from its sources, in turns with today's.
- With calls in flight at once, wall time is the client's CPU and the responder's together; compare CPU there."""
NOT_MEASURED = "not measured"


def write_report(results: Results) -> str:
    """Write the whole text."""
    parts = [PREFACE]
    if results.is_quick:
        parts.append(QUICK)
    parts.append("\n".join(f"- {title}: {text}" for title, text in results.about.items()))
    found = [(target.settle(results), target.find(results)) for target in list_targets()]
    parts.append("## Targets\n\n" + "\n".join(write_targets(found)))
    parts += [f"## {capitalize(name)}\n\n" + "\n".join(write_pass(found)) for name, found in results.passes.items()]
    parts.append("## First result of a new process, over TLS\n\n" + "\n".join(write_first(results.first)))
    parts.append("## Imports\n\n" + "\n".join(write_imports(results.imported)))
    parts.append("## Installed size\n\n" + "\n".join(write_sizes(results.sizes)))
    parts.append("## Notes\n" + NOTES)
    parts.append("## Versions\n\n" + "\n".join(write_versions(results.versions)))
    return "\n\n".join(parts) + "\n"


def capitalize(text: str) -> str:
    return text[0].upper() + text[1:]


def write_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Write the lines of a table; all columns but the first are for numbers."""
    yield "| " + " | ".join(head) + " |"
    yield "|---|" + "---:|" * (len(head) - 1)
    for row in rows:
        yield "| " + " | ".join(row) + " |"


def write_targets(found: Iterable[tuple[Target[Any], float | None]]) -> Iterator[str]:
    """Write the table of targets: figure, target, measured value, if it is met, and how it was found, if known."""
    rows = []
    for target, value in found:
        measured = NOT_MEASURED if value is None else show(value) + target.unit
        verdict = "-" if value is None else "yes" if target.is_met(value) else "**no**"
        rows.append((target.figure, target.limit_text, measured, verdict, target.terms))
    head = ("Figure", "Target", "Measured", "Met?", "Method, certificate, peer, commit")
    has_terms = any(row[-1] for row in rows)
    return write_table(*((head, rows) if has_terms else (head[:-1], [row[:-1] for row in rows])))


def show(value: float) -> str:
    """Format a number with three significant digits."""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def write_pass(measured: Measured) -> Iterator[str]:
    """Write each client's figures, compared with the first client of the pass."""
    head = (
        "Client",
        "wall us",
        "CPU us",
        "wall ratio",
        "CPU ratio",
        "wall over us",
        "CPU over us",
        "+- CPU",
        "calls per CPU-s",
    )
    rows = []
    for label in measured.clients:
        figures = compare(measured, label)
        if figures is None:
            why = measured.missing.get(label, "its baseline is missing")
            rows.append((f"{label} ({NOT_MEASURED}: {why})", *("-" for _ in head[1:])))
            continue
        row = [
            label,
            show(figures.wall_us),
            show(figures.cpu_us),
            f"{figures.wall_ratio:.2f}",
            f"{figures.cpu_ratio:.2f}",
        ]
        row += [f"{figures.wall_over_us:+.1f}", f"{figures.cpu_over_us:+.1f}", f"{figures.spread:.0%}"]
        rows.append((*row, f"{figures.calls_per_cpu_second:,.0f}"))
    return write_table(head, rows)


def write_first(first: First) -> Iterator[str]:
    """Write milliseconds and memory of first results, compared with the bare script."""
    base = next(iter(first.milliseconds), "")
    rows = []
    for label, values in first.milliseconds.items():
        ratio = pair_ratio(values, first.milliseconds[base])
        memory = statistics.median(first.megabytes[label])
        over = memory - statistics.median(first.megabytes[base])
        rows.append((label, show(statistics.median(values)), f"{ratio:.2f}", show(memory), f"{over:+.1f}"))
    return write_table(("Client", "ms", "ratio", "resident MB", "MB over"), rows)


def write_imports(imported: Imported) -> Iterator[str]:
    """Write milliseconds and source of imports, beyond the bare imports."""
    rows = []
    if imported.bare_milliseconds:
        bare = statistics.median(imported.bare_milliseconds)
        rows.append(("ssl, json, socket, hashlib, hmac", show(bare), "", "", "", ""))
    for label, values in imported.milliseconds.items():
        sources = show(imported.source_kb[label]), show(imported.outside_kb[label])
        own = f"{imported.modules[label]:.0f}", show(imported.code_kb[label])
        rows.append((label, "+" + show(statistics.median(values)), *sources, *own))
    head = ("KB of source more", "of these outside the standard library", "modules of its own", "KB of their bytecode")
    return write_table(("Import", "ms", *head), rows)


def write_sizes(sizes: dict[str, Size]) -> Iterator[str]:
    """Write the sizes on disk."""
    rows = [(label, f"{size.source_kb:,.0f}", f"{size.total_kb:,.0f}") for label, size in sizes.items()]
    return write_table(("Installed", "KB", "KB with bytecode"), rows)


def write_versions(found: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    """Write the versions by environment, for each has its own."""
    for environment, versions in found.items():
        yield f"- {environment}: " + ", ".join(f"{name} {version}" for name, version in versions.items())
