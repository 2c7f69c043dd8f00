"""One instance at a time has the port: the next one waits until the one before it has ended its requests."""

import asyncio

from tencentserverless.local.scheduler.sole_port import SolePort


class Holder:
    """An instance, as far as the port needs it; it is its own worker."""

    def __init__(self):
        self.invocations = {"a": 1}
        self.ended = asyncio.Event()
        self.worker = self

    def end(self):
        assert not self.invocations
        self.ended.set()

    async def wait_closed(self):
        await self.ended.wait()


def test_turns():
    async def scenario():
        port, holder = SolePort(), Holder()
        async with port.turn():
            port.holder = holder

        async def take():
            async with port.turn():
                return holder.ended.is_set()

        taking = asyncio.ensure_future(take())
        done, _ = await asyncio.wait({taking}, timeout=0.2)
        assert not done  # it runs a request
        holder.invocations.clear()
        assert await asyncio.wait_for(taking, 20)
        assert port.holder is None

    asyncio.run(scenario())
