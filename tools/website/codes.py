"""Anchors and index entries of error codes, so that a search for a code finds its cause and its fix.

The anchor of ``ResourceNotFound.Function`` in the page of its family is ``#code-ResourceNotFound-Function``, that of
the status 433 is ``#code-433``. The search looks its places up by selectors, where a dot has a meaning of its own.
"""

from __future__ import annotations

from collections.abc import Iterator

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform

FOLDER = "reference/errors/"


def make_anchor(code: str) -> str:
    """The anchor of a code."""
    return "code-" + code.replace(".", "-")


def list_codes(document: nodes.document) -> Iterator[tuple[nodes.Element, list[str]]]:
    """List the places of codes in a page: an element, and the codes that it explains.

    A code is the first word of a heading of the second level, with its name after it, or is literal in the first cell
    of a row.
    """
    for section in document.findall(nodes.section):
        title = section[0]
        if section.parent is not document and not section.next_node(nodes.table):
            yield section, title.astext().split()
    for row in document.findall(nodes.row):
        literal = row[0].next_node(nodes.literal)
        if literal is not None:
            yield row, [literal.astext()]


class Codes(SphinxTransform):
    """Give each code its anchor and its entry in the index."""

    default_priority = 800  # after the translation, before the index is collected

    def apply(self, **kwargs: object) -> None:
        """Add them to a page of errors."""
        if not self.env.docname.startswith(FOLDER):
            return
        for place, codes in list(list_codes(self.document)):
            anchor = make_anchor(codes[0])
            place["ids"].insert(0, anchor)
            parent, position = (place, 1) if isinstance(place, nodes.section) else (place[0], 0)
            entries = [("single", code, anchor, "", None) for code in codes]
            parent.insert(position, addnodes.index(entries=entries))


def setup(app: Sphinx) -> None:
    """Connect the transform."""
    app.add_transform(Codes)
