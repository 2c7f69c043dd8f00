"""Seeded campaigns of asynchronous invocations against the fault server, on both faces.

A start fails in scripted ways, and half of the questions about what was started fail too. What each claimed is compared
with the ledger: whatever became of a start or of the questions, nothing is started twice without consent.
"""

import asyncio
import random
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tencentserverless.aio import AsyncClient
from tests.proof import campaign
from tests.proof.faults import FAULTS

#: Those that answer as if a function had run while the caller waited make no sense of a start.
STARTS = sorted(set(FAULTS) - {"busy", "late", "forge", "throws"})


class StartPlan(campaign.Plan):
    """One invocation of a campaign."""

    def __init__(self, number: int, rng: random.Random) -> None:
        super().__init__(number, rng)
        script = [rng.choice(STARTS) for _ in range(rng.choice((1, 1, 2)))]
        if rng.random() < 0.5:
            script = ["ok"]
        self.fails = rng.random() < 0.2
        self.name = ("t" if self.fails else "c") + str(number)
        self.function_name = "-".join([self.name, *script])
        self.timeout = campaign.SHORT_SECONDS if campaign.SLOW_FAULTS.intersection(script) else campaign.LONG_SECONDS
        self.big_bytes = 0
        self.is_accepted = False
        self.waits = campaign.SHORT_SECONDS if rng.random() < 0.1 else campaign.LONG_SECONDS

    def conclude(self, started: float, error: "BaseException | None") -> None:
        """It was waited for: with a result or the function's own error it has run."""
        self.is_accepted = True
        self.note(started, error)
        self.seconds = 0.0  # two spans, each with a limit of its own
        if error is None and self.fails:
            self.stranger = AssertionError("a failure was taken for a result")


def make_plans(seed: int, calls: int) -> "list[StartPlan]":
    rng = random.Random(seed)
    return [StartPlan(number, rng) for number in range(calls)]


def find_violations(plans: "list[StartPlan]", ledger: dict) -> "list[str]":
    """Every claim that the ledger refutes."""
    found = campaign.find_violations(plans, ledger)  # type: ignore[arg-type]  # a list is not covariant
    for plan in plans:
        if plan.is_accepted and not ledger["executed"].get(plan.name, 0):
            found.append("{} was accepted and lost".format(plan.function_name))
    return found


def run_threads(seed: int, calls: int, width: int = 32) -> "list[str]":
    """Starts and questions from many threads on one client."""
    plans = make_plans(seed, calls)
    with campaign.FaultServer(seed) as server:
        client = campaign.make_client(server, seed, width // 2)

        def run(plan: StartPlan) -> None:
            started = time.monotonic()
            try:
                invocation = client.spawn(plan.function_name, **plan.options())
            except Exception as error:  # noqa: BLE001  # whatever it is, the plan judges it
                plan.note(started, error)
                return
            try:
                invocation.result(plan.waits)
                plan.conclude(started, None)
            except Exception as error:  # noqa: BLE001  # whatever it is, the plan judges it
                plan.conclude(started, error)

        with ThreadPoolExecutor(width) as pool:
            list(pool.map(run, plans))
        violations = campaign.find_leaks(client._pool.state)
        client.close()
        return violations + find_violations(plans, server.settle())


def run_tasks(seed: int, calls: int, width: int = 32) -> "list[str]":
    """Starts and questions from many tasks on one client, some of them cancelled at a random step."""
    plans = make_plans(seed, calls)
    with campaign.FaultServer(seed) as server:
        violations: "list[str]" = campaign.run_on_new_loop(ask_from_tasks(plans, server, seed, width))
        return violations + find_violations(plans, server.settle())


async def ask_from_tasks(plans: "list[StartPlan]", server: campaign.FaultServer, seed: int, width: int) -> "list[str]":
    client = campaign.make_async_client(server, seed, width // 2)
    rng = random.Random(seed)
    left = list(reversed(plans))

    async def work() -> None:
        while left:
            plan = left.pop()
            task = asyncio.ensure_future(ask_from_task(plan, client))
            if rng.random() < 0.1:
                await campaign.cancel_after(task, rng.randrange(40))
                if plan.claim is None:  # cancelled before its first step
                    plan.note(time.monotonic(), asyncio.CancelledError())
            else:
                await task

    await asyncio.gather(*[work() for _ in range(width)])
    leaks = campaign.find_leaks(client._get_pool().state)
    await client.close()
    return leaks


async def ask_from_task(plan: StartPlan, client: AsyncClient) -> None:
    started = time.monotonic()
    note: Any = plan.note
    try:
        invocation = await client.spawn(plan.function_name, **plan.options())
        note = plan.conclude
        await invocation.result(plan.waits)
        note(started, None)
    except asyncio.CancelledError as error:
        note(started, error)
    except Exception as error:  # noqa: BLE001  # whatever it is, the plan judges it
        note(started, error)


def run_spawn_map(seed: int, calls: int, width: int = 16) -> "list[str]":
    """Invocations that are accepted, lost or refused at random, each of a spawn_map: every one is handed out once."""
    plans = make_plans(seed, calls)
    with campaign.FaultServer(seed) as server:
        client = campaign.make_client(server, seed, width)

        def run(plan: StartPlan) -> int:
            handle = client.function(plan.function_name, timeout=plan.timeout, idempotent=plan.is_idempotent)
            found = list(handle.spawn_map([plan.data], polls_per_second=1e6))
            started = time.monotonic()
            for invocation in found:
                note = plan.conclude if invocation.request_id else plan.note
                try:
                    invocation.result(plan.waits)
                    note(started, None)
                except Exception as error:  # noqa: BLE001  # whatever it is, the plan judges it
                    note(started, error)
            return len(found)

        with ThreadPoolExecutor(width) as pool:
            counts = list(pool.map(run, plans))
        client.close()
        lost = [plan.function_name for plan, count in zip(plans, counts) if count != 1]
        return ["lost or doubled: " + name for name in lost] + find_violations(plans, server.settle())
