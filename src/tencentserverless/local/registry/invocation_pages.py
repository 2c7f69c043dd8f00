"""SQL of the dashboard about ended calls: pages of them, what they were like in all, one whole, and its long texts.

Every public function makes a query for ``InvocationHistory.read``.
"""

import json
import sqlite3
from collections import defaultdict
from dataclasses import dataclass
from typing import Any, NamedTuple

from tencentserverless.local.registry.function_version import FunctionKey
from tencentserverless.local.registry.invocation_tables import COLUMNS, FACTS, Query, Row, fact

_LOG_CHARS = 4096
_ORIGIN = fact("origin")
_LIKE = r"LIKE ? ESCAPE '\'"
_FAILURES = {"ok": "status = 0", "failed": "status <> 0"}
_LINE_COLUMNS = (
    "number, region, namespace, name, request_id, started_at, status, duration_ms, memory_bytes, facts, "
    "CASE WHEN status <> 0 THEN message END"
)
_LOG = f", substr(output, -{_LOG_CHARS}), length(CAST(output AS BLOB))"


class Line(NamedTuple):
    """A call as a list shows it.

    :param number: in the history; None for a call that is not written yet
    :param status: None while it runs
    :param failure: RetMsg of a call that has failed
    :param log: the last part of its output, where it was asked for
    """

    number: int | None
    key: FunctionKey
    version: str
    request_id: str
    started_at: float
    memory_mb: int
    status: int | None
    duration_ms: float
    memory_bytes: int
    retry_number: int
    origin: str
    waited_ms: float
    cold_start_ms: float
    failure: str | None
    log: str | None = None
    log_bytes: int = 0


#: What one ended call was like: its status, its start in UNIX seconds and its duration in milliseconds.
Figures = tuple[int, float, float]


@dataclass(frozen=True, slots=True)
class Wanted:
    """The calls that a page lists.

    :param status: ``ok``, ``failed`` or a status; empty for all
    :param origin: its first word; empty for all
    :param text: in the request id, the event, the result or the log; of ASCII letters, the case does not matter
    :param before: only calls with a lower number
    """

    region: str = ""
    namespace: str = ""
    name: str = ""
    status: str = ""
    origin: str = ""
    text: str = ""
    since: float | None = None
    until: float | None = None
    before: int | None = None
    has_logs: bool = False
    limit: int = 200


def list_lines(wanted: Wanted) -> Query[list[Line]]:
    """List ended calls, the one that ended last first."""
    conditions, values = _conditions(wanted)
    where = f"WHERE {' AND '.join(conditions)} " if conditions else ""
    columns = _LINE_COLUMNS + (_LOG if wanted.has_logs else "")
    sql = f"SELECT {columns} FROM invocations {where}ORDER BY number DESC LIMIT ?"  # noqa: S608  # no text of a request

    def query(connection: sqlite3.Connection) -> list[Line]:
        return [_line(row) for row in connection.execute(sql, [*values, wanted.limit])]

    return query


def list_attempts(key: FunctionKey, request_id: str) -> Query[list[Line]]:
    """List the runs of one request id, the first one first."""
    return _listed(
        "request_id = ? AND name = ? AND namespace = ? AND region = ? ORDER BY number",
        (request_id, key.name, key.namespace, key.region),
    )


def list_repeats(request_id: str) -> Query[list[Line]]:
    """List the runs of the dashboard that repeat a call, the first one first."""
    return _listed("instr(facts, ?) ORDER BY number", (json.dumps(f"dashboard {request_id}"),))


def list_figures(key: FunctionKey | None = None) -> Query[dict[FunctionKey, list[Figures]]]:
    """List the figures of the ended calls of each function, the call that ended first first.

    :param key: of the only function that is wanted
    """
    where = "" if key is None else "WHERE region = ? AND namespace = ? AND name = ? "
    sql = f"SELECT region, namespace, name, status, started_at, duration_ms FROM invocations {where}ORDER BY number"  # noqa: S608

    def query(connection: sqlite3.Connection) -> dict[FunctionKey, list[Figures]]:
        found: dict[tuple[str, str, str], list[Figures]] = defaultdict(list)
        for region, namespace, name, status, started_at, duration_ms in connection.execute(sql, key or ()):
            found[region, namespace, name].append((status, started_at, duration_ms))
        return {FunctionKey(*place): figures for place, figures in found.items()}

    return query


def find_attempt(key: FunctionKey, request_id: str, retry_number: int | None) -> Query[list[Row]]:
    """Return the run of a request id, as a row of ``COLUMNS``; the last one if no number is given."""
    condition = "" if retry_number is None else f" AND {fact('retry_number')} = ?"
    values = (request_id, key.name, key.namespace, key.region, *(() if retry_number is None else (retry_number,)))
    sql = (
        f"SELECT {COLUMNS} FROM invocations WHERE request_id = ? AND name = ? AND namespace = ? AND region = ?"  # noqa: S608
        f"{condition} ORDER BY number DESC LIMIT 1"
    )
    return lambda connection: connection.execute(sql, values).fetchall()


def find_long_text(request_id: str, retry_number: int, part: str, limit: int | None = None) -> Query[str | None]:
    """Return a text that is kept apart from its record, None if it is not kept.

    :param part: ``event`` or ``result``
    :param limit: the characters of its start that are wanted
    """

    def query(connection: sqlite3.Connection) -> str | None:
        row = connection.execute(
            "SELECT substr(value, 1, coalesce(?, length(value))) FROM long_texts "
            "WHERE request_id = ? AND retry_number = ? AND part = ? ORDER BY number DESC",
            (limit, request_id, retry_number, part),
        ).fetchone()
        return str(row[0]) if row else None

    return query


def _conditions(wanted: Wanted) -> tuple[list[str], list[object]]:
    conditions: list[str] = []
    values: list[object] = []
    pairs = (("region", wanted.region), ("namespace", wanted.namespace), ("name", wanted.name))
    for column, value in pairs:
        if value:
            conditions.append(f"{column} = ?")
            values.append(value)
    if wanted.status in _FAILURES:
        conditions.append(_FAILURES[wanted.status])
    elif wanted.status:
        conditions.append("status = ?")
        values.append(int(wanted.status))
    if wanted.origin:
        conditions.append(f"({_ORIGIN} = ? OR {_ORIGIN} {_LIKE})")
        values += [wanted.origin, f"{_literal(wanted.origin)} %"]
    limits = (("number < ?", wanted.before), ("started_at >= ?", wanted.since), ("started_at <= ?", wanted.until))
    for condition, limit in limits:
        if limit is not None:
            conditions.append(condition)
            values.append(limit)
    if wanted.text:
        parts = ("request_id", "message", "output", "event")
        conditions.append(f"({' OR '.join(f'{part} {_LIKE}' for part in parts)})")
        values += [f"%{_literal(wanted.text)}%"] * len(parts)
    return conditions, values


def _literal(text: str) -> str:
    """A text in which LIKE finds no signs of its own."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _listed(condition: str, values: tuple[object, ...]) -> Query[list[Line]]:
    sql = f"SELECT {_LINE_COLUMNS} FROM invocations WHERE {condition} LIMIT 200"  # noqa: S608  # conditions of this module
    return lambda connection: [_line(row) for row in connection.execute(sql, values)]


def _line(row: Any) -> Line:
    number, region, namespace, name, request_id, started_at, status, duration_ms, memory_bytes, text, failure, *log = (
        row
    )
    facts = dict(zip(FACTS, json.loads(text), strict=True))
    return Line(
        *(number, FunctionKey(region, namespace, name), facts["version"], request_id, started_at),
        *(facts["memory_mb"], status, duration_ms, memory_bytes, facts["retry_number"], facts["origin"]),
        *(facts["waited_ms"], facts["cold_start_ms"], failure, *log),
    )
