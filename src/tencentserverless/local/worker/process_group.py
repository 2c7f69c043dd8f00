"""The processes of one worker: a leader in a session of its own, and all processes that it has started."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

from tencentserverless.local.descriptor_limit import give_back
from tencentserverless.local.machine_memory import let_server_live_longer

_STATUS_BYTES = 8192


class Group:
    """A process that leads a group of its own number.

    :param leader: started with ``start_new_session``
    """

    def __init__(self, leader: asyncio.subprocess.Process) -> None:
        self._leader = leader
        give_back(leader.pid)
        let_server_live_longer(leader.pid)

    @property
    def pid(self) -> int:
        """Process id of the leader, and number of the group."""
        return self._leader.pid

    @property
    def is_led(self) -> bool:
        """True if the leader has not been reaped.

        Until then its pid can't be reused, so signalling the group is safe.
        """
        return self._leader.returncode is None

    def is_dead(self) -> bool:
        """True if the leader has ended, even if it has not been reaped."""
        try:
            return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
        except ChildProcessError:
            return True

    def let_server_go_first(self) -> None:
        """Schedule the process as a batch job, so that its wake-up does not interrupt the server: that cost a third."""
        if hasattr(os, "SCHED_BATCH"):
            with contextlib.suppress(OSError):
                os.sched_setscheduler(self.pid, os.SCHED_BATCH, os.sched_param(0))

    @property
    def ending(self) -> str:
        """The exit code or the signal that ended the leader, in words; empty until it has been reaped."""
        code = self._leader.returncode
        if code is None:
            return ""
        if code >= 0:
            return f"exit code {code}"
        with contextlib.suppress(ValueError):
            return signal.Signals(-code).name
        return f"signal {-code}"

    def kill(self) -> None:
        """Kill every process of the group, at once."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)

    async def wait(self) -> int:
        """Wait for the end of the leader.

        :return: its exit status; the negative signal number if a signal ended it
        """
        return await self._leader.wait()

    def peak_memory_bytes(self, pid: int = 0) -> int:
        """Return the peak memory of the leader, or of another process; 0 if the system does not report it."""
        with contextlib.suppress(OSError, ValueError):
            descriptor = os.open(f"/proc/{pid or self.pid}/status", os.O_RDONLY)  # twice as fast as a file object
            try:
                status = os.read(descriptor, _STATUS_BYTES)
            finally:
                os.close(descriptor)
            return int(status.partition(b"VmHWM:")[2].partition(b"kB")[0]) * 1024
        return 0


def open_pipe(readers: contextlib.ExitStack, writers: contextlib.ExitStack) -> tuple[int, int]:
    """Open a pipe whose ends are closed with their stacks."""
    read_end, write_end = os.pipe()
    readers.callback(os.close, read_end)
    writers.callback(os.close, write_end)
    return read_end, write_end


MARK_VARIABLE = "_SCF_INSTANCE"
_MAX_ROUNDS = 20  # a process may start others while its siblings are killed


def instance_tag(scratch: Path) -> str:
    """Return the mark of the instance with this temporary folder. No mark is the prefix of another."""
    return f"{scratch.parent.name}/{scratch.name}."


def kill_orphans(mark: str) -> None:
    """Kill every process whose mark begins with this text. May take some milliseconds."""
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
    """Yield every process of this user, with the environment of its start. A dead process has none."""
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
