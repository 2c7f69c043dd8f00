"""What the process gives: clocks, also in frozen time, random numbers, and whether anybody reads a log."""

import logging
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest

from tencentserverless._base import runtime
from tencentserverless._base.runtime import CLOCK, is_logged, roll
from tests.parity.test_proxies import by_map, by_thread
from tests.peer import Channel, Peer, api_error, ok
from tests.sdk_environment import bare_environment

__all__ = ["bare_environment"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterator

LONG_AGO = 1e9

IMPORTED_WHILE_FROZEN = """
import time
time.time = time.monotonic = lambda: 1e9
from tencentserverless._base import runtime
print(runtime.wall() != 1e9 != runtime.monotonic())
"""


@contextmanager
def frozen() -> "Iterator[None]":
    """Freeze time as freezegun does: every module that holds a clock of ``time`` holds another function."""
    reals = {id(time.time), id(time.monotonic)}
    found = [
        (module, name, value)
        for module in list(sys.modules.values())
        if not getattr(module, "__name__", "").startswith(("threading", "queue", "tests."))
        for name, value in list(getattr(module, "__dict__", {}).items())
        if id(value) in reals
    ]
    for module, name, _ in found:
        setattr(module, name, lambda: LONG_AGO)
    try:
        yield
    finally:
        for module, name, value in found:
            setattr(module, name, value)


def answer_late(channel: Channel) -> None:
    """Refuse for a short time, then answer slowly."""
    channel.read_request()
    channel.send(api_error("RequestLimitExceeded"))
    channel.read_request()
    time.sleep(0.1)
    channel.send(ok())
    channel.wait_for_end()


@pytest.mark.parametrize("call", [by_thread, by_map])
def test_a_call_in_frozen_time_waits_and_repeats_as_ever(call: "Any") -> None:
    with Peer(answer_late) as peer:
        with frozen():
            assert time.monotonic() == LONG_AGO
            assert call(endpoint=peer.url, timeout=20) == ['"ok"']
        assert len(peer.requests) == 2


@pytest.mark.parametrize("call", [by_thread, by_map])
def test_a_call_in_frozen_time_ends_when_its_timeout_passes(call: "Any") -> None:
    with Peer(lambda channel: channel.wait_for_end()) as peer, frozen(), pytest.raises(TimeoutError):
        call(endpoint=peer.url, timeout=0.2)


def test_the_clocks_are_those_of_time() -> None:
    assert abs(runtime.wall() - time.time()) < 5
    first = runtime.monotonic()
    time.sleep(0.01)
    assert 0.005 < runtime.monotonic() - first < 5


@pytest.mark.skipif(not hasattr(time, "clock_gettime"), reason="the system has no other way to its clocks")
def test_the_clocks_are_real_if_the_sdk_is_imported_while_time_is_frozen() -> None:
    command = [sys.executable, "-c", IMPORTED_WHILE_FROZEN]
    found = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    assert found.stdout == b"True\n"


def test_the_clocks_are_the_ones_that_all_parts_share() -> None:
    assert CLOCK.wall is runtime.wall
    assert CLOCK.monotonic is runtime.monotonic


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
