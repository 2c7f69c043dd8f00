"""The site as ``make docs`` builds it, and its pages as a reader's program sees them."""

import os
import uuid
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

from filelock import FileLock

ROOT = Path(__file__).resolve().parents[1]
SITE = ROOT / "site"
FOLDERS = ("en", "zh")
_CACHE = ROOT / ".cache" / "site"
#: Elements that load something while a page is shown, and their attribute.
_LOADING = {"script": "src", "img": "src", "source": "srcset", "iframe": "src", "video": "src", "audio": "src"}
_LOADING_RELS = {"stylesheet", "icon", "preload", "modulepreload", "prefetch", "manifest"}
_VOID = {"img", "link", "meta", "input", "br", "hr", "source", "path", "use", "circle", "rect", "line", "polyline"}


class Link(NamedTuple):
    """A link of a page."""

    target: str
    in_article: bool


class Page(HTMLParser):
    """The links, anchors and loads of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[Link] = []
        self.anchors: set[str] = set()
        self.loads: list[str] = []
        self.language = ""
        self._open_articles = 0
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "html":
            self.language = values.get("lang", "")
        if tag == "article":
            self._open_articles += 1
        if "id" in values:
            self.anchors.add(values["id"])
        if tag == "a" and "href" in values:
            self.links.append(Link(unquote(values["href"]), self._open_articles > 0))
        if tag in _LOADING and _LOADING[tag] in values:
            self.loads.append(values[_LOADING[tag]])
        if tag == "link" and _LOADING_RELS & set(values.get("rel", "").split()):
            self.loads.append(values["href"])

    def handle_endtag(self, tag: str) -> None:
        if tag == "article":
            self._open_articles -= 1


@cache
def read_page(path: Path) -> Page:
    return Page(path.read_text(encoding="utf-8"))


@cache
def build_site() -> tuple[bool, str]:
    """Build the site once in a run of the tests. True if it has no faults, and what the build said."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID") or uuid.uuid4().hex
    _CACHE.mkdir(parents=True, exist_ok=True)
    with FileLock(_CACHE / "test-lock"):
        stamp, said = _CACHE / "test-run", _CACHE / "test-said"
        if not stamp.exists() or stamp.read_text() != run:
            done = _run_build()
            said.write_text(f"{done[0]}\n{done[1]}", encoding="utf-8")
            stamp.write_text(run)
        status, _, lines = said.read_text(encoding="utf-8").partition("\n")
        return status == "0", lines


def _run_build() -> tuple[int, str]:
    import subprocess
    import sys

    command = [sys.executable, "-m", "tools.website.build"]
    environ = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(
        command, cwd=ROOT, env=environ, capture_output=True, encoding="utf-8", timeout=500, check=False
    )
    return done.returncode, done.stdout + done.stderr
