"""A client that is closed, on a loop that is run and closed as programs do that know no ``asyncio.run``. Runs on 3.6."""

import asyncio

from tencentserverless.aio import AsyncClient


async def main():
    async with AsyncClient(region="ap-guangzhou") as client:
        print(await client.echo(key="value"))


loop = asyncio.new_event_loop()
loop.run_until_complete(main())
loop.close()
