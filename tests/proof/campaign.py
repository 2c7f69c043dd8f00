"""Seeded campaigns against the fault server, on both faces, and the claims that they check.

A campaign makes calls whose attempts fail in scripted ways and compares what each call claimed with the ledger.
"""

import asyncio
import os
import random
import signal
import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tencentserverless.aio import AsyncClient
from tencentserverless.exception import CallError, DeadlineExceeded, NetworkError, TencentServerlessSDKException
from tencentserverless.models import Verdict
from tencentserverless.scf import Client
from tests.proof.fault_process import PLAIN, FaultServer, Transport
from tests.proof.fault_server import SECRET_KEY
from tests.proof.faults import FAULTS

SLOW_FAULTS = {"stall", "stallpart"}
BIG_FAULTS = {"part", "partfin", "stallpart", "sip", "early"}  # which differ where a request fills the buffers
SHORT_SECONDS = 0.25
LONG_SECONDS = 20.0
GRACE_SECONDS = 5.0  # that a busy machine may add to a deadline
BIG_BYTES = 3_000_000  # more than the sockets' buffers hold, so that a peer that does not read blocks the send
DEAD_ENDPOINT = "http://127.0.0.1:9"  # nothing listens there: connections are refused


INTERRUPTION = "raised by a signal handler"


class Interruption(Exception):
    """Raised by signal handlers in the middle of calls."""


class Plan:
    """One call of a campaign.

    :ivar big_bytes: size of a big event, 0 for a small one; made when it is sent, as all plans are made first
    """

    def __init__(self, number: int, rng: random.Random) -> None:
        script = [rng.choice(sorted(FAULTS)) for _ in range(rng.choice((1, 1, 2, 3)))]
        if rng.random() < 0.3:
            script = ["ok"]
        self.name = "c{}".format(number)
        self.function_name = "-".join([self.name, *script])
        self.is_idempotent = rng.random() < 0.35
        is_slow = bool(SLOW_FAULTS.intersection(script))
        self.timeout = SHORT_SECONDS if is_slow or rng.random() < 0.02 else LONG_SECONDS
        is_big = bool(BIG_FAULTS.intersection(script)) or rng.random() < 0.005
        self.number = number
        self.big_bytes = rng.randrange(BIG_BYTES // 2, BIG_BYTES) if is_big and rng.random() < 0.5 else 0
        self.is_dead = rng.random() < 0.01
        self.stranger: "BaseException | None" = None  # an error that is not the SDK's
        self.claim: "Verdict | None" = None  # YES for a result, an error's verdict, None while it has not ended
        self.seconds = 0.0

    @property
    def data(self) -> Any:
        return "x" * self.big_bytes if self.big_bytes else {"n": self.number}

    def options(self) -> dict:
        return {"data": self.data, "timeout": self.timeout, "idempotent": self.is_idempotent}

    def note(self, started: float, error: "BaseException | None") -> None:
        self.seconds = time.monotonic() - started
        if error is None:
            self.claim = Verdict.YES
        elif isinstance(error, (CallError, TencentServerlessSDKException)):
            self.claim = error.executed
        else:
            self.stranger = error.with_traceback(None)  # whose frames would keep sockets alive
            self.claim = Verdict.MAYBE


def make_plans(seed: int, calls: int) -> "list[Plan]":
    rng = random.Random(seed)
    return [Plan(number, rng) for number in range(calls)]


def find_violations(plans: "list[Plan]", ledger: dict) -> "list[str]":
    """Every claim that the ledger refutes."""
    found = ["the fault server failed: {}".format(defect) for defect in ledger["defects"]]
    if ledger["open"]:
        found.append("{} connections are still open".format(ledger["open"]))
    for plan in plans:
        runs = ledger["executed"].get(plan.name, 0)
        if runs > 1 and not plan.is_idempotent:
            found.append("{} ran {} times without consent".format(plan.function_name, runs))
        if plan.claim is Verdict.NO and runs:
            found.append("{} said NO and ran".format(plan.function_name))
        if plan.claim is Verdict.YES and not runs:
            found.append("{} said YES and did not run".format(plan.function_name))
        if plan.claim is None:
            found.append("{} never ended".format(plan.function_name))
        if not is_expected(plan.stranger):
            found.append("{} ended with {!r}".format(plan.function_name, plan.stranger))
        if plan.seconds > plan.timeout + GRACE_SECONDS:
            found.append("{} took {:.1f} s of {}".format(plan.function_name, plan.seconds, plan.timeout))
    return found


def is_expected(stranger: "BaseException | None") -> bool:
    """Errors that are not the SDK's are cancellations and a signal handler's own, which come through as they are."""
    if isinstance(stranger, (asyncio.CancelledError, ConnectionRefusedError)):
        return True
    return stranger is None or stranger.args == (INTERRUPTION,)


def prepare(client: "Client | AsyncClient", seed: int) -> None:
    """Shorten the pauses and lift the budget: a campaign is one long outage."""
    rng = random.Random(seed)
    client._policy.rng = lambda: rng.random() * 0.02
    client._policy.budget.tokens = float("inf")


def make_keys() -> dict:
    return {"secret_id": "AKIDcampaign", "secret_key": SECRET_KEY, "region": "ap-guangzhou"}


def make_client(server: FaultServer, seed: int, width: int) -> Client:
    """A client of that server, with so many connections."""
    client = Client(max_connections=width, **server.options, **make_keys())
    prepare(client, seed)
    return client


def make_async_client(server: FaultServer, seed: int, width: int) -> AsyncClient:
    client = AsyncClient(max_connections=width, **server.options, **make_keys())
    prepare(client, seed)
    return client


def invoke(client: Client, plan: Plan) -> None:
    """Make that call, and have the plan judge what comes of it."""
    started = time.monotonic()
    try:
        client.invoke(plan.function_name, **plan.options())
        plan.note(started, None)
    except Exception as error:  # noqa: BLE001  # whatever it is, the plan judges it
        plan.note(started, error)


def run_threads(seed: int, calls: int, transport: Transport = PLAIN, width: int = 32) -> "list[str]":
    """Calls from many threads on one client, with a fork now and then."""
    plans = make_plans(seed, calls)
    with FaultServer(seed, transport=transport) as server:
        client = make_client(server, seed, width // 2)
        dead = Client(endpoint=DEAD_ENDPOINT, **make_keys())
        prepare(dead, seed)
        with ThreadPoolExecutor(width) as pool:
            futures = [pool.submit(invoke, dead if plan.is_dead else client, plan) for plan in plans]
            plans += [fork_and_call(client, number) for number in range(3)]
            for future in futures:
                future.result()
        violations = find_leaks(client._pool.state)
        client.close()
        return violations + find_violations(plans, server.settle())


class SurePlan(Plan):
    """A call that no script disturbs.

    :param name: of the call, with no ``-``
    """

    def __init__(self, name: str, script: str = "ok") -> None:
        super().__init__(0, random.Random(0))
        self.name = name
        self.function_name = "{}-{}".format(name, script)
        self.is_idempotent = False
        self.is_dead = False
        self.timeout = LONG_SECONDS
        self.big_bytes = 0

    @property
    def data(self) -> Any:
        return "x" * self.big_bytes or None


#: What a child says of its call, by its exit code.
CLAIMS = {0: Verdict.YES, 3: Verdict.MAYBE, 4: Verdict.NO}


def fork_and_call(client: Client, number: int) -> Plan:
    """Fork while other threads call, and call from the child too. A connection may be reset before it is read."""
    plan = SurePlan("f{}".format(number))
    child = os.fork()
    if child == 0:
        code = 1
        try:
            client.invoke(plan.function_name, timeout=plan.timeout)
            code = 0
        except NetworkError as error:
            codes = {Verdict.MAYBE: 3, Verdict.NO: 4}
            code = 2 if isinstance(error, DeadlineExceeded) else codes[error.executed]
        finally:
            os._exit(code)
    plan.claim = CLAIMS.get(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    return plan


def find_leaks(state: object) -> "list[str]":
    """A pool at rest has as many connections open as it has idle."""
    if state.opened != state.idle or state._waiters:
        return ["the pool leaks: {!r}".format(state)]
    return []


def run_tasks(
    seed: int, calls: int, transport: Transport = PLAIN, width: int = 32, run: "Callable[[Any], Any] | None" = None
) -> "list[str]":
    """Calls from many tasks on one client, some of them cancelled at a random step.

    :param run: runs a coroutine on a loop of its own; default: asyncio's
    """
    plans = make_plans(seed, calls)
    with FaultServer(seed, transport=transport) as server:
        violations: list[str] = (run or run_on_new_loop)(call_from_tasks(plans, server, seed, width))
        return violations + find_violations(plans, server.settle())


def run_on_new_loop(coroutine: Any) -> Any:
    """``asyncio.run``, which Python 3.6 lacks."""
    if hasattr(asyncio, "run"):
        return asyncio.run(coroutine)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        return loop.run_until_complete(coroutine)
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


async def call_from_tasks(plans: "list[Plan]", server: FaultServer, seed: int, width: int) -> "list[str]":
    client = make_async_client(server, seed, width // 2)
    dead = AsyncClient(endpoint=DEAD_ENDPOINT, **make_keys())
    prepare(dead, seed)
    rng = random.Random(seed)
    left = list(reversed(plans))

    async def work() -> None:
        while left:
            plan = left.pop()
            task = asyncio.ensure_future(call_from_task(plan, dead if plan.is_dead else client))
            if rng.random() < 0.1:
                await cancel_after(task, rng.randrange(12))
                if plan.claim is None:  # cancelled before its first step
                    plan.note(time.monotonic(), asyncio.CancelledError())
            else:
                await task

    await asyncio.gather(*[work() for _ in range(width)])
    leaks = find_leaks(client._get_pool().state)
    await client.close()
    await dead.close()
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    return leaks + ["a task is left: {!r}".format(task) for task in tasks]


async def call_from_task(plan: Plan, client: AsyncClient) -> None:
    started = time.monotonic()
    try:
        await client.invoke(plan.function_name, **plan.options())
        plan.note(started, None)
    except asyncio.CancelledError as error:
        plan.note(started, error)
    except Exception as error:  # noqa: BLE001  # whatever it is, the plan judges it
        plan.note(started, error)


async def cancel_after(task: "asyncio.Future[None]", steps: int) -> None:
    for _ in range(steps):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])


def run_signals(seed: int, calls: int) -> "list[str]":
    """Calls from the main thread, while a timer's handler raises in the middle of them: errors of all kinds."""
    plans = make_plans(seed, calls)
    rng = random.Random(seed)
    is_calling = False

    def interrupt(*_: object) -> None:
        if is_calling:
            kinds = (Interruption, ConnectionResetError, BrokenPipeError, BlockingIOError, TimeoutError, ValueError)
            if rng.random() < 0.3:
                socket.create_connection(("127.0.0.1", 9))  # a handler's own library call fails
            raise rng.choice(kinds)(INTERRUPTION)

    previous = signal.signal(signal.SIGALRM, interrupt)
    try:
        with FaultServer(seed) as server:
            client = make_client(server, seed, 8)
            for plan in plans:
                started = time.monotonic()
                signal.setitimer(signal.ITIMER_REAL, rng.random() * 0.003)
                try:
                    is_calling = True
                    client.invoke(plan.function_name, **plan.options())
                    is_calling = False
                    plan.note(started, None)
                except Exception as error:  # noqa: BLE001  # whatever it is, the plan judges it
                    is_calling = False
                    plan.note(started, error)
            signal.setitimer(signal.ITIMER_REAL, 0)
            client.close()
            return find_violations(plans, server.settle())
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
