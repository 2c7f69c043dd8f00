"""Puts the sites of a server on its sockets: the API with the URLs of functions, their path form, and the proxies."""

import contextlib
import ssl

from tencentserverless.local.access_keys import KeyRing
from tencentserverless.local.api.dispatch import Api
from tencentserverless.local.http.server import HttpServer, Listeners
from tencentserverless.local.services import Services
from tencentserverless.local.web.entrance import Entrance
from tencentserverless.local.web.site import HostSite, PathSite


async def listen_on_all(
    server: HttpServer,
    listeners: Listeners,
    api: Api,
    services: Services,
    keys: KeyRing,
    stack: contextlib.AsyncExitStack,
    *,
    tls: ssl.SSLContext | None,
    proxy_token: str,
) -> None:
    """Serve on every socket from now on.

    :param stack: closes what has to be closed
    :param tls: None for a server without TLS
    :param proxy_token: the password of functions at their proxy
    """
    entrance, settings = Entrance(services, keys), services.settings
    site = HostSite(api, entrance, settings)
    await server.listen(site, listeners.inner.listener)
    if tls:
        await server.listen(site, listeners.main.listener, tls)
    await server.listen(PathSite(entrance, settings, api.bounds), listeners.paths.listener)
    if listeners.proxy and listeners.function_proxy:
        from tencentserverless.local.http.connect_proxy import ConnectProxy

        for listener, token in ((listeners.proxy, ""), (listeners.function_proxy, proxy_token)):
            proxy = ConnectProxy(listeners.target, settings.limits, token)
            stack.callback(proxy.close)
            await server.listen(proxy, listener.listener)
