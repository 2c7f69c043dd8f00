"""Seeded campaigns of maps that are disturbed: by the garbage collector, by signal handlers, by several threads or
tasks on one map, and by a second process on the same journal.

What is told of an input must be true whatever disturbed it; what is not told may not have run twice all the same.
"""

import asyncio
import gc
import json
import logging
import random
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from weakref import ref

from tencentserverless._core.pool import Slot
from tencentserverless._sync import waiting
from tencentserverless._sync.map import Map
from tencentserverless.exception import CallError, TencentServerlessSDKException
from tencentserverless.journal import JournalError
from tencentserverless.scf import Client
from tests.proof import campaign, mapping
from tests.proof.fault_process import PLAIN, Transport, make_environment

THREADS = 4
PAUSE_SECONDS = 0.001
#: Raised where a second thread asks a map, or a signal handler a map that it interrupted.
REFUSED = ("advanced already", "being driven by the code that was interrupted here")


def conclude(client: Client, server: campaign.FaultServer, maps: "list[mapping.MapPlan]", more: Any) -> "list[str]":
    """What went wrong, when all has ended.

    :param more: calls that were made beside the maps
    """
    gc.collect()
    leaks = campaign.find_leaks(client._pool.state)
    client.close()
    if leaks:
        return leaks  # the server would wait in vain for its connections to end
    ledger = server.settle()
    return mapping.find_violations(maps, ledger) + campaign.find_violations(more, ledger)


def make_others(calls: int, prefix: str) -> "list[campaign.Plan]":
    """Calls beside the maps."""
    plans = campaign.make_plans(calls, calls)
    for plan in plans:
        plan.name = prefix + plan.name[1:]
        plan.function_name = plan.function_name.replace("c", prefix, 1)
        plan.is_dead = False
    return plans


def leave(plan: mapping.MapPlan) -> None:
    """Nobody was told of the rest."""
    for each in plan.plans:
        if each.claim is None:
            each.claim = campaign.Verdict.MAYBE


def leave_unmade(plans: "list[campaign.Plan]") -> None:
    """Calls that were not made have not run."""
    for plan in plans:
        if plan.claim is None:
            plan.claim = campaign.Verdict.NO


def run_collected(seed: int, calls: int, transport: Transport = PLAIN) -> "list[str]":
    """Maps that are dropped in cycles, while the collector comes at every step of every thread."""
    rng = random.Random(seed)
    others = make_others(calls // 4, "o")
    maps = mapping.make_maps(seed, calls - len(others))
    thresholds = gc.get_threshold()
    with campaign.FaultServer(seed, transport=transport) as server:
        client = campaign.make_client(server, seed, mapping.WIDTH)
        try:
            gc.set_threshold(1)
            with ThreadPoolExecutor(THREADS) as pool:
                futures = [pool.submit(campaign.invoke, client, plan) for plan in others]
                for plan in maps:
                    cycle: "list[Any]" = [client.map("map", plan.inputs, **plan.options)]
                    cycle.append(cycle)
                    for number, outcome in enumerate(islice(cycle[0], plan.count)):
                        plan.note(number, outcome)
                    if rng.random() < 0.3:
                        cycle[0].close()
                    del cycle
                    leave(plan)
                for future in futures:
                    future.result()
        finally:
            gc.set_threshold(*thresholds)
        gc.collect()
        client.invoke(campaign.SurePlan("last").function_name)  # ends what the collector left behind
        return conclude(client, server, maps, others)


class Alarm:
    """A signal handler that uses the client in the middle of its maps, closes them, or raises.

    :param client: whose maps are interrupted
    """

    def __init__(self, client: Client, seed: int, plans: "list[campaign.Plan]", maps: "list[mapping.MapPlan]") -> None:
        self._client = client
        self._rng = random.Random(seed)
        self._plans = list(plans)
        self._maps = list(maps)
        self._is_ringing = False
        self.outcomes: Any = None  # the map that is interrupted
        self.defects: "list[str]" = []

    def ring(self, *_: object) -> None:
        if self._is_ringing or self.outcomes is None:
            return
        self._is_ringing = True
        try:
            self._act(self._rng.random())
        except campaign.Interruption:
            raise
        except Exception as error:  # noqa: BLE001  # whatever it is, the campaign reports it
            if not (isinstance(error, RuntimeError) and str(error).endswith(REFUSED[1])):
                self.defects.append("a signal handler got {!r}".format(error))
        finally:
            self._is_ringing = False
            self.set()

    def _act(self, chance: float) -> None:
        if chance < 0.35 and self._plans:
            plan = self._plans.pop()
            plan.timeout = campaign.SHORT_SECONDS  # the interrupted map may hold every connection
            campaign.invoke(self._client, plan)
        elif chance < 0.5:
            self.outcomes.close()
        elif chance < 0.65 and self._maps:
            plan = self._maps.pop()
            with self._client.map("map", plan.inputs, **dict(plan.options, timeout=0.25, grace=0)) as outcomes:
                for number, outcome in enumerate(islice(outcomes, plan.count)):
                    plan.note(number, outcome)
        elif chance < 0.9:
            raise campaign.Interruption(campaign.INTERRUPTION)

    def set(self) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0.0005 + self._rng.random() * 0.01)


def run_handlers(seed: int, calls: int, transport: Transport = PLAIN) -> "list[str]":
    """Maps that signal handlers interrupt: they call the client, close the map, start another one, raise."""
    rng = random.Random(seed)
    others = make_others(calls // 4, "o")
    maps = mapping.make_maps(seed, calls - len(others))
    nested, maps = maps[: len(maps) // 4], maps[len(maps) // 4 :]
    with campaign.FaultServer(seed, transport=transport) as server:
        client = campaign.make_client(server, seed, mapping.WIDTH)
        alarm = Alarm(client, seed, others, nested)
        previous = signal.signal(signal.SIGALRM, alarm.ring)
        try:
            for plan in maps:
                follow(client, plan, alarm, rng)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, previous)
        for plan in nested:
            leave(plan)
        leave_unmade(others)
        return alarm.defects + conclude(client, server, maps + nested, others)


def follow(client: Client, plan: mapping.MapPlan, alarm: Alarm, rng: random.Random) -> None:
    """Iterate over one map to its end, or until an interrupt."""
    outcomes = client.map("map", plan.inputs, **dict(plan.options, grace=rng.choice((0, 0.05))))
    number = 0
    try:
        alarm.outcomes = outcomes
        alarm.set()
        while plan.count is None or number < plan.count:
            outcome = next(outcomes, None)
            if outcome is None:
                break
            plan.note(number, outcome)
            number += 1
    except campaign.Interruption:
        pass
    finally:
        alarm.outcomes = None
        signal.setitimer(signal.ITIMER_REAL, 0)
    outcomes.close()
    leave(plan)


def run_shared(seed: int, calls: int, transport: Transport = PLAIN) -> "list[str]":
    """Each map is asked and closed by several threads, which also call beside it."""
    others = make_others(calls // 4, "o")
    maps = mapping.make_maps(seed, calls - len(others))
    left = list(others)
    with campaign.FaultServer(seed, transport=transport) as server:
        client = campaign.make_client(server, seed, mapping.WIDTH)
        defects: "list[str]" = []
        for number, plan in enumerate(maps):
            plan.options["ordered"] = False
            rngs = [random.Random(seed * 1000 + number * THREADS + index) for index in range(THREADS)]
            outcomes = client.map("map", plan.inputs, **plan.options)

            def work(rng: random.Random, plan: mapping.MapPlan = plan, outcomes: Any = outcomes) -> None:
                try:
                    share(client, plan, outcomes, rng, left)
                except Exception as error:  # noqa: BLE001  # whatever it is, the campaign reports it
                    defects.append("a thread got {!r}".format(error))

            threads = [threading.Thread(target=work, args=(rng,)) for rng in rngs]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            outcomes.close()
            leave(plan)
        leave_unmade(others)
        return defects + conclude(client, server, maps, others)


def share(
    client: Client, plan: mapping.MapPlan, outcomes: Any, rng: random.Random, left: "list[campaign.Plan]"
) -> None:
    """What one of the threads does with a map."""
    while True:
        if rng.random() < 0.05:
            with suppress(IndexError):
                campaign.invoke(client, left.pop())
        if plan.count is not None and rng.random() < 0.02:
            outcomes.close()
        try:
            outcome = next(outcomes, None)
        except RuntimeError as error:
            if REFUSED[0] not in str(error):
                raise
            time.sleep(PAUSE_SECONDS)
            continue
        if outcome is None:
            return
        plan.note(0, outcome)


def run_shared_tasks(seed: int, calls: int, transport: Transport = PLAIN) -> "list[str]":
    """Each map is asked by several tasks at once, and some of them are cancelled."""
    maps = mapping.make_maps(seed, calls)
    with campaign.FaultServer(seed, transport=transport) as server:
        violations: "list[str]" = campaign.run_on_new_loop(share_between_tasks(maps, server, seed))
        return violations + mapping.find_violations(maps, server.settle())


async def share_between_tasks(maps: "list[mapping.MapPlan]", server: campaign.FaultServer, seed: int) -> "list[str]":
    rng = random.Random(seed)
    async with campaign.make_async_client(server, seed, mapping.WIDTH) as client:
        for plan in maps:
            plan.options["ordered"] = False
            async with client.map("map", plan.inputs, **plan.options) as outcomes:

                async def work(plan: mapping.MapPlan = plan, outcomes: Any = outcomes) -> None:
                    async for outcome in outcomes:
                        plan.note(0, outcome)

                tasks = [asyncio.ensure_future(work()) for _ in range(THREADS)]
                if plan.count is not None:
                    await asyncio.sleep(rng.random() * 0.05)
                    rng.choice(tasks).cancel()
                    if rng.random() < 0.5:
                        await outcomes.aclose()
                for found in await asyncio.gather(*tasks, return_exceptions=True):
                    if isinstance(found, BaseException) and not isinstance(found, asyncio.CancelledError):
                        plan.defects.append("a task got {!r}".format(found))
            leave(plan)
        return campaign.find_leaks(client._get_pool().state)


def run_journal(seed: int, calls: int, transport: Transport = PLAIN) -> "list[str]":
    """Two processes run the same inputs with the same journal, as often as it takes until every input has its outcome.

    Each leaves early now and then, so that the other goes on in the middle.
    """
    plans = make_journaled(seed, calls)
    with campaign.FaultServer(seed, transport=transport) as server, TemporaryDirectory() as folder:
        arguments = [json.dumps(server.options), str(seed), str(calls), str(Path(folder, "run.db"))]
        command = [sys.executable, "-W", "error", "-m", "tests.proof.disturbance", *arguments]
        pipe = subprocess.PIPE
        runs = [
            subprocess.Popen(
                [*command, str(number)], stdout=pipe, stderr=pipe, encoding="utf-8", env=make_environment()
            )
            for number in range(2)
        ]
        with ThreadPoolExecutor(len(runs)) as readers:  # one that nobody reads would wait, and hold the journal
            told = list(readers.map(subprocess.Popen.communicate, runs))
        violations = ["a process failed: {}".format(faults) for _, faults in told if faults]
        claims: "dict[str, set[str]]" = {}
        for said, _ in told:
            for line in said.splitlines():
                name, executed = json.loads(line)
                claims.setdefault(name, set()).add(executed)
        for plan in plans:
            found = claims.get(plan.name, set())
            # An input that said NO may be sent again by the next run; the last word is what the ledger must not refute.
            plan.claim = campaign.Verdict.YES if "yes" in found else campaign.Verdict.MAYBE if found else None
        return violations + campaign.find_violations(plans, server.settle())


def break_the_maps_lock() -> None:
    """What is broken: one frame at a time takes a map's steps."""
    waiting.TryLock.take = lambda lock: Slot(ref(deque()))  # type: ignore[method-assign,assignment,misc,arg-type]


def run_without_the_maps_lock(seed: int, calls: int, transport: Transport = PLAIN) -> "list[str]":
    break_the_maps_lock()
    return run_shared(seed, calls, transport)


def break_the_finaliser() -> None:
    """What is broken: a map that nobody holds any more lets go of what it holds."""
    del Map.__del__


def run_without_the_finaliser(seed: int, calls: int, transport: Transport = PLAIN) -> "list[str]":
    break_the_finaliser()
    return run_collected(seed, calls, transport)


def make_journaled(seed: int, calls: int) -> "list[Any]":
    """Inputs of one map, so all with the same options."""
    rng = random.Random(seed)
    plans = [mapping.InputPlan(number, rng) for number in range(calls)]
    for plan in plans:
        plan.is_idempotent = False
        plan.timeout = campaign.LONG_SECONDS
        plan.function_name = plan.function_name.replace("-stallpart", "-part").replace("-stall", "-drop")
        plan.big_bytes = 0
    return plans


def run_beside(options: str, seed: str, calls: str, path: str, number: str) -> None:
    """One of the two processes. Prints a line for each outcome that it was told: the input's name and the verdict."""
    plans = make_journaled(int(seed), int(calls))
    rng = random.Random(int(seed) * 2 + int(number))
    client = Client(max_connections=mapping.WIDTH, **json.loads(options), **campaign.make_keys())
    campaign.prepare(client, int(seed))
    inputs = [plan.data for plan in plans]
    is_over = False
    while not is_over:
        count = None if rng.random() < 0.3 else rng.randrange(len(plans))
        try:
            with client.map("map", inputs, journal=path, return_exceptions=True, grace=0.05) as outcomes:
                for outcome in islice(outcomes, count):
                    print(json.dumps([plans[outcome.position].name, tell(outcome)]))
                is_over = count is None
        except JournalError as error:
            if "in use" not in str(error):
                raise
            time.sleep(rng.random() * 0.02)
    client.close()


def tell(outcome: Any) -> str:
    """The verdict of an outcome."""
    is_told = isinstance(outcome, (CallError, TencentServerlessSDKException))
    return str(outcome.executed.value) if is_told else "yes"


if __name__ == "__main__":
    logging.getLogger("tencentserverless").addHandler(logging.NullHandler())
    run_beside(*sys.argv[1:])
