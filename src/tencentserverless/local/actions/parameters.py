"""From a JSON body to the parameters of an action, or to the platform's error for what is wrong with it."""

from typing import Any, TypeVar

import msgspec

from tencentserverless.local.refusals import ApiError

P = TypeVar("P", bound=msgspec.Struct)


class Table(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What every parameter table is. Optional parameters are ``T | None``: ``null`` counts as absent."""


def decode(body: bytes, decoder: "msgspec.json.Decoder[P]") -> P:
    """The parameters of a request with a JSON body.

    :raises ApiError: as the platform words it, if the body does not fit the table
    """
    try:
        return decoder.decode(body)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return _converted(_parsed(body), decoder.type)


def _converted(values: Any, table: type[P]) -> P:
    """Find out what is wrong; a body whose only fault are nulls is right after all."""
    if not isinstance(values, dict):
        raise ApiError("InvalidParameter", "The request body must be a JSON object.")
    try:
        values = _without_nulls(values)
    except RecursionError:
        raise ApiError("InvalidParameter", "The request body is nested too deeply.") from None
    fields = {field.encode_name: field for field in msgspec.structs.fields(table)}
    for name in values:
        if name not in fields:
            raise ApiError("UnknownParameter", f"The parameter `{str(name)[:64]}` is not recognized.")
    for name, field in fields.items():
        if name not in values and field.required:
            raise ApiError("MissingParameter", f"The request is missing a required parameter `{name}`.")
        if name in values:
            _check_type(name, values[name], field.type)
    return msgspec.convert(values, table)


def _parsed(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise ApiError("InvalidParameter", f"The request body is not JSON: {_short(error)}.") from None


def _check_type(name: str, value: object, kind: Any) -> None:
    try:
        msgspec.convert(value, kind)
    except (msgspec.ValidationError, RecursionError) as error:
        raise ApiError(
            "InvalidParameter", f"The value type of parameter `{name}` is not valid: {_short(error)}."
        ) from None


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_without_nulls(item) for item in value]
    return value


def _short(error: BaseException) -> str:
    return str(error).rstrip(".")[:200]
