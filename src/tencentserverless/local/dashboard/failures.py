"""The failure of a call as the dashboard shows it: one line, and the frames of its traceback."""

import json
import re
from pathlib import Path

from tencentserverless.exception import explain_traceback
from tencentserverless.local.dashboard.sources import JsonObject

_MAX_LINE_CHARS = 300
_MAX_FRAMES = 200
_PYTHON_FRAME = re.compile(r'^ *File "(?P<file>[^"\n]{1,1024})", line (?P<line>\d{1,9})(?:, in (?P<name>[^\n]*))?$')
_NODE_FRAME = re.compile(
    r"^ *at (?:(?P<name>[^\n(]{1,256}) \()?(?P<file>/[^\n():]{1,1024}):(?P<line>\d{1,9}):\d{1,9}\)?$"
)
_TYPE = re.compile(r"([A-Za-z_][\w.]{0,200})(?::|$)")
_OWN_MESSAGE = "user code exception caught"


def read_failure(message: str) -> tuple[str, str]:
    """Return the message and the traceback of a platform's error object; the text itself for another one."""
    try:
        found = json.loads(message)
    except (ValueError, RecursionError):
        return message[:_MAX_LINE_CHARS], ""
    if not isinstance(found, dict):
        return message[:_MAX_LINE_CHARS], ""
    return str(found.get("errorMessage", "")), str(found.get("stackTrace", ""))


def summarise(message: str) -> str:
    """Return one line about a failure, from its RetMsg."""
    problem, trace = read_failure(message)
    line = explain_traceback(trace)[0] if trace else problem
    return (line.strip().splitlines() or [""])[0][:_MAX_LINE_CHARS]


def shown_error(status: int, message: str, code_folder: Path | None) -> JsonObject:
    """Return the structure Error of a call that has failed.

    :param code_folder: of its function, None if the function is gone
    """
    problem, trace = read_failure(message)
    lines = trace.splitlines()
    last = next((line for line in reversed(lines) if line and not line.startswith(" ")), "")
    kind = _TYPE.match(last)
    is_python = kind is not None and bool(trace)
    text = explain_traceback(trace)[0] if trace and problem == _OWN_MESSAGE else problem
    return {
        "status": status,
        "type": kind[1] if is_python and kind is not None else "",
        "message": text,
        "stack_trace": trace,
        "frames": _frames(lines, code_folder),
    }


def _frames(lines: list[str], code_folder: Path | None) -> list[JsonObject]:
    found: list[JsonObject] = []
    for number, line in enumerate(lines):
        match = _PYTHON_FRAME.match(line) or _NODE_FRAME.match(line)
        if match is None:
            continue
        path = Path(match["file"])
        if code_folder is not None and not path.is_absolute():
            path = code_folder / path
        after = lines[number + 1] if number + 1 < len(lines) else ""
        is_source = after.startswith("    ") and match.re is _PYTHON_FRAME and not _PYTHON_FRAME.match(after)
        found.append(
            {
                "file": str(path),
                "line": int(match["line"]),
                "function": match["name"] or "",
                "source": after.strip() if is_source else "",
                "is_own": code_folder is not None and path.is_relative_to(code_folder),
            }
        )
    return found[-_MAX_FRAMES:]
