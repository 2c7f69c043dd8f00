"""What is made of slices."""

import pytest

from benchmarks.coordinator import Measured, Slice
from benchmarks.figures import compare, compare_slices, find_spread, pair_ratio


def test_ratios_are_medians_over_pairs_and_not_ratios_of_medians() -> None:
    # The machine was three times slower in the second round: pairs do not see that, medians would.
    floor = [Slice(10, 5), Slice(30, 15), Slice(10, 5)]
    ours = [Slice(12, 8), Slice(36, 24), Slice(12, 8)]
    figures = compare_slices(ours, floor)
    assert figures.wall_ratio == pytest.approx(1.2)
    assert figures.cpu_ratio == pytest.approx(1.6)
    assert (figures.wall_us, figures.cpu_us) == (12, 8)
    assert (figures.wall_over_us, figures.cpu_over_us) == (2, 3)
    assert figures.spread == 0
    assert figures.calls_per_cpu_second == pytest.approx(125_000)


def test_a_client_is_compared_with_the_first_or_with_the_one_that_is_named() -> None:
    measured = Measured(["floor", "ours", "peer"])
    measured.slices = {"floor": [Slice(10, 10)], "ours": [Slice(15, 15)], "peer": [Slice(30, 45)]}
    first = compare(measured, "peer")
    named = compare(measured, "peer", "ours")
    assert first is not None
    assert named is not None
    assert first.cpu_ratio == 4.5
    assert named.cpu_ratio == 3


def test_what_was_not_measured_is_not_compared() -> None:
    measured = Measured(["floor", "ours"], {"floor": [Slice(1, 1)]}, {"ours": "it is missing"})
    assert compare(measured, "ours") is None
    assert compare(measured, "floor", "ours") is None


def test_rounds_that_do_not_pair_are_an_error() -> None:
    with pytest.raises(ValueError):
        compare_slices([Slice(1, 1)], [Slice(1, 1), Slice(1, 1)])


def test_the_spread_is_half_the_distance_between_the_quartiles() -> None:
    assert find_spread([1, 2, 3, 4, 5]) == 1
    assert find_spread([7]) == 0


def test_values_are_paired_in_order() -> None:
    assert pair_ratio([2, 9, 4], [1, 3, 2]) == 2
