"""Help in Chinese: what click formats, translated and wrapped by the width that letters take on a terminal."""

import unicodedata
from collections.abc import Iterable, Iterator

import click

from tencentserverless.cli.output.translation import translate

_WIDE = "WF"
#: Unicode categories of marks that never begin a line, and of those that never end one.
_CLOSING = ("Pe", "Pf", "Po")
_OPENING = ("Ps", "Pi")
_GAP = 2
_MAX_FIRST_COLUMN = 30


class ChineseFormatter(click.HelpFormatter):
    """Formats the help of a command in Chinese."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        """Write the line of the usage."""
        super().write_usage(prog, args, f"{translate('Usage')}: ")

    def write_heading(self, heading: str) -> None:
        """Write a heading."""
        super().write_heading(translate(heading))

    def write_text(self, text: str) -> None:
        """Write paragraphs."""
        paragraphs = [translate(" ".join(each.split())) for each in text.split("\n\n")]
        indent = " " * self.current_indent
        blocks = ["\n".join(indent + line for line in wrap(each, self.width - len(indent))) for each in paragraphs]
        self.write("\n\n".join(blocks) + "\n")

    def write_dl(
        self, rows: Iterable[tuple[str, str]], col_max: int = _MAX_FIRST_COLUMN, col_spacing: int = _GAP
    ) -> None:
        """Write options or commands in two columns."""
        rows = list(rows)
        first_width = min(max((width_of(first) for first, _ in rows), default=0), col_max) + col_spacing
        for first, second in rows:
            lines = list(wrap(_translate_help(second), self.width - first_width - self.current_indent))
            begin = " " * self.current_indent + first
            if width_of(first) > first_width - col_spacing or not lines:
                self.write(begin + "\n")
            else:
                self.write(begin + " " * (first_width - width_of(first)) + lines.pop(0) + "\n")
            for line in lines:
                self.write(" " * (self.current_indent + first_width) + line + "\n")


def _translate_help(text: str) -> str:
    """Translate the help of an option, and what click writes behind it in brackets."""
    head, bracket, tail = text.partition("  [")
    if not bracket:
        return translate(head)
    parts = [translate(part) for part in tail.removesuffix("]").split("; ")]
    return f"{translate(head)}  [{'; '.join(parts)}]"


def width_of(text: str) -> int:
    """The number of columns that a text takes on a terminal."""
    return sum(2 if _is_wide(letter) else 1 for letter in text)


def _is_wide(letter: str) -> bool:
    return unicodedata.east_asian_width(letter) in _WIDE


def wrap(text: str, width: int) -> Iterator[str]:
    """Break a text into lines: between two Chinese letters, or at a blank."""
    line = ""
    for piece in _pieces(text):
        if line and width_of(line + piece.rstrip()) > width:
            yield line.rstrip()
            line = piece.lstrip()
        else:
            line += piece
    if line.strip():
        yield line.rstrip()


def _pieces(text: str) -> list[str]:
    """The parts of a text that stay together. A blank belongs to the piece before it."""
    pieces: list[str] = []
    for letter in text:
        if pieces and not _can_break(pieces[-1][-1], letter):
            pieces[-1] += letter
        else:
            pieces.append(letter)
    return pieces


def _can_break(before: str, letter: str) -> bool:
    """True if a line may end between two letters."""
    if letter.isspace() or before.isspace():
        return before.isspace() and not letter.isspace()
    if unicodedata.category(before) in _OPENING or unicodedata.category(letter) in _CLOSING:
        return False
    return _is_wide(before) or _is_wide(letter)
