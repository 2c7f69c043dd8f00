"""What is asyncio's own in a spawn_map: several tasks that iterate, cancellation, forks."""

import asyncio
import os

import pytest

from tencentserverless import aio, exception
from tencentserverless.models import Verdict
from tests.peer import KEYS
from tests.proof.campaign import run_on_new_loop
from tests.scripted_service import Service
from tests.threads import run_child

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


@pytest.fixture
def service() -> "Any":
    with Service() as service:
        yield service


def spawn(service: Service, inputs: "Any", name: str = "f-absent-ok", **options: "Any") -> "Any":
    client = aio.AsyncClient(endpoint=service.url, max_connections=8, **KEYS)
    client._policy.rng = lambda: 0.0
    return client.function(name).spawn_map(inputs, **dict({"polls_per_second": 1000}, **options))


async def give(inputs: "Any") -> "Any":
    for data in inputs:
        await asyncio.sleep(0)
        yield data


async def consume(spawned: "Any", found: "list[int]") -> None:
    async for invocation in spawned:
        found.append(invocation.position)


@pytest.mark.parametrize("tasks", [1, 2, 8])
@pytest.mark.parametrize("is_async", [False, True])
def test_tasks_that_share_one_are_all_served_and_all_end(service: Service, tasks: int, is_async: bool) -> None:
    async def run() -> "list[int]":
        found: "list[int]" = []
        spawned = spawn(service, give(range(20)) if is_async else range(20), concurrency=4)
        await asyncio.wait_for(asyncio.gather(*[consume(spawned, found) for _ in range(tasks)]), 20)
        return found

    assert sorted(run_on_new_loop(run())) == list(range(20))


def test_one_that_takes_its_time_does_not_hold_up_the_others(service: Service) -> None:
    async def run() -> "list[int]":
        found: "list[int]" = []
        spawned = spawn(service, range(20), concurrency=4)
        first = await spawned.__anext__()
        await asyncio.wait_for(consume(spawned, found), 20)
        return [first.position, *found]

    assert sorted(run_on_new_loop(run())) == list(range(20))


def test_all_are_told_when_the_time_is_up(service: Service) -> None:
    async def run() -> "list[Any]":
        spawned = spawn(service, [1, 2], name="f-running", timeout=0.3)
        waiting = [consume(spawned, []) for _ in range(3)]
        return await asyncio.wait_for(asyncio.gather(*waiting, return_exceptions=True), 20)

    assert [type(found) for found in run_on_new_loop(run())] == [exception.ResultTimeout] * 3


def test_a_consumer_that_is_cancelled_leaves_the_rest_to_the_others(service: Service) -> None:
    async def run() -> "list[int]":
        found: "list[int]" = []
        spawned = spawn(service, range(20), concurrency=4)
        lost, kept = [asyncio.ensure_future(consume(spawned, found)) for _ in range(2)]
        await asyncio.sleep(0.02)
        lost.cancel()
        await asyncio.wait([lost])
        await asyncio.wait_for(kept, 20)
        assert spawned._waiting == set()
        return found

    assert sorted(run_on_new_loop(run())) == list(range(20))


@pytest.mark.parametrize("steps", [0, 1, 20])
def test_tasks_that_somebody_cancels_are_those_inputs_errors(service: Service, steps: int) -> None:
    """Also one that is cancelled before its first step."""

    async def run() -> "list[Any]":
        spawned = spawn(service, [1, 2, 3], concurrency=2)
        first = asyncio.ensure_future(spawned.__anext__())
        with service._words:  # nothing is answered
            for _ in range(1 + steps):
                await asyncio.sleep(0)
            for task in list(spawned._tasks):
                task.cancel()
            await asyncio.sleep(0)

        async def collect() -> "list[Any]":
            return [await first, *[found async for found in spawned]]

        return await asyncio.wait_for(collect(), 20)

    found = run_on_new_loop(run())
    assert sorted(invocation.position for invocation in found) == [0, 1, 2]
    lost = [invocation for invocation in found if invocation.request_id == ""]
    assert sorted(invocation.position for invocation in lost) == [0, 1]
    for invocation in lost:
        with pytest.raises(exception.NetworkError, match=r"interrupted by Cancelled\(") as caught:
            run_on_new_loop(invocation.result())
        assert caught.value.executed is Verdict.MAYBE


def test_an_asynchronous_input_that_is_cancelled_is_the_last(service: Service) -> None:
    async def run() -> "list[int]":
        async def wait() -> "Any":
            yield 1
            await asyncio.sleep(60)
            yield 2

        spawned = spawn(service, wait())
        found = [(await spawned.__anext__()).position]
        for task in list(spawned._tasks):
            task.cancel()
        await asyncio.wait_for(consume(spawned, found), 20)
        return found

    assert run_on_new_loop(run()) == [0]


def test_a_closed_client_is_the_error_of_each(service: Service) -> None:
    async def run() -> "list[Any]":
        spawned = spawn(service, [1, 2])
        await spawned._client.close()
        return await asyncio.wait_for(collect(spawned), 20)

    async def collect(spawned: "Any") -> "list[Any]":
        return [found async for found in spawned]

    found = run_on_new_loop(run())
    assert [type(invocation._outcome) for invocation in found] == [RuntimeError, RuntimeError]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_is_refused(service: Service) -> None:
    spawned = spawn(service, range(10))

    def step() -> "Any":
        return spawned.__anext__().send(None)

    words = "this spawn_map belongs to the process that forked; make a new one here"
    assert run_child(step) == repr(RuntimeError(words))
    found: "list[int]" = []
    run_on_new_loop(consume(spawned, found))
    assert sorted(found) == list(range(10))
