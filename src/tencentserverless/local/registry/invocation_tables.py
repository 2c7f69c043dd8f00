"""SQL of ended calls: the most recent ones, limited by number and by size."""

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
COLUMNS = (
    "region, namespace, name, version, request_id, started_at, memory_mb, status, message, duration_ms, memory_bytes, "
    "output, retry_number, size"
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


def append(connection: sqlite3.Connection, rows: Sequence[Row]) -> None:
    """Store ended calls; the oldest ones are deleted.

    :param rows: in the order of ``COLUMNS``. A statement takes many: with each, this thread asks the busy one for the
        interpreter's lock. To have SQLite read all of them from one JSON text costs twice as much
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
    (size,) = connection.execute("SELECT total(size) FROM invocations").fetchone()
    while size > MAX_BYTES:
        oldest = connection.execute("SELECT number, size FROM invocations ORDER BY number LIMIT 100").fetchall()
        connection.execute("DELETE FROM invocations WHERE number <= ?", (oldest[-1][0],))
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
    for column, value in (("version", wanted.version), ("request_id", wanted.request_id)):
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
