"""Every form of a call of tencentserverless.aio. Runs on 3.6."""

import asyncio

from tencentserverless import aio
from tencentserverless.aio import AsyncClient
from tencentserverless.exception import ResourceNotFound, TencentServerlessSDKException


async def show(name, call):
    try:
        print(name, "=>", await call)
    except TencentServerlessSDKException as e:
        print(name, "=> function", e.code, e.message, e.status_code, e.executed.name)
    except ResourceNotFound as e:
        print(name, "=> api", e.code, e.executed.name)
    except (TypeError, asyncio.CancelledError) as e:
        print(name, "=>", type(e).__name__)


async def cancel(client):
    task = asyncio.ensure_future(client.slow())
    await asyncio.sleep(0.2)
    task.cancel()
    return await task


async def main():
    await show("module", aio.invoke("FuncInvoked", region="ap-guangzhou", data={"a": "b"}))
    async with AsyncClient(region="ap-guangzhou") as client:
        await show("invoke", client.invoke("FuncInvoked", data={"a": "b"}))
        await show("attribute", client.echo(key="value"))
        await show("attribute, data", client.echo(data={"a": "b"}))
        await show("item", client["name-with-dash"](key="value"))
        await show("call", client.call("name-with-dash")(key="value"))
        await show("handle", client.function("chengdu-echo", region="ap-chengdu")({"a": 1}))
        await show("raises", client.answer(do="fail", text="why"))
        await show("times out", client.slow())
        await show("unknown", client.nobody())
        await show("unserialisable", client.invoke("echo", data=object()))
        await show("cancelled", cancel(client))
        results = await asyncio.gather(*[client.echo(n=n) for n in range(20)])
        print("gather =>", [result.json()["n"] for result in results])


for _ in range(2):  # a second loop gets connections of its own
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    loop.run_until_complete(main())
    loop.run_until_complete(loop.shutdown_asyncgens())  # as asyncio.run, which 3.6 has not
    loop.close()
    asyncio.set_event_loop(None)
