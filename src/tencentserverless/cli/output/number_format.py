"""Numbers as people read them."""

from collections.abc import Sequence

_MIB = 1024 * 1024


def percentile(values: Sequence[float], share: float) -> float:
    """The value that so large a share of all does not exceed, by the nearest rank.

    :param share: over 0, up to 1
    """
    ranked = sorted(values)
    return ranked[max(0, -int(-share * len(ranked) // 1) - 1)]


def show_ms(value: float) -> str:
    """Milliseconds with three digits that count."""
    return f"{value:.2f} ms" if value < 10 else f"{value:.1f} ms" if value < 100 else f"{value:,.0f} ms"


def show_bytes(value: int) -> str:
    """Bytes as MB of 1024 x 1024, the platform's own."""
    return f"{value / _MIB:.1f} MB"
