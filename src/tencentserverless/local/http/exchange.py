"""One request and its answer on a connection, in the terms of ASGI.

The class replaces uvicorn's own ``RequestResponseCycle`` and has the same attributes. uvicorn's class costs as much as
a whole short call: it checks our headers by regular expressions, and makes an event and two writes for each request.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from tencentserverless._core import wire

CONTENT_TYPE = wire.CONTENT_TYPE.encode("ascii")
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_heads: "list[tuple[object, bytes]]" = [(None, b"")]


class Exchange:
    """The part of a request that uvicorn's connection and an ASGI application need.

    :param default_headers: headers of every answer in this second, such as Date
    :param on_response: called when the answer has been written
    """

    __slots__ = (
        "_default_headers",
        "_flow",
        "_head",
        "_on_response",
        "_transport",
        "_waiter",
        "_wants_continue",
        "body",
        "disconnected",
        "keep_alive",
        "more_body",
        "response_complete",
        "response_started",
        "scope",
    )

    def __init__(
        self,
        transport: asyncio.Transport,
        flow: FlowControl,
        *,
        default_headers: list[tuple[bytes, bytes]],
        wants_continue: bool,
        keep_alive: bool,
        on_response: Callable[[], None],
    ) -> None:
        self.scope: dict[str, Any] = {}  # the request in ASGI's terms; set before an application runs
        self.body: bytes | bytearray = b""
        self.more_body: bool = True
        self.response_started: bool = False
        self.response_complete: bool = False
        self.disconnected: bool = False
        self.keep_alive: bool = keep_alive
        self._transport = transport
        self._flow = flow
        self._default_headers = default_headers
        self._wants_continue = wants_continue
        self._on_response = on_response
        self._head: list[bytes] = []
        self._waiter: asyncio.Future[None] | None = None

    @property
    def message_event(self) -> "Exchange":
        """Return the object on which uvicorn signals a part of the body, or the loss of the client."""
        return self

    def set(self) -> None:
        """Wake the application: a part of the body has come, or the client is gone."""
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def reply(self, body: bytes, damage: str) -> None:
        """Write a whole answer, without ASGI's messages.

        :param damage: the fault that damages the answer: ``lost`` or ``cut``, else empty
        """
        self.response_started = self.response_complete = True
        if self.disconnected:
            return
        head = _head_of(self._default_headers)
        end = b"\r\n" if self.keep_alive else b"connection: close\r\n\r\n"
        answer = b"%scontent-length: %d\r\n%s%s" % (head, len(body), end, body)
        if damage:
            self._damage(answer, len(answer) - len(body) // 2, damage)
            return
        self._transport.write(answer)
        if not self.keep_alive:
            self._transport.close()
        self._on_response()

    def _damage(self, answer: bytes, half: int, fault: str) -> None:
        """Close the connection without an answer, or in the middle of one."""
        if fault == "cut":
            self._transport.write(answer[:half])
        self._transport.close()

    async def run_asgi(self, app: Callable[..., Any]) -> None:
        """Run an application for its answer. Cut the connection if it gives none; its own console shows the reason."""
        try:
            await app(self.scope, self.receive, self.send)
        finally:
            if not self.response_complete:
                self._transport.close()

    async def receive(self) -> dict[str, Any]:
        """Return ASGI's receive message: a part of the body, or the loss of the client."""
        if self._wants_continue and not self._transport.is_closing():
            self._transport.write(_CONTINUE)
        self._wants_continue = False
        if not self.disconnected and not self.response_complete and self.more_body and not self.body:
            self._flow.resume_reading()
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        if self.disconnected or self.response_complete:
            return {"type": "http.disconnect"}
        body, self.body = self.body, b""
        if self.more_body:
            self._flow.resume_reading()
        return {"type": "http.request", "body": bytes(body), "more_body": self.more_body}

    async def send(self, message: dict[str, Any]) -> None:
        """Take ASGI's send messages of a one-piece answer whose headers give its length."""
        if message["type"] == "http.response.start":
            self._head = [STATUS_LINE[message["status"]]]
            self._head += [b"%s: %s\r\n" % pair for pair in self._default_headers]
            self._head += [b"%s: %s\r\n" % pair for pair in message["headers"]]
            self.response_started = True
            return
        if self._flow.write_paused and not self.disconnected:
            await self._flow.drain()
        self.response_complete = True
        if self.disconnected:
            return
        self._head.append(b"\r\n" if self.keep_alive else b"connection: close\r\n\r\n")
        if self.scope["method"] != "HEAD":
            self._head.append(message["body"])
        answer, damage = b"".join(self._head), message.get("damage", "")
        if damage:
            self._damage(answer, len(answer) - len(message["body"]) // 2, damage)
            return
        self._transport.write(answer)
        if not self.keep_alive:
            self._transport.close()
        self._on_response()


def _head_of(default_headers: list[tuple[bytes, bytes]]) -> bytes:
    """Return the head of an answer up to its length. uvicorn makes a new list of default headers every second."""
    known, head = _heads[0]
    if known is not default_headers:
        lines = b"".join(b"%s: %s\r\n" % pair for pair in default_headers)
        head = STATUS_LINE[200] + lines + b"content-type: " + CONTENT_TYPE + b"\r\n"
        _heads[0] = (default_headers, head)
    return head
