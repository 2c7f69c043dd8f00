import pytest

from tencentserverless.cli.output.number_format import percentile, show_bytes, show_ms


@pytest.mark.parametrize(
    ("count", "share", "rank"), [(1, 0.5, 1), (1, 0.95, 1), (2, 0.5, 1), (4, 0.5, 2), (20, 0.95, 19), (100, 0.99, 99)]
)
def test_percentiles_are_of_the_nearest_rank(count, share, rank):
    assert percentile([float(value) for value in range(count, 0, -1)], share) == rank


def test_numbers_are_as_long_as_they_need_to_be():
    assert [show_ms(value) for value in (0.012, 9.994, 12.34, 123.4, 12345.6)] == [
        "0.01 ms",
        "9.99 ms",
        "12.3 ms",
        "123 ms",
        "12,346 ms",
    ]
    assert show_bytes(10 * 1024 * 1024) == "10.0 MB"
