"""Runs the events that the queue takes out, on the version that their qualifier names at that moment."""

from collections.abc import Callable

from tencentserverless.local.console import Console
from tencentserverless.local.errors import ApiError
from tencentserverless.local.invocation import Invocation
from tencentserverless.local.invocations.dead_letters import DeadLetterFile
from tencentserverless.local.invocations.history import InvocationHistory, InvocationRecord
from tencentserverless.local.invocations.middleware import FutureCaller, Runner, Termination
from tencentserverless.local.invocations.queue import Ended
from tencentserverless.local.invocations.retry import INTERNAL_ERROR, NOT_FOUND
from tencentserverless.local.outcome import Outcome, error_object
from tencentserverless.local.registry.catalogue import Catalogue
from tencentserverless.local.registry.event_tables import Event
from tencentserverless.local.registry.function_version import AsyncConfig, FunctionRecord

_TERMINATION = Termination()
_ORIGINS = {"TRIGGER_TIMER": "timer"}  # of a run, by that of its event; all others come from the queue


class EventExecutor:
    """The queue's way to functions, to the history of invocations and to the file of dead letters.

    :param clock: UNIX seconds
    :param rng: a number from 0 up to, but without, 1: which events of an alias go to its second version
    :param running: returns the version that runs in place of one that is Updating
    """

    def __init__(
        self,
        runner: Runner,
        catalogue: Catalogue,
        history: InvocationHistory,
        dead_letters: DeadLetterFile,
        console: Console,
        *,
        clock: Callable[[], float],
        rng: Callable[[], float],
        running: Callable[[FunctionRecord], FunctionRecord] = lambda record: record,
    ) -> None:
        self._runner = runner
        self._catalogue = catalogue
        self._history = history
        self._dead_letters = dead_letters
        self._console = console
        self._clock = clock
        self._rng = rng
        self._find_running = running
        self._running: dict[str, Invocation] = {}

    async def run(self, event: Event) -> Ended:
        """Run an event on the version that its qualifier names now."""
        request_id, catalogue = event.request_id, self._catalogue
        function = catalogue.find(event.key)
        record = function.resolve(event.qualifier, self._rng) if function else None
        is_away = record is not None and record.package is None and catalogue.find_away(event.key) is not None
        if function is None or is_away:
            problem = f"Function {event.key.name!r} is not there at the moment"
            self.note(event, NOT_FOUND, problem)
            return Ended(NOT_FOUND, problem, AsyncConfig(), is_away=True)
        if record is None:
            problem = f"Function {event.key.name!r} has no version or alias {event.qualifier!r} any more"
            self.note(event, NOT_FOUND, problem)
            return Ended(NOT_FOUND, problem, function.async_config)
        caller = FutureCaller()
        record = self._find_running(record)
        origin = event.mark or _ORIGINS.get(event.origin, "queue")
        invocation = Invocation(record, request_id, event.payload, caller, retry_number=event.tries, origin=origin)
        self._running[request_id] = invocation
        try:
            self._runner.submit(invocation)
            if invocation.kept is not None and not event.tries:
                invocation.kept.waited_ms += (invocation.kept.started_at - event.pushed_at) * 1000.0
            await caller.wait(invocation)
        except ApiError as refusal:  # by a fault rule: as if the platform had failed
            return Ended(INTERNAL_ERROR, str(refusal), function.async_config)
        finally:
            del self._running[request_id]
        outcome = invocation.outcome
        assert outcome is not None, "an invocation without a failure has an outcome"
        return Ended(outcome.status, outcome.stack_trace or outcome.message, function.async_config)

    def note(self, event: Event, status: int, message: str) -> None:
        """Record in the history how an event has ended, or why it could not be attempted."""
        function = self._catalogue.find(event.key)
        memory_mb = function.latest.memory_mb if function else 0
        kept = InvocationRecord(event.key, event.qualifier, event.request_id, self._clock(), memory_mb)
        kept.retry_number, kept.event = event.tries, event.payload
        kept.origin = event.mark or _ORIGINS.get(event.origin, "queue")
        outcome = Outcome(status, message=message)
        self._history.end(kept, status, error_object(outcome, event.request_id), b"")
        self._console.show(f"[{event.key.name}] ERROR RequestId:{event.request_id} status {status}: {message}")

    def interrupt(self, request_id: str, *, is_graceful: bool) -> None:
        """End a call, or keep it from being run."""
        invocation = self._running.get(request_id)
        if invocation is not None:
            invocation.is_interrupted = True  # also where a fault has held it up
            invocation.around = (_TERMINATION, *invocation.around)  # only here: other calls have no use for it
        self._runner.interrupt(request_id, is_graceful=is_graceful)

    def flush(self) -> None:
        """Write the records of ended calls now."""
        self._history.flush()

    def dead_letter(self, dead: list[tuple[Event, str]]) -> None:
        """Append dead letters to the file.

        :param dead: events, each with the error of its last attempt
        :raises OSError: if they can't all be written; then none is
        """
        self._dead_letters.append(dead)
