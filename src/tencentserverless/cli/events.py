"""Reads the events that a command is given: an option's text, a file, standard input."""

import json
import sys
from pathlib import Path
from typing import Any, NoReturn

from tencentserverless.cli.exits import Exit
from tencentserverless.cli.failure import Failure

_SHOWN_CHARACTERS = 60  # of a line, around where it is wrong


def read_event(data: str | None, file: Path | None, source: str | None) -> Any:
    """The event of a call, None for none.

    :param data: JSON text
    :param source: ``-`` to read standard input
    :raises Failure: if more than one is given, a file can't be read, or the text is no JSON
    """
    given = [name for name, value in (("-d", data), ("-f", file), ("-", source)) if value is not None]
    if len(given) > 1:
        raise Failure(Exit.USAGE, f"{' and '.join(given)} both give the event; choose one")
    if data is not None:
        return decode(data, "-d")
    if file is not None:
        try:
            return decode(file.read_text(encoding="utf-8"), str(file))
        except (OSError, UnicodeDecodeError) as error:
            raise Failure(Exit.USAGE, f"{file}: {getattr(error, 'strerror', None) or 'not a text in UTF-8'}") from error
    if source is not None:
        return decode(sys.stdin.read(), "standard input")
    return None


def decode(text: str, origin: str, line_number: int | None = None) -> Any:
    """The value of a JSON text.

    :param origin: where it is from, for the error
    :param line_number: of the text, where it is one line of many
    :raises Failure: with the place and a caret
    """
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        line = text.splitlines()[error.lineno - 1] if text.splitlines() else ""
        start = max(0, error.colno - 1 - _SHOWN_CHARACTERS // 2)
        shown = line[start : start + _SHOWN_CHARACTERS]
        detail = f"  {shown}\n  {' ' * (error.colno - 1 - start)}^"
        message = (
            f"{origin}, line {line_number or error.lineno}, column {error.colno}: {error.msg}; the event must be JSON"
        )
        raise Failure(Exit.USAGE, message, detail) from None
    except ValueError as error:
        where = origin if line_number is None else f"{origin}, line {line_number}"
        raise Failure(Exit.USAGE, f"{where}: {error}") from None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON; use null, or a text")
