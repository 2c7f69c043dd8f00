"""Printing for ``scf``: answers go to stdout, everything else to stderr. Python 3.6 syntax, like ``main``.

Messages are in the language of the reader, see ``translation``; answers are printed as they are, but those of ``tell``.
Colours are for terminals alone, and never where NO_COLOR is set (no-color.org). If the reader of the output ends, as
in ``scf functions list | head -1``, the program ends without a message.
"""

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any, TextIO

    from tencentserverless.cli.exits import Exit

_STYLES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33"}


def fail(
    code: "Exit", message: str, detail: str = "", faults: "Sequence[str]" = (), *, facts: "dict[str, Any] | None" = None
) -> int:
    """Print an error in one line; the value is the exit code. With ``--json``, print it as JSON to stdout as well.

    :param detail: lines to print before it, such as the traceback of a function
    :param faults: lines to print after it, each about a further fault
    :param facts: parts of the JSON that are more exact than ``code`` and ``message``; see ``describe_failure``
    """
    line = " ".join(message.splitlines())
    _complain(line, detail)
    for fault in faults:
        _write(sys.stderr, "  {}\n".format(plain(_translate(fault, sys.stderr))))
    if faults:
        facts = dict(facts or {}, message="\n".join((line,) + tuple(faults)))
    if _wants_json():
        _write(sys.stdout, describe_failure(code, line, facts) + "\n")
    return int(code)


def describe_failure(code: "Exit", message: str, facts: "dict[str, Any] | None" = None) -> str:
    """One line of JSON, the same for every failure of every command.

    ::

        {"error": {"exit": 10, "name": "FunctionError", "code": 430, "message": "...", "executed": "yes",
                   "request_id": "...", "stack_trace": "..."}}

    ``exit`` is the exit code, ``name`` the class of the SDK's error or else the exit code's name. What a failure does
    not have is null.
    """
    import json

    found = {"exit": int(code), "name": code.name, "code": None, "message": message}
    found.update({"executed": None, "request_id": None, "stack_trace": None})
    found.update(facts or {})
    done = found.pop("done", None)
    whole = {"error": found} if done is None else {"error": found, "done": done}
    return json.dumps(whole, ensure_ascii=False)


def _complain(line: str, detail: str = "") -> None:
    if detail:
        _write(sys.stderr, plain(detail).rstrip("\n") + "\n")
    label = style(_translate("scf: error:", sys.stderr), "red", sys.stderr)
    _write(sys.stderr, "{} {}\n".format(label, plain(_translate(line, sys.stderr))))


def _translate(text: str, stream: "TextIO | None") -> str:
    from tencentserverless.cli.output.translation import translate

    return translate(text, stream)


def _wants_json() -> bool:
    """True if the command line asks for JSON. It is searched, for a failure may come before it is read."""
    words = sys.argv[1:]
    return "--json" in (words[: words.index("--")] if "--" in words else words)


def notice(message: str) -> None:
    """Print a line that the user should see beside the answer."""
    _write(sys.stderr, "scf: {}\n".format(plain(_translate(message, sys.stderr))))


def remark(message: str) -> None:
    """Print lines beside the answer that need no label: a summary."""
    show_log(_translate(message, sys.stderr))


def show_log(text: str) -> None:
    """Print the log of a function beside the answer."""
    _write(sys.stderr, style(plain(text), "dim", sys.stderr) + "\n")


def tell(text: str) -> None:
    """Print an answer that is a sentence for people."""
    answer(_translate(text, sys.stdout))


def answer(line: str) -> None:
    """Print a line of the answer. It is flushed, for a program may wait for it."""
    _write(sys.stdout, (plain(line) if is_terminal(sys.stdout) else line) + "\n")


def answer_stream(chunks: "Iterable[bytes]") -> None:
    """Print the parts of an answer as they come. A terminal gets text, other readers get the bytes as they are."""
    if is_terminal(sys.stdout):
        _show_stream(chunks)
        return
    for chunk in chunks:
        _write_bytes(sys.stdout, chunk)


def _show_stream(chunks: "Iterable[bytes]") -> None:
    import codecs
    import io

    decoder = io.IncrementalNewlineDecoder(codecs.getincrementaldecoder("utf-8")("replace"), translate=True)
    last = ""
    for chunk in chunks:
        text = decoder.decode(chunk)
        _write(sys.stdout, plain(text))
        last = text[-1:] or last
    rest = decoder.decode(b"", final=True)
    if (rest or last)[-1:] not in ("", "\n"):
        rest += "\n"
    _write(sys.stdout, plain(rest))


def answer_json(value: "Any") -> None:
    """Print data for a program: one JSON text, indented."""
    import json

    _write(sys.stdout, json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def answer_table(heads: "list[str]", rows: "list[list[str]]") -> None:
    """Print rows in columns. The heads are printed on a terminal only, so that pipes get data."""
    shown = ([[_translate(head, sys.stdout) for head in heads]] if is_terminal(sys.stdout) else []) + rows
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
    shown = _translate(" ".join(text.splitlines()), sys.stdout)
    _write(sys.stdout, "{} {:<12} {}\n".format(label, name, plain(shown)))


def confirm(question: str) -> bool:
    """Ask on stderr, and read the answer from stdin: True for ``y`` and ``yes``."""
    _write(sys.stderr, "{} [y/N] ".format(plain(_translate(question, sys.stderr))))
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


def _write_bytes(stream: "TextIO | None", data: bytes) -> None:
    if stream is None:
        return
    try:
        stream.buffer.write(data)
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
        _complain("the output can't be written: {}".format(error.strerror))
    raise SystemExit(int(code))
