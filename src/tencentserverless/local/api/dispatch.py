"""Answers one API request: recognises its format, checks its signature, finds its action and runs it."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from tencentserverless._core import wire
from tencentserverless.local.access_keys import KeyRing
from tencentserverless.local.actions.parameters import Action, Call, decode, table_of
from tencentserverless.local.actions.table import ACTIONS
from tencentserverless.local.api import envelope, request_forms
from tencentserverless.local.api.admin import PREFIX, Admin
from tencentserverless.local.api.authentication import Authenticator
from tencentserverless.local.api.known_clients import KnownClients, Pairs, Reply
from tencentserverless.local.api.request_forms import Request
from tencentserverless.local.errors import ApiError
from tencentserverless.local.http.exchange import CONTENT_TYPE
from tencentserverless.local.invocation import new_request_id
from tencentserverless.local.services import Services

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

#: Headers that name the caller and the action; with a second one it would be open which counts. The same holds for all
#: headers that begin with ``x-tc-``.
_SINGLE_HEADERS = frozenset(("authorization", "content-type", "host"))
_SINGLE_PREFIX = "x-tc-"


class Gone(BaseException):  # a BaseException, so that no handler takes it for a failure
    """The client closed the connection before its request was whole."""


class Application:
    """Answers API requests. Every internal failure becomes an envelope, never an HTTP status 500."""

    def __init__(self, services: Services, keys: KeyRing, admin: Admin) -> None:
        self._services = services
        self._limits = services.settings.limits
        self._authenticator = Authenticator(keys, services.clock, self._limits.skew_seconds)
        self._known_clients = KnownClients(services, keys, services.clock, self._limits.skew_seconds)
        self._admin = admin

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request, in the way of ASGI."""
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
        await _send(send, 200, answer, self._services.executor.damage.pop(request_id, ""))

    def serve_known(self, headers: Pairs, body: bytes, reply: Reply) -> bool:
        """Answer a whole request of a known client. Returns False, with nothing done, if the client is not known."""
        return self._known_clients.serve(headers, body, reply)

    def refuse(self, error: ApiError) -> bytes:
        """Return the body of a refusal of bytes that are no request yet."""
        return envelope.failure(error, new_request_id())

    async def _answer(self, scope: dict[str, Any], receive: Receive, request_id: str) -> dict[str, object]:
        limits = self._limits
        headers = _headers(scope["headers"])
        head = request_forms.detect_format(scope["method"], scope["path"], scope["query_string"], headers, limits)
        body = b"" if head.method == "GET" else await _body(headers, receive, head.body_limit_bytes(limits))
        request = request_forms.read(head, body)
        access_key = self._authenticator.check(request)
        action = find_action(request)
        call = Call(request_id, find_region(request), nested=access_key.expires_at is not None)
        parameters = decode(request.json_body(table_of(action.decoder)), action.decoder)
        answer = await action.handle(parameters, call, self._services)
        if head.method == "POST" and not head.is_v1:
            self._known_clients.learn(scope["headers"], access_key, request.common("Action"), call.region)
        return answer


async def _send(send: Send, status: int, body: bytes, damage: str = "") -> None:
    """Send an answer of one piece.

    :param damage: the fault that damages the answer
    """
    headers = [(b"Content-Type", CONTENT_TYPE), (b"Content-Length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "damage": damage})


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
    """Read the whole body. The announced size is checked before any byte is read."""
    announced = headers.get("content-length", "0")
    if len(announced) > 18 or (announced.isdecimal() and int(announced) > limit_bytes):
        raise request_forms.too_large(limit_bytes, announced[:32])
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
                raise request_forms.too_large(limit_bytes, str(size))
        body = b"".join(parts)
    if message["type"] == "http.disconnect":
        raise Gone
    if len(body) > limit_bytes:
        raise request_forms.too_large(limit_bytes, str(len(body)))
    return body


#: Every action of version 2018-04-16 (tccli's api.json).
KNOWN_ACTIONS = frozenset(
    "CopyFunction CreateAlias CreateCustomDomain CreateFunction CreateNamespace CreateTrigger DeleteAlias "
    "DeleteCustomDomain DeleteFunction DeleteFunctionVersion DeleteLayerVersion DeleteNamespace "
    "DeleteProvisionedConcurrencyConfig DeleteReservedConcurrencyConfig DeleteTrigger GetAccount GetAlias "
    "GetAsyncEventStatus GetCustomDomain GetFunction GetFunctionAddress GetFunctionEventInvokeConfig "
    "GetFunctionLogs GetLayerVersion GetProvisionedConcurrencyConfig GetRequestStatus GetReservedConcurrencyConfig "
    "Invoke InvokeFunction ListAliases ListAsyncEvents ListCustomDomains ListFunctions ListLayerVersions ListLayers "
    "ListNamespaces ListTriggers ListVersionByFunction PublishLayerVersion PublishVersion "
    "PutProvisionedConcurrencyConfig PutReservedConcurrencyConfig PutTotalConcurrencyConfig TerminateAsyncEvent "
    "UpdateAlias UpdateCustomDomain UpdateFunctionCode UpdateFunctionConfiguration UpdateFunctionEventInvokeConfig "
    "UpdateNamespace UpdateTrigger UpdateTriggerStatus".split()
)


def find_action(request: Request) -> Action:
    """Return the action that a request asks for.

    :raises ApiError: if the request names no action, or one that is not served
    """
    name = request.common("Action")
    version = request.common("Version")
    action = ACTIONS.get(name)
    if action is not None and version == wire.VERSION:
        return action
    for parameter, value in (("Action", name), ("Version", version)):
        if not value:
            raise _missing(request, parameter)
    if version != wire.VERSION:
        shown = request.shown_name("Version")
        raise ApiError("NoSuchVersion", f"{shown} {version[:64]!r} does not exist; it is {wire.VERSION}.")
    if name in KNOWN_ACTIONS:
        raise ApiError("UnsupportedOperation", f"The action {name} is not served by the local SCF.")
    raise ApiError("InvalidAction", f"The action {name[:64]!r} does not exist.")


def find_region(request: Request) -> str:
    """Return the region that a request operates on.

    :raises ApiError: if the request names no region
    """
    region = request.common("Region").strip()
    if not region:
        raise _missing(request, "Region")
    return region


def _missing(request: Request, parameter: str) -> ApiError:
    shown = request.shown_name(parameter)
    return ApiError("MissingParameter", f"The request is missing a required parameter `{shown}`.")
