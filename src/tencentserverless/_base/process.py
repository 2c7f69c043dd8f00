"""Which process this is. Asked several times in a call, for a forked child must leave its parent's connections alone.

A system call each time would be 5 % of a map's CPU. So there is a page of memory that the kernel empties in a forked
child, however that was forked: while it holds something, the process is the one that was asked for last.
"""

import os
import sys
from importlib import import_module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_IS_LINUX = sys.platform.startswith("linux")
_WIPE_ON_FORK = 18  # MADV_WIPEONFORK, Linux 4.14; Python's mmap has no name for it


def _open_page() -> "Any":
    """Such a page; None where there is none: outside Linux, on an older kernel, before Python 3.8."""
    if not _IS_LINUX or not hasattr(os, "register_at_fork"):
        return None
    try:
        mmap: "Any" = import_module("mmap")  # whose names differ from system to system
        page = mmap.mmap(-1, mmap.PAGESIZE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        page.madvise(_WIPE_ON_FORK)
    except (AttributeError, ImportError, OSError, ValueError):
        return None
    # In case a system takes the advice and does not follow it.
    os.register_at_fork(after_in_child=_wipe)
    return page


def _wipe() -> None:
    _page[0] = 0


def _look() -> int:
    """Ask the system, and keep the answer. The page is written last, for an interrupt may come in between."""
    _known[0] = os.getpid()
    _page[0] = 1
    return _known[0]


def _getpid() -> int:
    """The id of this process, as ``os.getpid``."""
    return _known[0] if _page[0] else _look()


_known = [0]
_page: "Any" = _open_page()
getpid = os.getpid if _page is None else _getpid
