"""The addressing of calls: region, endpoint, proxy and trust, from arguments and the environment.

This is the SDK's only reader of ``os.environ``. It reads a variable at each use, so that one that is set later
(``scf local env``) has an effect.
"""

import os

from tencentserverless._core import wire
from tencentserverless._core.request import check_header_value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, NoReturn

REGION = "TENCENTCLOUD_REGION"
RUN_ENVIRONMENT = "TENCENTCLOUD_RUNENV"
ENDPOINT_URL = "TENCENTSERVERLESS_ENDPOINT_URL"
#: While this variable holds any text, no client calls Tencent Cloud, with any endpoint: for tests and their processes.
ENDPOINT_GUARD = "TENCENTSERVERLESS_ENDPOINT_GUARD"

#: The regions of InvokeFunction (cloud.tencent.com/document/api/583/58400). A client takes any other name, too.
REGIONS = (
    "ap-beijing",
    "ap-chengdu",
    "ap-chongqing",
    "ap-guangzhou",
    "ap-hongkong",
    "ap-jakarta",
    "ap-nanjing",
    "ap-seoul",
    "ap-shanghai",
    "ap-shanghai-fsi",
    "ap-shenzhen-fsi",
    "ap-singapore",
    "ap-tokyo",
    "eu-frankfurt",
    "na-ashburn",
    "na-siliconvalley",
    "sa-saopaulo",
)

#: The key pair and token: inside a function, and in Tencent's tools and SDKs. The spellings differ.
FUNCTION_KEYS = ("TENCENTCLOUD_SECRETID", "TENCENTCLOUD_SECRETKEY", "TENCENTCLOUD_SESSIONTOKEN")
TOOL_KEYS = ("TENCENTCLOUD_SECRET_ID", "TENCENTCLOUD_SECRET_KEY", "TENCENTCLOUD_TOKEN")
#: The account's UIN, which every function has (cloud.tencent.com/document/product/583/30228).
UIN = "TENCENTCLOUD_UIN"
#: Variables of every TKE pod that has a role.
TKE_KEYS = ("TKE_REGION", "TKE_PROVIDER_ID", "TKE_WEB_IDENTITY_TOKEN_FILE", "TKE_ROLE_ARN")

_PROXY_NAMES = ("HTTPS_PROXY", "https_proxy")
_NO_PROXY_NAMES = ("NO_PROXY", "no_proxy")

#: The command that installs this package with its extra: one constant, because PyPI's name still holds Tencent's 0.1.7.
INSTALL_LOCAL_HINT = "pip install '.[local]' in the project's source folder"


class Origin:
    """An address with its proxy and its trust. Calls with the same origin object share connections.

    :ivar authority: the value of the Host header: the host, with the port if that is not the scheme's default
    :ivar is_cloud: True for Tencent Cloud's own API: then ``check_guard`` is called before each call
    :ivar proxy: the proxy to tunnel through, None for none
    :ivar ca_file: roots to trust, None for the system's
    """

    __slots__ = ("authority", "ca_file", "host", "is_cloud", "is_tls", "port", "proxy")

    authority: str
    ca_file: "str | None"
    host: str
    is_cloud: bool
    is_tls: bool
    port: int
    proxy: "Proxy | None"

    def __init__(
        self, host: str, port: int, is_tls: bool, *, proxy: "Proxy | None" = None, ca_file: "str | None" = None
    ) -> None:
        self.host = host
        self.port = port
        self.is_tls = is_tls
        self.proxy = proxy
        self.ca_file = ca_file
        self.is_cloud = ("." + host.rstrip(".")).endswith("." + wire.API_DOMAIN)
        name = "[{}]".format(host) if ":" in host else host
        self.authority = name if port == (443 if is_tls else 80) else "{}:{}".format(name, port)

    def __str__(self) -> str:
        return "{}:{}".format("[{}]".format(self.host) if ":" in self.host else self.host, self.port)


class Proxy:
    """A forward proxy that makes tunnels: by CONNECT (``http``, ``https``), or by SOCKS5. Its repr hides the password.

    :ivar kind: a key of ``PROXY_PORTS``; ``https`` is spoken to over TLS, ``socks5h`` looks names up itself
    :ivar credentials: ``user:password``, ``""`` for none
    :ivar source: the variable that named it, ``"proxy"`` for the argument
    :ivar fault: the reason why it cannot be used, ``""`` if it can: only calls that need it fail
    """

    __slots__ = ("credentials", "fault", "host", "kind", "port", "source")

    credentials: str
    fault: str
    host: str
    kind: str
    port: int
    source: str

    def __init__(
        self, host: str, port: int, credentials: str, *, kind: str = "http", source: str = "proxy", fault: str = ""
    ) -> None:
        self.host = host
        self.port = port
        self.credentials = credentials
        self.kind = kind
        self.source = source
        self.fault = fault

    def __str__(self) -> str:
        name = "[{}]:{}" if ":" in self.host else "{}:{}"
        return name.format(self.host, self.port) + ("" if self.source == "proxy" else " of " + self.source)

    def __repr__(self) -> str:
        return "<Proxy {}{}>".format(self, " with password" if self.credentials else "")


#: The kinds of proxies, and the port of each where its URL names none.
PROXY_PORTS = {"http": 80, "https": 443, "socks5": 1080, "socks5h": 1080}


def ambient_region() -> str:
    """Return the default region: the function's own, else ap-guangzhou."""
    return os.environ.get(REGION) or wire.DEFAULT_REGION


def ambient_keys(names: "tuple[str, str, str]") -> "tuple[str, str, str]":
    """Read secret id, secret key and token from the environment; ``""`` for a variable that is not set."""
    get = os.environ.get
    return get(names[0]) or "", get(names[1]) or "", get(names[2]) or ""


def ambient_uin() -> str:
    """Read the account's UIN from the environment; ``""`` if it is not set."""
    return os.environ.get(UIN) or ""


def watch_variables(names: "tuple[str, ...]") -> "Callable[[], bool]":
    """Make a fast check that is True if one of these may be set in the environment; it runs at every signing.

    A miss of ``os.environ.get`` takes more than a microsecond, four of them a twentieth of a whole call.
    """
    environ = os.environ
    kept = getattr(environ, "_data", None)  # the variables, by their encoded names
    if kept is None:  # the program replaced os.environ by its own mapping
        return lambda: True
    encoded = [environ.encodekey(name) for name in names]
    is_none_set = kept.keys().isdisjoint
    return lambda: not is_none_set(encoded) or os.environ is not environ


def watch_address(is_region_given: bool, endpoint: object) -> "Callable[[], bool] | None":
    """Make a fast check, for every call, if the region or the endpoint is another one; None if both were given."""
    names: "tuple[str, ...]" = () if is_region_given else (REGION,)
    names += () if endpoint is not None else (ENDPOINT_URL, RUN_ENVIRONMENT)
    environ = os.environ
    kept = getattr(environ, "_data", None)  # see watch_variables
    if kept is None or not names:
        return (lambda: True) if names else None
    first, second, third = ([environ.encodekey(name) for name in names] * 3)[:3]
    get = kept.get
    one, two, three = get(first), get(second), get(third)
    return lambda: (
        get(first) is not one or get(second) is not two or get(third) is not three or os.environ is not environ
    )


def ambient_trust() -> "tuple[str | None, str | None]":
    """Read the roots of OpenSSL's own variables: a file, a folder."""
    return os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")


def has_tke_role() -> bool:
    """True if this process runs in a TKE pod with a role."""
    return all(os.environ.get(name) for name in TKE_KEYS)


def snapshot() -> "tuple[str | None, ...]":
    """Read all variables that decide on the address of a call, so that a caller can see a change."""
    get = os.environ.get
    return get(ENDPOINT_URL), get(RUN_ENVIRONMENT), get(REGION), _first(_PROXY_NAMES), _first(_NO_PROXY_NAMES)


def check_guard(origin: Origin) -> None:
    """Refuse the cloud where ``TENCENTSERVERLESS_ENDPOINT_GUARD`` is set.

    :raises RuntimeError: if it is set, and the origin is the cloud. A program does not handle it as an error of a call
    """
    guard = os.environ.get(ENDPOINT_GUARD) if _may_be_guarded() else None
    if guard and origin.is_cloud:
        raise RuntimeError(
            "{}={} forbids calls to {}: nothing was sent. To call a local SCF, set {} or endpoint= to its URL. To call "
            "the cloud, unset the guard".format(ENDPOINT_GUARD, guard, origin.host, ENDPOINT_URL)
        )


_may_be_guarded = watch_variables((ENDPOINT_GUARD,))


def _first(names: "tuple[str, ...]") -> "str | None":
    values = [os.environ.get(name) for name in names]
    return next((value for value in values if value), None)


def check_region(region: "str | None") -> str:
    """Check a region; without one, return the environment's.

    :raises ValueError: if it cannot be a region's name
    """
    name = region or ambient_region()
    if not isinstance(name, str):
        raise TypeError("region must be a str such as 'ap-guangzhou', not {!r}".format(name))
    if not all(character.isalnum() or character == "-" for character in check_header_value("region", name)):
        raise ValueError("region {!r} is no region's name; an example is 'ap-guangzhou'".format(name))
    return name


class Addressing:
    """Finds the origin for a region.

    :param endpoint: ``"public"``, ``"internal"``, ``"regional"``, a URL, or None for the environment's
    :param proxy: URL of a proxy, ``""`` for none, None for the environment's
    :param ca_file: a file or folder of roots to trust, None for the system's
    :raises ValueError: if one of them cannot be used; the message names it
    """

    __slots__ = ("_ca_file", "_chosen", "_given", "_no_proxy", "_origins", "_proxy")

    def __init__(self, endpoint: "str | None", proxy: "str | None", ca_file: "str | None") -> None:
        for name, value in (("endpoint", endpoint), ("proxy", proxy), ("ca_file", ca_file)):
            if value is not None and not isinstance(value, str):
                raise TypeError("{} must be a str, not {!r}".format(name, value))
        if ca_file is not None and not os.path.exists(ca_file):
            raise ValueError("ca_file {!r} does not exist".format(ca_file))
        self._ca_file = ca_file
        self._given = endpoint
        self._chosen = _choose_endpoint(endpoint)
        self._no_proxy = ""
        self._origins: "dict[tuple[str, int, bool], Origin]" = {}
        if proxy is None:
            self._proxy = _ambient_proxy()
            self._no_proxy = _first(_NO_PROXY_NAMES) or ""
        else:
            self._proxy = _parse_proxy(proxy, "proxy") if proxy else None

    def follow(self) -> None:
        """Choose the endpoint again, by the environment as it is now. Origins, with their connections, are kept.

        :raises ValueError: if it cannot be used
        """
        self._chosen = _choose_endpoint(self._given)

    def locate(self, region: str) -> Origin:
        """Find the origin that serves this region; regions behind one address have one origin."""
        kind, url = self._chosen
        address = url or (_host_of(kind, region), 443, True)
        origin = self._origins.get(address)
        if origin is None:
            proxy = None if self._proxy is None or self._is_direct(address[0]) else self._proxy
            origin = self._origins[address] = Origin(*address, proxy=proxy, ca_file=self._ca_file)
        return origin

    def _is_direct(self, host: str) -> bool:
        """True if NO_PROXY names the host, its domain, its network, or all hosts. Loopback is never proxied."""
        entries = self._no_proxy.replace(" ", ",").split(",")
        return is_loopback(host) or any(_is_exempt(host, entry.lower()) for entry in entries)


_NAMED_ENDPOINTS = ("public", "internal", "regional")


def _host_of(endpoint: str, region: str) -> str:
    if endpoint == "regional" or region in wire.FINANCE_REGIONS:
        return wire.REGIONAL_HOST.format(region=region)
    return wire.INTERNAL_HOST if endpoint == "internal" else wire.PUBLIC_HOST


def _choose_endpoint(endpoint: "str | None") -> "tuple[str, tuple[str, int, bool] | None]":
    """Choose the kind of endpoint, and the address if a URL gives it."""
    if endpoint in _NAMED_ENDPOINTS:
        return endpoint, None
    url = endpoint if endpoint is not None else os.environ.get(ENDPOINT_URL)
    if not url and endpoint is None:
        is_inside = os.environ.get(RUN_ENVIRONMENT) == "SCF"
        return "internal" if is_inside else "public", None
    source = "endpoint" if endpoint is not None else ENDPOINT_URL
    host, port, is_tls, rest = _parse_url(source, url)
    if rest.strip("/") or "@" in rest:
        _refuse_url(source, url, "has more than scheme, host and port")
    if not is_tls and endpoint is None and not is_loopback(host):
        _refuse_url(source, url, "would show your session token on the wire; use https, or pass it as endpoint=")
    return "url", (host, port, is_tls)


def _parse_url(source: str, url: "str | None", shown: "str | None" = None) -> "tuple[str, int, bool, str]":
    """Split ``http(s)://host[:port]...``, in messages ``shown``, into host, port, True for TLS, and the rest."""
    if not isinstance(url, str):
        raise TypeError("{} must be a str, not {!r}".format(source, url))
    scheme, separator, rest = url.partition("://")
    if scheme.lower() not in ("http", "https") or not separator:
        _refuse_url(source, url, "is no URL such as https://scf.tencentcloudapi.com")
    is_tls = scheme.lower() == "https"
    netloc, slash, path = rest.partition("/")
    if "@" in netloc:
        shown = "{}://***@{}".format(scheme, netloc.rpartition("@")[2])
        _refuse_url(source, shown, "names a user; keys go to secret_id= and secret_key=")
    if netloc.startswith("["):
        host, bracket, port_text = netloc[1:].partition("]")
        host = host if bracket else ""
    else:
        host, colon, port_text = netloc.partition(":")
        port_text = colon + port_text
    port_text = port_text[1:] if port_text.startswith(":") else port_text
    if not host or not all(33 <= ord(character) <= 126 and character not in '@?#"<>\\' for character in host):
        _refuse_url(source, shown or url, "has no usable host name")
    if port_text and not (port_text.isdigit() and 0 < int(port_text) < 65536):
        _refuse_url(source, shown or url, "has no usable port")
    return host.lower(), int(port_text) if port_text else (443 if is_tls else 80), is_tls, slash + path


def _refuse_url(source: str, url: "str | None", fault: str) -> "NoReturn":
    is_endpoint = source in ("endpoint", ENDPOINT_URL)
    allowed = " ({} are allowed as well)".format(", ".join(map(repr, _NAMED_ENDPOINTS))) if is_endpoint else ""
    raise ValueError("{} {!r} {}{}".format(source, url, fault, allowed))


def _ambient_proxy() -> "Proxy | None":
    """Read the environment's proxy. One that cannot be used hurts only the calls that need it: it has a ``fault``."""
    for name in _PROXY_NAMES:
        url = os.environ.get(name)
        if url:
            try:
                return _parse_proxy(url, name)
            except ValueError as error:
                return Proxy("", 0, "", source=name, fault=str(error))
    return None


def _parse_proxy(url: str, source: str) -> Proxy:
    """Read a proxy's address and its user and password, percent-decoded. No message shows the password.

    :raises ValueError: if it names no proxy that can be used; the message names the source
    """
    kind, separator, rest = url.strip().partition("://")
    if not separator:
        kind, rest = "http", kind
    kind = kind.lower()
    credentials, at, address = rest.rpartition("@")
    shown = "{}://{}{}".format(kind, "***@" if at else "", address)
    if kind not in PROXY_PORTS:
        raise ValueError("{} {!r} is of no kind that is known: {}".format(source, shown, ", ".join(PROXY_PORTS)))
    host, port, _, path = _parse_url(source, "http://" + address, shown)
    if path.strip("/"):
        raise ValueError("{} {!r} has more than scheme, host and port".format(source, shown))
    if ":" not in address.rpartition("]")[2]:
        port = PROXY_PORTS[kind]
    if credentials:
        from urllib.parse import unquote

        credentials = unquote(credentials)
    if kind.startswith("socks") and any(len(part.encode("utf-8")) > 255 for part in credentials.partition(":")):
        raise ValueError("{} {!r} has a user or a password of more than 255 bytes".format(source, shown))
    return Proxy(host, port, credentials, kind=kind, source=source)


def _is_exempt(host: str, entry: str) -> bool:
    """True if an entry of NO_PROXY covers a host: ``*``, a name, a domain, an address, or a network as 10.0.0.0/8."""
    if entry == "*":
        return True
    if entry[:1] == "[":  # an address of IPv6, with a port or without
        name = entry[1:].partition("]")[0]
    else:
        name = entry.partition(":")[0] if entry.count(":") == 1 else entry  # with a port or without
    if "/" in name or ":" in name:
        import ipaddress

        try:
            return ipaddress.ip_address(host) in ipaddress.ip_network(name, strict=False)
        except ValueError:  # the host is a name, or the entry is no network
            return False
    name = name.lstrip("*").lstrip(".")
    return bool(name) and (host == name or host.endswith("." + name))


def is_loopback(host: str) -> bool:
    """True if the host is this machine, by name or by address."""
    return host in ("localhost", "::1") or (host.startswith("127.") and host.replace(".", "").isdigit())
