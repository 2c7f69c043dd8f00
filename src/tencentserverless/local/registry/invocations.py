"""What was called lately and how it ended.

A call that runs is in memory alone. One that has ended goes to the database in a batch, a moment later: nothing of it
is on the call's path. Reading writes the batch first, so that a call is seen as soon as it has ended. What a full disk
refuses is kept here, within the same bounds, and written when it can be.
"""

import asyncio
import contextlib
import math
from collections import deque
from collections.abc import Awaitable, Iterable, Iterator

import msgspec

from tencentserverless.local.registry import history
from tencentserverless.local.registry.history import Search
from tencentserverless.local.registry.records import FunctionKey
from tencentserverless.local.registry.store import Store
from tencentserverless.local.settings import KIB

MAX_MESSAGE_CHARS = 64 * KIB  # ours, of one return value
_FLUSH_SECONDS = 0.25
_PATIENCE_SECONDS = 1.0  # before what was refused is written again
_BUSY_SECONDS = 3.0  # where so many end that most of them give way before they were ever asked for
_BUSY_CALLS = 500
_ROW_BYTES = 256  # about what a record takes without its texts

_encoder = msgspec.json.Encoder()


class Invocation(msgspec.Struct, array_like=True, gc=False):
    """One call. It runs while ``status`` is None; then 0, or the platform's status code.

    :param started_at: UNIX seconds
    :param retry_number: how often an asynchronous one had been run before
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

    @property
    def billed_ms(self) -> int:
        """Whole milliseconds, rounded up."""
        return math.ceil(self.duration_ms)

    def row(self) -> tuple[object, ...]:
        """What the database keeps, in the order of ``history.COLUMNS``."""
        output = self.output.decode("utf-8", "replace").replace("\0", "\ufffd")
        return (
            *self.key,
            self.version,
            self.request_id,
            self.started_at,
            self.memory_mb,
            self.status,
            self.message,
            self.duration_ms,
            self.memory_bytes,
            output,
            self.retry_number,
            self.kept_bytes,
        )

    @property
    def kept_bytes(self) -> int:
        """About what it takes in the database."""
        return _ROW_BYTES + len(self.message) + len(self.output)


class Invocations:
    """The calls that run, and the last of those that have ended."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._running: dict[str, Invocation] = {}
        self._ended: deque[Invocation] = deque(maxlen=history.MAX_RECORDS)  # the rest would be deleted at once
        self._first_at = 0.0
        self._loop = asyncio.get_running_loop()
        self._flusher: asyncio.TimerHandle | None = None

    def begin(self, invocation: Invocation) -> None:
        """A call has begun."""
        self._running[invocation.request_id] = invocation

    def end(self, invocation: Invocation, status: int, message: str, output: bytes) -> None:
        """It has ended. Its duration and memory are set by the caller."""
        invocation.status = status
        invocation.message = message if len(message) <= MAX_MESSAGE_CHARS else message[:MAX_MESSAGE_CHARS]
        invocation.output = output
        self._running.pop(invocation.request_id, None)
        self._ended.append(invocation)
        if self._flusher is None:
            self._first_at = self._loop.time()
            self._flusher = self._loop.call_later(_FLUSH_SECONDS, self._flush_in_time)

    def drop(self, invocation: Invocation) -> None:
        """It came to nothing: the server is stopping, or the caller has gone."""
        self._running.pop(invocation.request_id, None)

    def flush(self) -> None:
        """Have what has ended written."""
        if self._flusher is not None:
            self._flusher.cancel()
            self._flusher = None
        ended, self._ended = self._ended, deque(maxlen=history.MAX_RECORDS)
        if ended:
            self._store.post(
                lambda connection: history.append(connection, _rows(ended)), lambda: self._hand_back(ended)
            )

    def _hand_back(self, refused: deque[Invocation]) -> None:
        """The writing thread could not write a batch."""
        with contextlib.suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(self._take_back, refused)

    def _take_back(self, refused: deque[Invocation]) -> None:
        """Keep what was refused for another try; the oldest give way."""
        room_bytes, newer = history.MAX_BYTES, deque[Invocation](maxlen=history.MAX_RECORDS)
        for invocation in (*reversed(self._ended), *reversed(refused)):
            room_bytes -= invocation.kept_bytes
            if room_bytes < 0 or len(newer) == history.MAX_RECORDS:
                break
            newer.appendleft(invocation)
        self._ended = newer
        if self._flusher is None:
            self._flusher = self._loop.call_later(_PATIENCE_SECONDS, self._flush_in_time)

    def _flush_in_time(self) -> None:
        self._flusher = None
        if len(self._ended) > _BUSY_CALLS and self._loop.time() - self._first_at < _BUSY_SECONDS:
            self._flusher = self._loop.call_later(_FLUSH_SECONDS, self._flush_in_time)
        else:
            self.flush()

    async def find(self, key: FunctionKey, request_id: str) -> Invocation | None:
        """A function's call by its id; the last one where it was tried several times."""
        running = self._running.get(request_id)
        if running is not None:
            return running if running.key == key else None
        rows = await self._read(history.find(key, request_id))
        refused = (each for each in reversed(self._ended) if each.request_id == request_id and each.key == key)
        return next(refused, None) or next(_records(rows), None)

    async def search(self, search: Search) -> tuple[int, list[Invocation]]:
        """How many calls fit, and one page of them, those that run first."""
        running = [each for each in self._running.values() if _fits(each, search)]
        running.sort(key=lambda each: each.started_at, reverse=search.is_descending)
        page = running[search.offset : search.offset + search.limit]
        offset = max(0, search.offset - len(running))
        count, rows = await self._read(history.search(search, offset, search.limit - len(page)))
        return count + len(running), page + list(_records(rows))

    def _read(self, query: "history.Query[history.T]") -> Awaitable["history.T"]:
        self.flush()
        return self._store.write(query)  # in turn: behind the batch, and off the loop


def _rows(ended: Iterable[Invocation]) -> bytes:
    return _encoder.encode([each.row() for each in ended])


def _records(rows: Iterable[tuple[object, ...]]) -> Iterator[Invocation]:
    for region, namespace, name, *values, output, retry_number, _ in rows:
        row = [[region, namespace, name], *values, str(output).encode("utf-8"), retry_number]
        yield msgspec.convert(row, Invocation)


def _fits(invocation: Invocation, search: Search) -> bool:
    return (
        invocation.key == search.key
        and search.filter is None
        and search.version in (None, invocation.version)
        and search.request_id in (None, invocation.request_id)
        and (search.interval is None or search.interval[0] <= invocation.started_at <= search.interval[1])
    )
