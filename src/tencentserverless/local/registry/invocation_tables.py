"""SQL of ended calls: the most recent ones, limited by number and by size. Long texts of theirs have a table apart."""

import itertools
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from tencentserverless.local.registry.function_version import FunctionKey
from tencentserverless.local.settings import MIB

T = TypeVar("T")
Query = Callable[[sqlite3.Connection], T]
Row = tuple[object, ...]

MAX_RECORDS = 10_000  # the range of GetFunctionLogs' pages (document/api/583/18583: Offset + Limit)
MAX_BYTES = 64 * MIB  # ours
MAX_LONG_BYTES = 32 * MIB  # ours: of texts that are too long for the record itself
MAX_UNDER_WAY_BYTES = 16 * MIB  # ours: of those that are not written yet
COLUMNS = (
    "region, namespace, name, request_id, started_at, status, duration_ms, memory_bytes, facts, size, message, output, "
    "event"
)
#: A list in JSON: each column of its own costs every call what it takes to read one more value.
FACTS = (
    *("version", "memory_mb", "retry_number", "origin", "waited_ms", "cold_start_ms", "event_bytes", "message_bytes"),
    "web",
)
_MARKS = "({})".format(", ".join("?" * len(COLUMNS.split(","))))
_STEPS = (64, 8, 1)  # rows of a statement; SQLite before 3.32 takes 999 values
_INSERTS = {count: f"INSERT INTO invocations ({COLUMNS}) VALUES {', '.join([_MARKS] * count)}" for count in _STEPS}  # noqa: S608
#: SQL of each order and filter; no text of a request gets into the SQL.
ORDERS = {"function_name": "name", "duration": "duration_ms", "mem_usage": "memory_bytes", "start_time": "started_at"}
FILTERS = {
    "not0": "status <> 0",
    "is0": "status = 0",
    "TimeLimitExceeded": "status = 433",
    "ResourceLimitExceeded": "status IN (432, 434)",
    "UserCodeException": "status = 430",
}


@dataclass(frozen=True, slots=True)
class Search:
    """A search: the calls of a function, their order, and a page of them.

    :param filter: a key of ``FILTERS``
    :param interval: UNIX seconds, both ends included
    :param order: a key of ``ORDERS``
    """

    key: FunctionKey
    version: str | None = None
    request_id: str | None = None
    filter: str | None = None
    interval: tuple[float, float] | None = None
    order: str = "start_time"
    is_descending: bool = True
    offset: int = 0
    limit: int = 20


def fact(name: str) -> str:
    """Return the SQL of one of ``FACTS``."""
    return f"json_extract(facts, '$[{FACTS.index(name)}]')"


def append(connection: sqlite3.Connection, rows: Sequence[Row], *, is_measured: bool) -> None:
    """Store ended calls; the oldest ones are deleted.

    :param rows: in the order of ``COLUMNS``. A statement takes many: each one releases the interpreter's lock, and then
        this thread has to ask the busy one for it. To have SQLite read all of them from one JSON text costs twice as
        much
    :param is_measured: the table is kept within its size in bytes too
    """
    start = 0
    for count in _STEPS:
        while start + count <= len(rows):
            values = itertools.chain.from_iterable(rows[start : start + count])
            connection.execute(_INSERTS[count], tuple(values))
            start += count
    connection.execute(
        "DELETE FROM invocations WHERE number <= (SELECT max(number) FROM invocations) - ?", (MAX_RECORDS,)
    )
    if is_measured:
        _keep_within(connection, "invocations", MAX_BYTES, 100)


class LongTexts:
    """Texts that are too long for their records, on their way to the database. Beyond a bound, more are left out."""

    def __init__(self) -> None:
        self._rows: list[tuple[str, int, str, str | bytes, int]] = []
        self._under_way: dict[int, int] = {}  # bytes by batch; the writing thread removes a batch
        self._batch = 0

    def add(self, request_id: str, retry_number: int, part: str, text: str | bytes, size: int) -> None:
        """Keep a text.

        :param part: ``event`` or ``result``
        :param size: in bytes
        """
        if sum(list(self._under_way.values())) + size > MAX_UNDER_WAY_BYTES:
            return
        self._under_way[self._batch] = self._under_way.get(self._batch, 0) + size
        self._rows.append((request_id, retry_number, part, text, size))

    def take(self) -> Query[None] | None:
        """Return the change that stores the texts of now, and deletes the oldest ones; None if there are none."""
        rows, self._rows = self._rows, []
        if not rows:
            return None
        batch, self._batch = self._batch, self._batch + 1

        def change(connection: sqlite3.Connection) -> None:
            try:
                texts = [value if isinstance(value, str) else value.decode("utf-8", "replace") for *_, value, _ in rows]
                connection.executemany(
                    "INSERT INTO long_texts (request_id, retry_number, part, size, value) VALUES (?, ?, ?, ?, ?)",
                    [(*row[:3], row[4], text) for row, text in zip(rows, texts, strict=True)],
                )
                _keep_within(connection, "long_texts", MAX_LONG_BYTES, 1)
            finally:
                self._under_way.pop(batch, None)

        return change


def _keep_within(connection: sqlite3.Connection, table: str, max_bytes: int, at_once: int) -> None:
    """Delete the oldest rows of a table until the others are within a size."""
    (size,) = connection.execute(f"SELECT total(size) FROM {table}").fetchone()  # noqa: S608
    while size > max_bytes:
        oldest = connection.execute(f"SELECT number, size FROM {table} ORDER BY number LIMIT ?", (at_once,)).fetchall()  # noqa: S608
        connection.execute(f"DELETE FROM {table} WHERE number <= ?", (oldest[-1][0],))  # noqa: S608
        size -= sum(each for _, each in oldest)


def find(key: FunctionKey, request_id: str) -> Query[list[Row]]:
    """Return the calls of this id, the last one first."""

    def query(connection: sqlite3.Connection) -> list[Row]:
        return connection.execute(
            f"SELECT {COLUMNS} FROM invocations WHERE request_id = ? AND name = ? AND namespace = ? AND region = ? "  # noqa: S608
            "ORDER BY number DESC",
            (request_id, key.name, key.namespace, key.region),
        ).fetchall()

    return query


def search(wanted: Search, offset: int, limit: int) -> Query[tuple[int, list[Row]]]:
    """Return the number of matching calls, and one page of them."""
    conditions = ["name = ?", "namespace = ?", "region = ?"]
    values: list[object] = [wanted.key.name, wanted.key.namespace, wanted.key.region]
    if wanted.filter is not None:
        conditions.append(FILTERS[wanted.filter])
    for column, value in ((fact("version"), wanted.version), ("request_id", wanted.request_id)):
        if value is not None:
            conditions.append(f"{column} = ?")
            values.append(value)
    if wanted.interval is not None:
        conditions.append("started_at BETWEEN ? AND ?")
        values += wanted.interval
    source = "FROM invocations WHERE " + " AND ".join(conditions)
    direction = "DESC" if wanted.is_descending else "ASC"
    order = f"ORDER BY {ORDERS[wanted.order]} {direction}, number {direction} LIMIT ? OFFSET ?"

    def query(connection: sqlite3.Connection) -> tuple[int, list[Row]]:
        (count,) = connection.execute(f"SELECT count(*) {source}", values).fetchone()  # see ORDERS
        rows = connection.execute(f"SELECT {COLUMNS} {source} {order}", [*values, limit, offset]).fetchall()
        return count, rows

    return query
