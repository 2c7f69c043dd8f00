"""The help of a group of commands: of ``scf``, ``scf local`` and the like.

It is made from the table of commands, in the layout of click, without click: that takes longer to load than all else,
and this help is the first thing that a user sees. Nothing is imported at the top.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

ABOUT = "Call Tencent Cloud functions, and run them on this machine."
HELP = ("-h", "--help")
_HELP_ROW = ("-h, --help", "Show this message and exit.")
_VERSION_ROW = ("--version", "Show the version and exit.")
_MAX_WIDTH = 80


class Row:
    """A command in a listing, and its place in the source.

    :ivar summary: the line in the listing
    :ivar place: ``module:name`` below ``cli.commands``; for a group, the rows of its commands
    :ivar posix_only: names the program that does not run on Windows; ``""`` for a command that runs everywhere
    """

    __slots__ = ("place", "posix_only", "summary")

    summary: str
    place: "str | Mapping[str, Row]"
    posix_only: str

    def __init__(self, summary: str, place: "str | Mapping[str, Row]", posix_only: str = "") -> None:
        self.summary = summary
        self.place = place
        self.posix_only = posix_only


def find_group(words: list[str], rows: "Mapping[str, Row]") -> "tuple[tuple[str, ...], str, Mapping[str, Row]] | None":
    """Find the group whose help a command line asks for: its words, its summary and its rows.

    None for any other command line: it is left to click.
    """
    from tencentserverless.cli.extras import is_windows

    about = ABOUT
    for number, word in enumerate(words):
        if word in HELP and number == len(words) - 1:
            return tuple(words[:number]), about, rows
        row = rows.get(word)
        if row is None or isinstance(row.place, str) or (row.posix_only and is_windows()):
            return None
        about, rows = row.summary, row.place
    return tuple(words), about, rows


def write_help(path: "tuple[str, ...]", about: str, rows: "Mapping[str, Row]") -> str:
    """The help of a group.

    :param path: its words after ``scf``
    """
    from tencentserverless.cli.output.translation import translate

    options = [_HELP_ROW] if path else [_VERSION_ROW, _HELP_ROW]
    commands = [(name, row.summary) for name, row in rows.items()]
    usage = " ".join(("scf", *path, "[OPTIONS] COMMAND [ARGS]..."))
    columns = _find_width()
    lines = [f"{translate('Usage')}: {usage}", "", *("  " + line for line in _wrap(translate(about), columns - 2))]
    for heading, pairs in (("Options", options), ("Commands", commands)):
        lines += ["", f"{translate(heading)}:"]
        width = max(len(first) for first, _ in pairs)
        for first, second in pairs:
            shown = _wrap(translate(second), columns - width - 4)
            lines.append(f"  {first.ljust(width)}  {shown[0]}")
            lines += [" " * (width + 4) + line for line in shown[1:]]
    return "\n".join(lines)


def _wrap(text: str, width: int) -> list[str]:
    if len(text) * (1 if text.isascii() else 2) <= width:  # also if each letter is a wide one
        return [text]
    from tencentserverless.cli.output.wrapping import wrap

    return list(wrap(text, width)) or [""]


def _find_width() -> int:
    """The columns for a help text, as click counts them."""
    import os

    given = os.environ.get("COLUMNS", "")
    if given.isdigit() and int(given):
        columns = int(given)
    else:
        try:
            columns = os.get_terminal_size().columns
        except OSError:
            columns = _MAX_WIDTH
    return max(min(columns, _MAX_WIDTH) - 2, 50)
