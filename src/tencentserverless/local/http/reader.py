"""From the bytes of one connection to requests, within bounds. httptools parses; no socket and no clock is here.

All bytes of one read are parsed at once, so requests may become whole while another one is under way: they wait in
``whole``. What ends the reading is in ``stop``.
"""

import enum
import re
from collections import deque
from collections.abc import Callable

import httptools

from tencentserverless.local.http.messages import Answer, BodyStream, Broken, Fault, Headers, Intake, Refused, Request
from tencentserverless.local.http.upgrade_offers import head_without_offer

Accept = Callable[[Request], int | Intake]

_LINE_SIGNS_BYTES = 4  # the colon, a blank and the end of a header line
_LENGTH_DIGITS = 18
_BEYOND_ASCII = re.compile(rb"[\x80-\xff]")


class State(enum.Enum):
    """Progress of the request that arrives."""

    BETWEEN = "no byte of it is here"
    HEAD = "its head arrives"
    BODY = "its body arrives"
    STOPPED = "no request is read any more"


class RequestReader:
    """Cuts bytes into requests.

    :param accept: judges a head: the bytes that its body may have, or another way to take it; raises ``Refused``
    :param head_bytes: the bound of a head
    :param pause: has the connection read no more, or read on; for bodies that come in parts
    :ivar whole: requests to be answered, in their order; one with a stream is there as soon as its head is
    :ivar stop: why reading has ended: a head that was refused, or broken HTTP
    :ivar rest: bytes behind a request that asks for a tunnel or another protocol
    """

    def __init__(self, accept: Accept, head_bytes: int, pause: Callable[[bool], None]) -> None:
        self._accept = accept
        self._head_bytes = head_bytes
        self._pause = pause
        self._parser = httptools.HttpRequestParser(self)
        self.state: State = State.BETWEEN
        self.whole: deque[Request] = deque()
        self.stop: Answer | Broken | None = None
        self.rest: bytes = b""
        self._request: Request | None = None
        self._url = b""
        self._headers: Headers = []
        self._limit_bytes = 0
        self._more = bytearray()  # of the body, behind its first part
        self._size = 0  # of the head, then of the body
        self._pending_bytes = 0  # of reads that completed nothing; the parser keeps such bytes
        self._is_in_line = False  # all that has come of a request is a part of its first line
        self._is_awaited = False  # the client waits for 100-continue
        self._is_offer = False
        self._reason: Answer | Broken | None = None  # why the parser was stopped

    @property
    def is_partial(self) -> bool:
        """True if a request has arrived in part, and the rest of it is waited for."""
        return self.state is State.HEAD or (self.state is State.BODY and self.stream is None)

    @property
    def is_full(self) -> bool:
        """True if what comes behind the request that is under way could only be kept."""
        return bool(self.whole) or self.is_partial or self.state is State.STOPPED

    @property
    def stream(self) -> BodyStream | None:
        """The stream of the body that arrives, if it has one."""
        return self._request.stream if self._request is not None else None

    def take_continue(self) -> bool:
        """True once if the client waits to be told that it may send the body."""
        is_asked = self._is_awaited and self.state is State.BODY
        self._is_awaited = self._is_awaited and not is_asked
        return is_asked

    def feed(self, data: bytes) -> None:
        """Read bytes."""
        before, count = (self.state, self._size), len(self.whole)
        if self._is_in_line or self.state is State.BETWEEN:
            data = self._encode_line(data)
        while self.state is not State.STOPPED:
            try:
                self._parser.feed_data(data)
            except httptools.HttpParserUpgrade as offer:
                rest = data[offer.args[0] :]
                if not self._is_offer:
                    self.state, self.rest = State.STOPPED, rest
                    return
                request = self._request
                assert request is not None, "a head that was read is a request"
                data = head_without_offer(self._parser, request.url, request.headers) + rest
                self._parser = httptools.HttpRequestParser(self)
            except httptools.HttpParserCallbackError:
                if self._reason is None:
                    raise  # a defect of ours must not look like one of the client's
                self._end(self._reason)
            except httptools.HttpParserInvalidURLError:
                self._end(Broken(Fault.BAD_URL, part=self._part()))
            except httptools.HttpParserError:
                self._end(Broken(Fault.NO_HTTP, self._request, part=self._part()))
            else:
                break
        is_head = self.state is State.HEAD and before[0] in (State.BETWEEN, State.HEAD)
        is_pending = len(self.whole) == count and (is_head or before == (self.state, self._size))
        self._bound_pending(len(data), is_pending=is_pending)

    def end(self) -> None:
        """The client sends no more, or nothing more is read."""
        if self.state in (State.HEAD, State.BODY):
            self._end(Broken(Fault.CUT_SHORT, self._request))
        self.state = State.STOPPED

    def expire(self) -> None:
        """The request has not arrived whole in time."""
        self._end(Broken(Fault.TOO_SLOW, self._request))

    # The parser's side.

    def on_message_begin(self) -> None:
        """The first byte of a request."""
        self.state = State.HEAD
        self._url, self._headers, self._size = b"", [], 0
        self._is_awaited = self._is_offer = False

    def on_url(self, url: bytes) -> None:
        """A part of the path and the query."""
        self._url += url
        self._count_head(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header; behind the body it is a trailer, which a site may drop (RFC 9110, 6.5.1)."""
        if self.state is not State.HEAD:
            if self._request is not None and self._request.drops_trailers:
                return  # their bytes are bounded as those of a line in a body
            raise self._stop(Broken(Fault.TRAILERS, self._request))
        name = name.lower()
        self._headers.append((name, value))
        if name == b"expect":
            self._is_awaited = value.lower() == b"100-continue"
        self._count_head(len(name) + len(value) + _LINE_SIGNS_BYTES)

    def on_headers_complete(self) -> None:
        """The request has all its headers."""
        method, is_upgrade = self._parser.get_method().decode("ascii"), self._parser.should_upgrade()
        request = self._request = Request(method, self._url, self._headers, is_upgrade=is_upgrade)
        request.version = self._parser.get_http_version()
        request.keeps = self._parser.should_keep_alive() and request.version != "1.0" and method != "CONNECT"
        try:
            taken = self._accept(request)
        except Refused as refused:
            answer = refused.answer
            raise self._stop(answer._replace(body=b"") if method == "HEAD" else answer) from None
        self._is_offer = is_upgrade and method != "CONNECT" and taken is not Intake.UPGRADE
        if self._is_offer:
            return  # the head is read once more, without the offer
        self.state, self._size = State.BODY, 0
        self._limit_bytes = taken if isinstance(taken, int) else 0
        if taken is Intake.STREAM:
            request.stream = BodyStream(self._pause)
            self.whole.append(request)
            return
        announced = request.header(b"content-length")
        if announced.isdigit() and (len(announced) > _LENGTH_DIGITS or int(announced) > self._limit_bytes):
            size = announced[:32].decode("ascii")
            raise self._stop(Broken(Fault.BODY_TOO_LARGE, request, self._limit_bytes, size))

    def on_body(self, body: bytes) -> None:
        """A part of the body."""
        request = self._request
        assert request is not None, "a body stands behind a head"
        self._size += len(body)
        if request.stream is not None:
            request.stream.feed(body)
            if self.stop is not None:
                raise self._stop(self.stop)  # the site has answered, and wants no more
        elif self._size > self._limit_bytes:
            raise self._stop(Broken(Fault.BODY_TOO_LARGE, request, self._limit_bytes, str(self._size)))
        elif not request.body:
            request.body = body
        else:
            self._more += body

    def on_message_complete(self) -> None:
        """The request is whole."""
        if self._is_offer:
            return
        request, self._request = self._request, None
        assert request is not None, "a message has a head"
        self.state = State.BETWEEN
        if request.stream is None:
            if self._more:
                request.body += bytes(self._more)
                self._more.clear()
            self.whole.append(request)
        else:
            request.stream.feed(b"")

    # Inside.

    def _encode_line(self, data: bytes) -> bytes:
        """Encode the letters of a request line, for the parser takes ASCII alone and curl sends a query as it is given.

        That of a request behind another one, in the same read, stays as it is, and is refused.
        """
        end = data.find(b"\n")
        self._is_in_line = end < 0
        line = data if end < 0 else data[:end]
        if line.isascii():
            return data
        return _BEYOND_ASCII.sub(lambda found: b"%%%02X" % ord(found[0]), line) + data[len(line) :]

    def _count_head(self, size: int) -> None:
        self._size += size
        if self._size > self._head_bytes:
            raise self._stop(self._too_large())

    def _bound_pending(self, size: int, *, is_pending: bool) -> None:
        """Bound the bytes of a head, and of a line in a body: the parser keeps a line until its end."""
        self._pending_bytes = self._pending_bytes + size if is_pending else 0
        if self._pending_bytes > self._head_bytes and self.state is not State.STOPPED:
            self._end(self._too_large())

    def _too_large(self) -> Broken:
        """A head over its bound, with the part of it that has come: a site may need its host."""
        return Broken(Fault.HEAD_TOO_LARGE, self._request, part=self._part())

    def _part(self) -> Request | None:
        """The part that has come of a head that is not whole; None for a whole one."""
        return Request("", self._url, self._headers) if self._request is None else None

    def _end(self, reason: Answer | Broken) -> None:
        stream = self.stream
        self.state, self.stop, self._request = State.STOPPED, reason, None
        self._more.clear()
        if stream is not None:
            stream.feed(None)

    def _stop(self, reason: Answer | Broken) -> "_Stop":
        """Make what stops the parser, which does not say what was raised: its error's context may be another one."""
        self._reason = reason
        return _Stop()


class _Stop(Exception):
    """Stops the parser."""
