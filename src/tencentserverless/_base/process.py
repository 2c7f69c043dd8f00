"""Which process this is. Asked several times in a call, for a forked child must leave its parent's connections alone.

A system call each time would be 5 % of a map's CPU. So there is a page of memory that the kernel empties in a forked
child, however that was forked: while it holds something, the process is the one that was asked for last.
"""

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_register: "Any" = getattr(os, "register_at_fork", None)  # Python 3.6 has none
_IS_LINUX = sys.platform.startswith("linux")
_WIPE_ON_FORK = 18  # MADV_WIPEONFORK, Linux 4.14; Python's mmap has no name for it


def _open_page() -> "Any":
    """Such a page; None where there is none: on an older kernel, before Python 3.8."""
    try:
        mmap: "Any" = __import__("mmap")  # whose names differ from system to system
        page = mmap.mmap(-1, mmap.PAGESIZE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        page.madvise(_WIPE_ON_FORK)
    except (AttributeError, ImportError, OSError, ValueError):
        return None
    # In case a system takes the advice and does not follow it.
    assert _register is not None
    _register(after_in_child=_wipe)
    return page


def _wipe() -> None:
    _page[0] = 0


def _look() -> int:
    """Ask the system. Once that was done often, its answer is kept in the page's name."""
    global _page  # noqa: PLW0603  # there is one for the process
    asks = _known[1] = _known[1] + 1
    if asks == MANY_ASKS and os.getpid() == _FIRST:
        _page = _open_page() or _page
    while True:
        pid = _known[0] = os.getpid()
        if _page is _NO_PAGE:
            return pid
        _page[0] = 1
        if os.getpid() == pid:  # else a signal handler forked just now, and this is the child
            return pid


def _getpid() -> int:
    """The id of this process, as ``os.getpid``."""
    return _known[0] if _page[0] else _look()


#: How often the system is asked before the page is opened, for that takes half a millisecond, which a program of few
#: calls should not pay.
MANY_ASKS = 100
#: A forked child opens none: it would wait for ever for a thread that imported mmap when it was forked, and is missing.
_FIRST = os.getpid()
_NO_PAGE: "Any" = [0]
_known = [0, 0]  # the process, and how often the system was asked for it
_page = _NO_PAGE  # no annotation: Python 3.6 takes none for what is global in a function
getpid = _getpid if _IS_LINUX and _register is not None else os.getpid
