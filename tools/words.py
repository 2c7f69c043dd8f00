"""Check that docstrings, names and pages use plain words.

    python tools/words.py [PATH ...]        default: the sources, the tools, the benchmarks, the examples and the pages

A docstring begins with a noun or a verb of the glossary, docs/understand/glossary.md, never with a question word.
Words that a reader of English as a second language has to guess at are not used: each has its replacement in ``WORDS``.
Prints one line for each finding; status 1 if there is one.
"""

from __future__ import annotations

import ast
import io
import re
import sys
import tokenize
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
PLACES = ("src", "tools", "benchmarks", "examples", "docs", "README.md", "CONTRIBUTING.md", "SECURITY.md")
#: This file holds the words themselves.
SKIPPED = frozenset(("tools/words.py",))

OPENERS = frozenset(
    ("what", "whatever", "whether", "how", "who", "whoever", "whom", "whose", "where", "nobody", "somebody")
)

#: Patterns of words, and what to write instead. A pattern is matched in any letter case, as whole words.
WORDS = {
    "nobody|somebody|anybody": "the role, such as the caller, or no caller",
    "whoever": "the role, such as the caller",
    "what (?:came|comes) of": "the outcome of",
    "sees? off|seen off": "reap, or wait for the end of",
    "bury|buries|buried|burial": "dead-letter, or write a dead letter",
    "rings?|rang|rung|ringing": "fire, is due",
    "ears?|bells?": "wake-up socket, waker",
    "doom(?:s|ed)?": "discard, mark for closing",
    "fences?": "boundary",
    "lanes?": "queue, known client",
    "doors?": "listener",
    "crowds?": "pool, snapshot",
    "dice": "random generator",
    "faces?": "client: the synchronous and the asynchronous client",
    "rosters?|sightings?|desks?": "poll schedule, poll result, poll context",
    "worn": "expiring",
    "spoil(?:s|ed|t)?": "damage",
    "rooms|(?<!no )(?<!make )(?<!makes )(?<!is )(?<!has )(?<!more )(?<!have )room(?! for| again| left| to)": "package",
}
_WORDS = {re.compile(rf"\b(?:{pattern})\b", re.IGNORECASE): instead for pattern, instead in WORDS.items()}
_QUOTED = re.compile(r"``[^`]*``|`[^`]*`|https?://\S+")
#: From Python 3.12 on, the text of an f-string is a token of its own.
_TEXTS = (tokenize.COMMENT, tokenize.STRING, getattr(tokenize, "FSTRING_MIDDLE", tokenize.STRING))
_FIRST_WORD = re.compile(r"\W*(\w+)")

_Documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


class Finding(NamedTuple):
    """A word that should be another one."""

    path: Path
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.what}"


def find_openers(path: Path, tree: ast.Module) -> Iterator[Finding]:
    """Find docstrings that begin with a question word."""
    for node in ast.walk(tree):
        text = ast.get_docstring(node) if isinstance(node, _Documented) else None
        first = _FIRST_WORD.match(text or "")
        if text and first and first[1].lower() in OPENERS:
            line = node.body[0].lineno  # type: ignore[attr-defined]
            yield Finding(path, line, f"a docstring begins with {first[1]!r}; begin with a noun or a verb")


def find_words(path: Path, line: int, text: str) -> Iterator[Finding]:
    """Find the listed words in a text. Quoted code is not checked: names are checked at their definition."""
    plain = _QUOTED.sub(lambda quoted: "\n" * quoted[0].count("\n"), text)
    for number, part in enumerate(plain.splitlines(), line):
        for pattern, instead in _WORDS.items():
            for found in pattern.finditer(part):
                yield Finding(path, number, f"{found[0]!r}: write {instead}")


def find_in_source(path: Path, text: str) -> Iterator[Finding]:
    """Find listed words in names, comments and strings, and wrong first words of docstrings."""
    yield from find_openers(path, ast.parse(text, str(path)))
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.NAME:
            yield from find_words(path, token.start[0], token.string.replace("_", " ").strip())
        elif token.type in _TEXTS:
            yield from find_words(path, token.start[0], token.string)


def find_in_file(path: Path) -> Iterator[Finding]:
    """Find all findings of one file."""
    text = path.read_text(encoding="utf-8")
    yield from find_in_source(path, text) if path.suffix == ".py" else find_words(path, 1, text)


def list_files(places: Iterable[Path]) -> list[Path]:
    """List the Python files and the pages in some places."""
    files: set[Path] = set()
    for place in places:
        files.update(
            [place] if place.is_file() else (each for each in place.rglob("*") if each.suffix in (".py", ".md"))
        )
    return sorted(path for path in files if path.relative_to(ROOT).as_posix() not in SKIPPED)


def main(arguments: list[str]) -> int:
    """Check the places that the command line names."""
    places = [Path(argument).resolve() for argument in arguments] or [ROOT / place for place in PLACES]
    findings = [finding for path in list_files(places) for finding in find_in_file(path)]
    for finding in findings:
        print(finding._replace(path=finding.path.relative_to(ROOT)))
    print(f"words: {len(findings)} findings" if findings else "words: plain")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
