"""The HTTP side: an ASGI application, and the uvicorn that carries it."""

import contextlib
import socket
import uuid
from collections.abc import Awaitable, Callable, Generator
from typing import Any

from uvicorn.config import Config
from uvicorn.server import Server

from tencentserverless._core import wire
from tencentserverless.local.actions.action import Call, Services
from tencentserverless.local.actions.parameters import decode
from tencentserverless.local.front import envelope
from tencentserverless.local.front.auth import Authenticator
from tencentserverless.local.front.router import find_action, find_region
from tencentserverless.local.refusals import ApiError
from tencentserverless.local.settings import Limits

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

#: Headers that decide who asks for what; a second one would leave open which is meant.
_SINGLE_HEADERS = frozenset(("authorization", "content-type", "host", "x-tc-content-sha256", "x-tc-token")) | frozenset(
    ("x-tc-action", "x-tc-version", "x-tc-region", "x-tc-timestamp")
)


class Gone(Exception):
    """The client closed the connection before its request was whole."""


class Application:
    """Answers API requests. Whatever goes wrong inside ends in the envelope, never in a 500."""

    def __init__(self, services: Services, authenticator: Authenticator) -> None:
        self._services = services
        self._authenticator = authenticator

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """One request, as ASGI has it."""
        if scope["type"] != "http":
            return
        request_id = str(uuid.uuid4())
        try:
            answer = envelope.success(await self._answer(scope, receive, request_id), request_id)
        except ApiError as error:
            answer = envelope.failure(error, request_id)
        except Gone:
            return
        except Exception as error:  # noqa: BLE001  # the last line: no traceback may reach the wire
            self._services.console.show(f"internal error in request {request_id}: {error!r}")
            answer = envelope.failure(ApiError("InternalError", "The local SCF failed inside."), request_id)
        headers = [(b"Content-Type", envelope.CONTENT_TYPE), (b"Content-Length", b"%d" % len(answer))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    async def _answer(self, scope: dict[str, Any], receive: Receive, request_id: str) -> dict[str, object]:
        headers = _headers(scope["headers"])
        _check_form(scope, headers)
        body = await _body(headers, receive, self._services.settings.limits.body_bytes)
        grant = self._authenticator.check(headers, body)
        action = find_action(headers)
        call = Call(request_id, find_region(headers), nested=grant.expires_at is not None)
        return await action.handle(decode(body, action.decoder), call, self._services)


def _headers(pairs: list[tuple[bytes, bytes]]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for raw_name, raw_value in pairs:
        name = raw_name.decode("latin-1")
        if name in headers and name in _SINGLE_HEADERS:
            raise ApiError("InvalidParameter", f"The header {name} is sent twice.")
        headers[name] = raw_value.decode("latin-1").strip()
    return headers


def _check_form(scope: dict[str, Any], headers: dict[str, str]) -> None:
    """Refuse what is no POST of JSON to the one path of the API."""
    if scope["method"] != "POST":
        raise ApiError("UnsupportedProtocol", f"The local SCF is called by POST, not by {scope['method'][:16]}.")
    if scope["path"] != "/" or scope["query_string"]:
        raise ApiError("InvalidParameter", "The API has the path / alone, without a query.")
    content_type = headers.get("content-type", "")
    if content_type.partition(";")[0].strip().lower() != wire.CONTENT_TYPE:
        raise ApiError(
            "UnsupportedProtocol", f"The content type must be {wire.CONTENT_TYPE}, not {content_type[:64]!r}."
        )


async def _body(headers: dict[str, str], receive: Receive, limit_bytes: int) -> bytes:
    """The whole body, whose announced size is judged before any of it is read."""
    announced = headers.get("content-length", "0")
    if announced.isdecimal() and int(announced) > limit_bytes:
        raise _too_large(limit_bytes, announced)
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
                raise _too_large(limit_bytes, str(size))
        body = b"".join(parts)
    if message["type"] == "http.disconnect":
        raise Gone
    return body


def _too_large(limit_bytes: int, size: str) -> ApiError:
    return ApiError(
        "RequestSizeLimitExceeded", f"Your current request size exceed  max {limit_bytes}B, but your {size}B."
    )


class HttpServer(Server):
    """uvicorn, on a socket that is bound already and with signals left to the one who runs it.

    :param on_started: called once it answers
    """

    def __init__(self, application: Application, limits: Limits, on_started: Callable[[], None]) -> None:
        super().__init__(
            Config(
                application,
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

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Nothing is captured: uvicorn would raise the signal again after it has stopped."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve, with the Date header in place from the first answer on."""
        await self.on_tick(0)
        await super().startup(sockets)
        self._on_started()
