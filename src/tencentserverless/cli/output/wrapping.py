"""Lines of the width of a terminal, where Chinese letters take two columns."""

import unicodedata

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_WIDE = "WF"
#: Unicode categories of marks that never begin a line, and of those that never end one.
_CLOSING = ("Pe", "Pf", "Po")
_OPENING = ("Ps", "Pi")


def width_of(text: str) -> int:
    """The number of columns that a text takes on a terminal."""
    return sum(2 if _is_wide(letter) else 1 for letter in text)


def _is_wide(letter: str) -> bool:
    return unicodedata.east_asian_width(letter) in _WIDE


def wrap(text: str, width: int) -> "Iterator[str]":
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
