"""The pages of invocations: lists, one call whole, and its long texts."""

import asyncio

from tencentserverless.local.dashboard.failures import shown_error
from tencentserverless.local.dashboard.files import header_lines
from tencentserverless.local.dashboard.invocation_rows import line_of, lines_of_running, row_of
from tencentserverless.local.dashboard.queries import Query, read_cursor, read_key
from tencentserverless.local.dashboard.sources import JsonObject, Refusal, Sources
from tencentserverless.local.dashboard.texts import MAX_BYTES, download_of, shown_log, shown_text
from tencentserverless.local.dashboard.web_facts import web_facts
from tencentserverless.local.http.messages import Answer
from tencentserverless.local.invocations.history import InvocationRecord, read_records
from tencentserverless.local.registry import invocation_pages
from tencentserverless.local.registry.function_version import FunctionKey
from tencentserverless.local.registry.invocation_pages import Line, Wanted

PAGE = 200
_MAX_TEXT_CHARS = 200
_RUNNING = "running"
_ORIGINS = ("api", "url", "queue", "timer", "dashboard")
_PARTS = ("event", "result", "log")
_SHOWN_CHARS = 64 * 1024


async def list_invocations(query: Query, sources: Sources) -> JsonObject:
    """Return a page of calls, the newest first."""
    now, status = sources.clock(), query.text("status")
    before, has_logs = read_cursor(query), query.text("log") == "1"
    lines: list[Line] = []
    if before is None and status in ("", _RUNNING):
        running = [each for each in reversed(sources.history.running()) if _fits(each, query)][:PAGE]
        lines += lines_of_running(running, sources.engine, has_logs=has_logs)
    origin = _checked_origin(query.text("origin"))
    if status == _RUNNING:
        return {"items": [row_of(line, now) for line in lines], "next": None}
    wanted = Wanted(
        *(query.text("region"), query.text("namespace"), query.text("function")),
        status=_checked_status(status),
        origin=origin,
        text=query.text("text")[:_MAX_TEXT_CHARS],
        since=query.number("since"),
        until=query.number("until"),
        before=before,
        has_logs=has_logs,
        limit=PAGE + 1,
    )
    found = await sources.history.read(invocation_pages.list_lines(wanted))
    page, rest = found[:PAGE], found[PAGE:]
    rows = [row_of(line, now) for line in (*lines, *page)]
    return {"items": rows, "next": str(page[-1].number) if rest else None}


async def show_invocation(query: Query, sources: Sources) -> JsonObject:
    """Return one call, whole."""
    record = await _find(query, sources)
    key, request_id, attempt = record.key, record.request_id, record.retry_number
    read, now = sources.history.read, sources.clock()
    attempts, again = await asyncio.gather(
        read(invocation_pages.list_attempts(key, request_id)), read(invocation_pages.list_repeats(request_id))
    )
    if record.status is None:
        attempts = [*attempts, line_of(record)]
    own = next((line for line in attempts if line.retry_number == attempt), line_of(record))
    function = sources.catalogue.find_kept(key)
    event = await _shown_part("event", record, sources)
    folder = function.versions.get(record.version, function.latest).code_folder if function else None
    failed = bool(record.status)
    return {
        "row": row_of(own, now),
        "event": event,
        "result": None if record.status is None else await _shown_part("result", record, sources),
        "error": shown_error(record.status or 0, record.message, folder) if failed else None,
        "log": _shown_log(record, sources),
        "attempts": [row_of(line, now) for line in attempts],
        "again": [row_of(line, now) for line in again],
        "can_run_again": event is not None and function is not None and sources.engine.can_run(function),
        "web": web_facts(record),
    }


async def download(query: Query, sources: Sources) -> Answer:
    """Return a whole text of a call, as an attachment."""
    part = query.text("part")
    if part not in _PARTS:
        raise Refusal(400, "parameter", f"part must be one of {', '.join(_PARTS)}, not {part[:64]!r}")
    record = await _find(query, sources)
    if part == "log":
        text: str | None = record.output.decode("utf-8", "replace")
    else:
        text = _kept_part(part, record)
        if text is None:
            find = invocation_pages.find_long_text(record.request_id, record.retry_number, part)
            text = await sources.history.read(find)
    if text is None:
        raise Refusal(404, "not_found", f"the {part} of this call is not kept: longer texts have 32 MB in all")
    name = f"{record.key.name}-{record.request_id}-{part}.txt"
    lines = header_lines("text/plain; charset=utf-8", Content_Disposition=f'attachment; filename="{name}"')
    return Answer(200, text.encode("utf-8", "replace"), lines)


def _shown_log(record: InvocationRecord, sources: Sources) -> JsonObject:
    """The structure Text of a log; of a call that runs, as far as it is written."""
    if record.status is None:
        return shown_log(*sources.engine.peek_outputs({record.request_id}, MAX_BYTES).get(record.request_id, (b"", 0)))
    return shown_log(record.output, 0, download_of(record.key, record.request_id, record.retry_number, "log"))


def _kept_part(part: str, record: InvocationRecord) -> str | None:
    """The text that is in the record itself, None if it is elsewhere."""
    if part == "event":
        return record.event.decode("utf-8", "replace") if record.event is not None else None
    return record.message if not record.message_bytes else None


async def _shown_part(part: str, record: InvocationRecord, sources: Sources) -> JsonObject | None:
    """The structure Text of an event or a result; None if it is not kept."""
    text = _kept_part(part, record)
    if text is not None:
        return shown_text(text, 0, download_of(record.key, record.request_id, record.retry_number, part))
    size = record.event_bytes if part == "event" else record.message_bytes
    find = invocation_pages.find_long_text(record.request_id, record.retry_number, part, _SHOWN_CHARS)
    start = await sources.history.read(find) if size else None
    if start is None:
        return shown_text(record.message, size) if part == "result" else None
    return shown_text(start, size, download_of(record.key, record.request_id, record.retry_number, part))


async def _find(query: Query, sources: Sources) -> InvocationRecord:
    """The call that a query names.

    :raises Refusal: if there is none
    """
    key, request_id = read_key(query), query.needed("request_id")
    attempt = read_cursor(query, "attempt")
    for each in sources.history.running():
        if each.request_id == request_id and each.key == key and attempt in (None, each.retry_number):
            return each
    rows = await sources.history.read(invocation_pages.find_attempt(key, request_id, attempt))
    found = next(read_records(rows), None)
    if found is None:
        problem = f"there is no call {request_id[:64]!r} of {key} any more: the history has the last 10,000"
        raise Refusal(404, "not_found", problem)
    return found


def _checked_status(status: str) -> str:
    if status not in ("", "ok", "failed") and not (status.isascii() and status.isdigit() and len(status) <= 4):
        raise Refusal(400, "parameter", f"status must be running, ok, failed or a number, not {status[:64]!r}")
    return status


def _checked_origin(origin: str) -> str:
    if origin and origin not in _ORIGINS:
        raise Refusal(400, "parameter", f"origin must be one of {', '.join(_ORIGINS)}, not {origin[:64]!r}")
    return origin


def _fits(record: InvocationRecord, query: Query) -> bool:
    key: FunctionKey = record.key
    text = query.text("text").lower()
    since, until = query.number("since"), query.number("until")
    pairs = zip((query.text("region"), query.text("namespace"), query.text("function")), key, strict=True)
    return (
        all(wanted in ("", value) for wanted, value in pairs)
        and query.text("origin") in ("", record.origin.partition(" ")[0])
        and (not text or text in record.request_id or text in (record.event or b"").decode("utf-8", "replace").lower())
        and (since is None or record.started_at >= since)
        and (until is None or record.started_at <= until)
    )
