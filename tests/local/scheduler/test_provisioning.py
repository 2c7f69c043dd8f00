"""Instances that are started ahead of calls, with real worker processes."""

import asyncio
import os
import signal

from tencentserverless.local.registry.provisions import Provision, Provisions
from tests.local.scheduler.scheduling import call, record, scheduling, value
from tests.local.scheduler.test_scheduler import begun, until

VERSION = "1"


def published(name="behave", **changes):
    return record(name, version=VERSION, timeout_seconds=600, **changes)


def kept(*functions, count=2):
    provisions = Provisions()
    for function in functions:
        provisions.put(function.key, {VERSION: function}, {VERSION: Provision(count)})
    return provisions


def progress(scheduler, function):
    return scheduler.provisioning.progress((function.key, VERSION))


def pids(scheduler, function):
    return {instance.worker.pid for instance in scheduler._pools[function.key, VERSION].instances}


def test_they_are_there_before_the_first_call_and_calls_run_on_them():
    async def scenario():
        function = published()
        async with scheduling(provisions=kept(function)) as scheduler:
            assert not progress(scheduler, function).is_done
            scheduler.provisioning.fill()
            await until(lambda: progress(scheduler, function).is_done)
            ready = pids(scheduler, function)
            assert len(ready) == 2
            assert value(await call(scheduler, function, {"do": "count"}))["pid"] in ready
            assert progress(scheduler, function) == (2, 2, "")

    asyncio.run(scenario())


def test_they_stay_where_others_end_for_idleness_or_for_short_memory(runs):
    async def scenario():
        function, other = published(), record("other")
        is_short = []
        options = {"idle_instance_seconds": 0.0, "is_memory_short": lambda: bool(is_short)}
        async with scheduling(provisions=kept(function), **options) as scheduler:
            scheduler.provisioning.fill()
            await until(lambda: progress(scheduler, function).is_done)
            ready = pids(scheduler, function)
            ending = value(await call(scheduler, other, {"do": "count"}))["pid"]
            is_short.append(True)
            await until(lambda: not runs(ending))
            scheduler._reap()
            assert all(runs(pid) for pid in ready)
            assert pids(scheduler, function) == ready

    asyncio.run(scenario())


def test_what_is_more_than_is_kept_ends_when_it_is_idle(gate, runs):
    async def scenario():
        function = published()
        async with scheduling(provisions=kept(function, count=1), idle_instance_seconds=0.0) as scheduler:
            scheduler.provisioning.fill()
            await until(lambda: progress(scheduler, function).is_done)
            tasks = [await begun(scheduler, function, gate) for _ in range(3)]
            assert len(pids(scheduler, function)) == 3
            gate.open()
            await asyncio.gather(*tasks)
            await until(lambda: len(pids(scheduler, function)) == 1)
            scheduler._reap()
            assert len(pids(scheduler, function)) == 1

    asyncio.run(scenario())


def test_one_that_dies_is_started_again():
    async def scenario():
        function = published()
        async with scheduling(provisions=kept(function)) as scheduler:
            looking = asyncio.ensure_future(scheduler.provisioning.run())
            await until(lambda: progress(scheduler, function).is_done)
            dead = pids(scheduler, function).pop()
            os.kill(dead, signal.SIGKILL)
            await until(lambda: dead not in pids(scheduler, function) and progress(scheduler, function).is_done)
            looking.cancel()

    asyncio.run(scenario())


def test_they_make_no_place_for_another_function_which_takes_that_of_others():
    async def scenario():
        function, other, third, fourth = published(), *map(record, ("other", "third", "fourth"))
        async with scheduling(provisions=kept(function), all_instances=4, stall_seconds=0.05) as scheduler:
            scheduler.provisioning.fill()
            await until(lambda: progress(scheduler, function).is_done)
            ready = pids(scheduler, function)
            for each in (other, third, fourth, other):
                assert (await call(scheduler, each, {"do": "count"})).status == 0
            assert pids(scheduler, function) == ready

    asyncio.run(scenario())


def test_at_the_limit_idle_instances_of_others_make_place_for_them():
    async def scenario():
        function, other = published(), record("other")
        provisions = Provisions()
        async with scheduling(provisions=provisions, all_instances=2) as scheduler:
            await call(scheduler, other, {"do": "count"})
            await call(scheduler, record("third"), {"do": "count"})
            provisions.put(function.key, {VERSION: function}, {VERSION: Provision(1)})
            scheduler.provisioning.fill()
            await until(lambda: progress(scheduler, function).is_done)

    asyncio.run(scenario())


def test_a_start_that_fails_is_told_and_not_repeated_at_once(tmp_path):
    async def scenario():
        (tmp_path / "index.py").write_text("import nothing_of_this_name\n")
        function = published(folder=tmp_path)
        async with scheduling(provisions=kept(function), ready_instances=1) as scheduler:
            scheduler.provisioning.fill()
            await until(lambda: progress(scheduler, function).failure)
            assert "nothing_of_this_name" in progress(scheduler, function).failure
            scheduler.provisioning.fill()
            assert scheduler._pools[function.key, VERSION].starting == 0

    asyncio.run(scenario())


def test_not_more_start_in_a_minute_than_the_platform_starts():
    async def scenario():
        function = published()
        async with scheduling(provisions=kept(function, count=3), provisioned_starts=2) as scheduler:
            scheduler.provisioning.fill()
            await until(lambda: len(pids(scheduler, function)) == 2)
            scheduler.provisioning.fill()
            assert scheduler._pools[function.key, VERSION].size == 2

    asyncio.run(scenario())


def test_instances_that_are_not_kept_any_more_end_as_others_do():
    async def scenario():
        function = published()
        provisions = kept(function)
        async with scheduling(provisions=provisions, idle_instance_seconds=0.0) as scheduler:
            scheduler.provisioning.fill()
            await until(lambda: progress(scheduler, function).is_done)
            provisions.put(function.key, {VERSION: function}, {})
            scheduler.provisioning.fill()
            await until(lambda: not pids(scheduler, function))

    asyncio.run(scenario())


def test_no_more_are_kept_than_this_machine_holds_though_another_had_stored_more(runs):
    """A state folder of a bigger machine would else take every process, and no other function would run."""

    async def scenario():
        function, unlucky, other = published(), published("unlucky"), record("other")
        provisions = kept(function, unlucky, count=3)
        async with scheduling(provisions=provisions, all_instances=4) as scheduler:
            scheduler.provisioning.fill()
            await until(lambda: progress(scheduler, function).available == 2)
            assert value(await call(scheduler, other, {"do": "count"}))
            scheduler.provisioning.fill()
            assert scheduler.counts()["instances"] == 3
            told = "This machine can hold 2 of these instances beside those of calls"
            assert progress(scheduler, function) == (3, 2, told)
            assert progress(scheduler, unlucky) == (3, 0, told.replace("2", "0"))

    asyncio.run(scenario())


def test_a_few_of_all_versions_start_at_a_time_so_that_calls_start_beside_them():
    async def scenario():
        functions = [published(f"kept{number}") for number in range(4)]
        async with scheduling(provisions=kept(*functions), ready_instances=2) as scheduler:
            for _ in functions:
                scheduler.provisioning.fill()  # as after many actions in a row
            assert scheduler.counts()["instances"] == 2
            looking = asyncio.ensure_future(scheduler.provisioning.run())
            await until(lambda: all(progress(scheduler, each).is_done for each in functions))
            looking.cancel()

    asyncio.run(scenario())


def test_none_starts_ahead_of_calls_while_memory_is_short():
    async def scenario():
        function, is_short = published(), [True]
        async with scheduling(provisions=kept(function), is_memory_short=lambda: bool(is_short)) as scheduler:
            scheduler.provisioning.fill()
            assert scheduler.counts()["instances"] == 0
            assert "memory" in progress(scheduler, function).failure
            assert value(await call(scheduler, function, {"do": "count"}))  # calls start theirs
            is_short.clear()
            scheduler.provisioning.fill()
            await until(lambda: progress(scheduler, function) == (2, 2, ""))

    asyncio.run(scenario())
