"""The number of files and sockets that the server may have open, and of instances that they are enough for.

macOS gives a program 256 at first, and lets it ask for more. Functions keep the original limit.
"""

import contextlib
import resource
import sys

_ENOUGH = 8192  # macOS gives no program more than 10,240, whatever its hard limit is
_OF_THE_SERVER = 64  # for the database, listeners, and waiting clients
_OF_AN_INSTANCE = 5  # during its start; fewer later
_given: list[int] = []  # the soft limit before it was raised


def raise_limit() -> None:
    """Ask the system for enough descriptors. If it refuses, the server works with the present limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < _reachable():
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (_reachable(), hard))
            _given[:] = [soft]


def give_back(pid: int) -> None:
    """Give a child the server's original limit. Only Linux can do that; the child may have ended already."""
    if _given and sys.platform == "linux":
        with contextlib.suppress(OSError, ValueError):
            _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
            resource.prlimit(pid, resource.RLIMIT_NOFILE, (_given[0], hard))


def count_instances() -> int:
    """Return the number of instances for which the server's descriptors, present or possible, are enough."""
    return max(1, (_reachable() - _OF_THE_SERVER) // _OF_AN_INSTANCE)


def _reachable() -> int:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return _ENOUGH
    return max(soft, _ENOUGH if hard == resource.RLIM_INFINITY else min(hard, _ENOUGH))
