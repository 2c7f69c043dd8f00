"""Event functions behind a URL: a request becomes an event, and what the function returns becomes the answer."""

import asyncio

from tencentserverless.local.actions import invoke
from tencentserverless.local.actions.parameters import Call
from tencentserverless.local.errors import ApiError
from tencentserverless.local.http.connection import Connection
from tencentserverless.local.http.messages import Request
from tencentserverless.local.invocation import Invocation
from tencentserverless.local.outcome import SUCCESS
from tencentserverless.local.registry.function_version import FunctionRecord
from tencentserverless.local.services import Services
from tencentserverless.local.web.found import Found
from tencentserverless.local.web.function_answers import read_answer
from tencentserverless.local.web.url_answers import api_refusal, failure, refusal
from tencentserverless.local.web.url_events import BadQuery, make_event

_MAX_TOLD = 1024  # ours


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
            record = self._find_record(found)
        except BadQuery as error:
            connection.send(refusal(414, str(error), found.request_id, found.lines))
            return
        except ApiError as error:
            connection.send(api_refusal(error, found.request_id, found.lines))
            return
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
        caller = UrlCall(found, connection, self)
        services.runner.submit(Invocation(record, found.request_id, event, caller, origin="url"))

    def advise(self, record: FunctionRecord, words: str) -> None:
        """Tell the server's user something about a function, once."""
        key = (*record.key, record.version, words)
        if key in self._told:
            return
        if len(self._told) >= _MAX_TOLD:
            self._told.clear()
        self._told.add(key)
        self._services.console.show(f"[{record.key.name}] {words}")

    def take_damage(self, request_id: str) -> str:
        """Return the fault that befalls an answer, ``""`` for none."""
        damage = self._services.damage
        return damage.pop(request_id, "") if damage else ""

    def _find_record(self, found: Found) -> FunctionRecord:
        """Return the version that the call runs.

        :raises ApiError: if it can't run now
        """
        key = found.key
        table = invoke.InvokeFunctionTable(key.name, Namespace=key.namespace, Qualifier=found.qualifier)
        return invoke.find_target(
            table, found.qualifier, Call(found.request_id, key.region, nested=False), self._services
        )

    def _accept(self, found: Found, record: FunctionRecord, event: bytes, connection: Connection) -> None:
        """Accept the call of a function with AsyncRunEnable, which is only accepted."""

        async def answer() -> None:
            call = Call(found.request_id, found.key.region, nested=False)
            try:
                await invoke.accept(record, found.qualifier, event, call, self._services)
            except ApiError as error:
                connection.send(api_refusal(error, found.request_id, found.lines))
                return
            text = '{"requestId":"%s"}' % found.request_id
            connection.send(read_answer(text, found.request_id, found.lines).answer)

        task = asyncio.get_running_loop().create_task(answer())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


class UrlCall:
    """The caller of a URL: it gets the answer that the function's return value stands for."""

    __slots__ = ("_connection", "_found", "_functions")

    gets_answer = True

    def __init__(self, found: Found, connection: Connection, functions: EventFunctions) -> None:
        self._found = found
        self._connection = connection
        self._functions = functions

    def end(self, invocation: Invocation) -> None:
        """Answer the request."""
        found, outcome, error = self._found, invocation.outcome, invocation.failure
        if outcome is None:
            refused = error if isinstance(error, ApiError) else invoke.stopped()
            answer = api_refusal(refused, found.request_id, found.lines)
        elif outcome.status != SUCCESS:
            answer = failure(outcome, found.request_id, found.lines)
        else:
            read = read_answer(invocation.message, found.request_id, found.lines, is_asked=bool(found.trigger.is_apigw))
            answer = read.answer
            if read.advice:
                self._functions.advise(invocation.record, read.advice)
        self._connection.send(answer, self._functions.take_damage(found.request_id))
