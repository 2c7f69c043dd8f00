"""Numbers in the form that people read."""

from collections.abc import Sequence

_MIB = 1024 * 1024


def percentile(values: Sequence[float], share: float) -> float:
    """The percentile of some values, by the nearest rank.

    :param share: 0.5 for the median; more than 0, at most 1
    """
    ranked = sorted(values)
    return ranked[max(0, -int(-share * len(ranked) // 1) - 1)]


def show_ms(value: float) -> str:
    """Format milliseconds with three significant digits."""
    return f"{value:.2f} ms" if value < 10 else f"{value:.1f} ms" if value < 100 else f"{value:,.0f} ms"


def show_bytes(value: int) -> str:
    """Format bytes as MB of 1024 x 1024 bytes, the platform's unit."""
    return f"{value / _MIB:.1f} MB"
