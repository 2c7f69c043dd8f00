"""The observer of a client's calls: reports them to the client's ``on_attempt``, and to the log at DEBUG.

The loggers have the names of the public modules, ``tencentserverless.scf`` and ``tencentserverless.aio``. Records hold
names, ids, verdicts and durations; never a payload, a result or a key. ``logging`` is never loaded for them: a program
that has not loaded it has no handlers.

A hook or a log handler may call functions itself. Those calls are not reported to it: that would never end.
"""

from tencentserverless._base.runtime import CLOCK, is_logged
from tencentserverless._base.signals import raised_by_handler
from tencentserverless._core.observation import observe_flow

TYPE_CHECKING = False
if TYPE_CHECKING:
    from logging import Logger
    from typing import Callable

    from tencentserverless._base.arguments import Hook
    from tencentserverless._core.flow import Flow, Result
    from tencentserverless._core.request import Call
    from tencentserverless.models import Attempt, CallInfo, Verdict

#: The kind of code that runs in this task or thread: a hook, a log handler, or neither of the two.
_NEITHER, _HOOK, _LOG = 0, 1, 2
try:
    from contextvars import ContextVar
except ImportError:  # Python 3.6
    from threading import local

    class ContextVar(local):  # type: ignore[no-redef]
        """A value for each thread. Tasks that a hook starts do not inherit it; on later versions they do."""

        value = _NEITHER

        def __init__(self, name: str, *, default: int) -> None:
            super().__init__()

        def get(self) -> int:
            """Return the value."""
            return self.value

        def set(self, value: int) -> None:
            """Change the value."""
            self.value = value


_listening = ContextVar("tencentserverless_listening", default=_NEITHER)


def observe(flow: "Flow[Result]", call: "Call", logger_name: str, hook: "Hook | None") -> "Flow[Result]":
    """Wrap a flow so that the hook and the log get its attempts; unwrapped if there is neither."""
    observer = find_observer(logger_name, hook)
    return flow if observer is None else observe_flow(flow, call, CLOCK, observer)


def find_observer(logger_name: str, hook: "Hook | None") -> "Observer | None":
    """Make an observer, None where there is neither a hook nor a log at DEBUG."""
    listener = _listening.get()
    if listener != _NEITHER:
        hook = None
    is_told = is_logged(logger_name) and listener != _LOG
    return Observer(hook, logger_name if is_told else "") if hook is not None or is_told else None


class Observer:
    """Reports to the hook and the log.

    :param logger_name: ``""`` for no log
    """

    __slots__ = ("_hook", "_logger")

    def __init__(self, hook: "Hook | None", logger_name: str) -> None:
        self._hook = hook
        self._logger: "Logger | None" = None
        if logger_name:
            import logging

            self._logger = logging.getLogger(logger_name)

    def note_attempt(self, attempt: "Attempt", facts: "CallInfo") -> None:
        """Report an attempt that has ended."""
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
        """Report that the caller was interrupted."""
        if self._logger is not None:
            self._log(
                "%s in %s: interrupted after %d tries, executed=%s",
                facts.function_name,
                facts.region,
                tries,
                executed.value,
                extra=dict(_list_facts(facts), attempt=tries, outcome="interrupted", executed=executed.value),
            )

    def _log(self, words: str, *values: object, extra: "dict[str, object]") -> None:
        logger = self._logger
        assert logger is not None
        _run_as(_LOG, lambda: logger.debug(words, *values, extra=extra))

    def _tell(self, hook: "Hook", attempt: "Attempt", facts: "CallInfo") -> None:
        try:
            _run_as(_HOOK, lambda: hook(attempt, facts))
        except Exception as error:
            if raised_by_handler(error):
                raise
            # An error of the hook must neither fail the call nor repeat it.
            import logging

            # At level ERROR, which goes to standard error if no handler is set up.
            logger = logging.getLogger("tencentserverless")
            _run_as(_LOG, lambda: logger.exception("on_attempt failed; the call went on without it"))


def _run_as(listener: int, act: "Callable[[], object]") -> None:
    """Run a hook or a log handler, marked as such, so that the calls it makes are recognised."""
    before = _listening.get()
    try:
        try:
            _listening.set(listener)
            act()
        finally:
            _listening.set(before)
    except BaseException:
        _listening.set(before)  # before Python 3.10 a signal handler's error can come inside the finally
        raise


def _list_facts(facts: "CallInfo") -> "dict[str, object]":
    return {name: getattr(facts, name) for name in facts.__slots__}
