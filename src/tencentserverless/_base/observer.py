"""Who is told of a client's calls: its ``on_attempt``, and the log where it is at DEBUG.

Loggers are named after the rooms, ``tencentserverless.scf`` and ``tencentserverless.aio``. Records hold names, ids,
verdicts and durations; never a payload, a result or a key. ``logging`` is never loaded for them: where the program has
not loaded it, nobody listens.
"""

from tencentserverless._base.runtime import CLOCK, is_logged
from tencentserverless._core.observation import observe_flow

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

    from tencentserverless._core.flow import Flow, Result
    from tencentserverless._core.request import Call
    from tencentserverless.models import Attempt, CallFacts, Verdict

    Hook = Callable[[Attempt, CallFacts], object]


def observe(flow: "Flow[Result]", call: "Call", room: str, hook: "Hook | None") -> "Flow[Result]":
    """The same flow, told to whoever wants to hear."""
    return observe_flow(flow, call, CLOCK, Observer(room, hook))


def find_observer(room: str, hook: "Hook | None") -> "Observer | None":
    """An observer, None where nobody wants to hear.

    :param room: the logger's name
    """
    return Observer(room, hook) if hook is not None or is_logged(room) else None


class Observer:
    """Tells the hook and the log."""

    __slots__ = ("_hook", "_logger")

    def __init__(self, room: str, hook: "Hook | None") -> None:
        self._hook = hook
        self._logger: "Any" = None
        if is_logged(room):
            import logging

            self._logger = logging.getLogger(room)

    def note_attempt(self, attempt: "Attempt", facts: "CallFacts") -> None:
        """A try ended."""
        if self._logger is not None:
            self._logger.debug(
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
            try:
                self._hook(attempt, facts)
            except Exception:  # whatever it is, the call must neither fail for it nor be repeated
                import logging

                # At ERROR, which shows on standard error where no handler is set up.
                logging.getLogger("tencentserverless").exception("on_attempt failed; the call went on without it")

    def note_interruption(self, facts: "CallFacts", tries: int, executed: "Verdict") -> None:
        """The caller was interrupted."""
        if self._logger is not None:
            self._logger.debug(
                "%s in %s: interrupted after %d tries, executed=%s",
                facts.function_name,
                facts.region,
                tries,
                executed.value,
                extra=dict(_list_facts(facts), attempt=tries, outcome="interrupted", executed=executed.value),
            )


def _list_facts(facts: "CallFacts") -> "dict[str, Any]":
    return {name: getattr(facts, name) for name in facts.__slots__}
