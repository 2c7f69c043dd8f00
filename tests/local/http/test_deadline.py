"""A deadline that moves: it is due when it says, whichever way it was moved."""

import asyncio

from tencentserverless.local.http.deadline import Deadline


def test_one_that_came_nearer_is_due_sooner_and_one_that_went_away_is_not_due():
    async def scenario():
        loop, due = asyncio.get_running_loop(), asyncio.Event()
        deadline = Deadline(loop, 60.0, due.set)
        deadline.set(3600.0)
        deadline.set(0.001)
        await asyncio.wait_for(due.wait(), 20)
        assert loop.time() >= deadline.at - 0.01
        due.clear()
        deadline.set(0.001)
        deadline.at += 0.05  # moved away without the timer: it looks, and waits for the rest
        await asyncio.wait_for(due.wait(), 20)
        assert loop.time() >= deadline.at - 0.01
        due.clear()
        deadline.set(0.0)
        deadline.stop()
        await asyncio.sleep(0.01)
        assert not due.is_set()

    asyncio.run(scenario())
