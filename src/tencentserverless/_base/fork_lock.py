"""A lock that survives ``fork``, interruptions, and signal handlers that take it too."""

import os
import sys
import threading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, TypeVar

    Found = TypeVar("Found")


class ForkLock:
    """A lock for each process: ``with lock.of_this_process(): ...``, or ``lock.hold(...)``.

    A forked child gets a free one, because the thread that may hold its parent's does not exist there. The process
    id is compared before the lock is touched; ``os.register_at_fork`` is missing on Python 3.6.

    The lock is C code and ``with`` takes it itself, so that no error of a signal handler can come between the two.
    It is an RLock: a handler that runs while its thread holds it can take it again.
    """

    __slots__ = ("_locks",)

    def __init__(self) -> None:
        self._locks = {os.getpid(): threading.RLock()}

    def of_this_process(self) -> "threading.RLock":
        """Return the lock. A ``with`` statement releases the lock that it took, even if the process has forked."""
        pid = os.getpid()
        # setdefault is one atomic step, so that two threads of a child get the same lock.
        return self._locks.get(pid) or self._locks.setdefault(pid, threading.RLock())

    def hold(self, act: "Callable[..., Found]", again: "Callable[..., Found]", *about: object) -> "Found":
        """Run ``act(*about)`` while the lock is held, and return its result.

        :param again: runs in place of ``act`` if this thread is in the middle of ``act`` already: a signal handler has
            interrupted it, or ``act`` itself called this method
        """
        lock = self.of_this_process()
        was_mine = _is_mine(lock)
        if was_mine and _is_held_above(lock):
            return again(*about)
        try:
            with lock:
                return act(*about)
        except BaseException:
            # Before Python 3.10 a handler's error can come between the end of the block and the release.
            if not was_mine and _is_mine(lock):
                lock.release()
            raise


def _is_mine(lock: "threading.RLock") -> bool:
    return lock._is_owned()  # type: ignore[attr-defined,no-any-return]  # noqa: SLF001  # as threading.Condition does


def _is_held_above(lock: "threading.RLock") -> bool:
    """True if a ``hold`` of this lock is among the callers. If not, another greenlet of this thread has the lock."""
    frame = sys._getframe(1)  # noqa: SLF001  # there is no public way to the frames
    while frame.f_back is not None:
        frame = frame.f_back
        if frame.f_code is ForkLock.hold.__code__ and frame.f_locals.get("lock") is lock:
            return True
    return False
