"""One connection of any listener: its requests are answered by a site, one after the other.

The order, the clock and the end of the connection are here. A request is handed to the site when it is whole, or, where
the site takes its body in parts, when its head is. Broken HTTP gets the site's words and ends the connection; requests
that came before it get their own answers, and then nothing is said of it: the words could be taken for an answer.
"""

import asyncio
import contextlib
import math
from collections.abc import Callable
from typing import Protocol, cast

from tencentserverless.local.http import lingering, messages
from tencentserverless.local.http.deadline import Deadline
from tencentserverless.local.http.head_template import HeadTemplate, make_template
from tencentserverless.local.http.messages import Answer, Bounds, Broken, Fault, Intake, Request
from tencentserverless.local.http.open_connections import OpenConnections
from tencentserverless.local.http.reader import RequestReader, State

_FAREWELL_SECONDS = 0.1  # for what was written last to reach the system
_CLOSE = b"Connection: close\r\n\r\n"


class Site(Protocol):
    """The service behind a listener. None of its methods waits."""

    @property
    def bounds(self) -> Bounds:
        """The bounds of every request."""

    def accept(self, request: Request) -> int | Intake:
        """Judge a head: the bytes that the body may have, or another way to take the request.

        :raises Refused: if the head is refused; the body is not read
        """

    def handle(self, request: Request, connection: "Connection") -> None:
        """Answer a request, now or later, by ``reply``, ``send``, ``start`` or ``upgrade`` of the connection."""

    def handle_known(self, known: object, values: list[bytes], body: bytes, connection: "Connection") -> bool:
        """Answer a request like one that was remembered. False if it has to be read like any other.

        :param values: of the headers that vary, in the order of ``HeadTemplate.names``, as they were sent: the site
            gives back every request whose values the parser might refuse
        """

    def refuse(self, broken: Broken) -> Answer:
        """The answer to what is no request."""

    def lost(self, connection: "Connection") -> None:
        """The connection has gone."""


class Connection(asyncio.Protocol):
    """A connection. At most one request is under way; those that come behind it wait."""

    def __init__(self, site: Site, others: OpenConnections) -> None:
        self._site = site
        self._others = others
        self._loop = others.loop
        self._bounds = site.bounds
        self._transport: asyncio.Transport | None = None
        self._reader = RequestReader(site.accept, self._bounds.head_bytes, self._pause_body)
        self._current: Request | HeadTemplate | None = None  # under way
        self._keeps = True  # the connection stays open behind the answer that is under way
        self._is_stopping = self._is_chunked = self._is_clogged = False  # clogged: the client does not read its answers
        self._is_paused = self._is_body_paused = False  # the body, by the site that takes it in parts
        self._is_silent = False  # nothing is said of broken HTTP
        self._is_handling = False  # the site has not returned yet
        self._has_body = True  # of the answer; that to HEAD has none
        self._on_drained: Callable[[], None] | None = None
        self._on_lost: Callable[[], None] | None = None
        self._data = b""  # of the request that is under way, if it came in one piece of its own
        self._template: HeadTemplate | None = None
        self.known: object = None  # facts on requests that have the head of the template
        self.handle_known: Callable[[object, list[bytes], bytes, Connection], bool] = site.handle_known
        self._lingering: lingering.Linger | None = None
        self._is_arriving = False  # the deadline is that of a request that has arrived in part
        self._deadline = Deadline(self._loop, self._bounds.idle_seconds, self._expire)

    # The site's side.

    @property
    def client_host(self) -> str:
        """The address of the client, ``""`` if the connection has gone."""
        peer = self._transport.get_extra_info("peername") if self._transport is not None else None
        return str(peer[0]) if peer else ""

    def reply(self, body: bytes, damage: str = "", lines: bytes = b"") -> None:
        """Answer the request that is under way with 200 and JSON. HEAD is answered by ``send`` alone.

        :param damage: a fault that befalls the answer: ``lost``, or ``cut`` in the middle; else empty
        :param lines: further header lines
        """
        if damage or self._transport is None or not self._keeps:
            self.send(Answer(200, body, messages.JSON_LINES + lines), damage)
            return
        if not self._others.answers:  # a short way for send_soon
            self._loop.call_soon(self._others.send_answers)
        self._others.answers.append((self._transport, lines, body))
        self._current, reader = None, self._reader  # and for _end_answer
        if reader.whole or reader.state is not State.BETWEEN or self._is_paused or self._is_clogged:
            self._go_on()
        else:
            self._data = b""
            self._deadline.at = self._loop.time() + self._bounds.idle_seconds  # later than it was

    def send(self, answer: Answer, damage: str = "") -> None:
        """Answer the request that is under way. ``damage`` is that of ``reply``."""
        if self._transport is None:
            self._current = None
            return
        body = answer.body if self._begin_answer() else b""
        data = messages.head_of(answer, self._others.date_line(), len(answer.body), keeps=self._keeps) + body
        if damage:
            self._out().write(data[: len(data) - len(body) // 2] if damage == "cut" else b"")
            self._out().close()
            return
        self._out().write(data)
        self._end_answer()

    def start(self, answer: Answer, length: int | None = None) -> None:
        """Begin an answer whose body, of this length if it is known, comes by ``write`` and ``finish`` alone."""
        self._is_chunked, self._has_body = length is None, self._begin_answer()
        if self._transport is not None:
            self._out().write(messages.head_of(answer, self._others.date_line(), length, keeps=self._keeps))

    def start_with(self, head: bytes, data: bytes) -> bool:
        """Begin an answer by a head of the site's own, without the header Connection and the empty line. See ``write``.

        :param data: the first bytes of the body; all of it is framed by the site, as the head says
        """
        self._is_chunked, self._has_body = False, self._begin_answer()
        if self._transport is not None:
            end = b"\r\n" if self._keeps else _CLOSE
            self._others.send_soon(self._transport, None, head + end + (data if self._has_body else b""))
        return not self._is_clogged

    def write(self, data: bytes) -> bool:
        """Send a part of the body. False if the client does not keep up: wait for ``on_drained``."""
        if self._transport is not None and data and self._has_body:
            self._out().write(messages.chunk_of(data) if self._is_chunked else data)
        return not self._is_clogged

    def finish(self) -> None:
        """End an answer that was begun by ``start``."""
        if self._transport is not None:
            if self._is_chunked and self._has_body:
                self._out().write(messages.chunk_of(b""))
            self._end_answer()

    def on_drained(self, callback: Callable[[], None]) -> None:
        """Call this whenever the client keeps up again, until the answer has ended."""
        self._on_drained = callback

    def on_lost(self, callback: Callable[[], None]) -> None:
        """Call this if the client goes, or sends no more, before it has its answer. It then gets none."""
        self._on_lost = callback

    def upgrade(self, head: bytes, protocol: asyncio.BaseProtocol) -> tuple[asyncio.Transport, bytes] | None:
        """Leave the connection to another protocol.

        :param head: of the answer, whole
        :return: the transport, and the bytes that came behind the request; None if the client has gone
        """
        if self._transport is None:
            return None
        transport, self._transport = self._out(), None
        self._deadline.stop()
        self._others.discard(self)
        transport.write(head)
        transport.set_protocol(protocol)
        transport.resume_reading()
        return transport, self._reader.rest

    def remember(self, known: object, varying: frozenset[bytes]) -> tuple[bytes, ...]:
        """Have requests with the head of the one that is under way handed to ``handle_known``, which may be set then.

        :param varying: names of headers whose values may be others
        :return: their names in the order of the values; empty if this head can't be remembered
        """
        request, head = self._current, self._data[: self._data.find(b"\r\n\r\n") + 4]
        if not head or not isinstance(request, Request) or not self._keeps:
            return ()
        self._template, self.known = make_template(head, request.headers, varying), known
        self.handle_known = self._site.handle_known
        return self._template.names if self._template is not None else ()

    def close(self) -> None:
        """Cut the connection."""
        if self._transport is not None:
            self._out().abort()

    def stop(self) -> None:
        """End an idle connection now, another one after its answers."""
        self._is_stopping, self._keeps = True, False
        if self._transport is None or self._current is not None or self._reader.whole:
            return
        # Over TLS an end is agreed upon, and a client that idles, also one behind the proxy, does not listen.
        has_left = not self._out().get_write_buffer_size()
        self._out().close()
        if has_left:
            self._loop.call_later(_FAREWELL_SECONDS, self._transport.abort)

    # asyncio's side.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client has connected."""
        self._transport = cast(asyncio.Transport, transport)
        self._others.add(self)
        self._deadline.set(self._bounds.idle_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection has gone."""
        self._transport = None
        self._deadline.stop()
        self._others.discard(self)
        self._reader.end()
        on_lost, self._on_lost = self._on_lost, None
        if on_lost is not None:
            on_lost()
        self._site.lost(self)

    def data_received(self, data: bytes) -> None:
        """Bytes of a request, or of several."""
        reader = self._reader
        if reader.state is State.STOPPED:
            if self._lingering is not None and self._lingering.take(len(data), self._loop.time()):
                self._deadline.at = self._lingering.deadline
            else:
                self.close()
            return
        is_first = self._current is None and reader.state is State.BETWEEN
        if is_first and self._template is not None and (found := self._template.match(data)) is not None:
            self._current, self._deadline.at = self._template, math.inf
            if self.handle_known(self.known, found[0], found[1], self):
                return
            self._current = None
        reader.feed(data)
        if is_first and len(reader.whole) == 1 and reader.state is State.BETWEEN:
            self._data = data
        self._go_on()

    def eof_received(self) -> bool:
        """The client sends no more. It may still read: what is whole gets its answer."""
        self._reader.end()
        self._go_on()
        if self._transport is None:
            return False
        can_write_eof = self._out().can_write_eof()  # behind the answers that wait: asyncio closes at False
        return can_write_eof and self._bounds.serves_half_closed and self._on_lost is None and self._is_owing()

    def pause_writing(self) -> None:
        """The client does not read its answers: no more requests."""
        self._is_clogged = True

    def resume_writing(self) -> None:
        """It does again."""
        self._is_clogged = False
        if self._on_drained is not None:
            self._on_drained()
        self._go_on()

    # Inside.

    def _go_on(self) -> None:
        """Have the next request handled, unless one is under way; end what is broken; or wait."""
        if self._is_handling:
            return  # the site answers at once: the loop below sees that
        reader = self._reader
        if isinstance(reader.stop, Broken) and reader.stop.fault is not Fault.BODY_TOO_LARGE and self._is_owing():
            self._is_silent = True  # words on it could be taken for one of the answers that are owed
        while self._current is None and reader.whole and not self._is_clogged and not self._is_ending():
            self._handle(reader.whole.popleft())
        if self._is_ending():
            return
        if self._is_owing():
            self._settle_reading()
            return
        self._data = b""
        if reader.state is State.STOPPED:
            self._end_reading(reader.stop)
            return
        self._pause(self._is_clogged)
        self._ask_for_body()
        if not reader.is_partial or not self._is_arriving:
            self._is_arriving = reader.is_partial
            self._deadline.set(self._bounds.request_seconds if self._is_arriving else self._bounds.idle_seconds)

    def _handle(self, request: Request) -> None:
        """Hand a request to the site. A site that raises ends the connection, or its client would wait for ever."""
        self._current = request
        self._keeps = request.keeps and not self._is_stopping
        self._deadline.at, self._is_arriving, self._is_body_paused = math.inf, False, False
        if request.stream is not None:
            self._ask_for_body()
        self._is_handling = True
        try:
            self._site.handle(request, self)
        except BaseException:
            self.close()
            raise
        finally:
            self._is_handling = False

    def _ask_for_body(self) -> None:
        if self._transport is not None and self._reader.take_continue():
            self._out().write(messages.CONTINUE)

    def _out(self) -> asyncio.Transport:
        """The transport of a client that is there, behind the answers that wait to be sent."""
        assert self._transport is not None
        if self._others.answers:
            self._others.send_answers()
        return self._transport

    def _is_ending(self) -> bool:
        return self._transport is None or self._transport.is_closing()

    def _begin_answer(self) -> bool:
        """An answer begins: True if it has a body. Where the request still comes, the connection ends behind it."""
        request = self._current
        if isinstance(request, Request) and request.awaits_body:
            self._keeps = False
        return not (isinstance(request, Request) and request.method == "HEAD")

    def _is_owing(self) -> bool:
        """True if a request waits for its answer."""
        return self._current is not None or bool(self._reader.whole)

    def _end_answer(self) -> None:
        """The answer has been written: wait for the next request, if none has come yet."""
        current, self._current, self._on_drained, self._on_lost = self._current, None, None, None
        if isinstance(current, Request) and current.awaits_body:
            self._linger()
        elif not self._keeps:
            self._end()
        else:
            self._go_on()

    def _end_reading(self, stop: Answer | Broken | None) -> None:
        """End the connection, which reads no more and owes no answer."""
        if self._transport is None or self._lingering is not None:
            return
        if stop is None or (self._is_silent and cast(Broken, stop).fault is Fault.CUT_SHORT):
            self._end()
            return
        lingers = self._is_silent or isinstance(stop, Answer) or stop.request is not None
        if not self._is_silent:
            answer = self._site.refuse(stop) if isinstance(stop, Broken) else stop
            lingers = lingers or answer.status == 431  # the rest of the head is still on its way
            head = messages.head_of(answer, self._others.date_line(), len(answer.body), keeps=False)
            self._out().write(head + answer.body)
        if lingers:
            self._linger()
        else:
            self._end()

    def _end(self) -> None:
        """Close the connection once its client has read the answers, for which it has its time."""
        if self._transport is not None:
            self._out().close()
            self._deadline.set(lingering.LINGER_SECONDS)

    def _linger(self) -> None:
        """Let the client read the answer though it still sends: a close now could take the answer away from it."""
        self._reader.end()
        if self._transport is None:
            return
        self._lingering = lingering.Linger(self._loop.time(), sends_end=self._transport.can_write_eof())
        self._pause(False)
        self._deadline.set(self._lingering.deadline - self._loop.time())
        if self._lingering.sends_end:
            with contextlib.suppress(OSError):  # asyncio's own loop says so if the client has just gone
                self._out().write_eof()

    def _pause_body(self, is_paused: bool) -> None:
        if self._current is not None:
            self._is_body_paused = is_paused
            self._settle_reading()

    def _settle_reading(self) -> None:
        """Read on while a request is under way, unless what comes could only be kept."""
        self._pause(self._reader.is_full or self._is_clogged or self._is_body_paused)

    def _pause(self, is_paused: bool) -> None:
        if is_paused != self._is_paused and self._transport is not None:
            self._is_paused = is_paused
            self._transport.pause_reading() if is_paused else self._transport.resume_reading()

    def _expire(self) -> None:
        if self._is_arriving:
            self._reader.expire()
            self._go_on()
        elif self._is_ending() or (self._lingering is not None and self._lingering.sends_end):
            self.close()
        else:  # idle, or silent over TLS
            self._lingering = None
            self._end()
