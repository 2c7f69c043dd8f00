"""Looks for the file and the function that a handler names, and tells what is there instead.

A function whose handler is not there starts, and fails at its first call (443): code may be built later.
"""

import ast
import re
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path

from tencentserverless.local.project import runtimes
from tencentserverless.local.project.notices import near_miss
from tencentserverless.local.registry.function_version import FunctionRecord

_SUFFIXES = {"Python": (".py", ".so", ".pyc"), "Nodejs": (".js", ".mjs", ".cjs"), "Php": (".php",)}
_MAX_SOURCE_BYTES = 1_000_000
_MAX_FILES = 200
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_BINDERS = (*_SCOPES, ast.Import, ast.ImportFrom)
_CAPTURES = {"MatchAs": "name", "MatchStar": "name", "MatchMapping": "rest"}
_FUNCTION = re.compile(rb"^def[ \t]+([A-Za-z_]\w*)", re.MULTILINE)


def find_handler_fault(record: FunctionRecord) -> str:
    """Return what is missing, with what is there; an empty text if the handler is there, or can't be looked for."""
    if record.type != "Event" or record.package is not None or not runtimes.names_file(record.runtime):
        return ""
    file, _, function = record.handler.rpartition(".")
    suffixes = _SUFFIXES[runtimes.family(record.runtime)]
    folder = record.code_folder
    is_python = suffixes[0] == ".py"
    if is_python and function in _functions_of_text(folder / f"{file}.py"):
        return ""
    if not any((folder / f"{file}{suffix}").is_file() for suffix in suffixes):
        return _missing_file(folder, file, function, suffixes)
    names = defined_names(folder / f"{file}.py") if is_python else None
    if names is None or function in names:
        return ""
    there = _listed(name for name, is_own in names.items() if is_own and not name.startswith("_"))
    hint = near_miss(function, names)
    return f"no {function} in {file}.py{hint or (f'; it has {there}' if there else '')}"


def defined_names(path: Path) -> dict[str, bool] | None:
    """Return the names of a module, True for its own and False for imported ones.

    None if they can't be known without running it.
    """
    try:
        if path.stat().st_size > _MAX_SOURCE_BYTES:
            return None
        with warnings.catch_warnings():  # the code's own, such as of '\d'; they are told when it runs
            warnings.simplefilter("ignore")
            tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    if any(_sets_names_unseen(node) for node in ast.walk(tree)):
        return None
    names: dict[str, bool] = {}
    for node in _nodes_of_module(tree):
        if isinstance(node, (*_SCOPES, ast.Name)):
            names[node.id if isinstance(node, ast.Name) else node.name] = True
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            names.update(((each.asname or each.name).split(".")[0], False) for each in node.names)
        elif isinstance(node, ast.Global):
            names.update(dict.fromkeys(node.names, True))
        else:
            names[_captured_name(node)] = True
    return None if "*" in names or "__getattr__" in names else names


def _sets_names_unseen(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("globals", "exec")


def _captured_name(node: ast.AST) -> str:
    """The name that a pattern of ``match`` binds, ``""`` for none and for other nodes."""
    kind = type(node).__name__  # the oldest Python of the server has no such classes
    return (kind in _CAPTURES and getattr(node, _CAPTURES[kind])) or ""


def _nodes_of_module(tree: ast.Module) -> Iterator[ast.AST]:
    """Yield what binds names of the module: not what is local to a function, a class or a comprehension.

    A ``global`` statement anywhere counts: it makes a name of the module of what its function sets.
    """
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        is_stored = isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
        if is_stored or isinstance(node, _BINDERS) or _captured_name(node):
            yield node
        if isinstance(node, (*_SCOPES, ast.Lambda)):
            yield from (each for each in ast.walk(node) if isinstance(each, ast.Global))
            inner = {*node.body} if isinstance(node.body, list) else {node.body}  # all but defaults, bases and the like
            waiting += reversed([each for each in ast.iter_child_nodes(node) if each not in inner])
        elif isinstance(node, ast.comprehension):
            waiting += (*reversed(node.ifs), node.iter)
        else:
            waiting += reversed(list(ast.iter_child_nodes(node)))


def _missing_file(folder: Path, file: str, function: str, suffixes: tuple[str, ...]) -> str:
    slashed = file.replace(".", "/")
    if any((folder / f"{slashed}{suffix}").is_file() for suffix in suffixes):
        return f"no {file}{suffixes[0]}; did you mean {slashed}.{function}?"
    there = _modules_with(folder, function) if suffixes[0] == ".py" else ""
    if not there:
        found = sorted(path.name for path in _files(folder) if path.suffix == suffixes[0])
        there = f"there is {_listed(found)}" if found else "the folder has no such file"
    return f"no {file}{suffixes[0]}; {there}"


def _modules_with(folder: Path, function: str) -> str:
    """Name a module of the folder that has the function, or a usual one."""
    for wanted in (function, runtimes.DEFAULT_HANDLER.rpartition(".")[2], "handler", "main"):
        for path in _files(folder):
            if path.suffix == ".py" and wanted in (defined_names(path) or _functions_of_text(path)):
                return f"{path.name} has {wanted}"
    return ""


def _functions_of_text(path: Path) -> set[str]:
    """Return the names that look like functions of a file, which may be of Python 2."""
    try:
        with path.open("rb") as file:
            return {name.decode() for name in _FUNCTION.findall(file.read(_MAX_SOURCE_BYTES))}
    except OSError:
        return set()


def _files(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.is_file())[:_MAX_FILES]
    except OSError:
        return []


def _listed(names: Iterable[str]) -> str:
    each = list(names)
    return ", ".join(each[:5]) + (", ..." if len(each) > 5 else "")
