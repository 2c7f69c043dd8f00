"""Finds the URL that a host and a path lead to: by the host of a URL, its path form, or a custom domain."""

from typing import NamedTuple

from tencentserverless.local.registry.custom_domains import CustomDomain
from tencentserverless.local.registry.function import Function
from tencentserverless.local.registry.function_version import FunctionKey
from tencentserverless.local.registry.url_ids import UrlPlace
from tencentserverless.local.registry.url_triggers import UrlTrigger
from tencentserverless.local.services import Services
from tencentserverless.local.web.routes import find_route, rewrite
from tencentserverless.local.web.url_hosts import UrlName, bare_host, is_cloud_host, read_url_host

_MAX_KNOWN = 1024  # ours


class Place(NamedTuple):
    """The URL that an address leads to.

    :param url: the function and the version or alias; None for an address that no URL has
    :param is_intranet: the network of the host; None for an address of both
    :param path: path and query as the function sees them
    :param is_lasting: true if the address leads there until a function changes; custom domains change by themselves
    """

    url: UrlPlace | None = None
    is_intranet: bool | None = None
    path: str = "/"
    is_lasting: bool = True


NOWHERE = Place()


class Target(NamedTuple):
    """A URL that is there."""

    function: Function
    trigger: UrlTrigger


class Places:
    """Finds the URLs of functions by the hosts and paths of requests."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._names: dict[str, Place] = {}

    def knows(self, host: str) -> bool:
        """True if a host was found to be one of a URL."""
        return host in self._names

    def find(self, host: str, url: str) -> Place | None:
        """Return what a host leads to: ``NOWHERE`` if it can only be a URL's and none has it; None for other hosts.

        :param host: in lower case, with or without a port
        :param url: path and query, as they were sent
        """
        known = self._names.get(host)
        if known is not None:
            return known._replace(path=url)
        name = read_url_host(host)
        if name is not None:
            return self._keep(host, self.find_name(name))._replace(path=url)
        if is_cloud_host(host):
            return NOWHERE
        domain = self._services.domains.find(bare_host(host))
        return self._follow_route(domain, url) if domain is not None else None

    def find_name(self, name: UrlName, path: str = "/", *, is_path: bool = False) -> Place:
        """Return what the parts of a URL lead to; ``NOWHERE`` if they are not all of one.

        :param is_path: true for the path form, which is an address of both networks
        """
        url = self._services.urls.ids.find(name.url_id)
        if url is None or name.region != url.key.region or name.appid != self._services.settings.appid:
            return NOWHERE
        return Place(url, None if is_path else name.is_intranet, path)

    def find_target(self, place: UrlPlace) -> Target | None:
        """Return the URL of a version or alias, None if there is none now."""
        function = self._services.catalogue.find(place.key)
        trigger = function.url_of(place.qualifier) if function is not None else None
        return None if function is None or trigger is None else Target(function, trigger)

    def _keep(self, host: str, place: Place) -> Place:
        """Remember a host that has a place: an id leads to the same one for ever."""
        if place is not NOWHERE:
            if len(self._names) >= _MAX_KNOWN:
                self._names.clear()
            self._names[host] = place
        return place

    def _follow_route(self, domain: CustomDomain, url: str) -> Place:
        """Return what a path of a custom domain leads to.

        A route names a version or an alias. Where that has no URL, but another name of the same version has one, its
        URL counts: the platform's page does not say which it has to be.
        """
        route = find_route(domain, url.partition("?")[0])
        if route is None:
            return NOWHERE
        key, qualifier = FunctionKey(domain.region, route.namespace, route.function), route.qualifier
        function = self._services.catalogue.find(key)
        if function is not None and function.url_of(qualifier) is None:
            version = function.pinned(qualifier)
            same = (each.qualifier for each in function.urls.values() if function.pinned(each.qualifier) is version)
            qualifier = next(same, qualifier)
        return Place(UrlPlace(key, qualifier), None, rewrite(route, url), is_lasting=False)
