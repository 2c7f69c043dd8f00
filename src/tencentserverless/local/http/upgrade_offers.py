"""Ignores an offer to speak another protocol, such as ``Upgrade: h2c`` of the JDK's HttpClient and of curl.

A server may ignore the offer; the body is then still the body (RFC 9110, 7.8). llhttp takes an offer for a fact: it
ends the message after the head, without its body. So the head is parsed a second time, without the offer.
"""

from collections.abc import Iterable
from typing import Protocol


class _Parser(Protocol):
    def get_method(self) -> bytes: ...
    def get_http_version(self) -> str: ...
    def should_upgrade(self) -> bool: ...


def is_offer(parser: _Parser) -> bool:
    """True if the parsed head offers another protocol. CONNECT asks for a tunnel instead."""
    return parser.should_upgrade() and parser.get_method() != b"CONNECT"


def head_without_offer(parser: _Parser, target: bytes, headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Return the head again for a second parser.

    Without ``Upgrade`` there is no offer, even if ``Connection`` names one.

    :param parser: has parsed the head
    """
    lines = [b"%s %s HTTP/%s" % (parser.get_method(), target, parser.get_http_version().encode("ascii"))]
    lines += [b"%s: %s" % pair for pair in headers if pair[0].lower() != b"upgrade"]
    return b"\r\n".join((*lines, b"", b""))
