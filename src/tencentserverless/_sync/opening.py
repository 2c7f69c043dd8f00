"""Opens connections, in steps (see ``waiting``): connect, tunnel, TLS. No byte of a request is sent."""

import socket
import ssl

from tencentserverless._base import sockets
from tencentserverless._base.runtime import monotonic
from tencentserverless._base.tls import TlsContext, tls_context
from tencentserverless._sync.net import Connection
from tencentserverless._sync.waiting import READ, WRITE, Limit
from tencentserverless.exception import ConnectError, DeadlineExceeded, NetworkError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Sequence

    from tencentserverless._base.sockets import Address
    from tencentserverless._sync.tls_in_tls import InnerTlsSocket
    from tencentserverless._sync.waiting import Steps
    from tencentserverless.config import Origin

    Mark = Callable[[str, float], None]

_READ_BYTES = 65536
_CHOOSES_SOCKETS = hasattr(ssl.SSLContext, "sslsocket_class")  # Python 3.6 does not
_IS_PYTHONS_OWN = ssl.SSLSocket.__module__ == "ssl"  # gevent and eventlet put others in its place
_close = socket.SocketType.close  # also of a socket whose ``__init__`` a signal handler has interrupted
_WOULD_BLOCK = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class _Socket(socket.socket):
    """Closes itself without a warning: the garbage collector may finalise it before its connection."""

    __slots__ = ()

    def __del__(self) -> None:
        if self.fileno() >= 0:  # an instance may never have had a descriptor
            _close(self)


class _TlsSocket(ssl.SSLSocket):
    """Closes itself without a warning, with TLS."""

    def __del__(self) -> None:
        if self.fileno() >= 0:
            _close(self)


class _NewTlsSocket(_TlsSocket):
    """Becomes a ``_TlsSocket`` with the peer's first bytes, so that later reads need not ask if the session is kept."""

    def recv(self, buflen: int = 1024, flags: int = 0) -> bytes:
        """Receive bytes; keep the session, whose ticket has come before them."""
        host = str(self.server_hostname)
        try:
            data = super().recv(buflen, flags)
        except _WOULD_BLOCK:
            raise
        except OSError:
            self.context.forget(host)  # type: ignore[attr-defined]  # ``secure_steps`` gives it a TlsContext
            raise
        self.__class__ = _TlsSocket  # type: ignore[assignment]  # of the same layout
        if data:
            self.context.note_answer(host, self)  # type: ignore[attr-defined]
        else:
            self.context.forget(host)  # type: ignore[attr-defined]
        return data


def open_steps(
    origin: "Origin",
    addresses: "Sequence[Address]",
    limit: Limit,
    mark: "Mark",
    behind: "Sequence[Address] | None" = None,
) -> "Steps":
    """Open a connection to known addresses, of the origin or its proxy.

    :param limit: the connection must be made before it
    :param behind: addresses of the origin, where the proxy does not look it up
    :raises ConnectError: if it is not
    """
    mark("resolve", monotonic())
    connection = Connection(origin)
    yield from _connect_steps(connection, addresses, limit)
    mark("connect", monotonic())
    try:
        proxy = origin.proxy
        if proxy is not None:
            if proxy.kind == "https":
                yield from _secure_steps(connection, proxy.host, limit, is_of_proxy=True)
            yield from _tunnel_steps(connection, behind, limit)
            mark("tunnel", monotonic())
        if origin.is_tls:
            yield from _secure_steps(connection, origin.host, limit)
            mark("tls", monotonic())
    except BaseException:
        connection.abort()
        raise
    return connection


def _connect_steps(connection: Connection, addresses: "Sequence[Address]", limit: Limit) -> "Steps":
    """Connect to the first address that answers; each address gets a share of the time that is left."""
    origin = connection.origin
    failure = None
    for index, (family, kind, protocol, _, address) in enumerate(addresses):
        now = monotonic()
        share = limit.share(now + (limit.at - now) / (len(addresses) - index))
        try:
            connection.use(_Socket(family, kind, protocol))
        except OSError as error:  # a family that this machine does not have
            failure = sockets.connect_failure(origin, "connect to", error)
            continue
        try:
            yield from _connect_socket_steps(connection, address, share)
            return
        except OSError as error:
            connection.close()
            if sockets.is_foreign(error):
                raise
            failure = sockets.connect_failure(origin, "connect to", error)
        except BaseException:
            connection.close()
            raise
    if limit.at <= monotonic():
        raise sockets.late_failure(origin, "connect", limit.is_last) from failure
    raise failure or sockets.connect_failure(origin, "connect to", OSError("its name has no address"))


def _connect_socket_steps(connection: Connection, address: "Any", limit: Limit) -> "Steps":
    sock = connection.sock
    sock.setblocking(False)
    sockets.set_options(sock)
    started = monotonic()
    try:
        sock.connect(address)
        return
    except (BlockingIOError, InterruptedError):
        pass
    if not (yield sock, WRITE, limit):
        raise TimeoutError("no answer within {:.1f} s".format(max(0.0, limit.at - started)))
    code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if code:
        raise sockets.system_error(code)


def _tunnel_steps(connection: Connection, behind: "Sequence[Address] | None", limit: Limit) -> "Steps":
    """Ask the proxy for a tunnel to the origin.

    :raises ConnectError: with the proxy's words, if it refuses
    """
    from tencentserverless._core.tunnels import TunnelFault

    flow = sockets.tunnel_flow(connection.origin, behind)
    try:
        request = next(flow)
        while True:
            if request:
                yield from _send_steps(connection, request, limit)
            data = yield from _receive_steps(connection, limit)
            request = flow.send(data)
    except StopIteration:
        pass
    except (ConnectError, DeadlineExceeded):  # the time has passed
        raise
    except (TunnelFault, NetworkError) as error:
        raise sockets.tunnel_failure(connection.origin, error) from error
    connection.has_handed_over = False
    connection.sent_at = 0.0


def _send_steps(connection: Connection, request: bytes, limit: Limit) -> "Steps":
    left: "bytes | memoryview | None" = connection.send_some(request)
    while left is not None:
        if not (yield connection.sock, READ if connection.wants_read else WRITE, limit):
            raise sockets.late_failure(connection.origin, "tunnel", limit.is_last)
        left = connection.send_some(left)


def _receive_steps(connection: Connection, limit: Limit) -> "Steps":
    while True:
        if not (yield connection.sock, READ, limit):
            raise sockets.late_failure(connection.origin, "tunnel", limit.is_last)
        try:
            return connection.sock.recv(_READ_BYTES)
        except _WOULD_BLOCK as error:
            if sockets.is_foreign(error):
                raise
        except OSError as error:
            if sockets.is_foreign(error):
                raise
            raise sockets.tunnel_failure(connection.origin, sockets.lost_tunnel(connection.origin, error)) from error


def _secure_steps(connection: Connection, host: str, limit: Limit, *, is_of_proxy: bool = False) -> "Steps":
    """Begin TLS with a host, and check its certificate and name.

    :raises ConnectError: with the name of the check that failed
    """
    origin = connection.origin
    context = tls_context(origin.ca_file)
    try:
        connection.use(_wrap(connection, context, host), is_secure=True)
        is_writing = _go_on(connection.sock)
        while is_writing is not None:
            ready = yield connection.sock, WRITE if is_writing else READ, limit
            if not ready:
                break
            is_writing = _go_on(connection.sock)
    # On Python 3.6 a wrong host name is a ValueError.
    except (OSError, ssl.CertificateError) as error:
        if sockets.is_foreign(error):
            raise
        failure = sockets.connect_failure(origin, "make a secure connection to", error, is_of_proxy=is_of_proxy)
        failure.is_transient |= context.forget(host)  # the next try makes a full handshake
        raise failure from error
    if is_writing is not None:
        context.forget(host)
        raise sockets.late_failure(origin, "TLS handshake", limit.is_last)
    if type(connection.sock) in (_TlsSocket, _TlsSocket.__base__):  # Python 3.6 makes the base
        connection.sock.__class__ = _NewTlsSocket


def _wrap(connection: Connection, context: TlsContext, host: str) -> "ssl.SSLSocket | InnerTlsSocket":
    """Make a TLS socket on the connection's socket."""
    sock = connection.sock
    if connection.is_secure:
        from tencentserverless._sync.tls_in_tls import InnerTlsSocket

        return InnerTlsSocket(sock, context, host)
    name: "str | bytes" = host
    if _CHOOSES_SOCKETS:
        context.sslsocket_class = _TlsSocket
        if _IS_PYTHONS_OWN:  # so no IDNA codec is loaded; another thread may fork in the middle of that
            name = host.encode("ascii")
    sock.getpeername()  # if the peer is gone, this raises; wrap_socket would lose the descriptor
    session = context.find_session(host)
    resumed: "dict[str, Any]" = {} if session is None else {"session": session}
    return context.wrap_socket(sock, server_hostname=name, do_handshake_on_connect=False, **resumed)


def _go_on(sock: "ssl.SSLSocket | InnerTlsSocket") -> "bool | None":
    """Go on with a handshake. None if it is done, else True if it waits to write, False if it waits to read."""
    try:
        sock.do_handshake()
    except _WOULD_BLOCK as blocked:
        if sockets.is_foreign(blocked):
            raise
        return isinstance(blocked, ssl.SSLWantWriteError)
    return None
