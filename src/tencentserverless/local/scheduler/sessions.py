"""Sessions of a web function: which instance has which, and until when. Pure: the clock is passed in."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from tencentserverless.local.registry.web_settings import SessionSettings

MAX_SESSIONS = 10_000  # ours: of one version; beyond that the one that is unused for longest is forgotten

Place = TypeVar("Place", bound=Hashable)


class _Session(Generic[Place]):
    __slots__ = ("begun_at", "place", "running", "used_at")

    def __init__(self, place: Place, now: float) -> None:
        self.place = place
        self.begun_at = self.used_at = now
        self.running = 0


class SessionTable(Generic[Place]):
    """The sessions that live, each at one instance.

    A session is over when its total life is, or when it had no request for its idle time; one that runs is not idle.

    :param clock: seconds that only go up
    """

    def __init__(self, settings: SessionSettings, clock: Callable[[], float], max_sessions: int = MAX_SESSIONS) -> None:
        self._settings = settings
        self._clock = clock
        self._max_sessions = max_sessions
        self._sessions: OrderedDict[str, _Session[Place]] = OrderedDict()  # the one that is unused for longest is first
        self._at: dict[Place, set[str]] = {}

    def __len__(self) -> int:
        return len(self._sessions)

    def find(self, name: str) -> Place | None:
        """Return the instance of a session, None if there is no such session any more."""
        session = self._sessions.get(name)
        if session is None:
            return None
        if self._is_over(session):
            self.end(name)
            return None
        return session.place

    def bind(self, name: str, place: Place) -> None:
        """Let a session begin at an instance, unless it has one."""
        if self.find(name) is not None:
            return
        while len(self._sessions) >= self._max_sessions:
            self.end(next(iter(self._sessions)))
        self._sessions[name] = _Session(place, self._clock())
        self._at.setdefault(place, set()).add(name)

    def use(self, name: str) -> None:
        """A request of a session begins."""
        session = self._sessions.get(name)
        if session is not None:
            session.running += 1
            session.used_at = self._clock()
            self._sessions.move_to_end(name)

    def rest(self, name: str, place: Place) -> None:
        """A request of a session has ended at an instance."""
        session = self._sessions.get(name)
        if session is not None and session.place == place and session.running:
            session.running -= 1
            session.used_at = self._clock()
            self._sessions.move_to_end(name)

    def end(self, name: str) -> None:
        """Forget a session."""
        session = self._sessions.pop(name, None)
        if session is None:
            return
        names = self._at[session.place]
        names.discard(name)
        if not names:
            del self._at[session.place]

    def count(self, place: Place) -> int:
        """Return the number of sessions that live at an instance."""
        for name in list(self._at.get(place, ())):
            self.find(name)  # ends it if it is over
        return len(self._at.get(place, ()))

    def has_any(self, place: Place) -> bool:
        """True if a session lives at an instance. Unlike ``count`` it looks at the first one that does, and no more."""
        ended, lives = [], False
        for name in self._at.get(place, ()):
            if not self._is_over(self._sessions[name]):
                lives = True
                break
            ended.append(name)
        for name in ended:
            self.end(name)
        return lives

    def has_room(self, place: Place, beginning: int = 0) -> bool:
        """True if one more session may begin at an instance.

        :param beginning: the requests there whose answers may each name a session
        """
        return not self._settings.per_instance or self.count(place) + beginning < self._settings.per_instance

    def forget(self, place: Place) -> None:
        """An instance has ended, and its sessions with it."""
        for name in list(self._at.get(place, ())):
            self.end(name)

    def _is_over(self, session: _Session[Place]) -> bool:
        now, settings = self._clock(), self._settings
        if now - session.begun_at >= settings.ttl_seconds:
            return True
        return not session.running and now - session.used_at >= settings.idle_seconds
