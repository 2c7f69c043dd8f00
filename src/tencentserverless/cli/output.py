"""Prints failures of ``scf``, all of them. Python 3.6 syntax, like ``main``."""

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tencentserverless.cli.exits import Exit


def fail(code: "Exit", message: str, detail: str = "") -> int:
    """Print one line that says what is wrong and what to do; the value is the exit code.

    :param detail: lines to show before it
    """
    if detail:
        sys.stderr.write(detail.rstrip("\n") + "\n")
    sys.stderr.write("scf: error: {}\n".format(" ".join(message.splitlines())))
    sys.stderr.flush()
    return int(code)


def notice(message: str) -> None:
    """Print a line that the user should see, beside what the command was asked for."""
    sys.stderr.write("scf: {}\n".format(message))
    sys.stderr.flush()


def detail(text: str) -> None:
    """Print lines that belong to an answer, beside it."""
    sys.stderr.write(text.rstrip("\n") + "\n")
    sys.stderr.flush()


def answer(line: str) -> None:
    """Print what was asked for. Flushed: a program may be waiting for the line."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def answer_json(value: "object") -> None:
    """Print what was asked for, for programs."""
    import json

    answer(json.dumps(value, ensure_ascii=False, indent=2))
