"""One request of a client to the app of a web function, and the answer back. Both stream.

No byte of a body is kept here: where one side does not read, the other one is not read either. The answer is the app's
own as soon as its head has left; until then every failure is answered by a status of SCF.
"""

import asyncio
from collections.abc import Callable

from tencentserverless.local import outcome
from tencentserverless.local.actions.invoke import stopped
from tencentserverless.local.errors import ApiError
from tencentserverless.local.http.answer_head import AnswerHead
from tencentserverless.local.http.connection import Connection
from tencentserverless.local.http.forwarding import BODILESS, CHUNKED_LINE, answer_start, upgrade_lines
from tencentserverless.local.http.messages import Answer, chunk_of
from tencentserverless.local.http.tunnel import Tunnel
from tencentserverless.local.http.upstream import Address, Upstream
from tencentserverless.local.invocation import Invocation, WebFacts
from tencentserverless.local.outcome import Outcome
from tencentserverless.local.web.found import Passed
from tencentserverless.local.web.relay_rules import RelayRules, answer_fault, describe, too_large
from tencentserverless.local.web.url_answers import api_refusal, failure, refusal

OnEnd = Callable[[int, str], None]

#: Methods that may be sent again where a kept connection proves dead (RFC 9110, 9.2.2).
_REPEATABLE = frozenset(("GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"))
_NO_CONTENT, _BAD_REQUEST, _TOO_LARGE, _BAD_GATEWAY = 204, 400, 413, 502
_LAST_CHUNK = chunk_of(b"")


class Relay:
    """An ``Exchange``, and the caller of its invocation.

    :param body: of a request that has no stream
    """

    __slots__ = (
        "_address",
        "_answer",
        "_answer_bytes",
        "_answer_head",
        "_awaits_body",
        "_body",
        "_body_bytes",
        "_connection",
        "_dial",
        "_first",
        "_frames",
        "_has_answered",
        "_has_retried",
        "_head",
        "_is_over",
        "_is_withheld",
        "_on_end",
        "_parts",
        "_passed",
        "_request",
        "_request_id",
        "_rules",
        "_tunnel",
        "_upstream",
        "has_sent_all",
        "memory_mb",
        "on_gone",
        "on_session",
        "session",
    )

    gets_answer = True

    def __init__(self, passed: Passed, request_id: str, body: bytes, connection: Connection, rules: RelayRules) -> None:
        self.memory_mb: int = rules.memory_mb
        self.session: str | None = None
        self.on_session: Callable[[str], None] | None = None
        self.on_gone: Callable[[], None] | None = None  # the client has gone before a worker had the request
        self._passed = passed
        self._request = request = passed.request
        self._request_id = request_id
        self._body = body
        self._connection = connection
        self._rules = rules
        self._address: Address = ("", 0)  # until there is one
        self._head = b""
        self._answer_head = b""  # until it leaves, with the first bytes of the body
        self._awaits_body = False  # the answer announces one
        self._frames = False  # the answer's body is cut into chunks
        self._parts: list[bytes] = []  # of the answer, that leave together
        self._first: list[bytes] | None = None  # parts of the request, that leave together with its head
        self._body_bytes = self._answer_bytes = 0
        self._answer: AnswerHead | None = None
        self.has_sent_all: bool = False
        self._upstream: Upstream | None = None
        self._dial: asyncio.Task[None] | None = None
        self._tunnel: Tunnel | None = None
        self._has_retried = False
        self._is_withheld = False
        self._has_answered = False  # something of the answer has left
        self._is_over = False  # the client gets no more of this
        self._on_end: OnEnd | None = None
        connection.on_lost(self._lose_client)
        stream = request.stream
        if stream is not None and not stream.is_whole:
            stream.pause(True)  # until an app takes it

    # The worker's side.

    def begin(self, address: Address, injected: bytes, on_end: OnEnd) -> None:
        """Send the request to an app; see ``Exchange``."""
        self.on_gone = None
        if self._is_over:
            asyncio.get_running_loop().call_soon(on_end, outcome.CANCELLED, GONE)
            return
        self._address, self._on_end = address, on_end
        self._head = b"%s%s\r\n" % (self._passed.start, injected)
        upstream = self._rules.upstreams.take(address, self._request.method)
        if upstream is not None:
            self._send(upstream)
        else:
            self._dial_anew()

    def stop(self, status: int, message: str) -> None:
        """The run is over before the answer was; see ``Exchange``."""
        self._on_end = None
        self._drop()
        self._fail_client(failure(Outcome(status, message=message), self._request_id, self._passed.lines))

    def withhold(self) -> None:
        """Keep the app's answer from the client."""
        self._is_withheld = True

    def describe(self) -> WebFacts:
        """The request and the answer, as far as they are known."""
        return describe(self._request, self._passed.url, self._answer, (self._body_bytes, self._answer_bytes))

    # The caller's side.

    def end(self, invocation: Invocation) -> None:
        """The invocation has ended: answer the client unless the app has done that."""
        self.on_gone = None
        result, error = invocation.outcome, invocation.failure
        request_id, lines = self._request_id, self._passed.lines
        if result is None:
            refused = error if isinstance(error, ApiError) else stopped()
            self._fail_client(api_refusal(refused, request_id, lines))
        elif result.status != outcome.SUCCESS:
            self._fail_client(failure(result, request_id, lines))
        elif self._is_withheld:
            self._fail_client(refusal(_BAD_GATEWAY, "A fault rule keeps the answer of the app.", request_id, lines))

    # The client's side.

    def _take_whole(self) -> bytes:
        """The body of a request that has no stream, as it goes to the app. Empty if it is too large, which is told."""
        body = self._body
        self.has_sent_all, self._body_bytes = True, len(body)
        if self._body_bytes > self._rules.body_bytes:
            self._fail(_TOO_LARGE, too_large(self._rules.body_bytes))
            return b""
        if self._passed.is_chunked:
            return chunk_of(body) + _LAST_CHUNK if body else _LAST_CHUNK
        return body

    def _take_part(self, data: bytes | None) -> None:
        """A part of the request's body, an empty one behind the last; None if the client has gone."""
        upstream = self._upstream
        if upstream is None or self._is_over:
            return
        if data is None:
            self._fail(_BAD_REQUEST, "The body of the request ended before it was whole")
            return
        if not data:
            self.has_sent_all = True
            if self._passed.is_chunked:
                self._pass_on(upstream, _LAST_CHUNK)
            return
        self._body_bytes += len(data)
        if self._body_bytes > self._rules.body_bytes:
            self._fail(_TOO_LARGE, too_large(self._rules.body_bytes))
        else:
            self._pass_on(upstream, chunk_of(data) if self._passed.is_chunked else data)

    def _pass_on(self, upstream: Upstream, data: bytes) -> None:
        if self._first is not None:
            self._first.append(data)
        else:
            upstream.write(data)

    def _lose_client(self) -> None:
        """The client has gone."""
        if self._is_over:
            return
        self._is_over = True
        on_gone, self.on_gone = self.on_gone, None
        if on_gone is not None:
            on_gone()
        self._drop()
        # To leave a stream is how a client ends it; to leave before the answer is not.
        status = outcome.SUCCESS if self._has_answered else outcome.CANCELLED
        self._finish(status, "" if self._has_answered else GONE)

    def _go_on(self) -> None:
        """The client reads again."""
        if self._upstream is not None:
            self._upstream.pause(is_paused=False)

    # The app's side.

    def take_head(self, head: AnswerHead) -> None:
        """The answer begins."""
        if fault := answer_fault(head, self._rules, is_of_head=self._request.method == "HEAD"):
            self._fail(_TOO_LARGE_ANSWER, fault)
            return
        self._note(head)
        if self._is_withheld:
            return
        length = None if head.status == _NO_CONTENT else head.length
        is_chunked = length is None and head.status not in BODILESS and self._request.version != "1.0"
        framing = CHUNKED_LINE if is_chunked else b"" if length is None else b"Content-Length: %d\r\n" % length
        self._answer_head = self._start_of(head) + framing
        self._frames = is_chunked and self._request.method != "HEAD"
        self._awaits_body = bool(length)

    def take_body(self, data: bytes) -> None:
        """A part of the answer's body."""
        self._answer_bytes += len(data)
        if not self._is_withheld:
            self._parts.append(chunk_of(data) if self._frames else data)

    def take_rest(self) -> None:
        """All that has come was given. A head that announces a body leaves with the first bytes of that."""
        if not self._is_withheld and (self._parts or not self._awaits_body):
            self._flush()

    def take_end(self) -> None:
        """The answer is whole."""
        self._upstream = None
        self._finish(outcome.SUCCESS, "")  # first: the instance is free before the client can call again
        if not self._is_over and not self._is_withheld:
            if self._frames:
                self._parts.append(_LAST_CHUNK)
            self._is_over = True
            data = self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
            if self._has_answered:
                self._connection.write(data)
            else:
                self._connection.start_with(self._answer_head, data)
            self._connection.finish()

    def take_upgrade(self, head: AnswerHead, rest: bytes) -> None:
        """The app takes the offer: bytes are carried both ways from now on."""
        upstream, self._upstream = self._upstream, None
        transport = upstream.transport if upstream is not None else None
        if transport is None or self._is_over:
            return
        if not self._request.is_upgrade or self._is_withheld:
            transport.abort()
            self._fail(_BAD_GATEWAY, "the app switched to a protocol that was not offered")
            return
        self._note(head)
        answer = self._start_of(head) + upgrade_lines(head.headers)
        tunnel = Tunnel(self._rules.idle_seconds, self._end_tunnel)
        upgraded = self._connection.upgrade(answer + b"\r\n", tunnel.client)
        self._has_answered = self._is_over = True
        if upgraded is None:
            transport.abort()
            self._finish(outcome.CANCELLED, GONE)
            return
        client, behind = upgraded
        self._tunnel = tunnel
        tunnel.open(client, transport, (behind, rest))

    def take_break(self, words: str, *, has_bytes: bool) -> None:
        """There will be no more of the answer."""
        upstream, self._upstream = self._upstream, None
        is_stale = upstream is not None and upstream.is_reused and not has_bytes
        if is_stale and not self._has_retried and self._is_repeatable():
            self._has_retried = True
            self._dial_anew()
            return
        if self._has_answered:
            self._cut()
        self._fail(_BAD_GATEWAY, words)

    def take_pause(self, is_paused: bool) -> None:
        """The app does not read the request's body, or does again."""
        if self._request.stream is not None and not self._is_over:
            self._request.stream.pause(is_paused)

    # Inside.

    def _dial_anew(self) -> None:
        self._dial = asyncio.get_running_loop().create_task(self._open())

    async def _open(self) -> None:
        try:
            upstream = await self._rules.upstreams.open(self._address)
        except OSError as error:
            self._dial = None
            self.take_break(f"the app does not take a connection: {error.strerror or error}", has_bytes=False)
            return
        self._dial = None
        self._send(upstream)

    def _send(self, upstream: Upstream) -> None:
        """Send the request, its body as it comes."""
        self._upstream = upstream
        stream = self._request.stream
        if stream is None:  # the body is here, if there is one
            data = self._head + self._take_whole()
        else:
            first = self._first = [self._head]
            if not self._has_retried:
                stream.take(self._take_part)
            self._first, data = None, b"".join(first)
        if self._upstream is not upstream:
            return  # the body was too large already
        if stream is not None and not stream.is_whole:
            stream.pause(False)  # first: the app may not even take these bytes
        upstream.begin(self, data, is_of_head=self._request.method == "HEAD")

    def _start_of(self, head: AnswerHead) -> bytes:
        """The head of the answer, without the lines of the framing."""
        lines = self._passed.lines
        start = answer_start(head.status, head.reason, head.headers, has_cors=False) if lines else head.start
        return b"%sX-Scf-Request-Id: %s\r\n%s" % (start, self._request_id.encode("ascii"), lines)

    def _flush(self) -> None:
        """Send what there is of the answer."""
        parts, self._parts = self._parts, []
        data = parts[0] if len(parts) == 1 else b"".join(parts)
        if not self._has_answered:
            self._has_answered = True
            self._connection.on_drained(self._go_on)
            keeps_up = self._connection.start_with(self._answer_head, data)
        else:
            keeps_up = self._connection.write(data)
        if not keeps_up and self._upstream is not None:
            self._upstream.pause(is_paused=True)

    def _is_repeatable(self) -> bool:
        """True if the request may be sent again, and nothing of its body would be missing."""
        return (
            self._request.method in _REPEATABLE
            and self.has_sent_all
            and not (self._passed.is_chunked or self._body_bytes)
        )

    def _note(self, head: AnswerHead) -> None:
        """Keep the head of the answer, and the session that it names."""
        self._answer = head
        if self.on_session is not None and self._rules.find_session is not None:
            session = self._rules.find_session(head.headers)
            if session:
                self.on_session(session)

    def _end_tunnel(self, status: int, words: str) -> None:
        self._tunnel = None
        self._finish(status, words)

    def _fail(self, status: int, words: str) -> None:
        """End the run with a failure; the client is told when the invocation has ended."""
        self._drop()
        self._finish(status, words)

    def _finish(self, status: int, words: str) -> None:
        on_end, self._on_end = self._on_end, None
        if on_end is not None:
            on_end(status, words)

    def _drop(self) -> None:
        """Cut the way to the app: to it the client has gone."""
        if self._dial is not None:
            self._dial.cancel()
        upstream, self._upstream = self._upstream, None
        if upstream is not None:
            upstream.abort()
        tunnel, self._tunnel = self._tunnel, None
        if tunnel is not None:
            tunnel.close()

    def _fail_client(self, answer: Answer) -> None:
        """Answer a failure, once: or cut the connection if the answer has begun."""
        damage = self._rules.damage.pop(self._request_id, "") if self._rules.damage else ""
        if self._is_over:
            return
        if self._has_answered:
            self._cut()
            return
        self._is_over = True
        self._connection.send(answer, damage)

    def _cut(self) -> None:
        self._is_over = True
        self._connection.close()


_TOO_LARGE_ANSWER = 407  # document/product/583/42611: the answer is over its limit
GONE = "The client went away before the answer"
