"""Socket settings of the synchronous and the asynchronous client, and the meaning of socket errors.

Options, name look-ups, and the error with its verdict for each failure. It neither sends nor
receives. Only this module, ``tls`` and the modules of sockets know ``ssl`` and ``errno``.
"""

import os
import socket
import ssl
import threading
from collections import deque

from tencentserverless._base.runtime import monotonic
from tencentserverless._base.tls import name_roots
from tencentserverless.config import is_loopback
from tencentserverless.exception import ConnectError, ConnectTimeout, DeadlineExceeded, NetworkError, ProtocolError
from tencentserverless.models import Verdict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Sequence

    from tencentserverless._core.bodies import BadResponse
    from tencentserverless._core.http11 import Response, ResponseReader
    from tencentserverless._core.tunnels import TunnelFault, TunnelFlow
    from tencentserverless.config import Origin

    #: Family, kind, protocol, canonical name, and the address of that family.
    Address = tuple[int, int, int, str, tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]]
    LookedUp = Sequence[Address] | BaseException

PROBE_IDLE_SECONDS = 30  # idle time before the first TCP keep-alive probe: gateways drop idle flows after minutes
PROBE_INTERVAL_SECONDS = 10
PROBE_COUNT = 3
USER_TIMEOUT_MS = 60000  # the kernel ends the connection if sent bytes are unacknowledged for longer


class _LookUp:
    """One look-up of a name in a thread, shared by all calls that need the name meanwhile."""

    __slots__ = ("_askers", "found", "started_at")

    def __init__(self) -> None:
        self._askers: "deque[Callable[[LookedUp], None]]" = deque()
        self.found: "LookedUp | None" = None
        self.started_at = monotonic()

    def join(self, deliver: "Callable[[LookedUp], None]") -> None:
        """Add a callback for the addresses or the error."""
        self._askers.append(deliver)
        if self.found is not None:  # the look-up ended at the same time
            self._deliver()

    def end(self, found: "LookedUp") -> None:
        """Deliver the addresses or the error."""
        self.found = found
        self._deliver()

    def _deliver(self) -> None:
        assert self.found is not None
        while self._askers:
            try:
                deliver = self._askers.popleft()  # one atomic step, so that each callback runs once
            except IndexError:
                return
            deliver(self.found)


#: Look-ups under way, the oldest first, by process, host and port.
_look_ups: "dict[tuple[int, str, int], deque[_LookUp]]" = {}
#: A look-up that takes longer than this may hang; the next call begins another look-up ...
LOOK_UP_SHARED_SECONDS = 5.0
#: ... but no more than this many hang at once for one name.
MAX_LOOK_UPS = 4


def look_up(host: str, port: int, deliver: "Callable[[LookedUp], None]") -> None:
    """Look a name up in a thread, since getaddrinfo cannot be bounded or cancelled. Calls at the same time share one.

    :param host: in ASCII; it is passed on as bytes, so that the IDNA codec is not loaded
    :param deliver: is called with the addresses or the error, in that thread
    """
    key = (os.getpid(), host, port)
    under_way = _look_ups.get(key) or _look_ups.setdefault(key, deque())
    newest = next(reversed(list(under_way)), None)
    if newest is not None and (
        len(under_way) >= MAX_LOOK_UPS or monotonic() - newest.started_at < LOOK_UP_SHARED_SECONDS
    ):
        newest.join(deliver)
        return
    begun = _LookUp()
    begun.join(deliver)
    under_way.append(begun)

    def work() -> None:
        try:
            found: "LookedUp" = socket.getaddrinfo(host.encode("ascii"), port, 0, socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            found = error
        under_way.remove(begun)
        begun.end(found)

    try:
        threading.Thread(target=work, name="tencentserverless-lookup", daemon=True).start()
    except RuntimeError:  # no thread can be started: at a process limit, at the end of the program
        work()


def numeric_addresses(host: str, port: int) -> "Sequence[Address]":
    """Convert a numeric host to addresses; none for a name."""
    try:
        return socket.getaddrinfo(host.encode("ascii"), port, 0, socket.SOCK_STREAM, 0, socket.AI_NUMERICHOST)
    except OSError:
        return []


def set_options(sock: socket.socket) -> None:
    """Set no delay for small sends, and probes that notice a dead peer and keep a gateway from dropping the flow."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (
        ("TCP_KEEPIDLE", PROBE_IDLE_SECONDS),
        ("TCP_KEEPINTVL", PROBE_INTERVAL_SECONDS),
        ("TCP_KEEPCNT", PROBE_COUNT),
        ("TCP_USER_TIMEOUT", USER_TIMEOUT_MS),
    ):
        option = getattr(socket, name, None)
        if option is not None:
            sock.setsockopt(socket.IPPROTO_TCP, option, value)


#: Files of the calls' own code; errors that only these have raised need no closer look.
_OWN_FILES = (ssl.SSLSocket.send.__code__.co_filename, socket.create_connection.__code__.co_filename)
_OWN_FOLDER = os.path.dirname(os.path.dirname(set_options.__code__.co_filename)) + os.sep


def is_foreign(error: BaseException) -> bool:
    """True if a signal handler raised this in the middle of the call, and not the call itself.

    Sockets may be of any library: gevent and eventlet replace those of Python.
    """
    traceback = error.__traceback__
    while traceback is not None:
        file = traceback.tb_frame.f_code.co_filename
        if file not in _OWN_FILES and not file.startswith(_OWN_FOLDER):
            from tencentserverless._base.signals import raised_by_handler  # it loads at the first such error

            return raised_by_handler(error)
        traceback = traceback.tb_next
    return False


def failed_in_kernel(error: BaseException) -> bool:
    """True if the kernel refused exactly these bytes. Errors of TLS, and errors without an errno, do not prove that."""
    return isinstance(error, OSError) and not isinstance(error, ssl.SSLError) and error.errno is not None


def system_error(code: int) -> OSError:
    """Make the error for an errno."""
    return OSError(code, os.strerror(code))


def connect_failure(origin: "Origin", doing: str, error: BaseException, *, is_of_proxy: bool = False) -> ConnectError:
    """Make the error for a connection that could not be made: nothing was sent.

    :param doing: the step that failed, as ``connect to`` or ``look up``
    :param is_of_proxy: True if the step was taken with the proxy itself
    """
    goal = "the proxy {}".format(origin.proxy) if is_of_proxy else "{}{}".format(origin, _name_proxy(origin))
    message = "cannot {} {}: {}".format(doing, goal, explain(error))
    if isinstance(error, ConnectionRefusedError) and is_loopback(origin.host):
        message += ". If the local SCF should listen there, start it with: scf local start"
    elif getattr(error, "verify_code", None) in _UNKNOWN_ROOTS:
        message += "; trusted are the roots of {}, ca_file= names others".format(name_roots(origin.ca_file))
    fault = ConnectError("ClientNetworkError", message, executed=Verdict.NO)
    fault.is_transient = not isinstance(error, (ssl.CertificateError, ssl.SSLError))
    return fault


#: The results of OpenSSL's check for a certificate whose root is not among the trusted ones.
_UNKNOWN_ROOTS = (2, 18, 19, 20, 21)


def _name_proxy(origin: "Origin") -> str:
    return "" if origin.proxy is None else " through the proxy {}".format(origin.proxy)


def explain(error: BaseException) -> str:
    """Describe an error of the system or of TLS."""
    verify_message = getattr(error, "verify_message", None)
    if verify_message:
        return "the certificate was not accepted ({})".format(verify_message)
    if isinstance(error, ssl.SSLError):
        return "TLS failed ({})".format(error.reason or error)
    code = getattr(error, "errno", None) or 0
    if code > 0 and os.name != "nt" and not isinstance(error, socket.gaierror):
        return os.strerror(code)  # asyncio replaces the system's message with its own
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def late_failure(origin: "Origin", phase: str, is_last: bool) -> "ConnectTimeout | DeadlineExceeded":
    """Make the error for a connection that took too long to make.

    :param is_last: True if the call's timeout has passed, and not only that of the connection
    """
    via = _name_proxy(origin)
    if is_last:
        message = "the timeout passed before the request to {}{} was sent: the {} took too long"
        return DeadlineExceeded("ClientNetworkError", message.format(origin, via, phase), executed=Verdict.NO)
    message = "no connection to {}{} within connect_timeout: the {} took too long"
    return ConnectTimeout("ClientNetworkError", message.format(origin, via, phase), executed=Verdict.NO)


def busy_failure(limit: int) -> DeadlineExceeded:
    """Make the error for a call that got no connection in time, of so many."""
    message = "all {} connections were busy until the timeout passed; raise max_connections".format(limit)
    return DeadlineExceeded("ClientNetworkError", message, executed=Verdict.NO)


def check_proxy(origin: "Origin") -> None:
    """Check that the proxy, if there is one, can be used.

    :raises ConnectError: if it cannot; the message names the variable
    """
    if origin.proxy is not None and origin.proxy.fault:
        message = "cannot connect to {} through a proxy: {}".format(origin, origin.proxy.fault)
        fault = ConnectError("ClientNetworkError", message, executed=Verdict.NO)
        fault.is_transient = False
        raise fault


def tunnel_flow(origin: "Origin", addresses: "Sequence[Address] | None") -> "TunnelFlow":
    """Make the flow that asks the proxy for a tunnel to the origin.

    :param addresses: of the origin, None if the proxy looks it up
    """
    from tencentserverless._core import tunnels

    proxy = origin.proxy
    assert proxy is not None
    if not proxy.kind.startswith("socks"):
        return tunnels.connect_flow(str(origin), proxy.credentials)
    known = addresses or numeric_addresses(origin.host, origin.port)
    packed = socket.inet_pton(known[0][0], str(known[0][4][0])) if known else None
    return tunnels.socks5_flow(origin.host, origin.port, packed, proxy.credentials)


def tunnel_failure(origin: "Origin", error: "TunnelFault | NetworkError") -> ConnectError:
    """Make the error for a tunnel that the proxy did not make: nothing of the request was sent."""
    if isinstance(error, NetworkError):
        message = "no tunnel through the proxy {}: {}".format(origin.proxy, error.message)
    elif error.is_refusal:
        message = "the proxy {} refused the tunnel to {}: {}".format(origin.proxy, origin, error)
    else:
        message = "no tunnel through the proxy {}: {}".format(origin.proxy, error)
    fault = ConnectError("ClientNetworkError", message, executed=Verdict.NO)
    fault.is_transient = error.is_transient
    return fault


def send_deadline(origin: "Origin") -> DeadlineExceeded:
    """Make the error for a request that could not be sent whole in time."""
    message = "the timeout passed while the request to {} was being sent".format(origin)
    return DeadlineExceeded("ClientNetworkError", message, executed=Verdict.NO)


def answer_deadline(origin: "Origin") -> DeadlineExceeded:
    """Make the error for an answer that did not come in time."""
    message = "the timeout passed while waiting for the answer of {}".format(origin)
    return DeadlineExceeded("ClientNetworkError", message, executed=Verdict.MAYBE)


def lost_answer(origin: "Origin", reader: "ResponseReader", error: "BaseException | None") -> NetworkError:
    """Make the error for a connection that ended before its answer did."""
    if error is not None:
        doing = "reading the answer of" if reader.has_begun else "waiting for the answer of"
        return wire_failure(origin, doing, error, Verdict.MAYBE)
    fault = "the answer was cut short" if reader.has_begun else "the connection was closed with no answer"
    return wire_failure(origin, "by", fault, Verdict.MAYBE)


def lost_tunnel(origin: "Origin", error: BaseException) -> NetworkError:
    """Make the error for a connection to a proxy that broke before the tunnel was open."""
    return wire_failure(origin, "asking for a tunnel to", error, Verdict.NO)


def read_keep_seconds(response: "Response") -> "float | None":
    """Read ``Keep-Alive: timeout=N``: less a second for the transfer, but at least half of N; None if it is missing."""
    value = response.headers.get(b"keep-alive")
    if value is None:
        return None
    for option in value.split(b","):
        name, _, number = option.strip().partition(b"=")
        if name.lower() == b"timeout" and number.isdigit() and len(number) < 7:
            return max(int(number) - 1.0, int(number) * 0.5)
    return None


def closed_failure() -> ConnectError:
    """Make the error for a call whose client was closed between two tries."""
    fault = ConnectError("ClientNetworkError", "the client was closed before the call could be sent")
    fault.executed, fault.is_transient = Verdict.NO, False
    return fault


def wire_failure(origin: "Origin", doing: str, error: "BaseException | str", executed: Verdict) -> NetworkError:
    """Make the error for a connection that broke."""
    words = error if isinstance(error, str) else explain(error)
    return NetworkError("ClientNetworkError", "{}, {} {}".format(words, doing, origin), executed=executed)


def protocol_failure(origin: "Origin", fault: "BadResponse", start: bytes) -> ProtocolError:
    """Make the error for an answer that is no HTTP."""
    shown = start.decode("utf-8", "replace")
    message = "the answer of {} is no HTTP that can be trusted: {}".format(origin, fault)
    return ProtocolError("ClientNetworkError", message, response=shown, executed=Verdict.MAYBE)


def abort(sock: socket.socket) -> None:
    """Close the socket and drop the bytes in the kernel's buffers: the peer sees a reset, never a clean end."""
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
    except OSError:  # it is closed or reset already
        pass
    sock.close()


_NO_LINGER = b"\x01\0\0\0\0\0\0\0" if os.name != "nt" else b"\x01\0\0\0"
