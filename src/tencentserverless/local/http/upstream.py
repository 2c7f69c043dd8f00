"""A connection to the app of a web function, and the reading of what the app answers.

httptools parses, but for the answer whose head is known; a body is handed on as it comes. Answers that an app ends by
closing the connection, and interim ones, are told apart here, so that the receiver sees one head, the body and one end.
"""

import asyncio
from typing import Protocol, cast

import httptools

from tencentserverless.local.http.answer_head import AnswerHead, KnownHead, know_head
from tencentserverless.local.http.forwarding import BODILESS
from tencentserverless.local.http.last_bytes import read_last

Address = tuple[str, int]

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


class Keeper(Protocol):
    """The one who keeps connections for their next requests.

    :ivar head_bytes: the bound of what comes before an answer is known to begin
    """

    head_bytes: int

    def put(self, upstream: "Upstream") -> None:
        """A connection has carried its request."""

    def discard(self, upstream: "Upstream") -> None:
        """A connection has gone."""


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
    _rest_bytes: int  # that are to come behind a known head
    _fault: str

    def __init__(self, keeper: Keeper, address: Address) -> None:
        self.transport: asyncio.Transport | None = None
        self.address: Address = address
        self.is_reused: bool = False
        self.idle_since: float = 0.0
        self._keeper = keeper
        self._receiver: Receiver | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._is_of_head = False
        self._is_clogged = False  # the app does not read: bytes of a request wait here, also of one that has ended
        self._head = AnswerHead()
        self._known: KnownHead | None = None  # of an answer before
        self._begin_answer()

    def begin(self, receiver: Receiver, data: bytes, *, is_of_head: bool) -> None:
        """Send a request.

        :param data: the first bytes of it
        :param is_of_head: its method is HEAD, so that the answer has no body
        """
        self._receiver = receiver
        self._is_of_head = is_of_head
        if self._has_bytes:
            self._begin_answer()
        if self._is_clogged:
            receiver.take_pause(True)
        if self.transport is not None:
            self.transport.write(data)

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
        self.transport.set_write_buffer_limits(high=0)  # more is asked of the caller when all has left

    def data_received(self, data: bytes) -> None:
        """Bytes of an answer."""
        if self._receiver is None:
            self.abort()  # no request has asked for them
            return
        is_first, self._has_bytes = not self._has_bytes, True
        if self._rest_bytes:
            self._take_rest(data)
        elif is_first and self._known is not None and not self._is_of_head and (found := self._known.match(data)):
            self._take_known(*found, data)
        else:
            last = self._head
            if self._parse(data):
                if is_first and self._has_head and self._is_reusable:
                    self._known = know_head(self._head, last, data) or self._known
                self._hand_over(len(data))

    def connection_lost(self, exc: Exception | None) -> None:
        """The app has ended the connection, which also ends an answer of no announced length."""
        transport, self.transport = self.transport, None
        for data in read_last(transport, exc):  # an app that refuses a body closes while that is on its way
            if self._receiver is None:
                break
            self.data_received(data)
        self._keeper.discard(self)
        if self._receiver is None:
            return
        if self._has_head and self._ends_with_connection and exc is None:
            self._is_reusable = False
            self._end()
        else:
            self._break("the app ended the connection before its answer was whole")

    def pause_writing(self) -> None:
        """The app does not read the request."""
        self._is_clogged = True
        if self._receiver is not None:
            self._receiver.take_pause(True)

    def resume_writing(self) -> None:
        """It does again."""
        self._is_clogged = False
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
        # Some apps send a body to HEAD all the same, which could be taken for the next answer.
        self._is_reusable = self._parser.should_keep_alive() and not self._is_of_head
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

    def _hand_over(self, size: int) -> None:
        """Bytes have been parsed: tell the receiver what is done with them."""
        if self._fault:
            self._break(f"the app's answer is no HTTP: {self._fault}")
        elif self._is_whole:
            self._end()
        elif self._has_head:
            if self._receiver is not None:
                self._receiver.take_rest()
        else:
            self._pending_bytes += size
            if self._pending_bytes > self._keeper.head_bytes:
                self._break(f"the head of the app's answer is over {self._keeper.head_bytes} bytes")

    def _take_known(self, head: AnswerHead, size: int, data: bytes) -> None:
        """Take an answer whose head is known: the parser is not needed, for its length says where it ends."""
        self._has_head = self._is_reusable = True
        self._head, self._rest_bytes = head, head.length or 0
        assert self._receiver is not None, "no other bytes are read"
        self._receiver.take_head(head)
        self._take_rest(data[size:])

    def _take_rest(self, data: bytes) -> None:
        """Take bytes behind a known head."""
        rest, receiver = self._rest_bytes - len(data), self._receiver
        if receiver is None:
            return  # it was aborted
        if rest < 0:
            data, rest, self._is_reusable = data[:rest], 0, False  # something stands behind the answer
        self._rest_bytes = rest
        if data:
            receiver.take_body(data)
        if not rest:
            self._is_whole = True
            self._end()
        elif self._receiver is not None:
            receiver.take_rest()

    def _begin_answer(self) -> None:
        self._has_bytes = self._has_head = self._is_interim = self._is_whole = False
        self._is_reusable = self._ends_with_connection = self._is_paused = False
        self._pending_bytes = self._rest_bytes = 0
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

    def _switch(self, rest: bytes) -> None:
        """The app speaks another protocol from now on."""
        receiver = self._receiver if self.transport is not None else None
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
            self._keeper.put(self)
        elif self.transport is not None:
            self.transport.close() if has_sent_all else self.transport.abort()
        receiver.take_end()

    def _break(self, words: str) -> None:
        receiver, self._receiver = self._receiver, None
        if self.transport is not None:
            self.transport.abort()
        if receiver is not None:
            receiver.take_break(words, has_bytes=self._has_bytes)
