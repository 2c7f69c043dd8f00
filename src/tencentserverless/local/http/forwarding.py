"""The heads of a request and of an answer that are passed on: which headers go through, and how the body is framed.

Pure: no socket and no clock. Sources: RFC 9110, 7.6.1 (headers of one connection alone), and
cloud.tencent.com/document/product/583/56124 (the caller can set neither Connection nor the headers X-Scf-*).
"""

from collections.abc import Iterable

from tencentserverless.local.http.messages import Headers, Request, without_own_cookies

_OF_ONE_CONNECTION = frozenset(
    (b"connection", b"keep-alive", b"proxy-connection", b"te", b"trailer", b"transfer-encoding", b"upgrade")
)
#: ``Expect`` was answered here already.
_STRIPPED = _OF_ONE_CONNECTION | {b"expect", b"proxy-authorization"}
#: Apps behind CGI and WSGI take ``-`` and ``_`` for the same: ``X_Scf_Uin`` would be the platform's for them.
PLATFORM_PREFIXES = (b"x-scf-", b"x_scf_", b"x-scf_", b"x_scf-")
_CORS_PREFIX = b"access-control-"
CHUNKED_LINE = b"Transfer-Encoding: chunked\r\n"
CHUNKED_END = CHUNKED_LINE + b"\r\n"  # of the head of a request whose body comes in chunks
_UPGRADE_LINES = b"connection: upgrade\r\nupgrade: %s\r\n"
#: Statuses whose answers have no body.
BODILESS = frozenset((204, 304))


def request_head(request: Request, url: bytes, injected: Iterable[tuple[bytes, bytes]]) -> bytes:
    """The head with which a request goes to an app.

    :param url: path and query as the app gets them
    :param injected: headers of the platform, which replace those of the caller
    """
    lines, named, is_chunked = [], _NONE, False
    for name, value in request.headers:
        if name not in _STRIPPED:
            if name == b"cookie" and value and not (value := without_own_cookies(value)):
                continue
            if not name.startswith(PLATFORM_PREFIXES):
                lines.append(b"%s: %s\r\n" % (name, value))
        elif name == b"transfer-encoding":
            is_chunked = True
        elif name == b"connection" and value.lower() not in _USUAL:
            named |= tokens(value)
    if named:
        lines = [line for line in lines if (name := line.partition(b":")[0]) not in named or name in _NEEDED]
    lines += [b"%s: %s\r\n" % pair for pair in injected]
    if is_chunked:
        lines.append(CHUNKED_LINE)
    if request.is_upgrade:
        lines.append(_UPGRADE_LINES % request.header(b"upgrade"))
    return b"%s %s HTTP/1.1\r\n%s\r\n" % (request.method.encode("ascii"), url, b"".join(lines))


def answer_lines(headers: Headers, request_id: str, more: bytes = b"") -> bytes:
    """The header lines with which the answer of an app goes to the client, without those of the framing.

    :param headers: as the app sent them
    :param more: lines of the URL's own CorsConfig; with them those of the app are dropped
    """
    lines, named = [], _NONE
    for name, value in headers:
        lower = name.lower()
        if lower not in _ANSWER_STRIPPED:
            if not (more and lower.startswith(_CORS_PREFIX)):
                lines.append(b"%s: %s\r\n" % (name, value))
        elif lower == b"connection" and value.lower() not in _USUAL:
            named |= tokens(value)
    if named:
        lines = [line for line in lines if line.partition(b":")[0].lower() not in named]
    return b"%sX-Scf-Request-Id: %s\r\n%s" % (b"".join(lines), request_id.encode("ascii"), more)


def status_line(status: int, reason: bytes) -> bytes:
    """The first line of an answer."""
    return b"HTTP/1.1 %d %s\r\n" % (status, reason)


def switching_lines(headers: Headers, request_id: str, more: bytes = b"") -> bytes:
    """The header lines of the answer by which an app takes the offer of another protocol."""
    protocol = next((value for name, value in headers if name.lower() == b"upgrade"), b"websocket")
    return answer_lines(headers, request_id, more) + _UPGRADE_LINES % protocol


def tokens(value: bytes) -> frozenset[bytes]:
    """The names in a list such as that of the header Connection, in lower case."""
    return frozenset(name.strip().lower() for name in value.split(b","))


_USUAL = (b"keep-alive", b"close")
_NONE: frozenset[bytes] = frozenset()
_NEEDED = frozenset((b"host", b"content-length"))  # a list in Connection takes no framing away
_ANSWER_STRIPPED = _OF_ONE_CONNECTION | {b"content-length", b"x-scf-request-id"}
