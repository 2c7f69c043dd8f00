"""Instances that take several requests at once, with real servers; the exchanges end when the test says so."""

import asyncio

import pytest

from tencentserverless.local.invocation import Invocation, Stopping, new_request_id
from tests.local.scheduler.test_scheduler import until
from tests.local.worker.web_functions import plain, record_of, serving, write_web

PATIENCE_SECONDS = 60


class Held:
    """An exchange that ends when it is told to; and the caller of its invocation."""

    gets_answer = False

    def __init__(self, session="", memory_mb=16):
        self.session = session
        self.memory_mb = memory_mb
        self.on_session = None
        self.address = None
        self.stopped = None
        self.invocation = None
        self.ended = asyncio.Event()
        self._on_end = None

    def begin(self, address, injected, on_end):
        self.address, self._on_end = address, on_end

    def stop(self, status, message):
        self.stopped = (status, message)

    def withhold(self):
        raise AssertionError("no rule is set")

    def finish(self):
        self._on_end(0, "")

    def end(self, invocation):
        self.ended.set()

    @property
    def status(self):
        outcome = self.invocation.outcome
        return None if outcome is None else outcome.status


def submit(site, record, session="", **options):
    held = Held(session, **options)
    held.invocation = Invocation(record, new_request_id(), b"GET /", held, exchange=held)
    held.invocation.around = (site.scheduler,)
    site.scheduler.submit(held.invocation)
    return held


async def begun(*held):
    await asyncio.wait_for(until(lambda: all(each.address or each.ended.is_set() for each in held)), PATIENCE_SECONDS)
    assert all(each.address for each in held), [each.invocation.outcome for each in held]
    return [each.address for each in held]


def run(scenario, **limits):
    async def main():
        async with serving(limits=limits) as site:
            await scenario(site)

    asyncio.run(main())


@pytest.fixture
def web(tmp_path):
    """Make the record of a web function: ``web(concurrency, **session)``."""
    folder = write_web(tmp_path / "site", app=plain())

    def web(concurrency, **session):
        config = {"DynamicEnabled": "FALSE", "MaxConcurrency": concurrency}
        if session:
            config["SessionConfig"] = {"SessionSource": "HEADER", "SessionName": "x-test", **session}
        return record_of(folder, options={"InstanceConcurrencyConfig": config}, timeout_seconds=600)

    return web


def counts(site):
    found = site.scheduler.counts()
    (function,) = found["by_function"].values()
    return found["instances"], found["idle_instances"], function["running"], function["waiting"]


def test_an_instance_takes_as_many_requests_as_it_may_and_the_next_gets_another(web):
    async def scenario(site):
        record = web(3)
        first = submit(site, record)
        waiting = [submit(site, record) for _ in range(2)]  # while the instance starts
        assert len(set(await begun(first, *waiting))) == 1
        assert counts(site) == (1, 0, 3, 0)
        ids = [held.invocation.request_id for held in (first, *waiting)]
        assert site.scheduler.peek_outputs(ids, 10) == dict.fromkeys(ids, (b"", 0))  # it can't be told apart
        other = submit(site, record)
        assert (await begun(other))[0] != first.address
        first.finish()
        again = submit(site, record)  # to the fuller one of two with room
        assert (await begun(again))[0] == first.address
        for held in (*waiting, again, other):
            held.finish()
        assert counts(site) == (2, 2, 0, 0)
        assert site.scheduler.counts()["calls"] == 0

    run(scenario)


def test_a_request_that_waits_gets_the_first_seat(web):
    async def scenario(site):
        record = web(2)
        running = [submit(site, record) for _ in range(2)]
        await begun(*running)
        waiting = [submit(site, record) for _ in range(2)]
        assert not any(each.address for each in waiting)
        running[0].finish()
        assert waiting[0].address == running[1].address  # at once
        assert waiting[1].address is None
        waiting[0].finish()
        running[1].finish()
        assert waiting[1].address
        waiting[1].finish()
        assert counts(site) == (1, 1, 0, 0)

    run(scenario, all_instances=1, ready_instances=1)


def test_one_whose_client_has_gone_takes_no_seat(web):
    async def scenario(site):
        record = web(2)
        running = [submit(site, record) for _ in range(2)]
        await begun(*running)
        gone, waiting = submit(site, record), submit(site, record)
        gone.invocation.finish(Stopping())
        running[0].finish()
        assert waiting.address
        assert gone.address is None

    run(scenario, all_instances=1, ready_instances=1)


def test_the_timeout_ends_one_request_alone_and_the_death_of_the_process_all(web, ends):
    async def scenario(site):
        record = web(3)
        held = [submit(site, record) for _ in range(3)]
        await begun(*held)
        (pool,) = site.scheduler._pools.values()
        (instance,) = pool.instances
        run = instance.worker._runs[held[0].invocation.request_id]
        instance.worker._expire_run(run)
        assert (held[0].status, held[0].stopped[0]) == (433, 433)
        assert counts(site) == (1, 0, 2, 0)
        again = submit(site, record)
        assert again.address == held[1].address
        instance.worker.kill()
        for each in (held[1], held[2], again):
            await asyncio.wait_for(each.ended.wait(), PATIENCE_SECONDS)
            assert (each.status, each.stopped[0]) == (439, 439)
        fresh = submit(site, record)
        assert (await begun(fresh))[0] != again.address

    run(scenario)


def test_alone_in_its_instance_a_request_that_took_too_long_takes_that_with_it(web):
    async def scenario(site):
        record = web(1)
        held = submit(site, record)
        await begun(held)
        (pool,) = site.scheduler._pools.values()
        (instance,) = pool.instances
        instance.worker._expire_run(instance.worker._runs[held.invocation.request_id])
        assert held.status == 433
        assert not instance.worker.is_alive

    run(scenario)


def test_requests_of_one_instance_count_for_its_memory_once(web):
    async def scenario(site):
        record = web(10)
        held = [submit(site, record, memory_mb=-(-record.memory_mb // 10)) for _ in range(10)]
        await begun(*held)
        more = submit(site, record, memory_mb=-(-record.memory_mb // 10))
        assert more.status == 432
        held[0].finish()
        await begun(submit(site, record, memory_mb=-(-record.memory_mb // 10)))

    run(scenario, region_memory_mb=130)


def test_an_idle_instance_without_sessions_makes_place_for_another_function(web, tmp_path):
    async def scenario(site):
        record, other = web(2), record_of(write_web(tmp_path / "other", app=plain()), "other")
        first = submit(site, record)
        await begun(first)
        first.finish()
        await begun(submit(site, other))

    run(scenario, all_instances=1)


def test_a_session_keeps_to_its_instance_and_is_refused_when_that_is_full(web):
    async def scenario(site):
        record = web(2, MaximumConcurrencySessionPerInstance=1)
        a, b = submit(site, record, "a"), submit(site, record, "b")
        home_a, home_b = await begun(a, b)
        assert home_a != home_b
        a.finish()
        b.finish()
        second = [submit(site, record, name) for name in "abab"]
        assert await begun(*second) == [home_a, home_b, home_a, home_b]
        full = submit(site, record, "a")
        assert full.status == 432
        assert "the instance of the session has 2 requests at once" in full.invocation.outcome.message

    run(scenario)


def test_requests_of_one_new_session_that_wait_together_go_to_one_instance(web):
    async def scenario(site):
        record = web(10, MaximumConcurrencySessionPerInstance=1)
        held = [submit(site, record, name) for name in "aabbab"]
        homes = await begun(*held)
        assert len(set(homes)) == 2
        assert homes[0] == homes[1] == homes[4]
        assert homes[2] == homes[3] == homes[5]

    run(scenario)


def test_a_request_without_a_session_goes_anywhere_and_an_answer_can_name_one(web):
    async def scenario(site):
        record = web(1, MaximumConcurrencySessionPerInstance=5)
        first, second = submit(site, record), submit(site, record)
        homes = await begun(first, second)
        assert len(set(homes)) == 2
        second.on_session("made-by-the-app")
        first.finish()
        second.finish()
        again = submit(site, record, "made-by-the-app")
        assert (await begun(again))[0] == homes[1]

    run(scenario)


def test_a_request_whose_answer_may_name_a_session_needs_an_instance_with_room_for_one(web):
    async def scenario(site):
        record = web(10, MaximumConcurrencySessionPerInstance=1)
        first, second = submit(site, record), submit(site, record)
        homes = await begun(first, second)
        assert len(set(homes)) == 2  # each may name one
        for number, held in enumerate((first, second)):
            held.on_session(f"made-{number}")
            held.finish()
        third = submit(site, record)
        assert (await begun(third))[0] not in homes
        third.finish()
        again, outside = submit(site, record, "made-0"), submit(site, record, None)
        assert (await begun(again, outside))[0] == homes[0]
        assert again.session == "made-0"
        assert outside.on_session is None

    run(scenario)


def test_an_instance_with_sessions_does_not_end_while_it_idles(web, tmp_path):
    async def scenario(site):
        record, other = web(1), record_of(write_web(tmp_path / "other", app=plain()), "other")
        sessions = web(1, MaximumIdleTimeInSeconds=1000)
        plain_held, held = submit(site, other), submit(site, sessions, "a")
        await begun(plain_held, held)
        plain_held.finish()
        held.finish()
        site.scheduler._population.end_surplus(site.scheduler._loop.time() + 1000)
        assert site.scheduler.counts()["idle_instances"] == 1
        assert (await begun(submit(site, sessions, "a")))[0] == held.address
        assert record.options != sessions.options

    run(scenario)


def test_a_session_whose_instance_has_died_begins_anew(web):
    async def scenario(site):
        record = web(2, MaximumConcurrencySessionPerInstance=1)
        first = submit(site, record, "a")
        await begun(first)
        (pool,) = site.scheduler._pools.values()
        (instance,) = pool.instances
        instance.worker.kill()
        again = submit(site, record, "a")
        assert (await begun(again))[0] != first.address

    run(scenario)


def test_a_drained_version_ends_its_requests_and_then_its_instance(web):
    async def scenario(site):
        record = web(2)
        held = [submit(site, record) for _ in range(2)]
        await begun(*held)
        drained = asyncio.Event()
        site.scheduler.drain_version(record.key, record.version, drained.set)
        held[0].finish()
        assert not drained.is_set()
        held[1].finish()
        await asyncio.wait_for(drained.wait(), PATIENCE_SECONDS)

    run(scenario)
