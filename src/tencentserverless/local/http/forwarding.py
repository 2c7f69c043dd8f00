"""The heads of a request and of an answer that are passed on: which headers go through, and how the body is framed.

Pure: no socket and no clock. Sources: RFC 9110, 7.6.1 (headers of one connection alone), and
cloud.tencent.com/document/product/583/56124 (the caller can set neither Connection nor the headers X-Scf-*).
"""

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
_UPGRADE_LINES = b"connection: upgrade\r\nupgrade: %s\r\n"
#: Statuses whose answers have no body.
BODILESS = frozenset((204, 304))


def request_start(request: Request, url: bytes, more: bytes = b"") -> bytes:
    """The head with which a request goes to an app, without the platform's own lines of its instance and the end.

    :param url: path and query as the app gets them
    :param more: lines of the platform that are known already; all of its lines replace those of the caller
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
    lines.append(more)
    if is_chunked:
        lines.append(CHUNKED_LINE)
    if request.is_upgrade:
        lines.append(_UPGRADE_LINES % request.header(b"upgrade"))
    return b"%s %s HTTP/1.1\r\n%s" % (request.method.encode("ascii"), url, b"".join(lines))


def answer_start(status: int, reason: bytes, headers: Headers, *, has_cors: bool = True) -> bytes:
    """The head with which the answer of an app goes to the client, without the platform's own lines and the framing.

    :param headers: as the app sent them
    :param has_cors: false if those about CORS are dropped
    """
    lines, named = [], _NONE
    for name, value in headers:
        lower = name.lower()
        if lower not in _ANSWER_STRIPPED:
            if has_cors or not lower.startswith(_CORS_PREFIX):
                lines.append(b"%s: %s\r\n" % (name, value))
        elif lower == b"connection" and value.lower() not in _USUAL:
            named |= tokens(value)
    if named:
        lines = [line for line in lines if line.partition(b":")[0].lower() not in named]
    return b"HTTP/1.1 %d %s\r\n%s" % (status, reason, b"".join(lines))


def upgrade_lines(headers: Headers) -> bytes:
    """The lines of the answer by which an app takes the offer of another protocol."""
    return _UPGRADE_LINES % next((value for name, value in headers if name.lower() == b"upgrade"), b"websocket")


def tokens(value: bytes) -> frozenset[bytes]:
    """The names in a list such as that of the header Connection, in lower case."""
    return frozenset(name.strip().lower() for name in value.split(b","))


_USUAL = (b"keep-alive", b"close")
_NONE: frozenset[bytes] = frozenset()
_NEEDED = frozenset((b"host", b"content-length"))  # a list in Connection takes no framing away
_ANSWER_STRIPPED = _OF_ONE_CONNECTION | {b"content-length", b"x-scf-request-id"}
