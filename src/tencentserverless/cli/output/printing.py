"""Printing for ``scf``: answers go to stdout, everything else to stderr. Python 3.6 syntax, like ``main``.

Colours are for terminals alone, and never where NO_COLOR is set (no-color.org). If the reader of the output ends, as
in ``scf functions list | head -1``, the program ends without a message.
"""

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, TextIO

    from tencentserverless.cli.exits import Exit

_STYLES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33"}


def fail(code: "Exit", message: str, detail: str = "", faults: "Sequence[str]" = ()) -> int:
    """Print an error in one line; the value is the exit code.

    :param detail: lines to print before it, such as the traceback of a function
    :param faults: lines to print after it, each about a further fault
    """
    if detail:
        _write(sys.stderr, plain(detail).rstrip("\n") + "\n")
    label = style("scf: error:", "red", sys.stderr)
    _write(sys.stderr, "{} {}\n".format(label, plain(" ".join(message.splitlines()))))
    for fault in faults:
        _write(sys.stderr, "  {}\n".format(plain(fault)))
    return int(code)


def notice(message: str) -> None:
    """Print a line that the user should see beside the answer."""
    _write(sys.stderr, "scf: {}\n".format(plain(message)))


def remark(message: str) -> None:
    """Print lines beside the answer that need no label: a log, a summary."""
    _write(sys.stderr, style(plain(message), "dim", sys.stderr) + "\n")


def answer(line: str) -> None:
    """Print a line of the answer. It is flushed, for a program may wait for it."""
    _write(sys.stdout, (plain(line) if is_terminal(sys.stdout) else line) + "\n")


def answer_json(value: "Any") -> None:
    """Print data for a program: one JSON text, indented."""
    import json

    _write(sys.stdout, json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def answer_table(heads: "list[str]", rows: "list[list[str]]") -> None:
    """Print rows in columns. The heads are printed on a terminal only, so that pipes get data."""
    shown = ([heads] if is_terminal(sys.stdout) else []) + rows
    widths = [max([len(row[index]) for row in shown] or [0]) for index in range(len(heads))]
    for number, row in enumerate(shown):
        line = "  ".join(cell.ljust(widths[index]) for index, cell in enumerate(row)).rstrip()
        is_head = number == 0 and len(shown) > len(rows)
        _write(sys.stdout, (style(line, "bold", sys.stdout) if is_head else plain(line)) + "\n")


def answer_finding(state: str, name: str, text: str) -> None:
    """Print the result of one check.

    :param state: ok, warning or failed
    """
    colour = {"ok": "green", "warning": "yellow", "failed": "red"}[state]
    label = style("{:<8}".format(state), colour, sys.stdout)
    _write(sys.stdout, "{} {:<12} {}\n".format(label, name, plain(" ".join(text.splitlines()))))


def confirm(question: str) -> bool:
    """Ask on stderr, and read the answer from stdin: True for ``y`` and ``yes``."""
    _write(sys.stderr, "{} [y/N] ".format(plain(question)))
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def can_ask() -> bool:
    """True if the user can be asked: stdin and stderr are terminals."""
    return is_terminal(sys.stdin) and is_terminal(sys.stderr)


def is_terminal(stream: "TextIO | None") -> bool:
    """True if the stream is a terminal. False if it was closed before the program began."""
    return stream is not None and not stream.closed and stream.isatty()


def style(text: str, name: str, stream: "TextIO | None") -> str:
    """The text in a colour, if the stream shows colours.

    :param name: one of bold, dim, red, green and yellow
    """
    import os

    if not is_terminal(stream) or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return text
    return "\x1b[{}m{}\x1b[0m".format(_STYLES[name], text)


def plain(text: str) -> str:
    """Escape the characters that move a terminal's cursor or change its colours: a text may come from a function."""
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() or letter in "\n\t" else ascii(letter)[1:-1] for letter in text)


def _write(stream: "TextIO | None", text: str) -> None:
    if stream is None:  # it was closed before the program began: there is no reader
        return
    try:
        stream.write(text)
        stream.flush()
    except UnicodeEncodeError:
        encoding = stream.encoding or "ascii"
        stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
        stream.flush()
    except OSError as error:
        _leave(error)


def _leave(error: OSError) -> None:
    """End the program, without the interpreter's own message when it flushes the streams."""
    import os

    from tencentserverless.cli.exits import Exit

    code = Exit.PIPE_CLOSED if isinstance(error, BrokenPipeError) else Exit.OUTPUT
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
    if code is Exit.OUTPUT:
        fail(code, "the output can't be written: {}".format(error.strerror))
    raise SystemExit(int(code))
