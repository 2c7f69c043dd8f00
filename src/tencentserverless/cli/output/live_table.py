"""The table of a local SCF's functions and calls, shown below its log on a terminal."""

import sys
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any

from tencentserverless.cli.output import printing

if TYPE_CHECKING:
    from rich.table import Table

ReadStatus = Callable[[], dict[str, Any]]

_LOOKS_PER_SECOND = 2
_MOST_ROWS = 20


class LiveTable:
    """The table on the terminal. Lines that are written to stderr meanwhile appear above it."""

    def __init__(self) -> None:
        self._live: Any = None

    def show(self, read_status: ReadStatus) -> None:
        """Show the status of the server, and refresh it until the end.

        :param read_status: reads the status; called from another thread
        """
        if not (printing.is_terminal(sys.stdout) and printing.is_terminal(sys.stderr)):
            return
        from rich.console import Console
        from rich.live import Live

        def render() -> "Table":
            try:
                return draw(read_status())
            except RuntimeError:  # the counts changed while they were read
                return draw({"by_function": {}})

        self._live = Live(
            get_renderable=render,
            console=Console(file=sys.stdout, soft_wrap=True),  # a line of the log stays one, to be copied
            refresh_per_second=_LOOKS_PER_SECOND,
            transient=True,
        )
        self._live.start()

    def __enter__(self) -> "LiveTable":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()


def draw(status: dict[str, Any]) -> "Table":
    """Make the table of a status: a row for each function, sorted by the number of ended calls."""
    from rich.table import Table

    table = Table("function", box=None)
    for head in ("instances", "running", "waiting", "ended", "failed"):
        table.add_column(head, justify="right")
    counts = {name: {} for name in status.get("functions", ())} | status["by_function"]
    ranked = sorted(counts.items(), key=lambda item: -item[1].get("ended", 0))
    for name, counted in ranked[:_MOST_ROWS]:
        numbers = [counted.get(head, 0) for head in ("instances", "running", "waiting", "ended", "failed")]
        table.add_row(printing.plain(name), *(f"{number:,}" for number in numbers))
    if len(ranked) > _MOST_ROWS:
        table.add_row(f"and {len(ranked) - _MOST_ROWS} more")
    return table
