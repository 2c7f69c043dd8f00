"""The bytes that the other side has sent before it closed, where a write that failed has ended the reading."""

import asyncio
import os
from collections.abc import Iterator

_READ_BYTES = 64 * 1024


def read_last(transport: asyncio.Transport | None, error: Exception | None) -> Iterator[bytes]:
    """Read what a connection still holds; for ``connection_lost``, before which its socket stays open.

    :param error: that of ``connection_lost``
    """
    if transport is None or not isinstance(error, ConnectionError):
        return  # it was read to its end, or is to be read no more
    if transport.get_extra_info("sslcontext") is not None:
        return  # its socket holds the bytes of TLS
    number = transport.get_extra_info("socket").fileno()
    while data := _read(number):
        yield data


def _read(number: int) -> bytes:
    """The bytes that have come; none behind the last."""
    try:
        return os.read(number, _READ_BYTES)
    except OSError:
        return b""
