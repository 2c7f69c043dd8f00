"""The server and its listening sockets, which are bound before all other parts start, and their URLs."""

import asyncio
import contextlib
import errno
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass

from tencentserverless.local.errors import Reason, StartupError
from tencentserverless.local.http.connection import Connection, Site
from tencentserverless.local.http.open_connections import OpenConnections
from tencentserverless.local.settings import DEFAULT_HOST, DEFAULT_URL_PORT, Settings

_BACKLOG = 2048
_ANY_HOSTS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  # a client\'s address of a server that listens on all


@dataclass(frozen=True, slots=True)
class Listener:
    """A listening socket.

    :param port: the port that was bound, also if any free port was asked for; still known after the socket is closed
    """

    listener: socket.socket
    port: int


@dataclass(frozen=True, slots=True)
class Listeners:
    """The listening sockets of a server.

    :param host: as the user gave it
    :param main: the socket that clients call
    :param inner: the socket that functions call, always plain HTTP: their Pythons may be older than any TLS of today,
        and their bytes stay on this machine. The same as ``main`` if that is plain
    :param proxy: the socket of the proxy
    :param function_proxy: the socket of the proxy of functions, which leads to other hosts as well
    :param paths: the socket of the path form of function URLs, always plain HTTP: it is for programs of this machine.
        It is none of the others, because browsers take all paths of a host and port for one origin
    """

    host: str
    main: Listener
    inner: Listener
    proxy: Listener | None
    function_proxy: Listener | None
    paths: Listener

    @property
    def is_tls(self) -> bool:
        """True if clients call by HTTPS."""
        return self.main is not self.inner

    @property
    def url(self) -> str:
        """URL on which the server listens."""
        return _url(self.host, self.main, is_tls=self.is_tls)

    @property
    def endpoint_url(self) -> str:
        """URL at which clients on this machine find the server."""
        return _url(self.local_host, self.main, is_tls=self.is_tls)

    @property
    def inner_url(self) -> str:
        """URL at which functions find the server."""
        return _url(DEFAULT_HOST if self.is_tls else self.local_host, self.inner)

    @property
    def proxy_url(self) -> str:
        """URL of the proxy, ``""`` for none."""
        return _url(DEFAULT_HOST, self.proxy) if self.proxy else ""

    @property
    def path_url(self) -> str:
        """URL of the path form of function URLs, without a path."""
        return _url(DEFAULT_HOST if self.is_tls else self.local_host, self.paths)

    def function_proxy_url(self, token: str) -> str:
        """URL of the proxy of functions, ``""`` for none."""
        return f"http://scf:{token}@{DEFAULT_HOST}:{self.function_proxy.port}" if self.function_proxy else ""

    @property
    def local_host(self) -> str:
        """Host at which this machine finds the server."""
        return _ANY_HOSTS.get(self.host, self.host)

    @property
    def target(self) -> tuple[str, int]:
        """Host and port to which the proxy leads."""
        return self.local_host, self.main.port


def bind_listeners(settings: Settings, stack: contextlib.ExitStack) -> Listeners:
    """Bind every socket that the settings ask for.

    :param stack: closes the sockets
    :raises StartupError: if a socket can't be bound
    """

    def bind(host: str, port: int, option: str) -> Listener:
        listener = stack.enter_context(contextlib.closing(_listen(host, port, option)))
        return Listener(listener, listener.getsockname()[1])

    main = bind(settings.host, settings.port, "--port")
    inner = bind(DEFAULT_HOST, 0, "--port") if settings.tls else main
    # On loopback even if the host is another one: the user did not ask for a proxy for other machines.
    proxy = None if settings.proxy_port is None else bind(DEFAULT_HOST, settings.proxy_port, "--proxy-port")
    function_proxy = None if proxy is None else bind(DEFAULT_HOST, 0, "--proxy-port")
    paths = _bind_paths(settings, bind)
    return Listeners(settings.host, main, inner, proxy, function_proxy, paths)


def _bind_paths(settings: Settings, bind: Callable[[str, int, str], Listener]) -> Listener:
    """Bind the socket of the path form: at its usual port where the user names none, or at a free one."""
    host, option = DEFAULT_HOST if settings.tls else settings.host, "--url-port"
    if settings.url_port is None and settings.port != 0:
        with contextlib.suppress(StartupError):
            return bind(host, DEFAULT_URL_PORT, option)
    return bind(host, settings.url_port or 0, option)


def _listen(host: str, port: int, option: str) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
    except (OSError, UnicodeError) as error:
        raise StartupError(Reason.ADDRESS, f"--host {host}: no such address ({error})") from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
    except (OSError, OverflowError) as error:
        listener.close()
        if getattr(error, "errno", None) == errno.EADDRINUSE:
            problem = (
                f"port {port} of {host} is in use; choose another with {option}, or let {option} 0 find a free one"
            )
            raise StartupError(Reason.ADDRESS, problem) from error
        raise StartupError(Reason.ADDRESS, f"can't listen on {host}, port {port}: {error}") from error
    return listener


def _url(host: str, listener: Listener, *, is_tls: bool = False) -> str:
    scheme = "https" if is_tls else "http"
    return f"{scheme}://[{host}]:{listener.port}" if ":" in host else f"{scheme}://{host}:{listener.port}"


class HttpServer:
    """Serves sites on sockets that are bound already. Make it inside the running loop."""

    def __init__(self) -> None:
        self.connections: OpenConnections = OpenConnections()
        self._servers: list[asyncio.Server] = []

    async def listen(self, site: Site, listener: socket.socket, tls: ssl.SSLContext | None = None) -> None:
        """Serve a site from now on.

        :param listener: closed by its owner, after ``stop``
        :param tls: for HTTPS
        """
        loop, connections = asyncio.get_running_loop(), self.connections
        server = await loop.create_server(lambda: Connection(site, connections), sock=listener, ssl=tls)
        self._servers.append(server)

    async def stop(self, seconds: float = 0.0) -> None:
        """Accept no more connections, and end those that are open.

        :param seconds: that answers under way may take to leave
        """
        for server in self._servers:
            server.close()
        await self.connections.stop(seconds)
