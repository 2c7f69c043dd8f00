"""Campaigns across forks whose children end the normal way: through all frames, with finalisers and ``atexit``.

The server is tame and no script disturbs a call, so whatever goes wrong in the parent was done by a child. These run in
a process of their own, see ``alone``.
"""

import atexit
import gc
import os
import random
import signal
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

from tencentserverless._core import pool
from tencentserverless._sync import net
from tencentserverless.scf import Client
from tests.proof import campaign
from tests.proof.fault_process import PLAIN, FaultServer, Transport

CONNECTIONS = 8
THREADS = 10
SCRIPTS = ("ok", "nap", "nap", "drip", "sip")
BIG_SHARE = 0.5  # of those that are read slowly, so that forks find them half sent
MAP_INPUTS = 30
CALLS_PER_FORK = 4


class Leaving(SystemExit):
    """Takes a child out through the frames of its parent's calls."""


class Nursery:
    """Forks children and sees them end.

    :param client: that parent and children share
    :param limit: of forks, which a signal handler would go on with where calls hang
    """

    def __init__(self, client: Client, rng: random.Random, limit: int) -> None:
        self._client = client
        self._limit = limit
        self._rng = rng
        self._children: "list[int]" = []
        self._is_forking = False  # a signal handler forks too
        self.plans: "list[campaign.Plan]" = []  # the children's calls

    def fork(self, share: float, outcomes: Any = None) -> bool:
        """Fork now and then. True in a child that is to return; half of them leave by an exception here and now.

        :param share: how often
        :param outcomes: a map of the parent's
        """
        if self._is_forking or len(self._children) == self._limit or self._rng.random() > share:
            return False
        self._is_forking = True
        plan = campaign.SurePlan("f{}".format(len(self._children)), "nap")
        calls, closes, collects, returns = (self._rng.random() < 0.5 for _ in range(4))
        child = os.fork()
        if child == 0:
            atexit.register(report_leaks, self._client)
            if calls:
                self._client.invoke(plan.function_name, timeout=plan.timeout)
            if closes and outcomes is not None:
                outcomes.close()
            if collects:
                gc.collect()
            if returns:
                return True
            raise Leaving(0)
        self._children.append(child)
        if calls:
            plan.claim = campaign.Verdict.YES  # or it ends with a status
            self.plans.append(plan)
        self._is_forking = False
        return False

    def wait(self) -> "list[str]":
        """Wait for every child. Returns what went wrong with them."""
        codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in self._children]
        return ["a child ended with {}".format(code) for code in codes if code]


def report_leaks(client: Client) -> None:
    """At the end of a child, say on standard error what its own pool has lost."""
    gc.collect()
    for leak in campaign.find_leaks(client._pool.state):
        print(leak, file=sys.stderr)


def break_the_pid_check() -> None:
    """What is broken: a child uses and ends connections as if they were its own."""
    net.Connection.pid = property(lambda connection: os.getpid(), lambda connection, pid: None)  # type: ignore[misc]


def run_without_pid_check(seed: int, calls: int, transport: Transport = PLAIN) -> "list[str]":
    break_the_pid_check()
    return run_threads(seed, calls, transport)


def make_plans(rng: random.Random, calls: int, prefix: str) -> "list[campaign.Plan]":
    """Calls that cannot fail."""
    plans: "list[campaign.Plan]" = []
    for number in range(calls):
        plan = campaign.SurePlan("{}{}".format(prefix, number), rng.choice(SCRIPTS))
        if plan.function_name.endswith("sip") and rng.random() < BIG_SHARE:
            plan.big_bytes = campaign.BIG_BYTES
        plans.append(plan)
    return plans


def keep_connections() -> None:
    """Let no connection grow too old in a long campaign: a new one in its place would look like a lost one."""
    pool.IDLE_LIMIT_SECONDS = 86400.0


def start_callers(client: Client, plans: "list[campaign.Plan]", count: int) -> "list[threading.Thread]":
    """Threads that make these calls."""
    left = list(plans)

    def work() -> None:
        while left:
            try:
                plan = left.pop()
            except IndexError:
                return
            campaign.invoke(client, plan)

    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    return threads


def conclude(client: Client, server: FaultServer, nursery: Nursery, plans: "list[campaign.Plan]") -> "list[str]":
    """What went wrong, when all calls have ended."""
    violations = nursery.wait() + campaign.find_leaks(client._pool.state)
    client.close()
    ledger = server.settle()
    if ledger["accepted"] > CONNECTIONS + len(nursery.plans):
        violations.append("{} connections: some of the parent's were lost".format(ledger["accepted"]))
    lost = [plan for plan in plans if plan.claim is not campaign.Verdict.YES]
    if ledger["resets"]:
        violations.append("{} connections were reset".format(ledger["resets"]))
    violations += ["{} ended with {!r} {!r}".format(plan.function_name, plan.claim, plan.stranger) for plan in lost]
    return violations + campaign.find_violations(plans + nursery.plans, ledger)


class Alarm:
    """Forks in a signal handler, in the middle of the calls within the context."""

    def __init__(self, nursery: Nursery, rng: random.Random) -> None:
        self._nursery = nursery
        self._rng = rng
        signal.signal(signal.SIGALRM, self.ring)

    def ring(self, *_: object) -> None:
        if self._nursery.fork(0.3):
            raise Leaving(0)
        self.__enter__()

    def __enter__(self) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0.001 + self._rng.random() * 0.02)

    def __exit__(self, *_: object) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)


def run_threads(seed: int, calls: int, transport: Transport = PLAIN) -> "list[str]":
    """Calls from threads, while the main thread forks, also in the middle of its own calls."""
    keep_connections()
    rng = random.Random(seed)
    plans = make_plans(rng, calls, "c")
    own = plans[: calls // 4]
    with FaultServer(seed, is_tame=True, transport=transport) as server:  # noqa: SIM117
        with campaign.make_client(server, seed, CONNECTIONS) as client:
            nursery = Nursery(client, rng, calls // CALLS_PER_FORK)
            alarm = Alarm(nursery, rng)
            threads = start_callers(client, plans[len(own) :], THREADS)
            for plan in own:
                if nursery.fork(0.2):
                    return []
                with alarm:
                    campaign.invoke(client, plan)
            for thread in threads:
                thread.join()
            return conclude(client, server, nursery, plans)


def run_map(seed: int, calls: int, transport: Transport = PLAIN) -> "list[str]":
    """Forks in the loop over maps, in their iterables, and in a signal handler in the middle of them."""
    keep_connections()
    rng = random.Random(seed)
    inputs = make_plans(rng, calls * 3 // 4, "m")
    others = make_plans(rng, calls - len(inputs), "c")
    with FaultServer(seed, is_tame=True, transport=transport) as server:  # noqa: SIM117
        with campaign.make_client(server, seed, CONNECTIONS) as client:
            nursery = Nursery(client, rng, calls // CALLS_PER_FORK)
            alarm = Alarm(nursery, rng)
            threads = start_callers(client, others, 3)
            for start in range(0, len(inputs), MAP_INPUTS):
                plans = inputs[start : start + MAP_INPUTS]
                width = rng.randrange(1, CONNECTIONS + 1)
                options = {"concurrency": width, "ordered": rng.random() < 0.5, "return_exceptions": True}
                with client.map("map", give(plans, nursery), **options) as outcomes:
                    if follow(outcomes, plans, nursery, alarm):
                        return []
            for thread in threads:
                thread.join()
            return conclude(client, server, nursery, inputs + others)


def give(plans: "list[campaign.Plan]", nursery: Nursery) -> "Iterator[str]":
    """The inputs of a map."""
    for plan in plans:
        if nursery.fork(0.05):
            raise Leaving(0)
        yield "{}|{}".format(plan.function_name, plan.data or "")


def follow(outcomes: Any, plans: "list[campaign.Plan]", nursery: Nursery, alarm: Alarm) -> bool:
    """Iterate over a map. True in a child that is to leave."""
    started = time.monotonic()
    while True:
        with alarm:
            outcome = next(outcomes, None)
        if outcome is None:
            return False
        plans[outcome.position].note(started, outcome if isinstance(outcome, Exception) else None)
        if nursery.fork(0.15, outcomes):
            return True
