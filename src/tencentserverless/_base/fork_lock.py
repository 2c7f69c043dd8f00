"""A lock that survives ``fork``."""

import os
import threading


class ForkLock:
    """A lock for ``with``. A forked child gets it free, for the thread that may hold it is not there.

    The process id is compared before the lock is touched; ``os.register_at_fork`` is missing on Python 3.6.
    """

    __slots__ = ("_locks",)

    def __init__(self) -> None:
        self._locks = {os.getpid(): threading.Lock()}

    def __enter__(self) -> None:
        pid = os.getpid()
        # setdefault is one step, so that two threads of a child get the same lock.
        (self._locks.get(pid) or self._locks.setdefault(pid, threading.Lock())).acquire()

    def __exit__(self, *_: object) -> None:
        self._locks[os.getpid()].release()
