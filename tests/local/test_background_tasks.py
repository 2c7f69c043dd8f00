"""Tasks beside the calls: what ends unexpectedly is shown once, started again, and known at the end."""

import asyncio

import pytest

from tencentserverless.local.background_tasks import Background
from tencentserverless.local.lifecycle import Lifecycle


def run(scenario, **options):
    """What was shown, and what ``scenario(background)`` gave."""
    shown = []

    async def main():
        background = Background(shown.append, Lifecycle(), **options)
        try:
            return await asyncio.wait_for(scenario(background), 20)
        finally:
            await background.close()

    result = asyncio.run(main())
    return shown, result


def test_a_task_that_fails_is_shown_once_and_started_again():
    starts = []

    async def scenario(background):
        is_well = asyncio.Event()

        async def work():
            starts.append(list(background.down()))
            if len(starts) < 4:
                raise ValueError("no luck")
            is_well.set()
            await asyncio.Event().wait()

        background.keep("the timers", work)
        await is_well.wait()
        await asyncio.sleep(0.02)
        return background.down()

    shown, down = run(scenario, pause_seconds=0.001)
    assert down == {}
    assert starts == [[], *[["the timers"]] * 3], (
        "it is down until it has run well for a while: it may fail again at once"
    )
    assert len(starts) == 4
    (line,) = shown
    assert line.startswith("error: the timers: ValueError: no luck (test_background_tasks.py, line ")
    assert line.endswith("; it is started again")


async def _fail():
    raise ValueError("no luck")


async def _return():
    pass


async def _be_cancelled():
    future = asyncio.get_running_loop().create_future()
    future.cancel()
    await future


@pytest.mark.parametrize(
    ("work", "reason"), [(_fail, "no luck"), (_return, "it ended by itself"), (_be_cancelled, "it was cancelled")]
)
def test_what_is_not_started_again_is_down_until_the_end(work, reason):
    async def scenario(background):
        await background.keep("the watch", work, restarts=False)
        background.lifecycle.stop()
        return background.down()

    shown, down = run(scenario)
    assert list(down) == ["the watch"]
    assert reason in down["the watch"]
    assert shown == [f"error: the watch: {down['the watch']}; it is not started again"]


def test_what_ends_while_the_server_stops_was_to_end():
    async def scenario(background):
        stop = asyncio.Event()
        ended = background.keep("the timers", stop.wait)
        background.lifecycle.stop()
        stop.set()
        await ended
        return background.down()

    assert run(scenario) == ([], {})


def test_an_error_that_nobody_waits_for_is_shown_with_its_place():
    async def scenario(background):
        background.watch_loop()
        loop = asyncio.get_running_loop()
        for _ in range(2):
            loop.call_soon(int, "x")
            task = loop.create_task(_fail())
            await asyncio.wait({task})
            del task
        await asyncio.sleep(0)

    shown, _ = run(scenario)
    assert sorted(line.partition("Error: ")[2].partition(" (")[0] for line in shown) == [
        "invalid literal for int() with base 10: 'x'",
        "no luck",
    ]


def test_a_task_that_loses_a_cancellation_ends_all_the_same():
    lost = []

    async def scenario(background):
        has_begun = asyncio.Event()

        async def work():
            while True:
                has_begun.set()
                try:
                    await asyncio.Event().wait()
                except asyncio.CancelledError:
                    lost.append(len(lost))
                    if len(lost) == 2:
                        raise

        background.keep("one that a library wraps", work)
        await has_begun.wait()
        await asyncio.wait_for(background.close(), 20)

    run(scenario)
    assert lost == [0, 1]
