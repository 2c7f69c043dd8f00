"""A proxy for CONNECT to SCF's hosts and to those of function URLs, which leads to the TLS server of this local SCF.

Clients whose endpoint is fixed in their source reach the local SCF through the proxy, by ``HTTPS_PROXY``. It leads to
no other host: an open proxy would let every client around network rules. Functions have one of their own, which does:
all that they do over HTTPS comes through it, and where they may go they know without it. It asks for a password.

Sources of the hosts: cloud.tencent.com/document/api/583/17237 (request structure), 58400 and 17243 (regions, now and in
2023), and the root domains of Tencent's SDKs; ``common.intl`` is that of the international one; those of URLs:
document/product/583/96099.
"""

import asyncio
import base64
import contextlib
import hmac
import socket
from collections.abc import AsyncGenerator

from tencentserverless._core import wire
from tencentserverless.local.http.connection import Connection
from tencentserverless.local.http.messages import TEXT_LINES, Answer, Bounds, Broken, Fault, Intake, Refused, Request
from tencentserverless.local.http.paired_connection import PairedConnection
from tencentserverless.local.http.server import HttpServer
from tencentserverless.local.settings import LOOPBACK_HOSTS, Limits
from tencentserverless.local.url_addresses import CLOUD_DOMAIN, INTRANET_LABEL, LOCAL_DOMAIN

_BOUNDS = Bounds(head_bytes=8 * 1024, request_seconds=10.0, idle_seconds=10.0)
_ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"
_KNOWS_CONNECT = "The proxy of the local SCF knows CONNECT alone"


class ConnectProxy:
    """The site of the proxy, and its tunnels.

    :param target: address of the TLS server
    :param token: the password of functions, whose tunnels may lead to any host; ``""`` for a proxy without
    """

    bounds: Bounds = _BOUNDS

    def __init__(self, target: tuple[str, int], limits: Limits, token: str = "") -> None:
        self._target = target
        self._pass = b"Basic " + base64.b64encode(f"scf:{token}".encode()) if token else b""
        self._limits = limits
        self._tasks: set[asyncio.Task[None]] = set()
        self._tunnels: set[_Tunnel] = set()

    @contextlib.asynccontextmanager
    async def serve(self, listener: socket.socket) -> AsyncGenerator[None, None]:
        """Serve on a bound socket; every tunnel is closed at the end."""
        server = HttpServer()
        await server.listen(self, listener)
        try:
            yield
        finally:
            await server.stop()
            self.close()

    def close(self) -> None:
        """Close every tunnel."""
        for task in self._tasks:
            task.cancel()
        for tunnel in list(self._tunnels):
            tunnel.close()

    def accept(self, request: Request) -> int | Intake:
        """Judge a head.

        :raises Refused: unless it asks for a tunnel to a host of SCF, and there is one left
        """
        if request.method != "CONNECT" or not request.version.startswith("1."):
            raise Refused(_answer(405, _KNOWS_CONNECT))
        host, _, port = request.path.rpartition(":")
        if self._pass:
            self._judge_function(request, host, port)
        elif not self._is_ours(host.strip("[]").lower(), port):
            words = "The proxy of the local SCF leads to hosts of SCF alone, such as " + SCF_HOSTS[0]
            raise Refused(_answer(403, words))
        if len(self._tunnels) >= self._limits.tunnels:
            raise Refused(_answer(503, f"The local SCF has {self._limits.tunnels} tunnels open and opens no more"))
        return 0

    def _judge_function(self, request: Request, host: str, port: str) -> None:
        if not hmac.compare_digest(request.header(b"proxy-authorization"), self._pass):
            raise Refused(_answer(407, "The proxy of functions of the local SCF takes a password"))
        if not host or not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
            raise Refused(_answer(400, "The proxy of functions of the local SCF needs a host and a port"))

    def handle(self, request: Request, connection: Connection) -> None:
        """Open a tunnel."""
        tunnel = _Tunnel(self._limits.tunnel_idle_seconds, self._tunnels)
        host, _, port = request.path.rpartition(":")
        host = host.strip("[]").lower()
        target = self._target if self._is_ours(host, port) else (host, int(port))
        task = asyncio.get_running_loop().create_task(self._open(tunnel, connection, target))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def handle_known(self, known: object, values: list[bytes], body: bytes, connection: Connection) -> bool:
        """No request is like another: every one asks for a tunnel."""
        return False

    def refuse(self, broken: Broken) -> Answer:
        """The answer to what is no request."""
        if broken.fault is Fault.TOO_SLOW:
            return _answer(408, "The request did not arrive whole in time")
        if broken.fault is Fault.HEAD_TOO_LARGE:
            return _answer(431, "The head of the request is too large")
        return _answer(405, _KNOWS_CONNECT)

    def lost(self, connection: Connection) -> None:
        """A connection has gone; a tunnel that is opened for it finds that."""

    def _is_ours(self, host: str, port: str) -> bool:
        """True for a host of SCF, and for the TLS server itself: clients send loopback to their proxy too."""
        if host in SCF_HOSTS or host.endswith(f".{CLOUD_DOMAIN}"):
            return port == str(HTTPS_PORT)
        return host in LOOPBACK_HOSTS and port == str(self._target[1])

    async def _open(self, tunnel: "_Tunnel", connection: Connection, target: tuple[str, int]) -> None:
        loop = asyncio.get_running_loop()
        try:
            await loop.create_connection(lambda: tunnel.server, *target)
        except OSError as error:
            tunnel.close()
            what = "The TLS server of the local SCF" if target == self._target else f"{target[0]}:{target[1]}"
            connection.send(_answer(502, f"{what} can't be reached: {error.strerror or error}"))
            return
        upgraded = connection.upgrade(_ESTABLISHED, tunnel.client)
        if upgraded is None:
            tunnel.close()
            return
        transport, rest = upgraded
        tunnel.client.connection_made(transport)
        if rest:
            tunnel.client.data_received(rest)


class _Tunnel:
    """Two connections whose bytes are carried both ways, until one ends or both are silent for too long."""

    def __init__(self, idle_seconds: float, tunnels: "set[_Tunnel]") -> None:
        self._idle_seconds = idle_seconds
        self._tunnels = tunnels
        self._loop = asyncio.get_running_loop()
        self._used_at = self._loop.time()
        self._timer = self._loop.call_later(idle_seconds, self._look)
        self.client: _End = _End(self)
        self.server: _End = _End(self)
        self.client.other, self.server.other = self.server, self.client
        tunnels.add(self)

    def note(self) -> None:
        """Bytes have come."""
        self._used_at = self._loop.time()

    def close(self) -> None:
        """End both connections; what was written leaves before."""
        self._timer.cancel()
        self._tunnels.discard(self)
        for end in (self.client, self.server):
            if end.transport is not None:
                end.transport.close() if end.transport.get_write_buffer_size() == 0 else end.end()

    def _look(self) -> None:
        rest_seconds = self._used_at + self._idle_seconds - self._loop.time()
        if rest_seconds > 0:
            self._timer = self._loop.call_later(rest_seconds, self._look)
        else:
            self.close()


class _End(PairedConnection):
    """One of the two connections of a tunnel."""

    other: "_End"

    def __init__(self, tunnel: _Tunnel) -> None:
        super().__init__()
        self._tunnel = tunnel

    def data_received(self, data: bytes) -> None:
        """Bytes for the other end."""
        self._tunnel.note()
        super().data_received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection has gone, and the tunnel ends."""
        super().connection_lost(exc)
        self._tunnel.close()


def _answer(status: int, words: str) -> Answer:
    """A refusal whose status line has the words too: HTTP libraries show it."""
    return Answer(status, f"{words}.\n".encode(), TEXT_LINES, words)


_REGIONS = (
    "ap-bangkok ap-beijing ap-chengdu ap-chongqing ap-guangzhou ap-guangzhou-open ap-hongkong ap-jakarta ap-mumbai "
    "ap-nanjing ap-seoul ap-shanghai ap-singapore ap-tokyo eu-frankfurt na-ashburn na-siliconvalley na-toronto "
    "sa-saopaulo"
).split()

HTTPS_PORT = 443
SCF_HOSTS = (
    wire.PUBLIC_HOST,
    wire.INTERNAL_HOST,
    "scf.intl.tencentcloudapi.com",
    "scf.common.intl.tencentcloudapi.com",
    *(wire.REGIONAL_HOST.format(region=region) for region in (*_REGIONS, *wire.FINANCE_REGIONS)),
)
#: Names of certificates for function URLs. The first label of a host, which a star stands for, is the function's own.
URL_HOSTS = tuple(
    f"*.{network}{region}.{domain}"
    for domain in (CLOUD_DOMAIN, LOCAL_DOMAIN)
    for network in ("", f"{INTRANET_LABEL}.")
    for region in (*_REGIONS, *wire.FINANCE_REGIONS)
)
