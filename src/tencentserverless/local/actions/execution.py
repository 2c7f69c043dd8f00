"""Runs a function for whoever asked, and records how it went: the one way of synchronous calls and of the queue."""

import asyncio
import json
from collections.abc import Callable

import msgspec

from tencentserverless.local import logs
from tencentserverless.local.actions.action import Services
from tencentserverless.local.faults import Rule
from tencentserverless.local.refusals import ApiError
from tencentserverless.local.registry.invocations import Invocation
from tencentserverless.local.registry.records import FunctionRecord
from tencentserverless.local.worker.outcome import OVER_QUOTA, Outcome, cancelled, exited, throttled, timed_out

_DISCARDING = ("crash", "timeout")


class Execution(msgspec.Struct, frozen=True):
    """What is run.

    :param event: JSON text
    :param nested: a function of this server asked
    :param retry_number: how often an asynchronous invocation has been run before
    :param is_terminated: asked before it is run, where a fault has held it up: whether it is not to run any more
    """

    record: FunctionRecord
    request_id: str
    event: bytes
    nested: bool = False
    retry_number: int = 0
    is_terminated: Callable[[], bool] | None = None


class Done(msgspec.Struct, frozen=True):
    """How it ended.

    :param message: RetMsg: what the function returned as JSON text, or the platform's error object
    """

    outcome: Outcome
    message: str


async def execute(execution: Execution, services: Services) -> Done:
    """Run a function and keep how it went.

    :raises Stopping: if the server stops meanwhile
    """
    done: asyncio.Future[Done] = asyncio.get_running_loop().create_future()

    def settle(result: Done | Exception) -> None:
        if done.done():
            return  # nobody waits any more
        if isinstance(result, Exception):
            done.set_exception(result)
        else:
            done.set_result(result)

    start(execution, services, settle)
    return await done


def start(execution: Execution, services: Services, on_end: Callable[[Done | Exception], None]) -> None:
    """Run a function and keep how it went.

    :param on_end: called once, perhaps at once, with how it ended, or with ``Stopping`` or the refusal that a fault is
    """
    record = execution.record
    rule = services.faults.decide(record) if services.faults.is_on else None
    if rule is None:
        _submit(execution, services, on_end, None)
    elif rule.kind == "refuse":
        on_end(ApiError(rule.code, f"A fault rule of the local SCF refuses calls of {record.key.name!r}."))
    elif rule.kind == "delay":
        asyncio.get_running_loop().call_later(rule.seconds, _submit, execution, services, on_end, None)
    else:
        _submit(execution, services, on_end, rule)


def _submit(
    execution: Execution, services: Services, on_end: Callable[[Done | Exception], None], rule: Rule | None
) -> None:
    record, request_id = execution.record, execution.request_id
    invocation = Invocation(record.key, record.version, request_id, services.clock(), record.memory_mb)
    invocation.retry_number = execution.retry_number
    services.invocations.begin(invocation)

    def end(outcome: Outcome | Exception) -> None:
        if isinstance(outcome, Exception):
            services.invocations.drop(invocation)
            on_end(outcome)
            return
        if rule is not None:
            outcome = _spoiled(outcome, rule, execution, services)
        invocation.duration_ms, invocation.memory_bytes = outcome.duration_ms, outcome.memory_bytes
        message = outcome.text if outcome.has_succeeded else error_object(outcome, request_id)
        services.invocations.end(invocation, outcome.status, message, outcome.output)
        if not outcome.has_succeeded:
            services.console.show(logs.printable(f"[{record.key.name}] ERROR RequestId:{request_id} {_shown(outcome)}"))
        on_end(Done(outcome, message))

    if rule is not None and rule.kind == "throttle":
        end(throttled(record.key.name, rule.status))
        return
    if execution.is_terminated is not None and execution.is_terminated():
        end(cancelled())
        return
    services.scheduler.submit(
        record,
        request_id,
        execution.event,
        end,
        nested=execution.nested,
        ends_instance=rule is not None and rule.kind in _DISCARDING,
    )


def _spoiled(outcome: Outcome, rule: Rule, execution: Execution, services: Services) -> Outcome:
    """What a fault makes of how a call ended."""
    if rule.kind in _DISCARDING and not outcome.has_run:
        return outcome  # what did not run can't crash
    if rule.kind == "crash":
        return exited(outcome.duration_ms, outcome.output)
    if rule.kind == "timeout":
        return timed_out(execution.record.timeout_seconds, outcome.memory_bytes, outcome.output)
    if rule.kind in ("lost", "cut"):
        services.spoiled[execution.request_id] = rule.kind
    return outcome


def error_object(outcome: Outcome, request_id: str) -> str:
    """The platform's error object, as the text that RetMsg holds: compact, keys in alphabetical order."""
    error: dict[str, object] = {
        # Both 1 and -1 have been seen for most; the documentation shows -1, and 1 for this one alone.
        "errorCode": 1 if outcome.status == OVER_QUOTA else -1,
        "errorMessage": outcome.message,
        "requestId": request_id,
    }
    if outcome.stack_trace:
        error["stackTrace"] = outcome.stack_trace
    error["statusCode"] = outcome.status
    return json.dumps(error, ensure_ascii=False, separators=(",", ":"))


def _shown(outcome: Outcome) -> str:
    return f"status {outcome.status}: {outcome.message}" + (f"\n{outcome.stack_trace}" if outcome.stack_trace else "")
