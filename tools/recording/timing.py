"""The time at which each row of a picture comes into sight, as if a user typed at an even pace."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from .rows import Row, Run, Style
from .terminals import Event

PROMPT = "$ "
PROMPT_STYLE = Style("green", is_bold=True)
COMMAND_STYLE = Style(is_bold=True)
FIRST_SECONDS = 0.5
#: To begin a command, to type a character of it, to wait for what it prints, and to read a row of that.
THINK_SECONDS, KEY_SECONDS, WORK_SECONDS, READ_SECONDS = 0.7, 0.025, 0.35, 0.16


class Shown(NamedTuple):
    """A row of a terminal.

    :ivar at: when it comes, in seconds
    :ivar typing: how long it is typed; 0 for what is printed
    """

    row: Row
    at: float
    typing: float = 0.0


class Recording(NamedTuple):
    """The rows of each terminal, with their times."""

    terminals: tuple[tuple[Shown, ...], ...]
    seconds: float


def schedule(events: Iterable[Event]) -> Recording:
    """Give each row its time."""
    terminals: tuple[list[Shown], list[Shown]] = ([], [])
    now = FIRST_SECONDS
    for event in events:
        rows = terminals[event.terminal]
        if event.command:
            now += THINK_SECONDS
            row = (Run(PROMPT, PROMPT_STYLE), Run(event.command, COMMAND_STYLE))
            typing = KEY_SECONDS * len(event.command)
            rows.append(Shown(row, now, typing))
            now += typing + WORK_SECONDS
        rows.extend(Shown(row, now) for row in event.rows)
        now += READ_SECONDS * len(event.rows)
    return Recording(tuple(map(tuple, terminals)), now)


def scroll(rows: Iterable[Shown], height: int) -> Iterator[tuple[float, int]]:
    """The times at which a terminal of some rows scrolls, and how many rows are out of sight then."""
    out = {shown.at: number - height for number, shown in enumerate(rows, 1) if number > height}
    yield from out.items()
