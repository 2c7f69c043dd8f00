"""Charts as SVG, by matplotlib. The same chart gives the same bytes; its text stays text, in the fonts of the reader.

Matplotlib takes longer to load than all the rest: it is loaded when something is drawn.

What is ours, and which end of a range is which, is told by weight and by shape too, not by colour alone.
"""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, NamedTuple
from xml.sax.saxutils import escape

from benchmarks.plots.charts import Chart, Line, Panel

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH_INCHES = 8.4
LINE_INCHES, FRAME_INCHES = 0.34, 1.25
PADDING_INCHES = 0.1
#: How much longer than the longest line the axis is, so that its value fits: for one value, for a range.
SPACE_RIGHT = (1.2, 1.35)
FONTS = "system-ui, -apple-system, 'Segoe UI', 'Noto Sans', 'DejaVu Sans', sans-serif"
#: Matplotlib writes the names of the fonts by which it measured; the one that it brings makes every machine agree.
_FONT_NAMES = re.compile(r"'DejaVu Sans'(?:, [^;\"]+)?")
_ROOT = re.compile(r"<\?xml.*?<svg ", re.DOTALL)
_METADATA = re.compile(r"\n <metadata>.*?</metadata>", re.DOTALL)
SETTINGS = {
    "svg.hashsalt": "tencentserverless",
    "svg.fonttype": "none",
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "path.simplify": False,
}


class Theme(NamedTuple):
    """The colours of a page, and the ending of a picture's name."""

    suffix: str
    ground: str
    text: str
    faint: str
    ours: str
    others: str


LIGHT = Theme("", "#ffffff", "#1f2328", "#59636e", "#0052d9", "#848d97")
DARK = Theme("-dark", "#11151c", "#e6edf3", "#9aa4af", "#6ea8fe", "#78828e")
THEMES = (LIGHT, DARK)
#: Of the text of others, and of ours.
WEIGHTS = ("normal", "bold")


def draw(chart: Chart, theme: Theme) -> str:
    """Draw a chart."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(SETTINGS):
        height = FRAME_INCHES + LINE_INCHES * len(chart.panels[0].lines)
        figure = Figure(figsize=(WIDTH_INCHES, height), layout="constrained", facecolor=theme.ground)
        figure.get_layout_engine().set(w_pad=PADDING_INCHES, h_pad=PADDING_INCHES)
        figure.suptitle(chart.title, color=theme.text, fontsize=12, fontweight="bold", x=0.012, ha="left")
        figure.supxlabel(f"{chart.axis}. {chart.note}.", color=theme.faint, fontsize=9, x=0.012, ha="left")
        axes = figure.subplots(1, len(chart.panels), sharex=True, sharey=True, squeeze=False)[0]
        axes[0].set_xlim(0, find_largest(chart) * SPACE_RIGHT[bool(chart.ends)])
        lines = chart.panels[0].lines
        axes[0].set_yticks(range(len(lines)), [line.label for line in lines])
        for label, line in zip(axes[0].get_yticklabels(), lines, strict=True):
            label.set_fontweight(WEIGHTS[line.is_ours])
        for panel, ax in zip(chart.panels, axes, strict=True):
            draw_panel(ax, chart, panel, theme)
        stream = io.StringIO()
        figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None})
    return finish(stream.getvalue(), chart)


def find_largest(chart: Chart) -> float:
    """The largest value of a chart; its panels share their axis, so that they can be compared."""
    return max((max(line.values) for panel in chart.panels for line in panel.lines if line.values), default=1.0)


def draw_panel(ax: Axes, chart: Chart, panel: Panel, theme: Theme) -> None:
    """Draw the lines of a panel below each other."""
    ax.set_ylim(len(panel.lines) - 0.5, -0.5)
    ax.set_facecolor(theme.ground)
    ax.set_title(panel.title, loc="left", color=theme.text, fontsize=10)
    ax.spines[["top", "right", "bottom"]].set_visible(False)
    ax.spines["left"].set_color(theme.faint)
    ax.set_xticks([])
    ax.tick_params(axis="y", length=0, colors=theme.text)
    for place, line in enumerate(panel.lines):
        end = max(line.values) if line.values else 0.0
        if line.values:
            (draw_range if chart.ends else draw_bar)(ax, place, line, theme)
        ax.annotate(
            chart.show(line),
            (end, place),
            (8 if chart.ends else 4, 0),
            textcoords="offset points",
            va="center",
            color=theme.text,
            fontweight=WEIGHTS[line.is_ours],
            fontsize=9,
        )


def draw_bar(ax: Axes, place: int, line: Line, theme: Theme) -> None:
    """Draw one value."""
    assert line.values is not None
    ax.barh(place, line.values[0], height=0.62, color=theme.ours if line.is_ours else theme.others)


def draw_range(ax: Axes, place: int, line: Line, theme: Theme) -> None:
    """Draw a range: a disc at its lower end, a diamond at its upper one."""
    assert line.values is not None
    low, high = line.values
    colour = theme.ours if line.is_ours else theme.others
    ax.plot((low, high), (place, place), color=colour, linewidth=2, zorder=1)
    ax.plot(low, place, "o", color=colour, markersize=7)
    ax.plot(high, place, "D", color=colour, markersize=7)


def finish(svg: str, chart: Chart) -> str:
    """Give a picture its title, its description and the fonts of the reader, and take off what only programs read."""
    from matplotlib import __version__

    svg = _METADATA.sub("", svg)
    svg = _FONT_NAMES.sub(FONTS.replace('"', "'"), svg)
    begin = f'<svg role="img" aria-labelledby="{chart.name}-title {chart.name}-text" '
    svg = _ROOT.sub(begin, svg, count=1)
    head, bracket, rest = svg.partition(">\n")
    words = (
        f"<!-- Drawn by matplotlib {__version__} -->\n"
        f'<title id="{chart.name}-title">{escape(chart.title)}</title>\n'
        f'<desc id="{chart.name}-text">{escape(chart.describe())}</desc>\n'
    )
    return head + bracket + words + "\n".join(line.rstrip() for line in rest.splitlines()) + "\n"
