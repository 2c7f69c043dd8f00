"""The asynchronous client's own part of a map: workers that are tasks, several consumers, tasks that begin at once."""

import asyncio
import gc
import logging
import os
import sys
import threading
import time

import pytest

from tencentserverless.aio import AsyncClient
from tencentserverless.journal import Journal, JournalError
from tests.peer import KEYS, Peer, ok
from tests.programs import run_program
from tests.proof.campaign import run_on_new_loop

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


async def until(is_so):
    """Give way to the other tasks until something is so."""
    while not is_so():  # noqa: ASYNC110  # threads make it so, which know no event of ours
        await asyncio.sleep(0)


def client_of(peer, **options):
    return AsyncClient(endpoint=peer.url, **dict(KEYS, **options))


def test_a_map_that_was_left_sends_nothing_that_waited_for_a_connection():
    """Whatever a call waits for, it is not under way before its request has left."""

    async def main(peer):
        async with client_of(peer, max_connections=2) as client:
            others = [asyncio.ensure_future(client.invoke("long")) for _ in range(2)]
            await until(lambda: len(peer.requests) >= 2)
            outcomes = client.map("charge", range(10), grace=20)
            asking = asyncio.ensure_future(outcomes.__anext__())
            await until(lambda: client._get_pool().state.waiting)
            closing = asyncio.ensure_future(outcomes.aclose())
            await asyncio.wait([closing], timeout=20)
            gate.set()
            await asyncio.gather(*others)
            with pytest.raises(StopAsyncIteration):
                await asking
            await client.invoke("last")

    gate = threading.Event()

    def answer(request: "Any") -> bytes:
        if request.fields["FunctionName"] == "long":
            gate.wait(20)
        return ok()

    with Peer(answer=answer) as peer:
        run_on_new_loop(main(peer))
    assert [request.fields["FunctionName"] for request in peer.requests] == ["long", "long", "last"]


LOOP_WITH_FORK = """
import asyncio, os, sys
from tencentserverless.aio import AsyncClient

async def main():
    async with AsyncClient("ap-guangzhou", "AKIDpeer", "k", endpoint=sys.argv[1]) as client:
        async for result in client.map("f", range(40), concurrency=8, timeout=10):
            if result.position == 5:
                pid = os.fork()
                if pid == 0:
                    sys.exit(0)
                assert os.waitpid(pid, 0) == (pid, 0)
    print("40 results")

asyncio.run(main())
"""


@pytest.mark.skipif(sys.version_info < (3, 7) or not hasattr(os, "fork"), reason="os.register_at_fork is missing")
def test_a_child_that_unwinds_the_loop_leaves_its_parents_calls_alone():
    """Its copy of the loop would read the parent's answers, and take its sockets off the poll list that they share."""
    with Peer(answer=lambda request: time.sleep(0.05) or ok()) as peer:
        done = run_program(LOOP_WITH_FORK, peer.url, flags=())
    assert (done.returncode, done.stdout, done.stderr) == (0, "40 results\n", "")


@pytest.mark.parametrize("consumers", [1, 2, 8])
def test_several_tasks_may_share_a_map(consumers):
    """As they share a queue: each outcome is handed out once, and all of them end."""

    async def main(peer):
        async with client_of(peer) as client:
            outcomes = client.map("f", range(50), concurrency=4)
            found = []

            async def consume():
                found.extend([one.json() async for one in outcomes])

            tasks = [asyncio.ensure_future(consume()) for _ in range(consumers)]
            _, pending = await asyncio.wait(tasks, timeout=30)
            assert not pending
            assert sorted(found) == list(range(50))

    with Peer(answer=lambda request: ok(request.fields["Event"])) as peer:
        run_on_new_loop(main(peer))


def test_a_consumer_that_is_cancelled_takes_none_with_it():
    async def main(peer):
        async with client_of(peer) as client:
            outcomes = client.map("f", range(3), concurrency=1)
            asking = [asyncio.ensure_future(outcomes.__anext__()) for _ in range(2)]
            await until(lambda: peer.requests)
            asking[0].cancel()
            await asyncio.wait(asking[:1])
            gate.set()
            assert (await asking[1]).json() == 0
            assert [one.json() async for one in outcomes] == [1, 2]

    gate = threading.Event()
    with Peer(answer=lambda request: gate.wait(20) and ok(request.fields["Event"])) as peer:
        run_on_new_loop(main(peer))


@pytest.mark.skipif(sys.version_info < (3, 12), reason="tasks begin at once from Python 3.12 on")
def test_tasks_that_begin_at_once_are_waited_for_like_others(tmp_path, caplog):
    """An eager task has noted its call before the map notes the task."""
    gate = threading.Event()

    def answer(request: "Any") -> bytes:
        if request.fields["Event"] != "0":
            gate.wait(20)
        return ok()

    path = str(tmp_path / "run.db")

    async def main(peer):
        asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)
        async with client_of(peer) as client:
            outcomes = client.map("f", range(100), concurrency=4, journal=path, grace=20)
            async for _ in outcomes:
                break
            await until(lambda: len(peer.requests) >= 4)
            gate.set()
            await outcomes.aclose()
            assert outcomes.in_flight == 0

    with Peer(answer=answer) as peer, caplog.at_level(logging.WARNING):
        run_on_new_loop(main(peer))
    assert caplog.records == []
    with Journal(path) as journal:
        assert journal.in_doubt() == []


def test_a_journal_that_cannot_be_written_at_the_end_is_an_error_of_whoever_closes_the_map(tmp_path, monkeypatch):
    """And everything is let go of."""
    gate = threading.Event()

    async def main(peer):
        async with client_of(peer) as client:
            outcomes = client.map("f", range(9), concurrency=2, journal=str(tmp_path / "run.db"))
            asking = asyncio.ensure_future(outcomes.__anext__())
            await until(lambda: len(peer.requests) == 2)
            true_close = outcomes._run._journal.close

            def fail():
                true_close()
                raise JournalError("the disk is full")

            monkeypatch.setattr(outcomes._run._journal, "close", fail)
            closing = asyncio.ensure_future(outcomes.aclose())
            await asyncio.sleep(0)
            gate.set()
            with pytest.raises(JournalError, match="the disk is full"):
                await closing
            await asyncio.wait([asking])
            state = client._get_pool().state
            assert state.opened == state.idle

    with Peer(answer=lambda request: gate.wait(20) and ok()) as peer:
        run_on_new_loop(main(peer))


def test_a_commit_that_fails_after_all_its_calls_were_cancelled_is_no_noise(tmp_path, monkeypatch):
    """Its exception is looked at, so that asyncio has nothing to report."""
    reports = []

    async def main(peer):
        asyncio.get_event_loop().set_exception_handler(lambda loop, context: reports.append(context))
        async with client_of(peer) as client:
            outcomes = client.map("f", range(3), concurrency=1, journal=str(tmp_path / "run.db"))
            run = outcomes._run

            def fail():
                raise ValueError("the disk is full")

            monkeypatch.setattr(run, "_commit", fail)
            asking = asyncio.ensure_future(outcomes.__anext__())
            await until(lambda: run._flushed is not None)
            for worker in list(run._workers):
                worker.cancel()
            asking.cancel()
            await asyncio.wait([asking])
            monkeypatch.undo()
            await outcomes.aclose()

    with Peer() as peer:
        run_on_new_loop(main(peer))
    gc.collect()
    assert reports == []


OUTLIVES_EVERYTHING = """
import asyncio, builtins, sys
from tencentserverless.aio import AsyncClient

async def leave():
    client = AsyncClient("ap-guangzhou", "AKIDpeer", "k", endpoint=sys.argv[1])
    outcomes = client.map("f", range(100), 4)
    await outcomes.__anext__()
    return outcomes

cycle = [asyncio.run(leave())]
cycle.append(cycle)
builtins.cycle = cycle  # so that the end of the interpreter finds it, when modules are gone
"""


@pytest.mark.skipif(sys.version_info < (3, 7), reason="asyncio.run is missing")
def test_a_map_that_outlives_its_loop_and_the_modules_says_what_may_have_run():
    with Peer(answer=lambda request: ok()) as peer:
        done = run_program(OUTLIVES_EVERYTHING, peer.url, flags=())
    assert done.returncode == 0
    assert "Traceback" not in done.stderr
    assert "f: the map was left with calls under way, which may have run (executed=maybe)" in done.stderr
