"""SQL of the dashboard about asynchronous invocations that have not ended. Each function makes a query."""

import sqlite3
from collections.abc import Callable
from typing import NamedTuple

from tencentserverless.local.registry.event_states import ENDED
from tencentserverless.local.registry.function_version import FunctionKey

_OPEN = f"(state NOT IN ({', '.join(repr(state.value) for state in ENDED)}) OR state = 'DEAD')"
_COLUMNS = (
    "number, request_id, region, namespace, name, qualifier, origin, mark, state, pushed_at, due_at, tries, error, "
    "is_traced, substr(payload, 1, 65536), length(payload)"
)


class QueuedEvent(NamedTuple):
    """An asynchronous invocation that waits or runs, or whose dead letter is not written yet.

    :param due_at: of its next attempt, None if none is waited for
    :param tries: the attempts that have failed
    :param event: the start of its event
    """

    number: int
    request_id: str
    key: FunctionKey
    qualifier: str
    origin: str
    mark: str
    state: str
    pushed_at: float
    due_at: float | None
    tries: int
    error: str
    is_traced: bool
    event: str
    event_bytes: int


def list_events(after: int, limit: int) -> Callable[[sqlite3.Connection], tuple[int, list[QueuedEvent]]]:
    """Return the number of all such events, and a page of them, the oldest first.

    :param after: only events with a higher number
    """

    def query(connection: sqlite3.Connection) -> tuple[int, list[QueuedEvent]]:
        (count,) = connection.execute(f"SELECT count(*) FROM events WHERE {_OPEN}").fetchone()  # noqa: S608
        rows = connection.execute(
            f"SELECT {_COLUMNS} FROM events WHERE number > ? AND {_OPEN} ORDER BY number LIMIT ?",  # noqa: S608
            (after, limit),
        )
        return count, [_event(row) for row in rows]

    return query


def _event(row: tuple[object, ...]) -> QueuedEvent:
    number, request_id, region, namespace, name, *values, is_traced, payload, size = row
    key = FunctionKey(str(region), str(namespace), str(name))
    text = bytes(payload).decode("utf-8", "replace") if isinstance(payload, bytes) else str(payload)
    return QueuedEvent(number, request_id, key, *values, bool(is_traced), text, size)  # type: ignore[call-arg,arg-type]
