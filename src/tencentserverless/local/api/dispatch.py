"""Answers one API request: recognises its format, checks its signature, finds its action and runs it."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from tencentserverless._core import wire
from tencentserverless.local.access_keys import KeyRing
from tencentserverless.local.actions.parameters import Action, Call, decode, table_of
from tencentserverless.local.actions.table import ACTIONS
from tencentserverless.local.api import envelope, request_forms
from tencentserverless.local.api.admin import PREFIX, Admin
from tencentserverless.local.api.authentication import Authenticator
from tencentserverless.local.api.fast_path import FastPath
from tencentserverless.local.errors import ApiError
from tencentserverless.local.http.connection import Connection
from tencentserverless.local.http.messages import Answer, Bounds, Broken, Fault, Intake, Refused, Request
from tencentserverless.local.invocation import new_request_id
from tencentserverless.local.services import Services

if TYPE_CHECKING:
    from tencentserverless.local.dashboard.site import Dashboard

#: Headers that decide who asks for what; a second one would leave open which is meant. All of ``x-tc-`` are such.
_SINGLE_HEADERS = frozenset(("authorization", "content-type", "host"))
_SINGLE_PREFIX = "x-tc-"
_ADMIN_PREFIX = PREFIX.encode("ascii")
_PAGES = (PREFIX, f"{PREFIX}open")  # of the dashboard
_PAGES_BELOW = (f"{PREFIX}api/".encode("ascii"), f"{PREFIX}static/".encode("ascii"))


class Api:
    """The site of the API. Whatever goes wrong inside ends in the envelope, never in a 500."""

    def __init__(
        self, services: Services, keys: KeyRing, admin: Admin, open_dashboard: "Callable[[], Dashboard]"
    ) -> None:
        self._services = services
        self._limits = limits = services.settings.limits
        self._authenticator = Authenticator(keys, services.clock, limits.skew_seconds)
        self._fast_path = FastPath(services, services.clock, limits.skew_seconds)
        self._admin = admin
        self._open_dashboard = open_dashboard
        self._dashboard: Dashboard | None = None
        self.handle_known: Callable[[object, list[bytes], bytes, Connection], bool] = self._fast_path.serve_known
        self._tasks: set[asyncio.Task[None]] = set()
        self.bounds: Bounds = Bounds(limits.head_bytes, limits.request_seconds, limits.keep_alive_seconds)

    def accept(self, request: Request) -> int | Intake:
        """The bytes that the body of a request may have.

        :raises Refused: if the head has no format of the API
        """
        if request.url.startswith(_ADMIN_PREFIX):
            dashboard = self._dashboard_of(request)
            return dashboard.accept(request) if dashboard else self._admin.body_limit_bytes(request)
        try:
            head = self._head(request)
        except ApiError as error:
            raise Refused(self._refusal(error)) from None
        return self._limits.body_bytes if head.method == "GET" else head.body_limit_bytes(self._limits)

    def handle(self, request: Request, connection: Connection) -> None:
        """Answer a request: at once if its client is known, else by a task."""
        if self._fast_path.serve(request, connection):
            return
        is_admin = request.url.startswith(_ADMIN_PREFIX)
        if is_admin and (dashboard := self._dashboard_of(request)) is not None:
            dashboard.handle(request, connection)
            return
        answering = self._answer_admin(request, connection) if is_admin else self._answer(request, connection)
        task = asyncio.get_running_loop().create_task(answering)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def refuse(self, broken: Broken) -> Answer:
        """The answer to what is no request."""
        request = broken.request
        if request is not None and request.url.startswith(_ADMIN_PREFIX):
            dashboard = self._dashboard_of(request)
            return dashboard.refuse(broken) if dashboard else self._admin.refuse(broken)
        return self._refusal(_FAULTS[broken.fault](broken))

    def lost(self, connection: Connection) -> None:
        """A connection has gone; calls that it has made go on."""

    def _dashboard_of(self, request: Request) -> "Dashboard | None":
        """The dashboard, if the request is for it. It is opened with the first such request."""
        if request.path not in _PAGES and not request.url.startswith(_PAGES_BELOW):
            return None
        if self._dashboard is None:
            self._dashboard = self._open_dashboard()
        return self._dashboard

    def _refusal(self, error: ApiError) -> Answer:
        return Answer(200, envelope.failure(error, new_request_id()))

    def _head(self, request: Request) -> request_forms.Head:
        headers = _headers(request.headers)
        path = request.path if request.url.startswith(b"/") else request.url.decode("latin-1")
        return request_forms.detect_format(request.method, path, request.query, headers, self._limits)

    async def _answer_admin(self, request: Request, connection: Connection) -> None:
        request_id = new_request_id()
        answer = await self._admin.answer(request, request_id)
        connection.send(answer, self._services.damage.pop(request_id, ""))

    async def _answer(self, request: Request, connection: Connection) -> None:
        request_id = new_request_id()
        handling = self._handle(request, request_id)
        answer = await envelope.answered(handling, request_id, self._services.console.show)
        connection.reply(answer, self._services.damage.pop(request_id, ""))

    async def _handle(self, request: Request, request_id: str) -> dict[str, object]:
        head = self._head(request)
        form = request_forms.read(head, b"" if head.method == "GET" else request.body)
        key = self._authenticator.check(form)
        action = find_action(form)
        call = Call(request_id, find_region(form), nested=key.expires_at is not None)
        parameters = decode(form.json_body(table_of(action.decoder)), action.decoder)
        answer = await action.handle(parameters, call, self._services)
        if head.method == "POST" and not head.is_v1:
            self._fast_path.learn(request.headers, key, form.common("Action"), call.region)
        return answer


def _too_large(broken: Broken) -> ApiError:
    return request_forms.too_large(broken.limit_bytes, broken.size)


_FAULTS: dict[Fault, Callable[[Broken], ApiError]] = {
    Fault.NO_HTTP: lambda _: ApiError(
        "UnsupportedProtocol", "Invalid HTTP request received. The API is called by GET and POST of HTTP/1.1."
    ),
    Fault.BAD_URL: lambda broken: ApiError(
        "UnsupportedProtocol", f"Invalid HTTP request received: {broken.fault.value}."
    ),
    Fault.TRAILERS: lambda _: ApiError("UnsupportedProtocol", "The request has trailers, which the API does not take."),
    Fault.HEAD_TOO_LARGE: lambda _: ApiError("RequestSizeLimitExceeded", "The headers of the request are too large."),
    Fault.BODY_TOO_LARGE: _too_large,
    Fault.TOO_SLOW: lambda _: ApiError("InvalidParameter", "The request did not arrive whole in time."),
    Fault.CUT_SHORT: lambda _: ApiError("InvalidParameter", "The request ended before it was whole."),
}


def _headers(pairs: list[tuple[bytes, bytes]]) -> dict[str, str]:
    headers = {raw_name.decode("latin-1"): raw_value.decode("latin-1").strip() for raw_name, raw_value in pairs}
    if len(headers) != len(pairs):
        _check_single([raw_name.decode("latin-1") for raw_name, _ in pairs])
    return headers


def _check_single(names: list[str]) -> None:
    for name in names:
        if names.count(name) > 1 and (name in _SINGLE_HEADERS or name.startswith(_SINGLE_PREFIX)):
            raise ApiError("InvalidParameter", f"The header {name} is sent twice.")


def find_action(request: request_forms.Request) -> Action:
    """The action that a request asks for.

    :raises ApiError: if the request names no action of the API
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
    raise ApiError("InvalidAction", f"The action {name[:64]!r} does not exist.")


def find_region(request: request_forms.Request) -> str:
    """The region that a request operates on.

    :raises ApiError: if the request names no region
    """
    region = request.common("Region").strip()
    if not region:
        raise _missing(request, "Region")
    return region


def _missing(request: request_forms.Request, parameter: str) -> ApiError:
    shown = request.shown_name(parameter)
    return ApiError("MissingParameter", f"The request is missing a required parameter `{shown}`.")
