"""The processes of one worker: a leader in a session of its own, and whatever it has started."""

import asyncio
import contextlib
import os
import signal

from tencentserverless.local.descriptors import give_back

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
