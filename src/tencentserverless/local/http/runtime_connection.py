"""HTTP/1.1 of one instance's runtime API: a connection, its limits and its answers.

httptools parses; this module bounds the bytes that it gets. A request that is sent before the last one was answered is
refused: a bootstrap does one thing at a time.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import NamedTuple, cast

import httptools

from tencentserverless.local.http.upgrade_offers import head_without_offer, is_offer
from tencentserverless.local.settings import KIB, MIB

MAX_BODY_BYTES = 6 * MIB  # document/product/583/42611: the largest result; above it the status is 407
_MAX_HEAD_BYTES = 16 * KIB
_MAX_MESSAGE_BYTES = 2 * MAX_BODY_BYTES + _MAX_HEAD_BYTES  # including the chunk signs
_REQUEST_SECONDS = 60.0  # for a request to arrive completely
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_OWN_HOSTS = (b"127.0.0.1", b"localhost")
_STATUS_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus}


class Request(NamedTuple):
    """One request of a bootstrap.

    :param is_cut: the body was over ``MAX_BODY_BYTES`` and is left out
    """

    method: str
    path: str
    body: bytes
    is_cut: bool = False


@dataclass(slots=True)
class _Draft:
    """A request that has arrived in part.

    :param seen_bytes: all bytes since the last request
    :param headers: as received
    :param is_expecting: the client waits for permission to send the body
    :param is_foreign: the request does not come from a bootstrap
    """

    url: bytearray = field(default_factory=bytearray)
    body: bytearray = field(default_factory=bytearray)
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    seen_bytes: int = 0
    is_head: bool = True
    is_cut: bool = False
    is_expecting: bool = False
    is_foreign: bool = False
    keeps: bool = False


class Connection(asyncio.Protocol):
    """One connection of a bootstrap.

    :param on_request: called with every request; the receiver then calls ``answer`` once, now or later
    :param on_lost: called once, when the connection is lost
    """

    def __init__(
        self, on_request: Callable[["Connection", Request], None], on_lost: Callable[["Connection"], None]
    ) -> None:
        self._on_request = on_request
        self._on_lost = on_lost
        self._loop = asyncio.get_running_loop()
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._is_awaited = False  # a request is complete and has no answer yet
        self._is_clogged = False  # the client does not read its answers
        self._is_ended = False  # bytes that come are ignored
        self._keeps = True  # the connection stays open after the answer
        self._draft = _Draft()

    def answer(self, status: int, body: bytes = b"", headers: bytes = b"Content-Type: text/plain\r\n") -> None:
        """Answer the request that was passed to ``on_request``.

        :param headers: complete lines
        """
        if self._transport is None or not self._is_awaited:
            return
        self._is_awaited = False
        end = b"" if self._keeps and not self._is_ended else b"Connection: close\r\n"
        length = b"Content-Length: %d\r\n" % len(body)
        self._transport.write(b"".join((_STATUS_LINES[status], headers, length, end, b"\r\n", body)))
        if self._is_ended:
            # the client reads the answer and closes; if the server closed first, the client could lose the answer
            self._set_timer()
        elif end:
            self._transport.close()

    def close(self) -> None:
        """Cut the connection."""
        if self._transport is not None:
            self._transport.abort()

    # methods of asyncio's protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Handle the connection of a bootstrap."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Handle bytes of a request."""
        if self._is_ended:
            return
        self._draft.seen_bytes += len(data)
        try:
            self._feed(data)
        except httptools.HttpParserError as error:
            if isinstance(error, httptools.HttpParserCallbackError) and not isinstance(error.__context__, _Refusal):
                raise  # an error of our own must not look like one of the client's
            self._refuse(400, b"This is no request of HTTP/1.1 that the runtime API understands.\n")
            return
        draft = self._draft
        if draft.seen_bytes > (_MAX_HEAD_BYTES if draft.is_head else _MAX_MESSAGE_BYTES):
            self._refuse(431, b"The request is too large.\n")
        elif draft.seen_bytes and self._timer is None:
            self._set_timer()

    def _feed(self, data: bytes) -> None:
        """Pass bytes to the parser."""
        while True:
            try:
                self._parser.feed_data(data)
            except httptools.HttpParserUpgrade as offer:
                if not is_offer(self._parser):
                    return
                draft = self._draft
                head = head_without_offer(self._parser, bytes(draft.url), draft.headers)
                data = head + data[offer.args[0] :]
                self._draft = _Draft(seen_bytes=draft.seen_bytes)
                self._parser = httptools.HttpRequestParser(self)
            else:
                return

    def pause_writing(self) -> None:
        """Stop reading requests: the bootstrap does not read its answers."""
        self._is_clogged = True
        if self._transport is not None:
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        """Read requests again."""
        self._is_clogged = False
        if self._transport is not None:
            self._transport.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        """Handle the loss of the connection."""
        self._transport = None
        self._is_ended = True
        self._stop_timer()
        self._on_lost(self)

    # methods that the parser calls

    def on_message_begin(self) -> None:
        """Handle the first byte of a request."""
        if self._is_awaited or self._is_clogged:
            raise _Refusal

    def on_url(self, url: bytes) -> None:
        """Handle a part of the path and the query."""
        self._draft.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Handle a header. A web page in a browser has an Origin header, and must not pass for a bootstrap."""
        self._draft.headers.append((name, value))
        name = name.lower()
        if name == b"content-length":
            self._draft.is_cut = value.isdigit() and int(value) > MAX_BODY_BYTES
        elif name == b"expect":
            self._draft.is_expecting = value.lower() == b"100-continue"
        elif name == b"origin" or (name == b"host" and value.partition(b":")[0].lower() not in _OWN_HOSTS):
            self._draft.is_foreign = True

    def on_headers_complete(self) -> None:
        """Handle the end of the headers."""
        if is_offer(self._parser):
            return  # the headers are parsed a second time
        draft = self._draft
        draft.is_head = False
        draft.keeps = self._parser.should_keep_alive() and not self._parser.should_upgrade()
        if draft.is_cut:
            self._hand_out()
        elif draft.is_expecting and self._transport is not None:
            self._transport.write(_CONTINUE)

    def on_body(self, body: bytes) -> None:
        """Handle a part of the body."""
        draft = self._draft
        if self._is_ended:
            return
        if len(draft.body) + len(body) > MAX_BODY_BYTES:
            draft.is_cut = True
            self._hand_out()
        else:
            draft.body += body

    def on_message_complete(self) -> None:
        """Handle the end of a request."""
        if not self._is_ended and not is_offer(self._parser):
            self._stop_timer()
            self._hand_out()

    def _hand_out(self) -> None:
        draft, self._draft = self._draft, _Draft()
        self._is_awaited, self._is_ended, self._keeps = True, draft.is_cut, draft.keeps
        path = draft.url.partition(b"?")[0].decode("latin-1")
        body = b"" if draft.is_cut else bytes(draft.body)
        if draft.is_foreign:
            self.answer(403, b"The runtime API serves the bootstrap of its instance alone.\n")
        else:
            self._on_request(self, Request(self._parser.get_method().decode("ascii"), path, body, draft.is_cut))

    def _refuse(self, status: int, words: bytes) -> None:
        """Answer invalid bytes, and read no more."""
        if self._is_awaited:
            self.close()  # the client would take a refusal for the answer to the earlier request
            return
        self._is_ended = self._is_awaited = True
        self.answer(status, words)

    def _set_timer(self) -> None:
        self._stop_timer()
        self._timer = self._loop.call_later(_REQUEST_SECONDS, self.close)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class _Refusal(Exception):
    """Stops the parser."""
