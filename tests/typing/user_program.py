"""A user's program, as type checkers see it. Each line that is wrong on purpose names the checkers that find it."""

import asyncio
import contextlib

import aiohttp
import httpx
import httpx2
import requests

from tencentserverless import auth, exception, management
from tencentserverless.aio import AsyncClient, AsyncFunction
from tencentserverless.journal import Journal
from tencentserverless.models import Attempt, CallInfo, FunctionUrl, InvokeResult, Verdict
from tencentserverless.scf import REGIONS, Client, Function, invoke


def hook(attempt: Attempt, call: CallInfo) -> None:
    print(attempt.outcome, call.function_name)


def call() -> str:
    client = Client(REGIONS[0], user_agent="shop/2.1", headers={"X-Shop": "tea"}, on_attempt=hook)
    quick = client.with_options(timeout=2, max_attempts=1)
    quick.with_options(timeouts=2)  # wrong: mypy pyright
    quick.with_options(timeout="2")  # wrong: mypy pyright
    try:
        result: InvokeResult = quick.invoke("f", data={"a": 1}, headers={"X-TC-TraceId": "t"}, max_attempts=2)
    except (exception.TencentServerlessSDKException, exception.CallError) as error:
        return error.message or "" if error.executed is Verdict.NO else error.headers["date"]
    order: Function = client.order
    also: Function = client["order"]
    named = client.function("order", region="ap-tokyo", idempotent=True)
    client.function("order", regions="ap-tokyo")  # wrong: mypy pyright
    client.invoke("f", dta=1)  # wrong: mypy pyright
    return result + order(item="tea") + also(data=1) + named.invoke({"item": "tea"}) + str(invoke("f").json())


def call_url(client: Client) -> int:
    url: FunctionUrl = client.url("order", qualifier="prod")
    client.url("order", qualifer="prod")  # wrong: mypy pyright
    answer = requests.post(url + "/tea", json={"a": 1}, auth=auth.RequestsAuth(url, uin="1"), timeout=3)
    with httpx.Client(auth=auth.HttpxAuth(url)) as one, httpx2.Client(auth=auth.Httpx2Auth(url)) as two:
        httpx2.Client(auth=auth.HttpxAuth(url))  # wrong: mypy pyright
        headers: dict[str, str] = auth.UrlSigner(url, signs_path=True).headers("GET", url)
        return answer.status_code + one.get(url).status_code + two.get(url).status_code + len(headers)


async def call_url_from_task(client: AsyncClient) -> str:
    url = await client.url("order")
    async with aiohttp.ClientSession(middlewares=[auth.AiohttpMiddleware(url)]) as session:
        answer = await session.get(url)
        return url.auth_type + await answer.text()


def call_many(client: Client, catches: bool) -> None:
    for result in client.map("f", [1, 2], timeout=3):
        print(result.json(), result.position)
    for outcome in client.map("f", [1, 2], return_exceptions=True):
        if isinstance(outcome, Exception):
            print("failed", outcome)
        else:
            print(outcome.json())
        outcome.json()  # wrong: mypy pyright
    for either in client.order.map([1], return_exceptions=catches):
        print(either if isinstance(either, Exception) else either.json())
    with client.map("f", [1], timeouts=3) as wrong:  # wrong: mypy pyright
        print(wrong.pulled)
    for known in Journal("run.db").results():
        print(known.position)
    print(management.call_action(client, "ListFunctions", {})["Functions"])


async def call_from_task(client: AsyncClient) -> str:
    async with contextlib.aclosing(client), client.with_options(timeout=2) as quick:
        order: AsyncFunction = quick.order
        result = await order(item="tea")
        missing = order(item="tea")
        print(missing.json())  # wrong: mypy pyright
        async for outcome in quick.map("f", [1], return_exceptions=True):
            print(outcome if isinstance(outcome, Exception) else outcome.json())
        async for each in quick.map("f", [1]):
            print(each.json())
        answer = await management.call_action(quick, "ListFunctions", {})
        return str(result.json()) + str(answer["RequestId"])


if __name__ == "__main__":
    call_many(Client(), catches=True)
    print(call(), asyncio.run(call_from_task(AsyncClient())))
