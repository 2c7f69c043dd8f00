"""What the process gives: clocks, random numbers, and whether anybody reads a log."""

import logging

from tencentserverless._base import clock
from tencentserverless._base.runtime import CLOCK, is_logged, roll


def test_the_clocks_are_the_ones_that_all_parts_share():
    assert CLOCK.wall is clock.wall
    assert CLOCK.monotonic is clock.monotonic


def test_the_dice_give_numbers_from_0_to_1():
    numbers = {roll() for _ in range(100)}
    assert len(numbers) > 90
    assert all(0 <= number < 1 for number in numbers)


def test_a_room_is_logged_at_debug_alone():
    logger = logging.getLogger("tencentserverless.test_runtime")
    assert not is_logged(logger.name)
    logger.setLevel(logging.DEBUG)
    try:
        assert is_logged(logger.name)
    finally:
        logger.setLevel(logging.NOTSET)
