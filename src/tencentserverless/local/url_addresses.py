"""The addresses of function URLs on this server, in the forms of the platform's own.

Source of the forms: cloud.tencent.com/document/product/583/96099: ``https://APPID-ID.REGION.tencentscf.com``, inside
the cloud's network ``https://APPID-ID.in.REGION.tencentscf.com``. Here ``localhost`` stands in place of
``tencentscf.com``: browsers and curl lead every name below it to this machine. The path form is for programs
that do not.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from tencentserverless.local.registry.function import Function
from tencentserverless.local.registry.function_version import FunctionRecord
from tencentserverless.local.registry.url_ids import UrlIds, UrlPlace
from tencentserverless.local.registry.url_triggers import UrlTrigger

LOCAL_DOMAIN = "localhost"
CLOUD_DOMAIN = "tencentscf.com"
INTRANET_LABEL = "in"
_WEBSOCKETS = "WS"


@dataclass(frozen=True, slots=True)
class UrlBases:
    """The ports and names at which a server is reached.

    :param port: of the API, at which URLs are chosen by their host
    :param plain_port: the same without TLS
    :param path_url: the URL of the listener of path forms, such as ``http://127.0.0.1:8584``
    """

    appid: str
    port: int
    plain_port: int
    path_url: str
    is_tls: bool = False


class UrlAddresses:
    """Writes the addresses of URLs."""

    def __init__(self, ids: UrlIds, bases: UrlBases) -> None:
        self.ids: UrlIds = ids
        self.bases: UrlBases = bases

    def label(self, place: UrlPlace) -> str:
        """Return the first label of a URL's host, ``APPID-ID``.

        :raises DatabaseError: if it has none yet, and a new id can't be stored
        """
        return f"{self.bases.appid}-{self.ids.give(*place)}"

    def url(self, place: UrlPlace, *, is_intranet: bool = False) -> str:
        """Return the address that browsers and curl reach.

        :raises DatabaseError: as of ``label``
        """
        scheme = "https" if self.bases.is_tls else "http"
        return f"{scheme}://{self._host(place, is_intranet=is_intranet)}:{self.bases.port}"

    def local_url(self, place: UrlPlace) -> str:
        """Return the path form, without a slash at its end.

        :raises DatabaseError: as of ``label``
        """
        return f"{self.bases.path_url}/{self.label(place)}.{place.key.region}"

    def prepare(self, function: Function) -> bool:
        """Give every URL of a function its id. True if one is new.

        :raises DatabaseError: if a new id can't be stored
        """
        places = [UrlPlace(function.key, url.qualifier) for url in function.urls.values()]
        new = [place for place in places if self.ids.known(place) is None]
        for place in new:
            self.ids.give(*place)
        return bool(new)

    def listed(self, functions: Iterable[Function]) -> list[dict[str, str]]:
        """Return the addresses of URLs that are served. It changes nothing, so that any thread may call it.

        :return: of each URL ``function``, ``qualifier``, ``url``, and ``local_url``, the path form
        """
        found = []
        for function in functions:
            for trigger in function.urls.values():
                place = UrlPlace(function.key, trigger.qualifier)
                is_open = trigger.is_enabled and (trigger.has_extranet or trigger.has_intranet)
                if is_open and self.ids.known(place) is not None:
                    found.append(
                        {
                            "function": str(function.key),
                            "qualifier": trigger.qualifier,
                            "url": self.url(place, is_intranet=not trigger.has_extranet),
                            "local_url": self.local_url(place),
                        }
                    )
        return found

    def net_config(self, trigger: UrlTrigger, place: UrlPlace, record: FunctionRecord | None) -> dict[str, object]:
        """Return the structure NetConfig of a trigger: its addresses, and ours, ``LocalUrl``.

        :param record: the version that it leads to, None if there is none
        :raises DatabaseError: as of ``label``
        """
        has_sockets = record is not None and record.options.get("ProtocolType") == _WEBSOCKETS
        inside, outside = trigger.has_intranet, trigger.has_extranet
        return {
            "EnableIntranet": inside,
            **self._addresses(place, "Intranet", is_intranet=True, is_shown=inside, has_sockets=has_sockets),
            **self._addresses(place, "Extranet", is_intranet=False, is_shown=outside, has_sockets=has_sockets),
            "EnableExtranet": outside,
            "LocalUrl": self.local_url(place) if inside or outside else "",
        }

    def _addresses(
        self, place: UrlPlace, net: str, *, is_intranet: bool, is_shown: bool, has_sockets: bool
    ) -> dict[str, object]:
        host = self._host(place, is_intranet=is_intranet)
        usual = self.url(place, is_intranet=is_intranet) if is_shown else ""
        plain = f"http://{host}:{self.bases.plain_port}" if is_shown else ""
        return {
            f"{net}Url": usual,
            f"{net}HTTPUrl": plain,
            f"Wss{net}Url": usual.replace("http", "ws", 1) if has_sockets else "",
            f"Ws{net}Url": plain.replace("http", "ws", 1) if has_sockets else "",
        }

    def _host(self, place: UrlPlace, *, is_intranet: bool) -> str:
        network = f"{INTRANET_LABEL}." if is_intranet else ""
        return f"{self.label(place)}.{network}{place.key.region}.{LOCAL_DOMAIN}"
