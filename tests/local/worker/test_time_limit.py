"""A limit ends the call that it was begun for, and no other; one timer serves many calls."""

import asyncio

from tencentserverless.local.worker.time_limit import TimeLimit


def run(scenario):
    asyncio.run(asyncio.wait_for(scenario(), 30))


def test_a_call_that_takes_too_long_is_ended_once():
    async def scenario():
        expired = asyncio.Event()
        limit = TimeLimit(expired.set)
        limit.begin(0.01)
        await expired.wait()
        assert limit.seconds == 0.01
        assert limit.passed_ms() >= 10
        limit.close()

    run(scenario)


def test_a_call_that_has_ended_is_not_ended_again():
    async def scenario():
        calls = []
        limit = TimeLimit(lambda: calls.append("expired"))
        limit.begin(0.0)
        limit.end()
        await asyncio.sleep(0.01)
        assert calls == []

    run(scenario)


def test_a_call_behind_a_shorter_one_has_its_own_time():
    async def scenario():
        expired = asyncio.Event()
        limit = TimeLimit(expired.set)
        limit.begin(0.01)
        limit.end()
        limit.begin(60)
        await asyncio.sleep(0.05)
        assert not expired.is_set()
        limit.begin(0.01)  # sooner than the timer that is set
        await expired.wait()

    run(scenario)


def test_a_closed_limit_ends_nothing():
    async def scenario():
        calls = []
        limit = TimeLimit(lambda: calls.append("expired"))
        limit.begin(0.0)
        limit.close()
        await asyncio.sleep(0.01)
        assert calls == []

    run(scenario)
