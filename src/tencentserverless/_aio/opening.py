"""Opens connections of the asynchronous client: look-up, connect, tunnel, TLS. Nothing of a request is sent."""

import asyncio
import os
import socket
import ssl

from tencentserverless._aio.net import Connection, TlsConnection
from tencentserverless._base import sockets
from tencentserverless._base.runtime import monotonic
from tencentserverless._base.tls import TlsContext, tls_context

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Awaitable, Callable, Sequence

    from tencentserverless._base.sockets import Address, LookedUp
    from tencentserverless.config import Origin, Proxy

    Loop = asyncio.AbstractEventLoop
    Mark = Callable[[str, float], None]
    Send = Callable[[bytes], Awaitable[object]]
    Receive = Callable[[], Awaitable[bytes]]

_READ_BYTES = 16384
_EARLY_SECONDS = 0.001  # a timer of the loop may fire so much too early


class Limit:
    """The time by which a connection must be made, in monotonic seconds.

    :ivar is_last: True if the call's own timeout passes then
    """

    __slots__ = ("at", "is_last")

    def __init__(self, at: float, deadline: float) -> None:
        self.at = min(at, deadline)
        self.is_last = deadline <= at

    @property
    def has_passed(self) -> bool:
        """True if the time has passed."""
        return monotonic() > self.at - _EARLY_SECONDS


async def open_connection(origin: "Origin", limit: Limit, mark: "Mark") -> Connection:
    """Open a connection.

    :raises ConnectError: if it cannot be made, or not in time
    """
    reached: "list[str]" = []

    def note(phase: str, at: float) -> None:
        reached.append(phase)
        mark(phase, at)

    opening = asyncio.ensure_future(_open(origin, limit, note))
    try:
        await asyncio.wait([opening], timeout=max(0.0, limit.at - monotonic()))
    except BaseException:
        _abandon(opening)
        raise
    if not opening.done():
        _abandon(opening)
        if origin.is_tls:
            tls_context(origin.ca_file).forget(origin.host)
        phases = ("name lookup", "connect", *(() if origin.proxy is None else ("tunnel",)), "TLS handshake")
        raise sockets.late_failure(origin, phases[min(len(reached), len(phases) - 1)], limit.is_last)
    return opening.result()


def _abandon(opening: "asyncio.Future[Connection]") -> None:
    """Stop opening; a connection that is made all the same is closed."""

    def drop(ended: "asyncio.Future[Connection]") -> None:
        if not ended.cancelled() and ended.exception() is None:
            ended.result().abort()

    opening.cancel()
    opening.add_done_callback(drop)


async def _open(origin: "Origin", limit: Limit, mark: "Mark") -> Connection:
    loop = asyncio.get_event_loop()
    proxy = origin.proxy
    sockets.check_proxy(origin)
    addresses = await _look_up(loop, origin, proxy or origin)
    behind = await _look_up(loop, origin, origin) if proxy is not None and proxy.kind == "socks5" else None
    mark("resolve", monotonic())
    sock = await _connect(loop, origin, addresses, limit)
    mark("connect", monotonic())
    if proxy is not None and proxy.kind == "https":
        return await _open_inside(loop, origin, proxy.host, sock, mark)
    try:
        if proxy is not None:
            await _tunnel(
                origin, behind, lambda data: loop.sock_sendall(sock, data), lambda: loop.sock_recv(sock, _READ_BYTES)
            )
            mark("tunnel", monotonic())
        context = tls_context(origin.ca_file) if origin.is_tls else None
    except BaseException:
        sock.close()
        raise
    if context is None:
        return await _give_to_transport(loop, sock, lambda: Connection(origin, loop))  # type: ignore[no-any-return]
    connection: Connection = await _secure(
        loop, origin, sock, lambda: TlsConnection(origin, loop, context), (context, origin.host)
    )
    mark("tls", monotonic())
    return connection


async def _open_inside(loop: "Loop", origin: "Origin", host: str, sock: socket.socket, mark: "Mark") -> Connection:
    """Open a connection inside the TLS of the proxy with that name."""
    from tencentserverless._aio.tls_in_tls import InnerTransport

    try:
        context = tls_context(origin.ca_file)
    except BaseException:
        sock.close()
        raise
    inner: InnerTransport = await _secure(
        loop, origin, sock, lambda: InnerTransport(loop), (context, host), is_of_proxy=True
    )
    try:
        await _tunnel(origin, None, inner.send, inner.receive)
        mark("tunnel", monotonic())
        context.note_answer(host, inner.get_extra_info("ssl_object"))
        if origin.is_tls:
            try:
                await inner.secure(context, origin.host)
            except (OSError, ssl.CertificateError) as error:
                raise _secure_failure(origin, context, origin.host, error) from error
            mark("tls", monotonic())
        connection = Connection(origin, loop)
        inner.carry(connection)
        return connection
    except BaseException:
        inner.abort()
        raise


async def _secure(
    loop: "Loop",
    origin: "Origin",
    sock: socket.socket,
    make_protocol: "Callable[[], Any]",
    trust: "tuple[TlsContext, str]",
    *,
    is_of_proxy: bool = False,
) -> "Any":
    """Make a TLS transport for a connected socket. Returns its protocol."""
    try:
        return await _give_to_transport(loop, sock, make_protocol, *trust)
    # On Python 3.6 a wrong host name is a ValueError.
    except (OSError, ssl.CertificateError) as error:
        raise _secure_failure(origin, *trust, error, is_of_proxy=is_of_proxy) from error


def _secure_failure(
    origin: "Origin", context: TlsContext, host: str, error: BaseException, *, is_of_proxy: bool = False
) -> Exception:
    failure = sockets.connect_failure(origin, "make a secure connection to", error, is_of_proxy=is_of_proxy)
    failure.is_transient |= context.forget(host)  # the next try makes a full handshake
    return failure


async def _give_to_transport(
    loop: "Loop",
    sock: socket.socket,
    make_protocol: "Callable[[], Any]",
    context: "TlsContext | None" = None,
    host: "str | None" = None,
) -> "Any":
    """Make a transport for a connected socket, with TLS where there is a context. Returns its protocol.

    The making is never cancelled in the middle. Its transport may be closing then; if we closed the socket, a new one
    could get the same number, and the transport would use that as its own. So the socket is only shut down.
    """
    identity = _identify(sock)
    make = loop.create_connection(make_protocol, sock=sock, ssl=context, server_hostname=host)
    making = asyncio.ensure_future(make)

    def drop(ended: "asyncio.Future[tuple[asyncio.Transport, Any]]") -> None:
        if ended.cancelled():  # all tasks are cancelled when the loop ends
            return
        if ended.exception() is None:
            ended.result()[1].abort()
        elif _identify(sock) == identity:
            sock.close()
        else:  # uvloop closed the socket and left us its number, which another socket may have by now
            sock.detach()

    try:
        _, protocol = await asyncio.shield(making)
        return protocol
    except BaseException:
        if not making.done():
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:  # the peer has closed it already
                pass
        making.add_done_callback(drop)
        raise


def _identify(sock: socket.socket) -> int:
    """Return the system's identity of a socket, which its number is not; -1 if it is closed or has none."""
    try:
        return os.fstat(sock.fileno()).st_ino
    except OSError:
        return -1


async def _look_up(loop: "Loop", origin: "Origin", peer: "Origin | Proxy") -> "Sequence[Address]":
    """Find the addresses of the origin or its proxy."""
    addresses = sockets.numeric_addresses(peer.host, peer.port)
    if addresses:
        return addresses
    found: "asyncio.Future[LookedUp]" = loop.create_future()

    def settle(result: "LookedUp") -> None:
        if not found.done():
            found.set_result(result)

    def deliver(result: "LookedUp") -> None:
        try:
            loop.call_soon_threadsafe(settle, result)
        except RuntimeError:  # the loop was closed while the name was looked up
            pass

    sockets.look_up(peer.host, peer.port, deliver)
    result = await found
    if isinstance(result, BaseException):
        raise sockets.connect_failure(origin, "look up", result, is_of_proxy=peer is not origin) from result
    return result


async def _connect(loop: "Loop", origin: "Origin", addresses: "Sequence[Address]", limit: Limit) -> socket.socket:
    """Connect a socket to the first address that answers; each address gets a share of the time that is left.

    The last one gets all of it, and ``open_connection`` ends that: a timer of its own would cost a task.
    """
    failure = None
    for index, (family, kind, protocol, _, address) in enumerate(addresses, 1):
        share = (limit.at - monotonic()) / (len(addresses) - index + 1)
        sock = None
        try:
            sock = socket.socket(family, kind, protocol)
            sock.setblocking(False)
            sockets.set_options(sock)
            connecting = loop.sock_connect(sock, address)
            await (connecting if index == len(addresses) else _await_within(connecting, share))
            return sock
        except (OSError, asyncio.TimeoutError) as error:
            if sock is not None:
                sock.close()
            failure = sockets.connect_failure(origin, "connect to", error)
        except BaseException:
            if sock is not None:
                sock.close()
            raise
    if limit.has_passed:
        raise sockets.late_failure(origin, "connect", limit.is_last) from failure
    raise failure or sockets.connect_failure(origin, "connect to", OSError("its name has no address"))


async def _await_within(connecting: "Awaitable[None]", seconds: float) -> None:
    """Await a connect for some seconds. ``wait_for`` would lose a cancellation that comes with its end, before 3.12.

    :raises asyncio.TimeoutError: if it takes longer
    """
    task = asyncio.ensure_future(connecting)
    try:
        await asyncio.wait([task], timeout=seconds)
    finally:
        is_late = not task.done()
        if is_late:
            task.cancel()
            await asyncio.wait([task])  # the loop watches the socket until then
        elif not task.cancelled():
            task.exception()  # or asyncio would tell of an error that is not asked for, where this await is cancelled
    if is_late:
        raise asyncio.TimeoutError
    task.result()


async def _tunnel(origin: "Origin", behind: "Sequence[Address] | None", send: "Send", receive: "Receive") -> None:
    """Ask the proxy for a tunnel to the origin: before there is a transport, for Python 3.6 cannot start TLS on one.

    :param behind: addresses of the origin, where the proxy does not look it up
    """
    from tencentserverless._core.tunnels import TunnelFault

    flow = sockets.tunnel_flow(origin, behind)
    try:
        request = next(flow)
        while True:
            if request:
                await send(request)
            request = flow.send(await receive())
    except StopIteration:
        pass
    except TunnelFault as error:
        raise sockets.tunnel_failure(origin, error) from error
    except OSError as error:
        raise sockets.tunnel_failure(origin, sockets.lost_tunnel(origin, error)) from error
