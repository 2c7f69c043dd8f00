"""Writes the states of events. A change that a full disk refuses is repeated until it works; the user is told once."""

import asyncio
import functools
from collections.abc import Callable
from typing import TypeVar

from tencentserverless.local.lifecycle import Lifecycle
from tencentserverless.local.registry import event_tables
from tencentserverless.local.registry.database import Database, DatabaseError
from tencentserverless.local.registry.event_tables import Query, Step

T = TypeVar("T")

_FLUSH_SECONDS = 0.02
_PATIENCE_SECONDS = 1.0  # before the next attempt


class EventWriter:
    """Writes changes of events; ends of events are written in batches.

    :param before_ends: writes the records that must be in the database before the ends
    :param show: called with a line for the user
    :param lifecycle: of the server; once it stops, no change is repeated
    """

    def __init__(
        self, database: Database, before_ends: Callable[[], None], show: Callable[[str], None], lifecycle: Lifecycle
    ) -> None:
        self._database = database
        self._lifecycle = lifecycle
        self._before_ends = before_ends
        self._show = show
        self._loop = asyncio.get_running_loop()
        self._steps: list[Step] = []
        self._forgotten: list[int] = []
        self._flusher: asyncio.TimerHandle | None = None
        self._writing: set[asyncio.Future[None]] = set()
        self._failing = 0  # number of changes that fail at the moment
        self._is_end_failing = False

    async def keep(self, change: "Query[T]") -> T:
        """Write a change, and repeat it until it works.

        :raises DatabaseError: if it fails while the server is stopping
        """
        is_failing = False
        try:
            while True:
                try:
                    return await self._database.write_soon(change)
                except DatabaseError as error:
                    if self._lifecycle.is_stopping:
                        raise
                    if not is_failing:
                        is_failing = True
                        self._note_failed(error)
                    await asyncio.sleep(_PATIENCE_SECONDS)
        finally:
            if is_failing:
                self._note_kept()

    def end(self, step: Step, *, is_forgotten: bool) -> None:
        """Note the end of an event; it is written a moment later, together with others.

        :param is_forgotten: delete the event: it has succeeded, and no action asks for it
        """
        if is_forgotten:
            self._forgotten.append(step.number)
        else:
            self._steps.append(step)
        self._flush_in(_FLUSH_SECONDS)

    def flush(self) -> None:
        """Queue all ends for writing now. Every later query of the writing thread sees them."""
        if self._flusher is not None:
            self._flusher.cancel()
            self._flusher = None
        steps, forgotten = self._steps, self._forgotten
        if not (steps or forgotten):
            return
        self._steps, self._forgotten = [], []
        self._before_ends()
        future = asyncio.ensure_future(self._database.write(event_tables.finish(steps, forgotten)))
        self._writing.add(future)
        future.add_done_callback(functools.partial(self._take_result, steps, forgotten))

    async def close(self) -> None:
        """Write all ends, in one attempt."""
        self.flush()
        if self._writing:
            await asyncio.wait(self._writing)
        if self._flusher is not None:
            self._flusher.cancel()

    def _flush_in(self, seconds: float) -> None:
        if self._flusher is None:
            self._flusher = self._loop.call_later(seconds, self.flush)

    def _take_result(self, steps: list[Step], forgotten: list[int], future: "asyncio.Future[None]") -> None:
        self._writing.discard(future)
        error = future.exception()
        if error is None:
            if self._is_end_failing:
                self._is_end_failing = False
                self._note_kept()
            return
        if not self._is_end_failing:
            self._is_end_failing = True
            self._note_failed(error)
        self._steps, self._forgotten = steps + self._steps, forgotten + self._forgotten
        self._flush_in(_PATIENCE_SECONDS)

    def _note_failed(self, error: BaseException) -> None:
        self._failing += 1
        if self._failing == 1:
            self._show(
                f"warning: asynchronous invocations can't be recorded: {error}; until they can be, few or none "
                "are run, and what ran may run again if the server ends before"
            )

    def _note_kept(self) -> None:
        self._failing -= 1
        if not self._failing and not self._lifecycle.is_stopping:
            self._show("asynchronous invocations are recorded again")
