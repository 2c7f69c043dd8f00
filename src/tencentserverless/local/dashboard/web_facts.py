"""The web request behind a call: of a web function as its app was asked, of an event function from event and result."""

import json
from collections.abc import Mapping, Sequence

import msgspec

from tencentserverless.local.dashboard.sources import JsonObject
from tencentserverless.local.invocations.history import COVERED, InvocationRecord

_URL = "url"
_OK, _SWITCHED = 200, 101
_SECRET_HEADERS = frozenset(("authorization", "proxy-authorization", "cookie", "set-cookie", "x-tc-token"))


def web_facts(record: InvocationRecord) -> JsonObject | None:
    """Return the structure WebFacts of a call, None if it was none of a URL."""
    if isinstance(record.web, bytes):
        return _of_app(msgspec.json.decode(record.web))
    if record.origin != _URL or record.event is None:
        return None
    event = _object(record.event)
    headers = event.get("headers")
    if "httpMethod" not in event or not isinstance(headers, dict):
        return None
    is_answered = record.status == 0
    result = _object(record.message) if is_answered and not record.message_bytes else {}
    status = result.get("statusCode", _OK) if is_answered else None
    answered = result.get("headers")
    return {
        "method": str(event["httpMethod"]),
        "url": _url(event),
        "status": status if isinstance(status, int) else _OK,
        "request_headers": _covered(headers),
        "response_headers": _covered(answered) if isinstance(answered, dict) else [],
        "request_bytes": len(str(event.get("body", "")).encode("utf-8", "replace")),
        "response_bytes": len(str(result.get("body", record.message)).encode("utf-8", "replace")),
        "stream": "",
    } | ({} if is_answered else {"status": None, "response_bytes": 0})


def _of_app(facts: Mapping[str, object]) -> JsonObject:
    headers = facts["answer_headers"]
    assert isinstance(headers, list), "the history has written it"
    return {
        "method": facts["method"],
        "url": facts["url"],
        "status": facts["status"],
        "request_headers": facts["request_headers"],
        "response_headers": headers,
        "request_bytes": facts["request_bytes"],
        "response_bytes": facts["answer_bytes"],
        "stream": _stream(facts["status"], headers),
    }


def _stream(status: object, headers: Sequence[Sequence[str]]) -> str:
    """Return ``websocket``, ``sse`` or ``chunked``, ``""`` for an answer with a length."""
    if status == _SWITCHED:
        return "websocket"
    by_name = {name.lower(): value for name, value in headers}
    if by_name.get("content-type", "").lower().startswith("text/event-stream"):
        return "sse"
    return "chunked" if status is not None and "chunked" in by_name.get("transfer-encoding", "").lower() else ""


def _object(text: str | bytes) -> JsonObject:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _url(event: JsonObject) -> str:
    query = event.get("queryString")
    pairs = [f"{name}={value}" for name, value in query.items()] if isinstance(query, dict) else []
    return f"{event.get('path', '')}{'?' if pairs else ''}{'&'.join(pairs)}"


def _covered(headers: Mapping[str, object]) -> list[list[str]]:
    return [[name, COVERED if name.lower() in _SECRET_HEADERS else str(value)] for name, value in headers.items()]
