"""Ends a call whose instance has more resident memory than its function may have.

Source: cloud.tencent.com/document/product/583/42611 (status 434).
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

import psutil

_BUSY_SECONDS = 0.1  # between two measurements while any call runs
_QUIET_SECONDS = 0.5
_FAMILY_LOOKS = 10  # measurements between two that include started processes: those read the whole process table


class Watched(Protocol):
    """A worker, as far as the watch needs it."""

    @property
    def pid(self) -> int:
        """Process id of the worker."""

    @property
    def memory_pid(self) -> int:
        """The process whose memory counts; those that the worker has started count with it in long calls."""

    @property
    def running_seconds(self) -> float:
        """Duration of the running call, 0 if no call runs."""

    def kill_out_of_memory(self) -> None:
        """End the running call, because its memory is over the limit."""


@dataclass(slots=True, eq=False)
class _Entry:
    worker: Watched
    limit_bytes: int
    process: psutil.Process
    leader: psutil.Process


class MemoryWatch:
    """One timer for all workers. It only asks a worker whether a call runs, and measures those that run one."""

    def __init__(self) -> None:
        self._entries: dict[int, _Entry] = {}
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._looks = 0
        self._counting: asyncio.Task[None] | None = None

    def add(self, worker: Watched, limit_bytes: int) -> None:
        """Watch a worker until ``remove``."""
        try:
            leader = psutil.Process(worker.pid)
            process = leader if worker.memory_pid == worker.pid else psutil.Process(worker.memory_pid)
            self._entries[worker.pid] = _Entry(worker, limit_bytes, process, leader)
        except psutil.Error:
            return  # the process has ended already
        if self._timer is None:
            self._timer = self._loop.call_later(_BUSY_SECONDS, self._look)

    def remove(self, worker: Watched) -> None:
        """Stop watching a worker."""
        self._entries.pop(worker.pid, None)

    def close(self) -> None:
        """Stop the timer."""
        self._entries.clear()
        if self._timer is not None:
            self._timer.cancel()
        if self._counting is not None:
            self._counting.cancel()

    def _look(self) -> None:
        self._timer = None
        busy = [entry for entry in self._entries.values() if entry.worker.running_seconds > 0]
        for entry in busy:
            self._judge(entry, _resident_bytes([entry.process]))
        self._looks += 1
        if self._looks % _FAMILY_LOOKS == 0 and (self._counting is None or self._counting.done()):
            long = [entry for entry in busy if entry.worker.running_seconds >= _BUSY_SECONDS * _FAMILY_LOOKS]
            if long:
                self._counting = self._loop.create_task(self._count_families(long))
        if self._entries:
            self._timer = self._loop.call_later(_BUSY_SECONDS if busy else _QUIET_SECONDS, self._look)

    async def _count_families(self, entries: list[_Entry]) -> None:
        """Measure long calls again, together with the processes that they have started."""
        sizes = await asyncio.to_thread(lambda: [_resident_bytes(_family(entry.leader)) for entry in entries])
        for entry, size in zip(entries, sizes, strict=True):
            self._judge(entry, size)

    def _judge(self, entry: _Entry, size: int) -> None:
        if size > entry.limit_bytes and self._entries.get(entry.worker.pid) is entry:
            entry.worker.kill_out_of_memory()


def _family(process: psutil.Process) -> list[psutil.Process]:
    try:
        return [process, *process.children(recursive=True)]
    except psutil.Error:
        return []


def _resident_bytes(processes: Iterable[psutil.Process]) -> int:
    """Return the resident memory of processes together; an ended process has none."""
    size = 0
    for process in processes:
        try:
            size += process.memory_info().rss
        except psutil.Error:
            continue
    return size
