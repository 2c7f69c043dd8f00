"""Everything that happens around an invocation, as a list in one order: faults, history, the log.

Every invocation goes this way: calls of the API, events of the queue and of timers.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

from tencentserverless.local.errors import ApiError
from tencentserverless.local.invocation import Around, Invocation
from tencentserverless.local.invocations.fault_rules import Faults
from tencentserverless.local.invocations.history import InvocationHistory, InvocationRecord
from tencentserverless.local.outcome import (
    EXITED,
    SUCCESS,
    Outcome,
    error_object,
    exited,
    terminated,
    throttled,
    timed_out,
)
from tencentserverless.local.scheduler.scheduler import Scheduler

_DISCARDING = ("crash", "timeout")


Answer = Outcome | ApiError | float | None


@runtime_checkable
class Middleware(Around, Protocol):
    """A part of what happens around an invocation that has a say before it."""

    def before(self, invocation: Invocation) -> Answer:
        """The invocation is about to be scheduled.

        :return: a result that it has without a run, or seconds by which it is held up; None to go on
        """


class FaultInjection:
    """Applies the fault rules: refusals, throttling and delays before the run, crashes and lost answers after it.

    :ivar damage: by request id, the fault that befalls an answer: ``lost`` or ``cut``
    """

    def __init__(self, faults: Faults) -> None:
        self.faults: Faults = faults
        self.damage: dict[str, str] = {}

    def before(self, invocation: Invocation) -> Answer:
        """Choose the rule that hits the invocation."""
        rule = self.faults.decide(invocation.record)
        if rule is None:
            return None
        name = invocation.record.key.name
        if rule.kind == "refuse":
            return ApiError(rule.code, f"A fault rule of the local SCF refuses calls of {name!r}.")
        if rule.kind == "delay":
            return rule.seconds
        if rule.kind == "throttle":
            return throttled(name, rule.status)
        invocation.fault = rule
        if invocation.exchange is not None:
            invocation.exchange.withhold()  # what becomes of the answer is known when the run has ended
        invocation.ends_instance = rule.kind in _DISCARDING
        return None

    def after(self, invocation: Invocation) -> None:
        """Change the outcome as the rule says."""
        rule, outcome = invocation.fault, invocation.outcome
        if rule is None or outcome is None:
            return
        if rule.kind in ("lost", "cut"):
            if invocation.caller.gets_answer:
                self.damage[invocation.request_id] = rule.kind
        elif not outcome.has_run:
            return  # a call that did not run can't crash
        elif rule.kind == "crash":
            invocation.outcome = exited(outcome.duration_ms, outcome.output)
        elif rule.kind == "timeout":
            seconds = invocation.record.timeout_seconds
            invocation.outcome = timed_out(seconds, outcome.memory_bytes, outcome.output)


class Termination:
    """Tells a process that was ended by order, with its invocation, from one that has crashed."""

    def after(self, invocation: Invocation) -> None:
        """Change the outcome of an invocation that was terminated while it ran."""
        outcome = invocation.outcome
        if invocation.is_interrupted and outcome is not None and outcome.status == EXITED:
            invocation.outcome = terminated(outcome.duration_ms, outcome.memory_bytes, outcome.output)


class HistoryKeeping:
    """Keeps every invocation that had an outcome in the history.

    :param clock: UNIX seconds
    """

    def __init__(self, history: InvocationHistory, clock: Callable[[], float]) -> None:
        self._history = history
        self._clock = clock

    def before(self, invocation: Invocation) -> None:
        """Show it as running."""
        record = invocation.record
        kept = InvocationRecord(record.key, record.version, invocation.request_id, self._clock(), record.memory_mb)
        kept.retry_number, kept.origin, kept.event = invocation.retry_number, invocation.origin, invocation.event
        invocation.kept = kept
        self._history.begin(kept)

    def after(self, invocation: Invocation) -> None:
        """Keep its end."""
        outcome = invocation.outcome
        if outcome is None:
            if invocation.kept is not None:
                self._history.drop(invocation.kept)
            return
        if invocation.kept is None:  # a fault was its end before it began
            self.before(invocation)
        kept = invocation.kept
        kept.duration_ms, kept.memory_bytes = outcome.duration_ms, outcome.memory_bytes
        kept.waited_ms += (self._clock() - kept.started_at) * 1000.0 - outcome.duration_ms
        if invocation.cold_start_ms:
            kept.cold_start_ms = invocation.cold_start_ms
        if invocation.exchange is not None:
            kept.event, kept.web = None, invocation.exchange.describe()
        is_success = outcome.status == SUCCESS
        invocation.message = outcome.text if is_success else error_object(outcome, invocation.request_id)
        self._history.end(kept, outcome.status, invocation.message, outcome.output)


class Runner:
    """Runs invocations by the scheduler, with everything around them.

    :param middleware: in the order in which it is asked before a run, and told after it
    :param injection: comes before all others while there are fault rules
    """

    def __init__(
        self, scheduler: Scheduler, middleware: tuple[Around, ...], injection: FaultInjection | None = None
    ) -> None:
        self._scheduler = scheduler
        self._around: tuple[Around, ...] = (*middleware, scheduler)
        self._befores = [part.before for part in middleware if isinstance(part, Middleware)]
        self._injection = injection

    def submit(self, invocation: Invocation) -> None:
        """Run an invocation. Its caller is told of the end, perhaps at once."""
        invocation.around, befores = self._around, self._befores
        if self._injection is not None and self._injection.faults.is_on:
            invocation.around, befores = (self._injection, *self._around), [self._injection.before, *befores]
        for number, before in enumerate(befores, 1):
            answer = before(invocation)
            if answer is not None:
                self._hold_up(invocation, answer, befores[number:])
                return
        self._scheduler.submit(invocation)

    def interrupt(self, request_id: str, *, is_graceful: bool) -> None:
        """End the run of an invocation, at once or by SIGTERM."""
        self._scheduler.interrupt(request_id, is_graceful=is_graceful)

    def _hold_up(
        self, invocation: Invocation, answer: Outcome | ApiError | float, rest: Sequence[Callable[[Invocation], Answer]]
    ) -> None:
        """Finish an invocation without a run, or go on later with the rest of the middleware."""
        if not isinstance(answer, float):
            invocation.finish(answer)
            return

        def go_on() -> None:
            for number, before in enumerate(rest, 1):
                found = before(invocation)
                if found is not None:
                    self._hold_up(invocation, found, rest[number:])
                    return
            self._scheduler.submit(invocation)

        asyncio.get_running_loop().call_later(answer, go_on)


class FutureCaller:
    """A task that waits for an invocation."""

    gets_answer = False

    def __init__(self) -> None:
        self._ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def end(self, invocation: Invocation) -> None:
        """Wake the task; one that was cancelled does not wait any more."""
        if not self._ended.done():
            self._ended.set_result(None)

    async def wait(self, invocation: Invocation) -> None:
        """Wait for the end.

        :raises Exception: ``Stopping`` if the server stops meanwhile, or the refusal of a fault rule
        """
        await self._ended
        if invocation.failure is not None:
            raise invocation.failure
