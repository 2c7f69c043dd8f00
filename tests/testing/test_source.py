"""Which function objects can be a file of their own, and what is said of those that cannot."""

import functools
import json
import os.path as paths
from decimal import Decimal
from typing import Any

import pytest

from tencentserverless.testing import UnfitFunction
from tencentserverless.testing.source import name_of, write_module

LIMIT = 7


def run_module(text: str) -> Any:
    """The handler of a module, made where nothing of this file is known."""
    names: dict[str, Any] = {"__name__": "index"}
    exec(compile(text, "index.py", "exec"), names)
    return names["main_handler"]


def at_the_top(event: "Any", context: Any) -> str:
    """Uses modules of this file."""
    return json.dumps([event, paths.basename("a/b")])


def with_everything(event: dict[str, Decimal], context: Any, pad: int = len("ab")) -> list[Any]:
    import math

    def inner(value: int) -> int:
        return value + pad

    numbers = [inner(item) for item in event["items"]]
    try:
        numbers.append(math.floor(2.5))
    except ArithmeticError as error:
        return [repr(error), __name__]
    return [numbers, sorted(event), __name__]


def factorial(event: int, context: Any) -> int:
    return event * factorial(event - 1, context) if event else 1


def test_a_function_becomes_a_module_that_stands_by_itself() -> None:
    assert run_module(write_module(at_the_top))(1, None) == '[1, "b"]'
    assert run_module(write_module(with_everything))({"items": [1, 2]}, None) == [[3, 4, 2], ["items"], "index"]
    assert run_module(write_module(factorial))(5, None) == 120


def test_a_function_inside_a_test_does_too() -> None:
    def nested(event: Decimal, context: Decimal) -> str:
        assert event > 1, "too small"  # which pytest rewrites in this file
        text = """
of several lines"""
        return f"{event}{text}"

    def recursive(event, context):
        return recursive(event - 1, context) if event else "end"

    handler = run_module(write_module(nested))
    assert handler(2, None) == "2\nof several lines"
    with pytest.raises(AssertionError, match="too small"):
        handler(0, None)
    assert run_module(write_module(recursive))(2, None) == "end"


def test_register_may_stand_above_it_as_a_decorator() -> None:
    class Local:
        def register(self, function):
            return write_module(function)

    scf_local = Local()

    @scf_local.register
    def decorated(event, context):
        return "decorated"

    assert run_module(decorated)(None, None) == "decorated"


def uses_limit(event, context):
    return event > LIMIT


def uses_a_class(event, context):
    return Decimal(event)


def uses_limit_as_default(event, context, limit=LIMIT):
    return event > limit


def uses_what_is_not_there(event, context):
    return no_such_name  # noqa: F821


@functools.lru_cache
def cached(event, context):
    return event


def decorate(function):
    @functools.wraps(function)
    def wrapper(event, context):
        return function(event, context)

    return wrapper


@decorate
def wrapped(event, context):
    return event


class Handlers:
    def method(self, event, context):
        return event

    def __call__(self, event, context):
        return event


def make_closure(factor):
    def closure(event, context):
        return event * factor

    return closure


def make_typed() -> Any:
    names: dict[str, Any] = {}
    exec("def typed(event, context): return event", names)
    return names["typed"]


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (uses_limit, "uses_limit.. uses LIMIT of its module, .* import or make it inside the function"),
        (uses_a_class, "uses Decimal of its module"),
        (uses_limit_as_default, "uses LIMIT of its module"),
        (uses_what_is_not_there, "uses no_such_name"),
        (cached, "not made by def"),
        (wrapped, "closure over function"),
        (Handlers().method, "not made by def"),
        (Handlers(), "not made by def"),
        (functools.partial(uses_limit, 1), "not made by def"),
        (lambda event, context: event, "not made by def"),
        (print, "not made by def"),
        (make_closure(3), "closure.. is a closure over factor, .* pass it in the event"),
        (make_typed(), "the source of typed.. can't be read"),
    ],
    ids=lambda value: getattr(value, "__name__", None) if callable(value) else "",
)
def test_what_can_not_be_a_file_is_refused_with_the_cure(function, words) -> None:
    with pytest.raises(UnfitFunction, match=words) as caught:
        write_module(function)
    assert "inprocess=True" in str(caught.value)


def test_another_decorator_is_refused_and_named() -> None:
    def keep(function):
        return function

    @keep
    def decorated(event, context):
        return event

    with pytest.raises(UnfitFunction, match="decorated by @keep: register the plain function"):
        write_module(decorated)


def test_names() -> None:
    assert name_of(factorial, None) == "factorial"
    assert name_of(factorial, "other-name") == "other-name"
    assert name_of(lambda event, context: event, "short") == "short"
    with pytest.raises(UnfitFunction, match="give one, as register"):
        name_of(lambda event, context: event, None)
    with pytest.raises(UnfitFunction, match=r"takes a function of \(event, context\), not 'text'"):
        name_of("text", None)

    async def late(event, context):
        return event

    with pytest.raises(UnfitFunction, match=r"is async.*asyncio\.run"):
        name_of(late, None)
