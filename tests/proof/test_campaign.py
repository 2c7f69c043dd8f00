"""The proof: no call runs twice without consent, NO never ran, YES always did, and nothing leaks.

``make proof`` runs the same campaigns with three seeds and at thirteen times the length, ``make soak`` at any length.
"""

import asyncio
import os
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from tencentserverless._aio import net as aio_net
from tencentserverless._base import signals, sockets
from tencentserverless._core import response, retry, wire
from tencentserverless.models import Verdict
from tests.proof import campaign, disturbance, forking, mapping, spawning
from tests.proof.alone import run_alone

TYPE_CHECKING = False
if TYPE_CHECKING:
    #: Is given a seed and the number of calls, and returns the violations.
    Campaign = Callable[..., list[str]]

#: Calls of one run of these tests, over all campaigns, were each of them run with three seeds.
CALLS = int(os.environ.get("SOAK_CALLS", "900"))
SEEDS = (11,) if CALLS < 10_000 else (11, 12, 13)
SHARE = CALLS // 21
#: A broken rule is looked for with as many calls, and then with more and another seed each time.
CHANCES = (50, 50, 50, 100, 100, 100, 200, 200)
BROKEN_SECONDS = 10.0  # a broken guard may show as a hang

pytestmark = [pytest.mark.timeout(max(120, CALLS // 20))]


@pytest.mark.parametrize("seed", SEEDS)
def test_threads_never_run_a_call_twice_without_consent(seed: int) -> None:
    assert campaign.run_threads(seed, SHARE * 3) == []


@pytest.mark.parametrize("seed", SEEDS)
def test_tasks_never_run_a_call_twice_without_consent(seed: int) -> None:
    assert campaign.run_tasks(seed, SHARE * 3) == []


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
@pytest.mark.parametrize("seed", SEEDS)
def test_signal_handlers_that_raise_in_the_middle_prove_nothing_and_lose_nothing(seed: int) -> None:
    """A handler's error may land in a finaliser, or between the birth of a socket and its first owner: Python can only
    report that, and the calls' claims must hold all the same."""
    assert campaign.run_signals(seed, SHARE) == []


def test_tasks_on_uvloop_never_run_a_call_twice_without_consent() -> None:
    uvloop = pytest.importorskip("uvloop")
    assert campaign.run_tasks(14, SHARE, run=uvloop.run) == []


SPAWNING = [spawning.run_threads, spawning.run_tasks, spawning.run_spawn_map]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("run", SPAWNING, ids=["threads", "tasks", "spawn_map"])
def test_an_invocation_is_started_once_and_its_end_is_told_truly(run: object, seed: int) -> None:
    assert run(seed, SHARE // 2) == []  # type: ignore[operator]


MAPPING = [mapping.run_threads, mapping.run_tasks]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("run", MAPPING, ids=["threads", "tasks"])
def test_a_map_never_runs_an_input_twice_without_consent(run: object, seed: int) -> None:
    assert run(seed, SHARE // 2) == []  # type: ignore[operator]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    "run",
    [campaign.run_threads, campaign.run_tasks, mapping.run_threads, mapping.run_tasks],
    ids=["threads", "tasks", "map by threads", "map by tasks"],
)
def test_what_holds_plain_holds_over_tls_and_through_a_proxy(run: object, seed: int, transport: object) -> None:
    assert run(seed, SHARE // 2, transport) == []  # type: ignore[operator]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("run", [forking.run_threads, forking.run_map], ids=["threads", "map"])
def test_children_that_end_in_the_normal_way_leave_their_parents_calls_alone(run: object, seed: int) -> None:
    assert run_alone(run, seed, SHARE // 2) == []  # type: ignore[arg-type]


DISTURBED = [
    disturbance.run_collected,
    disturbance.run_handlers,
    disturbance.run_shared,
    disturbance.run_shared_tasks,
    disturbance.run_journal,
]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("run", DISTURBED, ids=lambda run: run.__name__[len("run_") :])
def test_a_map_that_is_disturbed_tells_the_truth(run: "Campaign", seed: int) -> None:
    assert run_alone(run, seed, SHARE // 2) == []


def test_the_campaign_meets_every_verdict_and_many_executions() -> None:
    """A campaign in which little happens would prove little."""
    plans = campaign.make_plans(1, 200)
    with campaign.FaultServer(1) as server:
        with campaign.make_client(server, 1, 16) as client, ThreadPoolExecutor(16) as pool:
            list(pool.map(partial(campaign.invoke, client), plans))
        ledger = server.settle()
    claims = {verdict: sum(plan.claim is verdict for plan in plans) for verdict in Verdict}
    assert all(count > 10 for count in claims.values()), claims
    assert sum(ledger["executed"].values()) > 100
    assert any(count > 1 for count in ledger["executed"].values()), "consent must have led to a second run"


def break_the_deadline_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is broken: an answer that does not come in time proves nothing."""
    true_rule = sockets.answer_deadline

    def wrong_rule(origin: object) -> object:
        error = true_rule(origin)
        error.executed = Verdict.NO
        return error

    monkeypatch.setattr(sockets, "answer_deadline", wrong_rule)


def break_the_lost_answer_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is broken: a connection that ends after the request proves nothing."""
    true_rule = sockets.lost_answer

    def wrong_rule(*args: object) -> object:
        error = true_rule(*args)
        error.executed = Verdict.NO
        return error

    monkeypatch.setattr(sockets, "lost_answer", wrong_rule)


def break_the_consent_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is broken: what may have run is repeated only with consent."""
    monkeypatch.setattr(retry, "is_consented", lambda executed, is_idempotent: executed is not Verdict.YES)


def break_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is broken: InternalError says nothing about the function."""
    monkeypatch.setattr(wire, "REFUSALS", wire.REFUSALS | {"InternalError"})


def break_the_sum(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is broken: one attempt that may have run outweighs a later one that did not."""
    from tencentserverless._core import flow

    def conclude(log: object, error: object) -> object:
        return error

    monkeypatch.setattr(flow._AttemptLog, "conclude", conclude)


def break_the_witness_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is broken: a function's return value alone never proves that it did not run."""
    monkeypatch.setattr(response, "_SUCCESSES", ())


def trust_the_innermost_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is broken: an error from the standard library that a signal handler called is the handler's."""

    def wrong_rule(error: BaseException) -> bool:
        traceback = error.__traceback__
        while traceback.tb_next is not None:
            traceback = traceback.tb_next
        return traceback.tb_frame.f_code in signals._list_handlers()

    monkeypatch.setattr(sockets, "is_foreign", wrong_rule)


def take_what_left_for_unsent(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is broken: only bytes that the transport still holds prove that a request has not arrived."""
    monkeypatch.setattr(aio_net.Connection, "is_sending", lambda connection: True)


def is_caught(run: "Callable[[int, int], list[str]]", factor: int = 1) -> bool:
    """True if a campaign finds a violation.

    :param factor: how many times as many calls it takes
    """
    return any(run(seed, calls * factor) for seed, calls in enumerate(CHANCES, 21))


MUTATIONS = [
    break_the_witness_rule,
    break_the_deadline_rule,
    break_the_lost_answer_rule,
    break_the_consent_rule,
    break_the_table,
    break_the_sum,
]


#: The rest is broken for both faces by what they share: make test looks for it on one.
OF_EACH_FACE = [break_the_deadline_rule, break_the_lost_answer_rule]


def name(part: object) -> str:
    return part.__name__  # type: ignore[attr-defined, no-any-return]


@pytest.mark.proof
@pytest.mark.parametrize(
    ("face", "mutation"),
    [
        *((campaign.run_threads, mutation) for mutation in MUTATIONS),
        *(
            pytest.param(campaign.run_tasks, mutation, marks=[] if mutation in OF_EACH_FACE else pytest.mark.proof)
            for mutation in MUTATIONS
        ),
    ],
    ids=name,
)
def test_a_broken_rule_is_caught(mutation: object, face: object, monkeypatch: pytest.MonkeyPatch) -> None:
    mutation(monkeypatch)  # type: ignore[operator]
    assert is_caught(face)  # type: ignore[arg-type]


@pytest.mark.proof
def test_a_broken_rule_of_asyncio_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    take_what_left_for_unsent(monkeypatch)
    assert is_caught(campaign.run_tasks)


@pytest.mark.proof
@pytest.mark.parametrize(
    "run",
    [
        forking.run_without_pid_check,
        pytest.param(disturbance.run_without_the_maps_lock, marks=pytest.mark.proof),  # it shows as a hang
        disturbance.run_without_the_finaliser,
    ],
    ids=lambda run: run.__name__[len("run_without_") :],
)
def test_a_guard_that_is_missing_is_caught(run: "Campaign") -> None:
    assert is_caught(partial(run_alone, run, patience=BROKEN_SECONDS))


@pytest.mark.proof
@pytest.mark.parametrize("mutation", [break_the_consent_rule, break_the_lost_answer_rule])
@pytest.mark.parametrize("run", SPAWNING, ids=["threads", "tasks", "spawn_map"])
def test_a_broken_rule_is_caught_by_invocations_too(
    mutation: object, run: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    mutation(monkeypatch)  # type: ignore[operator]
    assert is_caught(run)  # type: ignore[arg-type]


@pytest.mark.proof
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
def test_a_trusted_handler_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    trust_the_innermost_frame(monkeypatch)
    assert is_caught(campaign.run_signals, 5)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGALRM")
def test_every_step_of_a_call_can_be_cancelled() -> None:
    """Cancelled at the first, second, third ... step, a call leaves the pool whole and its connection unused."""

    async def run_steps(server: campaign.FaultServer) -> "list[str]":
        client = campaign.AsyncClient(endpoint=server.url, max_connections=2, **campaign.make_keys())
        for step in range(60):
            task = asyncio.ensure_future(client.invoke("s{}-ok".format(step)))
            for _ in range(step):
                await asyncio.sleep(0)
                if task.done():
                    break
            task.cancel()
            await asyncio.wait([task])
        leaks = campaign.find_leaks(client._get_pool().state)
        await client.close()
        return leaks

    with campaign.FaultServer(5) as server:
        assert asyncio.run(run_steps(server)) == []
        ledger = server.settle()
    assert all(count == 1 for count in ledger["executed"].values())
