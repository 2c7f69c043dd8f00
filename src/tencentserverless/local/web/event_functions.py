"""Event functions behind a URL: a request becomes an event, and what the function returns becomes the answer."""

import asyncio

import msgspec

from tencentserverless.local.actions import invoke
from tencentserverless.local.actions.parameters import Call
from tencentserverless.local.errors import ApiError
from tencentserverless.local.http.connection import Connection
from tencentserverless.local.http.messages import Answer, Request
from tencentserverless.local.invocation import Invocation, new_request_id
from tencentserverless.local.outcome import SUCCESS
from tencentserverless.local.registry.function_version import FunctionKey, FunctionRecord
from tencentserverless.local.registry.url_triggers import CAM
from tencentserverless.local.services import Services
from tencentserverless.local.web.found import Found
from tencentserverless.local.web.function_answers import is_plain, read_answer
from tencentserverless.local.web.url_answers import api_refusal, failure, id_line, refusal
from tencentserverless.local.web.url_events import BadQuery, EventFrame, make_event, make_frame

_MAX_TOLD = 1024  # ours
_VARYING = frozenset((b"content-length",))


class EventFunctions:
    """Answers requests to the URLs of event functions, each by one invocation."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._told: set[tuple[str, ...]] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def serve(self, found: Found, request: Request, connection: Connection) -> None:
        """Answer a whole request."""
        services, trigger = self._services, found.trigger
        apigw_id = found.request_id if trigger.is_apigw else ""
        try:
            event, is_whole = make_event(
                *(request.method, found.url, request.headers, request.body),
                client_host=found.client_host,
                apigw_id=apigw_id,
            )
            record = self._find_record(found.key, found.qualifier, found.request_id)
        except BadQuery as error:
            connection.send(refusal(414, str(error), found.request_id, found.lines))
            return
        except ApiError as error:
            connection.send(api_refusal(error, found.request_id, found.lines))
            return
        self._remember(found, request, connection)
        limit_bytes = services.settings.limits.event_bytes
        if len(event) > limit_bytes:
            words = f"The event of the request has {len(event)} bytes, the limit is {limit_bytes}."
            connection.send(refusal(413, words, found.request_id, found.lines))
            return
        if not is_whole:
            self.advise(
                record,
                "got a body that is no text in UTF-8, which its event can't hold; with ApiGwCompatible true in the "
                "TriggerDesc of its URL, it would get it in base64",
            )
        if record.runs_async:
            self._accept(found, record, event, connection)
            return
        caller = UrlCall(connection, self, found.lines, is_asked=bool(apigw_id), is_bodiless=request.method == "HEAD")
        services.runner.submit(Invocation(record, found.request_id, event, caller, nested=found.nested, origin="url"))

    def _serve_known(self, known: object, values: list[bytes], body: bytes, connection: Connection) -> bool:
        """Answer a request whose head the connection remembers. False if it has to be read like any other."""
        assert isinstance(known, KnownUrl)
        services = self._services
        if known.generation != services.catalogue.generation:
            return False
        request_id = new_request_id()
        try:
            event = known.frame.fill(body, values[0] if values else b"")
            record = self._find_record(known.key, known.qualifier, request_id)
        except (UnicodeDecodeError, ApiError):
            return False
        if record.runs_async or len(event) > services.settings.limits.event_bytes:
            return False
        services.runner.submit(
            Invocation(record, request_id, event, UrlCall(connection, self, known.lines), origin="url")
        )
        return True

    def advise(self, record: FunctionRecord, words: str) -> None:
        """Tell the server's user something about a function, once."""
        key = (*record.key, record.version, words)
        if key in self._told:
            return
        if len(self._told) >= _MAX_TOLD:
            self._told.clear()
        self._told.add(key)
        self._services.console.show(f"[{record.key.name}] {words}")

    def refuse_inside(self, error: Exception, request_id: str, lines: bytes) -> Answer:
        """Make the answer after a failure of the local SCF itself. Only the terminal shows the failure."""
        self._services.console.show(f"internal error in request {request_id}: {error!r}")
        return refusal(500, "The local SCF failed inside.", request_id, lines)

    def take_damage(self, request_id: str) -> str:
        """Return the fault that befalls an answer, ``""`` for none."""
        damage = self._services.damage
        return damage.pop(request_id, "") if damage else ""

    def _find_record(self, key: FunctionKey, qualifier: str, request_id: str) -> FunctionRecord:
        """Return the version that a call runs.

        :raises ApiError: if it can't run now
        """
        table = invoke.InvokeFunctionTable(key.name, Namespace=key.namespace)
        return invoke.find_target(table, qualifier, Call(request_id, key.region, nested=False), self._services)

    def _remember(self, found: Found, request: Request, connection: Connection) -> None:
        """Have the next requests with this head answered without being read, where all that counts is in the head."""
        trigger = found.trigger
        if not found.is_lasting or trigger.is_apigw or trigger.auth_type == CAM or request.method == "HEAD":
            return
        known = KnownUrl(self._services.catalogue.generation, found.key, found.qualifier, found.lines)
        connection.remember(known, _VARYING)
        if connection.known is known:
            known.frame = make_frame(request.method, found.url, request.headers, client_host=found.client_host)
            connection.handle_known = self._serve_known

    def _accept(self, found: Found, record: FunctionRecord, event: bytes, connection: Connection) -> None:
        """Accept the call of a function with AsyncRunEnable, which is only accepted."""

        async def answer() -> None:
            call = Call(found.request_id, found.key.region, nested=False, origin="url")
            try:
                await invoke.accept(record, found.qualifier, event, call, self._services)
            except ApiError as error:
                connection.send(api_refusal(error, found.request_id, found.lines))
                return
            text = msgspec.json.encode({"requestId": found.request_id}).decode()
            connection.send(read_answer(text, found.request_id, found.lines).answer)

        task = asyncio.get_running_loop().create_task(answer())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


class KnownUrl:
    """The facts that requests share whose head a connection remembers.

    :param generation: of the catalogue, while which it holds
    :ivar frame: what stands around the bodies in their events
    """

    __slots__ = ("frame", "generation", "key", "lines", "qualifier")

    frame: EventFrame

    def __init__(self, generation: int, key: FunctionKey, qualifier: str, lines: bytes) -> None:
        self.generation: int = generation
        self.key: FunctionKey = key
        self.qualifier: str = qualifier
        self.lines: bytes = lines


class UrlCall:
    """The caller of a URL: it gets the answer that the function's return value stands for.

    :param lines: header lines that the URL itself adds
    :param is_asked: true if the URL's settings ask for an answer with a status code
    :param is_bodiless: true if the request is HEAD
    """

    __slots__ = ("_connection", "_functions", "_is_asked", "_is_bodiless", "_lines")

    gets_answer = True

    def __init__(
        self,
        connection: Connection,
        functions: EventFunctions,
        lines: bytes,
        *,
        is_asked: bool = False,
        is_bodiless: bool = False,
    ) -> None:
        self._connection = connection
        self._functions = functions
        self._lines = lines
        self._is_asked = is_asked
        self._is_bodiless = is_bodiless

    def end(self, invocation: Invocation) -> None:
        """Answer the request."""
        outcome, request_id = invocation.outcome, invocation.request_id
        damage = self._functions.take_damage(request_id)
        is_usual = outcome is not None and outcome.status == SUCCESS and not (self._is_asked or self._is_bodiless)
        if is_usual and is_plain(invocation.message):
            body = invocation.message.encode("utf-8", "backslashreplace")
            self._connection.reply(body, damage, id_line(request_id) + self._lines)
        else:
            try:
                answer = self._answer(invocation)
            except Exception as error:  # noqa: BLE001  # the end of a call must not be disturbed
                answer = self._functions.refuse_inside(error, request_id, self._lines)
            self._connection.send(answer, damage)

    def _answer(self, invocation: Invocation) -> Answer:
        outcome, error, request_id = invocation.outcome, invocation.failure, invocation.request_id
        if outcome is None:
            refused = error if isinstance(error, ApiError) else invoke.stopped()
            return api_refusal(refused, request_id, self._lines)
        if outcome.status != SUCCESS:
            return failure(outcome, request_id, self._lines)
        read = read_answer(invocation.message, request_id, self._lines, is_asked=self._is_asked)
        if read.advice:
            self._functions.advise(invocation.record, read.advice)
        return read.answer
