"""The tour as its page tells it: commands, what they print, and which of it differs from run to run."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "start" / "tour.md"
#: What differs from run to run: ids, numbers with a unit, ports, processes, where the folder is, a terminal's bar.
CHANGING = (
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "ID"),
    (re.compile(r"(?<![\w.])[\d.,]+ (ms|MB)"), r"N \1"),
    (re.compile(r"(p\d\d ms +)[\d.]+"), r"\1N"),
    (re.compile(r"(billed (?:GB-)?seconds +)[\d.]+"), r"\1N"),
    (re.compile(r"(passed in )[\d.]+s"), r"\1N"),
    (re.compile(r"127\.0\.0\.1:\d+"), "ADDRESS"),
    (re.compile(r"process \d+"), "process N"),
    (re.compile(r"Bearer [\w-]+"), "Bearer TOKEN"),
    (re.compile(r'"[^"]*/hello/src'), '"HERE/hello/src'),
    (re.compile(r"^ *<= N ms.*\n", re.MULTILINE), ""),
    (re.compile(r"^ +\^+\n", re.MULTILINE), ""),  # Python 3.10 shows no carets there
    (re.compile(r"^[━╸╺].*\n", re.MULTILINE), ""),
    (re.compile(r"^\.\. +\[100%\]\n", re.MULTILINE), ""),
)
SERVE = "scf local start"


class Step(NamedTuple):
    """A command, and what it printed; without one, what the server says in its terminal."""

    command: str
    printed: str


def settle(text: str) -> str:
    """Replace what differs from run to run by constants."""
    for pattern, constant in CHANGING:
        text = pattern.sub(constant, text)
    return text.strip()


def read_steps(text: str | None = None) -> list[Step]:
    """Read the steps of the page."""
    page = PAGE.read_text(encoding="utf-8") if text is None else text
    steps = []
    for kind, block in re.findall(r"^```(console|text)\n(.*?)^```$", page, re.MULTILINE | re.DOTALL):
        parts = re.split(r"^\$ ", block, flags=re.MULTILINE)[1:] if kind == "console" else ["\n" + block]
        steps += [Step(command, printed) for command, _, printed in (part.partition("\n") for part in parts)]
    return steps
