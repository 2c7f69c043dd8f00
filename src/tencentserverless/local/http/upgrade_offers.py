"""An offer to speak another protocol, such as ``Upgrade: h2c`` of the JDK's HttpClient and of curl, is not taken up.

A server may ignore it, and the body is then the body (RFC 9110, 7.8). llhttp takes an offer for a fact: it ends the
message behind the head, without its body. So the head is read a second time, without the offer.
"""

from collections.abc import Iterable
from typing import Protocol


class _Parser(Protocol):
    def get_method(self) -> bytes: ...
    def get_http_version(self) -> str: ...
    def should_upgrade(self) -> bool: ...


def is_offer(parser: _Parser) -> bool:
    """Whether the head that the parser has read offers another protocol. CONNECT asks for a tunnel instead."""
    return parser.should_upgrade() and parser.get_method() != b"CONNECT"


def head_without_offer(parser: _Parser, target: bytes, headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """The head once more, for a parser to read: without ``Upgrade`` it is no offer, whatever ``Connection`` says.

    :param parser: that has read it
    """
    lines = [b"%s %s HTTP/%s" % (parser.get_method(), target, parser.get_http_version().encode("ascii"))]
    lines += [b"%s: %s" % pair for pair in headers if pair[0].lower() != b"upgrade"]
    return b"\r\n".join((*lines, b"", b""))
