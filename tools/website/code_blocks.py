"""The fenced blocks of the pages, and the test that covers each of them.

``tests/house/test_documents.py`` finds all pages by itself: it runs every ``python`` block, follows every command of a
``sh`` block, and reads every ``json`` block. A page whose blocks need more than that has a line in ``COVERED``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

#: The languages that the test of all pages covers. A text block is the output of the block before it.
GENERAL = frozenset(("python", "sh", "json", "text"))
#: Directives of Sphinx in pages that are written for the site: no code.
DIRECTIVES = frozenset(("{toctree}", "{eval-rst}"))
#: The pages whose blocks another test covers, and that test. The first pattern that fits counts.
COVERED: Mapping[str, str] = {
    "docs/findings/*.md": "tests/house/website/test_generated.py",
    "docs/how-to/debug.md": "tests/house/test_session_pages.py",
    "docs/how-to/deploy.md": "tests/house/test_session_pages.py",
    "docs/how-to/events.md": "tests/house/test_session_pages.py",
    "docs/how-to/old-project.md": "tests/house/test_session_pages.py",
    "docs/how-to/testing.md": "tests/testing/test_page.py",
    "docs/how-to/timers.md": "tests/house/test_session_pages.py",
    "docs/how-to/web-functions.md": "tests/house/test_web_page.py",
    "docs/how-to/web-streams.md": "tests/local/web/test_web_functions.py",
    "docs/migrate/api-gateway.md": "tests/house/test_session_pages.py",
    "docs/migrate/scfcli.md": "tests/house/test_session_pages.py",
    "docs/migrate/serverless-cloud-framework.md": "tests/house/test_session_pages.py",
    "docs/reference/cli/*.md": "tests/house/test_command_pages.py",
    "docs/reference/serverless-yml.md": "tests/house/test_serverless_yml_page.py",
    "docs/start/five-minutes.md": "tests/house/test_first_pages.py",
    "docs/start/tour.md": "tests/house/test_tour.py",
    "docs/understand/function-urls.md": "tests/house/test_function_urls_page.py",
}
_BLOCK = re.compile(r"^(?P<ticks>```+)(?P<language>[^\n`]*)\n(?P<text>.*?)^(?P=ticks)$", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    """A fenced block of a page."""

    document: str
    line: int
    language: str
    text: str
    expected: str | None
    """The text block that follows a block at once, None if there is none."""


def list_pages(root: Path) -> list[str]:
    """List every Markdown page of the project: those at the top and those below docs."""
    paths = [*root.glob("*.md"), *(root / "docs").rglob("*.md")]
    return sorted(path.relative_to(root).as_posix() for path in paths)


def read_blocks(root: Path, document: str) -> list[Block]:
    """Read the fenced blocks of a page."""
    text = (root / document).read_text(encoding="utf-8")
    found = list(_BLOCK.finditer(text))
    blocks = []
    for index, match in enumerate(found):
        after = found[index + 1] if index + 1 < len(found) else None
        is_output = after and after["language"] == "text" and not text[match.end() : after.start()].strip()
        line = text.count("\n", 0, match.start()) + 1
        expected = after["text"] if after and is_output else None
        blocks.append(Block(document, line, match["language"], match["text"], expected))
    return blocks


def find_test(document: str) -> str | None:
    """The test that covers the blocks of a page, None for the test of all pages."""
    return next((test for pattern, test in COVERED.items() if fnmatchcase(document, pattern)), None)


def find_faults(root: Path) -> Iterator[str]:
    """Find the blocks that no test covers, and the lines of the table that cover nothing."""
    pages = list_pages(root)
    for document in pages:
        test = find_test(document)
        for block in read_blocks(root, document):
            if block.language not in GENERAL | DIRECTIVES and test is None:
                known = ", ".join(sorted(GENERAL))
                yield (
                    f"{document}:{block.line}: no test covers this block of {block.language or 'no language'}; use one "
                    f"of {known}, or name the page and its test in tools/website/code_blocks.py"
                )
    for pattern, test in COVERED.items():
        if not any(fnmatchcase(document, pattern) for document in pages):
            yield f"tools/website/code_blocks.py:1: there is no page {pattern}; take its line out"
        if not (root / test).exists():
            yield f"tools/website/code_blocks.py:1: there is no {test}, which should cover {pattern}"
