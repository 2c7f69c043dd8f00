"""Seeded campaigns of ``map`` against the fault server, on both faces.

Each input is a script. A share of the maps is left early; what their calls came to is then not told, and nothing may
have run twice all the same.
"""

import random
import time
from itertools import islice
from typing import Any

from tests.proof import campaign
from tests.proof.fault_process import PLAIN, Transport

WIDTH = 24
LEFT_SHARE = 0.3  # of the maps are left early


class InputPlan(campaign.Plan):
    """One input of a campaign."""

    def __init__(self, number: int, rng: random.Random) -> None:
        super().__init__(number, rng)
        if self.function_name.endswith(("-limit", "-busy")):
            self.function_name += "-ok"  # a map waits for room as long as its other calls get through
        self.timeout = campaign.LONG_SECONDS if self.timeout == campaign.LONG_SECONDS else campaign.SHORT_SECONDS

    @property
    def data(self) -> str:
        return "{}|{}".format(self.function_name, "x" * self.big_bytes)

    def conclude(self, outcome: Any) -> None:
        self.note(time.monotonic(), outcome if isinstance(outcome, Exception) else None)


class MapPlan:
    """One map of a campaign: inputs with the same options."""

    def __init__(self, plans: "list[InputPlan]", rng: random.Random) -> None:
        self.plans = plans
        self.options = {
            "timeout": plans[0].timeout,
            "idempotent": plans[0].is_idempotent,
            "ordered": rng.random() < 0.5,
            "concurrency": rng.randrange(1, WIDTH),
            "grace": rng.choice((0, 0.05, 5.0)),
            "return_exceptions": True,
        }
        self.count = rng.randrange(len(plans) + 1) if rng.random() < LEFT_SHARE else None
        self.defects: "list[str]" = []

    @property
    def inputs(self) -> "list[str]":
        return [plan.data for plan in self.plans]

    def note(self, number: int, outcome: Any) -> None:
        """The outcome that was handed out at this place."""
        if self.options["ordered"] and outcome.position != number:
            self.defects.append("outcome {} has the position {}".format(number, outcome.position))
        if self.plans[outcome.position].claim is not None:
            self.defects.append("{} was handed out twice".format(self.plans[outcome.position].function_name))
        self.plans[outcome.position].conclude(outcome)

    def settle(self, outcomes: Any) -> None:
        """It has ended, or was left."""
        if outcomes.throttled < 0 or (self.count is None and outcomes.in_flight):
            self.defects.append("calls are left: {!r}".format(outcomes))
        for plan in self.plans:
            if plan.claim is None and self.count is not None:
                plan.claim = campaign.Verdict.MAYBE  # not handed out


def make_maps(seed: int, calls: int) -> "list[MapPlan]":
    rng = random.Random(seed)
    kinds: "dict[tuple[bool, float], list[InputPlan]]" = {}
    for number in range(calls):
        plan = InputPlan(number, rng)
        kinds.setdefault((plan.is_idempotent, plan.timeout), []).append(plan)
    maps = []
    for plans in kinds.values():
        rest = iter(plans)
        while True:
            some = list(islice(rest, rng.randrange(20, 200)))
            if not some:
                break
            maps.append(MapPlan(some, rng))
    return maps


def find_violations(maps: "list[MapPlan]", ledger: dict) -> "list[str]":
    plans = [plan for each in maps for plan in each.plans]
    found = [defect for each in maps for defect in each.defects]
    return found + campaign.find_violations(plans, ledger)  # type: ignore[arg-type]  # a list is not covariant


def run_threads(seed: int, calls: int, transport: Transport = PLAIN) -> "list[str]":
    """One map after the other."""
    maps = make_maps(seed, calls)
    with campaign.FaultServer(seed, transport=transport) as server:
        client = campaign.make_client(server, seed, WIDTH)
        for plan in maps:
            with client.map("map", plan.inputs, **plan.options) as outcomes:
                for number, outcome in enumerate(islice(outcomes, plan.count)):
                    plan.note(number, outcome)
            plan.settle(outcomes)
        leaks = campaign.find_leaks(client._pool.state)
        client.close()
        return leaks + find_violations(maps, server.settle())


def run_tasks(seed: int, calls: int, transport: Transport = PLAIN) -> "list[str]":
    """One map after the other, on tasks."""
    maps = make_maps(seed, calls)
    with campaign.FaultServer(seed, transport=transport) as server:
        leaks = campaign.run_on_new_loop(map_from_tasks(maps, server, seed))
        return leaks + find_violations(maps, server.settle())


async def map_from_tasks(maps: "list[MapPlan]", server: campaign.FaultServer, seed: int) -> "list[str]":
    async with campaign.make_async_client(server, seed, WIDTH) as client:
        for plan in maps:
            async with client.map("map", plan.inputs, **plan.options) as outcomes:
                number = 0
                while plan.count is None or number < plan.count:
                    try:
                        outcome = await outcomes.__anext__()
                    except StopAsyncIteration:
                        break
                    plan.note(number, outcome)
                    number += 1
            plan.settle(outcomes)
        return campaign.find_leaks(client._get_pool().state)
