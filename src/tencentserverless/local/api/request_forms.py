"""The forms that a request can have, and the parameters that all forms share.

| Form | Content type | Signature | Parameters |
|---|---|---|---|
| POST of JSON | application/json | TC3 | the body |
| GET | a form's, or none | TC3, or v1 | the query, flattened |
| POST of a form | a form's, JSON's, or none | v1 | the body, flattened |

A TC3 request has the header Authorization, and a v1 request has none: that decides, not the content type.

Sources: cloud.tencent.com/document/api/583/17237 (request structure and size caps), 17238 and 17239 (signatures v1 and
v3), and Tencent's SDKs.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from tencentserverless._core import signing_v1, wire
from tencentserverless.local.errors import ApiError
from tencentserverless.local.settings import Limits

FORM_TYPE = "application/x-www-form-urlencoded"
#: Content types that a GET may have, which has no body: none (Tencent's SDKs for Java and PHP, signing by v1), a form's
#: type (its SDKs signing by TC3), and JSON's (programs that set their headers once for both methods).
_GET_TYPES = frozenset(("", FORM_TYPE, wire.CONTENT_TYPE))
#: Content types that a POST signed by v1 may have: before TC3, none was required. @tencent-sdk/capi 2.0.3 names its
#: forms JSON.
_FORM_TYPES = frozenset(("", FORM_TYPE, wire.CONTENT_TYPE))
_JSON_TYPES = frozenset((wire.CONTENT_TYPE,))

_OTHER_PATH = (
    "The API has the path / alone, and a query on GET alone. Without a signature, a function is called by POST "
    "/_local/invoke/NAME: scf local status prints the command line."
)
_HEADER_PREFIX = "X-TC-"
_HEADERS = {name: f"x-tc-{name.lower()}" for name in ("Action", "Version", "Region", "Timestamp", "Token")}
#: Parameters that belong to no action; forms carry them in place of headers. RequestClient and Language come from
#: Tencent's SDKs and change nothing here.
_COMMON_NAMES = frozenset(
    ("Action", "Version", "Region", "Timestamp", "Nonce", "SecretId", "SignatureMethod", "Token", "RequestClient")
) | frozenset(("Language", signing_v1.SIGNATURE))


@dataclass(slots=True)  # not frozen: freezing costs a microsecond for each request
class Head:
    """The facts about a request that are known before its body is read.

    :param query: as received
    :param headers: by lower-case name
    """

    method: str
    query: str
    headers: Mapping[str, str]
    is_v1: bool

    def body_limit_bytes(self, limits: Limits) -> int:
        """Return the largest allowed size of the body."""
        if self.method == "GET":
            return 0
        return limits.v1_body_bytes if self.is_v1 else limits.body_bytes


@dataclass(slots=True)  # not frozen, see Head
class Request:
    """A request that has arrived completely.

    :param fields: all parameters as text; None if the body is JSON
    """

    head: Head
    body: bytes
    fields: Mapping[str, str] | None

    def common(self, name: str) -> str:
        """Return a common parameter, ``""`` if it is absent.

        :param name: such as ``Action``
        """
        if self.head.is_v1 and self.fields is not None:
            return self.fields.get(name, "")
        return self.head.headers.get(_HEADERS[name], "")

    def shown_name(self, name: str) -> str:
        """Return the name of a common parameter in this form, for messages."""
        return name if self.head.is_v1 else _HEADER_PREFIX + name

    def json_body(self, table: type[Any]) -> bytes:
        """Return the parameters of the action as JSON.

        :param table: the action's parameter table
        """
        if self.fields is None:
            return self.body
        if not self.head.is_v1:
            return to_json(dict(self.fields), table)
        own = {name: text for name, text in self.fields.items() if name not in _COMMON_NAMES}
        return to_json(own, table)


def detect_format(method: str, path: str, query: bytes, headers: Mapping[str, str], limits: Limits) -> Head:
    """Find the form of a request.

    :raises ApiError: if the request has no known form, or its query is too large
    """
    if method not in ("GET", "POST"):
        raise ApiError("UnsupportedProtocol", f"The API is called by GET and POST, not by {method[:16]}.")
    if path != "/" or (query and method == "POST"):
        raise ApiError("InvalidParameter", _OTHER_PATH)
    if len(query) > limits.query_bytes:
        raise too_large(limits.query_bytes, str(len(query)))
    is_v1 = "authorization" not in headers
    _check_type(method, headers, is_v1)
    # The HTTP parser (llhttp) accepts only ASCII in a URL.
    return Head(method, query.decode("ascii", "replace"), headers, is_v1)


def read(head: Head, body: bytes) -> Request:
    """Make a request; parameters in text form are parsed.

    :raises ApiError: if the parameters are not text of this form
    """
    if head.method == "GET":
        return Request(head, b"", parse(head.query.encode("ascii", "replace")))
    # A body of JSON without a signature is no form; the check of the signature says what is missing.
    is_form = head.is_v1 and not body.lstrip().startswith(b"{")
    return Request(head, body, parse(body) if is_form else None)


def too_large(limit_bytes: int, size: str) -> ApiError:
    """Return the platform's own message, including its two spaces."""
    return ApiError(
        "RequestSizeLimitExceeded", f"Your current request size exceed  max {limit_bytes}B, but your {size}B."
    )


def _media_type(headers: Mapping[str, str]) -> str:
    """Return the content type without parameters.

    OkHttp, used by Tencent's SDK for Java, adds a charset to any type.
    """
    return headers.get("content-type", "").partition(";")[0].strip().lower()


def _check_type(method: str, headers: Mapping[str, str], is_v1: bool) -> None:
    media_type = _media_type(headers)
    if media_type in (_GET_TYPES if method == "GET" else _FORM_TYPES if is_v1 else _JSON_TYPES):
        return
    shown = headers.get("content-type", "")[:64]
    if media_type == FORM_TYPE:
        problem = "a form is signed by HmacSHA1 or HmacSHA256 among its parameters; with TC3, send JSON"
    else:
        problem = f"it must be {wire.CONTENT_TYPE}, or {FORM_TYPE} on a form"
    raise ApiError("UnsupportedProtocol", f"The content type is {shown!r}: {problem}.")


_MAX_FIELDS = 10_000  # ours: an environment of a function has at most hundreds
_MAX_DEPTH = 16  # ours: the deepest parameter of the API has five levels
_MAX_INDEX_DIGITS = 6


def parse(text: bytes) -> dict[str, str]:
    """Return the fields of a query or a form, percent-decoded.

    :raises ApiError: if the text is neither, or names a field twice
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
    """Return the body that a client would have sent as JSON.

    A value that does not fit the table stays text, so that one reader of parameters reports all errors.

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
        # Raw, because a number may be too large for the encoder; such a value stays a text of the wrong type.
        return msgspec.Raw(msgspec.json.encode(msgspec.convert(value, kind, strict=False)))
    except (msgspec.MsgspecError, OverflowError, ValueError, RecursionError):
        return value


def _nest(fields: dict[str, str]) -> dict[str, object]:
    """Turn flat names into groups: ``{"A.0.B": "x"}`` becomes ``{"A": [{"B": "x"}]}``."""
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


def _with_lists(value: object) -> object:
    """Turn groups whose names are all numbers into lists. A missing number is an element that was null, so absent."""
    if not isinstance(value, dict):
        return value
    if all(name.isascii() and name.isdigit() and len(name) <= _MAX_INDEX_DIGITS for name in value):
        return [_with_lists(value[name]) for name in sorted(value, key=int)]
    return {name: _with_lists(item) for name, item in value.items()}
