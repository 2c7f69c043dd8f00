"""The pages of findings, from the comments at the head of ``findings/*.sh``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

FOLDER = "docs/findings"
#: How the scripts on Tencent's own packages begin.
_TENCENTS = ("capi_", "cloudbase_", "cls_", "component_toolkit_", "cos_", "official_")
_HEAD = """# Findings: {what}

Behaviour of public packages that surprised us and that other users can use. Each is a script that installs the named
versions, runs a small program on valid input and prints what it sees; it fails once the behaviour has changed.
CONTRIBUTING.md says [how a finding is written](../../CONTRIBUTING.md#how-a-finding-is-written). Another page has
[{other}]({link}.md)."""
_SEEN = re.compile(r"^Seen (\d{4}-\d\d-\d\d)\b,? ?(.*):$")


class FindingError(Exception):
    """A script does not begin as a finding begins."""


class Finding(NamedTuple):
    """A finding: the comments at the head of its script."""

    path: str
    packages: str
    paragraphs: list[str]
    seen: str
    """The date."""
    where: str
    output: list[str]

    @property
    def title(self) -> str:
        """The name of the script, as words."""
        words = Path(self.path).stem.replace("_", " ")
        return words[0].upper() + words[1:]


def read_finding(path: str, text: str) -> Finding:
    """Read the head of a script.

    :raises FindingError: if a part is missing
    """
    head = re.match(r"#![^\n]*\n((?:#[^\n]*\n)+)", text)
    lines = [line[1:].removeprefix(" ") for line in head[1].splitlines()] if head else []
    places = [index for index, line in enumerate(lines) if _SEEN.match(line)]
    if len(places) != 1 or places[0] < 3 or lines[1]:
        raise FindingError(f"{path}:2: begin with the packages, an empty line, the behaviour, and 'Seen DATE:' once")
    seen = _SEEN.match(lines[places[0]])
    output = [line.removeprefix("  ") for line in lines[places[0] + 1 :] if line.strip()]
    if seen is None or not output:
        raise FindingError(f"{path}:{places[0] + 2}: no output stands after 'Seen'")
    paragraphs = [" ".join(part.split("\n")) for part in "\n".join(lines[2 : places[0]]).strip().split("\n\n")]
    return Finding(path, lines[0], paragraphs, seen[1], seen[2], output)


def render(root: Path) -> Iterator[tuple[str, str]]:
    """Render each page: its path and its text."""
    found: dict[bool, list[str]] = {True: [], False: []}
    for path in sorted((root / "findings").glob("*.sh")):
        finding = read_finding(path.relative_to(root).as_posix(), path.read_text(encoding="utf-8"))
        found[path.name.startswith(_TENCENTS)] += _render_finding(finding)
    tencents, others = ("tencents-packages", "Tencent's packages"), ("other-packages", "other packages")
    for (name, what), (link, other), is_tencents in ((tencents, others, True), (others, tencents, False)):
        lines = [_HEAD.format(what=what, other=other, link=link), *found[is_tencents]]
        yield f"{FOLDER}/{name}.md", "\n".join(lines) + "\n"


def _render_finding(finding: Finding) -> Iterator[str]:
    yield f"\n## {finding.title}\n"
    yield f"{finding.packages}. Script: [{finding.path}](../../{finding.path})"
    for paragraph in finding.paragraphs:
        yield "\n" + re.sub(r"([*<>\[\]])", r"\\\1", paragraph)
    where = f", {finding.where}" if finding.where else ""
    yield f"\nSeen {finding.seen}{where}:\n"
    yield "```text"
    yield from finding.output
    yield "```"
