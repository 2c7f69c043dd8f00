"""Versions that are saved, changed or deleted while calls are under way: those end, unless they are ended by force."""

import asyncio
import contextlib
import itertools
import os
import signal
import socket
import time

import pytest

from tencentserverless.local.worker.channel import Channel
from tests.conftest import wait_until
from tests.local.scheduler.scheduling import call, record, scheduling, value

CODE = """
import os, time

def main_handler(event, context):
    gate = event.get("gate")
    if gate:
        open(os.path.join(gate, "begun"), "w").close()
        while not os.path.exists(os.path.join(gate, "open")):
            time.sleep(0.01)
    return {"word": WORD, "memory_mb": context["memory_limit_in_mb"]}
"""
PATIENCE_SECONDS = 30
NO_STALL_SECONDS = 3600  # nobody looks at calls that wait, nor starts more for them, but who is told to by a test


@pytest.fixture
def function(tmp_path):
    folder = tmp_path / "function"
    folder.mkdir()
    save(folder, "one")
    return record(folder=folder, timeout_seconds=PATIENCE_SECONDS)


@pytest.fixture
def gate(tmp_path):
    """A folder: what the function writes there when it holds a call, and what lets the call end."""
    folder = tmp_path / "gate"
    folder.mkdir()
    return folder


def save(folder, word):
    (folder / "index.py").write_text(f"WORD = {word!r}\n{CODE}")


def words(outcomes):
    return [value(outcome)["word"] for outcome in outcomes]


def waiting(scheduler):
    return sum(counted["waiting"] for counted in scheduler.counts()["by_function"].values())


def begin(scheduler, function, event, **options):
    return asyncio.ensure_future(call(scheduler, function, event, **options))


def wait_for(path):
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not path.exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)


async def begin_held(scheduler, function, gate):
    """A call that an instance runs until the gate is open."""
    held = begin(scheduler, function, {"gate": str(gate)})
    await asyncio.to_thread(wait_for, gate / "begun")
    return held


@contextlib.asynccontextmanager
async def under_way(function, gate, **limits):
    """A scheduler, a call that an instance runs until the gate is open, and two that were handed over behind it."""
    async with scheduling(**limits, prefetch_seconds=0.25) as scheduler:
        value(await call(scheduler, function, {}))
        held = await begin_held(scheduler, function, gate)
        behind = [begin(scheduler, function, {}) for _ in range(2)]
        await asyncio.sleep(0)
        assert (scheduler.counts()["calls"], waiting(scheduler)) == (3, 0)
        yield scheduler, held, behind


async def revoke(scheduler, calls):
    """The first call turns out to be long: the scheduler looks, until those behind it have ended elsewhere."""
    while not all(each.done() for each in calls):
        scheduler._rescan()
        await asyncio.sleep(0.01)


async def lose(scheduler, calls):
    """The instance dies, before it has read the calls behind the first."""
    for pool in (*scheduler._pools.values(), *scheduler._draining):
        for instance in pool.instances:
            if instance.worker.prefetched:
                os.kill(instance.worker.pid, 9)
    await asyncio.wait(calls)


@pytest.fixture(params=[revoke, lose])
def come_back(request):
    """A way in which calls that were handed over ahead come back."""
    return request.param


def test_calls_that_come_back_after_a_save_run_what_was_saved(function, gate, come_back):
    async def scenario():
        async with under_way(function, gate, stall_seconds=NO_STALL_SECONDS) as (scheduler, _, behind):
            save(function.code_folder, "two")
            await scheduler.replace_version(function)
            await come_back(scheduler, behind)
            assert words(await asyncio.gather(*behind)) == ["two", "two"]

    asyncio.run(scenario())


def test_calls_that_come_back_after_two_saves_run_what_was_saved_last(function, gate, come_back):
    async def scenario():
        async with under_way(function, gate, stall_seconds=NO_STALL_SECONDS) as (scheduler, held, behind):
            for word in ("two", "three"):
                save(function.code_folder, word)
                await scheduler.replace_version(function)
            await come_back(scheduler, behind)
            assert words(await asyncio.gather(*behind)) == ["three", "three"]
            (gate / "open").touch()
            if come_back is revoke:
                assert words([await held]) == ["one"]

    asyncio.run(scenario())


def test_calls_that_come_back_after_a_change_end_on_what_they_came_for(function, gate, come_back):
    async def scenario():
        async with under_way(function, gate) as (scheduler, held, behind):
            drained = asyncio.Event()
            scheduler.drain_version(function.key, function.version, drained.set)
            changed = record(folder=function.code_folder, timeout_seconds=PATIENCE_SECONDS, memory_mb=256)
            assert value(await call(scheduler, changed, {}))["memory_mb"] == 256
            await come_back(scheduler, behind)
            assert [value(outcome)["memory_mb"] for outcome in await asyncio.gather(*behind)] == [128, 128]
            (gate / "open").touch()
            await held
            await asyncio.wait_for(drained.wait(), PATIENCE_SECONDS)

    asyncio.run(scenario())


def test_calls_that_come_back_after_a_deletion_end_before_the_code_goes(function, gate, come_back):
    async def scenario():
        async with under_way(function, gate) as (scheduler, held, behind):
            drained = asyncio.Event()
            scheduler.drain_version(function.key, function.version, drained.set)
            await come_back(scheduler, behind)
            assert words(await asyncio.gather(*behind)) == ["one", "one"]
            (gate / "open").touch()
            await held
            await asyncio.wait_for(drained.wait(), PATIENCE_SECONDS)

    asyncio.run(scenario())


def test_calls_behind_one_that_is_ended_by_force_are_refused(function, gate):
    async def scenario():
        async with under_way(function, gate) as (scheduler, held, behind):
            drained = asyncio.Event()
            scheduler.drain_version(function.key, function.version, drained.set, is_forced=True)
            assert [(await each).status for each in (held, *behind)] == [439, 438, 438]
            await asyncio.wait_for(drained.wait(), PATIENCE_SECONDS)

    asyncio.run(scenario())


@pytest.mark.parametrize("nested", [False, True])
def test_a_call_that_waits_gets_the_instance_of_what_was_saved(function, gate, nested):
    async def scenario():
        async with scheduling(stall_seconds=NO_STALL_SECONDS, ready_instances=1, all_instances=1) as scheduler:
            held = await begin_held(scheduler, function, gate)
            late = begin(scheduler, function, {}, nested=nested)
            await asyncio.sleep(0)
            assert waiting(scheduler) == 1
            save(function.code_folder, "two")
            await scheduler.replace_version(function)
            assert words([await late]) == ["two"]
            (gate / "open").touch()
            assert words([await held]) == ["one"]

    asyncio.run(scenario())


def test_a_call_that_waits_stays_with_the_old_instance_where_what_was_saved_does_not_load(function, gate):
    async def scenario():
        async with scheduling(stall_seconds=NO_STALL_SECONDS, ready_instances=1) as scheduler:
            held = await begin_held(scheduler, function, gate)
            late = begin(scheduler, function, {})
            await asyncio.sleep(0)
            (function.code_folder / "index.py").write_text("WORD = (\n")
            await scheduler.replace_version(function)
            assert (await call(scheduler, function, {}, nested=True)).status == 443
            (gate / "open").touch()
            assert words([await held, await late]) == ["one", "one"]

    asyncio.run(scenario())


def test_a_save_of_what_has_no_instance_any_more_starts_none(function):
    async def scenario():
        async with scheduling(idle_instance_seconds=0) as scheduler:
            assert words([await call(scheduler, function, {})]) == ["one"]
            scheduler._reap()
            await asyncio.to_thread(wait_until, lambda: not scheduler.counts()["instances"])
            save(function.code_folder, "two")
            assert await scheduler.replace_version(function)
            assert scheduler.counts()["instances"] == 0
            assert words([await call(scheduler, function, {})]) == ["two"]

    asyncio.run(scenario())


def test_the_newest_save_wins_over_one_that_still_loads(function, gate):
    held = f"import os, time\nopen({str(gate / 'begun')!r}, 'w').close()\n"
    held += f"while not os.path.exists({str(gate / 'open')!r}): time.sleep(0.01)\n"

    async def scenario():
        async with scheduling() as scheduler:
            assert words([await call(scheduler, function, {})]) == ["one"]
            (function.code_folder / "index.py").write_text(f"{held}WORD = 'two'\n{CODE}")
            older = asyncio.ensure_future(scheduler.replace_version(function))
            await asyncio.to_thread(wait_for, gate / "begun")
            assert words([await call(scheduler, function, {})]) == ["one"]
            save(function.code_folder, "three")
            assert await scheduler.replace_version(function)
            assert not await older
            assert words([await call(scheduler, function, {})]) == ["three"]
            await asyncio.to_thread(wait_until, lambda: scheduler.counts()["instances"] == 1)  # nothing else is left

    asyncio.run(scenario())


def test_what_an_instance_reads_while_calls_are_taken_back_is_what_it_runs(function, monkeypatch):
    """A busy machine wakes the instance late: between two calls that are taken back, it reads one itself."""

    async def scenario():
        async with scheduling(prefetch_seconds=0.25, stall_seconds=NO_STALL_SECONDS) as scheduler:
            value(await call(scheduler, function, {}))
            (pool,) = scheduler._pools.values()
            (instance,) = pool.instances
            os.kill(instance.worker.pid, signal.SIGSTOP)
            calls = [begin(scheduler, function, {}) for _ in range(3)]
            await asyncio.sleep(0)
            assert (instance.worker.prefetched, waiting(scheduler)) == (2, 0)
            unread = Channel.unread
            pid = instance.worker.pid
            monkeypatch.setattr(Channel, "unread", lambda channel: wake_between(channel, unread(channel), pid))
            instance.worker.revoke()
            assert len(words(await asyncio.wait_for(asyncio.gather(*calls), PATIENCE_SECONDS))) == 3

    asyncio.run(scenario())


def wake_between(channel, unread, pid):
    """What the instance has not read: one call, and those behind the one that it reads then."""

    def peek():
        try:
            return channel.child_end.recv(1 << 16, socket.MSG_DONTWAIT | socket.MSG_PEEK)
        except BlockingIOError:
            return None

    yield from itertools.islice(unread, 1)
    following = peek()
    os.kill(pid, signal.SIGCONT)
    wait_until(lambda: following is None or peek() != following)
    yield from unread
