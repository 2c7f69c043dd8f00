"""Files of the plots: which charts each report has, and their pictures in docs/images."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from benchmarks.plots.charts import Chart, chart_calls, chart_cpu, chart_latency
from benchmarks.plots.drawing import THEMES, draw
from benchmarks.plots.tables import Report, read_report

ROOT = Path(__file__).resolve().parents[2]
RESULTS, LOCAL = ROOT / "benchmarks" / "RESULTS.md", ROOT / "benchmarks" / "LOCAL.md"
IMAGES = ROOT / "docs" / "images"
#: The charts of each report.
CHARTS: dict[Path, tuple[Callable[[Report], Chart], ...]] = {
    RESULTS: (chart_cpu,),
    LOCAL: (chart_calls, chart_latency),
}


def list_charts(path: Path) -> Iterator[Chart]:
    """The charts of a report."""
    report = read_report(path.read_text(encoding="utf-8"))
    return (make(report) for make in CHARTS[path])


def draw_plots(paths: Iterable[Path] = tuple(CHARTS)) -> Iterator[tuple[str, str]]:
    """The name and the text of each plot of some reports."""
    for path in paths:
        for chart in list_charts(path):
            for theme in THEMES:
                yield f"{chart.name}{theme.suffix}.svg", draw(chart, theme)


def write_plots(folder: Path = IMAGES, paths: Iterable[Path] = tuple(CHARTS)) -> None:
    """Write the plots of some reports into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in draw_plots(paths):
        (folder / name).write_text(text, encoding="utf-8")
        print(f"plots: {folder / name}, {len(text.encode())} bytes", file=sys.stderr)
