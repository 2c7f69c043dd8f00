"""A recording as SVG: text that can be selected, in the fonts of the system, and whole where nothing moves.

The picture without its style is the end of the tour. The style shows it being typed, once, unless the reader's system
asks for less motion.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple
from unicodedata import east_asian_width
from xml.sax.saxutils import escape

from .rows import Row, Style
from .timing import Recording, Shown, scroll

COLUMNS = 98
#: The sizes of a character's cell. A piece of text is drawn as wide as its cells, whatever the font.
CELL_WIDTH, LINE_HEIGHT, FONT_SIZE = 7.25, 17, 12
MARGIN, BAR_HEIGHT, PADDING = 8, 24, 10
#: How many rows of each terminal are in sight: at the end, from the call that fails on.
HEIGHTS = (27, 9)
#: Columns of a table lie apart by this.
_SPACES = re.compile("( {2,})")
FONTS = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', 'Liberation Mono', monospace"


class Theme(NamedTuple):
    """Colours: of the page, of a terminal, its border and its bar, and by the names that terminals give them."""

    name: str
    ground: str
    border: str
    bar: str
    colours: dict[str, str]


LIGHT = Theme(
    "light",
    "#ffffff",
    "#d0d7de",
    "#f2f4f7",
    {"default": "#1f2328", "brightblack": "#59636e", "green": "#116329", "red": "#b3261e", "cyan": "#0b6b75"},
)
DARK = Theme(
    "dark",
    "#11151c",
    "#3d444d",
    "#1c222b",
    {"default": "#e6edf3", "brightblack": "#9aa4af", "green": "#57c26c", "red": "#ff7b72", "cyan": "#4cc4d1"},
)
THEMES = (LIGHT, DARK)
#: Colours of the table of 256, by the ones of a theme that come next.
NEXT = {"5faf00": "green", "ff005f": "red", "3a3a3a": "brightblack"}


class Words(NamedTuple):
    """The texts of a picture in one language."""

    title: str
    description: str
    terminals: tuple[str, str]


def count_cells(text: str) -> int:
    """Count the cells of a text: a Chinese character takes two."""
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)


def draw(recording: Recording, theme: Theme, words: Words) -> str:
    """Draw a recording."""
    return "\n".join(list_lines(recording, theme, words)) + "\n"


def list_lines(recording: Recording, theme: Theme, words: Words) -> Iterator[str]:
    """The lines of the file."""
    width = round(COLUMNS * CELL_WIDTH) + 2 * (MARGIN + PADDING)
    heights = [BAR_HEIGHT + 2 * PADDING + rows * LINE_HEIGHT for rows in HEIGHTS]
    height = sum(heights) + MARGIN * (len(heights) + 1)
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
        ' role="img" aria-labelledby="tour-title tour-text" xml:space="preserve">'
    )
    yield f'<title id="tour-title">{escape(words.title)}</title>'
    yield f'<desc id="tour-text">{escape(words.description)}</desc>'
    yield "<style>"
    yield from list_rules(recording, theme)
    yield "</style>"
    top = MARGIN
    for number, shown in enumerate(recording.terminals):
        yield from draw_terminal(number, shown, top, words.terminals[number])
        top += heights[number] + MARGIN
    yield "</svg>"


def list_rules(recording: Recording, theme: Theme) -> Iterator[str]:
    """The rules of style: first the end of the tour, then how it comes about."""
    yield f"text {{ font: {FONT_SIZE}px {FONTS}; fill: {theme.colours['default']}; white-space: pre }}"
    yield f".ground {{ fill: {theme.ground}; stroke: {theme.border} }}"
    yield f".bar {{ fill: {theme.bar} }}"
    yield f".name {{ fill: {theme.colours['brightblack']}; text-anchor: middle }}"
    yield from (f".{name} {{ fill: {colour} }}" for name, colour in theme.colours.items() if name != "default")
    yield ".bold { font-weight: 600 }"
    offsets = [list(scroll(shown, height)) for shown, height in zip(recording.terminals, HEIGHTS, strict=True)]
    for number, stops in enumerate(offsets):
        if stops:
            yield f"#rows-{number} {{ transform: translateY({-stops[-1][1] * LINE_HEIGHT}px) }}"
    yield "@media (prefers-reduced-motion: no-preference) {"
    yield ".row { animation: come 1ms step-end backwards }"
    yield "@keyframes come { from { visibility: hidden } }"
    yield ".typed { animation: type 1s linear backwards }"
    yield "@keyframes type { from { clip-path: inset(0 100% 0 0) } to { clip-path: inset(0 0 0 0) } }"
    for number, stops in enumerate(offsets):
        if stops:
            yield f"#rows-{number} {{ animation: scroll-{number} {recording.seconds:.2f}s step-end }}"
            yield f"@keyframes scroll-{number} {{ {' '.join(list_frames(stops, recording.seconds))} }}"
    yield "}"


def list_frames(stops: list[tuple[float, int]], seconds: float) -> Iterator[str]:
    """The frames of a terminal that scrolls."""
    yield "from { transform: none }"
    for at, rows in stops:
        yield f"{100 * at / seconds:.2f}% {{ transform: translateY({-rows * LINE_HEIGHT}px) }}"


def draw_terminal(number: int, rows: tuple[Shown, ...], top: int, name: str) -> Iterator[str]:
    """Draw one terminal: its bar with its name, and its rows, as far as they are in sight."""
    width, inner = round(COLUMNS * CELL_WIDTH) + 2 * PADDING, HEIGHTS[number] * LINE_HEIGHT
    height = BAR_HEIGHT + 2 * PADDING + inner
    yield f'<rect class="ground" x="{MARGIN}" y="{top}" width="{width}" height="{height}" rx="6"/>'
    yield (
        f'<path class="bar" d="M{MARGIN + 0.5} {top + BAR_HEIGHT}v{6.5 - BAR_HEIGHT}a6 6 0 0 1 6-6'
        f'h{width - 13}a6 6 0 0 1 6 6v{BAR_HEIGHT - 6.5}z"/>'
    )
    yield f'<text class="name" x="{MARGIN + width / 2}" y="{top + BAR_HEIGHT - 8}">{escape(name)}</text>'
    yield f'<svg x="{MARGIN + PADDING}" y="{top + BAR_HEIGHT + PADDING}" width="{width - PADDING}" height="{inner}">'
    yield f'<g id="rows-{number}">'
    for place, shown in enumerate(rows):
        if shown.row:
            yield draw_row(shown, place * LINE_HEIGHT + FONT_SIZE)
    yield "</g></svg>"


def draw_row(shown: Shown, y: int) -> str:
    """Draw a row: each piece at its own place, so that columns stand below each other in any font."""
    texts = [draw_piece(piece, y) for piece in list_pieces(shown.row)]
    # Of what is typed, only what follows the prompt is; the prompt comes with it.
    style = f"animation-delay:{shown.at:.2f}s"
    if not shown.typing:
        return f'<g class="row" style="{style}">{"".join(texts)}</g>'
    prompt, *command = texts
    typed = f'<g class="typed" style="{style};animation-duration:{shown.typing:.2f}s">{"".join(command)}</g>'
    return f'<g class="row" style="{style}">{prompt}{typed}</g>'


class Piece(NamedTuple):
    """Characters of one style, from a column on, without space at their sides."""

    text: str
    style: Style
    column: int


def list_pieces(row: Row) -> Iterator[Piece]:
    """The pieces of a row. Space moves what follows; where it is one character between words, it is text."""
    column = 0
    for run in row:
        for text in _SPACES.split(run.text):
            if words := text.strip():
                yield Piece(words, run.style, column + len(text) - len(text.lstrip()))
            column += count_cells(text)


def draw_piece(piece: Piece, y: int) -> str:
    """Draw a piece of a row."""
    classes = list_classes(piece.style)
    named = f' class="{" ".join(classes)}"' if classes else ""
    length = count_cells(piece.text) * CELL_WIDTH
    return (
        f'<text{named} x="{piece.column * CELL_WIDTH:g}" y="{y}" textLength="{length:g}"'
        f' lengthAdjust="spacing">{escape(piece.text)}</text>'
    )


def list_classes(style: Style) -> list[str]:
    """The classes of a style. A colour that the themes do not have is the default."""
    colour = NEXT.get(style.colour, style.colour)
    classes = [colour] if colour in LIGHT.colours and colour != "default" else []
    return [*classes, "bold"] if style.is_bold else classes


def read_text(row: Row) -> str:
    """The text of a row as the picture holds it."""
    return " ".join(piece.text for piece in list_pieces(row))
