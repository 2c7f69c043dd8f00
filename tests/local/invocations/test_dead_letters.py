"""Dead letters: one for each event that was given up, however often writing it fails."""

import asyncio

from tests.local.invocations.queueing import PLAIN, queueing


async def give_up(harness):
    """Have an event fail for good; its request id."""
    request_id = await harness.push(PLAIN)
    for count in (1, 2):
        await harness.until(lambda count=count: harness.functions.begun[request_id] == count)
        harness.functions.runs[request_id].set_result(430)
    return request_id


def test_letters_that_can_not_be_written_are_written_once_when_they_can_be_also_by_the_next_server(tmp_path):
    async def scenario():
        async with queueing(tmp_path, time_scale=1000) as harness:
            ids = [await give_up(harness)]
            await harness.until(lambda: harness.functions.letters[ids[0]] == 1)
            harness.functions.can_bury = False
            ids.append(await give_up(harness))
            await harness.until(lambda: harness.shown)
            assert harness.shown == [
                "warning: dead letters can't be written: the disk is full; they are kept, and tried again"
            ]
            harness.functions.can_bury = True
            await harness.until(lambda: harness.functions.letters[ids[1]] == 1)
            await harness.until(lambda: len(harness.shown) == 2)
            assert harness.shown[1] == "dead letters are written again"
            harness.functions.can_bury = False
            ids.append(await give_up(harness))
            await harness.until(lambda: len(harness.shown) == 3)
            assert harness.functions.letters == dict.fromkeys(ids[:2], 1)
        async with queueing(tmp_path, time_scale=1000) as harness:
            await harness.until(lambda: harness.functions.letters)
            assert harness.functions.letters == {ids[2]: 1}
            assert harness.functions.begun == {}

    asyncio.run(scenario())
