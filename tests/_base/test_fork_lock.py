import os
import random
import signal
import threading
import time

import pytest

from tencentserverless._base.fork_lock import ForkLock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
needs_alarm = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this system has no timers that signal")


class Stop(BaseException):
    """As KeyboardInterrupt."""


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
    assert lock.hold(lambda: order.append("second") or "held") == "held"  # type: ignore[func-returns-value]
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
    pid = lock.hold(os.fork)
    if os.getpid() != parent:
        code = 1
        try:
            code = 0 if is_free(lock) and lock.hold(lambda: 5) == 5 else 1
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
        lock.hold(lambda: {}["x"])
    assert is_free(lock)


def test_the_thread_that_holds_it_can_take_it_again_and_knows() -> None:
    lock = ForkLock()
    said: "list[bool]" = []

    def ask() -> None:
        said.append(lock.is_reentered(holder.__code__))

    def holder() -> None:
        ask()
        lock.hold(ask)
        ask()

    ask()
    holder()
    lock.hold(ask)
    assert said == [False, False, True, False, False]
    assert is_free(lock)


def test_another_threads_hold_is_not_mine() -> None:
    lock = ForkLock()
    said: "list[bool]" = []

    def ask() -> None:
        said.append(lock.is_reentered(test_another_threads_hold_is_not_mine.__code__))

    with lock.of_this_process():
        thread = threading.Thread(target=ask)
        thread.start()
        thread.join()
    assert said == [False]


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

    before = signal.signal(signal.SIGALRM, stop)
    interruptions = 0
    limit = time.monotonic() + 2.0
    try:
        while time.monotonic() < limit:
            try:
                signal.setitimer(signal.ITIMER_REAL, rng.uniform(1e-5, 3e-4))
                while True:
                    lock.hold(work)
            except kind:
                interruptions += 1
                signal.setitimer(signal.ITIMER_REAL, 0)
                assert not lock.of_this_process()._is_owned()  # type: ignore[attr-defined]
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert interruptions > 100
    assert is_free(lock)


@needs_alarm
def test_a_signal_handler_that_takes_it_does_not_wait_for_the_code_that_it_interrupts() -> None:
    lock = ForkLock()
    taken: "list[Any]" = []

    def take(*_: object) -> None:
        taken.append(lock.hold(lambda: "taken"))

    before = signal.signal(signal.SIGALRM, take)
    try:
        with lock.of_this_process():
            signal.setitimer(signal.ITIMER_REAL, 0.01)
            limit = time.monotonic() + 10
            while not taken and time.monotonic() < limit:
                time.sleep(0.001)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert taken == ["taken"]
    assert is_free(lock)
