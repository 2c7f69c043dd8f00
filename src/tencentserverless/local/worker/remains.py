"""Ends what an instance has left behind: processes that went into a session of their own.

Every instance carries a mark in its environment, which whatever it starts inherits. A process that takes the mark off
is out of reach; functions are isolated against crashes, not against attackers.
"""

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

MARK_VARIABLE = "_SCF_INSTANCE"
_MAX_ROUNDS = 20  # a process may start others while its brothers are ended


def mark_of(scratch: Path) -> str:
    """The mark of the instance whose temporary folder this is. No mark begins like another one."""
    return f"{scratch.parent.name}/{scratch.name}."


def end_remains(mark: str) -> None:
    """Kill every process that carries a mark which begins like this. May take some milliseconds."""
    for _ in range(_MAX_ROUNDS):
        found = False
        for pid in _marked(f"{MARK_VARIABLE}={mark}".encode("ascii")):
            found = True
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        if not found:
            return


def _marked(entry: bytes) -> Iterator[int]:
    for pid, environment in _environments():
        if pid != os.getpid() and (environment.startswith(entry) or b"\0" + entry in environment):
            yield pid


def _environments() -> Iterator[tuple[int, bytes]]:
    """Every process of this user, with the environment that it was started with. A dead one has none."""
    if not Path("/proc/self/environ").exists():
        yield from _environments_elsewhere()
        return
    for name in os.listdir("/proc"):
        if name.isdigit():
            with contextlib.suppress(OSError), open(f"/proc/{name}/environ", "rb") as file:
                yield int(name), file.read()


def _environments_elsewhere() -> Iterator[tuple[int, bytes]]:
    import psutil

    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            pairs = process.environ().items()
            yield process.pid, "\0".join(f"{name}={value}" for name, value in pairs).encode("utf-8", "replace")
