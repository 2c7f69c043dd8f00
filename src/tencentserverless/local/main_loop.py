"""The event loop of the server, and what keeps the interpreter from taking its time."""

import asyncio
import gc
import sys
from collections.abc import Callable, Coroutine

_GARBAGE_OBJECTS = 20_000  # new objects before a collection; a call leaves no object behind that needs one
_SWITCH_SECONDS = 0.0005  # that another thread may run while the loop waits


def run(main: Coroutine[None, None, None]) -> None:
    """Run a server until it ends, on uvloop where that is installed."""
    _find_runner()(main)  # behind the search: what runs while an exception is handled has that as its context


def _find_runner() -> Callable[[Coroutine[None, None, None]], None]:
    try:
        import uvloop
    except ImportError:  # not available on this platform: the standard loop does the same, but slower
        return asyncio.run
    return uvloop.run


def settle() -> None:
    """Let the loop run undisturbed, once a server has all that it starts with.

    The present objects are exempt from garbage collection: examining them repeatedly cost a tenth of every call. The
    loop gives the interpreter's lock away with each system call; by default, a thread that writes records might then
    keep it for 5 ms.
    """
    sys.setswitchinterval(_SWITCH_SECONDS)
    gc.collect()
    gc.freeze()
    gc.set_threshold(_GARBAGE_OBJECTS, 20, 50)
