"""A forked child is never blocked by a lock that a thread of its parent held."""

import os
import threading

import pytest

from tencentserverless._fork import ForkLock
from tencentserverless.credentials import FromObject

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")


def exit_code_of_child(work):  # type: ignore[no-untyped-def]
    """What a forked child exits with: 0 if the work came to its end, a signal if it hung."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            import signal

            signal.alarm(10)
            work()
            code = 0
        finally:
            os._exit(code)
    return os.waitpid(child, 0)[1]


def test_a_child_gets_the_lock_free_and_the_parent_keeps_it() -> None:
    lock = ForkLock()

    def take() -> None:
        with lock:
            pass

    with lock:
        assert exit_code_of_child(take) == 0
        waits = threading.Thread(target=take)
        waits.start()
        waits.join(0.05)
        assert waits.is_alive(), "the parent's other threads still wait"
    waits.join(10)
    assert not waits.is_alive()


def test_a_child_gets_credentials_while_a_thread_of_the_parent_is_getting_them() -> None:
    reading = threading.Event()
    go_on = threading.Event()

    class Slow:
        secret_key = "key"
        parent = os.getpid()

        @property
        def secret_id(self) -> str:
            if os.getpid() == self.parent:
                reading.set()
                go_on.wait(10)
            return "id"

    provider = FromObject(Slow())
    thread = threading.Thread(target=provider.get, args=(False,))
    thread.start()
    assert reading.wait(10)
    try:
        assert exit_code_of_child(lambda: provider.get(False)) == 0
    finally:
        go_on.set()
        thread.join()
