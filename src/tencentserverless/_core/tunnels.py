"""The ways to ask a proxy for a tunnel: CONNECT (RFC 9110, 9.3.6) and SOCKS5 (RFC 1928, 1929).

Each is a generator that yields the bytes to send, ``b""`` for none. It is sent the bytes that have arrived, ``b""`` for
the end of the stream. It returns when the tunnel is open, and raises ``TunnelFault`` when the proxy refuses it.
"""

from binascii import b2a_base64

from tencentserverless._core.bodies import BadResponse
from tencentserverless._core.http11 import ResponseReader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Generator

    from tencentserverless._core.http11 import Response

    TunnelFlow = Generator[bytes, bytes, None]


class TunnelFault(Exception):
    """The proxy made no tunnel.

    :param words: the reason
    :param is_refusal: True if the proxy said so itself
    :param is_transient: True if the cause may pass by itself
    """

    def __init__(self, words: str, is_refusal: bool = False, is_transient: bool = True) -> None:
        super().__init__(words)
        self.is_refusal = is_refusal
        self.is_transient = is_transient


_SURPLUS = "it sent bytes behind its answer, which belong to no request"
_CLOSED = "it closed the connection with no answer"


def connect_flow(authority: str, credentials: str) -> "TunnelFlow":
    """Ask by CONNECT. Any 2xx is a tunnel, whatever its version and its headers.

    :param authority: ``host:port`` to tunnel to
    :param credentials: ``user:password`` for the proxy, ``""`` for none
    """
    reader = ResponseReader(is_tunnel=True)
    data = yield build_connect_request(authority, credentials)
    response = _read_answer(reader, data)
    while response is None:
        if not data:
            raise TunnelFault("the answer was cut short" if reader.has_begun else _CLOSED)
        data = yield b""
        response = _read_answer(reader, data)
    if response.status >= 300:
        text = response.body[:200].decode("utf-8", "replace")
        words = "HTTP status {} {}".format(response.status, text).rstrip()
        raise TunnelFault(words, is_refusal=True, is_transient=response.status >= 500)
    if not response.reusable:
        raise TunnelFault(_SURPLUS)


def _read_answer(reader: ResponseReader, data: bytes) -> "Response | None":
    try:
        return reader.feed(data) if data else reader.finish()
    except BadResponse as error:
        raise TunnelFault("its answer is no HTTP that can be trusted: {}".format(error)) from error


def build_connect_request(authority: str, credentials: str) -> bytes:
    """Build the CONNECT request. The parameters are those of ``connect_flow``."""
    lines = ["CONNECT {} HTTP/1.1".format(authority), "Host: " + authority]
    if credentials:
        encoded = b2a_base64(credentials.encode("utf-8"), newline=False).decode("ascii")
        lines.append("Proxy-Authorization: Basic " + encoded)
    return "\r\n".join([*lines, "", ""]).encode("ascii")


_VERSION = 5
_NO_AUTHENTICATION, _BY_PASSWORD, _NONE_ACCEPTED = 0, 2, 0xFF
_IPV4, _NAME, _IPV6 = 1, 3, 4

#: The refusals of a SOCKS5 proxy (RFC 1928, 6), and if the cause may pass by itself.
_REPLIES = {
    1: ("general failure", True),
    2: ("its rules do not allow the connection", False),
    3: ("network unreachable", True),
    4: ("host unreachable", True),
    5: ("connection refused", True),
    6: ("TTL expired", True),
    7: ("it does not know the command", False),
    8: ("it does not know this kind of address", False),
}


class _Stream:
    """Cuts what arrives into fields."""

    def __init__(self) -> None:
        self._buffer = b""
        self._request = b""  # goes out before the next bytes are waited for

    def send(self, request: bytes) -> None:
        """Send bytes, whose answer is read next."""
        self.check_empty()
        self._request = request

    def read(self, size: int) -> "Generator[bytes, bytes, bytes]":
        """Wait for that many bytes."""
        while len(self._buffer) < size:
            request, self._request = self._request, b""
            data = yield request
            if not data:
                raise TunnelFault(_CLOSED)
            self._buffer += data
        found, self._buffer = self._buffer[:size], self._buffer[size:]
        return found

    def check_empty(self) -> None:
        """Refuse bytes that came too early."""
        if self._buffer:
            raise TunnelFault(_SURPLUS)


def socks5_flow(host: str, port: int, address: "bytes | None", credentials: str) -> "TunnelFlow":
    """Ask by SOCKS5.

    :param host: to tunnel to; the proxy looks it up
    :param address: of the host, 4 or 16 bytes, where it is known; the host is not sent then
    :param credentials: ``user:password`` for the proxy, ``""`` for none
    """
    stream = _Stream()
    methods = (_NO_AUTHENTICATION, _BY_PASSWORD) if credentials else (_NO_AUTHENTICATION,)
    stream.send(bytes((_VERSION, len(methods), *methods)))
    version, method = yield from stream.read(2)
    if version != _VERSION:
        raise TunnelFault("its answer is no SOCKS5", is_transient=False)
    if method == _BY_PASSWORD and credentials:
        yield from _authenticate(stream, credentials)
    elif method != _NO_AUTHENTICATION:
        words = "it accepts no way to authenticate that was offered" + ("" if credentials else ": give user:password@")
        raise TunnelFault(words, is_refusal=True, is_transient=False)
    stream.send(bytes((_VERSION, 1, 0)) + _encode_address(host, address) + port.to_bytes(2, "big"))
    version, reply, _, kind = yield from stream.read(4)
    if version != _VERSION:
        raise TunnelFault("its answer is no SOCKS5", is_transient=False)
    if reply:
        words, is_transient = _REPLIES.get(reply, ("unknown reply", False))
        raise TunnelFault("{} (SOCKS5 reply {})".format(words, reply), is_refusal=True, is_transient=is_transient)
    yield from _skip_address(stream, kind)
    stream.check_empty()


def _authenticate(stream: _Stream, credentials: str) -> "Generator[bytes, bytes, None]":
    """Log in by user and password (RFC 1929)."""
    user, _, password = (part.encode("utf-8") for part in credentials.partition(":"))
    stream.send(bytes((1, len(user))) + user + bytes((len(password),)) + password)
    _, status = yield from stream.read(2)
    if status:
        raise TunnelFault("it did not accept the user and password", is_refusal=True, is_transient=False)


def _encode_address(host: str, address: "bytes | None") -> bytes:
    if address is not None:
        return bytes((_IPV4 if len(address) == 4 else _IPV6,)) + address
    name = host.encode("ascii")
    if len(name) > 255:
        raise TunnelFault("the name of the host is longer than 255 bytes", is_transient=False)
    return bytes((_NAME, len(name))) + name


def _skip_address(stream: _Stream, kind: int) -> "Generator[bytes, bytes, None]":
    """Skip the address from which the proxy connected."""
    size = {_IPV4: 4, _IPV6: 16}.get(kind)
    if size is None:
        if kind != _NAME:
            raise TunnelFault("its answer has an address of an unknown kind", is_transient=False)
        (size,) = yield from stream.read(1)
    yield from stream.read(size + 2)
