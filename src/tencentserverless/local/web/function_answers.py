"""The answer that a function's return value stands for. Pure.

Source: cloud.tencent.com/document/product/583/96099: an object with ``statusCode`` is the answer; other JSON is sent as
it is, with 200 and ``application/json``. ``isBase64Encoded``, lists of values and ``multiValueHeaders`` are those of
API gateway's and CLB's answers. What happens to an object that is no answer, though it says so, is on no page: it is
sent as other JSON is, and the server's user is told.
"""

import binascii
import json
import re
from base64 import b64decode
from typing import NamedTuple

from tencentserverless.local.http.messages import Answer
from tencentserverless.local.web.url_answers import id_line, reason_of

_JSON_LINE = b"Content-Type: application/json\r\n"
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}\Z")
_VALUE_FAULT = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_STATUSES = range(200, 600)
_BODILESS = (204, 304)
#: Headers that the connection sets, and the URL itself.
_OWN_HEADERS = frozenset(
    "connection content-length date keep-alive proxy-connection te trailer transfer-encoding upgrade "
    "x-scf-request-id".split()
)
_CORS_PREFIX = "access-control-"
_RETURN = 'return {"statusCode": 200, "headers": {"Content-Type": "text/html"}, "body": "<p>text</p>"}'


class Read(NamedTuple):
    """An answer, and what its function's author should know of it; ``""`` for nothing."""

    answer: Answer
    advice: str = ""


def is_plain(text: str) -> bool:
    """True for a return value that is sent as it is, and of which there is nothing to say."""
    return not _may_be_answer(text) and text[:2] != '"<'


def read_answer(text: str, request_id: str, lines: bytes = b"", *, is_asked: bool = False) -> Read:
    """Make the answer of a return value.

    :param text: the return value, as JSON text
    :param lines: header lines that the URL itself adds
    :param is_asked: true if the URL's settings ask for an answer with a status code
    """
    if _may_be_answer(text):
        value = _object(text)
        if "statusCode" in value:
            return _integration(value, text, request_id, lines)
    answer = Answer(200, _bytes(text), _JSON_LINE + id_line(request_id) + lines)
    if is_asked:
        return Read(answer, f"returned no statusCode, so its caller got JSON; to answer with more, {_RETURN}")
    if text[:2] == '"<':
        return Read(answer, f"returned HTML without a statusCode, so its caller got it as JSON; {_RETURN}")
    return Read(answer)


def _may_be_answer(text: str) -> bool:
    """True for what can be an object with ``statusCode``; a runtime of the user's own may write blanks before it."""
    first = text[:1]
    return (first == "{" or (first.isspace() and text.lstrip()[:1] == "{")) and "statusCode" in text


def _object(text: str) -> dict[str, object]:
    """Return an object; an empty one for what is none: a runtime of the user's own may return any text."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _integration(value: dict[str, object], text: str, request_id: str, lines: bytes) -> Read:
    status, headers = value["statusCode"], value.get("headers")
    if isinstance(status, bool) or not isinstance(status, int) or status not in _STATUSES:
        return _other(text, request_id, lines, f"statusCode must be a number from 200 to 599, not {status!r:.64}")
    if headers is not None and not isinstance(headers, dict):
        return _other(text, request_id, lines, "headers must be an object")
    several = value.get("multiValueHeaders")
    if several is not None and not isinstance(several, dict):
        return _other(text, request_id, lines, "multiValueHeaders must be an object")
    faults: list[str] = []
    body = _body(value, faults)
    sets_cors = _CORS_PREFIX.encode("ascii") in lines.lower()
    made, has_type = _lines({**(headers or {}), **(several or {})}, faults, sets_cors=sets_cors)
    if not has_type and status not in _BODILESS:
        made = _JSON_LINE + made
    answer = Answer(status, b"" if status in _BODILESS else body, made + id_line(request_id) + lines, reason_of(status))
    return Read(answer, "; ".join(faults))


def _other(text: str, request_id: str, lines: bytes, fault: str) -> Read:
    answer = Answer(200, _bytes(text), _JSON_LINE + id_line(request_id) + lines)
    return Read(answer, f"returned an answer that is none, so its caller got all of it as JSON: {fault}; {_RETURN}")


def _body(value: dict[str, object], faults: list[str]) -> bytes:
    body = value.get("body")
    if body is None:
        return b""
    if not isinstance(body, str):
        faults.append("returned a body that is no text, so its caller got it as JSON; json.dumps makes it a text")
        return _bytes(json.dumps(body, ensure_ascii=False, separators=(",", ":")))
    if value.get("isBase64Encoded") is not True:
        return _bytes(body)
    try:
        return b64decode(body, validate=True)
    except (binascii.Error, ValueError):
        faults.append("returned isBase64Encoded with a body that is no base64, so its caller got that text")
        return _bytes(body)


def _lines(headers: dict[str, object], faults: list[str], *, sets_cors: bool) -> tuple[bytes, bool]:
    """Return header lines, and true if one of them is the content type.

    :param sets_cors: true if the URL's own headers for pages of other origins stand in place of the function's
    """
    made, has_type = [], False
    for name, given in headers.items():
        lower = name.lower()
        if lower in _OWN_HEADERS or (sets_cors and lower.startswith(_CORS_PREFIX)):
            continue
        for each in given if isinstance(given, list) else (given,):
            text = _value(each)
            if text is None or not _TOKEN.match(name) or _VALUE_FAULT.search(text):
                faults.append(f"returned a header that is none and was left out: {name!r:.64}")
                continue
            made.append(f"{name}: {text}\r\n")
            has_type = has_type or lower == "content-type"
    return _bytes("".join(made)), has_type


def _value(value: object) -> str | None:
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, (int, float)) else None


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "backslashreplace")
