"""Links from pages to files of the repository outside docs: each such file is a page of the site.

Markdown is shown as Markdown, any other text as it stands, and a folder as a list of its files. Their pages are the
same in both languages.
"""

from __future__ import annotations

import html
import posixpath
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from docutils import nodes
from markdown_it import MarkdownIt
from myst_parser.slugs import github_slugify, unique_slug
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import TextLexer, get_lexer_for_filename
from pygments.util import ClassNotFound
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform
from sphinx.util import logging

logger = logging.getLogger(__name__)
FOLDER = "repository/"
#: What a page leads to outside docs, among the facts that Sphinx keeps of each page.
LINKED = "repository_files"
_SKIPPED = frozenset(("__pycache__", ".scf", ".git", ".venv", "node_modules"))


class View(NamedTuple):
    """The page of a file or a folder."""

    title: str
    body: str
    anchors: frozenset[str]
    links: frozenset[str]
    """The files and folders that the page leads to."""


def name_page(path: str) -> str:
    """The name of the page of a file or a folder, without ``.html``."""
    return FOLDER + path


def list_files(folder: Path) -> Iterator[Path]:
    """List the files below a folder."""
    for path in sorted(folder.iterdir()):
        if path.name in _SKIPPED or path.name.startswith("."):
            continue
        if path.is_dir():
            yield from list_files(path)
        else:
            yield path


def view(root: Path, path: str) -> View:
    """Render a file or a folder."""
    full = root / path
    if full.is_dir():
        return _view_folder(root, path)
    if full.suffix == ".md":
        return _view_markdown(root, path)
    text = full.read_text(encoding="utf-8")
    try:
        lexer = get_lexer_for_filename(full.name)
    except ClassNotFound:
        lexer = TextLexer()
    code = highlight(text, lexer, HtmlFormatter(wrapcode=True))
    return View(path, f"<h1>{html.escape(path)}</h1>\n{code}", frozenset(), frozenset())


def _view_folder(root: Path, path: str) -> View:
    names = [file.relative_to(root).as_posix() for file in list_files(root / path)]
    here = name_page(path)
    items = [f'<li><a href="{_link(here, name_page(name))}">{html.escape(name)}</a></li>' for name in names]
    body = f"<h1>{html.escape(path)}</h1>\n<ul>\n" + "\n".join(items) + "\n</ul>\n"
    return View(path, body, frozenset(), frozenset(names))


def _link(here: str, page: str) -> str:
    return quote(posixpath.relpath(page, posixpath.dirname(here)) + ".html")


def _view_markdown(root: Path, path: str) -> View:
    parser = MarkdownIt("commonmark").enable("table")
    tokens = parser.parse((root / path).read_text(encoding="utf-8"))
    anchors: dict[str, None] = {}
    links: set[str] = set()
    here = name_page(path)
    for index, token in enumerate(tokens):
        if token.type == "heading_open":
            slug = unique_slug(github_slugify(_plain(tokens[index + 1].children or [])), anchors)
            anchors[slug] = None
            token.attrSet("id", slug)
        for child in token.children or []:
            if child.type == "html_inline":
                child.content = ""
            if child.type in {"link_open", "image"}:
                attribute = "href" if child.type == "link_open" else "src"
                target = str(child.attrGet(attribute) or "")
                child.attrSet(attribute, _lead(root, path, here, target, links))
        if token.type == "html_block":
            token.content = ""
    title = next((_plain(tokens[index + 1].children or []) for index, each in enumerate(tokens)
                  if each.type == "heading_open"), path)  # fmt: skip
    body = parser.renderer.render(tokens, parser.options, {})
    return View(title, body, frozenset(anchors), frozenset(links))


def _plain(children: Sequence[object]) -> str:
    return "".join(getattr(child, "content", "") for child in children)


def _lead(root: Path, path: str, here: str, target: str, links: set[str]) -> str:
    """The link of a shown file, as the site has it."""
    if re.match(r"[a-z]+:|#", target):
        return target
    name, _, anchor = target.partition("#")
    found = posixpath.normpath(posixpath.join(posixpath.dirname(path), name))
    if not (root / found).exists():
        return target
    suffix = f"#{anchor}" if anchor else ""
    if found.startswith("docs/") and found.endswith(".md"):
        return _link(here, found.removeprefix("docs/").removesuffix(".md")) + suffix
    if (root / found).suffix in {".png", ".svg"}:
        return quote(posixpath.relpath(f"_images/{posixpath.basename(found)}", posixpath.dirname(here)))
    links.add(found)
    return _link(here, name_page(found)) + suffix


class RepositoryLinks(SphinxTransform):
    """Lead links to files outside docs to the pages of these files."""

    default_priority = 26  # after the translation, which parses links anew

    def apply(self, **kwargs: object) -> None:
        """Replace each link of the page."""
        for node in [
            *self.document.findall(addnodes.pending_xref),
            *self.document.findall(addnodes.download_reference),
        ]:
            if node.get("reftype") == "myst":
                self._lead(node)

    def _lead(self, node: nodes.Element) -> None:
        full, anchor = self._find(node)
        docs = Path(self.env.srcdir)
        root = docs.parent
        if full is None or docs in full.parents or not full.is_relative_to(root):
            return
        path = full.relative_to(root).as_posix()
        if anchor and anchor not in view(root, path).anchors:
            logger.warning("%s has no anchor #%s", path, anchor, location=node)
        self.env.metadata[self.env.docname].setdefault(LINKED, []).append(path)
        uri = _link(self.env.docname, name_page(path)) + (f"#{anchor}" if anchor else "")
        link = nodes.reference("", "", internal=True, refuri=uri)
        link += node[0].children
        node.replace_self(link)

    def _find(self, node: nodes.Element) -> tuple[Path | None, str]:
        """The path that a link names, if it exists, and its anchor."""
        target = node["reftarget"]
        anchor = node.get("reftargetid") or ""
        if node.get("refdomain") == "doc":
            path = Path(target + ".md")
        else:
            name, _, more = target.partition("#")
            anchor = anchor or more
            path = Path(self.env.doc2path(self.env.docname)).parent / name
        path = Path(posixpath.normpath(path.as_posix()))
        return (path if path.is_absolute() and path.exists() else None), anchor


def _make_pages(app: Sphinx) -> Iterator[tuple[str, dict[str, object], str]]:
    """Make the pages of all files that pages lead to, and of those that these lead to."""
    waiting = [path for facts in app.env.metadata.values() for path in facts.get(LINKED, ())]
    done: set[str] = set()
    while waiting:
        path = waiting.pop()
        if path in done:
            continue
        done.add(path)
        shown = view(Path(app.srcdir).parent, path)
        waiting += sorted(shown.links - done)
        context = {"title": shown.title, "body": shown.body, "parents": [], "furo_hide_toc": True}
        yield name_page(path), context, "page.html"


def setup(app: Sphinx) -> None:
    """Connect the pages and the links to them."""
    app.add_transform(RepositoryLinks)
    app.connect("html-collect-pages", _make_pages)
