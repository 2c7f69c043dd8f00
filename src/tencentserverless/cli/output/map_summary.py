"""The summary of a map: counts, durations and billed time, as data and as lines of text."""

import math
from array import array
from dataclasses import dataclass
from typing import Any

from tencentserverless.cli.output.causes import find_cause
from tencentserverless.models import InvokeResult, Verdict

_BAR_CHARACTERS = 40
_SHARES = ((50, 0.5), (95, 0.95), (99, 0.99))
_MAX_CAUSES = 1000  # that are counted each on its own
_SHOWN_CAUSES = 5
_SHOWN_CHARACTERS = 120
_OTHER = "other causes"


@dataclass(slots=True)
class CauseCount:
    """The inputs that failed for one cause: the same type of error at the same line of code.

    :ivar message: of the first one
    :ivar position: of the first one
    """

    kind: str
    frame: str
    message: str
    position: int | None
    count: int = 0


class MapSummary:
    """Counts the outcomes of a map."""

    done: int
    failed: int
    in_doubt: int
    billed_ms: int
    is_complete: bool  #: True if every input has a result

    def __init__(self) -> None:
        self.done = 0
        self.failed = 0
        self.in_doubt = 0
        self.billed_ms = 0
        self.is_complete = False
        self._durations_ms = array("d")
        self._causes: dict[tuple[str, str], CauseCount] = {}

    @property
    def errors(self) -> int:
        """Inputs without a result."""
        return self.failed + self.in_doubt

    def add(self, outcome: "InvokeResult | Exception") -> None:
        """Count one outcome."""
        if isinstance(outcome, InvokeResult):
            self.done += 1
            self.billed_ms += outcome.billed_duration_ms
            self._durations_ms.append(outcome.duration_ms)
            return
        self._count_cause(outcome)
        if getattr(outcome, "executed", Verdict.NO) is Verdict.MAYBE:
            self.in_doubt += 1
        else:
            self.failed += 1

    def causes(self) -> list[CauseCount]:
        """The causes of failures, the most frequent first."""
        return sorted(self._causes.values(), key=lambda cause: -cause.count)

    def _count_cause(self, error: Exception) -> None:
        cause = find_cause(error)
        key = (cause.kind, cause.frame)
        if key not in self._causes:
            if len(self._causes) >= _MAX_CAUSES:
                key = (_OTHER, "")
            first = CauseCount(*key, cause.message, getattr(error, "position", None))
            self._causes.setdefault(key, first)
        self._causes[key].count += 1

    def sum_up(self, memory_mb: int | None) -> dict[str, Any]:
        """The figures, by their names.

        :param memory_mb: the configured memory of the function, None if it is not known
        """
        ranked = sorted(self._durations_ms)
        figures: dict[str, Any] = {"done": self.done, "failed": self.failed, "in_doubt": self.in_doubt}
        if self._causes:
            figures["causes"] = [
                {"type": each.kind, "frame": each.frame, "message": each.message, "count": each.count}
                | {"first_position": each.position}
                for each in self.causes()
            ]
        figures["billed_seconds"] = self.billed_ms / 1000
        if memory_mb is not None:
            figures["billed_gb_seconds"] = self.billed_ms / 1000 * memory_mb / 1024
        for percent, share in _SHARES:
            if ranked:
                figures[f"p{percent}_ms"] = ranked[math.ceil(share * len(ranked)) - 1]
        return figures

    def draw_histogram(self) -> list[str]:
        """Draw a line with a bar for each doubling of the duration; no lines if nothing ran."""
        counts: dict[int, int] = {}
        for duration in self._durations_ms:
            step = max(0, math.ceil(math.log2(duration))) if duration > 1 else 0
            counts[step] = counts.get(step, 0) + 1
        if not counts:
            return []
        most = max(counts.values())
        lines = []
        for step in range(min(counts), max(counts) + 1):
            count = counts.get(step, 0)
            bar = "#" * math.ceil(count / most * _BAR_CHARACTERS)
            lines.append(f"{f'<= {2**step} ms':>12} {count:>9}  {bar}".rstrip())
        return lines


def write_summary(figures: dict[str, Any]) -> list[str]:
    """Write the figures as lines of text."""
    names = {
        "done": "done",
        "failed": "failed",
        "in_doubt": "in doubt",
        "billed_gb_seconds": "billed GB-seconds",
        "billed_seconds": "billed seconds",
        "p50_ms": "p50 ms",
        "p95_ms": "p95 ms",
        "p99_ms": "p99 ms",
    }
    lines = []
    for key, name in names.items():
        if key in figures:
            value = figures[key]
            lines.append(f"{name:<18} {value if isinstance(value, int) else f'{value:.3f}':>12}")
    return lines


def write_causes(causes: list[CauseCount]) -> list[str]:
    """Write a line for each of the most frequent causes."""
    lines = []
    for each in causes[:_SHOWN_CAUSES]:
        where = f" at {each.frame}" if each.frame else ""
        message = " ".join(each.message.split())
        shown = message if len(message) <= _SHOWN_CHARACTERS else message[:_SHOWN_CHARACTERS] + "..."
        lines.append(f"{each.count:>6,} x {each.kind}{where}, first at position {each.position}: {shown}")
    if len(causes) > _SHOWN_CAUSES:
        lines.append(f"       and {len(causes) - _SHOWN_CAUSES} more causes; --json lists all")
    return lines
