"""Instances that take several requests at once, and the requests that must go to one of them.

Sources: the guide on concurrent requests of web functions (one instance takes up to 100), and the API's data structure
SessionConfig. Which of several instances that take one more gets a request is ours: the fullest, so that few are
needed. A session whose instance is full is refused, as a product of the same kind does; the platform's code is not
known.
"""

import functools
import time
from collections.abc import Callable, Iterable

from tencentserverless.local.invocation import Exchange, Invocation
from tencentserverless.local.outcome import OVER_QUOTA, Outcome
from tencentserverless.local.registry.function_version import FunctionRecord
from tencentserverless.local.registry.web_settings import WebSettings, read_web_settings
from tencentserverless.local.scheduler.instance import Instance
from tencentserverless.local.scheduler.sessions import SessionTable


class Sharing:
    """The rules by which the requests of one version share its instances.

    :param clock: seconds that only go up
    :ivar capacity: requests that an instance takes at once
    """

    def __init__(self, settings: WebSettings, clock: Callable[[], float] = time.monotonic) -> None:
        self.capacity: int = settings.requests_per_instance
        session = settings.session
        self._per_instance = session.per_instance if session is not None else 0
        self._sessions: SessionTable[Instance] | None = SessionTable(session, clock) if session is not None else None

    @property
    def seats(self) -> int:
        """The waiting requests that one more instance can take, if each is of another session."""
        return min(self.capacity, self._per_instance) if self._per_instance else self.capacity

    def find(self, instances: Iterable[Instance], invocation: Invocation) -> Instance | Outcome | None:
        """Return the instance for a request, the refusal if its session's instance is full, None if it has to wait."""
        session = self._session_of(invocation) if self._sessions is not None else None
        if session and (home := self._home_of(session)) is not None:
            return home if len(home.invocations) < self.capacity else self._refusal(invocation)
        fullest, most = None, -1
        for instance in instances:
            if most < (count := len(instance.invocations)) < self.capacity and self._takes(instance, session):
                fullest, most = instance, count
        return fullest

    def take_waiting(self, instance: Instance, waiting: "Iterable[Invocation]") -> Invocation | None:
        """Return the first waiting request that an instance can take."""
        for invocation in waiting:
            if invocation.is_over:
                continue
            session = self._session_of(invocation)
            home = self._home_of(session) if session else None
            has_seat = len(instance.invocations) < self.capacity
            if home is instance or (home is None and has_seat and self._takes(instance, session)):
                return invocation
        return None

    def begin(self, instance: Instance, invocation: Invocation) -> None:
        """A request is given to an instance."""
        exchange = invocation.exchange
        if self._sessions is None or exchange is None or exchange.session is None:
            return
        if exchange.session:
            self._sessions.bind(exchange.session, instance)
            self._sessions.use(exchange.session)
        exchange.on_session = functools.partial(self._take_name, exchange, instance)

    def end(self, instance: Instance, invocation: Invocation) -> None:
        """A request has ended."""
        if self._sessions is not None and (session := self._session_of(invocation)):
            self._sessions.rest(session, instance)

    def forget(self, instance: Instance) -> None:
        """An instance is dead."""
        if self._sessions is not None:
            self._sessions.forget(instance)

    def holds(self, instance: Instance) -> bool:
        """True if sessions live at an instance: it does not end, however long it idles."""
        return self._sessions is not None and self._sessions.has_any(instance)

    def _session_of(self, invocation: Invocation) -> str | None:
        exchange = invocation.exchange
        return exchange.session if exchange is not None and self._sessions is not None else None

    def _take_name(self, exchange: Exchange, instance: Instance, name: str) -> None:
        """The answer to a request names a session, which the request belongs to if it had none."""
        if self._sessions is None:
            return
        self._sessions.bind(name, instance)
        if not exchange.session and self._sessions.find(name) is instance:
            exchange.session = name
            self._sessions.use(name)

    def _home_of(self, session: str) -> Instance | None:
        sessions = self._sessions
        home = sessions.find(session) if sessions is not None else None
        if home is not None and not home.takes_calls and sessions is not None:
            sessions.forget(home)
            return None
        return home

    def _takes(self, instance: Instance, session: str | None) -> bool:
        """True if an instance that has a seat takes a request of this session."""
        if not instance.takes_calls:
            return False
        if session is None or self._sessions is None or not self._per_instance:
            return True
        beginning = sum(self._session_of(each) == "" for each in instance.invocations.values())
        return self._sessions.has_room(instance, beginning)

    def _refusal(self, invocation: Invocation) -> Outcome:
        name, count = invocation.record.key.name, self.capacity
        words = f"the instance of the session has {count} requests at once, and takes no more"
        return Outcome(OVER_QUOTA, message=f"Resource limit exceed for function [{name}]: {words}")


def make_sharing(record: FunctionRecord) -> Sharing | None:
    """Make the rules of a version; None if each of its instances takes one call at a time, whichever it is."""
    settings = read_web_settings(record)
    return Sharing(settings) if settings.requests_per_instance > 1 or settings.session is not None else None
