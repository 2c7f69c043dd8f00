"""A call as a row of a list, from the database or while it runs, and from the stream of ended calls."""

import math

from tencentserverless.local.dashboard.failures import summarise
from tencentserverless.local.dashboard.sources import JsonObject
from tencentserverless.local.dashboard.texts import MAX_LOG_BYTES, download_of, key_fields, shown_log
from tencentserverless.local.invocations.history import InvocationRecord
from tencentserverless.local.registry.invocation_pages import Line

_DASHBOARD = "dashboard"


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
        address = download_of(line.key, line.request_id, line.retry_number, "log")
        row["log"] = shown_log(line.log.encode("utf-8"), line.log_bytes, address, MAX_LOG_BYTES)
    return row
