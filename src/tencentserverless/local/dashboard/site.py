"""The requests for the dashboard: the link that signs in, the files of the pages, the JSON API and the stream."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import NamedTuple

import msgspec

from tencentserverless import __version__
from tencentserverless.local.dashboard import (
    calls,
    chaos_page,
    event_page,
    files,
    function_page,
    invocations,
    notes,
    overview,
    samples,
)
from tencentserverless.local.dashboard.changes import Changes
from tencentserverless.local.dashboard.files import header_lines
from tencentserverless.local.dashboard.queries import Query, read_cursor
from tencentserverless.local.dashboard.sign_in import SignIn
from tencentserverless.local.dashboard.sources import Handled, JsonObject, Refusal, Sources
from tencentserverless.local.dashboard.texts import API
from tencentserverless.local.http.connection import Connection
from tencentserverless.local.http.messages import Answer, Broken, Fault, Refused, Request
from tencentserverless.local.registry.database import DatabaseError

_HOME, _STATIC = notes.HOME, f"{notes.HOME}static/"
_OPEN = f"{notes.HOME}open"
_CHANGES = f"{API}changes"
_MAX_BODY_BYTES = 16 * 1024 * 1024  # an event of 6 MB in a JSON text
_JSON = "application/json"
_encoder = msgspec.json.Encoder()


class _Visitor(NamedTuple):
    """The browser that asks, as it was found when the head was judged."""

    session: str


class _Asked(NamedTuple):
    """A request for the JSON API, as handlers get it."""

    query: Query
    body: bytes
    request: Request
    session: str


Handler = Callable[[_Asked], Awaitable[Handled]]


class Dashboard:
    """Answers the requests for the dashboard. None is answered before its head was judged by ``accept``."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._sign_in = SignIn(sources.facts, sources.settings)
        self._files = files.Files()
        self._changes = Changes(sources)
        self._overview = overview.Overview(sources)
        self._tasks: set[asyncio.Task[None]] = set()
        self._handlers = self._make_handlers()

    def accept(self, request: Request) -> int:
        """Judge a head: the bytes that the body may have.

        :raises Refused: if the request may not come in
        """
        path = request.path
        try:
            self._sign_in.check_place(request)
            if path == _OPEN:
                return 0
            session = self._sign_in.check_session(request, self._sources.clock())
            self._sign_in.check_page(request, session)
        except Refusal as refusal:
            raise Refused(self._refused(path, request, refusal)) from None
        request.found = _Visitor(session)
        return _MAX_BODY_BYTES if request.method not in ("GET", "HEAD") else 0

    def handle(self, request: Request, connection: Connection) -> None:
        """Answer a request."""
        path = request.path
        if path == _CHANGES and request.method == "GET":
            refusal = self._changes.open(connection, request.header(b"last-event-id").decode("latin-1"))
            if refusal is not None:
                connection.send(_refusal(refusal))
            return
        if path.startswith(API):
            task = asyncio.get_running_loop().create_task(self._answer(path, request, connection))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            return
        try:
            answer = self._page(path, request)
        except Refusal as refusal:
            answer = _refusal(refusal)
        except Exception as error:  # noqa: BLE001  # a file that can't be read, such as in the middle of an update
            answer = self._refuse_inside(request, error)
        connection.send(answer)

    def refuse(self, broken: Broken) -> Answer:
        """The answer to a broken request."""
        if broken.fault is Fault.BODY_TOO_LARGE:
            return _refusal(Refusal(413, "too_large", f"the body is over {broken.limit_bytes} bytes"))
        return _refusal(Refusal(400, "parameter", broken.fault.value))

    def _refused(self, path: str, request: Request, refusal: Refusal) -> Answer:
        """The answer to a request that may not come in: a page for people, else JSON."""
        if path not in (_HOME, _OPEN):
            return _refusal(refusal)
        comes_from_elsewhere = request.header(b"sec-fetch-site") in (b"cross-site", b"same-site")
        if path == _HOME and comes_from_elsewhere and refusal.code in ("not_signed_in", "origin"):
            return notes.bounce_page()
        return notes.refusal_page(refusal.code, str(refusal))

    def _page(self, path: str, request: Request) -> Answer:
        """The answer to a request for a page or one of its files.

        :raises Refusal: if there is none
        """
        if request.method not in ("GET", "HEAD"):
            raise Refusal(405, "action", f"{path[:64]} takes GET alone")
        if path == _OPEN:
            return self._enter(request)
        if path == _HOME:
            return self._files.answer(files.INDEX, request)
        if path.startswith(_STATIC):
            return self._files.answer(path.removeprefix(_STATIC), request)
        raise Refusal(404, "not_found", f"the dashboard has no page {path[:64]!r}")

    def _enter(self, request: Request) -> Answer:
        """Sign a browser in. A HEAD, by which programs look at links before people do, does not use the link up."""
        key = Query(request.query).text("key")
        if request.method == "GET" and self._sources.engine.take_link(key):
            return notes.entry(self._sign_in.new_cookie(self._sources.clock()))
        words = "This link was used before, or is older than two minutes, or is not of this server."
        return notes.refusal_page("link", words)

    async def _answer(self, path: str, request: Request, connection: Connection) -> None:
        visitor = request.found
        assert isinstance(visitor, _Visitor), "another one was refused"
        try:
            handle = self._find_handler(request.method, path)
            found = await handle(_Asked(Query(request.query), request.body, request, visitor.session))
            answer = found if isinstance(found, Answer) else Answer(200, _encoded(found), header_lines(_JSON))
        except Refusal as refusal:
            answer = _refusal(refusal)
        except DatabaseError as error:
            answer = _refusal(Refusal(503, "database", f"the database can't be read: {error}"))
        except Exception as error:  # noqa: BLE001  # the last handler: a page waits for an answer
            answer = self._refuse_inside(request, error)
        connection.send(answer)

    def _refuse_inside(self, request: Request, error: Exception) -> Answer:
        """Make the answer after a failure of the dashboard itself. Only the terminal shows the failure."""
        self._sources.engine.tell(f"internal error in {request.method} {request.path[:64]}: {error!r}")
        return _refusal(Refusal(500, "internal", "The server failed inside; its terminal shows how."))

    def _find_handler(self, method: str, path: str) -> Handler:
        handler = self._handlers.get((method, path.removeprefix(API)))
        if handler is None:
            raise Refusal(404, "not_found", f"there is no {method} {path[:64]}")
        return handler

    def _make_handlers(self) -> dict[tuple[str, str], Handler]:
        sources = self._sources
        return {
            ("GET", "session"): self._show_session,
            ("GET", "overview"): lambda _: self._overview.show(),
            ("GET", "function"): lambda asked: function_page.show_function(asked.query, sources),
            ("GET", "invocations"): lambda asked: invocations.list_invocations(asked.query, sources),
            ("GET", "invocation"): lambda asked: invocations.show_invocation(asked.query, sources),
            ("GET", "download"): lambda asked: invocations.download(asked.query, sources),
            ("GET", "events"): lambda asked: event_page.show_events(asked.query, sources),
            ("GET", "timers"): lambda _: event_page.show_timers(sources),
            ("GET", "faults"): lambda _: _at_once(chaos_page.show_faults(sources)),
            ("PUT", "faults"): lambda asked: _at_once(chaos_page.set_faults(asked.body, sources)),
            ("GET", "ledger"): lambda asked: _at_once(chaos_page.show_ledger(asked.query, sources)),
            ("PUT", "ledger"): lambda asked: _at_once(chaos_page.switch_ledger(asked.body, sources)),
            ("DELETE", "ledger"): lambda _: _at_once(chaos_page.reset_ledger(sources)),
            ("GET", "samples"): lambda _: _at_once(samples.list_samples()),
            ("GET", "logs"): self._show_logs,
            ("POST", "call"): lambda asked: calls.call(asked.body, sources),
            ("POST", "dead-letters/send"): lambda asked: event_page.send_again(asked.body, sources),
            ("POST", "timers/fire"): lambda asked: event_page.fire(asked.body, sources),
            ("POST", "sign-out"): self._sign_out,
        }

    async def _show_session(self, asked: _Asked) -> JsonObject:
        facts, settings = self._sources.facts, self._sources.settings
        wanted = asked.request.header(b"accept-language").decode("latin-1").strip().lower()
        return {
            "csrf_token": self._sign_in.csrf_token(asked.session),
            "server_id": facts.server_id,
            "version": __version__,
            "language": "zh" if wanted.startswith("zh") else "en",
            "started_at": facts.started_at,
            "region": settings.region,
            "project": str(settings.project.resolve()),
            "endpoint_url": facts.endpoint_url,
            "is_ephemeral": settings.state is None,
        }

    async def _show_logs(self, asked: _Asked) -> JsonObject:
        lines, count = self._sources.engine.console_lines(read_cursor(asked.query, "after") or 0)
        return {"items": lines, "next": str(count)}

    async def _sign_out(self, asked: _Asked) -> Answer:
        return Answer(200, b"{}", header_lines(_JSON, Set_Cookie=self._sign_in.no_cookie()))


def _encoded(found: JsonObject) -> bytes:
    try:
        return _encoder.encode(found)
    except UnicodeEncodeError:  # the path of a file whose name is not UTF-8: JSON can escape what UTF-8 can't hold
        return json.dumps(msgspec.to_builtins(found)).encode("ascii")


def _refusal(refusal: Refusal) -> Answer:
    body = json.dumps({"error": str(refusal), "code": refusal.code}, ensure_ascii=False)
    return Answer(refusal.status, body.encode("utf-8"), header_lines(_JSON))


async def _at_once(found: JsonObject) -> JsonObject:
    return found
