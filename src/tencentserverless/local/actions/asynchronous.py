"""Runs what the queue of asynchronous invocations takes out, and buries what has failed for good.

Source: cloud.tencent.com/document/product/583/51520 (dead letters).
"""

import json
import os
from pathlib import Path

from tencentserverless._core import wire
from tencentserverless.local.actions.action import Services
from tencentserverless.local.actions.execution import Execution, error_object, execute
from tencentserverless.local.actions.paging import time_text
from tencentserverless.local.ids import new_request_id
from tencentserverless.local.refusals import ApiError
from tencentserverless.local.registry.events import Event
from tencentserverless.local.registry.function import Function
from tencentserverless.local.registry.invocations import Invocation
from tencentserverless.local.registry.records import AsyncConfig
from tencentserverless.local.registry.store import StoreFailed
from tencentserverless.local.registry.triggers import Trigger
from tencentserverless.local.scheduler.queue import Ended, QueueFull
from tencentserverless.local.scheduler.retries import INTERNAL_ERROR, NOT_FOUND
from tencentserverless.local.settings import MIB
from tencentserverless.local.worker.outcome import Outcome

DEAD_LETTERS_NAME = "dead-letters.jsonl"
_MAX_FILE_BYTES = 64 * MIB
TIMER_ORIGIN = "TRIGGER_TIMER"


class QueueExecutor:
    """What the queue needs of the rooms above it.

    :param folder: where the dead letters go
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / DEAD_LETTERS_NAME
        self._terminated: set[str] = set()
        self.services: Services  # set when there are any: they hold the queue, which holds this

    async def run(self, event: Event) -> Ended:
        """Run an event on the version that its qualifier leads to now."""
        services, request_id = self.services, event.request_id
        function = services.catalogue.find(event.key)
        record = function.resolve(event.qualifier, services.dice) if function else None
        is_away = record is not None and record.package is None and services.catalogue.find_away(event.key) is not None
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
            done = await execute(execution, services)
        except ApiError as refusal:  # by a fault rule: as if the platform had failed
            return Ended(INTERNAL_ERROR, str(refusal), function.async_config)
        finally:
            self._terminated.discard(request_id)
        services.spoiled.pop(request_id, None)  # nobody waits for its answer
        outcome = done.outcome
        return Ended(outcome.status, outcome.stack_trace or outcome.message, function.async_config)

    def note(self, event: Event, status: int, message: str) -> None:
        """Keep in the record of invocations how an event has ended, or what kept it from being tried."""
        services = self.services
        function = services.catalogue.find(event.key)
        memory_mb = function.latest.memory_mb if function else 0
        invocation = Invocation(event.key, event.qualifier, event.request_id, services.clock(), memory_mb)
        invocation.retry_number = event.tries
        outcome = Outcome(status, message=message)
        services.invocations.end(invocation, status, error_object(outcome, event.request_id), b"")
        services.console.show(f"[{event.key.name}] ERROR RequestId:{event.request_id} status {status}: {message}")

    async def fire(self, function: Function, trigger: Trigger, event: bytes) -> None:
        """A timer has rung: its event is one like any other."""
        record = function.pinned(trigger.qualifier)
        pushed = Event(
            0,
            new_request_id(),
            function.key,
            trigger.qualifier,
            TIMER_ORIGIN,
            event,
            self.services.clock(),
            is_traced=record is not None and record.runs_async,
        )
        try:
            await self.services.queue.push(pushed)
        except (QueueFull, StoreFailed) as error:
            self.services.console.show(f"[{function.key.name}] the timer {trigger.name} was not heard: {error}")

    def interrupt(self, request_id: str, *, is_graceful: bool) -> None:
        """End a call, or keep it from being run."""
        self._terminated.add(request_id)
        self.services.scheduler.interrupt(request_id, is_graceful=is_graceful)

    def flush(self) -> None:
        """Have the records of calls written."""
        self.services.invocations.flush()

    def bury(self, dead: list[tuple[Event, str]]) -> None:
        """Append letters to the file, as the platform sends them to a topic.

        :raises OSError: if they can't all be; then none is
        """
        if self._path.exists() and self._path.stat().st_size > _MAX_FILE_BYTES:
            self._path.replace(self._path.with_suffix(".old.jsonl"))
        lines = [json.dumps(self._letter(event, error), ensure_ascii=False) for event, error in dead]
        # Half of a surrogate pair is no UTF-8, but JSON has an escape for it.
        _append(self._path, "".join(f"{line}\n" for line in lines).encode("utf-8", "backslashreplace"))
        for event, _ in dead:
            given_up = f"RequestId:{event.request_id} is given up after {max(1, event.tries)} tries: {self._path}"
            self.services.console.show(f"[{event.key.name}] {given_up}")

    def _letter(self, event: Event, error: str) -> dict[str, object]:
        """What the platform's dead letter holds."""
        settings, function = self.services.settings, self.services.catalogue.find(event.key)
        body = {
            "AppId": settings.appid,
            "Uin": settings.uin,
            "SubAccountUin": settings.uin,
            "RequestSource": event.origin,
            "FunctionName": event.key.name,
            "Namespace": event.key.namespace,
            "Qualifier": event.qualifier,
            "InvocationType": wire.EVENT,
            "ClientContext": event.payload.decode("utf-8", "replace"),
            "LogType": "None",
            "TimeStampForInvoker": int(event.pushed_at * 1000),
            "RequestId": event.request_id,
            "PushTime": time_text(event.pushed_at),
            "RetryNum": max(0, event.tries - 1),
            "Ttl": function.async_config.ttl_seconds if function else 0,
        }
        return {"RequestId": event.request_id, "ErrorCode": -1, "ErrorMessage": error, "Body": body}


def _append(path: Path, data: bytes) -> None:
    """Append to a file, all or nothing."""
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        size = os.fstat(descriptor).st_size
        try:
            written = 0
            while written < len(data):
                written += os.write(descriptor, data[written:])
        except OSError:
            os.ftruncate(descriptor, size)
            raise
    finally:
        os.close(descriptor)
