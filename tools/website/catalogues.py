"""Update the Chinese catalogues from the pages: ``make docs-catalogues``.

Sphinx collects the sentences, sphinx-intl adds them to docs/locales and keeps the Chinese that is there: that of a
sentence with a small change stays, marked as fuzzy. Catalogues hold no line numbers and no dates, and no line is
wrapped, so that a difference shows sentences alone.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = Path(".cache") / "site" / "templates"
LOCALES = Path("docs") / "locales"
LANGUAGE = "zh_CN"
HEADER = """# The Chinese of a page of docs.
msgid ""
msgstr ""
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Language: zh_CN\\n"
"""
#: The texts of the theme, which belong to no page: written by hand.
THEME = "sphinx"


def settle(text: str) -> str:
    """A catalogue with a header that is always the same."""
    entries = text.split("\n\n", 1)
    return HEADER + "\n" + (re.sub(r"\n+$", "\n", entries[1]) if len(entries) > 1 else "")


def is_needed(text: str) -> bool:
    """True if a catalogue holds any sentence."""
    return "\nmsgid " in text.partition("\n\n")[2] or text.partition("\n\n")[2].startswith("msgid ")


def collect(root: Path) -> None:
    """Collect the sentences of all pages."""
    command = [
        *(sys.executable, "-m", "sphinx", "--quiet", "--builder", "gettext"),
        *("--doctree-dir", str(root / TEMPLATES / ".doctrees"), str(root / "docs"), str(root / TEMPLATES)),
    ]
    subprocess.run(command, cwd=root, env={**os.environ, "PYTHONPATH": str(root / "src")}, check=True)


def merge(root: Path) -> None:
    """Add new sentences to the catalogues, and take out those that are gone."""
    command = [
        *(sys.executable, "-m", "sphinx_intl", "update", "--pot-dir", str(root / TEMPLATES)),
        *("--locale-dir", str(root / LOCALES), "--language", LANGUAGE, "--line-width", "-1", "--no-obsolete"),
    ]
    subprocess.run(command, cwd=root, stdout=subprocess.DEVNULL, check=True)


def tidy(root: Path) -> None:
    """Settle every catalogue, and delete those of pages that are gone or have no sentences."""
    folder = root / LOCALES / LANGUAGE / "LC_MESSAGES"
    for path in folder.rglob("*.po"):
        name = path.relative_to(folder)
        if name.stem == THEME:
            continue
        text = path.read_text(encoding="utf-8")
        if (root / TEMPLATES / name.with_suffix(".pot")).exists() and is_needed(text):
            path.write_text(settle(text), encoding="utf-8")
        else:
            path.unlink()


def main() -> None:
    """Update the catalogues."""
    for path in (ROOT / TEMPLATES).rglob("*.pot"):
        path.unlink()
    collect(ROOT)
    (ROOT / TEMPLATES / f"{THEME}.pot").unlink()
    merge(ROOT)
    tidy(ROOT)


if __name__ == "__main__":
    main()
