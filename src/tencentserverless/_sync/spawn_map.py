"""``spawn_map`` for threads."""

import threading
from queue import Empty, Queue

from tencentserverless._base.runtime import CLOCK
from tencentserverless._base.spawn_map import BaseSpawnMap
from tencentserverless._core import poll_schedule as core
from tencentserverless._sync.invocation import Invocation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Iterable

    from tencentserverless._core.poll_schedule import SpawnedInput


class SpawnMap(BaseSpawnMap):
    """The invocations of a ``spawn_map``, an iterator: each is handed out when it has ended.

    Inputs are pulled, and invocations polled, while you iterate. What is started when you stop goes on in the
    cloud, and is in ``unfinished``.
    """

    _kind = Invocation

    def __init__(
        self, client: "Any", name: str, iterable: "Iterable[Any]", options: "dict[str, Any]", **limits: "Any"
    ) -> None:
        self._inputs = iter(iterable)
        self._done: "Queue[tuple[Callable[[SpawnedInput, Any], None], SpawnedInput, Any]]" = Queue()
        super().__init__(client, name, options, **limits)

    @property
    def unfinished(self) -> "list[Invocation]":
        """The invocations that were started and not handed out yet, by position."""
        self._settle()
        return super().unfinished

    def __iter__(self) -> "SpawnMap":
        return self

    def __next__(self) -> Invocation:
        """The next invocation that has ended: ``result()`` returns or raises at once. See ``position``.

        :raises ResultTimeout: the time is up
        """
        while True:
            self._settle()
            step, about = self._schedule.next_step(CLOCK.monotonic())
            if step is core.HAND_OUT:
                return about  # type: ignore[no-any-return]
            if step is core.PULL:
                self._pull()
            elif step is core.POLL:
                self._do(self._note_polled, about, lambda entry: self._client._run(self._poll_flow(entry)))
            elif step is core.WAIT:
                self._wait(about)
            elif step is core.END:
                raise StopIteration
            else:
                raise self._late()

    def _pull(self) -> None:
        try:
            data = next(self._inputs)
        except StopIteration:
            self._schedule.drain()
            return
        entry = self._schedule.add()
        self._do(self._note_started, entry, lambda _: self._client.spawn(self._name, data, **self._options))

    def _do(
        self, note: "Callable[[SpawnedInput, Any], None]", entry: "SpawnedInput", act: "Callable[[SpawnedInput], Any]"
    ) -> None:
        """Act in a thread; what comes of it is noted in the caller's."""

        def work() -> None:
            try:
                found = act(entry)
            except Exception as error:  # noqa: BLE001  # whatever it is, it is that invocation's outcome
                found = error
            self._done.put((note, entry, found))

        threading.Thread(target=work, name="tencentserverless-spawn", daemon=True).start()

    def _settle(self) -> None:
        while True:
            try:
                note, entry, found = self._done.get_nowait()
            except Empty:
                return
            note(entry, found)

    def _wait(self, seconds: float) -> None:
        try:
            note, entry, found = self._done.get(timeout=min(seconds, threading.TIMEOUT_MAX))
        except Empty:
            return
        note(entry, found)
