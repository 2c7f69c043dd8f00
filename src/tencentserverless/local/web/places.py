"""Finds the URL that a host leads to. Hosts that came recently are known by one look into a dictionary."""

from typing import NamedTuple

from tencentserverless.local.registry.custom_domains import CustomDomain
from tencentserverless.local.registry.function import Function
from tencentserverless.local.registry.url_ids import UrlPlace
from tencentserverless.local.registry.url_triggers import UrlTrigger
from tencentserverless.local.services import Services
from tencentserverless.local.web.url_hosts import UrlName, bare_host, is_cloud_host, read_url_host

_MAX_KNOWN = 1024  # ours


class Place(NamedTuple):
    """What a host leads to.

    :param url: the function and the version or alias; None for a host that no URL has
    :param is_intranet: the network of the host; None for a host of both
    :param domain: a custom domain, whose routes decide by the path
    """

    url: UrlPlace | None = None
    is_intranet: bool | None = None
    domain: CustomDomain | None = None


NOWHERE = Place()


class Target(NamedTuple):
    """A URL that is there."""

    function: Function
    trigger: UrlTrigger


class Places:
    """Knows hosts, and finds the URLs of functions."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._urls: dict[str, Place] = {}

    def find_host(self, host: str) -> Place | None:
        """Return what a host leads to: ``NOWHERE`` if it can only be a URL's and none has it; None for other hosts.

        :param host: in lower case, with or without a port
        """
        known = self._urls.get(host)
        if known is not None:
            return known
        name = read_url_host(host)
        if name is None:
            if is_cloud_host(host):
                return NOWHERE
            domain = self._services.domains.find(bare_host(host))
            return None if domain is None else Place(domain=domain)
        place = self.find_name(name)
        if place is not NOWHERE:  # an id leads to the same place for ever
            if len(self._urls) >= _MAX_KNOWN:
                self._urls.clear()
            self._urls[host] = place
        return place

    def find_name(self, name: UrlName, *, is_path: bool = False) -> Place:
        """Return what the parts of a URL lead to; ``NOWHERE`` if they are not all of one.

        :param is_path: true for the path form, which is an address of both networks
        """
        url = self._services.urls.ids.find(name.url_id)
        if url is None or name.region != url.key.region or name.appid != self._services.settings.appid:
            return NOWHERE
        return Place(url, None if is_path else name.is_intranet)

    def find_target(self, place: UrlPlace) -> Target | None:
        """Return the URL of a version or alias, None if there is none now."""
        function = self._services.catalogue.find(place.key)
        trigger = function.url_of(place.qualifier) if function is not None else None
        return None if function is None or trigger is None else Target(function, trigger)
