"""Runs what the queue of asynchronous invocations takes out, and buries what has failed for good.

Source: cloud.tencent.com/document/product/583/51520 (dead letters).
"""

import json
import os
from pathlib import Path

from tencentserverless._core import wire
from tencentserverless.local.actions.action import Services
from tencentserverless.local.actions.execution import Execution, execute
from tencentserverless.local.actions.paging import time_text
from tencentserverless.local.ids import new_request_id
from tencentserverless.local.refusals import ApiError
from tencentserverless.local.registry.events import Event
from tencentserverless.local.registry.function import Function
from tencentserverless.local.registry.store import StoreFailed
from tencentserverless.local.registry.triggers import Trigger
from tencentserverless.local.scheduler.queue import Ended, QueueFull
from tencentserverless.local.scheduler.retries import INTERNAL_ERROR
from tencentserverless.local.settings import MIB, Settings

DEAD_LETTERS_NAME = "dead-letters.jsonl"
_MAX_FILE_BYTES = 64 * MIB
TIMER_ORIGIN = "TRIGGER_TIMER"
_GONE = 435  # document/product/583/42611: there is no such function


class QueueExecutor:
    """What the queue needs of the rooms above it.

    :param folder: where the dead letters go
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / DEAD_LETTERS_NAME
        self.services: Services  # set when there are any: they hold the queue, which holds this

    async def run(self, event: Event) -> Ended:
        """Run an event on the version that its qualifier leads to now."""
        services = self.services
        function = services.catalogue.find(event.key)
        record = function.resolve(event.qualifier, services.dice) if function else None
        if function is None or record is None:
            return Ended(_GONE, "", f"Function {event.key.name!r} is gone, or its {event.qualifier!r} is", None)
        try:
            done = await execute(Execution(record, event.request_id, event.payload, retry_number=event.tries), services)
        except ApiError as refusal:  # by a fault rule: as if the platform had failed
            return Ended(INTERNAL_ERROR, "", str(refusal), function.async_config)
        services.spoiled.pop(event.request_id, None)  # nobody waits for its answer
        outcome = done.outcome
        return Ended(outcome.status, done.message, outcome.stack_trace or outcome.message, function.async_config)

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
        """End a call."""
        self.services.scheduler.interrupt(request_id, is_graceful=is_graceful)

    def flush(self) -> None:
        """Have the records of calls written."""
        self.services.invocations.flush()

    def bury(self, event: Event, ended: Ended) -> None:
        """Append a letter to the file, as the platform sends it to a topic."""
        if self._path.exists() and self._path.stat().st_size > _MAX_FILE_BYTES:
            self._path.replace(self._path.with_suffix(".old.jsonl"))
        descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(json.dumps(_letter(event, ended, self.services.settings), ensure_ascii=False) + "\n")
        tries = max(1, event.tries)
        given_up = f"[{event.key.name}] RequestId:{event.request_id} is given up after {tries} tries: {self._path}"
        self.services.console.show(given_up)


def _letter(event: Event, ended: Ended, settings: Settings) -> dict[str, object]:
    """What the platform's dead letter holds."""
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
        "Ttl": ended.config.ttl_seconds if ended.config else 0,
    }
    return {"RequestId": event.request_id, "ErrorCode": -1, "ErrorMessage": ended.error, "Body": body}
