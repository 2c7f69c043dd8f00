"""The processes of one worker: a leader in a session of its own, and whatever it has started."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

from tencentserverless.local.descriptor_limit import give_back

_STATUS_BYTES = 8192


class Group:
    """A process that leads a group of its own number.

    :param leader: started with ``start_new_session``
    """

    def __init__(self, leader: asyncio.subprocess.Process) -> None:
        self._leader = leader
        give_back(leader.pid)

    @property
    def pid(self) -> int:
        """Of the leader, and of the group."""
        return self._leader.pid

    @property
    def is_led(self) -> bool:
        """Whether the leader runs, or nobody has waited for it yet: until then its number is nobody else's."""
        return self._leader.returncode is None

    def is_dead(self) -> bool:
        """Whether the leader has ended, which nobody may have been told yet."""
        try:
            return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
        except ChildProcessError:
            return True

    def let_server_go_first(self) -> None:
        """A process that is woken must not take the server's CPU from it in the middle of a step: it cost a third."""
        if hasattr(os, "SCHED_BATCH"):
            with contextlib.suppress(OSError):
                os.sched_setscheduler(self.pid, os.SCHED_BATCH, os.sched_param(0))

    def kill(self) -> None:
        """End every process in it, at once."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)

    async def wait(self) -> int:
        """Wait for the death of the leader.

        :return: its exit status; the negative number of the signal if one ended it
        """
        return await self._leader.wait()

    def peak_memory_bytes(self) -> int:
        """What the leader has held at most; 0 where the system does not tell."""
        with contextlib.suppress(OSError, ValueError):
            descriptor = os.open(f"/proc/{self.pid}/status", os.O_RDONLY)  # twice as fast as a file that is opened
            try:
                status = os.read(descriptor, _STATUS_BYTES)
            finally:
                os.close(descriptor)
            return int(status.partition(b"VmHWM:")[2].partition(b"kB")[0]) * 1024
        return 0


MARK_VARIABLE = "_SCF_INSTANCE"
_MAX_ROUNDS = 20  # a process may start others while its brothers are ended


def instance_tag(scratch: Path) -> str:
    """The mark of the instance whose temporary folder this is. No mark begins like another one."""
    return f"{scratch.parent.name}/{scratch.name}."


def kill_orphans(mark: str) -> None:
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
