"""Writes the dead letters of events that were given up. An event is forgotten once its letter is written."""

import asyncio
import contextlib
from collections.abc import Callable

from tencentserverless.local.registry import events
from tencentserverless.local.registry.events import Event
from tencentserverless.local.registry.store import StoreFailed
from tencentserverless.local.scheduler.event_records import EventRecords

_BATCH = 64

WriteLetters = Callable[[list[tuple[Event, str]]], None]


class DeadLetters:
    """One task that writes what is DEAD, the oldest first.

    :param write: has all letters of a batch written, or none of them and raises OSError
    :param pause_seconds: before another try, where they could not be
    :param show: called with a line that the user should see
    """

    def __init__(
        self, records: EventRecords, write: WriteLetters, pause_seconds: float, show: Callable[[str], None]
    ) -> None:
        self._records = records
        self._write = write
        self._pause_seconds = pause_seconds
        self._show = show
        self._has_more = asyncio.Event()
        self._is_failing = False

    def wake(self) -> None:
        """An event is DEAD."""
        self._has_more.set()

    async def run(self) -> None:
        """Write letters as they come, until the task is cancelled."""
        while True:
            self._has_more.clear()
            try:
                while await self._write_batch():
                    pass
            except OSError as error:
                if not self._is_failing:
                    self._is_failing = True
                    self._show(f"warning: dead letters can't be written: {error}; they are kept, and tried again")
                await asyncio.sleep(self._pause_seconds)
            else:
                await self._has_more.wait()

    async def close(self) -> None:
        """Write what there is, if that is possible; else the next server does."""
        with contextlib.suppress(OSError, StoreFailed):
            while await self._write_batch():
                pass

    async def _write_batch(self) -> bool:
        """Write some letters. False if there are none."""
        dead = await self._records.keep(events.dead(_BATCH))
        if not dead:
            return False
        self._write(dead)
        if self._is_failing:
            self._is_failing = False
            self._show("dead letters are written again")
        await self._records.keep(events.buried(event.number for event, _ in dead))
        return True
