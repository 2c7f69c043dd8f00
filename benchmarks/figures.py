"""Medians, and ratios of slices that were measured side by side."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.coordinator import Measured, Slice


@dataclass(frozen=True)
class Figures:
    """One client in one pass: medians, and medians of the ratios and differences to the baseline, round by round.

    ``spread`` is half the distance between the quartiles of the CPU ratio, as a share of it.
    """

    wall_us: float
    cpu_us: float
    wall_ratio: float
    cpu_ratio: float
    wall_over_us: float
    cpu_over_us: float
    spread: float

    @property
    def calls_per_cpu_second(self) -> float:
        return 1e6 / self.cpu_us


def compare(measured: Measured, label: str, baseline: str | None = None) -> Figures | None:
    """Compare a client with another (default: the pass's first); None if either is missing."""
    mine = measured.slices.get(label)
    others = measured.slices.get(baseline or measured.clients[0])
    if not mine or not others:
        return None
    return compare_slices(mine, others)


def compare_slices(mine: Sequence[Slice], others: Sequence[Slice]) -> Figures:
    """Compare the slices of two clients: slice N of the one is paired with slice N of the other."""
    pairs = list(zip(mine, others, strict=True))
    cpu_ratios = [one.cpu_us / other.cpu_us for one, other in pairs]
    cpu_ratio = statistics.median(cpu_ratios)
    return Figures(
        wall_us=statistics.median(one.wall_us for one in mine),
        cpu_us=statistics.median(one.cpu_us for one in mine),
        wall_ratio=statistics.median(one.wall_us / other.wall_us for one, other in pairs),
        cpu_ratio=cpu_ratio,
        wall_over_us=statistics.median(one.wall_us - other.wall_us for one, other in pairs),
        cpu_over_us=statistics.median(one.cpu_us - other.cpu_us for one, other in pairs),
        spread=find_spread(cpu_ratios) / cpu_ratio,
    )


def find_spread(values: Sequence[float]) -> float:
    """Half the distance between the quartiles, 0 for fewer than two values."""
    if len(values) < 2:
        return 0.0
    lower, _, upper = statistics.quantiles(values, n=4, method="inclusive")
    return (upper - lower) / 2


def pair_ratio(mine: Sequence[float], others: Sequence[float]) -> float:
    """The median of the ratios of values that were measured in pairs."""
    return statistics.median(one / other for one, other in zip(mine, others, strict=True))
