"""A lock that survives ``fork``, interruptions, and signal handlers that want it too."""

import os
import sys
import threading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, TypeVar

    Found = TypeVar("Found")


class ForkLock:
    """Has a lock for each process: ``with lock.of_this_process(): ...``, or ``lock.hold(...)``.

    A forked child gets a free one, for the thread that may hold its parent's is not there. The process id is compared
    before the lock is touched; ``os.register_at_fork`` is missing on Python 3.6.

    The lock is C code and ``with`` takes it itself, so that no error which a signal handler raises falls between the
    taking and the ``with``. It is an RLock: a handler that runs while its thread holds it can take it again.
    """

    __slots__ = ("_locks",)

    def __init__(self) -> None:
        self._locks = {os.getpid(): threading.RLock()}

    def of_this_process(self) -> "threading.RLock":
        """The lock. Who holds it gives back the same one, even if it has become another process in between."""
        pid = os.getpid()
        # setdefault is one step, so that two threads of a child get the same lock.
        return self._locks.get(pid) or self._locks.setdefault(pid, threading.RLock())

    def hold(self, act: "Callable[..., Found]", again: "Callable[..., Found]", *about: "Any") -> "Found":
        """What ``act(*about)`` returns, which runs while the lock is held.

        :param again: runs in place of it where this thread is in the middle of that already: a signal handler has
            interrupted it, or it has led here itself
        """
        lock = self.of_this_process()
        was_mine = _is_mine(lock)
        if was_mine and _is_held_above(lock):
            return again(*about)
        try:
            with lock:
                return act(*about)
        except BaseException:
            # Before Python 3.10 a handler's error can fall between the end of the block and the giving back.
            if not was_mine and _is_mine(lock):
                lock.release()
            raise


def _is_mine(lock: "threading.RLock") -> bool:
    return lock._is_owned()  # type: ignore[attr-defined,no-any-return]  # noqa: SLF001  # as threading.Condition asks


def _is_held_above(lock: "threading.RLock") -> bool:
    """Is a ``hold`` of this lock among the callers of the one that asks? Else another greenlet of the thread has it."""
    frame = sys._getframe(1)  # noqa: SLF001  # there is no public way to the frames
    while frame.f_back is not None:
        frame = frame.f_back
        if frame.f_code is ForkLock.hold.__code__ and frame.f_locals.get("lock") is lock:
            return True
    return False
