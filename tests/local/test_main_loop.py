"""The loop of the server: no other thread of Python keeps it waiting for long."""

import asyncio
import gc
import sys
from collections.abc import Iterator

import pytest

from tencentserverless.local import main_loop


@pytest.fixture
def restored() -> Iterator[None]:
    seconds, thresholds = sys.getswitchinterval(), gc.get_threshold()
    yield
    sys.setswitchinterval(seconds)
    gc.set_threshold(*thresholds)
    gc.unfreeze()


def test_a_thread_gives_the_lock_back_within_a_millisecond_and_objects_of_the_start_are_not_collected(
    restored: None,
) -> None:
    main_loop.settle()
    assert sys.getswitchinterval() <= 0.001
    assert gc.get_freeze_count() > 0


def test_the_loop_is_uvloop_where_that_is_installed() -> None:
    loops: list[str] = []

    async def look() -> None:
        loops.append(type(asyncio.get_running_loop()).__module__)

    main_loop.run(look())
    pytest.importorskip("uvloop")
    assert loops == ["uvloop"]


def test_the_standard_loop_does_not_run_in_the_search_for_uvloop(monkeypatch: pytest.MonkeyPatch) -> None:
    """The parser of HTTP tells what stopped it by the context of an exception."""
    monkeypatch.setitem(sys.modules, "uvloop", None)
    seen: list[object] = []

    async def look() -> None:
        seen.extend((type(asyncio.get_running_loop()).__module__.partition(".")[0], sys.exc_info()[1]))

    main_loop.run(look())
    assert seen == ["asyncio", None]
