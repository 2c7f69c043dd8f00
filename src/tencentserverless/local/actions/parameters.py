"""The parameters of an action: reads a request's values into one typed table, or raises the platform's error.

The module also reads parameters that take one of a few words, and cuts lists into pages.
"""

import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec

from tencentserverless._core import wire
from tencentserverless.local.errors import ApiError
from tencentserverless.local.services import Services

P = TypeVar("P", bound=msgspec.Struct)

_UNKNOWN_FIELD = re.compile(r"Object contains unknown field `(.*?)`(?: - at `\$([^`]*)`)?\Z", re.DOTALL)


class Call(msgspec.Struct, frozen=True):
    """The facts of a request that are not parameters of its action.

    :param nested: a function of this server made the request
    :param origin: where the runs come from that it starts, as ``history`` keeps it
    """

    request_id: str
    region: str
    nested: bool
    origin: str = "api"


@dataclass(frozen=True, slots=True)
class Action:
    """An action: the decoder of its body, and its handler (parameters, call, services) -> fields of the answer."""

    decoder: "msgspec.json.Decoder[Any]"
    handle: Callable[[Any, Call, Services], Awaitable[dict[str, object]]]


class Table(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Base of every parameter table. Optional parameters are ``T | None``: ``null`` counts as absent."""


def decode(body: bytes, decoder: "msgspec.json.Decoder[P]") -> P:
    """Read the parameters of a request with a JSON body.

    :raises ApiError: with the platform's message, if the body does not fit the table
    """
    try:
        return decoder.decode(body)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        # Tencent's SDK for Ruby sends null for a request without parameters.
        return convert({} if (values := _parsed(body)) is None else values, table_of(decoder))


def table_of(decoder: "msgspec.json.Decoder[P]") -> type[P]:
    """Return the class that a decoder makes. From 0.23 on, msgspec's annotations allow more than classes."""
    table: Any = decoder.type
    return table  # type: ignore[no-any-return]


def convert(values: Any, table: type[P], *, is_strict: bool = True) -> P:
    """Read the parameters of a request whose values are parsed already.

    :param is_strict: true if a number must be a number; a form has only texts
    :raises ApiError: with the platform's message, if the values do not fit the table
    """
    if not isinstance(values, dict):
        raise ApiError("InvalidParameter", "The request body must be a JSON object.")
    try:
        values = _without_nulls(values)
    except RecursionError:
        raise ApiError("InvalidParameter", "The request body is nested too deeply.") from None
    fields = {field.encode_name: field for field in msgspec.structs.fields(table)}
    for name in values:
        if name not in fields:
            raise _unknown(str(name))
    for name, field in fields.items():
        if name not in values and field.required:
            raise ApiError("MissingParameter", f"The request is missing a required parameter `{name}`.")
        if name in values:
            _check_type(name, values[name], field.type, is_strict)
    return msgspec.convert(values, table, strict=is_strict)


def _parsed(body: bytes) -> object:
    try:
        return msgspec.json.decode(body)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise ApiError("InvalidParameter", f"The request body is not JSON: {_short(error)}.") from None


def _check_type(name: str, value: object, kind: Any, is_strict: bool) -> None:
    try:
        msgspec.convert(value, kind, strict=is_strict)
    except (msgspec.ValidationError, RecursionError) as error:
        if unknown := _UNKNOWN_FIELD.match(str(error)):
            raise _unknown(f"{name}{unknown[2] or ''}.{unknown[1]}") from None
        raise ApiError(
            "InvalidParameter", f"The value type of parameter `{name}` is not valid: {_short(error)}."
        ) from None


def _unknown(name: str) -> ApiError:
    return ApiError("UnknownParameter", f"The parameter `{name[:64]}` is not recognized.")


def _without_nulls(value: object) -> object:
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_without_nulls(item) for item in value]
    return value


def _short(error: BaseException) -> str:
    return str(error).rstrip(".")[:200]


TRUE, FALSE = "TRUE", "FALSE"
SWITCH = (TRUE, FALSE)
ASCENDING, DESCENDING = "ASC", "DESC"
ORDERS = (ASCENDING, DESCENDING)

#: Received word -> documented word. The list is closed: any other letter case is refused, like a typing error.
_VARIANTS = {
    # Results of Python's str(True) and of JSON's true, in clients that turn their own booleans into text. The pages
    # themselves disagree: DeleteFunctionVersion.ForceDelete is documented in lower case, every other switch in upper.
    "True": TRUE,
    "true": TRUE,
    "False": FALSE,
    "false": FALSE,
    # GetFunctionLogs documents asc and desc, every other action ASC and DESC; clients use one spelling for all.
    "asc": ASCENDING,
    "desc": DESCENDING,
    "ASC": "asc",
    "DESC": "desc",
    # scfcli (remote invoke) checks --invocationtype and --logtype without regard to case and sends them as typed; its
    # own list of them is in lower case.
    "requestresponse": wire.SYNC,
    "event": wire.EVENT,
    "none": "None",
    "tail": "Tail",
}


def choose(
    name: str, value: str | None, allowed: Sequence[str], default: str, code: str = "InvalidParameterValue"
) -> str:
    """Return the documented word for a received one.

    :param default: the word for no value or an empty text
    :param code: the code of the refusal
    :raises ApiError: if the word is not allowed
    """
    if not value:
        return default
    if value in allowed:
        return value
    meant = _VARIANTS.get(value, "")
    if meant in allowed:
        return meant
    raise ApiError(code, f"{name} must be one of {', '.join(allowed)}, not {value[:64]!r}.")


def is_switched_on(name: str, value: str | None, code: str = "InvalidParameterValue") -> bool:
    """True if a switch that is off by default is on.

    :raises ApiError: if the word means neither on nor off
    """
    return choose(name, value, SWITCH, FALSE, code) == TRUE


T = TypeVar("T")
DEFAULT_LIMIT = 20


def cut_page(
    items: Sequence[T], offset: int | None, limit: int | None, code: str = "InvalidParameterValue."
) -> list[T]:
    """Return a page of a list.

    :param code: the code of the refusal; if it ends in a dot, the parameter's name follows
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
    """Sort items in the order that a request asks for.

    :param order: ASC or DESC, as received
    :raises ApiError: if the word is neither
    """
    return sorted(items, key=key, reverse=choose("Order", order, ORDERS, default, code) == DESCENDING)
