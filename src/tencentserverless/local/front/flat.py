"""Parameters as text: a query or a form, whose nested values are flattened to ``Filters.0.Values.1=x``.

Source: cloud.tencent.com/document/api/583/17239, and what Tencent's SDKs send (``_format_params`` in Python, ``toMap``
in Java). Text says nothing of types, so the action's own parameter table decides what ``Limit=20`` is.
"""

from typing import Any
from urllib.parse import parse_qsl

import msgspec

from tencentserverless.local.refusals import ApiError

_MAX_FIELDS = 10_000  # ours: an environment of a function has at most hundreds
_MAX_DEPTH = 16  # ours: the deepest parameter of the API has five levels
_MAX_INDEX_DIGITS = 6


def parse(text: bytes) -> dict[str, str]:
    """The fields of a query or a form, percent-decoded.

    :raises ApiError: if it is none, or names a field twice
    """
    try:
        pairs = parse_qsl(
            text.decode("utf-8"), keep_blank_values=True, encoding="utf-8", errors="strict", max_num_fields=_MAX_FIELDS
        )
    except UnicodeDecodeError:
        raise ApiError("InvalidParameter", "The parameters are not text in UTF-8.") from None
    except ValueError:
        raise ApiError("InvalidParameter", f"There are more than {_MAX_FIELDS} parameters.") from None
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ApiError("InvalidParameter", "A parameter is given twice.")
    return fields


def to_json(fields: dict[str, str], table: type[Any]) -> bytes:
    """The body that a client would have sent as JSON.

    What does not fit the table stays text, so that the one reader of parameters says what is wrong with it.

    :param table: the parameter table of the action
    :raises ApiError: if the names contradict each other
    """
    values = _nest(fields)
    for field in msgspec.structs.fields(table):
        name = field.encode_name
        if name in values:
            values[name] = _as_typed(values[name], field.type)
    return msgspec.json.encode(values)


def _as_typed(value: object, kind: Any) -> object:
    try:
        # Raw, because a number may be too large for the encoder; that is then a text of the wrong type.
        return msgspec.Raw(msgspec.json.encode(msgspec.convert(value, kind, strict=False)))
    except (msgspec.MsgspecError, OverflowError, ValueError, RecursionError):
        return value


def _nest(fields: dict[str, str]) -> dict[str, Any]:
    """``{"A.0.B": "x"}`` as ``{"A": [{"B": "x"}]}``."""
    root: dict[str, Any] = {}
    for path, text in fields.items():
        *folders, name = path.split(".", _MAX_DEPTH)
        if "." in name or not all((*folders, name)):
            raise ApiError("InvalidParameter", f"The parameter `{path[:64]}` is not a name such as Filters.0.Name.")
        place: Any = root
        for folder in folders:
            place = place.setdefault(folder, {})
            if not isinstance(place, dict):
                raise _contradiction(path)
        if name in place:
            raise _contradiction(path)
        place[name] = text
    return {name: _with_lists(value) for name, value in root.items()}


def _contradiction(path: str) -> ApiError:
    return ApiError("InvalidParameter", f"The parameter `{path[:64]}` is given both as a value and as a group.")


def _with_lists(value: Any) -> Any:
    """Groups whose names are all numbers are lists. A missing number is an element that was null, thus absent."""
    if not isinstance(value, dict):
        return value
    if all(name.isascii() and name.isdigit() and len(name) <= _MAX_INDEX_DIGITS for name in value):
        return [_with_lists(value[name]) for name in sorted(value, key=int)]
    return {name: _with_lists(item) for name, item in value.items()}
