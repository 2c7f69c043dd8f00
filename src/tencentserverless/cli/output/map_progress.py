"""The progress bar of a map. Nothing is shown if stderr is no terminal."""

import sys
from types import TracebackType
from typing import TYPE_CHECKING, Any

from tencentserverless.cli.output.causes import find_cause

if TYPE_CHECKING:
    from tencentserverless.cli.output.map_summary import MapSummary
    from tencentserverless.models import InvokeResult

_LOOK_SECONDS = 0.1


class MapProgress:
    """A progress bar with the rate, the errors, the throttled calls and the time left.

    :param total: the number of inputs, None if it is not known
    """

    def __init__(self, total: int | None) -> None:
        self._bar: Any = None
        self._shown_at = 0.0
        if sys.stderr.isatty():
            self._bar = _make_bar()
            self._task = self._bar.add_task("", total=total, rate="", errors=0, throttled=0)

    def show(self, outcomes: "Any", summary: "MapSummary", is_last: bool = False) -> None:
        """Update the bar, at most ten times a second.

        :param is_last: True to update it in any case
        """
        if self._bar is None:
            return
        from time import monotonic

        now = monotonic()
        if now - self._shown_at < _LOOK_SECONDS and not is_last:
            return
        self._shown_at = now
        speed = self._bar.tasks[0].speed or 0.0
        self._bar.update(
            self._task,
            completed=summary.done + summary.errors,
            rate=f"{speed:,.0f}/s",
            errors=summary.errors,
            throttled=outcomes.throttled,
        )

    def __enter__(self) -> "MapProgress":
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()


def _make_bar() -> Any:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    return Progress(
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TextColumn("errors {task.fields[errors]}"),
        TextColumn("throttled {task.fields[throttled]}"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )


def describe_outcome(outcome: "InvokeResult | Exception") -> dict[str, Any]:
    """The data of an outcome's line in the output."""
    position = getattr(outcome, "position", None)
    if not isinstance(outcome, Exception):
        try:
            return {"position": position, "result": outcome.json()}
        except ValueError:
            return {"position": position, "result": str(outcome)}
    cause = find_cause(outcome)
    executed = getattr(outcome, "executed", None)
    error: dict[str, Any] = {"type": cause.kind, "message": cause.message}
    if cause.frame:
        error["frame"] = cause.frame
    error["code"] = getattr(outcome, "code", type(outcome).__name__)
    error["executed"] = executed.value if executed is not None else "no"
    error["request_id"] = getattr(outcome, "request_id", None)
    status = getattr(outcome, "status_code", None)
    return {"position": position, "error": {**error, "status": status} if status else error}
