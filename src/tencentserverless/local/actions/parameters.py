"""From a request's values to the parameters of an action, or to the platform's error for what is wrong with them."""

import re
from typing import Any, TypeVar

import msgspec

from tencentserverless.local.refusals import ApiError

P = TypeVar("P", bound=msgspec.Struct)

_UNKNOWN_FIELD = re.compile(r"Object contains unknown field `(.*?)`(?: - at `\$([^`]*)`)?\Z", re.DOTALL)


class Table(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What every parameter table is. Optional parameters are ``T | None``: ``null`` counts as absent."""


def decode(body: bytes, decoder: "msgspec.json.Decoder[P]") -> P:
    """The parameters of a request with a JSON body.

    :raises ApiError: as the platform words it, if the body does not fit the table
    """
    try:
        return decoder.decode(body)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return convert(_parsed(body), table_of(decoder))


def table_of(decoder: "msgspec.json.Decoder[P]") -> type[P]:
    """The class that a decoder makes. From 0.23 on msgspec's annotations allow for more than classes."""
    table: Any = decoder.type
    return table  # type: ignore[no-any-return]


def convert(values: Any, table: type[P], *, is_strict: bool = True) -> P:
    """The parameters of a request whose values are read already.

    :param is_strict: whether a number must be a number; a form has nothing but texts
    :raises ApiError: as the platform words it, if they do not fit the table
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


def _parsed(body: bytes) -> Any:
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


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_without_nulls(item) for item in value]
    return value


def _short(error: BaseException) -> str:
    return str(error).rstrip(".")[:200]
