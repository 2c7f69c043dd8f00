"""SQL of asynchronous invocations: waiting ones, and the results of functions with AsyncRunEnable.

An event has a row from before the answer to its acceptance until its end is recorded. Its state is a column, and every
move names the state that it starts from. An ``Event`` that has ended is deleted: its attempts are in the history. An
event of a function with AsyncRunEnable ("traced") stays for 72 hours, without its payload.
"""

import json
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from tencentserverless.local.registry.event_states import ENDED, TRANSITIONS, Move, State, at_restart
from tencentserverless.local.registry.function_version import FunctionKey

T = TypeVar("T")
Query = Callable[[sqlite3.Connection], T]

#: Statuses of an asynchronous event, as the API writes them (document/api/583/69127).
RUNNING, FINISHED, ABORTED, FAILED = "RUNNING", "FINISHED", "ABORTED", "FAILED"
_STATUSES = {State.SUCCEEDED: FINISHED, State.FAILED: FAILED, State.ABORTED: ABORTED}  # all other states: RUNNING
KEPT_SECONDS = 72 * 3600.0  # document/product/583/59206: the result of an event is available for 72 hours
CANCELLED = 499  # document/product/583/42611: an asynchronous event was cancelled

_COLUMNS = (
    "number, request_id, region, namespace, name, qualifier, origin, payload, pushed_at, tries, is_traced, "
    "is_orphaned, mark"
)
_TRACE_COLUMNS = "request_id, origin, qualifier, state, status_code, pushed_at, ended_at"
_IS_OPEN = f"state NOT IN ({', '.join(repr(state.value) for state in ENDED)})"
_MAY_SUCCEED = ", ".join(repr(state.value) for state, move in TRANSITIONS if move is Move.SUCCEED)


@dataclass(frozen=True, slots=True)
class Event:
    """An asynchronous invocation that has been accepted.

    :param qualifier: as the caller gave it
    :param origin: the source of the invocation, such as ``TRIGGER_TIMER``
    :param pushed_at: UNIX seconds of its acceptance
    :param tries: the number of its attempts
    :param is_traced: its function has AsyncRunEnable
    :param is_orphaned: its function has been deleted since
    :param mark: where its runs come from, if the history is to say more than ``origin``
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
    is_orphaned: bool = False
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Trace:
    """The result of an event of a function with AsyncRunEnable. Times are UNIX seconds; None if it has not ended."""

    request_id: str
    origin: str
    qualifier: str
    status: str
    status_code: int
    started_at: float
    ended_at: float | None


@dataclass(frozen=True, slots=True)
class Step:
    """A move of one event, and the values that are stored with it.

    :param at: UNIX seconds
    :param status_code: of a traced event that ends by this move
    :param due_at: time of the next attempt
    :param tries: the event's number of attempts, None to leave it unchanged
    :param error: error of the last attempt, for the dead letter
    """

    number: int
    move: Move
    at: float
    status_code: int = 0
    due_at: float | None = None
    tries: int | None = None
    error: str = ""


def push(event: Event) -> Query[int]:
    """Store an accepted event; returns its number."""
    row = (event.request_id, *event.key, event.qualifier, event.origin, event.pushed_at, event.is_traced)

    def change(connection: sqlite3.Connection) -> int:
        cursor = connection.execute(
            "INSERT INTO events (request_id, region, namespace, name, qualifier, origin, pushed_at, is_traced, mark, "
            "payload) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (*row, event.mark, event.payload),
        )
        return cursor.lastrowid or 0

    return change


def fetch(key: FunctionKey, limit: int, traced_limit: int) -> Query[list[Event]]:
    """Take the next events of a function out of the queue, in order of arrival.

    :param traced_limit: limit for traced events, which are taken out only when they run: an event that is RUNNING at a
        start is not run again
    """

    def change(connection: sqlite3.Connection) -> list[Event]:
        rows = connection.execute(
            f"SELECT {_COLUMNS} FROM events WHERE name = ? AND namespace = ? AND region = ? "  # noqa: S608
            "AND state = 'QUEUED' ORDER BY number LIMIT ?",
            (key.name, key.namespace, key.region, limit),
        )
        found = [_event(row) for row in rows]
        if found and found[0].is_traced:
            found = found[:traced_limit]
        claimed = [event for event in found if event.is_traced == found[0].is_traced]
        numbers = json.dumps([event.number for event in claimed])
        connection.execute(
            "UPDATE events SET state = 'RUNNING' WHERE number IN (SELECT value FROM json_each(?)) AND state = 'QUEUED'",
            (numbers,),
        )
        return claimed

    return change


def move(step: Step) -> Query[State | None]:
    """Move an event; returns its new state, None if its state did not allow the move."""

    def change(connection: sqlite3.Connection) -> State | None:
        row = connection.execute("SELECT state, is_traced FROM events WHERE number = ?", (step.number,)).fetchone()
        if row is None:
            return None
        before, is_traced = State(row[0]), bool(row[1])
        after = TRANSITIONS.get((before, step.move))
        if after is not None:
            _apply(connection, step, before, after, is_traced)
        return after

    return change


def finish(steps: Sequence[Step], forgotten: Sequence[int] = ()) -> Query[None]:
    """Record the ends of events.

    :param forgotten: numbers of the untraced events that have succeeded, in one statement: see
        ``invocation_tables.append``
    """
    numbers = json.dumps(list(forgotten))

    def change(connection: sqlite3.Connection) -> None:
        connection.execute(
            f"DELETE FROM events WHERE number IN (SELECT value FROM json_each(?)) AND state IN ({_MAY_SUCCEED})",  # noqa: S608
            (numbers,),
        )
        for step in steps:
            move(step)(connection)
        if steps:
            _forget_old(connection, steps[-1].at)

    return change


def make_due(now: float, latest: float) -> Query[tuple[list[FunctionKey], float | None]]:
    """Queue due events again; returns their functions, and the time at which the next event is due.

    :param latest: latest valid due time; a later one was set before the clock was set back
    """

    def change(connection: sqlite3.Connection) -> tuple[list[FunctionKey], float | None]:
        connection.execute("UPDATE events SET due_at = ? WHERE state = 'WAITING_RETRY' AND due_at > ?", (latest,) * 2)
        keys = connection.execute(
            "SELECT DISTINCT region, namespace, name FROM events WHERE state = 'WAITING_RETRY' AND due_at <= ?", (now,)
        ).fetchall()
        connection.execute("UPDATE events SET state = 'QUEUED' WHERE state = 'WAITING_RETRY' AND due_at <= ?", (now,))
        (due_at,) = connection.execute("SELECT min(due_at) FROM events WHERE state = 'WAITING_RETRY'").fetchone()
        return [FunctionKey(*key) for key in keys], due_at

    return change


def recover(now: float) -> Query[list[Event]]:
    """Queue or abort events that were RUNNING when the server ended; returns the aborted ones."""

    def change(connection: sqlite3.Connection) -> list[Event]:
        rows = connection.execute(f"SELECT {_COLUMNS} FROM events WHERE state IN ('RUNNING', 'TERMINATING')")  # noqa: S608
        left = [_event(row) for row in rows]
        moved = [move(Step(event.number, at_restart(event.is_traced), now, CANCELLED))(connection) for event in left]
        _forget_old(connection, now)
        return [event for event, state in zip(left, moved, strict=True) if state is State.ABORTED]

    return change


def disown(key: FunctionKey) -> Query[int]:
    """Orphan the events of a deleted function, which then never run; returns the highest number of them."""
    place = (key.name, key.namespace, key.region)

    def change(connection: sqlite3.Connection) -> int:
        connection.execute(
            f"UPDATE events SET is_orphaned = 1 WHERE name = ? AND namespace = ? AND region = ? AND {_IS_OPEN}",  # noqa: S608
            place,
        )
        connection.execute(
            "UPDATE events SET state = 'QUEUED' WHERE name = ? AND namespace = ? AND region = ? "
            "AND state = 'WAITING_RETRY'",
            place,
        )
        (number,) = connection.execute("SELECT max(number) FROM events").fetchone()
        return number or 0

    return change


def dead(limit: int) -> Query[list[tuple[Event, str]]]:
    """Return the first events without a written dead letter, each with the error of its last attempt."""

    def query(connection: sqlite3.Connection) -> list[tuple[Event, str]]:
        rows = connection.execute(
            f"SELECT {_COLUMNS}, error FROM events WHERE state = 'DEAD' ORDER BY number LIMIT ?",  # noqa: S608
            (limit,),
        )
        return [(_event(row[:-1]), row[-1]) for row in rows]

    return query


def forget_dead(numbers: Iterable[int]) -> Query[None]:
    """Delete events whose dead letters are written."""
    rows = [(number,) for number in numbers]

    def change(connection: sqlite3.Connection) -> None:
        connection.executemany("DELETE FROM events WHERE number = ? AND state = 'DEAD'", rows)

    return change


def by_request(request_id: str) -> Query[Event | None]:
    """Return the event of a request id, if it has not ended."""

    def query(connection: sqlite3.Connection) -> Event | None:
        row = connection.execute(
            f"SELECT {_COLUMNS} FROM events WHERE request_id = ? AND {_IS_OPEN}",  # noqa: S608
            (request_id,),
        ).fetchone()
        return _event(row) if row else None

    return query


def waiting(connection: sqlite3.Connection) -> dict[FunctionKey, int]:
    """Count the events of each function that have not ended."""
    rows = connection.execute(
        f"SELECT region, namespace, name, count(*) FROM events WHERE {_IS_OPEN} GROUP BY region, namespace, name"  # noqa: S608
    )
    return {FunctionKey(region, namespace, name): count for region, namespace, name, count in rows}


def traces(key: FunctionKey, now: float) -> Query[list[Trace]]:
    """Return the recent results of a function's events; delete those that are too old."""

    def query(connection: sqlite3.Connection) -> list[Trace]:
        _forget_old(connection, now)
        rows = connection.execute(
            f"SELECT {_TRACE_COLUMNS} FROM events WHERE name = ? AND namespace = ? AND region = ? AND is_traced = 1",  # noqa: S608
            (key.name, key.namespace, key.region),
        )
        return [_trace(row) for row in rows]

    return query


def trace(request_id: str, region: str, now: float) -> Query[Trace | None]:
    """Return the result of one event of a region; delete results that are too old."""

    def query(connection: sqlite3.Connection) -> Trace | None:
        _forget_old(connection, now)
        row = connection.execute(
            f"SELECT {_TRACE_COLUMNS} FROM events WHERE request_id = ? AND region = ? AND is_traced = 1",  # noqa: S608
            (request_id, region),
        ).fetchone()
        return _trace(row) if row else None

    return query


def _apply(connection: sqlite3.Connection, step: Step, before: State, after: State, is_traced: bool) -> None:
    """Write a move that the table allows."""
    if after in ENDED and not is_traced and after is not State.DEAD:
        connection.execute("DELETE FROM events WHERE number = ? AND state = ?", (step.number, before.value))
    elif after in ENDED and is_traced:
        connection.execute(
            "UPDATE events SET state = ?, status_code = ?, ended_at = max(pushed_at, ?), payload = x'' "
            "WHERE number = ? AND state = ?",
            (after.value, step.status_code, step.at, step.number, before.value),
        )
    else:
        connection.execute(
            "UPDATE events SET state = ?, due_at = ?, tries = coalesce(?, tries), error = ? "
            "WHERE number = ? AND state = ?",
            (after.value, step.due_at, step.tries, step.error, step.number, before.value),
        )


def _forget_old(connection: sqlite3.Connection, now: float) -> None:
    connection.execute("DELETE FROM events WHERE ended_at < ?", (now - KEPT_SECONDS,))


def _event(row: Sequence[Any]) -> Event:
    number, request_id, region, namespace, name, qualifier, origin, payload, pushed_at, tries, *flags, mark = row
    is_traced, is_orphaned = map(bool, flags)
    key = FunctionKey(region, namespace, name)
    return Event(number, request_id, key, qualifier, origin, payload, pushed_at, tries, is_traced, is_orphaned, mark)


def _trace(row: Sequence[Any]) -> Trace:
    request_id, origin, qualifier, state, status_code, started_at, ended_at = row
    status = _STATUSES.get(State(state), RUNNING)
    return Trace(request_id, origin, qualifier, status, status_code, started_at, ended_at)
