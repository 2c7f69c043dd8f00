"""The queue on a real database, with functions that the test ends: what is terminated, and what can't be written."""

import asyncio
import time

import pytest

from tencentserverless.local.registry import event_tables
from tencentserverless.local.registry.database import DatabaseError
from tests.local.invocations.queueing import PLAIN, TRACED, queueing


def status(harness, request_id):
    return harness.database.write_now(event_tables.trace(request_id, TRACED.region, time.time())).status


@pytest.mark.parametrize("key", [PLAIN, TRACED])
def test_an_event_that_was_terminated_while_it_waited_does_not_run(tmp_path, key):
    async def scenario():
        async with queueing(tmp_path) as harness:
            functions = harness.functions
            ids = [await harness.push(key) for _ in range(4)]
            await harness.until(lambda: functions.runs)
            functions.runs[ids[0]].set_result(0)  # the next ones are taken out together, where they may be
            await harness.until(lambda: ids[1] in functions.runs)
            await harness.terminate(ids[2])
            functions.runs[ids[1]].set_result(0)
            await harness.until(lambda: ids[3] in functions.runs)
            assert functions.begun[ids[2]] == 0
            assert functions.noted == {ids[2]: 499}
            assert await harness.queue.find(ids[2]) is None
            if key == TRACED:
                assert [status(harness, each) for each in ids[1:]] == ["FINISHED", "ABORTED", "RUNNING"]

    asyncio.run(scenario())


@pytest.mark.parametrize("looks", range(1, 6))
def test_in_whatever_step_the_clock_is_set_back_a_retry_comes_in_time(tmp_path, looks):
    async def scenario():
        left = [10**9]  # looks at the clock until it is set back by a minute

        def clock():
            left[0] -= 1
            return time.time() - (60.0 if left[0] < 0 else 0.0)

        async with queueing(tmp_path, time_scale=600.0, clock=clock) as harness:
            functions = harness.functions
            event = await harness.push(PLAIN)
            await harness.until(lambda: functions.runs)
            left[0] = looks
            functions.runs[event].set_result(430)
            await harness.until(lambda: functions.begun[event] == 2)

    asyncio.run(scenario())


@pytest.mark.parametrize("turns", range(10))
def test_in_whatever_step_an_event_is_terminated_nothing_begins_after_it(tmp_path, turns):
    async def scenario():
        async with queueing(tmp_path) as harness:
            functions = harness.functions
            first, second = [await harness.push(TRACED) for _ in range(2)]
            await harness.until(lambda: functions.runs)
            event = await harness.queue.find(second)
            functions.interrupt = lambda request_id, **_: interrupted.append(request_id)
            interrupted = []
            functions.runs[first].set_result(0)
            for _ in range(turns):  # of the loop, in which the second is taken out and run
                await asyncio.sleep(0)
            await harness.queue.terminate(event, is_graceful=True)
            begun = functions.begun[second]
            if begun:
                assert interrupted == [second]
                functions.runs[second].set_result(439)
            await harness.until(lambda: status(harness, second) == "ABORTED")
            third = await harness.push(TRACED)
            await harness.until(lambda: third in functions.runs)
            assert functions.begun[second] == begun

    asyncio.run(scenario())


def test_what_became_of_events_is_written_once_the_disk_has_room_and_the_user_is_told_once(tmp_path):
    async def scenario():
        async with queueing(tmp_path, at_once=4, time_scale=60) as harness:
            functions = harness.functions
            done, failed, long = [await harness.push(key) for key in (PLAIN, PLAIN, TRACED)]
            await harness.until(lambda: len(functions.runs) == 3)
            harness.set_failing(True)
            with pytest.raises(DatabaseError):
                await harness.push(PLAIN)
            functions.runs[done].set_result(0)
            functions.runs[long].set_result(430)
            functions.runs[failed].set_result(430)
            await harness.until(lambda: harness.shown)
            harness.queue.flush()
            await asyncio.sleep(0)
            harness.set_failing(False)
            await harness.until(lambda: functions.begun[failed] == 2)  # retried
            await harness.until(lambda: status(harness, long) == "FAILED")
            await harness.until(lambda: len(harness.shown) == 2)
            assert [line.count("can't be recorded") for line in harness.shown] == [1, 0]
            assert harness.shown[1] == "asynchronous invocations are recorded again"
            assert functions.begun == {done: 1, failed: 2, long: 1}

    asyncio.run(scenario())


def test_a_run_that_breaks_the_server_is_a_failure_of_the_platform(tmp_path):
    async def scenario():
        async with queueing(tmp_path, time_scale=1000) as harness:
            request_id = await harness.push(PLAIN)
            for count in (1, 2, 3):
                await harness.until(lambda count=count: harness.functions.begun[request_id] == count)
                if count < 3:
                    harness.functions.runs[request_id].set_exception(RuntimeError("broken"))
            assert [line.count("RuntimeError: broken") for line in harness.shown] == [1]  # once
            assert harness.functions.letters == {}

    asyncio.run(scenario())
