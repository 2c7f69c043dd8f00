"""Put the help of every ``scf`` command into its page below docs/reference/cli.

    python tools/command_pages.py

A page holds a block ``text`` for each of its commands that begins with ``Usage: scf ...``; the block is replaced by
the help of the command at 80 columns. The page of a command is that of its first word.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tencentserverless.cli.command_table import list_paths

ROOT = Path(__file__).resolve().parents[1]
PAGES = ROOT / "docs" / "reference" / "cli"
COLUMNS = "80"
_BLOCK = re.compile(r"^```text\n(Usage: (scf[^\[\n]*).*?)^```$", re.MULTILINE | re.DOTALL)


def show_help(words: tuple[str, ...]) -> str:
    """The output of ``scf WORDS --help``."""
    command = [sys.executable, "-m", "tencentserverless", *words, "--help"]
    environment = {**os.environ, "COLUMNS": COLUMNS, "LC_ALL": "C.UTF-8"}
    return subprocess.run(command, env=environment, capture_output=True, encoding="utf-8", check=True).stdout


def list_blocks(page: str) -> list[tuple[str, ...]]:
    """List the commands whose help is in a page."""
    return [_words_of(match[2]) for match in _BLOCK.finditer(page)]


def rewrite(page: str, show: Callable[[tuple[str, ...]], str] = show_help) -> str:
    """The page with the current help, which ``show`` reads."""
    return _BLOCK.sub(lambda match: f"```text\n{show(_words_of(match[2]))}```", page)


def _words_of(usage: str) -> tuple[str, ...]:
    """The words of a usage line that name a command: they are lower case, and arguments are not."""
    return tuple(word for word in usage.split()[1:] if word.islower())


def main() -> int:
    """Rewrite every page, and name the commands that have none."""
    known: set[tuple[str, ...]] = set()
    for path in sorted(PAGES.glob("*.md")):
        text = path.read_text(encoding="utf-8")
        path.write_text(rewrite(text), encoding="utf-8")
        known.update(list_blocks(text))
    missing = [words for words in list_paths() if words not in known]
    for words in missing:
        print(f"no page has a block for: scf {' '.join(words)}")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
