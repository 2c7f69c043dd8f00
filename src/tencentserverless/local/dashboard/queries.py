"""The parameters of a request for the JSON API: of its query, and of its JSON body."""

import math
from typing import TypeVar
from urllib.parse import parse_qs

import msgspec

from tencentserverless.local.dashboard.sources import Refusal
from tencentserverless.local.registry.function_version import FunctionKey

_MAX_FIELDS = 16
_MAX_CURSOR_CHARS = 15

Table = TypeVar("Table", bound=msgspec.Struct)


class Query:
    """The query of a request. Of a repeated parameter, the last one counts."""

    def __init__(self, query: bytes) -> None:
        try:
            fields = parse_qs(query.decode("ascii", "replace"), keep_blank_values=True, max_num_fields=_MAX_FIELDS)
        except ValueError:
            raise Refusal(400, "parameter", f"the query has more than {_MAX_FIELDS} parameters") from None
        self._values = {name: values[-1] for name, values in fields.items()}

    def text(self, name: str) -> str:
        """Return a parameter, ``""`` if it is not given."""
        return self._values.get(name, "")

    def needed(self, name: str) -> str:
        """Return a parameter.

        :raises Refusal: if it is not given
        """
        value = self._values.get(name, "")
        if not value:
            raise Refusal(400, "parameter", f"the query has no {name}")
        return value

    def number(self, name: str) -> float | None:
        """Return a parameter that is a number, None if it is not given.

        :raises Refusal: if it is none
        """
        text = self._values.get(name, "")
        if not text:
            return None
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise Refusal(400, "parameter", f"{name} must be a number, not {text[:64]!r}")
        return value


def read_key(query: Query) -> FunctionKey:
    """Return the key of the function that a query names.

    :raises Refusal: if it names none
    """
    return FunctionKey(query.needed("region"), query.needed("namespace"), query.needed("function"))


def read_cursor(query: Query, name: str = "cursor") -> int | None:
    """Return the number in a cursor, None if none is given.

    :raises Refusal: if it is none of this server's
    """
    text = query.text(name)
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= _MAX_CURSOR_CHARS):
        raise Refusal(400, "parameter", f"{name} must be a number, or next of the page before, not {text[:64]!r}")
    return int(text)


def read_body(body: bytes, table: type[Table]) -> Table:
    """Read the JSON body of a changing request.

    :raises Refusal: if it does not fit the table
    """
    try:
        return msgspec.json.decode(body, type=table)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise Refusal(400, "parameter", f"the body can't be read: {str(error)[:200]}") from None
