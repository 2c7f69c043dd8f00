"""``FakeAsyncFunction`` behaves like ``aio.AsyncFunction`` as far as no function is needed for it."""

import asyncio
import inspect
from collections.abc import Coroutine
from typing import Any

import pytest

from tencentserverless import aio
from tencentserverless._aio.invocation import AsyncInvocation
from tencentserverless.exception import FunctionError, FunctionTimeout, RequestThrottled
from tencentserverless.models import InvocationStatus
from tencentserverless.testing import FakeAsyncFunction, FakeCall


def run(call: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(call)


def test_it_has_the_face_of_a_function() -> None:
    assert isinstance(FakeAsyncFunction(), aio.AsyncFunction)
    for name in ("__call__", "invoke", "spawn", "map"):
        real = inspect.signature(getattr(aio.AsyncFunction, name)).parameters
        fake = inspect.signature(getattr(FakeAsyncFunction, name)).parameters
        assert [(item.name, item.kind, item.default) for item in real.values()] == [
            (item.name, item.kind, item.default) for item in fake.values()
        ]


def test_calls_and_what_comes_of_them() -> None:
    fake = FakeAsyncFunction("order", answers=[{"id": 1}, FunctionTimeout, [2]])
    assert run(fake(item="tea", qualifier="2")).json() == {"id": 1}
    with pytest.raises(FunctionTimeout):
        run(fake.invoke([1]))
    assert run(fake(data=7)).json() == [2]
    assert fake.calls == [FakeCall({"item": "tea"}, options={"qualifier": "2"}), FakeCall([1]), FakeCall(7)]
    with pytest.raises(AssertionError, match="<FakeAsyncFunction order, 4 calls> was called 4 times"):
        run(fake())
    with pytest.raises(TypeError, match=r"data\['a'\] is a set, which JSON cannot carry"):
        run(fake(a={1}))
    assert len(fake.calls) == 4
    with pytest.raises(NotImplementedError, match="scf_local"):
        fake.spawn_map([1])


def test_a_handler_may_wait() -> None:
    async def handle(event):
        await asyncio.sleep(0)
        return FunctionError if event == 2 else event + 1

    fake = FakeAsyncFunction(handler=handle)

    async def work():
        return [result.json() for result in await asyncio.gather(fake(1), fake(3))]

    assert run(work()) == [2, 4]
    with pytest.raises(FunctionError):
        run(fake(2))
    assert run(FakeAsyncFunction(handler=lambda event: event)(5)).json() == 5


def test_spawn() -> None:
    async def work():
        fake = FakeAsyncFunction("order", answers=[1, FunctionError, RequestThrottled])
        invocation = await fake.spawn({"n": 1})
        assert isinstance(invocation, AsyncInvocation)
        assert await invocation.status() is InvocationStatus.FINISHED
        assert (await invocation.result(timeout=1)).json() == 1
        with pytest.raises(TypeError, match="grace must be True or False"):
            await invocation.cancel(grace=1)
        assert not invocation.was_cancelled
        await invocation.cancel()
        assert invocation.was_cancelled
        failed = await fake.spawn()
        assert await failed.status() is InvocationStatus.FAILED
        with pytest.raises(FunctionError):
            await failed.result()
        with pytest.raises(RequestThrottled):
            await fake.spawn()
        assert [call.way for call in fake.calls] == ["spawn"] * 3

    run(work())


def test_a_map_calls_for_each_input() -> None:
    async def collect(inputs: Any, **limits: Any) -> list[Any]:
        return [outcome async for outcome in fake.map(inputs, **limits)]

    async def give() -> Any:
        for number in range(2):
            yield number

    fake = FakeAsyncFunction(handler=lambda event: 1 // event)
    first, second = run(collect([1, 0], return_exceptions=True))
    assert (first.json(), first.position, second.position) == (1, 0, 1)
    assert isinstance(second, Exception)
    fake = FakeAsyncFunction(returns=3)
    assert [result.json() for result in run(collect(give()))] == [3, 3]
    assert [call.way for call in fake.calls] == ["map", "map"]
    with pytest.raises(ValueError, match="concurrency must be at least 1"):
        fake.map([1], 0)
    with pytest.raises(NotImplementedError, match="keeps no journal"):
        fake.map([1], journal="x")
