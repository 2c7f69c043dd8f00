"""Check the source against its budgets: small files, short functions, full annotations, few ``Any``, plain names.

    python tools/budgets.py [FOLDER]        default: src

Prints one line for each breach; status 1 if there is one. Ruff checks complexity (C901).
"""

from __future__ import annotations

import ast
import io
import re
import statistics
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

MAX_FILE_LINES = 400
MAX_MEDIAN_LINES = 150
MAX_BODY_LINES = 40
MAX_POSITIONAL = 6
#: The type ``Any``, at most so many times in 1,000 lines: (name of a part of the package, its paths, limit).
MAX_ANY = (
    ("the SDK", re.compile(r"tencentserverless/(?!local/|cli/|testing/)"), 8),
    ("local", re.compile(r"tencentserverless/local/"), 3),
)
VAGUE_NAMES = frozenset({"utils", "util", "helpers", "helper", "common", "misc", "manager"})
#: Their parameter list is 0.1.7's: (end of the path, name of the function).
FREE_PARAMETER_LISTS = frozenset({("tencentserverless/scf.py", "invoke"), ("tencentserverless/aio.py", "invoke")})
#: These run on Python 2.7 too, so they are annotated in type comments.
CHILD_SIDE = re.compile(
    r"tencentserverless/local/worker/child/(__init__|bootstrap|context|debugger|frames|isolation|lazy_stdlib|own_writes|payloads|port_filter|site_shim|trust|web_launcher)\.py$"
)
ANY = re.compile(r"\bAny\b")
PROMISE = re.compile(r"\b(TODO|FIXME|XXX)\b(?!\s*\(\s*\S[^)]*\))")

Function = ast.FunctionDef | ast.AsyncFunctionDef


class Breach(NamedTuple):
    """A place where a budget is exceeded, and the reason."""

    path: Path
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.what}"


def count_body_lines(function: Function) -> int:
    """Count the lines from the first statement to the last, without the docstring."""
    statements = function.body[1:] if ast.get_docstring(function, clean=False) is not None else function.body
    if not statements:
        return 0
    return (statements[-1].end_lineno or 0) - statements[0].lineno + 1


def list_positional(function: Function, in_class: bool) -> list[str]:
    """List the parameters that can be passed by position, without self and cls."""
    names = [arg.arg for arg in (*function.args.posonlyargs, *function.args.args)]
    is_static = any(isinstance(item, ast.Name) and item.id == "staticmethod" for item in function.decorator_list)
    return names[1:] if in_class and not is_static else names


def list_unannotated(function: Function, in_class: bool) -> list[str]:
    """List the parameters without an annotation, and ``return`` if the function has no return annotation."""
    arguments = function.args
    plain = [*arguments.posonlyargs, *arguments.args]
    is_static = any(isinstance(item, ast.Name) and item.id == "staticmethod" for item in function.decorator_list)
    if in_class and not is_static:
        plain = plain[1:]
    plain += [*arguments.kwonlyargs, *(arg for arg in (arguments.vararg, arguments.kwarg) if arg)]
    missing = [arg.arg for arg in plain if arg.annotation is None and not arg.type_comment]
    return missing + (["return"] if function.returns is None else [])


def walk_functions(node: ast.AST, in_class: bool = False) -> Iterator[tuple[Function, bool]]:
    """Find every function below a node, with True for a method."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, Function):
            yield child, in_class
        yield from walk_functions(child, isinstance(child, ast.ClassDef) or (in_class and isinstance(child, ast.If)))


def check_function(path: Path, function: Function, in_class: bool) -> Iterator[Breach]:
    """Check the length, the parameters and the annotations of a function."""
    body_lines = count_body_lines(function)
    if body_lines > MAX_BODY_LINES:
        what = f"{function.name}() has a body of {body_lines} lines; at most {MAX_BODY_LINES}"
        yield Breach(path, function.lineno, what)
    positional = list_positional(function, in_class)
    is_free = any(path.as_posix().endswith(end) and function.name == name for end, name in FREE_PARAMETER_LISTS)
    if len(positional) > MAX_POSITIONAL and not is_free:
        what = f"{function.name}() takes {len(positional)} positional parameters; at most {MAX_POSITIONAL}"
        yield Breach(path, function.lineno, what)
    missing = list_unannotated(function, in_class)
    has_type_comment = CHILD_SIDE.search(path.as_posix()) and function.type_comment
    if missing and not has_type_comment:
        yield Breach(path, function.lineno, f"{function.name}() lacks annotations: {', '.join(missing)}")


def check_promises(path: Path, text: str) -> Iterator[Breach]:
    """Check that each TODO gives its reason in parentheses: ``TODO(the cloud does not tell)``."""
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT and (found := PROMISE.search(token.string)):
            yield Breach(path, token.start[0], f"{found[1]} without a reason in parentheses")


def check_file(path: Path) -> Iterator[Breach]:
    """Check all budgets of one file."""
    text = path.read_text(encoding="utf-8")
    lines = len(text.splitlines())
    if lines > MAX_FILE_LINES:
        yield Breach(path, 1, f"{lines} lines; at most {MAX_FILE_LINES}")
    if VAGUE_NAMES.intersection((path.stem, path.parent.name)):
        yield Breach(path, 1, "this name says nothing; name the module for what is in it")
    for function, in_class in walk_functions(ast.parse(text, str(path), type_comments=True)):
        yield from check_function(path, function, in_class)
    yield from check_promises(path, text)


def count_any(tree: ast.Module) -> int:
    """Count the uses of ``Any`` in a module, also in quoted annotations. An import is no use."""
    annotations: list[ast.expr | None] = []
    count = 0
    for node in ast.walk(tree):
        if isinstance(node, ast.Name | ast.Attribute):
            count += (node.id if isinstance(node, ast.Name) else node.attr) == "Any"
        elif isinstance(node, ast.arg | ast.AnnAssign):
            annotations.append(node.annotation)
        elif isinstance(node, Function):
            annotations.append(node.returns)
    for annotation in annotations:
        for part in ast.walk(annotation) if annotation is not None else ():
            if isinstance(part, ast.Constant) and isinstance(part.value, str):
                count += len(ANY.findall(part.value))
    return count


def check_any(folder: Path, paths: list[Path]) -> Iterator[Breach]:
    """Check the share of ``Any`` in each part of the package."""
    for name, belongs, limit in MAX_ANY:
        texts = [path.read_text(encoding="utf-8") for path in paths if belongs.search(path.as_posix())]
        lines = sum(len(text.splitlines()) for text in texts)
        uses = sum(count_any(ast.parse(text)) for text in texts)
        if uses * 1000 > limit * lines:
            what = f"{name} uses Any {uses} times in {lines} lines; at most {limit} times in 1,000"
            yield Breach(folder, 0, what)


def check_tree(folder: Path) -> Iterator[Breach]:
    """Check all budgets of a tree."""
    paths = sorted(folder.rglob("*.py"))
    if not paths:
        yield Breach(folder, 0, "no Python file here; nothing was checked")
        return
    for path in paths:
        yield from check_file(path)
    yield from check_any(folder, paths)
    median = statistics.median(len(path.read_text(encoding="utf-8").splitlines()) for path in paths)
    if median > MAX_MEDIAN_LINES:
        yield Breach(folder, 0, f"the median file has {median:g} lines; at most {MAX_MEDIAN_LINES}")


def main(arguments: list[str]) -> int:
    """Check the folder that the command line names."""
    folder = Path(arguments[0] if arguments else "src")
    breaches = list(check_tree(folder))
    for breach in breaches:
        print(breach)
    print(f"budgets: {len(breaches)} breaches in {folder}" if breaches else f"budgets: {folder} keeps them")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
