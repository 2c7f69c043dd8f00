"""Opens the dashboard, with the first request for it: gives it what it reads, and what it may ask of the engine."""

import hashlib
import hmac
import secrets
from collections.abc import Callable, Collection, Mapping

import msgspec
import psutil

from tencentserverless.local.access_keys import OneUseKeys
from tencentserverless.local.actions.parameters import Call, decode
from tencentserverless.local.actions.table import ACTIONS
from tencentserverless.local.api import envelope
from tencentserverless.local.dashboard.site import Dashboard
from tencentserverless.local.dashboard.sources import Facts, JsonObject, Sources
from tencentserverless.local.http.server import Listeners
from tencentserverless.local.invocation import new_request_id
from tencentserverless.local.invocations.fault_rules import BadRules, parse
from tencentserverless.local.invocations.timers import timer_event
from tencentserverless.local.notice import Notice
from tencentserverless.local.registry.function import Function
from tencentserverless.local.registry.url_ids import UrlPlace
from tencentserverless.local.services import Services
from tencentserverless.local.worker.interpreters import can_run
from tencentserverless.models import Credentials

_ID_BYTES = 9
_EVENT_TYPE = "Event"
_DASHBOARD = "dashboard"


def open_dashboard(
    services: Services,
    owner: Credentials,
    links: OneUseKeys,
    listeners: Listeners,
    notices: tuple[str, ...],
    is_stopping: Callable[[], bool],
) -> Dashboard:
    """Make the dashboard.

    :param owner: whose key signs sessions
    :param notices: what the user was told at the start
    :param is_stopping: true once the server is to stop
    """
    secret = hmac.new(owner.secret_key.encode("utf-8"), b"sessions of the dashboard", hashlib.sha256).digest()
    facts = Facts(
        server_id=secrets.token_hex(_ID_BYTES),
        secret=secret,
        endpoint_url=listeners.endpoint_url,
        port=listeners.main.port,
        is_tls=listeners.is_tls,
        started_at=psutil.Process().create_time(),
        notices=tuple(_shown_notice(each) for each in notices if each),
    )
    engine = ServerEngine(services, links, is_stopping)
    return Dashboard(Sources(facts, services.settings, services.catalogue, services.history, engine, services.clock))


def _shown_notice(line: str) -> JsonObject:
    """The structure Notice: its line, and the parts from which a page makes it in the language of its reader."""
    if not isinstance(line, Notice):
        return {"text": line, "template": line, "values": {}}
    values = {name: _shown_notice(each) for name, each in line.values.items()}
    return {"text": str(line), "template": line.template, "values": values}


class ServerEngine:
    """The server, as the dashboard asks it. Its actions are those of the API, with the rights of the owner's key."""

    def __init__(self, services: Services, links: OneUseKeys, is_stopping: Callable[[], bool]) -> None:
        self._services = services
        self._links = links
        self.is_stopping: Callable[[], bool] = is_stopping

    async def call(
        self, action: str, region: str, parameters: Mapping[str, object], *, again_of: str = ""
    ) -> JsonObject:
        """Perform an action of the API; return its ``Response``, which may hold an ``Error``."""
        services, request_id = self._services, new_request_id()
        origin = f"{_DASHBOARD} {again_of}" if again_of else _DASHBOARD

        async def handle() -> Mapping[str, object]:
            found = ACTIONS[action]
            table = decode(msgspec.json.encode(parameters), found.decoder)
            return await found.handle(table, Call(request_id, region, nested=False, origin=origin), services)

        answer = await envelope.answered(handle(), request_id, services.console.show)
        response: JsonObject = msgspec.json.decode(answer)
        return response

    def take_link(self, key: str) -> bool:
        """Use a link up. False if it is unknown, used or too old."""
        return self._links.take(key)

    def count_instances(self) -> Mapping[str, object]:
        """Return the counts of this moment, with those of each function under ``by_function``."""
        return self._services.scheduler.counts()

    def peek_outputs(self, request_ids: Collection[str], limit_bytes: int) -> Mapping[str, tuple[bytes, int]]:
        """Return the end of the output so far of each of these calls that runs, and the size of it."""
        return self._services.scheduler.peek_outputs(request_ids, limit_bytes)

    def count_events(self) -> tuple[int, int]:
        """Return how many asynchronous invocations have not ended, and how many of them run."""
        return self._services.queue.counts()

    def flush_events(self) -> None:
        """Have the ends of asynchronous invocations written before what is read next."""
        self._services.queue.flush()

    def state_of(self, function: Function) -> str:
        """Return the state of a function, as the API names it."""
        return self._services.pace.status(function.key)

    def can_run(self, function: Function) -> bool:
        """True if events of a function can be run."""
        return function.latest.type == _EVENT_TYPE and can_run(function.latest.runtime)

    def urls_of(self, function: Function) -> list[JsonObject]:
        """Return the URLs of a function."""
        urls = self._services.urls
        found: list[JsonObject] = []
        for trigger in function.urls.values():
            place = UrlPlace(function.key, trigger.qualifier)
            if trigger.has_extranet:
                found.append({"url": urls.url(place), "qualifier": trigger.qualifier, "note": "extranet"})
            if trigger.has_intranet:
                inner = urls.url(place, is_intranet=True)
                found.append({"url": inner, "qualifier": trigger.qualifier, "note": "intranet"})
            if trigger.has_extranet or trigger.has_intranet:
                found.append({"url": urls.local_url(place), "qualifier": trigger.qualifier, "note": "path"})
        return found

    def console_lines(self, after: int) -> tuple[list[str], int]:
        """Return lines of the server's terminal, and the number of all."""
        return self._services.console.kept(after)

    def tell(self, line: str) -> None:
        """Show a line on the server's terminal."""
        self._services.console.show(line)

    def read_dead_letters(self, count: int) -> list[JsonObject]:
        """Return the last dead letters, the oldest first. May take a while."""
        letters = self._services.dead_letters.read_last(None, count)
        return [each for each in letters if isinstance(each, dict)]

    def timer_event(self, name: str, argument: str, at: float) -> bytes:
        """Return the event of a timer that fires."""
        return timer_event(name, argument, at)

    def report_faults(self) -> list[JsonObject]:
        """Return the fault rules, with their counts."""
        return self._services.faults.report()

    def set_faults(self, body: bytes) -> None:
        """Put rules in place of all.

        :raises ValueError: if they can't be read
        """
        try:
            rules = parse(body).rules
        except BadRules as error:
            raise ValueError(str(error)) from None
        self._services.faults.set(rules)

    def read_ledger(self, function: str | None, start: int, limit: int) -> tuple[int, int, list[JsonObject]]:
        """Return how many entries the ledger has, how many of them ran twice or more, and a page: these come first."""
        count, twice, page = self._services.ledger.list_newest(function, start, limit)
        return count, twice, [msgspec.to_builtins(entry) for entry in page]

    def is_ledger_on(self) -> bool:
        """True if executions are written down."""
        return self._services.ledger.is_on

    def switch_ledger(self, *, is_on: bool) -> None:
        """Have executions written down, or not."""
        self._services.ledger.is_on = is_on

    def reset_ledger(self) -> None:
        """Delete the entries of the ledger."""
        self._services.ledger.reset()
