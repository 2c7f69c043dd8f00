"""The source of a Python function object as the file of an SCF function, if it needs nothing of its process."""

import __future__

import ast
import builtins
import contextlib
import dis
import inspect
import site
from collections.abc import Callable, Iterator
from types import CodeType, FunctionType, ModuleType
from typing import Any

Handler = Callable[[Any, Any], Any]

_CURE = "or register it with inprocess=True, which runs it in the process of the test"
_BUILTINS = frozenset(dir(builtins))


class UnfitFunction(TypeError):
    """A function object can't be registered as it is; the message names why, and the cure."""


def name_of(function: Handler, name: str | None) -> str:
    """The name to register under: the one given, else the function's own.

    :raises UnfitFunction: if it can't be called, or needs a name and has none
    """
    if not callable(function):
        raise UnfitFunction(f"register() takes a function of (event, context), not {function!r}")
    if inspect.iscoroutinefunction(function):
        raise UnfitFunction(
            f"{function!r} is async, and SCF calls handlers without awaiting them: register a plain "
            "function, which may call asyncio.run"
        )
    own = getattr(function, "__name__", "<lambda>")
    if name is None and own == "<lambda>":
        raise UnfitFunction(f"{function!r} has no name of its own: give one, as register(function, 'order')")
    return own if name is None else name


def write_module(function: Handler) -> str:
    """The text of an ``index.py`` whose ``main_handler`` is this function.

    Modules that the function names are imported by the file, also those that are installed for the test alone.
    Annotations are not evaluated.

    :raises UnfitFunction: if its source can't be read, or needs objects that only this process has
    """
    if not isinstance(function, FunctionType) or function.__name__ == "<lambda>":
        raise UnfitFunction(
            f"{function!r} is not made by def, so it has no source of its own: wrap it in a function, {_CURE}"
        )
    shown = f"{function.__name__}()"
    _refuse_closure(function, shown)
    node, text = _read_source(function, shown)
    _refuse_decorators(node, shown)
    # Lines stay as they are, for a text of several lines must keep its blanks. An indented function gets a block.
    lines = text.split("\n")[node.lineno - 1 :]
    text = "\n".join(["if True:", *lines] if lines[0][:1].isspace() else lines)
    imports = _list_imports(function, text, shown)
    head = ["from __future__ import annotations", _environment_line(), *imports, ""]
    return "\n".join([*head, text, "", f"main_handler = {function.__name__}", ""])


def _environment_line() -> str:
    """The line that lets the function import what is installed for the test: a worker sees the function's own alone."""
    folders = [*site.getsitepackages(), *([site.getusersitepackages()] if site.ENABLE_USER_SITE else [])]
    return f"[__import__('site').addsitedir(folder) for folder in {folders!r}]"


def _refuse_closure(function: FunctionType, shown: str) -> None:
    names = [name for name in function.__code__.co_freevars if name != function.__name__]  # which may call itself
    if names:
        raise UnfitFunction(
            f"{shown} is a closure over {', '.join(names)}, which a worker process has not: pass it in the event, make "
            f"it inside the function, {_CURE}"
        )


def _refuse_decorators(node: ast.FunctionDef, shown: str) -> None:
    """Refuse decorators that have changed the function: all but ``register`` and those above it."""
    inner = node.decorator_list[-1] if node.decorator_list else None
    if inner is not None and not (isinstance(inner, ast.Attribute) and inner.attr == "register"):
        decorators = ", ".join(f"@{ast.unparse(item)}" for item in node.decorator_list)
        raise UnfitFunction(f"{shown} is decorated by {decorators}: register the plain function, {_CURE}")


def _read_source(function: FunctionType, shown: str) -> tuple[ast.FunctionDef, str]:
    """The function's definition, and the text in whose lines it stands."""
    node: ast.stmt | None = None
    text = ""
    with contextlib.suppress(OSError, SyntaxError):
        text = "if True:\n" + inspect.getsource(function)
        if not text[len("if True:\n")].isspace():
            text = text.partition("\n")[2]
        node = ast.parse(text).body[0]
        node = node.body[0] if isinstance(node, ast.If) else node
    if not isinstance(node, ast.FunctionDef) or node.name != function.__name__:
        raise UnfitFunction(
            f"the source of {shown} can't be read (it was typed at a prompt, made by exec, or wrapped): put it into a "
            f"file, {_CURE}"
        )
    return node, text


def _list_imports(function: FunctionType, text: str, shown: str) -> list[str]:
    """The import lines for what a function uses of its module."""
    # Compiled anew: pytest has put names of its own into the code object of a function that asserts.
    code = compile(text, "<function>", "exec", flags=__future__.annotations.compiler_flag, dont_inherit=True)
    lines, foreign = [], []
    for name in dict.fromkeys(_list_globals(code)):
        value = function.__globals__.get(name)
        if isinstance(value, ModuleType):
            lines.append(f"import {value.__name__} as {name}")
        elif name in function.__globals__ or name not in _BUILTINS:
            foreign.append(name)
    foreign = [name for name in foreign if name != function.__name__ and not name.startswith("__")]
    if foreign:
        raise UnfitFunction(
            f"{shown} uses {', '.join(foreign)} of its module, which a worker process has not: import or make it "
            f"inside the function, {_CURE}"
        )
    return lines


def _list_globals(code: CodeType) -> Iterator[str]:
    """The names that a piece of code reads from its module, default values included."""
    for instruction in dis.get_instructions(code):
        if instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            yield str(instruction.argval)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _list_globals(constant)
