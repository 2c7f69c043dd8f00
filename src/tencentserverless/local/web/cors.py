"""The CorsConfig of a URL: which pages of other origins may call it, and the headers that tell their browsers. Pure.

Source: cloud.tencent.com/document/product/583/100227 (the fields). The page does not say what the platform sends: these
are the headers of the Fetch standard.
"""

from tencentserverless.local.registry.url_triggers import ANY, Cors

_ALL_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_ANY_HOST = "://*."


def allows_origin(cors: Cors | None, origin: str) -> bool:
    """True if pages of an origin may call the URL.

    :param origin: ``""`` for a page that is not named: only a star allows it
    """
    if cors is None or not cors.is_enabled:
        return False
    return any(each == ANY or (origin and _fits(each, origin)) for each in cors.origins)


def answer_lines(cors: Cors, origin: str) -> bytes:
    """Return the header lines of an answer to a page of an origin that is allowed."""
    lines = _origin_lines(cors, origin)
    if cors.exposed_headers:
        lines += f"Access-Control-Expose-Headers: {', '.join(cors.exposed_headers)}\r\n"
    return lines.encode("ascii")


def preflight_lines(cors: Cors, origin: str, asked_headers: str) -> bytes:
    """Return the header lines of the answer to a preflight.

    :param asked_headers: Access-Control-Request-Headers, as it was sent
    """
    methods = _ALL_METHODS if not cors.methods or ANY in cors.methods else cors.methods
    lines = _origin_lines(cors, origin) + f"Access-Control-Allow-Methods: {', '.join(methods)}\r\n"
    headers = asked_headers if ANY in cors.headers else ", ".join(cors.headers)
    if headers:
        lines += f"Access-Control-Allow-Headers: {headers}\r\n"
    if cors.max_age_seconds is not None:
        lines += f"Access-Control-Max-Age: {cors.max_age_seconds}\r\n"
    return lines.encode("ascii")


def _origin_lines(cors: Cors, origin: str) -> str:
    """Return the lines that name the origin: a browser that sends cookies takes no star."""
    if ANY in cors.origins and not cors.has_credentials:
        return "Access-Control-Allow-Origin: *\r\n"
    lines = f"Access-Control-Allow-Origin: {origin}\r\nVary: Origin\r\n"
    return lines + ("Access-Control-Allow-Credentials: true\r\n" if cors.has_credentials else "")


def _fits(allowed: str, origin: str) -> bool:
    """True for the same origin, and for a host below the one of a pattern such as ``https://*.example.com``."""
    allowed = allowed.lower().rstrip("/")
    if _ANY_HOST not in allowed:
        return allowed == origin
    scheme, _, domain = allowed.partition(_ANY_HOST)
    return origin.startswith(f"{scheme}://") and origin.endswith(f".{domain}")
