"""The history of recent calls and their outcomes.

A running call is only in memory. An ended call goes to the database in a batch, a moment later, so that the call itself
does not wait for it. A reader writes the batch first, so a call is visible as soon as it has ended.

While there are many calls, small batches are written all the time, and what comes faster than that is kept here, within
the bounds of the database: a long batch held up every call that came meanwhile. So are records that a full disk
refuses, until there is space.
"""

import asyncio
import contextlib
import math
import operator
from collections import deque
from collections.abc import Awaitable, Iterable, Iterator, Sequence
from typing import Any

import msgspec

from tencentserverless.local.invocation import WebFacts
from tencentserverless.local.registry import invocation_tables
from tencentserverless.local.registry.database import Database
from tencentserverless.local.registry.function_version import FunctionKey
from tencentserverless.local.registry.invocation_tables import Search
from tencentserverless.local.settings import KIB

MAX_MESSAGE_CHARS = 64 * KIB  # ours: of one return value in its record; likewise of an event
_FLUSH_SECONDS = 0.25
_PATIENCE_SECONDS = 1.0  # before a refused batch is written again
_BATCH_CALLS = 256  # at once, in time: at a high rate most records give way before a reader asks for them
_MEASURE_SECONDS = 1.0  # between two looks of a busy server at the size of the table
COVERED = "(covered)"  # in place of the value of a header that holds credentials
_SECRET_HEADERS = frozenset((b"authorization", b"proxy-authorization", b"cookie", b"set-cookie", b"x-tc-token"))
_WEB_BYTES = 1024  # about the size of the headers of a web request
_ROW_BYTES = 256  # about the size of a record without its texts

_encoder = msgspec.json.Encoder()
_started_at = operator.attrgetter("started_at")


class InvocationRecord(msgspec.Struct, array_like=True, gc=False):
    """The record of one call. ``status`` is None while it runs; then 0, or the platform's status code.

    :param started_at: UNIX seconds
    :param retry_number: the number of earlier runs of an asynchronous invocation
    :param origin: where the call came from: ``api``, ``url``, ``queue``, ``timer`` or ``dashboard``; ``dashboard`` and
        a request id for one that repeats another call; empty if it is not known
    :param waited_ms: time before the run: in the queue, and for an instance; with ``cold_start_ms``
    :param cold_start_ms: that the instance took to start, if this was its first call
    :param event: JSON text; None if it is not kept
    :param web: the request and the answer of a web function; from the database, as JSON
    :param event_bytes: its size, also if it is kept elsewhere; likewise ``message_bytes``
    """

    key: FunctionKey
    version: str
    request_id: str
    started_at: float
    memory_mb: int
    status: int | None = None
    message: str = ""
    duration_ms: float = 0.0
    memory_bytes: int = 0
    output: bytes = b""
    retry_number: int = 0
    origin: str = ""
    waited_ms: float = 0.0
    cold_start_ms: float = 0.0
    event: bytes | None = None
    event_bytes: int = 0
    message_bytes: int = 0
    web: WebFacts | bytes | None = None

    @property
    def billed_ms(self) -> int:
        """Whole milliseconds, rounded up."""
        return math.ceil(self.duration_ms)

    def row(self) -> tuple[object, ...]:
        """Return the database row, in the order of ``invocation_tables.COLUMNS``."""
        output = self.output.decode("utf-8", "replace").replace("\0", "\ufffd")
        web = None if self.web is None else _web_text(self.web)
        facts = (
            *(self.version, self.memory_mb, self.retry_number, self.origin, self.waited_ms, self.cold_start_ms),
            *(self.event_bytes, self.message_bytes, web),
        )
        return (
            *self.key,
            self.request_id,
            self.started_at,
            self.status,
            self.duration_ms,
            self.memory_bytes,
            _encoder.encode(facts).decode("utf-8"),
            self.kept_bytes,
            self.message,
            output,
            None if self.event is None else self.event.decode("utf-8", "replace"),
        )

    @property
    def kept_bytes(self) -> int:
        """About what it takes in the database."""
        web_bytes = _WEB_BYTES if self.web is not None else 0
        return _ROW_BYTES + web_bytes + len(self.message) + len(self.output) + len(self.event or b"")


class InvocationHistory:
    """The running calls, and the most recent ended ones."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._running: dict[str, InvocationRecord] = {}
        self._ended: deque[InvocationRecord] = deque(
            maxlen=invocation_tables.MAX_RECORDS
        )  # the database would delete the others at once
        self._measure_at = 0.0
        self._long = invocation_tables.LongTexts()
        self._watched: deque[InvocationRecord] | None = None
        self._loop = asyncio.get_running_loop()
        self._flusher: asyncio.TimerHandle | None = None

    def begin(self, invocation: InvocationRecord) -> None:
        """Record the start of a call."""
        self._running[invocation.request_id] = invocation

    def end(self, invocation: InvocationRecord, status: int, message: str, output: bytes) -> None:
        """Record the end of a call. The caller sets duration and memory."""
        invocation.status, invocation.message, invocation.output = status, message, output
        event = invocation.event
        if len(message) > MAX_MESSAGE_CHARS or (event is not None and len(event) > MAX_MESSAGE_CHARS):
            self._shorten(invocation)
        if self._watched is not None:
            self._watched.append(invocation)
        self._running.pop(invocation.request_id, None)
        self._ended.append(invocation)
        if self._flusher is None:
            self._flusher = self._loop.call_later(_FLUSH_SECONDS, self._flush_in_time)

    def drop(self, invocation: InvocationRecord) -> None:
        """Remove a call without an outcome: the server is stopping, or the caller is gone."""
        self._running.pop(invocation.request_id, None)

    def flush(self) -> None:
        """Queue all ended calls for writing now, instead of at the next flush."""
        if self._flusher is not None:
            self._flusher.cancel()
            self._flusher = None
        ended, self._ended = self._ended, deque(maxlen=invocation_tables.MAX_RECORDS)
        self._post_long()
        if ended:
            self._post(ended, is_measured=True)

    def watch(self, ended: deque[InvocationRecord] | None) -> None:
        """Have each ended call appended here too, from now on; None for no more."""
        self._watched = ended

    def running(self) -> list[InvocationRecord]:
        """Return the running calls, in the order of their starts."""
        return list(self._running.values())

    def _shorten(self, invocation: InvocationRecord) -> None:
        """Keep long texts apart from their record, which is read much more often."""
        message, event = invocation.message, invocation.event
        place = (invocation.request_id, invocation.retry_number)
        if len(message) > MAX_MESSAGE_CHARS:
            invocation.message_bytes = len(message) if message.isascii() else len(message.encode("utf-8", "replace"))
            self._long.add(*place, "result", message, invocation.message_bytes)
            invocation.message = message[:MAX_MESSAGE_CHARS]
        if event is not None and len(event) > MAX_MESSAGE_CHARS:
            invocation.event, invocation.event_bytes = None, len(event)
            self._long.add(*place, "event", event, len(event))

    def _hand_back(self, refused: deque[InvocationRecord]) -> None:
        """The writing thread could not write a batch."""
        with contextlib.suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(self._take_back, refused)

    def _take_back(self, refused: deque[InvocationRecord]) -> None:
        """Keep refused records for another try; the oldest are dropped."""
        left_bytes, newer = invocation_tables.MAX_BYTES, deque[InvocationRecord](maxlen=invocation_tables.MAX_RECORDS)
        for invocation in sorted((*refused, *self._ended), key=_started_at, reverse=True):
            left_bytes -= invocation.kept_bytes
            if left_bytes < 0 or len(newer) == invocation_tables.MAX_RECORDS:
                break
            newer.appendleft(invocation)
        self._ended = newer
        if self._flusher is not None:
            self._flusher.cancel()
        self._flusher = self._loop.call_later(_PATIENCE_SECONDS, self._flush_in_time)

    def _flush_in_time(self) -> None:
        self._flusher = None
        if len(self._ended) <= _BATCH_CALLS:
            self.flush()
            return
        now = self._loop.time()
        self._post_long()  # all of them: beyond a bound of those that wait, more are left out
        self._post(deque(self._ended.popleft() for _ in range(_BATCH_CALLS)), is_measured=now >= self._measure_at)
        if now >= self._measure_at:
            self._measure_at = now + _MEASURE_SECONDS
        self._flusher = self._loop.call_later(_FLUSH_SECONDS, self._flush_in_time)

    def _post_long(self) -> None:
        """Have the long texts written that wait."""
        if append_long := self._long.take():
            self._database.post(append_long)

    def _post(self, ended: deque[InvocationRecord], *, is_measured: bool) -> None:
        """Have records written, and the table cut to its size.

        :param is_measured: also to its size in bytes, for which all of it has to be looked through
        """
        self._database.post(
            lambda connection: invocation_tables.append(connection, _rows(ended), is_measured=is_measured),
            lambda: self._hand_back(ended),
        )

    async def find(self, key: FunctionKey, request_id: str) -> InvocationRecord | None:
        """Find a function's call by its id; the last attempt if there were several."""
        running = self._running.get(request_id)
        if running is not None:
            return running if running.key == key else None
        rows = await self.read(invocation_tables.find(key, request_id))
        refused = (each for each in reversed(self._ended) if each.request_id == request_id and each.key == key)
        return next(refused, None) or next(read_records(rows), None)

    async def search(self, search: Search) -> tuple[int, list[InvocationRecord]]:
        """Return the number of matching calls, and one page of them, running calls first."""
        running = [each for each in self._running.values() if _fits(each, search)]
        running.sort(key=lambda each: each.started_at, reverse=search.is_descending)
        page = running[search.offset : search.offset + search.limit]
        offset = max(0, search.offset - len(running))
        count, rows = await self.read(invocation_tables.search(search, offset, search.limit - len(page)))
        return count + len(running), page + list(read_records(rows))

    def read(self, query: "invocation_tables.Query[invocation_tables.T]") -> Awaitable["invocation_tables.T"]:
        """Return the result of a query, which sees every call that has ended until now.

        :raises DatabaseError: when awaited, if the database can't be read
        """
        self.flush()
        return self._database.write(query)  # the writing thread runs it after the batch, and off the loop


def _web_text(web: WebFacts | bytes) -> str:
    """The JSON of a web request. Headers that hold credentials are covered."""
    if isinstance(web, bytes):
        return web.decode("utf-8")
    facts = web._replace(request_headers=_shown(web.request_headers), answer_headers=_shown(web.answer_headers))
    return _encoder.encode(facts._asdict()).decode("utf-8")


def _shown(headers: Sequence[tuple[bytes, bytes]]) -> Any:
    return [
        (name.decode("latin-1"), COVERED if name.lower() in _SECRET_HEADERS else value.decode("latin-1"))
        for name, value in headers
    ]


def _rows(ended: Iterable[InvocationRecord]) -> list[invocation_tables.Row]:
    return [each.row() for each in ended]


def read_records(rows: Iterable[tuple[object, ...]]) -> Iterator[InvocationRecord]:
    """Return the records of rows, which have the columns of ``invocation_tables.COLUMNS``."""
    values: Any
    for values in rows:
        region, namespace, name, request_id, started_at, status, duration_ms, memory_bytes, *rest = values
        text, _, message, output, event = rest
        facts = dict(zip(invocation_tables.FACTS, msgspec.json.decode(text), strict=True))
        web = facts.pop("web")
        yield InvocationRecord(
            FunctionKey(region, namespace, name),
            request_id=request_id,
            started_at=started_at,
            status=status,
            duration_ms=duration_ms,
            memory_bytes=memory_bytes,
            message=message,
            output=output.encode("utf-8"),
            event=None if event is None else event.encode("utf-8"),
            web=None if web is None else web.encode("utf-8"),
            **facts,
        )


def _fits(invocation: InvocationRecord, search: Search) -> bool:
    return (
        invocation.key == search.key
        and search.filter is None
        and search.version in (None, invocation.version)
        and search.request_id in (None, invocation.request_id)
        and (search.interval is None or search.interval[0] <= invocation.started_at <= search.interval[1])
    )
