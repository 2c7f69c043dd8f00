"""Checks a connection before it has a request: bytes that are no HTTP, and requests that never end.

uvicorn answers both with status 400. A client of the cloud takes every status except 200 for a broken network, so both
get the envelope too.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Any, NoReturn, Protocol, cast

import httptools
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from tencentserverless.local.errors import ApiError
from tencentserverless.local.http.exchange import CONTENT_TYPE, Exchange
from tencentserverless.local.http.upgrade_offers import head_without_offer, is_offer
from tencentserverless.local.settings import Limits

#: Used in place of uvicorn.error: that logger answers a client's mistake with advice to install parts of uvicorn.
_LOGGER = logging.getLogger(__name__)
_LOGGER.setLevel(logging.ERROR)

# digits of the length of a body that is read whole first; uvicorn's high-water mark bounds that body too
_SHORT_LENGTH_CHARS = 5
_LAST_BYTES_SECONDS = 0.1  # for the last written bytes to reach the system
_HEADER_SIGNS_BYTES = 4  # the colon, a space and the line end


class Api(Protocol):
    """The application above a connection, in addition to the ASGI interface."""

    def serve_known(self, headers: list[tuple[bytes, bytes]], body: bytes, reply: Callable[[bytes, str], None]) -> bool:
        """Answer a whole request of a known client. Returns False, with nothing done, if the client is not known."""

    def refuse(self, error: ApiError) -> bytes:
        """Return the body of a refusal."""


def make_protocol(limits: Limits) -> type[asyncio.Protocol]:
    """Make the class of connections that keep these limits."""

    class Connection(_Connection):
        limits_kept = limits

    return Connection


class _Connection(HttpToolsProtocol):
    """One connection. Its timer runs only while a request has arrived in part."""

    limits_kept: Limits

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.logger = _LOGGER
        self._api = cast(Api, self.app)
        self._is_partial = False
        self._is_head = False
        self._is_new = False  # the last bytes began a message, ended a head, or held a part of a body
        self._line_bytes = 0  # of reads that did none of these; the parser keeps such bytes until their line ends
        self._head_bytes = 0
        self._idle_since: float | None = None  # by the loop's clock; None while a request is in progress
        self._length = b""  # Content-Length, as received
        self._is_deferred = False  # the current request is handled only when it is complete
        self._refusal: ApiError | None = None  # the reason why the parser was stopped
        self._timer: asyncio.TimerHandle | None = None

    def data_received(self, data: bytes) -> None:
        """Handle bytes of one request or of several."""
        self._is_new = False
        self._unset_keepalive_if_required()
        try:
            self._feed(data)
        except httptools.HttpParserError:
            self.send_400_response("Invalid HTTP request received.")
        if not self._is_partial:
            self._stop_clock()
            return
        if self._timer is None and not self.transport.is_closing():
            self._timer = self.loop.call_later(self.limits_kept.request_seconds, self._end_slow_request)
        if not self._is_new:
            self._line_bytes += len(data)
            if self._line_bytes > self.limits_kept.head_bytes:
                self._refuse(_head_too_large())

    def _feed(self, data: bytes) -> None:
        """Pass bytes to the parser."""
        while True:
            try:
                self.parser.feed_data(data)
            except httptools.HttpParserUpgrade as offer:
                if not is_offer(self.parser):
                    return  # CONNECT, which is refused
                data = head_without_offer(self.parser, self.url, self.headers) + data[offer.args[0] :]
                self.parser = httptools.HttpRequestParser(self)
                with contextlib.suppress(AttributeError):  # missing before httptools 0.6.3
                    self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # the setting of uvicorn itself
            else:
                return

    def on_message_begin(self) -> None:
        """Handle the first byte of a request."""
        self._is_partial = self._is_head = self._is_new = True
        self._head_bytes = self._line_bytes = 0
        self.url = b""
        self.expect_100_continue = False
        self.headers = []
        self._length = b""

    def on_url(self, url: bytes) -> None:
        """Handle a part of the path and the query."""
        self._head_bytes += len(url)
        if self._head_bytes > self.limits_kept.head_bytes:
            self._stop_parser(_head_too_large())
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Handle a header or a trailer.

        uvicorn would add trailers, without limit, to headers that were checked already.
        """
        if not self._is_head:
            self._stop_parser(ApiError("UnsupportedProtocol", "The request has trailers, which the API does not take."))
        self._head_bytes += len(name) + len(value) + _HEADER_SIGNS_BYTES
        if self._head_bytes > self.limits_kept.head_bytes:
            self._stop_parser(_head_too_large())
        name = name.lower()
        self.headers.append((name, value))
        if name == b"content-length":
            self._length = value
        elif name == b"expect" and value.lower() == b"100-continue":
            self.expect_100_continue = True

    def on_headers_complete(self) -> None:
        """Handle the end of the headers."""
        if is_offer(self.parser):
            return  # the headers are parsed a second time, without the offer
        self._is_head = False
        self._is_new = True
        self._line_bytes = 0
        before: Exchange | None = cast(Any, self.cycle)  # None until there is a request
        self._is_deferred = False
        cycle = Exchange(
            self.transport,
            self.flow,
            default_headers=self.server_state.default_headers,
            wants_continue=self.expect_100_continue,
            keep_alive=self.parser.should_keep_alive() and self.parser.get_http_version() != "1.0",
            on_response=self.on_response_complete,
        )
        self.cycle = cast(Any, cycle)
        if before is not None and not before.response_complete:
            self._scope(cycle)
            self.flow.pause_reading()
            self.pipeline.appendleft((self.cycle, self.app))
        elif 0 < len(self._length) <= _SHORT_LENGTH_CHARS and self.url == b"/" and not self.expect_100_continue:
            self._is_deferred = True  # the fast path may take it, once it is complete
        else:
            self._begin(cycle)

    def on_body(self, body: bytes) -> None:
        """Handle a part of the body."""
        self._is_new = True
        self._line_bytes = 0
        cycle = self.cycle
        if cycle.response_complete:
            return
        cycle.body += body
        if self._is_deferred and len(cycle.body) > HIGH_WATER_LIMIT:
            self._begin(cast(Any, cycle))
        if len(cycle.body) > HIGH_WATER_LIMIT:
            self.flow.pause_reading()
        if not self._is_deferred:
            cycle.message_event.set()

    def on_message_complete(self) -> None:
        """Handle the end of a request."""
        if is_offer(self.parser):
            return
        self._is_partial = False
        if self.cycle.response_complete:
            return
        self.cycle.more_body = False
        if not self._is_deferred:
            self.cycle.message_event.set()
            return
        cycle = cast(Exchange, self.cycle)
        self._is_deferred = False
        is_candidate = self.parser.get_method() == b"POST"
        if not (is_candidate and self._api.serve_known(self.headers, bytes(cycle.body), cycle.reply)):
            self._begin(cycle)

    def eof_received(self) -> None:
        """Handle the end of the client's bytes; the client may still read."""
        if self._is_partial:
            self._refuse(ApiError("InvalidParameter", "The request ended before it was whole."))

    def shutdown(self) -> None:
        """Handle the stop of the server: an idle connection ends now, a busy one after its answer.

        Over TLS both sides agree on the end, but an idle client, also one behind the proxy, does not read. So the
        server does not wait for the client, unless the client has not yet received all of its last answer.
        """
        has_left = not self.transport.get_write_buffer_size()
        super().shutdown()
        if self.transport.is_closing() and has_left:
            self.loop.call_later(_LAST_BYTES_SECONDS, self.transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        """Handle the loss of the connection."""
        self._stop_clock()
        super().connection_lost(exc)
        if self.timeout_keep_alive_task is not None:
            self.timeout_keep_alive_task.cancel()
            self.timeout_keep_alive_task = None

    def send_400_response(self, msg: str) -> None:
        """Refuse bytes that are no HTTP, or the request on which the parser was stopped.

        :param msg: uvicorn's message
        """
        no_http = ApiError("UnsupportedProtocol", f"{msg} The API is called by GET and POST of HTTP/1.1.")
        self._refuse(self._refusal or no_http)

    def on_response_complete(self) -> None:
        """Handle the end of an answer: start the next request, or let the connection idle.

        One timer serves many answers: when it is due, it computes the remaining time again.
        """
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            cycle, app = self.pipeline.pop()
            self._start_asgi_task(cycle, app)
            return
        self._idle_since = self.loop.time()
        if self.timeout_keep_alive_task is None:
            self.timeout_keep_alive_task = self.loop.call_later(self.timeout_keep_alive, self._end_idle)

    def _unset_keepalive_if_required(self) -> None:
        """Note that a request has come. The timer goes on and finds that when it is due."""
        self._idle_since = None

    def _end_idle(self) -> None:
        self.timeout_keep_alive_task = None
        if self._idle_since is None or self.transport.is_closing():
            return  # the next answer starts the timer again
        rest_seconds = self._idle_since + self.timeout_keep_alive - self.loop.time()
        if rest_seconds > 0:
            self.timeout_keep_alive_task = self.loop.call_later(rest_seconds, self._end_idle)
        else:
            self.transport.close()

    def _begin(self, cycle: Exchange) -> None:
        """Start the application's answer, while the rest of the request may still arrive."""
        self._is_deferred = False
        self._scope(cycle)
        self._start_asgi_task(cast(Any, cycle), self.app)

    def _scope(self, cycle: Exchange) -> None:
        """Set the exchange's ASGI scope."""
        url = httptools.parse_url(self.url)
        cycle.scope = {
            "type": "http",
            "method": self.parser.get_method().decode("ascii"),
            "path": url.path.decode("ascii"),
            "query_string": url.query or b"",
            "headers": self.headers,
        }

    def _stop_parser(self, error: ApiError) -> NoReturn:
        """Stop the parser at this byte; uvicorn then calls ``send_400_response``."""
        self._refusal = error
        raise error

    def _end_slow_request(self) -> None:
        self._timer = None
        self._refuse(ApiError("InvalidParameter", "The request did not arrive whole in time."))

    def _stop_clock(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _refuse(self, error: ApiError) -> None:
        """Answer a partial request, then close the connection.

        A client must not take the refusal for the answer to an earlier request, which may report a function that ran.
        """
        self._stop_clock()
        if self.transport.is_closing():
            return
        cycle: Exchange | None = cast(Any, self.cycle)  # None until there is a request
        if cycle is None or cycle.response_complete or (cycle.more_body and not cycle.response_started):
            if not self.pipeline:
                self.transport.write(self._answer(error))
            self.transport.close()
        elif self.pipeline or cycle.response_started:
            self.transport.close()
        else:
            cycle.keep_alive = False  # its answer is sent, then the connection closes
            self.flow.pause_reading()

    def _answer(self, error: ApiError) -> bytes:
        body = self._api.refuse(error)
        headers = [
            *self.server_state.default_headers,
            (b"content-type", CONTENT_TYPE),
            (b"content-length", b"%d" % len(body)),
            (b"connection", b"close"),
        ]
        lines = b"".join(b"%s: %s\r\n" % header for header in headers)
        return STATUS_LINE[200] + lines + b"\r\n" + body


def _head_too_large() -> ApiError:
    return ApiError("RequestSizeLimitExceeded", "The headers of the request are too large.")
