import os
import threading

import pytest

from tencentserverless._base.fork_lock import ForkLock


def test_a_fork_lock_excludes() -> None:
    lock = ForkLock()
    order = []
    entered, done = threading.Event(), threading.Event()

    def hold() -> None:
        with lock:
            entered.set()
            done.wait(10)
            order.append("first")

    thread = threading.Thread(target=hold)
    thread.start()
    entered.wait(10)
    threading.Timer(0.05, done.set).start()
    with lock:
        order.append("second")
    thread.join()
    assert order == ["first", "second"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
def test_a_forked_child_finds_the_lock_free() -> None:
    """The thread that holds it in the parent is not there to release it."""
    lock = ForkLock()
    with lock:
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                thread = threading.Thread(target=lock.__enter__, daemon=True)
                thread.start()
                thread.join(5)
                code = 1 if thread.is_alive() else 0
            finally:
                os._exit(code)
        _, status = os.waitpid(pid, 0)
    assert status == 0


def test_a_fork_lock_is_released_by_an_error() -> None:
    lock = ForkLock()
    with pytest.raises(KeyError), lock:
        raise KeyError
    with lock:
        pass
