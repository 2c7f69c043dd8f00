"""Find the English texts that ``scf`` shows, for the catalogue of their Chinese.

    python tools/shown_texts.py        lists the texts that have no Chinese

Every string of the command line's sources that holds two words is such a text: a message, a hint, a help text. A value
inside an f-string or a call of ``format`` stands as ``{0}``, ``{1}`` and so on. Each line of a text is a text of its
own, and so is each paragraph of a command's docstring. What is not shown, or is the same in every language, stands in
the catalogue under ``not_translated``.
"""

from __future__ import annotations

import ast
import inspect
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "tencentserverless"
CATALOGUE = PACKAGE / "cli" / "reference" / "chinese.json"
#: All texts of these files count; of the other files only those that an error of ``ERRORS`` carries.
SHOWING = ("cli/**/*.py", "local/project/*.py")
#: Names of keys, and titles of tables in a page.
SILENT = frozenset(("local/project/keys.py",))
RAISING = ("local/**/*.py", "config.py", "credentials.py", "_base/*.py", "_core/*.py", "_sync/*.py", "exception.py")
ERRORS = frozenset(("StartupError", "ServerFailed", "CredentialError", "ConnectError", "make_failure"))
#: Constants with the text of a file that ``scf init`` writes.
FILE_TEXTS = frozenset(
    ("_HANDLER", "_MANIFEST", "_TEST", "_WEB_APP", "_START", "_WEB_REQUIREMENTS", "_WEB_MANIFEST", "_WEB_TEST")
)
_TWO_WORDS = re.compile(r"[A-Za-z]{2,}[^\n]* [^\n]*[A-Za-z]{2,}|[A-Za-z]{3,}\.$")
_PLACE = re.compile(r"(?<!\$)\{\w*\}")  # not that of a variable of a configuration file
_VALUE = re.compile(r"\{[\w.]*(?:![rs])?(?::[^{}]*)?\}")


class Text(NamedTuple):
    """A text that is shown, and its place."""

    text: str
    place: str


def split_lines(text: str) -> Iterator[str]:
    """Split a text into the parts that are translated: its lines, and the default in brackets behind a line."""
    for line in text.split("\n"):
        head, _, tail = line.partition("  [")
        default = tail.removesuffix("]").removeprefix("default: ")
        yield from (part for part in (head.strip(), default) if _TWO_WORDS.search(part))


def split_paragraphs(text: str) -> Iterator[str]:
    """Split a docstring into its paragraphs, each in one line."""
    for paragraph in inspect.cleandoc(text).split("\n\n"):
        yield " ".join(paragraph.split())


def number_values(template: str) -> str:
    """The template with its values numbered in their order."""
    count = iter(range(100))
    return _VALUE.sub(lambda _: f"{{{next(count)}}}", template.replace("{{", "\0").replace("}}", "\1")).translate(
        {0: "{", 1: "}"}
    )


def write_template(node: ast.expr) -> str | None:
    """The text of an expression with its values as ``{0}``, ``{1}``...; None for an expression of another kind."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return _number(node.values)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format":
        template = write_template(node.func.value)
        return None if template is None else number_values(template)
    return None


def _number(parts: list[ast.expr]) -> str:
    count = iter(range(100))
    return "".join(str(part.value) if isinstance(part, ast.Constant) else f"{{{next(count)}}}" for part in parts)


class _Collector(ast.NodeVisitor):
    """Collects the texts of one module."""

    def __init__(self, place: str, *, errors_only: bool) -> None:
        self.found: list[Text] = []
        self._place = place
        self._errors_only = errors_only
        self._depth = 0 if errors_only else 1  # above 0: texts count here

    def _add(self, node: ast.expr, template: str) -> None:
        if self._depth:
            self.found += [Text(part, f"{self._place}:{node.lineno}") for part in split_lines(template)]

    def visit_Constant(self, node: ast.Constant) -> None:
        """Take a plain string, or a template without the call that fills it in."""
        if isinstance(node.value, str) and not node.value.startswith("^"):  # a pattern
            self._add(node, number_values(node.value) if _PLACE.search(node.value) else node.value)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        """Take an f-string, and the strings inside its values."""
        self._add(node, _number(node.values))
        for part in node.values:
            if isinstance(part, ast.FormattedValue):
                self.visit(part.value)

    def visit_Call(self, node: ast.Call) -> None:
        """Take a template with its call of ``format``, and the arguments of errors."""
        template = write_template(node)
        if template is not None:
            self._add(node, template)
            for argument in (*node.args, *(keyword.value for keyword in node.keywords)):
                self.visit(argument)
            return
        is_error = self._errors_only and isinstance(node.func, ast.Name) and node.func.id in ERRORS
        self._depth += is_error
        self.generic_visit(node)
        self._depth -= is_error

    def _visit_function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        text = ast.get_docstring(node)
        is_command = any("command" in ast.unparse(each) for each in node.decorator_list)
        if text and is_command and not self._errors_only:
            self.found += [Text(part, f"{self._place}:{node.lineno}") for part in split_paragraphs(text)]
        for each in (*node.decorator_list, *node.args.defaults, *[each for each in node.args.kw_defaults if each]):
            self.visit(each)
        for statement in node.body[1:] if text else node.body:
            self.visit(statement)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        """Take the docstring of a command; other docstrings and annotations are not shown."""
        self._visit_function(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        """Leave the docstring out."""
        for statement in node.body[1:] if ast.get_docstring(node) else node.body:
            self.visit(statement)

    def visit_Assign(self, node: ast.Assign) -> None:
        """Leave the texts of files out."""
        if not any(isinstance(each, ast.Name) and each.id in FILE_TEXTS for each in node.targets):
            self.visit(node.value)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        """Leave the annotation out."""
        if node.value is not None:
            self.visit(node.value)

    def visit_Expr(self, node: ast.Expr) -> None:
        """Leave out a string that stands alone."""
        if not isinstance(node.value, ast.Constant):
            self.visit(node.value)


def find_texts(path: Path, *, errors_only: bool = False) -> list[Text]:
    """Find the texts of a module that are shown."""
    collector = _Collector(path.relative_to(ROOT).as_posix(), errors_only=errors_only)
    collector.visit(ast.parse(path.read_text(encoding="utf-8")))
    return collector.found


def list_texts() -> list[Text]:
    """List all texts that are shown."""
    silent = {PACKAGE / name for name in SILENT}
    shown = {path for pattern in SHOWING for path in PACKAGE.glob(pattern)} - silent
    raised = {path for pattern in RAISING for path in PACKAGE.glob(pattern)} - shown
    found = [text for path in sorted(shown) for text in find_texts(path)]
    return found + [text for path in sorted(raised) for text in find_texts(path, errors_only=True)]


def list_missing() -> list[Text]:
    """List the texts without Chinese."""
    catalogue = json.loads(CATALOGUE.read_text(encoding="utf-8"))
    known = {*catalogue["texts"], *catalogue["predicates"], *catalogue["not_translated"]}
    return [each for each in list_texts() if each.text not in known]


def main() -> int:
    """Print the texts without Chinese."""
    missing = list_missing()
    for each in missing:
        print(f"{each.place}: no Chinese for {each.text!r}; add it to {CATALOGUE.relative_to(ROOT)}")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
