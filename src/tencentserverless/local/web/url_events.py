"""The event of a request to a URL. Pure.

Source: cloud.tencent.com/document/product/583/96099 (fields, lower-case names). Ours, where no page says it: repeated
headers are joined by a comma, of a repeated parameter the last one counts, the path is as it was sent. The further
fields of ApiGwCompatible are those that the page says the plain event lacks; what is in them is ours too.
"""

from base64 import b64encode
from urllib.parse import parse_qsl

import msgspec

from tencentserverless.local.http.forwarding import PLATFORM_PREFIXES
from tencentserverless.local.http.messages import Headers, without_own_cookies

_REMOTE = "x-scf-remote-addr"
_MAX_PARAMETERS = 10_000  # ours
_encoder = msgspec.json.Encoder()


class BadQuery(Exception):
    """A query has more parameters than are read."""


def make_event(
    method: str, url: str, headers: Headers, body: bytes, *, client_host: str, apigw_id: str = ""
) -> tuple[bytes, bool]:
    """Make the event of a request.

    :param url: path and query, as the function sees them
    :param apigw_id: the request id, for an event with ApiGwCompatible; ``""`` for the plain one
    :return: the event, and true if its body is the one that was sent: the plain event has no place for other bytes
        than text in UTF-8
    :raises BadQuery: if the query has too many parameters
    """
    path, _, query = url.partition("?")
    parameters = _parameters(query) if query else {}
    named = _header_values(headers)
    named[_REMOTE] = client_host
    event: dict[str, object] = {
        "body": "",
        "headers": named,
        "httpMethod": method,
        "path": path,
        "queryString": parameters,
    }
    is_whole = True
    is_text, text = _text_of(body)
    event["body"] = text
    if apigw_id:
        event |= {
            "headerParameters": {},
            "isBase64Encoded": not is_text,
            "pathParameters": {},
            "queryStringParameters": parameters,
            "requestContext": {
                "httpMethod": method,
                "path": path,
                "requestId": apigw_id,
                "sourceIp": client_host,
            },
        }
        if not is_text:
            event["body"] = b64encode(body).decode("ascii")
    else:
        is_whole = is_text
    return _encoder.encode(event), is_whole


class EventFrame:
    """The plain events of requests whose heads are the same but for the length: what stands around their bodies.

    :param event: of one of them, with no body, and with ``0`` as its length, if its head has one
    :param has_length: true if its head has one; a parameter of the query may have the same name
    """

    __slots__ = ("_after", "_before", "_has_length")

    def __init__(self, event: bytes, *, has_length: bool) -> None:
        assert event.startswith(_NO_BODY), "the body comes first"
        rest = event[len(_NO_BODY) :]
        self._has_length = has_length
        self._before, _, self._after = rest.partition(_NO_LENGTH) if has_length else (rest, b"", b"")

    def fill(self, body: bytes, length: bytes) -> bytes:
        """Return the event of another body.

        :raises UnicodeDecodeError: if it is no text
        """
        text = _encoder.encode(body.decode("utf-8"))
        if not self._has_length:
            return b'{"body":%s%s' % (text, self._before)
        return b'{"body":%s%s"content-length":"%s"%s' % (text, self._before, length, self._after)


_NO_BODY = b'{"body":""'
_NO_LENGTH = b'"content-length":"0"'


def make_frame(method: str, url: str, headers: Headers, *, client_host: str) -> EventFrame:
    """Make the frame of requests that have the head of this one but for the length.

    :raises BadQuery: if the query has too many parameters
    """
    without = [(name, b"0" if name == b"content-length" else value) for name, value in headers]
    event, _ = make_event(method, url, without, b"", client_host=client_host)
    return EventFrame(event, has_length=any(name == b"content-length" for name, _ in headers))


def _parameters(query: str) -> dict[str, str]:
    try:
        return dict(parse_qsl(query, keep_blank_values=True, max_num_fields=_MAX_PARAMETERS))
    except ValueError:
        raise BadQuery(f"The query has more than {_MAX_PARAMETERS} parameters.") from None


def _header_values(headers: Headers) -> dict[str, str]:
    """Return the headers by their names, without those that only the platform sets."""
    found: dict[str, str] = {}
    for raw_name, raw_value in headers:
        if raw_name.startswith(PLATFORM_PREFIXES):
            continue
        name, value = raw_name.decode("latin-1"), _header_text(raw_value)
        if name == "cookie" and value and not (value := _header_text(without_own_cookies(raw_value))):
            continue
        if name in found:
            value = f"{found[name]}{'; ' if name == 'cookie' else ','}{value}"
        found[name] = value
    return found


def _header_text(value: bytes) -> str:
    try:
        return value.decode("utf-8").strip()
    except UnicodeDecodeError:
        return value.decode("latin-1").strip()


def _text_of(body: bytes) -> tuple[bool, str]:
    try:
        return True, body.decode("utf-8")
    except UnicodeDecodeError:
        return False, body.decode("utf-8", "replace")
