"""A lock that survives ``fork``."""

import os
import threading


class ForkLock:
    """A lock for ``with``. A forked child gets it free, for the thread that may hold it is not there.

    The process id is compared before the lock is touched; ``os.register_at_fork`` is missing on Python 3.6.
    """

    __slots__ = ("_lock", "_pid")

    def __init__(self) -> None:
        self._pid = os.getpid()
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        if os.getpid() != self._pid:
            self._lock = threading.Lock()
            self._pid = os.getpid()
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()
