"""The id of this process, which a call needs several times: a forked child must not use its parent's connections.

A system call each time would be 5 % of a map's CPU. So there is a page of memory that the kernel fills with zeros in
every forked child. While the page holds a 1, the id that was read last is still right.
"""

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Protocol

    class Page(Protocol):
        """The memory that is zero in a forked child."""

        def __getitem__(self, __index: int) -> int: ...
        def __setitem__(self, __index: int, __value: int) -> None: ...


_register: "Callable[..., object] | None" = getattr(os, "register_at_fork", None)  # Python 3.6 has none
_IS_LINUX = sys.platform.startswith("linux")
_WIPE_ON_FORK = 18  # MADV_WIPEONFORK, Linux 4.14; Python's mmap has no name for it


def _open_page() -> "Page | None":
    """Open such a page; None where there is none: on an older kernel, before Python 3.8."""
    try:
        mmap = __import__("mmap")  # its names differ from system to system
        page = mmap.mmap(-1, mmap.PAGESIZE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        page.madvise(_WIPE_ON_FORK)
    except (AttributeError, ImportError, OSError, ValueError):
        return None
    # For a system that accepts the advice and does not follow it.
    assert _register is not None
    _register(after_in_child=_wipe)
    return page  # type: ignore[no-any-return]


def _wipe() -> None:
    _page[0] = 0


def _ask_system() -> int:
    """Ask the system for the id. After many asks, open the page; from then on the answer is kept."""
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
    """Return the id of this process, as ``os.getpid`` does."""
    return _known[0] if _page[0] else _ask_system()


#: The page is opened at this ask of the system: opening takes half a millisecond, too much for a program of few calls.
MANY_ASKS = 100
#: A forked child opens no page: if another thread imported mmap during the fork, the import would hang in the child.
_FIRST = os.getpid()
_NO_PAGE: "Page" = [0]
_known = [0, 0]  # the id, and the number of asks
_page = _NO_PAGE  # no annotation: Python 3.6 allows none for a name that is global in a function
getpid = _getpid if _IS_LINUX and _register is not None else os.getpid
