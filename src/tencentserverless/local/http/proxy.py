"""A proxy for CONNECT to SCF's hosts, which leads to the TLS server of this local SCF.

Clients whose endpoint is fixed in their source reach the local SCF through the proxy, by ``HTTPS_PROXY``. It leads to
no other host: an open proxy would let every client around network rules.

Sources of the hosts: cloud.tencent.com/document/api/583/17237 (request structure), 58400 and 17243 (regions, now and in
2023), and the root domains of Tencent's SDKs; ``common.intl`` is that of the international one.
"""

import asyncio
import contextlib
import socket
from collections.abc import AsyncGenerator

from tencentserverless._core import wire
from tencentserverless.local.settings import LOOPBACK_HOSTS, Limits

_HEAD_BYTES = 8 * 1024
_HEAD_SECONDS = 10.0
_CHUNK_BYTES = 64 * 1024
_ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"


class _Refused(Exception):
    """Refuses a tunnel: a status and a sentence, which HTTP libraries show as part of the status line."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


class ConnectProxy:
    """Keeps every tunnel of a server.

    :param target: address of the TLS server
    """

    def __init__(self, target: tuple[str, int], limits: Limits) -> None:
        self._target = target
        self._limits = limits
        self._open: set[asyncio.Task[None]] = set()

    @contextlib.asynccontextmanager
    async def serve(self, listener: socket.socket) -> AsyncGenerator[None, None]:
        """Serve on a bound socket; close every tunnel at the end."""
        server = await asyncio.start_server(self._receive, sock=listener, limit=_HEAD_BYTES)
        try:
            yield
        finally:
            server.close()
            for task in self._open:
                task.cancel()
            await asyncio.gather(*self._open, return_exceptions=True)

    async def _receive(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection, from its first byte to its last."""
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        try:
            await self._answer(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.TimeoutError):
            pass  # the client is gone, or silent
        except asyncio.CancelledError:
            pass  # the server stops; asyncio would report a cancelled connection as an error
        finally:
            self._open.discard(task)
            writer.transport.abort() if writer.transport.get_write_buffer_size() else writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if len(self._open) > self._limits.tunnels:
                raise _Refused(503, f"The local SCF has {self._limits.tunnels} tunnels open and opens no more")  # noqa: TRY301
            await self._check(reader)
            upstream = await asyncio.open_connection(*self._target)
        except _Refused as refusal:
            body = f"{refusal.reason}.\n".encode()
            head = (
                f"HTTP/1.1 {refusal.status} {refusal.reason}\r\nContent-Type: text/plain\r\n"
                f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
            )
            writer.write(head.encode() + body)
            await writer.drain()
            return
        try:
            writer.write(_ESTABLISHED)
            await self._carry((reader, writer), upstream)
        finally:
            upstream[1].close()

    async def _check(self, reader: asyncio.StreamReader) -> None:
        """Read the head of a CONNECT request.

        :raises _Refused: unless the request names a host of SCF
        """
        try:
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), _HEAD_SECONDS)
        except asyncio.LimitOverrunError:
            raise _Refused(431, "The head of the request is too large") from None
        words = head.partition(b"\r\n")[0].split(b" ")
        if len(words) != 3 or words[0] != b"CONNECT" or not words[2].startswith(b"HTTP/1."):
            raise _Refused(405, "The proxy of the local SCF knows CONNECT alone")
        host, _, port = words[1].decode("latin-1").rpartition(":")
        if not self._is_ours(host.strip("[]").lower(), port):
            raise _Refused(403, "The proxy of the local SCF leads to hosts of SCF alone, such as " + SCF_HOSTS[0])

    def _is_ours(self, host: str, port: str) -> bool:
        """True if a host is SCF's, or the TLS server itself: clients send loopback addresses to their proxy, too."""
        if host in SCF_HOSTS:
            return port == str(HTTPS_PORT)
        return host in LOOPBACK_HOSTS and port == str(self._target[1])

    async def _carry(
        self,
        client: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        upstream: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    ) -> None:
        """Copy bytes both ways until one side ends, or is silent for too long."""
        ways = [
            asyncio.ensure_future(self._copy(client[0], upstream[1])),
            asyncio.ensure_future(self._copy(upstream[0], client[1])),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await asyncio.wait_for(reader.read(_CHUNK_BYTES), self._limits.tunnel_idle_seconds):
            writer.write(data)
            await writer.drain()


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
