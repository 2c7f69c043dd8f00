"""The cause of a failed call: its type, its message and the last line of code, from the error and its traceback."""

import re
from typing import NamedTuple

_FRAME = re.compile(r'^\s+File "(?P<path>.*)", line (?P<line>\d+)(?:, in (?P<name>.*))?$')
_ERROR = re.compile(r"^(?P<kind>[A-Za-z_][\w.]*)(?:: (?P<message>.*))?$")
_SEPARATOR = re.compile(r"[/\\]")
_MAX_MESSAGE_CHARACTERS = 500


class Cause(NamedTuple):
    """The cause of a failure.

    :ivar kind: class of the exception in the function, such as ``KeyError``; else the code of the API, or our class
    :ivar frame: the last line of the traceback, such as ``index.py:3 in main_handler``; empty if there is none
    """

    kind: str
    message: str
    frame: str


def find_cause(error: Exception) -> Cause:
    """The cause of a failed call."""
    message = str(getattr(error, "message", None) or error)
    for text in (join_trace(getattr(error, "stack_trace", "")), message):
        cause = read_trace(text)
        if cause is not None:
            return cause
    code = getattr(error, "code", None)
    # An API code such as ResourceNotFound.Function says more than a class; a function's code is -1 whatever it did.
    kind = code if isinstance(code, str) else type(error).__name__
    return Cause(kind, message[:_MAX_MESSAGE_CHARACTERS], "")


def join_trace(trace: object) -> str:
    """A traceback as text: the platform's answers have it as a text or as a list of lines."""
    return "\n".join(map(str, trace)) if isinstance(trace, list) else str(trace or "")


def read_trace(text: str) -> Cause | None:
    """The cause that a Python traceback ends with; None if the text is none."""
    lines = text.splitlines()
    frames = [(number, found) for number, line in enumerate(lines) if (found := _FRAME.match(line))]
    if not frames:
        return None
    number, last = frames[-1]
    ends = (index for index in range(number + 1, len(lines)) if lines[index][:1].strip())
    end = next(ends, None)
    found = _ERROR.match(lines[end]) if end is not None else None
    if end is None or found is None:
        return None
    message = "\n".join([found["message"] or "", *lines[end + 1 :]]).strip()
    place = f"{_SEPARATOR.split(last['path'])[-1]}:{last['line']}"
    frame = f"{place} in {last['name']}" if last["name"] else place
    return Cause(found["kind"], message[:_MAX_MESSAGE_CHARACTERS], frame)
