"""A call as a row of a list, from the database or while it runs, and from the stream of ended calls."""

import math
from collections.abc import Sequence

from tencentserverless.local.dashboard.failures import summarise
from tencentserverless.local.dashboard.sources import Engine, JsonObject
from tencentserverless.local.dashboard.texts import MAX_LOG_BYTES, download_of, key_fields, shown_log
from tencentserverless.local.invocations.history import InvocationRecord
from tencentserverless.local.registry.invocation_pages import Line

_DASHBOARD = "dashboard"


def lines_of_running(records: Sequence[InvocationRecord], engine: Engine, *, has_logs: bool) -> list[Line]:
    """Return running calls as lines, with their output so far if logs are wanted."""
    lines = [line_of(each) for each in records]
    if not has_logs:
        return lines
    outputs = engine.peek_outputs({line.request_id for line in lines}, MAX_LOG_BYTES)
    return [_with_output(line, *outputs.get(line.request_id, (b"", 0))) for line in lines]


def _with_output(line: Line, output: bytes, size: int) -> Line:
    errors = "ignore" if size > len(output) else "replace"  # it may begin within a character
    return line._replace(log=output.decode("utf-8", errors), log_bytes=size)


def line_of(record: InvocationRecord) -> Line:
    """Return a record of the history as a line, without a number."""
    return Line(
        *(None, record.key, record.version, record.request_id, record.started_at, record.memory_mb, record.status),
        *(record.duration_ms, record.memory_bytes, record.retry_number, record.origin),
        *(record.waited_ms, record.cold_start_ms),
        record.message if record.status else None,
    )


def row_of(line: Line, now: float) -> JsonObject:
    """Return the structure InvocationRow.

    :param now: the end of a call that still runs
    """
    is_running = line.status is None
    duration_ms = max(0.0, (now - line.started_at) * 1000.0) if is_running else line.duration_ms
    cold_ms = min(line.cold_start_ms, max(0.0, line.waited_ms))
    queued_ms = max(0.0, line.waited_ms - cold_ms)
    kind, _, again_of = line.origin.partition(" ")
    row: JsonObject = {
        "row": line.number,
        "request_id": line.request_id,
        "attempt": line.retry_number,
        **key_fields(line.key),
        "version": line.version,
        "status": line.status,
        "error": summarise(line.failure) if line.failure else None,
        "started_at": line.started_at,
        "duration_ms": duration_ms,
        "billed_ms": 0 if is_running else math.ceil(line.duration_ms),
        "memory_mb": line.memory_mb,
        "memory_bytes": line.memory_bytes,
        "phases": {"queued_ms": queued_ms, "cold_start_ms": cold_ms, "run_ms": duration_ms},
        "origin": kind,
        "again_of": again_of if kind == _DASHBOARD and again_of else None,
    }
    if line.log is not None:
        address = None if is_running else download_of(line.key, line.request_id, line.retry_number, "log")
        row["log"] = shown_log(line.log.encode("utf-8"), line.log_bytes, address, MAX_LOG_BYTES)
    return row
