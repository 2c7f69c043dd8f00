"""Who is told of a client's calls: its ``on_attempt``, and the log where it is at DEBUG.

Loggers are named after the rooms, ``tencentserverless.scf`` and ``tencentserverless.aio``. Records hold names, ids,
verdicts and durations; never a payload, a result or a key. ``logging`` is never loaded for them: where the program has
not loaded it, nobody listens.

A hook or a log handler may call functions itself. It is not told of those calls, for that would never end.
"""

from tencentserverless._base.runtime import CLOCK, is_logged
from tencentserverless._base.signals import raised_by_handler
from tencentserverless._core.observation import observe_flow

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

    from tencentserverless._core.flow import Flow, Result
    from tencentserverless._core.request import Call
    from tencentserverless.models import Attempt, CallInfo, Verdict

    Hook = Callable[[Attempt, CallInfo], object]

#: What runs in this task, or in this thread: nothing of the caller's, its hook, or its log handlers.
_NOBODY, _HOOK, _LOG = 0, 1, 2
try:
    from contextvars import ContextVar
except ImportError:  # Python 3.6
    from threading import local

    class ContextVar(local):  # type: ignore[no-redef]
        """A value of each thread. Tasks that a hook starts do not inherit it, as they do on later versions."""

        value = _NOBODY

        def __init__(self, name: str, *, default: int) -> None:
            super().__init__()

        def get(self) -> int:
            """The value."""
            return self.value

        def set(self, value: int) -> None:
            """Change it."""
            self.value = value


_listening = ContextVar("tencentserverless_listening", default=_NOBODY)


def observe(flow: "Flow[Result]", call: "Call", room: str, hook: "Hook | None") -> "Flow[Result]":
    """The same flow, told to whoever wants to hear."""
    observer = find_observer(room, hook)
    return flow if observer is None else observe_flow(flow, call, CLOCK, observer)


def find_observer(room: str, hook: "Hook | None") -> "Observer | None":
    """An observer, None where nobody wants to hear.

    :param room: the logger's name
    """
    listener = _listening.get()
    if listener != _NOBODY:
        hook = None
    is_told = is_logged(room) and listener != _LOG
    return Observer(hook, room if is_told else "") if hook is not None or is_told else None


class Observer:
    """Tells the hook and the log.

    :param room: the logger's name, ``""`` for none
    """

    __slots__ = ("_hook", "_logger")

    def __init__(self, hook: "Hook | None", room: str) -> None:
        self._hook = hook
        self._logger: "Any" = None
        if room:
            import logging

            self._logger = logging.getLogger(room)

    def note_attempt(self, attempt: "Attempt", facts: "CallInfo") -> None:
        """A try ended."""
        if self._logger is not None:
            self._log(
                "%s in %s: try %d by %s, request %s: %s, executed=%s, %.1f ms",
                facts.function_name,
                facts.region,
                attempt.number,
                attempt.action,
                facts.request_id or "-",
                attempt.outcome,
                attempt.executed.value,
                attempt.duration_ms,
                extra=dict(
                    _list_facts(facts),
                    attempt=attempt.number,
                    action=attempt.action,
                    endpoint=attempt.endpoint,
                    outcome=attempt.outcome,
                    executed=attempt.executed.value,
                    duration_ms=attempt.duration_ms,
                    phases_ms=dict(attempt.phases_ms),
                ),
            )
        if self._hook is not None:
            self._tell(self._hook, attempt, facts)

    def note_interruption(self, facts: "CallInfo", tries: int, executed: "Verdict") -> None:
        """The caller was interrupted."""
        if self._logger is not None:
            self._log(
                "%s in %s: interrupted after %d tries, executed=%s",
                facts.function_name,
                facts.region,
                tries,
                executed.value,
                extra=dict(_list_facts(facts), attempt=tries, outcome="interrupted", executed=executed.value),
            )

    def _log(self, words: str, *values: object, extra: "dict[str, Any]") -> None:
        _run_as(_LOG, lambda: self._logger.debug(words, *values, extra=extra))

    def _tell(self, hook: "Hook", attempt: "Attempt", facts: "CallInfo") -> None:
        try:
            _run_as(_HOOK, lambda: hook(attempt, facts))
        except Exception as error:
            if raised_by_handler(error):
                raise
            # Whatever else it is, the call must neither fail for it nor be repeated.
            import logging

            # At ERROR, which shows on standard error where no handler is set up.
            logger = logging.getLogger("tencentserverless")
            _run_as(_LOG, lambda: logger.exception("on_attempt failed; the call went on without it"))


def _run_as(listener: int, act: "Callable[[], object]") -> None:
    """Run what belongs to the hook or the log, so that the calls it makes are known."""
    before = _listening.get()
    try:
        try:
            _listening.set(listener)
            act()
        finally:
            _listening.set(before)
    except BaseException:
        _listening.set(before)  # before Python 3.10 a signal handler's error can fall into the finally
        raise


def _list_facts(facts: "CallInfo") -> "dict[str, Any]":
    return {name: getattr(facts, name) for name in facts.__slots__}
