"""The HTTP API by which a custom runtime's bootstrap reports that it is ready, gets events and returns results.

Source: the pages on custom runtimes under cloud.tencent.com/document/product/583. They name paths, methods and headers,
and say that the first answer counts; the statuses of errors are ours.
"""

import asyncio
from collections.abc import Callable
from typing import NamedTuple

from tencentserverless.local.http.runtime_connection import Connection, Request

HOST = "127.0.0.1"
_MAX_CONNECTIONS = 64  # ours: of one instance


class Event(NamedTuple):
    """The data of one call for the bootstrap.

    :param body: JSON text
    """

    request_id: str
    body: bytes
    memory_mb: int
    time_ms: int


class Reply(NamedTuple):
    """The bootstrap's answer to an event.

    :param has_succeeded: sent as a response, not as an error
    :param is_cut: the body was over the limit and is left out
    """

    body: bytes
    has_succeeded: bool
    is_cut: bool


def _ignore(reply: Reply) -> None:
    """Default callback, used until the worker sets ``on_reply``: ignore the reply."""


class RuntimeApi:
    """The API of one instance, on a loopback port of its own. Call ``open`` before use.

    :param ready: done when the bootstrap has reported that it is ready
    :param is_taken: true if the bootstrap has asked for the last offered event
    :param on_reply: called with the first answer to each event; a later answer is refused
    """

    def __init__(self) -> None:
        self.port: int = 0
        self.on_reply: Callable[[Reply], None] = _ignore
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._server: asyncio.Server | None = None
        self._connections: set[Connection] = set()
        self._polling: dict[Connection, None] = {}  # in order of arrival
        self._event: Event | None = None
        self.is_taken: bool = False

    async def open(self) -> None:
        """Start to listen.

        :raises OSError: if this machine has no port or no descriptor left
        """
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._connect, HOST, 0)
        self.port = self._server.sockets[0].getsockname()[1]

    def close(self) -> None:
        """Cut every connection and stop listening."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for connection in list(self._connections):
            connection.close()

    def offer(self, event: Event) -> None:
        """Offer an event; send it now if the bootstrap asks for one already."""
        self._event = event
        self.is_taken = False
        polling, self._polling = self._polling, {}
        for connection in polling:
            self._hand_over(connection, event)

    def withdraw(self) -> None:
        """Withdraw the event, after the end of its call."""
        self._event = None

    def _connect(self) -> Connection:
        connection = Connection(self._receive, self._lose)
        self._connections.add(connection)
        return connection

    def _lose(self, connection: Connection) -> None:
        self._connections.discard(connection)
        self._polling.pop(connection, None)

    def _receive(self, connection: Connection, request: Request) -> None:
        route = _ROUTES.get(request.path)
        if len(self._connections) > _MAX_CONNECTIONS:
            connection.answer(503, b"The bootstrap holds too many connections to the runtime API.\n")
        elif route is None:
            known = ", ".join(f"{method} {path}" for path, (method, _) in _ROUTES.items())
            connection.answer(404, f"The runtime API has: {known}.\n".encode())
        elif request.method != route[0]:
            words = f"{request.path} is asked by {route[0]}.\n".encode()
            connection.answer(405, words, f"Allow: {route[0]}\r\nContent-Type: text/plain\r\n".encode())
        else:
            route[1](self, connection, request)

    def _note_ready(self, connection: Connection, request: Request) -> None:
        if not self.ready.done():
            self.ready.set_result(None)
        connection.answer(200)

    def _next(self, connection: Connection, request: Request) -> None:
        if self._event is None:
            self._polling[connection] = None
        else:
            self._hand_over(connection, self._event)

    def _respond(self, connection: Connection, request: Request) -> None:
        self._end(connection, Reply(request.body, True, request.is_cut))

    def _fail(self, connection: Connection, request: Request) -> None:
        self._end(connection, Reply(request.body, False, request.is_cut))

    def _end(self, connection: Connection, reply: Reply) -> None:
        """End the call by the first answer. An answer to an event that the bootstrap did not ask for is refused."""
        if self._event is None or not self.is_taken:
            connection.answer(409, b"No event waits for an answer: it has one already, or none was taken.\n")
            return
        if reply.is_cut:
            connection.answer(413, b"The result is over 6 MB.\n")
        else:
            connection.answer(200)
        self._event = None
        self.on_reply(reply)

    def _hand_over(self, connection: Connection, event: Event) -> None:
        self.is_taken = True
        headers = (
            f"Content-Type: application/json\r\nRequest_Id: {event.request_id}\r\n"
            f"Memory_Limit_In_Mb: {event.memory_mb}\r\nTime_Limit_In_Ms: {event.time_ms}\r\n"
        )
        connection.answer(200, event.body, headers.encode("ascii"))


_ROUTES: dict[str, tuple[str, Callable[[RuntimeApi, Connection, Request], None]]] = {
    "/runtime/init/ready": ("POST", RuntimeApi._note_ready),  # noqa: SLF001  # the class's own table
    "/runtime/invocation/next": ("GET", RuntimeApi._next),  # noqa: SLF001
    "/runtime/invocation/response": ("POST", RuntimeApi._respond),  # noqa: SLF001
    "/runtime/invocation/error": ("POST", RuntimeApi._fail),  # noqa: SLF001
}
