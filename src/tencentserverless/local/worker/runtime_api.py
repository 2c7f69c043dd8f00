"""The HTTP API by which a custom runtime's bootstrap reports that it is ready, gets events and returns results.

Source: the pages on custom runtimes under cloud.tencent.com/document/product/583. They name paths, methods and headers,
and say that the first answer counts; the statuses of errors are ours.
"""

import asyncio
from collections.abc import Callable
from typing import NamedTuple

from tencentserverless.local.http.connection import Connection
from tencentserverless.local.http.messages import TEXT_LINES, Answer, Bounds, Broken, Fault, Intake, Refused, Request
from tencentserverless.local.http.open_connections import OpenConnections
from tencentserverless.local.settings import KIB, MIB

HOST = "127.0.0.1"
MAX_BODY_BYTES = 6 * MIB  # document/product/583/42611: a result may have as many, else 407
_OWN_HOSTS = frozenset((b"127.0.0.1", b"localhost"))
_RESULTS = ("/runtime/invocation/response", "/runtime/invocation/error")
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

    #: A connection may idle as long as the instance lives: the bootstrap asks for an event when it is ready for one. An
    #: event that is handed to a connection whose client has gone would be lost, so a half-closed one counts as gone.
    bounds: Bounds = Bounds(
        head_bytes=16 * KIB, request_seconds=60.0, idle_seconds=float("inf"), serves_half_closed=False
    )

    def __init__(self) -> None:
        self.port: int = 0
        self.on_reply: Callable[[Reply], None] = _ignore
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._server: asyncio.Server | None = None
        self._connections = OpenConnections()
        self._polling: dict[Connection, None] = {}  # in the order in which they came
        self._event: Event | None = None
        self.is_taken: bool = False

    async def open(self) -> None:
        """Start to listen.

        :raises OSError: if this machine has no port or no descriptor left
        """
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: Connection(self, self._connections), HOST, 0)
        self.port = self._server.sockets[0].getsockname()[1]

    def close(self) -> None:
        """Cut every connection and stop listening."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self._connections.close()

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

    def accept(self, request: Request) -> int | Intake:
        """The bound of every body.

        :raises Refused: if the request does not come from a bootstrap: a web page in a browser must not speak for it
        """
        hosts = [value.partition(b":")[0].lower() for name, value in request.headers if name == b"host"]
        if any(name == b"origin" for name, _ in request.headers) or not _OWN_HOSTS.issuperset(hosts):
            raise Refused(_text(403, "The runtime API serves the bootstrap of its instance alone."))
        return MAX_BODY_BYTES

    def handle(self, request: Request, connection: Connection) -> None:
        """Answer a request of the bootstrap."""
        path = request.path if request.url.startswith(b"/") else request.url.decode("latin-1")
        route = _ROUTES.get(path)
        if len(self._connections) > _MAX_CONNECTIONS:
            connection.send(_text(503, "The bootstrap holds too many connections to the runtime API."))
        elif route is None:
            known = ", ".join(f"{method} {path}" for path, (method, _) in _ROUTES.items())
            connection.send(_text(404, f"The runtime API has: {known}."))
        elif request.method != route[0]:
            lines = f"Allow: {route[0]}\r\n".encode() + TEXT_LINES
            connection.send(_text(405, f"{path} is asked by {route[0]}.")._replace(lines=lines))
        else:
            route[1](self, connection, request)

    def handle_known(self, known: object, values: list[bytes], body: bytes, connection: Connection) -> bool:
        """No request is remembered here."""
        return False

    def refuse(self, broken: Broken) -> Answer:
        """The answer to what is no request. A result over its bound ends the call."""
        if broken.fault is Fault.BODY_TOO_LARGE and broken.request is not None:
            path = broken.request.path
            if path not in _RESULTS or self._event is None or not self.is_taken:
                return _text(413, "The body is too large.")
            self._event = None
            self.on_reply(Reply(b"", path == _RESULTS[0], is_cut=True))
            return _text(413, "The result is over 6 MB.")
        if broken.fault is Fault.HEAD_TOO_LARGE:
            return _text(431, "The request is too large.")
        if broken.fault is Fault.TOO_SLOW:
            return _text(408, "The request did not arrive whole in time.")
        return _text(400, "This is no request of HTTP/1.1 that the runtime API understands.")

    def lost(self, connection: Connection) -> None:
        """A connection of the bootstrap has gone."""
        self._polling.pop(connection, None)

    def _note_ready(self, connection: Connection, request: Request) -> None:
        if not self.ready.done():
            self.ready.set_result(None)
        connection.send(Answer(200, b"", TEXT_LINES))

    def _next(self, connection: Connection, request: Request) -> None:
        if self._event is None:
            self._polling[connection] = None
        else:
            self._hand_over(connection, self._event)

    def _respond(self, connection: Connection, request: Request) -> None:
        self._end(connection, Reply(request.body, True, is_cut=False))

    def _fail(self, connection: Connection, request: Request) -> None:
        self._end(connection, Reply(request.body, False, is_cut=False))

    def _end(self, connection: Connection, reply: Reply) -> None:
        """End the call by the first answer. An answer to an event that the bootstrap did not ask for is refused."""
        if self._event is None or not self.is_taken:
            words = "No event waits for an answer: it has one already, or none was taken."
            connection.send(_text(409, words))
            return
        connection.send(Answer(200, b"", TEXT_LINES))
        self._event = None
        self.on_reply(reply)

    def _hand_over(self, connection: Connection, event: Event) -> None:
        self.is_taken = True
        headers = (
            f"Content-Type: application/json\r\nRequest_Id: {event.request_id}\r\n"
            f"Memory_Limit_In_Mb: {event.memory_mb}\r\nTime_Limit_In_Ms: {event.time_ms}\r\n"
        )
        connection.send(Answer(200, event.body, headers.encode("ascii")))


_ROUTES: dict[str, tuple[str, Callable[[RuntimeApi, Connection, Request], None]]] = {
    "/runtime/init/ready": ("POST", RuntimeApi._note_ready),  # noqa: SLF001  # the class's own table
    "/runtime/invocation/next": ("GET", RuntimeApi._next),  # noqa: SLF001
    "/runtime/invocation/response": ("POST", RuntimeApi._respond),  # noqa: SLF001
    "/runtime/invocation/error": ("POST", RuntimeApi._fail),  # noqa: SLF001
}


def _text(status: int, words: str) -> Answer:
    return Answer(status, f"{words}\n".encode(), TEXT_LINES)
