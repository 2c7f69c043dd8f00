"""The event of a call, read from the command line, from a file, or from stdin."""

import json
import os
import stat
import sys
import unicodedata
from pathlib import Path
from typing import NoReturn, TextIO

import click

from tencentserverless.cli.exits import Exit
from tencentserverless.cli.output import printing
from tencentserverless.cli.output.failures import Failure

_SHOWN_BEFORE, _SHOWN_AFTER = 50, 20  # characters around a fault


def read_event(text: str | None, path: str | None, dash: str | None) -> object:
    """Read the event; None if none is given.

    :param text: the value of ``-d``
    :param path: the value of ``-f``; ``-`` is stdin
    :param dash: ``-`` for stdin
    :raises click.UsageError: if more than one of them is given
    :raises Failure: if it can't be read, or is not JSON
    """
    if sum(each is not None for each in (text, path, dash)) > 1:
        raise click.UsageError("give the event once: -d JSON, -f FILE, or - for standard input")
    if text is not None and text.startswith("@"):
        raise click.UsageError(f"-d takes JSON; for a file, write: -f {text[1:]}")
    if text is not None:
        return parse_json(text, "-d")
    if dash is not None or path == "-":
        return parse_json(_decode(sys.stdin.buffer.read(), "stdin"), "stdin")
    if path is None:
        if _is_file(sys.stdin):
            printing.notice("no event was sent; to send standard input as the event, add -")
        return None
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise Failure(Exit.INPUT, f"{path}: {error.strerror}") from error
    return parse_json(_decode(data, path), path)


def _is_file(stream: "TextIO | None") -> bool:
    """True if the stream reads a file, as after ``<``."""
    try:
        return stream is not None and stat.S_ISREG(os.fstat(stream.fileno()).st_mode)
    except (OSError, ValueError):
        return False


def parse_json(text: str, source: str, first_line: int = 1) -> object:
    """The value of a JSON text.

    :param source: the name of the source, for the error
    :param first_line: the line number of the text's first line in the source
    :raises Failure: if it is no JSON; the failure shows the place with a caret
    """

    def refuse(constant: str) -> NoReturn:
        raise Failure(Exit.INPUT, f"{source}: {constant} is not JSON: use null or a text")

    try:
        return json.loads(text, parse_constant=refuse)
    except json.JSONDecodeError as error:
        place = f"line {first_line + error.lineno - 1}, column {error.colno}"
        raise Failure(Exit.INPUT, f"{source} is not JSON: {error.msg} ({place})", point_at(text, error.pos)) from None
    except RecursionError:
        raise Failure(Exit.INPUT, f"{source}: nested too deep") from None


def point_at(text: str, position: int) -> str:
    """The line of a position, or a part of it, with a caret under the position."""
    start = text.rfind("\n", 0, position) + 1
    end = text.find("\n", position)
    end = len(text) if end < 0 else end
    first = max(start, position - _SHOWN_BEFORE)
    shown = text[first : min(end, position + _SHOWN_AFTER)]
    before = "".join("\t" if letter == "\t" else " " * _width(letter) for letter in text[first:position])
    return f"  {shown}\n  {before}^"


def _width(letter: str) -> int:
    """The number of columns that a letter takes on a terminal."""
    if unicodedata.combining(letter):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1


def _decode(data: bytes, source: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Failure(Exit.INPUT, f"{source}: not a text in UTF-8 (byte {error.start})") from None
