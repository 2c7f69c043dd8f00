"""Anchors of error codes, and the codes as objects of the search, so that a search for a code finds its cause.

The anchor of ``ResourceNotFound.Function`` in the page of its family is ``#code-ResourceNotFound-Function``, that of
the status 433 is ``#code-433``. The search looks its places up by selectors, where a dot has a meaning of its own.
The words of a page are not enough: the search of Sphinx skips numbers among them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from typing import ClassVar, cast

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.domains import Domain, ObjType
from sphinx.transforms import SphinxTransform

from .languages import CHINESE

FOLDER = "reference/errors/"
#: A code and its anchor.
Code = tuple[str, str]


class CodeDomain(Domain):
    """The error codes of the pages."""

    name = "code"
    label = "error code"
    object_types: ClassVar = {"code": ObjType("code")}
    initial_data: ClassVar = {"codes": {}}

    def note(self, docname: str, code: str, anchor: str) -> None:
        """Remember the place of a code."""
        self.data["codes"].setdefault(docname, []).append((code, anchor))

    def clear_doc(self, docname: str) -> None:
        """Forget the codes of a page."""
        self.data["codes"].pop(docname, None)

    def merge_domaindata(self, docnames: AbstractSet[str], otherdata: dict[str, dict[str, list[Code]]]) -> None:
        """Take over the codes that another process has read."""
        self.data["codes"].update({name: codes for name, codes in otherdata["codes"].items() if name in docnames})

    def get_objects(self) -> Iterable[tuple[str, str, str, str, str, int]]:
        """Give every code to the search."""
        for docname, codes in self.data["codes"].items():
            for code, anchor in codes:
                yield code, code, "code", docname, anchor, 1

    def get_type_name(self, objtype: ObjType, primary: bool = False) -> str:
        """The words for a code in the results of a search."""
        return "错误码" if self.env.config.language == CHINESE.sphinx else self.label


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
    """Give each code its anchor, and the codes to the search."""

    default_priority = 800  # after the translation, before the anchors are collected

    def apply(self, **kwargs: object) -> None:
        """Read a page of errors."""
        docname = self.env.docname
        if not docname.startswith(FOLDER):
            return
        domain = cast("CodeDomain", self.env.get_domain(CodeDomain.name))
        for place, codes in list_codes(self.document):
            anchor = make_anchor(codes[0])
            place["ids"].insert(0, anchor)
            for code in codes:
                domain.note(docname, code, anchor)


def setup(app: Sphinx) -> None:
    """Connect the domain and the transform."""
    app.add_domain(CodeDomain)
    app.add_transform(Codes)
