"""The scheduler with real worker processes, and bounds small enough to meet."""

import asyncio
import contextlib
import json
import os
import time

import pytest

from tencentserverless.local.access_keys import KeyRing
from tencentserverless.local.invocation import Stopping, new_request_id
from tests.local.scheduler.scheduling import call, record, run, scheduling, value

PATIENCE_SECONDS = 30


async def until(is_so):
    """Wait until something is so; the loop and the workers go on meanwhile."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < deadline, "it did not come to pass"
        await asyncio.sleep(0.005)


async def begun(scheduler, function, gate):
    """A call that runs, and goes on until the gate is open."""
    before = gate.begun()
    task = asyncio.ensure_future(call(scheduler, function, held_at(gate)))
    await until(lambda: gate.begun() > before or task.done())
    assert not task.done(), task
    return task


def held_at(gate):
    return {"do": "hold", "gate": str(gate)}


def meeting_at(gate, count):
    """Ends when so many calls run at one time."""
    return {"do": "meet", "gate": str(gate), "count": count}


def patient(name="behave", **changes):
    """A function whose calls may be held for as long as a test takes."""
    return record(name, timeout_seconds=600, **changes)


def test_a_warm_instance_is_used_again_and_others_are_added_when_it_is_busy(gate):
    async def scenario():
        async with scheduling() as scheduler:
            function = patient()
            first = value(await call(scheduler, function, {"do": "count"}))
            again = value(await call(scheduler, function, {"do": "count"}))
            assert (again["pid"], again["calls"]) == (first["pid"], 2)
            both = await asyncio.gather(*(call(scheduler, function, meeting_at(gate, 2)) for _ in range(2)))
            assert first["pid"] in {value(outcome) for outcome in both}
            counts = [value(await call(scheduler, function, {"do": "count"})) for _ in range(3)]
            assert len({count["pid"] for count in counts}) == 1  # the last used one comes first

    asyncio.run(scenario())


def test_calls_wait_their_turn_where_one_instance_is_the_bound():
    async def scenario():
        async with scheduling(ready_instances=1, all_instances=1) as scheduler:
            outcomes = await asyncio.gather(*(call(scheduler, record(), {"do": "count"}) for _ in range(5)))
            assert [value(outcome)["calls"] for outcome in outcomes] == [1, 2, 3, 4, 5]

    asyncio.run(scenario())


def test_a_call_that_waited_long_gets_an_instance_of_its_own(gate):
    async def scenario():
        async with scheduling(ready_instances=1, stall_seconds=0.05) as scheduler:
            function = record(timeout_seconds=PATIENCE_SECONDS)
            outcomes = await asyncio.gather(*(call(scheduler, function, meeting_at(gate, 3)) for _ in range(3)))
            assert len({value(outcome) for outcome in outcomes}) == 3

    asyncio.run(scenario())


def test_a_nested_call_does_not_wait(gate):
    async def scenario():
        async with scheduling(ready_instances=1, stall_seconds=600) as scheduler:
            busy = await begun(scheduler, patient(), gate)
            value(await call(scheduler, patient(), {"do": "count"}, nested=True))
            assert not busy.done()
            busy.cancel()

    asyncio.run(scenario())


def test_a_full_machine_refuses_after_a_while_and_takes_the_idle_of_others_before(ends, gate):
    async def scenario():
        async with scheduling(all_instances=1, stall_seconds=0.05, queue_seconds=0.2) as scheduler:
            first = value(await call(scheduler, record("one"), {"do": "count"}))
            value(await call(scheduler, patient("two"), {"do": "count"}))
            assert ends(first["pid"])
            busy = await begun(scheduler, patient("two"), gate)
            refused = await call(scheduler, record("one"), {"do": "count"})
            assert (refused.status, "[one]" in refused.message) == (432, True)
            busy.cancel()

    asyncio.run(scenario())


def test_memory_over_the_regions_quota_is_432(gate):
    async def scenario():
        async with scheduling(region_memory_mb=3000) as scheduler:
            function = patient(memory_mb=2048)
            busy = await begun(scheduler, function, gate)
            refused = await call(scheduler, function, {"do": "count"})
            assert refused.status == 432
            assert refused.message == "Function [ behave ] concurrency exceeded region unreserved quota 3000 MB"
            gate.open()
            value(await busy)
            value(await call(scheduler, function, {"do": "count"}))

    asyncio.run(scenario())


def test_an_instance_that_dies_while_idle_is_forgotten():
    async def scenario():
        async with scheduling() as scheduler:
            first = value(await call(scheduler, record(), {"do": "count"}))
            os.kill(first["pid"], 9)
            await until(lambda: scheduler.counts()["instances"] == 0)
            assert value(await call(scheduler, record(), {"do": "count"}))["calls"] == 1

    asyncio.run(scenario())


def kill_unseen(pid):
    """Kill a process and wait until it is dead; the loop does not turn, so that nobody is told."""
    os.kill(pid, 9)
    with contextlib.suppress(ChildProcessError):  # a thread of asyncio's has met it already
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)


def test_a_call_that_meets_a_dead_instance_gets_another_one():
    async def scenario():
        async with scheduling() as scheduler:
            first = value(await call(scheduler, record(), {"do": "count"}))
            kill_unseen(first["pid"])
            second = value(await call(scheduler, record(), {"do": "count"}))
            assert (second["calls"], second["pid"] != first["pid"]) == (1, True)
            for worker in scheduler._launcher._living:
                worker.kill()  # as at bytes on the channel that are no frame
            assert value(await call(scheduler, record(), {"do": "count"}))["calls"] == 1

    asyncio.run(scenario())


@pytest.mark.parametrize("error", [OSError(12, "no memory"), ValueError("embedded null byte")])
def test_a_launch_that_fails_leaves_neither_keys_nor_a_folder(monkeypatch, error):
    async def start_python_worker(command, output):
        raise error

    revoked = []
    monkeypatch.setattr("tencentserverless.local.scheduler.launcher.start_python_worker", start_python_worker)
    monkeypatch.setattr(KeyRing, "revoke", lambda keys, key: revoked.append(key))

    async def scenario():
        async with scheduling() as scheduler:
            failed = await call(scheduler, record(), {"do": "count"})
            assert failed.status == 445
            assert len(revoked) == 1
            assert not list(scheduler._launcher._context.run_directory.root.glob("tmp-*"))

    asyncio.run(scenario())


def test_worn_keys_are_renewed_in_a_warm_instance():
    now = [1000.0]

    async def scenario():
        async with scheduling(clock=lambda: now[0]) as scheduler:
            first = value(await call(scheduler, record(), {"do": "environ"}))
            now[0] += 6 * 3600
            second = value(await call(scheduler, record(), {"do": "environ"}))
            assert value(await call(scheduler, record(), {"do": "count"}))["calls"] == 3
            for name in ("TENCENTCLOUD_SECRETID", "TENCENTCLOUD_SECRETKEY", "TENCENTCLOUD_SESSIONTOKEN"):
                assert first[name] != second[name]

    asyncio.run(scenario())


def test_the_output_of_running_calls_can_be_looked_at(gate):
    async def scenario():
        async with scheduling(ready_instances=2) as scheduler:
            event, texts = held_at(gate), {new_request_id(): text for text in ("one", "another")}
            tasks = [
                asyncio.ensure_future(
                    run(scheduler, patient(), request_id, json.dumps(event | {"text": text}).encode())
                )
                for request_id, text in texts.items()
            ]
            seen = {request_id: (f"{text[-2:]}\n".encode(), len(text) + 1) for request_id, text in texts.items()}
            await until(lambda: scheduler.peek_outputs({*texts, "none"}, 3) == seen)
            gate.open()
            assert sorted(outcome.output for outcome in await asyncio.gather(*tasks)) == [b"another\n", b"one\n"]
            assert scheduler.peek_outputs(set(texts), 3) == {}

    asyncio.run(scenario())


def test_closing_ends_every_process_and_every_call(ends, gate):
    async def scenario():
        async with scheduling(ready_instances=1, stall_seconds=600) as scheduler:
            pid = value(await call(scheduler, patient(), {"do": "count"}))["pid"]
            child = value(await call(scheduler, patient(), {"do": "leave_child"}))
            running = await begun(scheduler, patient(), gate)
            waiting = asyncio.ensure_future(call(scheduler, record("other"), {"do": "count"}))
            await until(lambda: scheduler.counts()["calls"] == 2)
            await scheduler.close()
            for task in (running, waiting):
                with pytest.raises(Stopping):
                    await task
            assert ends(pid)
            assert ends(child)
            with pytest.raises(Stopping):
                await call(scheduler, record(), {"do": "count"})

    asyncio.run(scenario())


def test_an_idle_instance_is_ended_after_a_while(monkeypatch, ends):
    monkeypatch.setattr("tencentserverless.local.scheduler.scheduler._REAP_SECONDS", 0.05)

    async def scenario():
        async with scheduling(idle_instance_seconds=0.1) as scheduler:
            pid = value(await call(scheduler, record(), {"do": "count"}))["pid"]
            assert await asyncio.to_thread(ends, pid)

    asyncio.run(scenario())


def test_a_new_instance_serves_a_call_before_it_makes_room_for_functions_that_wait():
    async def scenario():
        async with scheduling(all_instances=2, stall_seconds=0.01) as scheduler:
            functions = [record(f"fn{number}") for number in range(12)]
            outcomes = await asyncio.gather(*(call(scheduler, function, {"do": "count"}) for function in functions))
            assert len({value(outcome)["pid"] for outcome in outcomes}) == len(functions)
            assert len(scheduler._start_rate._starts["ap-tokyo"]) == len(functions)

    asyncio.run(scenario())


def test_idle_instances_end_while_memory_is_short_the_longest_idle_one_first(monkeypatch, ends, runs):
    monkeypatch.setattr("tencentserverless.local.scheduler.scheduler._REAP_SECONDS", 0.05)
    shortages = iter([True])

    async def scenario():
        async with scheduling(is_memory_short=lambda: next(shortages, False) if is_ready else False) as scheduler:
            is_ready = False
            pids = [value(await call(scheduler, record(name), {"do": "count"}))["pid"] for name in "abc"]
            is_ready = True
            assert await asyncio.to_thread(ends, pids[0])
            await asyncio.sleep(0.2)
            assert [runs(pid) for pid in pids] == [False, True, True]
            assert value(await call(scheduler, record("a"), {"do": "count"}))["calls"] == 1

    asyncio.run(scenario())


def test_a_changed_record_gets_instances_of_its_own_and_the_old_ones_end(ends):
    async def scenario():
        async with scheduling() as scheduler:
            old = value(await call(scheduler, record(), {"do": "count"}))
            new = value(await call(scheduler, record(memory_mb=256), {"do": "count"}))
            assert new["calls"] == 1
            assert await asyncio.to_thread(ends, old["pid"])

    asyncio.run(scenario())


def test_versions_have_instances_of_their_own():
    async def scenario():
        async with scheduling() as scheduler:
            pids = [
                value(await call(scheduler, record(version=version), {"do": "count"}))["pid"]
                for version in ("$LATEST", "1", "$LATEST", "1")
            ]
            assert pids[:2] == pids[2:]
            assert pids[0] != pids[1]

    asyncio.run(scenario())


def test_a_retired_version_ends_its_idle_instances_now_and_the_busy_one_after_its_call(ends, gate):
    async def scenario():
        async with scheduling() as scheduler:
            drained = asyncio.Event()
            busy = await begun(scheduler, patient(), gate)
            idle = value(await call(scheduler, patient(), {"do": "count"}))
            scheduler.drain_version(record().key, "$LATEST", drained.set)
            assert [each.key.name for each in scheduler.records()] == ["behave"]
            assert await asyncio.to_thread(ends, idle["pid"])
            assert not drained.is_set()
            gate.open()
            assert value(await busy) == "held"
            await asyncio.wait_for(drained.wait(), PATIENCE_SECONDS)
            assert list(scheduler.records()) == []

    asyncio.run(scenario())


def test_a_retired_version_still_serves_the_calls_that_wait_for_it(gate):
    async def scenario():
        async with scheduling(ready_instances=1, stall_seconds=600) as scheduler:
            drained = asyncio.Event()
            calls = [await begun(scheduler, patient(), gate)]
            calls += [asyncio.ensure_future(call(scheduler, patient(), held_at(gate))) for _ in range(2)]
            await until(lambda: scheduler.counts()["calls"] == 3)
            scheduler.drain_version(record().key, "$LATEST", drained.set)
            gate.open()
            assert [value(await each) for each in calls] == ["held"] * 3
            await asyncio.wait_for(drained.wait(), PATIENCE_SECONDS)

    asyncio.run(scenario())


def test_a_version_that_is_retired_by_force_ends_its_calls(gate):
    async def scenario():
        async with scheduling(ready_instances=1, stall_seconds=600) as scheduler:
            drained = asyncio.Event()
            value(await call(scheduler, patient(), {"do": "count"}))
            running = await begun(scheduler, patient(), gate)
            waiting = asyncio.ensure_future(call(scheduler, patient(), {"do": "count"}))
            await until(lambda: scheduler.counts()["calls"] == 2)
            scheduler.drain_version(record().key, "$LATEST", drained.set, is_forced=True)
            assert ((await running).status, (await waiting).status) == (439, 438)
            await asyncio.wait_for(drained.wait(), PATIENCE_SECONDS)

    asyncio.run(scenario())


def test_what_never_ran_is_drained_at_once():
    async def scenario():
        async with scheduling() as scheduler:
            drained = []
            scheduler.drain_version(record().key, "7", lambda: drained.append(1))
            assert drained == [1]

    asyncio.run(scenario())


def test_a_stop_lets_calls_under_way_end_and_takes_no_new_ones(ends, gate):
    async def scenario():
        async with scheduling(ready_instances=1, stall_seconds=600) as scheduler:
            pid = value(await call(scheduler, patient(), {"do": "count"}))["pid"]
            running = await begun(scheduler, patient(), gate)
            waiting = asyncio.ensure_future(call(scheduler, patient(), {"do": "count"}))
            await until(lambda: scheduler.counts()["calls"] == 2)
            closing = asyncio.ensure_future(scheduler.close(grace_seconds=600))
            with pytest.raises(Stopping):
                await waiting
            assert not running.done()
            gate.open()
            assert value(await running) == "held"
            await closing
            assert await asyncio.to_thread(ends, pid)

    asyncio.run(scenario())


def test_a_stop_waits_no_longer_than_its_grace(gate):
    async def scenario():
        async with scheduling() as scheduler:
            running = await begun(scheduler, patient(), gate)
            await scheduler.close(grace_seconds=0.1)
            with pytest.raises(Stopping):
                await running

    asyncio.run(scenario())


def test_short_calls_share_an_instance_rather_than_start_more():
    async def scenario():
        async with scheduling(ready_instances=8, stall_seconds=600, start_seconds=600) as scheduler:
            value(await call(scheduler, record(), {"do": "count"}))
            outcomes = await asyncio.gather(*(call(scheduler, record(), {"do": "count"}) for _ in range(20)))
            assert len({value(outcome)["pid"] for outcome in outcomes}) == 1

    asyncio.run(scenario())


def test_calls_that_share_an_instance_have_each_its_own_output():
    async def scenario():
        async with scheduling(ready_instances=1, stall_seconds=600) as scheduler:
            value(await call(scheduler, record(), {"do": "count"}))
            events = [{"do": "print", "text": f"call {number}"} for number in range(20)]
            for _ in range(50):  # what is read together differs from round to round
                outcomes = await asyncio.gather(*(call(scheduler, record(), event) for event in events))
                texts = [outcome.output.decode() for outcome in outcomes]
                assert texts == [f"call {number}\nto stderr\n" for number in range(20)]

    asyncio.run(scenario())


def test_an_idle_instance_outlives_the_time_limit_of_its_last_call():
    async def scenario():
        async with scheduling() as scheduler:
            function = record(timeout_seconds=1)
            first = value(await call(scheduler, function, {"do": "count"}))
            await asyncio.sleep(1.2)
            assert value(await call(scheduler, function, {"do": "count"})) == {"pid": first["pid"], "calls": 2}

    asyncio.run(scenario())


def test_a_function_with_a_queue_does_not_keep_the_last_processes_from_another_one():
    async def scenario():
        async with scheduling(all_instances=2, stall_seconds=0.05, queue_seconds=600) as scheduler:
            two = None

            async def call_without_end():
                while two is None or not two.done():
                    assert value(await call(scheduler, record("one"), {"do": "sleep", "seconds": 0.05})) == "slept"

            greedy = [asyncio.ensure_future(call_without_end()) for _ in range(8)]
            await until(lambda: scheduler.counts()["instances"] == 2)
            two = asyncio.ensure_future(call(scheduler, record("two"), {"do": "count"}))
            await until(two.done)
            assert value(two.result())["calls"] == 1
            await asyncio.gather(*greedy)

    asyncio.run(scenario())


def test_more_starts_in_a_minute_than_the_platform_makes_are_429():
    async def scenario():
        async with scheduling(burst_instances=2) as scheduler:
            for _ in range(2):
                assert (await call(scheduler, record(), {"do": "kill_self"})).status == 439
            refused = await call(scheduler, record(), {"do": "count"})
            assert (refused.status, "[behave]" in refused.message) == (429, True)
            elsewhere = record(region="ap-beijing")
            assert value(await call(scheduler, elsewhere, {"do": "count"}))["calls"] == 1

    asyncio.run(scenario())


def test_memory_over_the_functions_limit_is_434_and_ends_the_instance():
    async def scenario():
        async with scheduling() as scheduler:
            function = record(memory_mb=64)
            first = value(await call(scheduler, function, {"do": "count"}))
            over = await call(scheduler, function, {"do": "use_memory", "size": 80 * 1024 * 1024})
            assert (over.status, over.message) == (434, "Task memory exceeded 64 MB")
            assert over.memory_bytes > 64 * 1024 * 1024
            second = value(await call(scheduler, function, {"do": "count"}))
            assert (second["calls"], second["pid"] != first["pid"]) == (1, True)

    asyncio.run(scenario())


def test_the_scheduler_its_pools_and_its_instances_show_their_state():
    async def scenario():
        async with scheduling() as scheduler:
            await call(scheduler, record(), {"do": "count"})
            (pool,) = scheduler._pools.values()
            (instance,) = pool.instances
            assert repr(scheduler) == "<Scheduler 1 instances, 1 idle, 0 calls>"
            assert repr(pool) == "<Pool ap-tokyo/default/behave:$LATEST 1 idle, 0 busy, 0 waiting>"
            shown = f"<Instance ap-tokyo/default/behave:$LATEST pid {instance.worker.pid}, IDLE, 0 calls>"
            assert repr(instance) == shown

    asyncio.run(scenario())


def test_a_call_whose_instance_starts_when_the_server_stops_has_not_failed():
    """Its start is broken off before the scheduler is closed: the event of the call is run by the next server."""

    async def scenario():
        async with scheduling() as scheduler:
            waiting = asyncio.ensure_future(call(scheduler, record(), {"do": "count"}))
            await asyncio.sleep(0)
            scheduler._lifecycle.stop()
            with pytest.raises(Stopping) as caught:
                await waiting
            assert not caught.value.has_begun

    asyncio.run(scenario())
