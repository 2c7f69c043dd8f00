"""The rules that a request to a URL has to pass before its function is called: who may come in.

A function runs with the rights of the server's user, and pages of any site can send requests to this machine. So a
request that a browser marks as another site's, or that has another origin than the URL's own, is refused, unless the
CorsConfig of the URL allows it. The platform lets such requests through and leaves it to the browser what a page sees.
"""

from tencentserverless.local.http.messages import Request
from tencentserverless.local.registry.url_triggers import UrlTrigger
from tencentserverless.local.web import cors
from tencentserverless.local.web.found import Found

_MAX_SHOWN_CHARS = 64
_MAX_ORIGIN_BYTES = 300
_PREFLIGHT = b"access-control-request-method"


def network_fault(trigger: UrlTrigger, *, is_intranet: bool | None) -> str:
    """Return why a URL is not served, ``""`` if it is.

    :param is_intranet: the network of the address that was called; None for an address of both
    """
    if not trigger.is_enabled:
        return f"The URL is disabled: its trigger {trigger.name!r} has Enable CLOSE. UpdateTriggerStatus opens it."
    open_networks = {True: trigger.has_intranet, False: trigger.has_extranet}
    if is_intranet is None:
        is_open, name = any(open_networks.values()), "EnableExtranet and EnableIntranet"
    else:
        is_open, name = open_networks[is_intranet], "EnableIntranet" if is_intranet else "EnableExtranet"
    if is_open:
        return ""
    return f"The URL is not served here: NetConfig of its trigger {trigger.name!r} has {name} false."


def page_fault(request: Request, found: Found) -> str:
    """Return why a request of a web page is refused, ``""`` if it is none, or may come in; then note what it gets."""
    raw_origin, site = request.header(b"origin"), request.header(b"sec-fetch-site").lower()
    if not raw_origin and site != b"cross-site":
        return ""
    origin = raw_origin.decode("latin-1").strip().lower()
    if origin and site != b"cross-site" and _is_own(origin, request.header(b"host")):
        return ""
    config = found.trigger.cors
    is_known = not raw_origin or (len(raw_origin) <= _MAX_ORIGIN_BYTES and origin.isprintable() and origin.isascii())
    if config is None or not is_known or not cors.allows_origin(config, origin):
        who = f"of {origin[:_MAX_SHOWN_CHARS]!r}" if origin else "of another site"
        return f"A page {who} is refused: allow it by CorsConfig of the trigger {found.trigger.name!r}, in Origins."
    if not origin:
        return ""
    if request.method == "OPTIONS" and request.header(_PREFLIGHT):
        asked = request.header(b"access-control-request-headers").decode("latin-1")
        found.lines = cors.preflight_lines(config, origin, asked if asked.isascii() and asked.isprintable() else "")
        found.is_preflight = True
    else:
        found.lines = cors.answer_lines(config, origin)
    return ""


def _is_own(origin: str, host: bytes) -> bool:
    """True if an origin is the one of the URL itself: of the host that was called, by whatever scheme."""
    return origin.partition("://")[2].encode("latin-1") == host.strip().lower()
