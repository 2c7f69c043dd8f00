"""How many files and sockets the server may have open, and how many instances that is enough for.

macOS gives a program 256 at first, and lets it ask for more. Functions keep what the server was given.
"""

import contextlib
import resource
import sys

_ENOUGH = 8192  # and macOS gives no program over 10,240, whatever its hard limit says
_OF_THE_SERVER = 64  # the database, listeners, and clients that wait
_OF_AN_INSTANCE = 5  # while it starts; fewer later
_given: list[int] = []  # the soft limit before it was raised


def raise_limit() -> None:
    """Ask the system for as many as are enough. What it does not give, the server does without."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < _reachable():
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (_reachable(), hard))
            _given[:] = [soft]


def give_back(pid: int) -> None:
    """Let a child have what the server was given. Only Linux can; the child may have gone already."""
    if _given and sys.platform == "linux":
        with contextlib.suppress(OSError, ValueError):
            _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
            resource.prlimit(pid, resource.RLIMIT_NOFILE, (_given[0], hard))


def count_instances() -> int:
    """How many instances the descriptors allow that the server has, or can have."""
    return max(1, (_reachable() - _OF_THE_SERVER) // _OF_AN_INSTANCE)


def _reachable() -> int:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return _ENOUGH
    return max(soft, _ENOUGH if hard == resource.RLIM_INFINITY else min(hard, _ENOUGH))
