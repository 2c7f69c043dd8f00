"""The stream of changes, as server-sent events: calls, their output, functions, the queue and the fault rules.

While no page is open, nothing of this runs. With one, a pass each tenth of a second looks at what has changed and sends
it to all pages at once: a call pays only for an entry in a list, and pages pay for a bounded number of rows.
"""

import asyncio
from collections import deque
from typing import NamedTuple

import msgspec

from tencentserverless.local.dashboard.files import header_lines
from tencentserverless.local.dashboard.invocation_rows import line_of, row_of
from tencentserverless.local.dashboard.sources import JsonObject, Refusal, Sources
from tencentserverless.local.dashboard.texts import MAX_LOG_BYTES, key_fields, shown_log
from tencentserverless.local.http.connection import Connection
from tencentserverless.local.http.messages import Answer
from tencentserverless.local.invocations.history import InvocationRecord

_PASS_SECONDS = 0.1
_BUSY_PASS_SECONDS = 2.0  # while calls come faster than people read
_GRACE_SECONDS = 10.0  # in which a page that was cut off misses nothing
_BEAT_SECONDS = 15.0  # by which a browser and a proxy see that the connection lives
_MAX_STREAMS = 16
_MAX_ROWS = 60  # of a batch: what a high screen shows
_MAX_OUTPUTS = 16  # running calls whose output is sent as it comes
_MAX_WATCHED = 5_000  # ended calls between two passes
_MAX_KEPT = 50  # batches, for pages that come back
_STREAM = "text/event-stream; charset=utf-8"
_encoder = msgspec.json.Encoder()


class _State(NamedTuple):
    """The state that a pass compares with that of the pass before."""

    generation: int
    events: tuple[int, int]
    faults: list[JsonObject]


class Changes:
    """Sends changes to every open page."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._loop = asyncio.get_running_loop()
        self._streams: dict[Connection, bool] = {}  # true if the page has missed a batch
        self._ended: deque[InvocationRecord] = deque(maxlen=_MAX_WATCHED)
        self._told: set[tuple[str, int]] = set()  # running calls
        self._outputs: dict[tuple[str, int], tuple[bytes, int]] = {}  # of running calls, as they were sent
        self._kept: deque[tuple[int, bytes]] = deque(maxlen=_MAX_KEPT)
        self._number = 0  # of the last batch
        self._first = 1  # a page that has seen all batches before this one has missed nothing
        self._state: _State | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._idle_since: float | None = None
        self._beat_at = 0.0

    def open(self, connection: Connection, last_id: str) -> Refusal | None:
        """Begin a stream.

        :param last_id: of the last event that the page has got, ``""`` for none
        :return: a refusal if there are too many streams
        """
        if len(self._streams) >= _MAX_STREAMS:
            return Refusal(503, "too_many_streams", f"{_MAX_STREAMS} pages are open already: close one")
        connection.start(Answer(200, b"", header_lines(_STREAM)))
        self._begin()
        seen = self._number_in(last_id)
        is_complete = seen is not None
        self._streams[connection] = False
        connection.on_drained(lambda: self._catch_up(connection))
        connection.on_lost(lambda: self._lose(connection))
        missed = [data for number, data in self._kept if seen is not None and number > seen]
        connection.write(b"".join((self._hello(is_complete=is_complete), *missed)))
        return None

    def _lose(self, connection: Connection) -> None:
        """A page has gone."""
        self._streams.pop(connection, None)

    def _begin(self) -> None:
        """Watch, unless it is done already."""
        self._idle_since = None
        if self._timer is not None:
            return
        self._ended.clear()
        self._kept.clear()
        self._told.clear()
        self._outputs.clear()
        self._first = self._number + 1
        self._state = self._look()
        self._sources.history.watch(self._ended)
        self._beat_at = self._loop.time() + _BEAT_SECONDS
        self._timer = self._loop.call_later(_PASS_SECONDS, self._pass)

    def _end(self) -> None:
        """Watch no more."""
        self._sources.history.watch(None)
        self._timer = None
        self._ended.clear()
        self._kept.clear()

    def _pass(self) -> None:
        """Send what has changed, and plan the next pass."""
        if self._sources.engine.is_stopping():
            self._say_goodbye()
            return
        now = self._loop.time()
        if self._streams:
            self._idle_since = None
        elif self._idle_since is None:
            self._idle_since = now
        elif now - self._idle_since > _GRACE_SECONDS:
            self._end()
            return
        is_busy = self._send_changes()
        self._timer = self._loop.call_later(_BUSY_PASS_SECONDS if is_busy else _PASS_SECONDS, self._pass)

    def _send_changes(self) -> bool:
        """Send a batch. True if it left rows out."""
        items, skipped = self._take_calls()
        batches = [("invocation", {"items": items, "skipped": skipped})] if items or skipped else []
        if outputs := self._take_outputs():
            batches.append(("output", {"items": outputs}))
        before, state = self._state, self._look()
        self._state = state
        assert before is not None, "it was looked at when the first page came"
        if state.generation != before.generation:
            batches.append(("function", {"generation": state.generation}))
        if state.events != before.events:
            batches.append(("queue", {"waiting": state.events[0], "running": state.events[1]}))
        if state.faults != before.faults:
            batches.append(("fault", {"rules": state.faults}))
        if batches:
            self._number += 1
            data = b"".join(self._event(name, value) for name, value in batches)
            self._kept.append((self._number, data))
            self._send(data)
        elif self._loop.time() > self._beat_at:
            self._send(b":\n\n")
        return skipped > 0

    def _take_calls(self) -> tuple[list[JsonObject], int]:
        """Return the rows of calls that have begun or ended since the last pass, and how many are left out."""
        now = self._sources.clock()
        ended = list(self._ended)
        self._ended.clear()
        shown = ended[-_MAX_ROWS:]
        rows = [row_of(line_of(each), now) for each in shown]
        if self._told:
            self._told.difference_update(_place_of(each) for each in ended)
        running = self._sources.history.running()
        begun = [
            each
            for each in running[: _MAX_ROWS - len(rows)]
            if now - each.started_at >= _PASS_SECONDS and _place_of(each) not in self._told
        ]
        self._told.update(_place_of(each) for each in begun)
        if len(self._told) > len(running) + _MAX_ROWS:  # some had no outcome
            self._told.intersection_update(_place_of(each) for each in running)
        return [*rows, *(row_of(line_of(each), now) for each in begun)], len(ended) - len(shown)

    def _take_outputs(self) -> list[JsonObject]:
        """Return what running calls that were told have written, where it is more than at the last pass."""
        running = [each for each in self._sources.history.running() if _place_of(each) in self._told][:_MAX_OUTPUTS]
        found = self._sources.engine.peek_outputs({each.request_id for each in running}, MAX_LOG_BYTES)
        before, self._outputs = self._outputs, {}
        changed: list[JsonObject] = []
        for each in running:
            output = self._outputs[_place_of(each)] = found.get(each.request_id, (b"", 0))
            if output != before.get(_place_of(each), (b"", 0)):
                place = {**key_fields(each.key), "request_id": each.request_id, "attempt": each.retry_number}
                changed.append({**place, "log": shown_log(*output, limit=MAX_LOG_BYTES)})
        return changed

    def _look(self) -> _State:
        sources = self._sources
        return _State(sources.catalogue.generation, sources.engine.count_events(), sources.engine.report_faults())

    def _event(self, name: str, value: JsonObject) -> bytes:
        place = f"id: {self._sources.facts.server_id}-{self._number}\nevent: {name}\ndata: ".encode("ascii")
        return place + _encoder.encode(value) + b"\n\n"

    def _hello(self, *, is_complete: bool) -> bytes:
        facts = self._sources.facts
        value = {"server_id": facts.server_id, "is_complete": is_complete, "at": self._sources.clock()}
        return self._event("hello", value)

    def _send(self, data: bytes) -> None:
        self._beat_at = self._loop.time() + _BEAT_SECONDS
        for connection, is_behind in list(self._streams.items()):
            if not is_behind and not connection.write(data):
                self._streams[connection] = True  # what comes until the page has read all is left out

    def _catch_up(self, connection: Connection) -> None:
        """A page reads again: it is told that it may have missed something."""
        if self._streams.get(connection):
            self._streams[connection] = False
            connection.write(self._hello(is_complete=False))

    def _number_in(self, last_id: str) -> int | None:
        """The number of the last batch that a page has got; None if it may miss one that is not kept."""
        server_id, _, text = last_id.rpartition("-")
        if server_id != self._sources.facts.server_id or not text.isdecimal() or len(text) > 15:
            return None
        number = int(text)
        oldest = self._kept[0][0] if self._kept else self._number + 1
        is_known = self._first - 1 <= number <= self._number and number >= oldest - 1
        return number if is_known else None

    def _say_goodbye(self) -> None:
        self._end()
        streams, self._streams = list(self._streams), {}
        for connection in streams:
            connection.write(self._event("bye", {}))
            connection.finish()


def _place_of(record: InvocationRecord) -> tuple[str, int]:
    return record.request_id, record.retry_number
