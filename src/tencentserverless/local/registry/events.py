"""SQL of asynchronous invocations: those that wait, and what became of those of functions with AsyncRunEnable.

An event is a row from before its acceptance is answered until its end is recorded. Rows are in the order of their
numbers, which is the order in which they came.
"""

import json
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from tencentserverless.local.registry.records import FunctionKey

T = TypeVar("T")
Query = Callable[[sqlite3.Connection], T]

#: Status of an asynchronous event (document/api/583/69127): as the API writes them.
RUNNING, FINISHED, ABORTED, FAILED = "RUNNING", "FINISHED", "ABORTED", "FAILED"
KEPT_SECONDS = 72 * 3600.0  # document/product/583/59206: what became of an event is known for 72 hours

_EVENT_COLUMNS = "number, request_id, region, namespace, name, qualifier, origin, payload, pushed_at, tries, is_traced"
_TRACE_COLUMNS = "request_id, origin, qualifier, status, status_code, started_at, ended_at"


@dataclass(frozen=True, slots=True)
class Event:
    """An asynchronous invocation that has been accepted.

    :param qualifier: as the caller gave it
    :param origin: what invoked it, such as ``TRIGGER_TIMER``
    :param pushed_at: UNIX seconds of its acceptance
    :param tries: how often it has been run
    :param is_traced: its function has AsyncRunEnable
    """

    number: int
    request_id: str
    key: FunctionKey
    qualifier: str
    origin: str
    payload: bytes
    pushed_at: float
    tries: int = 0
    is_traced: bool = False


@dataclass(frozen=True, slots=True)
class Trace:
    """What became of an event of a function with AsyncRunEnable. Times are UNIX seconds; it runs while one is None."""

    request_id: str
    origin: str
    qualifier: str
    status: str
    status_code: int
    started_at: float
    ended_at: float | None


@dataclass(frozen=True, slots=True)
class End:
    """How an event ended.

    :param status: of its trace
    """

    number: int
    request_id: str
    status: str
    status_code: int
    ended_at: float


def push(event: Event) -> Query[int]:
    """Keep an event that is accepted; its number."""
    row = (event.request_id, *event.key, event.qualifier, event.origin, event.payload, event.pushed_at)

    def change(connection: sqlite3.Connection) -> int:
        cursor = connection.execute(
            "INSERT INTO events (request_id, region, namespace, name, qualifier, origin, payload, pushed_at, due_at, "
            "is_traced) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (*row, event.pushed_at, event.is_traced),
        )
        if event.is_traced:
            connection.execute(
                "INSERT INTO traces (request_id, region, namespace, name, origin, qualifier, status, status_code, "
                "started_at) VALUES (?, ?, ?, ?, ?, ?, ?, 0, ?)",
                (event.request_id, *event.key, event.origin, event.qualifier, RUNNING, event.pushed_at),
            )
        return cursor.lastrowid or 0

    return change


def later(number: int, due_at: float, tries: int) -> Query[None]:
    """An event is run again at that time."""

    def change(connection: sqlite3.Connection) -> None:
        connection.execute("UPDATE events SET due_at = ?, tries = ? WHERE number = ?", (due_at, tries, number))

    return change


def finish(ends: Sequence[End]) -> Query[None]:
    """Events have ended. One statement for all that are not traced: see ``history.append``."""
    numbers = json.dumps([end.number for end in ends])
    traced = [(end.status, end.status_code, end.ended_at, end.request_id) for end in ends if end.status]

    def change(connection: sqlite3.Connection) -> None:
        connection.execute("DELETE FROM events WHERE number IN (SELECT value FROM json_each(?))", (numbers,))
        if traced:
            connection.executemany(
                "UPDATE traces SET status = ?, status_code = ?, ended_at = ? WHERE request_id = ?", traced
            )

    return change


def due(key: FunctionKey, after: int, now: float, limit: int) -> Query[list[Event]]:
    """The next events of a function behind a number, in the order in which they came."""

    def query(connection: sqlite3.Connection) -> list[Event]:
        rows = connection.execute(
            f"SELECT {_EVENT_COLUMNS} FROM events WHERE name = ? AND namespace = ? AND region = ? "  # noqa: S608
            "AND number > ? AND due_at <= ? ORDER BY number LIMIT ?",
            (key.name, key.namespace, key.region, after, now, limit),
        )
        return [_event(row) for row in rows]

    return query


def one(number: int) -> Query[Event | None]:
    """The event of a number."""

    def query(connection: sqlite3.Connection) -> Event | None:
        row = connection.execute(f"SELECT {_EVENT_COLUMNS} FROM events WHERE number = ?", (number,)).fetchone()  # noqa: S608
        return _event(row) if row else None

    return query


def by_request(request_id: str) -> Query[Event | None]:
    """The event of a request id, as long as it has not ended."""

    def query(connection: sqlite3.Connection) -> Event | None:
        row = connection.execute(f"SELECT {_EVENT_COLUMNS} FROM events WHERE request_id = ?", (request_id,)).fetchone()  # noqa: S608
        return _event(row) if row else None

    return query


def waiting(connection: sqlite3.Connection) -> dict[FunctionKey, int]:
    """How many events of each function have not ended."""
    rows = connection.execute("SELECT region, namespace, name, count(*) FROM events GROUP BY region, namespace, name")
    return {FunctionKey(region, namespace, name): count for region, namespace, name, count in rows}


def delayed(now: float) -> Query[list[tuple[float, int, FunctionKey]]]:
    """When the events that wait for another try are due, with their numbers."""

    def query(connection: sqlite3.Connection) -> list[tuple[float, int, FunctionKey]]:
        rows = connection.execute("SELECT due_at, number, region, namespace, name FROM events WHERE due_at > ?", (now,))
        return [(due_at, number, FunctionKey(*key)) for due_at, number, *key in rows]

    return query


def traces(key: FunctionKey, now: float) -> Query[list[Trace]]:
    """What became of a function's events lately; what is too old is forgotten."""

    def query(connection: sqlite3.Connection) -> list[Trace]:
        connection.execute("DELETE FROM traces WHERE ended_at < ?", (now - KEPT_SECONDS,))
        rows = connection.execute(
            f"SELECT {_TRACE_COLUMNS} FROM traces WHERE name = ? AND namespace = ? AND region = ?",  # noqa: S608
            (key.name, key.namespace, key.region),
        )
        return [Trace(*row) for row in rows]

    return query


def trace(request_id: str, region: str) -> Query[Trace | None]:
    """What became of one event of a region."""

    def query(connection: sqlite3.Connection) -> Trace | None:
        row = connection.execute(
            f"SELECT {_TRACE_COLUMNS} FROM traces WHERE request_id = ? AND region = ?",  # noqa: S608
            (request_id, region),
        ).fetchone()
        return Trace(*row) if row else None

    return query


def _event(row: Sequence[Any]) -> Event:
    number, request_id, region, namespace, name, qualifier, origin, payload, pushed_at, tries, is_traced = row
    key = FunctionKey(region, namespace, name)
    return Event(number, request_id, key, qualifier, origin, payload, pushed_at, tries, bool(is_traced))
