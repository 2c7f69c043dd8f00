"""Rows of a terminal: what a program wrote, as an emulator shows it, with the page's values in place of the run's."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

import pyte

#: Wider than any line, so that an id that is longer than the page's does not break a line.
WIDTH = 240
#: The emulator knows no faint text; it knows the colour that terminals show in its place.
_FAINT = re.compile(rb"\x1b\[2m")
_BRIGHT_BLACK = b"\x1b[90m"
#: Values that differ from run to run, in any language: each is taken from the page, in order. What is aligned to the
#: right is taken with the space before it.
VALUES = tuple(
    re.compile(pattern)
    for pattern in (
        r"([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})",
        r"(?<![\w.])([\d.,]+) (?:ms|MB)\b",
        r"^p\d\d ms( +[\d.]+)",
        r"^billed (?:GB-)?seconds( +[\d.]+)",
        r" ([\d,]+)/s\b",
        r" in ([\d.]+)s\b",
        r"127\.0\.0\.1:(\d+)",
        r"(?:process|进程) (\d+)",
        r"Bearer ([\w-]+)",
        r'"([^"]*)/hello/src',
    )
)
_BUCKET = re.compile(r"^ +<= ")
_CARETS = re.compile(r"^ +\^+$")


class Style(NamedTuple):
    """The look of a character: a colour of the terminal, by its name or as RGB, and weight."""

    colour: str = "default"
    is_bold: bool = False


class Run(NamedTuple):
    """Characters of one style."""

    text: str
    style: Style = Style()


Row = tuple[Run, ...]
Cell = tuple[str, Style]


class UnknownValueError(Exception):
    """A run printed a value that the page does not have."""


def show(output: bytes) -> list[Row]:
    """The rows that a terminal shows after an output."""
    screen = pyte.Screen(WIDTH, output.count(b"\n") + 1)
    pyte.ByteStream(screen).feed(_FAINT.sub(_BRIGHT_BLACK, output))
    rows = []
    for number in range(screen.lines):
        line = screen.buffer[number]
        cells = [(line[column].data, Style(line[column].fg, line[column].bold)) for column in range(WIDTH)]
        rows.append(strip(join(cells)))
    while rows and not rows[-1]:
        rows.pop()
    return rows


def join(cells: Sequence[Cell]) -> Row:
    """Join neighbours of one style."""
    groups = groupby(cells, key=lambda cell: cell[1])
    return tuple(Run("".join(text for text, _ in group), style) for style, group in groups)


def split(row: Row) -> list[Cell]:
    """The characters of a row, each with its style."""
    return [(character, run.style) for run in row for character in run.text]


def strip(row: Row) -> Row:
    """Take the space at the end of a row off."""
    cells = split(row)
    while cells and cells[-1][0] == " ":
        cells.pop()
    return join(cells)


def read(row: Row) -> str:
    """The text of a row."""
    return "".join(run.text for run in row)


def take_values(rows: Sequence[Row], page: str) -> list[Row]:
    """Take the values that differ from run to run from the page, so that a picture shows the same each time.

    :raises UnknownValueError: the page has fewer
    """
    taken = list(take_buckets([row for row in rows if not _CARETS.match(read(row))], page))
    for pattern in VALUES:
        values = (found[1] for line in page.splitlines() for found in pattern.finditer(line))
        taken = [replace(row, pattern, values) for row in taken]
    return taken


def take_buckets(rows: Sequence[Row], page: str) -> Iterator[Row]:
    """Take the bars of a histogram from the page: it has more or fewer in another run."""
    buckets = [line for line in page.splitlines() if _BUCKET.match(line)]
    for row in rows:
        if not _BUCKET.match(read(row)):
            yield row
            continue
        yield from ((Run(bucket, row[0].style),) for bucket in buckets)
        buckets = []


def replace(row: Row, pattern: re.Pattern[str], values: Iterator[str]) -> Row:
    """Replace the values of one kind in a row."""
    cells, parts, at = split(row), list[Cell](), 0
    for found in pattern.finditer(read(row)):
        value = next(values, None)
        if value is None:
            raise UnknownValueError(f"the page has no value for {found[0]!r} in {read(row)!r}")
        start, end = found.span(1)
        parts += cells[at:start] + [(character, cells[start][1]) for character in value]
        at = end
    return join(parts + cells[at:])
