"""``spawn_map`` for threads."""

import os

from tencentserverless._base.arguments import iterate_inputs
from tencentserverless._base.runtime import CLOCK
from tencentserverless._base.spawn_map import BaseSpawnMap
from tencentserverless._core import poll_schedule as core
from tencentserverless._sync.invocation import Invocation
from tencentserverless._sync.workers import Workers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterable

    from tencentserverless._base.arguments import Options
    from tencentserverless._base.client import BaseClient
    from tencentserverless._core.poll_schedule import SpawnedInput


class SpawnMap(BaseSpawnMap):
    """The invocations of a ``spawn_map``, an iterator: each is handed out when it has ended.

    Inputs are pulled, and invocations polled, while you iterate. Invocations that are under way when you
    stop go on in the cloud, and are in ``unfinished``. One thread at a time may iterate.
    """

    _kind = Invocation

    def __init__(
        self, client: "BaseClient", name: str, iterable: "Iterable[object]", options: "Options", **limits: "Any"
    ) -> None:
        self._inputs = iterate_inputs(iterable)
        super().__init__(client, name, options, **limits)
        self._turn: "dict[str, object]" = {}  # held by the call that advances the map
        self._workers = Workers(self._concurrency)

    @property
    def unfinished(self) -> "list[Invocation]":
        """The invocations that were started and not handed out yet, by position."""
        turn = object()
        try:
            if os.getpid() == self._pid and self._turn.setdefault("taken", turn) is turn:
                self._note_done()
        finally:
            self._end_turn(turn)
        return super().unfinished

    def __iter__(self) -> "SpawnMap":
        return self

    def __next__(self) -> Invocation:
        """Return the next invocation that has ended: ``result()`` returns or raises at once. See ``position``.

        :raises ResultTimeout: the time is up
        """
        self._check_process()
        turn = object()
        try:
            # A dict, and no lock: an interrupt between taking a lock and "try" would leave it taken for good.
            if self._turn.setdefault("taken", turn) is not turn or self._workers.is_at_work():
                raise RuntimeError("this spawn_map is being advanced already, by another thread or by its own iterable")
            return self._advance()
        finally:
            self._end_turn(turn)

    def _end_turn(self, turn: object) -> None:
        if self._turn.get("taken") is turn:
            del self._turn["taken"]

    def _advance(self) -> Invocation:
        while True:
            self._note_done()
            step, about = self._schedule.next_step(CLOCK.monotonic())
            if step is core.HAND_OUT:
                return about  # type: ignore[no-any-return]
            if step is core.PULL:
                self._pull()
            elif step is core.POLL:
                self._poll(about)
            elif step is core.WAIT:
                self._note_next(about)
            elif step is core.END:
                self._workers.close()
                raise StopIteration
            else:
                self._workers.end()
                raise self._late()

    def _pull(self) -> None:
        try:
            data = next(self._inputs)
        except StopIteration:
            self._schedule.drain()
            return
        entry = self._schedule.add()
        # Tasks do not refer to this map: a map that was dropped is collected, and its threads end.
        client, name, options = self._client, self._name, self._options
        self._workers.begin((SpawnMap._note_started, entry), lambda: client.spawn(name, data, **options))

    def _poll(self, entry: "SpawnedInput") -> None:
        client, flow = self._client, self._poll_flow(entry)
        self._workers.begin((SpawnMap._note_polled, entry), lambda: client._run(flow))

    def _note_done(self) -> None:
        """Note all tasks that are done."""
        while self._note_next(0.0):
            pass

    def _note_next(self, seconds: float) -> bool:
        """Note the next task that is done within so many seconds. False if none is."""
        done = self._workers.take(seconds)
        if done is None:
            return False
        (note, entry), found = done
        note(self, entry, found)
        return True

    def __del__(self) -> None:
        if hasattr(self, "_workers"):  # an argument may have been refused
            self._workers.end()
