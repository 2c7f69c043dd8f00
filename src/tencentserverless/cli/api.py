"""Asks the API 3.0 of SCF for what is not a call: listing, logs, deploying.

Tencent's own client sends it. It loads when something is asked, for it brings ``requests`` along (215 ms).
"""

import contextlib
import difflib
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from tencentserverless.cli.target import Target
from tencentserverless.exception import TencentCloudSDKException

if TYPE_CHECKING:
    from tencentserverless.cli.failures import Failure

_VERSION = "2018-04-16"
_TIMEOUT_SECONDS = 60
_PAGE = 100  # the most that a list gives at once
_MAX_NAMES = 1000


class Api:
    """The API at a target. Errors are ``TencentCloudSDKException``, as Tencent's client raises them."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self._client: Any = None

    def call(self, action: str, **parameters: object) -> dict[str, Any]:
        """The answer of an action, without its envelope.

        :param parameters: those that are None are not sent
        """
        if self._client is None:
            self._client = _open_client(self.target)
        given = {name: value for name, value in parameters.items() if value is not None}
        try:
            answer: dict[str, Any] = self._client.call_json(action, given)["Response"]
        except TencentCloudSDKException as error:
            if error.code == "ClientNetworkError" and self.target.is_local:
                from tencentserverless.cli.failures import no_local_server

                raise no_local_server(self.target.url) from error
            raise
        except (KeyError, TypeError, ValueError) as error:  # Tencent's client takes every answer for the API's
            from tencentserverless.cli.exits import Exit
            from tencentserverless.cli.failures import Failure

            raise Failure(Exit.NETWORK, f"what answers at {self.target.url} is not the API of SCF") from error
        return answer

    def call_function(self, action: str, name: str, **parameters: object) -> dict[str, Any]:
        """The same for an action on a function of the target's namespace; one that is not there is told its neighbours.

        :raises Failure: if there is no such function
        """
        try:
            return self.call(action, FunctionName=name, Namespace=self.target.namespace, **parameters)
        except TencentCloudSDKException as error:
            if not is_missing(error):
                raise
            raise self.no_function(name, str(error.code)) from error

    def no_function(self, name: str, code: str) -> "Failure":
        """The failure that a function is not there, which names its neighbours.

        :param code: the API's
        """
        from tencentserverless.cli.exits import Exit
        from tencentserverless.cli.failures import Failure

        return Failure(Exit.API, f"{code}: no function {name!r}; {self._advice(name)}; run: scf explain {code}")

    def list_functions(self) -> Iterator[dict[str, Any]]:
        """The functions of the target's namespace, page by page."""
        offset = 0
        while True:
            page = self.call("ListFunctions", Namespace=self.target.namespace, Offset=offset, Limit=_PAGE)
            yield from page["Functions"]
            offset += len(page["Functions"])
            if not page["Functions"] or offset >= page["TotalCount"]:
                return

    def _advice(self, name: str) -> str:
        """What to do about a function that is not there: the names nearest to its own, or where else to look."""
        names: list[str] = []
        with contextlib.suppress(TencentCloudSDKException):  # who may call need not be allowed to list
            for each in self.list_functions():
                names.append(each["FunctionName"])
                if len(names) >= _MAX_NAMES:
                    break
        place = self.target.place
        near = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
        if near:
            return f"in {place} the nearest names are: {', '.join(near)}"
        if names:
            return f"in {place} there are: {', '.join(names[:8])}{', ...' if len(names) > 8 else ''}"
        return f"looked in {place}; choose others with --region and --namespace"


def is_missing(error: Exception) -> bool:
    """Does it say that there is no such function? Some actions say FunctionName, some Function."""
    return getattr(error, "code", None) in ("ResourceNotFound.Function", "ResourceNotFound.FunctionName")


def wait_until(is_done: Callable[[], bool], timeout_seconds: float, pause_seconds: float = 0.5) -> bool:
    """Ask again and again until it is so; the value is whether it came to be in time."""
    deadline = time.monotonic() + timeout_seconds
    while not is_done():
        if time.monotonic() > deadline:
            return False
        time.sleep(pause_seconds)
    return True


def _open_client(target: Target) -> Any:
    from tencentcloud.common.common_client import CommonClient
    from tencentcloud.common.credential import Credential
    from tencentcloud.common.profile.client_profile import ClientProfile
    from tencentcloud.common.profile.http_profile import HttpProfile

    keys, origin = target.credentials(), target.origin
    http = HttpProfile(
        protocol="https" if origin.is_tls else "http",
        endpoint=origin.authority,
        reqTimeout=_TIMEOUT_SECONDS,
        keepAlive=True,
        certification=_trust(target),
    )
    client = CommonClient(
        "scf",
        _VERSION,
        Credential(keys.secret_id, keys.secret_key, keys.token or None),
        target.region,
        ClientProfile(httpProfile=http, language="en-US"),
    )
    # It has read the environment's proxies, for loopback too, and requests would once more: both hear what we know.
    proxy = _proxy_url(target)
    client.request.conn.proxy = {"http": proxy, "https": proxy, "no_proxy": ""} if proxy else {"no_proxy": "*"}
    return client


def _trust(target: Target) -> str | None:
    """The roots, None for those of certifi: Tencent's client knows no system's."""
    from tencentserverless.config import ambient_trust

    file, folder = ambient_trust()
    return target.origin.ca_file or file or folder


def _proxy_url(target: Target) -> str:
    from urllib.parse import quote

    proxy = target.origin.proxy
    if proxy is None:
        return ""
    user = ":".join(quote(part, safe="") for part in proxy.credentials.split(":", 1))
    return f"http://{user}@{proxy.host}:{proxy.port}" if user else f"http://{proxy.host}:{proxy.port}"
