"""The HTTP side: an ASGI application, and the uvicorn that carries it."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Awaitable, Callable, Generator, Mapping
from typing import Any

from uvicorn.config import Config
from uvicorn.server import Server

from tencentserverless.local.actions.action import Call, Services
from tencentserverless.local.actions.parameters import decode, table_of
from tencentserverless.local.front import envelope, forms
from tencentserverless.local.front.admin import PREFIX, Admin
from tencentserverless.local.front.auth import Authenticator
from tencentserverless.local.front.lane import Lane
from tencentserverless.local.front.protocol import make_protocol
from tencentserverless.local.front.router import find_action, find_region
from tencentserverless.local.ids import new_request_id
from tencentserverless.local.refusals import ApiError
from tencentserverless.local.settings import Limits

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

#: Headers that decide who asks for what; a second one would leave open which is meant. All of ``x-tc-`` are such.
_SINGLE_HEADERS = frozenset(("authorization", "content-type", "host"))
_SINGLE_PREFIX = "x-tc-"


class Gone(BaseException):  # nobody may take it for a failure
    """The client closed the connection before its request was whole."""


class Application:
    """Answers API requests. Whatever goes wrong inside ends in the envelope, never in a 500."""

    def __init__(self, services: Services, authenticator: Authenticator, lane: Lane, admin: Admin) -> None:
        self._services = services
        self._limits = services.settings.limits
        self._authenticator = authenticator
        self.lane: Lane = lane
        self._admin = admin

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """One request, as ASGI has it."""
        if scope["type"] != "http":
            return
        if scope["path"].startswith(PREFIX):
            status, answer = await self._admin.answer(scope, receive)
            await _send(send, status, answer)
            return
        request_id = new_request_id()
        try:
            handling = self._answer(scope, receive, request_id)
            answer = await envelope.answered(handling, request_id, self._services.console.show)
        except Gone:
            return
        await _send(send, 200, answer, self._services.spoiled.pop(request_id, ""))

    async def _answer(self, scope: dict[str, Any], receive: Receive, request_id: str) -> dict[str, object]:
        limits = self._limits
        headers = _headers(scope["headers"])
        head = forms.recognise(scope["method"], scope["path"], scope["query_string"], headers, limits)
        body = b"" if head.method == "GET" else await _body(headers, receive, head.body_limit_bytes(limits))
        request = forms.read(head, body)
        grant = self._authenticator.check(request)
        action = find_action(request)
        call = Call(request_id, find_region(request), nested=grant.expires_at is not None)
        parameters = decode(request.json_body(table_of(action.decoder)), action.decoder)
        answer = await action.handle(parameters, call, self._services)
        if head.method == "POST" and not head.is_v1:
            self.lane.learn(scope["headers"], grant, request.common("Action"), call.region)
        return answer


async def _send(send: Send, status: int, body: bytes, spoiled: str = "") -> None:
    """Send an answer of one piece.

    :param spoiled: the fault that befalls it
    """
    headers = [(b"Content-Type", envelope.CONTENT_TYPE), (b"Content-Length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "spoiled": spoiled})


def _headers(pairs: list[tuple[bytes, bytes]]) -> dict[str, str]:
    headers = {raw_name.decode("latin-1"): raw_value.decode("latin-1").strip() for raw_name, raw_value in pairs}
    if len(headers) != len(pairs):
        _check_single([raw_name.decode("latin-1") for raw_name, _ in pairs])
    return headers


def _check_single(names: list[str]) -> None:
    for name in names:
        if names.count(name) > 1 and (name in _SINGLE_HEADERS or name.startswith(_SINGLE_PREFIX)):
            raise ApiError("InvalidParameter", f"The header {name} is sent twice.")


async def _body(headers: Mapping[str, str], receive: Receive, limit_bytes: int) -> bytes:
    """The whole body, whose announced size is judged before any of it is read."""
    announced = headers.get("content-length", "0")
    if len(announced) > 18 or (announced.isdecimal() and int(announced) > limit_bytes):
        raise forms.too_large(limit_bytes, announced[:32])
    message = await receive()
    body: bytes = message.get("body", b"")
    if message.get("more_body"):
        parts = [body]
        size = len(body)
        while message.get("more_body"):
            message = await receive()
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            if size > limit_bytes:
                raise forms.too_large(limit_bytes, str(size))
        body = b"".join(parts)
    if message["type"] == "http.disconnect":
        raise Gone
    if len(body) > limit_bytes:
        raise forms.too_large(limit_bytes, str(len(body)))
    return body


class HttpServer(Server):
    """uvicorn, on sockets that are bound already and with signals left to the one who runs it.

    :param on_started: called once it answers
    :param secure: a further socket, on which the same is answered over TLS
    """

    def __init__(
        self,
        application: Application,
        limits: Limits,
        on_started: Callable[[], None],
        secure: tuple[socket.socket, ssl.SSLContext] | None = None,
    ) -> None:
        super().__init__(
            Config(
                application,
                http=make_protocol(limits),
                log_config=None,
                access_log=False,
                lifespan="off",
                ws="none",
                interface="asgi3",
                proxy_headers=False,
                server_header=False,
                timeout_keep_alive=limits.keep_alive_seconds,
                timeout_graceful_shutdown=limits.stop_seconds,
            )
        )
        self._on_started = on_started
        self._secure = secure

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Nothing is captured: uvicorn would raise the signal again after it has stopped."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve, with the Date header in place from the first answer on."""
        await self.on_tick(0)
        await super().startup(sockets)
        if self._secure:
            listener, context = self._secure
            loop = asyncio.get_running_loop()
            self.servers.append(await loop.create_server(self._make_connection, sock=listener, ssl=context))
        self._on_started()

    def _make_connection(self) -> asyncio.Protocol:
        kind: Any = self.config.http_protocol_class
        connection: asyncio.Protocol = kind(
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )
        return connection
