"""RESULTS.md and LOCAL.md, read back: the tables by their headings, and what is said of the run."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

_NUMBER = re.compile(r"[+-]?[\d,]+(?:\.\d+)?")
#: The name of a client or a server, without the reason why it has no figures.
_REASON = re.compile(r" \(not measured: .*\)$")
_MARKS = re.compile(r"[*`]")


class MissingError(Exception):
    """A report does not have a table, a column or a row that a picture needs."""


class Row(NamedTuple):
    """A row of a table.

    :ivar figures: by column; None where it says void, or that nothing was measured
    """

    label: str
    figures: Mapping[str, float | None]


@dataclass(frozen=True)
class Report:
    """A report.

    :ivar about: what is said of the run, by title
    :ivar tables: the rows by heading
    """

    about: Mapping[str, str]
    tables: Mapping[str, tuple[Row, ...]]

    def find(self, heading: str, *columns: str) -> tuple[Row, ...]:
        """The rows below a heading, which have all of these columns.

        :raises MissingError: they are not there
        """
        rows = self.tables.get(heading, ())
        missing = [column for column in columns if not rows or column not in rows[0].figures]
        if not rows or missing:
            raise MissingError(f"there is no table {heading!r} with the columns {', '.join(columns)}")
        return rows


def read_number(cell: str) -> float | None:
    """The number in a cell; None where there is none."""
    plain = _MARKS.sub("", cell).strip()
    return float(plain.replace(",", "")) if _NUMBER.fullmatch(plain) else None


def read_table(lines: list[str]) -> tuple[Row, ...]:
    """Read the lines of a table: its head, a rule, and its rows."""
    head, _, *body = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return tuple(
        Row(_REASON.sub("", cells[0]), dict(zip(head[1:], map(read_number, cells[1:]), strict=True))) for cells in body
    )


def read_report(text: str) -> Report:
    """Read a report. Of a heading with more than one table, the first is read."""
    preface, *sections = re.split(r"^## ", text, flags=re.MULTILINE)
    about = dict(re.findall(r"^- ([^:\n]+): (.+)$", preface, re.MULTILINE))
    tables = {}
    for section in sections:
        found = re.search(r"^\|.*\n\|[-:|]+\n(?:\|.*\n)+", section + "\n", re.MULTILINE)
        if found:
            tables[section.partition("\n")[0].strip()] = read_table(found[0].splitlines())
    return Report(about, tables)
