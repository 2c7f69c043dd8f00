"""The log of a past call as lines of text: its output and, if it failed, the time, the status and the traceback."""

import json
from typing import Any

from tencentserverless.cli.output.causes import join_trace
from tencentserverless.cli.output.number_format import show_ms

_SUCCEEDED, _RUNNING = 0, 2  # RetCode of cloud.tencent.com/document/api/583/17244, FunctionLog


def describe_call(call: dict[str, Any]) -> list[str]:
    """The texts to print about a call.

    :param call: the structure FunctionLog
    """
    code, log = call.get("RetCode"), str(call.get("Log") or "").rstrip("\n")
    if code == _RUNNING:
        return [*([log] if log else []), f"RequestId: {call['RequestId']} is still running, since {call['StartTime']}"]
    if code == _SUCCEEDED:
        return [log or f"RequestId: {call['RequestId']} has no log"]
    status, message, trace = _read_error(str(call.get("RetMsg") or ""))
    head = " ".join(part for part in ("ERROR", status, message) if part)
    when = f"{call['StartTime']}, after {show_ms(float(call.get('Duration') or 0.0))}"
    lines = [log] if log else [f"RequestId: {call['RequestId']}"]
    return [*lines, f"{head} ({when})", *([trace.rstrip("\n")] if trace else [])]


def _read_error(message: str) -> tuple[str, str, str]:
    """Status, message and traceback of the platform's error object; a text that is none is the message."""
    try:
        found = json.loads(message)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        return "", " ".join(message.split()), ""
    status = found.get("statusCode")
    text = " ".join(str(found.get("errorMessage") or "").split())
    return "" if status is None else str(status), text, join_trace(found.get("stackTrace"))
