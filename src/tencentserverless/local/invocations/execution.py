"""Runs one invocation of a function, with its faults, and records its outcome.

Synchronous calls, the queue and timers all run functions through this module.
"""

import asyncio
from collections.abc import Callable

import msgspec

from tencentserverless.local.console import Console, printable
from tencentserverless.local.errors import ApiError
from tencentserverless.local.invocations.faults import Faults, Rule
from tencentserverless.local.invocations.history import InvocationHistory, InvocationRecord
from tencentserverless.local.outcome import Outcome, cancelled, error_object, exited, throttled, timed_out
from tencentserverless.local.registry.records import FunctionRecord
from tencentserverless.local.scheduler.scheduler import Scheduler

_DISCARDING = ("crash", "timeout")


class Execution(msgspec.Struct, frozen=True):
    """An invocation to run.

    :param event: JSON text
    :param nested: a function of this server made it
    :param retry_number: the number of earlier runs of an asynchronous invocation
    :param is_terminated: asked before the run, if a fault has delayed it; true if the invocation must not run any more
    """

    record: FunctionRecord
    request_id: str
    event: bytes
    nested: bool = False
    retry_number: int = 0
    is_terminated: Callable[[], bool] | None = None


class Done(msgspec.Struct, frozen=True):
    """The result of an invocation.

    :param message: RetMsg: the function's return value as JSON text, or the platform's error object
    """

    outcome: Outcome
    message: str


OnDone = Callable[[Done | Exception], None]


class Executor:
    """Runs invocations on the scheduler, and keeps their history.

    :param clock: UNIX seconds
    :ivar damage: by request id, the fault that damages an answer: ``lost`` or ``cut``
    """

    def __init__(
        self,
        scheduler: Scheduler,
        history: InvocationHistory,
        faults: Faults,
        console: Console,
        clock: Callable[[], float],
    ) -> None:
        self._scheduler = scheduler
        self._history = history
        self._faults = faults
        self._console = console
        self._clock = clock
        self.damage: dict[str, str] = {}

    async def run(self, execution: Execution) -> Done:
        """Run a function and record its outcome.

        :raises Stopping: if the server stops meanwhile
        """
        done: asyncio.Future[Done] = asyncio.get_running_loop().create_future()

        def settle(result: Done | Exception) -> None:
            if done.done():
                return  # the waiting task was cancelled
            if isinstance(result, Exception):
                done.set_exception(result)
            else:
                done.set_result(result)

        self.start(execution, settle)
        return await done

    def start(self, execution: Execution, on_done: OnDone) -> None:
        """Start the run of a function, and record its outcome.

        :param on_done: called once, perhaps before this returns, with the result, with ``Stopping``, or with the
            refusal of a fault rule
        """
        record = execution.record
        rule = self._faults.decide(record) if self._faults.is_on else None
        if rule is None:
            self._submit(execution, on_done, None)
        elif rule.kind == "refuse":
            on_done(ApiError(rule.code, f"A fault rule of the local SCF refuses calls of {record.key.name!r}."))
        elif rule.kind == "delay":
            asyncio.get_running_loop().call_later(rule.seconds, self._submit, execution, on_done, None)
        else:
            self._submit(execution, on_done, rule)

    def interrupt(self, request_id: str, *, is_graceful: bool) -> None:
        """End the run of an invocation, at once or by SIGTERM."""
        self._scheduler.interrupt(request_id, is_graceful=is_graceful)

    def _submit(self, execution: Execution, on_done: OnDone, rule: Rule | None) -> None:
        record, request_id = execution.record, execution.request_id
        kept = InvocationRecord(record.key, record.version, request_id, self._clock(), record.memory_mb)
        kept.retry_number = execution.retry_number
        self._history.begin(kept)

        def end(outcome: Outcome | Exception) -> None:
            if isinstance(outcome, Exception):
                self._history.drop(kept)
                on_done(outcome)
                return
            if rule is not None:
                outcome = self._apply_fault(outcome, rule, execution)
            kept.duration_ms, kept.memory_bytes = outcome.duration_ms, outcome.memory_bytes
            message = outcome.text if outcome.has_succeeded else error_object(outcome, request_id)
            self._history.end(kept, outcome.status, message, outcome.output)
            if not outcome.has_succeeded:
                self._console.show(printable(f"[{record.key.name}] ERROR RequestId:{request_id} {_shown(outcome)}"))
            on_done(Done(outcome, message))

        if rule is not None and rule.kind == "throttle":
            end(throttled(record.key.name, rule.status))
            return
        if execution.is_terminated is not None and execution.is_terminated():
            end(cancelled())
            return
        self._scheduler.submit(
            record,
            request_id,
            execution.event,
            end,
            nested=execution.nested,
            ends_instance=rule is not None and rule.kind in _DISCARDING,
        )

    def _apply_fault(self, outcome: Outcome, rule: Rule, execution: Execution) -> Outcome:
        """Return the outcome of a call after a fault rule has matched it."""
        if rule.kind in _DISCARDING and not outcome.has_run:
            return outcome  # a call that did not run can't crash
        if rule.kind == "crash":
            return exited(outcome.duration_ms, outcome.output)
        if rule.kind == "timeout":
            return timed_out(execution.record.timeout_seconds, outcome.memory_bytes, outcome.output)
        if rule.kind in ("lost", "cut"):
            self.damage[execution.request_id] = rule.kind
        return outcome


def _shown(outcome: Outcome) -> str:
    return f"status {outcome.status}: {outcome.message}" + (f"\n{outcome.stack_trace}" if outcome.stack_trace else "")
