"""Runs the events that the queue takes out, on the version that their qualifier names at that moment."""

from collections.abc import Callable
from pathlib import Path

from tencentserverless.local.console import Console
from tencentserverless.local.errors import ApiError
from tencentserverless.local.invocations.dead_letters import append_dead_letters
from tencentserverless.local.invocations.execution import Execution, Executor
from tencentserverless.local.invocations.history import InvocationHistory, InvocationRecord
from tencentserverless.local.invocations.queue import Ended
from tencentserverless.local.invocations.retry import INTERNAL_ERROR, NOT_FOUND
from tencentserverless.local.outcome import Outcome, error_object
from tencentserverless.local.registry.catalogue import Catalogue
from tencentserverless.local.registry.event_tables import Event
from tencentserverless.local.registry.records import AsyncConfig
from tencentserverless.local.settings import Settings


class EventExecutor:
    """Connects the queue with functions, the invocation history and the dead-letter file.

    :param folder: the folder of the dead-letter file
    :param clock: UNIX seconds
    :param rng: returns a number from 0 up to, but without, 1; it decides which events of an alias run its second
        version
    """

    def __init__(
        self,
        executor: Executor,
        catalogue: Catalogue,
        history: InvocationHistory,
        console: Console,
        settings: Settings,
        *,
        folder: Path,
        clock: Callable[[], float],
        rng: Callable[[], float],
    ) -> None:
        self._executor = executor
        self._catalogue = catalogue
        self._history = history
        self._console = console
        self._settings = settings
        self._folder = folder
        self._clock = clock
        self._rng = rng
        self._terminated: set[str] = set()

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
        execution = Execution(
            record,
            request_id,
            event.payload,
            retry_number=event.tries,
            is_terminated=lambda: request_id in self._terminated,
        )
        try:
            done = await self._executor.run(execution)
        except ApiError as refusal:  # made by a fault rule; treated as a failure of the platform
            return Ended(INTERNAL_ERROR, str(refusal), function.async_config)
        finally:
            self._terminated.discard(request_id)
        self._executor.damage.pop(request_id, None)  # an event has no answer that could be damaged
        outcome = done.outcome
        return Ended(outcome.status, outcome.stack_trace or outcome.message, function.async_config)

    def note(self, event: Event, status: int, message: str) -> None:
        """Record in the history how an event has ended, or why it could not be attempted."""
        function = self._catalogue.find(event.key)
        memory_mb = function.latest.memory_mb if function else 0
        kept = InvocationRecord(event.key, event.qualifier, event.request_id, self._clock(), memory_mb)
        kept.retry_number = event.tries
        outcome = Outcome(status, message=message)
        self._history.end(kept, status, error_object(outcome, event.request_id), b"")
        self._console.show(f"[{event.key.name}] ERROR RequestId:{event.request_id} status {status}: {message}")

    def interrupt(self, request_id: str, *, is_graceful: bool) -> None:
        """End a running call, or prevent its run."""
        self._terminated.add(request_id)
        self._executor.interrupt(request_id, is_graceful=is_graceful)

    def flush(self) -> None:
        """Write the records of ended calls now."""
        self._history.flush()

    def dead_letter(self, dead: list[tuple[Event, str]]) -> None:
        """Append dead letters to the file, with the errors of the last attempts.

        :raises OSError: if they can't all be written; then none is
        """
        path = append_dead_letters(self._folder, dead, self._settings, self._catalogue)
        for event, _ in dead:
            given_up = f"RequestId:{event.request_id} is given up after {max(1, event.tries)} tries: {path}"
            self._console.show(f"[{event.key.name}] {given_up}")
