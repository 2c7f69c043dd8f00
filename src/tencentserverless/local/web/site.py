"""The sites of function URLs: the API's port, where the host decides, and the listener of path forms.

On the API's port a request goes to a URL if its host is one, to the API if its host is one of this server's or it is a
request of the API by its form, whatever its host, and nowhere else.
"""

from collections.abc import Callable

from tencentserverless.local.http.connect_proxy import SCF_HOSTS
from tencentserverless.local.http.connection import Connection, Site
from tencentserverless.local.http.messages import Answer, Bounds, Broken, Intake, Request
from tencentserverless.local.settings import LOOPBACK_HOSTS, Settings
from tencentserverless.local.web.entrance import Entrance
from tencentserverless.local.web.found import Found
from tencentserverless.local.web.url_hosts import bare_host, is_near, read_host, read_path_form, read_target

_MAX_KNOWN = 1024  # ours
_API_PREFIX = b"x-tc-"
_SCHEMES = ("http://", "https://")
_FORM = b"application/x-www-form-urlencoded"


class HostSite:
    """The site of the API's port: the API, and the URLs of functions by their hosts."""

    def __init__(self, api: Site, entrance: Entrance, settings: Settings) -> None:
        self._api = api
        self._entrance = entrance
        self._own_names = frozenset((*LOOPBACK_HOSTS, *SCF_HOSTS, settings.host.lower()))
        self._api_hosts: set[bytes] = set()
        self.handle_known: Callable[[object, list[bytes], bytes, Connection], bool] = api.handle_known
        self.bounds: Bounds = api.bounds

    def accept(self, request: Request) -> int | Intake:
        """Judge a head.

        :raises Refused: if it is refused
        """
        raw_host = request.header(b"host")
        if raw_host in self._api_hosts:
            return self._api.accept(request)
        host, places = read_host(raw_host), self._entrance.places
        if not places.knows(host) and self._is_own(host):
            self._remember(raw_host)
            return self._api.accept(request)
        place = places.find(host, read_target(request.url))
        if place is not None:
            return self._entrance.accept(place, request)
        if not host or _is_of_api(request):
            return self._api.accept(request)
        raise self._entrance.refuse_unknown()

    def handle(self, request: Request, connection: Connection) -> None:
        """Answer a request."""
        if isinstance(request.found, Found):
            self._entrance.handle(request.found, request, connection)
        else:
            self._api.handle(request, connection)

    def refuse(self, broken: Broken) -> Answer:
        """The answer to what is no request."""
        head = broken.request or broken.part
        is_of_url = head is not None and (isinstance(head.found, Found) or self._leads_to_url(head))
        return self._entrance.refuse(broken) if is_of_url else self._api.refuse(broken)

    def lost(self, connection: Connection) -> None:
        """A connection has gone."""
        self._api.lost(connection)
        self._entrance.lost(connection)

    def _leads_to_url(self, head: Request) -> bool:
        """True if the host of a head is one of a URL."""
        host = read_host(head.header(b"host"))
        return not self._is_own(host) and self._entrance.places.find(host, "/") is not None

    def _is_own(self, host: str) -> bool:
        """True for a host of this server or of the cloud's API: no URL has it, and no custom domain can take it."""
        for scheme in _SCHEMES:  # Tencent's SDK for Python sends the scheme of its endpoint too
            host = host.removeprefix(scheme)
        name = bare_host(host)
        return name in self._own_names or is_near(name)

    def _remember(self, raw_host: bytes) -> None:
        if len(self._api_hosts) >= _MAX_KNOWN:
            self._api_hosts.clear()
        self._api_hosts.add(raw_host)


class PathSite:
    """The site of path forms, ``/APPID-ID.REGION/path``, for programs that find no name below ``localhost``."""

    def __init__(self, entrance: Entrance, settings: Settings, bounds: Bounds) -> None:
        self._entrance = entrance
        self._own_names = LOOPBACK_HOSTS | {settings.host.lower()}
        self.bounds: Bounds = bounds

    def accept(self, request: Request) -> int | Intake:
        """Judge a head.

        :raises Refused: if it is refused
        """
        name = bare_host(read_host(request.header(b"host")))
        form = read_path_form(read_target(request.url))
        if form is None or not (name in self._own_names or is_near(name)):
            raise self._entrance.refuse_unknown()
        return self._entrance.accept(self._entrance.places.find_name(*form, is_path=True), request)

    def handle(self, request: Request, connection: Connection) -> None:
        """Answer a request."""
        assert isinstance(request.found, Found), "another one was refused"
        self._entrance.handle(request.found, request, connection)

    def handle_known(self, known: object, values: list[bytes], body: bytes, connection: Connection) -> bool:
        """No request is remembered but by functions, which set handlers of their own."""
        return False

    def refuse(self, broken: Broken) -> Answer:
        """The answer to what is no request."""
        return self._entrance.refuse(broken)

    def lost(self, connection: Connection) -> None:
        """A connection has gone."""
        self._entrance.lost(connection)


def _is_of_api(request: Request) -> bool:
    """True for a request that has the form of the API's: its own headers, a signature, or a form or a query of it."""
    for name, value in request.headers:
        if name.startswith(_API_PREFIX) or name == b"authorization":
            return True
        if name == b"content-type" and request.method == "POST" and value.lower().startswith(_FORM):
            return True
    return b"Action=" in request.query
