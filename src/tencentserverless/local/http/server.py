"""The listening sockets of a server, bound before anything else is made, their URLs, and the server on them."""

import asyncio
import contextlib
import errno
import socket
import ssl
from collections.abc import Awaitable, Callable, Generator
from dataclasses import dataclass
from typing import Any

from uvicorn.config import Config
from uvicorn.server import Server

from tencentserverless.local.errors import Reason, StartupError
from tencentserverless.local.http.connection import make_protocol
from tencentserverless.local.settings import DEFAULT_HOST, Limits, Settings

_BACKLOG = 2048
_ANY_HOSTS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  # where a client finds a server that listens everywhere


@dataclass(frozen=True, slots=True)
class Listener:
    """A socket that listens.

    :param port: that was bound, also where a free one was asked for; it is known when the socket is closed, too
    """

    listener: socket.socket
    port: int


@dataclass(frozen=True, slots=True)
class Listeners:
    """Where a server listens.

    :param host: as the user named it
    :param main: the socket that clients call
    :param inner: the socket that functions call, always plain HTTP: their Pythons may be older than any TLS of today,
        and what they send stays on this machine. The same as ``main`` where that is plain
    :param proxy: the socket of the proxy
    """

    host: str
    main: Listener
    inner: Listener
    proxy: Listener | None

    @property
    def is_tls(self) -> bool:
        """Whether clients call by HTTPS."""
        return self.main is not self.inner

    @property
    def url(self) -> str:
        """Where the server listens."""
        return _url(self.host, self.main, is_tls=self.is_tls)

    @property
    def endpoint_url(self) -> str:
        """Where clients on this machine find it."""
        return _url(self.local_host, self.main, is_tls=self.is_tls)

    @property
    def inner_url(self) -> str:
        """Where functions find it."""
        return _url(DEFAULT_HOST if self.is_tls else self.local_host, self.inner)

    @property
    def proxy_url(self) -> str:
        """Where the proxy is, ``""`` for none."""
        return _url(DEFAULT_HOST, self.proxy) if self.proxy else ""

    @property
    def local_host(self) -> str:
        """The host by which this machine finds the server."""
        return _ANY_HOSTS.get(self.host, self.host)

    @property
    def target(self) -> tuple[str, int]:
        """Where the proxy leads."""
        return self.local_host, self.main.port


def bind_listeners(settings: Settings, stack: contextlib.ExitStack) -> Listeners:
    """Bind every socket that the settings ask for.

    :param stack: closes them
    :raises StartupError: if one can't be bound
    """

    def bind(host: str, port: int, option: str) -> Listener:
        listener = stack.enter_context(contextlib.closing(_listen(host, port, option)))
        return Listener(listener, listener.getsockname()[1])

    main = bind(settings.host, settings.port, "--port")
    inner = bind(DEFAULT_HOST, 0, "--port") if settings.tls else main
    # On loopback whatever the host is: a proxy for other machines is none that anybody asked for.
    proxy = None if settings.proxy_port is None else bind(DEFAULT_HOST, settings.proxy_port, "--proxy-port")
    return Listeners(settings.host, main, inner, proxy)


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


def _url(host: str, door: Listener, *, is_tls: bool = False) -> str:
    scheme = "https" if is_tls else "http"
    return f"{scheme}://[{host}]:{door.port}" if ":" in host else f"{scheme}://{host}:{door.port}"


class HttpServer(Server):
    """uvicorn, on sockets that are bound already and with signals left to the one who runs it.

    :param on_started: called once it answers
    :param secure: a further socket, on which the same is answered over TLS
    """

    def __init__(
        self,
        application: Callable[
            [dict[str, Any], Callable[[], Awaitable[dict[str, Any]]], Callable[[dict[str, Any]], Awaitable[None]]],
            Awaitable[None],
        ],
        limits: Limits,
        on_started: Callable[[], None],
        secure: tuple[socket.socket, ssl.SSLContext] | None = None,
    ) -> None:
        super().__init__(
            Config(
                application,
                http=make_protocol(limits),
                log_config=None,
                access_log=False,
                lifespan="off",
                ws="none",
                interface="asgi3",
                proxy_headers=False,
                server_header=False,
                timeout_keep_alive=limits.keep_alive_seconds,
                timeout_graceful_shutdown=limits.stop_seconds,
            )
        )
        self._on_started = on_started
        self._secure = secure

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Nothing is captured: uvicorn would raise the signal again after it has stopped."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve, with the Date header in place from the first answer on."""
        await self.on_tick(0)
        await super().startup(sockets)
        if self._secure:
            listener, context = self._secure
            loop = asyncio.get_running_loop()
            self.servers.append(await loop.create_server(self._make_connection, sock=listener, ssl=context))
        self._on_started()

    def _make_connection(self) -> asyncio.Protocol:
        kind: Any = self.config.http_protocol_class
        connection: asyncio.Protocol = kind(
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )
        return connection
