"""A fixed set of threads: how many there are, when they end, and what is done where none can be started."""

import threading
import time

import pytest

from tencentserverless._sync.workers import Workers
from tests.threads import list_workers, refuse_workers, wait_until

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


@pytest.fixture
def workers() -> "Any":
    found = Workers(3)
    yield found
    found.end()
    wait_until(lambda: not list_workers())


def test_one_thread_does_one_task_after_the_other(workers: Workers) -> None:
    done = []
    for number in range(20):
        workers.begin(number, threading.current_thread)
        done.append(workers.take(20.0))
    assert [found[0] for found in done if found] == list(range(20))
    assert len({found[1] for found in done if found}) == 1
    assert len(list_workers()) == 1


def test_as_many_threads_as_tasks_at_once_and_never_more(workers: Workers) -> None:
    gate = threading.Event()
    for number in range(3):
        workers.begin(number, lambda: gate.wait(20))
        assert len(list_workers()) == number + 1
    assert workers.take(0.0) is None
    assert workers.take(0.01) is None
    gate.set()
    assert sorted(found[0] for found in [workers.take(20.0) for _ in range(3)] if found) == [0, 1, 2]
    for number in range(9):
        workers.begin(number, lambda: None)
        workers.take(20.0)
    assert len(list_workers()) == 3


def test_whatever_a_task_raises_is_what_came_of_it(workers: Workers) -> None:
    for error in (LookupError("no"), SystemExit(3), KeyboardInterrupt()):

        def task(error: BaseException = error) -> None:
            raise error

        workers.begin("it", task)
        assert workers.take(20.0) == ("it", error)
    assert len(list_workers()) == 1


def test_close_returns_when_the_threads_have_ended(workers: Workers) -> None:
    for number in range(3):
        workers.begin(number, lambda: time.sleep(0.01))
    for _ in range(3):
        workers.take(20.0)
    threads = list_workers()
    assert len(threads) == 3
    workers.close()
    assert not any(thread.is_alive() for thread in threads)
    workers.close()


def test_end_lets_a_task_end_and_takes_no_lock(workers: Workers) -> None:
    gate = threading.Event()
    workers.begin("slow", lambda: gate.wait(20))
    workers.begin("fast", lambda: None)
    assert workers.take(20.0) == ("fast", None)
    with workers._done.mutex:  # as if the collector ran it in the middle of take
        workers.end()
        workers.end()
    wait_until(lambda: len(list_workers()) == 1)
    gate.set()
    wait_until(lambda: not list_workers())
    assert workers.take(20.0) == ("slow", True)


def test_a_task_that_was_just_handed_over_is_done_though_the_end_comes_at_once(workers: Workers) -> None:
    for number in range(200):
        other = Workers(1)
        other.begin(number, lambda: "done")
        other.end()
        assert other.take(20.0) == (number, "done")


@pytest.mark.parametrize("after", [0, 1])
def test_where_no_thread_can_be_started_the_caller_does_the_task(
    workers: Workers, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    refuse_workers(monkeypatch, after)
    gate = threading.Event()
    if after:
        workers.begin("held", lambda: gate.wait(20))
    workers.begin("mine", threading.current_thread)
    assert workers.take(0.0) == ("mine", threading.current_thread())
    gate.set()
    assert len(list_workers()) == after


def test_an_interpreter_without_daemon_threads_is_one_that_cannot_start_any(
    workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    true_init = threading.Thread.__init__

    def init(thread: threading.Thread, *args: "Any", **options: "Any") -> None:
        if options.get("daemon"):
            raise RuntimeError("daemon threads are disabled in this (sub)interpreter")
        true_init(thread, *args, **options)

    monkeypatch.setattr(threading.Thread, "__init__", init)
    workers.begin("mine", threading.current_thread)
    assert workers.take(0.0) == ("mine", threading.current_thread())


def test_an_interrupt_of_the_callers_own_work_is_raised_and_is_what_came_of_it(
    workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse_workers(monkeypatch, 0)

    def task() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as caught:
        workers.begin("mine", task)
    assert workers.take(0.0) == ("mine", caught.value)


def test_a_worker_knows_that_it_is_one(workers: Workers) -> None:
    workers.begin("it", workers.is_at_work)
    assert workers.take(20.0) == ("it", True)
    assert not workers.is_at_work()
