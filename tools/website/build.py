"""Check the pages and build the site: ``make docs``, or ``python -m tools.website.build [LANGUAGE ...]``.

Each fault is a line that names a file and a line; the status is then 1. The languages are ``en`` and ``zh``; default:
both. The site is written into ``site``, and what Sphinx remembers between two runs into ``.cache/site``.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from . import code_blocks, figures, index_page
from .languages import LANGUAGES, Language

ROOT = Path(__file__).resolve().parents[2]
OLDEST = (3, 11)
CACHE = Path(".cache") / "site"


def find_faults(root: Path) -> Iterator[str]:
    """Find the faults that need no Sphinx."""
    yield from code_blocks.find_faults(root)
    yield from figures.find_faults(root)


def start(root: Path, language: Language) -> subprocess.Popen[str]:
    """Start Sphinx for a language."""
    command = [
        *(sys.executable, "-m", "sphinx", "--quiet", "--no-color", "--fail-on-warning", "--keep-going"),
        *("--builder", "html", "--define", f"language={language.sphinx}"),
        *("--doctree-dir", str(_doctrees(root, language))),
        *(str(root / "docs"), str(root / "site" / language.folder)),
    ]
    environment = {**os.environ, "PYTHONPATH": str(root / "src")}
    return subprocess.Popen(command, cwd=root, env=environment, stderr=subprocess.PIPE, encoding="utf-8")


def _doctrees(root: Path, language: Language) -> Path:
    return root / CACHE / language.folder


def finish(root: Path, language: Language, process: subprocess.Popen[str]) -> bool:
    """Wait for Sphinx, and print its faults. True if there are none.

    Sphinx reads only pages that have changed. After a fault it has to read all of them, to find the fault again.
    """
    said = process.communicate()[1]
    for line in said.splitlines():
        print(line.removeprefix(f"{root}/"))
    if process.returncode:
        shutil.rmtree(_doctrees(root, language), ignore_errors=True)
    return not process.returncode


@contextmanager
def hold(root: Path) -> Iterator[None]:
    """Wait until no other build works on the same files."""
    (root / CACHE).mkdir(parents=True, exist_ok=True)
    with (root / CACHE / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def build(root: Path, languages: Sequence[Language]) -> bool:
    """Build the site in some languages at once. True if there are no faults."""
    with hold(root):
        started = [(language, start(root, language)) for language in languages]
        passed = [finish(root, language, process) for language, process in started]
        (root / "site" / "index.html").write_text(index_page.render(), encoding="utf-8")
    return all(passed)


def main(arguments: list[str]) -> int:
    """Check and build what the command line names."""
    if sys.version_info < OLDEST:
        print("the site needs Python {}.{} or later: make docs PYTHON=/path/to/python3".format(*OLDEST))
        return 1
    unknown = set(arguments) - {language.folder for language in LANGUAGES}
    if unknown:
        print(f"no such language: {', '.join(sorted(unknown))}; there are en and zh")
        return 2
    faults = list(find_faults(ROOT))
    for fault in faults:
        print(fault)
    languages = [language for language in LANGUAGES if not arguments or language.folder in arguments]
    passed = build(ROOT, languages)
    if passed and not faults:
        print("docs: site/index.html")
    return 0 if passed and not faults else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
