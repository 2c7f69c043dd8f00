"""Web functions behind a URL: each request is an invocation, and its answer is the app's own.

Sources: cloud.tencent.com/document/product/583/56124 (web functions, their limits), 90617 (SSE), and the guide on
WebSocket (one connection is one invocation).
"""

import functools

from tencentserverless.local import outcome
from tencentserverless.local.errors import ApiError
from tencentserverless.local.http.connection import Connection
from tencentserverless.local.http.messages import Intake, Refused, Request
from tencentserverless.local.http.upstreams import Upstreams
from tencentserverless.local.invocation import Invocation, new_request_id
from tencentserverless.local.outcome import Outcome
from tencentserverless.local.registry.function_version import FunctionKey, FunctionRecord
from tencentserverless.local.registry.url_triggers import CAM
from tencentserverless.local.registry.web_settings import WebSettings, read_web_settings
from tencentserverless.local.services import Services
from tencentserverless.local.web.found import Found, Passed, pass_on
from tencentserverless.local.web.relay import GONE, Relay
from tencentserverless.local.web.relay_rules import RelayRules, too_large
from tencentserverless.local.web.session_names import session_of_answer, session_of_request
from tencentserverless.local.web.url_answers import api_refusal, refusal

_MAX_KNOWN = 1024  # ours
_LENGTH_DIGITS = 18
_Known = tuple[FunctionRecord, WebSettings, RelayRules]


class WebFunctions:
    """Takes and answers requests to the URLs of web functions."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._limits = services.settings.limits
        self._upstreams = Upstreams(self._limits.head_bytes)
        self._known: dict[tuple[FunctionKey, str], _Known] = {}

    def accept(self, found: Found, request: Request) -> Intake:
        """Judge a head.

        :raises Refused: if the body is too large, or comes in a form that can't be passed on
        """
        length = request.header(b"content-length").strip(_BLANKS)
        coding = request.header(b"transfer-encoding").strip(_BLANKS)
        limit_bytes = self._limits.web_body_bytes
        if length.isdigit() and (len(length) > _LENGTH_DIGITS or int(length) > limit_bytes):
            raise Refused(refusal(413, too_large(limit_bytes), found.request_id, found.lines))
        if coding and coding.lower() != b"chunked":
            shown = coding[:64].decode("latin-1")
            words = f"The Transfer-Encoding {shown!r} is not passed on: send the body in chunks, or with its length."
            raise Refused(refusal(501, words, found.request_id, found.lines))
        if request.is_upgrade and self._takes_upgrade(found, request):
            request.keeps = False  # behind the offer another protocol may stand: the connection is for no other request
            return Intake.UPGRADE
        return Intake.STREAM

    def serve(self, found: Found, request: Request, connection: Connection) -> None:
        """Answer a request: its head is here, and its body too unless it has a stream."""
        services = self._services
        try:
            record = self._find_record(found)
        except ApiError as error:
            connection.send(api_refusal(error, found.request_id, found.lines))
            return
        passed = pass_on(found, request)
        is_alike = request.method != "HEAD" and not request.is_upgrade
        if is_alike and found.is_lasting and found.trigger.auth_type != CAM:  # a signature holds for a while alone
            known = KnownWeb(services.catalogue.generation, found, passed, self._find_sole_record(found))
            connection.remember(known, _NOTHING)
            if connection.known is known:
                connection.handle_known = self.serve_known
        self._run(record, found, passed, found.request_id, request.body, connection)

    def serve_known(self, known: object, values: list[bytes], body: bytes, connection: Connection) -> bool:
        """Answer a request whose head the connection remembers. False if it has to be read like any other."""
        assert isinstance(known, KnownWeb)
        services = self._services
        is_over = known.generation != services.catalogue.generation or services.pace.is_busy
        if is_over or len(body) > self._limits.web_body_bytes:
            return False
        record, passed = known.record or self._find_record(known.found), known.pass_on(len(body))
        self._run(record, known.found, passed, new_request_id(), body, connection)
        return True

    def _run(
        self, record: FunctionRecord, found: Found, passed: Passed, request_id: str, body: bytes, connection: Connection
    ) -> None:
        """Run a request. The version, what was found and what is passed on may be those of many."""
        _, settings, rules = self._know(record)
        relay = Relay(passed, request_id, body, connection, rules)
        if settings.session is not None:
            relay.session = session_of_request(settings.session, passed.request.headers, found.url)
        invocation = Invocation(record, request_id, passed.event, relay, exchange=relay, origin="url")
        relay.on_gone = functools.partial(invocation.finish, _GONE)
        self._services.runner.submit(invocation)

    def lost(self, connection: Connection) -> None:
        """A connection has gone: it has told its relay itself."""

    def close(self) -> None:
        """Close the connections to apps that idle."""
        self._upstreams.close()

    def _takes_upgrade(self, found: Found, request: Request) -> bool:
        """True if the offer of another protocol goes to the app. Others, such as h2c, are ignored, as HTTP allows."""
        if request.method != "GET" or request.header(b"upgrade").lower() != b"websocket":
            return False
        return _is_bodiless(request) and self._know(found.record)[1].is_websocket

    def _find_record(self, found: Found) -> FunctionRecord:
        """Return the version that runs the request.

        :raises ApiError: if it can't run now
        """
        services, record = self._services, found.record
        function = services.catalogue.find(found.key)
        if function is not None and function.is_routed(found.qualifier):
            record = function.resolve(found.qualifier, services.rng) or record
        if services.pace.is_busy:
            services.pace.check_call(record)
            record = services.pace.running(record)
        return record

    def _find_sole_record(self, found: Found) -> FunctionRecord | None:
        """Return the version that runs all requests to a URL until a function changes, None if each call chooses."""
        function = self._services.catalogue.find(found.key)
        return found.record if function is None or not function.is_routed(found.qualifier) else None

    def _know(self, record: FunctionRecord) -> _Known:
        place = (record.key, record.version)
        known = self._known.get(place)
        if known is None or known[0] is not record:
            if len(self._known) >= _MAX_KNOWN:
                self._known.clear()
            settings = read_web_settings(record)
            known = self._known[place] = (record, settings, self._rules(record, settings))
        return known

    def _rules(self, record: FunctionRecord, settings: WebSettings) -> RelayRules:
        session = settings.session
        return RelayRules(
            upstreams=self._upstreams,
            damage=self._services.damage,
            memory_mb=-(-record.memory_mb // settings.requests_per_instance),
            body_bytes=self._limits.web_body_bytes,
            answer_head_bytes=self._limits.web_answer_head_bytes,
            answer_bytes=self._limits.web_body_bytes,
            idle_seconds=settings.websocket_idle_seconds,
            find_session=functools.partial(session_of_answer, session) if session is not None else None,
        )


class KnownWeb:
    """The request that a connection remembers: those with the same head, but for the length, are like it.

    :param generation: of the catalogue, while which it holds
    :param record: the version that runs all of them; None if each call chooses
    """

    __slots__ = ("_length", "_parts", "_passed", "found", "generation", "record")

    def __init__(self, generation: int, found: Found, passed: Passed, record: FunctionRecord | None) -> None:
        self.generation: int = generation
        self.found: Found = found
        self.record: FunctionRecord | None = record
        request = passed.request
        length = request.header(_LENGTH)
        self._length = int(length or b"0")
        self._passed = passed._replace(request=Request(request.method, request.url, request.headers))  # no stream
        #: What stands before the value of the length and behind it; empty for a request without a length.
        self._parts: list[bytes] = passed.start.split(_LENGTH_LINE % length, 1) if length else []

    def pass_on(self, length: int) -> Passed:
        """Pass a request on whose body has so many bytes."""
        if length != self._length and self._parts:
            request, line = self._passed.request, _LENGTH_LINE % (b"%d" % length)
            headers = [(name, b"%d" % length if name == _LENGTH else value) for name, value in request.headers]
            self._passed = self._passed._replace(
                request=Request(request.method, request.url, headers), start=line.join(self._parts)
            )
            self._length = length
        return self._passed


def _is_bodiless(request: Request) -> bool:
    return not (request.header(b"content-length").strip(b"0") or request.header(b"transfer-encoding"))


_LENGTH = b"content-length"
_LENGTH_LINE = b"\r\ncontent-length: %s\r\n"
_BLANKS = b" \t"  # RFC 9110, 5.5: those around a value are no part of it, and the parser leaves those behind it
_NOTHING: frozenset[bytes] = frozenset()
_GONE = Outcome(outcome.CANCELLED, message=GONE)
