"""Lists come in pages, in an order, and times as text."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timezone
from typing import Any, TypeVar

from tencentserverless.local.actions.choices import DESCENDING, ORDERS, choose
from tencentserverless.local.refusals import ApiError

T = TypeVar("T")
DEFAULT_LIMIT = 20
_TIME_LAYOUT = "%Y-%m-%d %H:%M:%S"


def cut_page(
    items: Sequence[T], offset: int | None, limit: int | None, code: str = "InvalidParameterValue."
) -> list[T]:
    """The page of a list.

    :param code: of the refusal; where it ends in a dot, the parameter's name follows
    :raises ApiError: if a number is negative
    """
    for name, value in (("Offset", offset), ("Limit", limit)):
        if value is not None and value < 0:
            raise ApiError(code + name if code.endswith(".") else code, f"{name} must not be negative.")
    start = offset or 0
    return list(items[start : start + (DEFAULT_LIMIT if limit is None else limit)])


def sort_items(
    items: Iterable[T],
    key: Callable[[T], Any],
    order: str | None,
    default: str,
    code: str = "InvalidParameterValue.Order",
) -> list[T]:
    """Items in the order that a request asks for.

    :param order: ASC or DESC, as it was sent
    :raises ApiError: if it is neither
    """
    return sorted(items, key=key, reverse=choose("Order", order, ORDERS, default, code) == DESCENDING)


def time_text(seconds: float) -> str:
    """A time as the platform writes it. The zone is not stated there; here it is UTC, as inside functions."""
    return datetime.fromtimestamp(seconds, timezone.utc).strftime(_TIME_LAYOUT)


def time_seconds(name: str, text: str, code: str = "InvalidParameterValue.DateTime") -> float:
    """UNIX seconds of a time as the platform writes it.

    :raises ApiError: if it is none
    """
    try:
        return datetime.strptime(text, _TIME_LAYOUT).replace(tzinfo=timezone.utc).timestamp()
    except ValueError:
        problem = f"{name} must be a time such as 2017-05-16 20:00:00, not {text[:64]!r}."
        raise ApiError(code, problem) from None
