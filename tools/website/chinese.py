"""The Chinese pages: catalogues for what is written, and data for what is generated.

Pages of errors are generated in Chinese, and pages of commands show the Chinese help of ``scf``: both replace the
source of the page before it is parsed. All other pages are translated by the catalogues in docs/locales, and a sentence
without its Chinese is a warning, which ends ``make docs``.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po
from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform
from sphinx.util import logging
from sphinx.util.nodes import extract_messages

from tools import command_pages

from . import error_pages
from .languages import CHINESE

logger = logging.getLogger(__name__)
ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "src" / "tencentserverless" / "cli" / "reference"
ERRORS, COMMANDS = "reference/errors/", "reference/cli/"
#: Pages in English alone: findings are quotes of their scripts.
ENGLISH_PAGES = frozenset(("findings/tencents-packages", "findings/other-packages"))
_DATA = {ERRORS: REFERENCE / "error_catalogue.json", COMMANDS: REFERENCE / "chinese.json"}
_CODE = re.compile(r"`[^`]*`|\]\([^)]*\)|<[^>]*>|https?://\S+")
_LETTERS = re.compile(r"[A-Za-z]{2,}")


def is_generated(docname: str) -> bool:
    """True if the Chinese of a page comes from data."""
    return docname.startswith(ERRORS) and docname != f"{ERRORS}index"


def needs_chinese(message: str) -> bool:
    """True if there are words in a message besides code and addresses."""
    return bool(_LETTERS.search(_CODE.sub("", message)))


@cache
def show_help(words: tuple[str, ...]) -> str:
    """The Chinese output of ``scf WORDS --help``."""
    command = [sys.executable, "-m", "tencentserverless", *words, "--help"]
    environment = {**os.environ, "COLUMNS": command_pages.COLUMNS, "LC_ALL": "zh_CN.UTF-8"}
    return subprocess.run(command, env=environment, capture_output=True, encoding="utf-8", check=True).stdout


def _replace_source(app: Sphinx, docname: str, source: list[str]) -> None:
    """Put the Chinese of what is generated in the place of the English."""
    if app.config.language != CHINESE.sphinx:
        return
    if is_generated(docname):
        source[0] = error_pages.render(docname.removeprefix(ERRORS), "zh")
    elif docname.startswith(COMMANDS):
        source[0] = command_pages.rewrite(source[0], show_help)
    for folder, data in _DATA.items():
        if docname.startswith(folder):
            app.env.note_dependency(data, docname=docname)


def find_catalogue(docs: Path, docname: str) -> Path:
    """The path of the catalogue of a page."""
    return docs / "locales" / CHINESE.sphinx / "LC_MESSAGES" / f"{docname}.po"


def list_missing(
    messages: Iterator[tuple[nodes.Element, str]], catalogue: Catalog
) -> Iterator[tuple[nodes.Element, str]]:
    """List the messages that have no Chinese, and the reason."""
    for node, message in messages:
        entry = catalogue.get(message)
        if entry is None or not entry.string:
            yield node, f"no Chinese for {message[:60]!r}"
        elif entry.fuzzy:
            yield node, f"the Chinese is marked as fuzzy: {message[:60]!r}"


class KeptEnglish(SphinxTransform):
    """Keep out of the catalogues what stays as it is: docstrings, generated pages, and texts without words."""

    default_priority = 5  # before the messages are collected

    def apply(self, **kwargs: object) -> None:
        """Mark what is not translated."""
        is_kept = self.env.docname in ENGLISH_PAGES or is_generated(self.env.docname)
        for node in self.document.findall(nodes.Element):
            # Sphinx takes an inline element with this mark out of the page: only those that have one may get it.
            if isinstance(node, nodes.Inline) and "translatable" not in node:
                continue
            is_docstring = "docstring of " in (node.source or "") or isinstance(node, addnodes.desc)
            is_docstring = is_docstring or (node.parent is not None and node.parent.get("translatable") is False)
            if is_kept or is_docstring or not needs_chinese(node.rawsource or "words"):
                node["translatable"] = False


class ChineseCheck(SphinxTransform):
    """Warn about each sentence without its Chinese."""

    default_priority = 15  # after the marks, before the translation

    def apply(self, **kwargs: object) -> None:
        """Check a page."""
        docname = self.env.docname
        if self.config.language != CHINESE.sphinx or is_generated(docname):
            return
        docs = Path(self.env.srcdir)
        path = find_catalogue(docs, docname)
        catalogue = Catalog()
        if path.exists():
            with path.open("rb") as file:
                catalogue = read_po(file, locale=CHINESE.sphinx)
        for node, fault in list_missing(iter(extract_messages(self.document)), catalogue):
            hint = f"; make docs-catalogues, and write it in {path.relative_to(docs.parent)}"
            logger.warning("%s%s", fault, hint, location=node)


def setup(app: Sphinx) -> None:
    """Connect the sources, the marks and the check."""
    app.connect("source-read", _replace_source)
    app.add_transform(KeptEnglish)
    app.add_transform(ChineseCheck)
