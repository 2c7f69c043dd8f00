"""What was called lately and how it ended: a bounded record in memory, two cheap steps on a call's path."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from tencentserverless.local.registry.records import FunctionKey
from tencentserverless.local.settings import KIB, MIB

MAX_RECORDS = 10_000  # as far as GetFunctionLogs can page (document/api/583/18583: Offset + Limit)
MAX_BYTES = 64 * MIB  # ours
MAX_MESSAGE_CHARS = 64 * KIB  # ours, of one return value
_RECORD_BYTES = 512  # about what a record takes without its texts


@dataclass(slots=True, eq=False)
class Invocation:
    """One call. It runs while ``status`` is None; then 0, or the platform's status code.

    :param started_at: UNIX seconds
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

    @property
    def billed_ms(self) -> int:
        """Whole milliseconds, rounded up."""
        return math.ceil(self.duration_ms)

    @property
    def size(self) -> int:
        """About how many bytes it takes."""
        return _RECORD_BYTES + len(self.message) + len(self.output)


class Invocations:
    """The last calls, the oldest first. The oldest give way by number and by size."""

    def __init__(self, max_records: int = MAX_RECORDS, max_bytes: int = MAX_BYTES) -> None:
        self._records: dict[str, Invocation] = {}
        self._max_records = max_records
        self._max_bytes = max_bytes
        self._bytes = 0

    def begin(self, invocation: Invocation) -> None:
        """A call has begun."""
        self._records[invocation.request_id] = invocation
        self._bytes += _RECORD_BYTES
        if len(self._records) > self._max_records:
            self._forget_oldest()

    def end(self, invocation: Invocation, status: int, message: str, output: bytes) -> None:
        """It has ended. Its duration and memory are set by the caller."""
        invocation.status = status
        invocation.message = message if len(message) <= MAX_MESSAGE_CHARS else message[:MAX_MESSAGE_CHARS]
        invocation.output = output
        if invocation.request_id not in self._records:
            return  # it ran so long that it has given way
        self._bytes += invocation.size - _RECORD_BYTES
        while self._bytes > self._max_bytes and self._records:
            self._forget_oldest()

    def drop(self, invocation: Invocation) -> None:
        """It came to nothing: the server is stopping, or the caller has gone."""
        if self._records.pop(invocation.request_id, None) is not None:
            self._bytes -= invocation.size

    def find(self, key: FunctionKey, request_id: str) -> Invocation | None:
        """A function's call by its id."""
        record = self._records.get(request_id)
        return record if record is not None and record.key == key else None

    def of_function(self, key: FunctionKey) -> Iterator[Invocation]:
        """The calls of one function, the oldest first."""
        return (record for record in self._records.values() if record.key == key)

    def __len__(self) -> int:
        return len(self._records)

    def _forget_oldest(self) -> None:
        request_id = next(iter(self._records))
        self._bytes -= self._records.pop(request_id).size
