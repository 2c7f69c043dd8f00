"""The synchronous client's own part of a spawn_map: its threads, several threads that iterate, forks, interrupts."""

import gc
import os
import threading
import time

import pytest

from tencentserverless import exception
from tencentserverless.models import Verdict
from tencentserverless.scf import Client
from tests.peer import KEYS
from tests.scripted_service import Service
from tests.threads import list_workers, refuse_workers, run_child, wait_until

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


@pytest.fixture
def service() -> "Any":
    with Service() as service:
        yield service


@pytest.fixture
def client(service: Service) -> "Any":
    with Client(endpoint=service.url, max_connections=8, **KEYS) as client:
        client._policy.rng = lambda: 0.0
        yield client
    gc.collect()
    wait_until(lambda: not list_workers())


def spawn(client: Client, inputs: "Any", name: str = "f-absent-ok", **options: "Any") -> "Any":
    return client.function(name).spawn_map(inputs, **dict({"polls_per_second": 1000}, **options))


def collect(spawned: "Any") -> "list[int]":
    return sorted(invocation.position for invocation in spawned)


def test_a_few_threads_do_all_the_work_and_end_with_it(client: Client) -> None:
    threads = set()
    client._on_attempt = lambda attempt, facts: threads.add(threading.current_thread())
    spawned = spawn(client, range(60), concurrency=4)
    assert collect(spawned) == list(range(60))
    assert 1 <= len(threads) <= 4
    assert threading.current_thread() not in threads
    assert list_workers() == [], "they have ended when the iteration has"
    assert list(spawned) == []


def test_few_inputs_need_few_threads(client: Client) -> None:
    threads = set()
    client._on_attempt = lambda attempt, facts: threads.add(threading.current_thread())
    assert collect(spawn(client, [1], concurrency=8)) == [0]
    assert len(threads) == 1


def test_the_threads_of_a_dropped_one_end(client: Client) -> None:
    gc.disable()
    try:
        spawned = spawn(client, range(60), concurrency=4)
        next(spawned)
        assert list_workers()
        del spawned
        wait_until(lambda: not list_workers())
    finally:
        gc.enable()


def test_the_threads_end_when_the_time_is_up(client: Client) -> None:
    spawned = spawn(client, [1, 2], name="f-running", timeout=0.3)
    with pytest.raises(exception.ResultTimeout):
        next(spawned)
    wait_until(lambda: not list_workers())
    assert [invocation.position for invocation in spawned.unfinished] == [0, 1]
    with pytest.raises(exception.ResultTimeout):
        next(spawned)


def test_a_finaliser_waits_for_nobody(client: Client) -> None:
    """It may run in the middle of anything, so also in the thread that holds a lock of this very map."""
    spawned = spawn(client, range(60), concurrency=4)
    next(spawned)
    with spawned._workers._done.mutex:
        spawned.__del__()
    wait_until(lambda: not list_workers())


def test_a_second_thread_is_refused_and_the_first_goes_on(client: Client) -> None:
    go_on, is_waiting = threading.Event(), threading.Event()

    def give() -> "Any":
        yield 1
        is_waiting.set()
        go_on.wait(20)
        yield 2

    spawned = spawn(client, give())
    found: "list[int]" = []
    thread = threading.Thread(target=lambda: found.extend(collect(spawned)))
    thread.start()
    assert is_waiting.wait(20)
    with pytest.raises(RuntimeError, match="this spawn_map is being advanced already, by another thread or by its own"):
        next(spawned)
    assert [invocation.position for invocation in spawned.unfinished] in ([], [0])
    go_on.set()
    thread.join(20)
    assert found == [0, 1]


def test_threads_that_share_one_end_all(client: Client) -> None:
    spawned = spawn(client, range(30), concurrency=4)
    found: "list[int]" = []

    def consume() -> None:
        while True:
            try:
                found.append(next(spawned).position)
            except StopIteration:
                return
            except RuntimeError:  # another one's turn; it needs the processor to end it
                time.sleep(0.001)

    threads = [threading.Thread(target=consume) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not any(thread.is_alive() for thread in threads)
    assert sorted(found) == list(range(30))


def test_its_own_iterable_cannot_advance_it(client: Client) -> None:
    def give() -> "Any":
        yield 1
        yield next(spawned)

    spawned = spawn(client, give())
    with pytest.raises(RuntimeError, match="advanced already"):
        collect(spawned)
    assert collect(spawned) == [0]


def test_a_hook_in_a_worker_cannot_advance_it(client: Client) -> None:
    """It would wait for itself."""
    starts: "list[str]" = []
    refused: "list[BaseException]" = []
    is_outside, is_refused = threading.Event(), threading.Event()

    def hook(attempt: "Any", facts: object) -> None:
        if attempt.action != "Invoke":
            return
        starts.append(attempt.action)
        if len(starts) == 2:
            is_outside.wait(20)
            with pytest.raises(RuntimeError) as caught:
                next(spawned)
            refused.append(caught.value)
            is_refused.set()

    client._on_attempt = hook
    spawned = spawn(client, [1, 2], concurrency=2)
    first = next(spawned)
    is_outside.set()
    assert is_refused.wait(20)
    assert "advanced already" in str(refused[0])
    assert sorted([first.position, *collect(spawned)]) == [0, 1]


@pytest.mark.parametrize("after", [0, 1, 2])
def test_where_no_thread_can_be_started_all_are_handed_out(
    client: Client, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    refuse_workers(monkeypatch, after)
    assert collect(spawn(client, range(12), concurrency=4)) == list(range(12))


def test_an_exit_in_a_worker_is_that_inputs_error(client: Client, service: Service) -> None:
    seen: "list[int]" = []

    def hook(attempt: object, facts: object) -> None:
        seen.append(1)
        if len(seen) == 1:
            raise SystemExit(3)

    client._on_attempt = hook
    found = list(spawn(client, [1, 2, 3], concurrency=1))
    assert sorted(invocation.position for invocation in found) == [0, 1, 2]
    (lost,) = [invocation for invocation in found if invocation.request_id == ""]
    with pytest.raises(exception.NetworkError, match=r"interrupted by SystemExit\(3") as caught:
        lost.result()
    assert caught.value.executed is Verdict.MAYBE
    assert service.asked.count("Invoke") == 3


def test_an_interrupt_of_the_callers_own_work_loses_nothing(
    client: Client, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a start nobody can tell whether it arrived; a question is asked again."""
    refuse_workers(monkeypatch, 0)
    seen: "list[str]" = []

    def hook(attempt: "Any", facts: object) -> None:
        seen.append(attempt.action)
        if attempt.action in ("Invoke", "GetRequestStatus") and seen.count(attempt.action) == 1:
            raise KeyboardInterrupt

    client._on_attempt = hook
    spawned = spawn(client, [1, 2, 3], concurrency=1)
    found: "list[Any]" = []
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            found.extend(iter(spawned.__next__, None))
    found.extend(spawned)
    assert sorted(invocation.position for invocation in found) == [0, 1, 2]
    assert [invocation.position for invocation in found if invocation.request_id == ""] == [0]
    assert service.asked.count("Invoke") == 3


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_leaves_its_parents_spawn_map_alone(client: Client, service: Service) -> None:
    spawned = spawn(client, range(40), concurrency=4, name="f-absent-running-ok")
    first = next(spawned)
    words = "this spawn_map belongs to the process that forked; make a new one here"
    with spawned._workers._done.mutex:  # as if a worker had held it
        assert run_child(lambda: next(spawned)) == repr(RuntimeError(words))
        assert run_child(lambda: len(spawned.unfinished) > 0) == "True"
        assert run_child(spawned.__del__) == "None"
    assert sorted([first.position, *collect(spawned)]) == list(range(40))
    assert service.asked.count("Invoke") == 40
