"""Connections to the apps of web functions, kept for their next requests, and the reading of what the apps answer.

httptools parses; a body is handed on as it comes. Answers that an app ends by closing the connection, and interim ones,
are told apart here, so that the receiver sees one head, the body and one end.
"""

import asyncio
from typing import Protocol, cast

import httptools

from tencentserverless.local.http.answer_head import AnswerHead
from tencentserverless.local.http.forwarding import BODILESS
from tencentserverless.local.http.head_template import HeadTemplate, make_length_template

Address = tuple[str, int]

_IDLE_SECONDS = 1.0  # ours: apps close idle connections after 2 s (gunicorn) to 5 s (uvicorn, Node.js)
_MAX_IDLE = 128  # of one app; an instance takes at most 100 requests at once
_PROOF_SECONDS = 0.1  # ours: a connection that idles for so long is one that the app keeps
_MAX_HABITS = 1024  # ours
_SAFE = frozenset(("GET", "HEAD", "OPTIONS", "TRACE"))  # RFC 9110, 9.2.1: they may be sent again, and have no body
_SWITCHING = 101


class Receiver(Protocol):
    """The one who has sent a request to an app, as its connection sees it."""

    @property
    def has_sent_all(self) -> bool:
        """True if the request has left whole."""

    def take_head(self, head: AnswerHead) -> None:
        """The answer begins."""

    def take_body(self, data: bytes) -> None:
        """A part of its body."""

    def take_rest(self) -> None:
        """All that has come was given, and more will come."""

    def take_end(self) -> None:
        """The answer is whole, and the connection is free for other requests."""

    def take_upgrade(self, head: AnswerHead, rest: bytes) -> None:
        """The app has taken the offer of another protocol, and ``rest`` are the first bytes of that."""

    def take_break(self, words: str, *, has_bytes: bool) -> None:
        """There will be no more of the answer.

        :param has_bytes: True if some of it has come
        """

    def take_pause(self, is_paused: bool) -> None:
        """The app does not read, or does again."""


class Upstream(asyncio.Protocol):
    """A connection to an app. It carries one request after the other.

    :ivar transport: None while it is not open
    :ivar is_reused: true if it has carried a request before the present one
    :ivar idle_since: by the loop's clock
    """

    _head: AnswerHead
    _has_bytes: bool
    _has_head: bool
    _is_interim: bool
    _is_whole: bool
    _is_reusable: bool
    _ends_with_connection: bool
    _is_paused: bool
    _pending_bytes: int
    _fault: str

    def __init__(self, upstreams: "Upstreams", address: Address) -> None:
        self.transport: asyncio.Transport | None = None
        self.address: Address = address
        self.is_reused: bool = False
        self.idle_since: float = 0.0
        self._upstreams = upstreams
        self._receiver: Receiver | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._is_of_head = False
        self._head = AnswerHead()
        self._known: tuple[HeadTemplate, AnswerHead] | None = None  # the head of an answer before, and what it says
        self._begin_answer()

    def begin(self, receiver: Receiver, *, is_of_head: bool) -> None:
        """A request is about to be sent.

        :param is_of_head: its method is HEAD, so that the answer has no body
        """
        self._receiver = receiver
        if is_of_head or self._is_of_head:  # the parser waits for the body of an answer to HEAD
            self._parser = httptools.HttpResponseParser(self)
        self._is_of_head = is_of_head
        if self._has_bytes:
            self._begin_answer()

    def write(self, data: bytes) -> None:
        """Send bytes of the request."""
        if self.transport is not None:
            self.transport.write(data)

    def pause(self, *, is_paused: bool) -> None:
        """Read no more of the answer, or read on."""
        if self.transport is not None and is_paused != self._is_paused:
            self._is_paused = is_paused
            if is_paused:
                self.transport.pause_reading()
            else:
                self.transport.resume_reading()

    def abort(self) -> None:
        """Cut the connection; its receiver is told nothing any more."""
        self._receiver = None
        if self.transport is not None:
            self.transport.abort()

    # asyncio's side.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The app has taken the connection."""
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Bytes of an answer."""
        if self._receiver is None:
            self.abort()  # no request has asked for them
            return
        is_first, self._has_bytes = not self._has_bytes, True
        if (is_first and self._take_known(data)) or not self._parse(data):
            return
        self._hand_over(data, is_first=is_first)

    def connection_lost(self, exc: Exception | None) -> None:
        """The app has ended the connection, which also ends an answer of no announced length."""
        self.transport = None
        self._upstreams.discard(self)
        if self._receiver is None:
            return
        if self._has_head and self._ends_with_connection and exc is None:
            self._is_reusable = False
            self._end()
        else:
            self._break("the app ended the connection before its answer was whole")

    def pause_writing(self) -> None:
        """The app does not read the request."""
        if self._receiver is not None:
            self._receiver.take_pause(True)

    def resume_writing(self) -> None:
        """It does again."""
        if self._receiver is not None:
            self._receiver.take_pause(False)

    # The parser's side.

    def on_message_begin(self) -> None:
        """The first byte of an answer, which may be an interim one."""
        if self._is_whole:
            self._is_reusable = False
        else:
            self._head = AnswerHead()  # an interim one may stand before it

    def on_status(self, reason: bytes) -> None:
        """A part of the words behind the status."""
        self._head.reason += reason

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header; behind the body it is a trailer, which is dropped."""
        if not self._has_head:
            self._head.add(name, value)

    def on_headers_complete(self) -> None:
        """The head is here."""
        status, head, receiver = self._parser.get_status_code(), self._head, self._receiver
        self._is_interim = 100 <= status < 200
        head.status = status
        if self._is_interim or self._is_whole or receiver is None:
            return
        self._fault = head.find_fault()
        if self._fault:
            return
        self._has_head = True
        self._is_reusable = self._parser.should_keep_alive()
        is_bodiless = self._is_of_head or status in BODILESS
        self._ends_with_connection = not (head.is_chunked or is_bodiless) and head.length is None
        self._is_whole = is_bodiless
        receiver.take_head(head)

    def on_body(self, data: bytes) -> None:
        """A part of the body."""
        if self._is_whole:
            self._is_reusable = False  # a body where there is none
        elif self._receiver is not None and self._has_head:
            self._receiver.take_body(data)

    def on_message_complete(self) -> None:
        """An answer is whole."""
        if not self._is_interim:
            self._is_whole = True

    # Inside.

    def _hand_over(self, data: bytes, *, is_first: bool) -> None:
        """Bytes have been parsed: tell the receiver what is done with them.

        :param is_first: they are the first ones of an answer
        """
        if self._fault:
            self._break(f"the app's answer is no HTTP: {self._fault}")
        elif self._is_whole:
            if is_first and self._is_reusable:
                self._remember(data)
            self._end()
        elif self._has_head:
            if self._receiver is not None:
                self._receiver.take_rest()
        else:
            self._pending_bytes += len(data)
            if self._pending_bytes > self._upstreams.head_bytes:
                self._break(f"the head of the app's answer is over {self._upstreams.head_bytes} bytes")

    def _begin_answer(self) -> None:
        self._has_bytes = self._has_head = self._is_interim = self._is_whole = False
        self._is_reusable = self._ends_with_connection = self._is_paused = False
        self._pending_bytes = 0
        self._fault = ""

    def _parse(self, data: bytes) -> bool:
        """Parse bytes of an answer. False if that was its end, in one way or another."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._switch(data[upgrade.args[0] :])
            return False
        except httptools.HttpParserCallbackError as error:
            self._break("")
            raise error.__context__ or error from None  # a defect of ours must not look like one of the app's
        except httptools.HttpParserError as error:
            if not self._is_whole:
                self._break(f"the app's answer is no HTTP: {error}")
                return False
            self._is_reusable = False  # something stands behind the answer
        return True

    def _remember(self, data: bytes) -> None:
        """Remember the head of an answer that has come in one piece: apps write the same one again and again."""
        length, size = self._head.length, data.find(b"\r\n\r\n") + 4
        is_usual = length is not None and size + length == len(data) and self._head.status not in BODILESS
        template = make_length_template(data[:size]) if is_usual and not self._is_of_head else None
        self._known = (template, self._head) if template is not None else None

    def _take_known(self, data: bytes) -> bool:
        """Take an answer that is the last one but for its body. False if it has to be parsed."""
        known, receiver = self._known, self._receiver
        if known is None or receiver is None or self._is_of_head or (found := known[0].match(data)) is None:
            return False
        body = found[1]
        self._has_head = self._is_whole = self._is_reusable = True
        self._head = known[1].of_length(len(body))
        receiver.take_head(self._head)
        if body and self._receiver is not None:
            receiver.take_body(body)
        self._end()
        return True

    def _switch(self, rest: bytes) -> None:
        """The app speaks another protocol from now on."""
        receiver = self._receiver
        if receiver is None or self._has_head or self._parser.get_status_code() != _SWITCHING:
            self._break("the app switched to a protocol that was not offered")
            return
        self._receiver = None
        receiver.take_upgrade(self._head, rest)

    def _end(self) -> None:
        """The answer is whole."""
        receiver, self._receiver = self._receiver, None
        if receiver is None:
            return  # it was aborted
        has_sent_all = receiver.has_sent_all
        if self._is_reusable and has_sent_all:
            self._upstreams.put(self)
        elif self.transport is not None:
            self.transport.close() if has_sent_all else self.transport.abort()
        receiver.take_end()

    def _break(self, words: str) -> None:
        receiver, self._receiver = self._receiver, None
        if self.transport is not None:
            self.transport.abort()
        if receiver is not None:
            receiver.take_break(words, has_bytes=self._has_bytes)


class Upstreams:
    """The connections to all apps: opens them, and keeps those that idle.

    Some apps close behind each answer and do not say so: uWSGI with http-socket. A POST, which can't be sent again, is
    not to go into a connection about to end: it takes an idle one only of an app that has been seen to keep them.

    :param head_bytes: the bound of what comes before an answer is known to begin
    """

    def __init__(self, head_bytes: int) -> None:
        self.head_bytes: int = head_bytes
        self._idle: dict[Address, list[Upstream]] = {}
        self._keeps: dict[Address, bool] = {}  # whether an app keeps connections, where it is known
        self._loop = asyncio.get_running_loop()

    def take(self, address: Address, method: str = "GET") -> Upstream | None:
        """Take an idle connection, the last used one; None if there is none that may be used again.

        :param method: of the request that it is for
        """
        idle = self._idle.get(address)
        if not idle:
            return None
        now = self._loop.time()
        if method not in _SAFE and not self._is_kept(address, now - idle[0].idle_since):
            return None
        upstream = idle.pop()
        if upstream.idle_since > now - _IDLE_SECONDS:
            upstream.is_reused = True
            return upstream
        for each in (upstream, *idle):  # the others idle for longer
            each.abort()
        idle.clear()
        return None

    def put(self, upstream: Upstream) -> None:
        """Keep a connection that has carried its request."""
        idle, keeps = self._idle.get(upstream.address), self._keeps.get(upstream.address)
        if idle is None:
            idle = self._idle[upstream.address] = []
        if upstream.is_reused and not keeps:
            self._note(upstream.address, keeps=True)
        elif keeps is False:
            upstream.abort()
            return
        if len(idle) >= _MAX_IDLE or upstream.transport is None or upstream.transport.is_closing():
            upstream.abort()
            return
        upstream.pause(is_paused=False)
        upstream.idle_since = self._loop.time()
        idle.append(upstream)

    def discard(self, upstream: Upstream) -> None:
        """A connection has gone."""
        idle = self._idle.get(upstream.address)
        if idle is not None:
            if upstream in idle:
                idle.remove(upstream)
                if not upstream.is_reused and self._loop.time() - upstream.idle_since < _PROOF_SECONDS:
                    self._note(upstream.address, keeps=False)
            if not idle:
                del self._idle[upstream.address]

    def _is_kept(self, address: Address, idle_seconds: float) -> bool:
        """True if an app is known to keep its connections; one that has idled for long enough is the proof."""
        if address not in self._keeps and idle_seconds >= _PROOF_SECONDS:
            self._note(address, keeps=True)
        return self._keeps.get(address, False)

    def _note(self, address: Address, *, keeps: bool) -> None:
        if len(self._keeps) >= _MAX_HABITS and address not in self._keeps:
            self._keeps.clear()
        self._keeps[address] = keeps

    async def open(self, address: Address) -> Upstream:
        """Open a connection.

        :raises OSError: if the app does not take it
        """
        _, upstream = await self._loop.create_connection(lambda: Upstream(self, address), *address)
        return upstream

    def close(self) -> None:
        """Close the idle connections."""
        for idle in list(self._idle.values()):
            for upstream in list(idle):
                upstream.abort()
