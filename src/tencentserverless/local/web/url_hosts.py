"""The hosts of function URLs: which of a request's hosts is the host of a URL. Pure.

Source: cloud.tencent.com/document/product/583/96099: ``APPID-ID.REGION.tencentscf.com``, inside the cloud's network
``APPID-ID.in.REGION.tencentscf.com``. ``localhost`` in place of ``tencentscf.com`` is ours.
"""

import ipaddress
import re
from typing import NamedTuple

from tencentserverless.local.registry.url_ids import ID_CHARS
from tencentserverless.local.url_addresses import CLOUD_DOMAIN, INTRANET_LABEL, LOCAL_DOMAIN

MAX_HOST_BYTES = 300  # ours: the longest name of DNS, and a port
_LABEL = rf"(?P<appid>\d{{1,20}})-(?P<id>[a-z0-9]{{{ID_CHARS}}})"
_REGION = r"(?P<region>[a-z0-9-]{1,40})"
_PORT = r"(?::\d{1,5})?"
_HOST = re.compile(
    rf"{_LABEL}\.(?P<net>{INTRANET_LABEL}\.)?{_REGION}\.(?:{LOCAL_DOMAIN}|{re.escape(CLOUD_DOMAIN)}){_PORT}\Z"
)
_FIRST_SEGMENT = re.compile(rf"/{_LABEL}\.{_REGION}(?=[/?]|\Z)")
_WHOLE_URL = re.compile(r"https?://[^/?#]*", re.IGNORECASE)
_CLOUD_HOST = re.compile(rf"(?:[a-z0-9_-]+\.)+{re.escape(CLOUD_DOMAIN)}{_PORT}\Z")


class UrlName(NamedTuple):
    """The parts of a URL's host."""

    appid: str
    url_id: str
    region: str
    is_intranet: bool = False


def read_host(host: bytes) -> str:
    """Return a Host header in the form in which hosts are compared; ``""`` for what is none."""
    return host.decode("latin-1").strip().lower() if len(host) <= MAX_HOST_BYTES else ""


def read_target(url: bytes) -> str:
    """Return path and query of a request line, as they were sent; proxies send a whole URL."""
    text = url.decode("latin-1")
    match = None if text.startswith("/") else _WHOLE_URL.match(text)
    if match is None:
        return text
    rest = text[match.end() :]
    return rest if rest.startswith("/") else f"/{rest}"


def read_url_host(host: str) -> UrlName | None:
    """Return the parts of a host, None if it has not the form of a URL's.

    :param host: in lower case, with or without a port
    """
    match = _HOST.match(host)
    return UrlName(match["appid"], match["id"], match["region"], bool(match["net"])) if match else None


def is_cloud_host(host: str) -> bool:
    """True for every host below ``tencentscf.com``: none of them is one of the API's."""
    return _CLOUD_HOST.match(host) is not None


def read_path_form(url: str) -> tuple[UrlName, str] | None:
    """Return the parts of a URL in path form, and the path and query that the function sees; None if it is none."""
    match = _FIRST_SEGMENT.match(url)
    if match is None:
        return None
    rest = url[match.end() :]
    return UrlName(match["appid"], match["id"], match["region"]), rest if rest.startswith("/") else f"/{rest}"


def bare_host(host: str) -> str:
    """Return a host without its port, and without the brackets of an address."""
    name, colon, port = host.rpartition(":")
    return (name if colon and port.isdigit() else host).strip("[]")


def is_near(name: str) -> bool:
    """True for a host that no foreign page can have: an IP address, or a name of one label, as containers have it.

    A page whose own host name leads to this machine (DNS rebinding) has a name of two labels at least.
    """
    if "." not in name and ":" not in name:
        return bool(name)
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
