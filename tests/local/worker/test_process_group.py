"""A leader and its group."""

import asyncio
import sys

import pytest

from tencentserverless.local.settings import MIB
from tencentserverless.local.worker.process_group import Group


async def start(*command):
    return Group(
        await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.DEVNULL, start_new_session=True)
    )


def test_its_peak_is_what_it_held_at_most(runs, tmp_path):
    mark = tmp_path / "mark"
    code = f"held = bytearray(64 << 20); del held; open({str(mark)!r}, 'w'); import time; time.sleep(1000)"

    async def scenario():
        group = await start(sys.executable, "-c", code)
        while not await asyncio.to_thread(mark.exists):  # noqa: ASYNC110  # another process makes it
            await asyncio.sleep(0.01)
        assert 64 * MIB < group.peak_memory_bytes() < 256 * MIB
        assert not group.is_dead()
        group.let_server_go_first()
        group.kill()
        assert await group.wait() == -9
        assert group.is_dead()
        assert not group.is_led
        assert group.peak_memory_bytes() == 0
        group.kill()  # nobody is left

    asyncio.run(scenario())


@pytest.mark.parametrize("status", [0, 7])
def test_the_exit_status_is_told_as_often_as_it_is_asked_for(status):
    async def scenario():
        group = await start("/bin/sh", "-c", f"exit {status}")
        assert [await group.wait(), await group.wait()] == [status, status]

    asyncio.run(scenario())
