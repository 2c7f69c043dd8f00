import os
import random
import threading
import time

import pytest

from tencentserverless._base.fork_lock import ForkLock
from tests.alarms import needs_alarm, on_alarm
from tests.profiles import examples

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")


class Stop(BaseException):
    """As KeyboardInterrupt."""


def never(*_: object) -> "Any":
    raise AssertionError("it is not held by this thread")


def is_free(lock: ForkLock) -> bool:
    """Can another thread have it?"""
    taken = []

    def take() -> None:
        mine = lock.of_this_process()
        if mine.acquire(timeout=1.0):
            taken.append(True)
            mine.release()

    thread = threading.Thread(target=take)
    thread.start()
    thread.join()
    return bool(taken)


def test_a_fork_lock_excludes() -> None:
    lock = ForkLock()
    order = []
    entered, done = threading.Event(), threading.Event()

    def hold() -> None:
        with lock.of_this_process():
            entered.set()
            done.wait(10)
            order.append("first")

    thread = threading.Thread(target=hold)
    thread.start()
    entered.wait(10)
    threading.Timer(0.05, done.set).start()
    assert lock.hold(lambda: order.append("second") or "held", never) == "held"  # type: ignore[func-returns-value]
    thread.join()
    assert order == ["first", "second"]


@needs_fork
@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
def test_a_forked_child_finds_the_lock_free() -> None:
    """The thread that holds it in the parent is not there to release it."""
    lock = ForkLock()
    with lock.of_this_process():
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                code = 0 if is_free(lock) else 1
            finally:
                os._exit(code)
        _, status = os.waitpid(pid, 0)
    assert status == 0
    assert is_free(lock)


@needs_fork
@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
def test_whoever_becomes_another_process_while_holding_it_gives_it_back() -> None:
    lock = ForkLock()
    parent = os.getpid()
    pid = lock.hold(os.fork, never)
    if os.getpid() != parent:
        code = 1
        try:
            code = 0 if is_free(lock) and lock.hold(lambda: 5, never) == 5 else 1
        finally:
            os._exit(code)
    _, status = os.waitpid(pid, 0)
    assert status == 0
    assert is_free(lock)


def test_a_fork_lock_is_released_by_an_error() -> None:
    lock = ForkLock()
    with pytest.raises(KeyError), lock.of_this_process():
        raise KeyError
    with pytest.raises(KeyError):
        lock.hold(lambda: {}["x"], never)
    assert is_free(lock)


def test_who_holds_it_and_comes_again_does_the_other_thing() -> None:
    lock, other = ForkLock(), ForkLock()

    def act(depth: int) -> "list[str]":
        inner = lock.hold(act, again, depth - 1) if depth else []
        return ["act", *inner]

    def again(depth: int) -> "list[str]":
        return ["again {}".format(depth)]

    assert lock.hold(act, again, 3) == ["act", "again 2"]
    assert lock.hold(act, again, 0) == ["act"]
    assert other.hold(lock.hold, again, act, again, 0) == ["act"], "another lock's holder is none of this one"
    with lock.of_this_process():
        assert lock.hold(act, again, 0) == ["act"], "a greenlet of this thread may hold it; it is no caller of ours"
    assert is_free(lock)


def test_another_threads_hold_is_not_mine() -> None:
    lock = ForkLock()
    said: "list[str]" = []
    entered = threading.Event()

    def ask() -> None:
        entered.set()
        said.append(lock.hold(lambda: "act", lambda: "again"))

    def start() -> threading.Thread:
        thread = threading.Thread(target=ask)
        thread.start()
        entered.wait(10)
        time.sleep(0.05)
        assert said == []
        return thread

    lock.hold(start, never).join()
    assert said == ["act"]


@pytest.mark.campaign
@needs_alarm
@pytest.mark.parametrize("kind", [Stop, TimeoutError])
def test_interruptions_at_any_moment_leave_it_free(kind: "type[BaseException]") -> None:
    """They come ever again in the middle of taking it, holding it and giving it back."""
    lock = ForkLock()
    rng = random.Random(5)

    def stop(*_: object) -> None:
        raise kind

    def work() -> int:
        return sum(range(5))

    interruptions = 0
    with on_alarm(stop) as ring_after:
        while interruptions < examples(8000, share=8):
            try:
                ring_after(rng.uniform(1e-5, 3e-4))
                while True:  # with a condition, Python 3.13.0 misses the except where the alarm rings at the jump back
                    lock.hold(work, never)
            except kind:
                interruptions += 1
                assert not lock.of_this_process()._is_owned()  # type: ignore[attr-defined]
    assert is_free(lock)


@needs_alarm
def test_a_signal_handler_that_takes_it_does_not_wait_for_the_code_that_it_interrupts() -> None:
    lock = ForkLock()
    taken: "list[Any]" = []

    def take(*_: object) -> None:
        taken.append(lock.hold(lambda: "taken", never))

    with on_alarm(take) as ring_after, lock.of_this_process():
        ring_after(0.01)
        limit = time.monotonic() + 10
        while not taken and time.monotonic() < limit:
            time.sleep(0.001)
    assert taken == ["taken"]
    assert is_free(lock)
