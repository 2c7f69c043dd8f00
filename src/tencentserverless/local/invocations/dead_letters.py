"""Dead letters of events that were given up. An event is deleted once its dead letter is written.

Source: cloud.tencent.com/document/product/583/51520 (dead letters).
"""

import asyncio
import contextlib
import json
import os
from collections import deque
from collections.abc import Callable
from pathlib import Path

from tencentserverless._core import wire
from tencentserverless.local.console import Console
from tencentserverless.local.invocations.event_writer import EventWriter
from tencentserverless.local.platform_time import time_text
from tencentserverless.local.registry import event_tables
from tencentserverless.local.registry.catalogue import Catalogue
from tencentserverless.local.registry.database import DatabaseError
from tencentserverless.local.registry.event_tables import Event
from tencentserverless.local.settings import MIB, Settings

_BATCH = 64
_FILE_NAME = "dead-letters.jsonl"
_MAX_FILE_BYTES = 64 * MIB

WriteLetters = Callable[[list[tuple[Event, str]]], None]


class DeadLetters:
    """One task that writes the dead letters of events in state DEAD, the oldest first.

    :param write: writes all dead letters of a batch, or none of them and raises OSError
    :param pause_seconds: before the next attempt, after a write has failed
    :param show: called with a line for the user
    """

    def __init__(
        self, records: EventWriter, write: WriteLetters, pause_seconds: float, show: Callable[[str], None]
    ) -> None:
        self._records = records
        self._write = write
        self._pause_seconds = pause_seconds
        self._show = show
        self._has_more = asyncio.Event()
        self._is_failing = False

    def wake(self) -> None:
        """Note that an event is DEAD."""
        self._has_more.set()

    async def run(self) -> None:
        """Write dead letters as events become DEAD, until the task is cancelled."""
        while True:
            self._has_more.clear()
            try:
                while await self._write_batch():
                    pass
            except OSError as error:
                if not self._is_failing:
                    self._is_failing = True
                    self._show(f"warning: dead letters can't be written: {error}; they are kept, and tried again")
                await asyncio.sleep(self._pause_seconds)
            else:
                await self._has_more.wait()

    async def close(self) -> None:
        """Write the remaining dead letters if possible; else the next server does."""
        with contextlib.suppress(OSError, DatabaseError):
            while await self._write_batch():
                pass

    async def _write_batch(self) -> bool:
        """Write one batch of dead letters. Returns False if there are none."""
        dead = await self._records.keep(event_tables.dead(_BATCH))
        if not dead:
            return False
        self._write(dead)
        if self._is_failing:
            self._is_failing = False
            self._show("dead letters are written again")
        await self._records.keep(event_tables.forget_dead(event.number for event, _ in dead))
        return True


class DeadLetterFile:
    """The file of dead letters, with the fields that the platform sends to a topic.

    :param folder: of the file
    """

    def __init__(self, folder: Path, settings: Settings, catalogue: Catalogue, console: Console) -> None:
        self._path = folder / _FILE_NAME
        self._settings = settings
        self._catalogue = catalogue
        self._console = console

    def append(self, dead: list[tuple[Event, str]]) -> None:
        """Append dead letters, and show each on the terminal.

        :param dead: events, each with the error of its last attempt
        :raises OSError: if they can't all be written; then none is
        """
        if self._path.exists() and self._path.stat().st_size > _MAX_FILE_BYTES:
            self._path.replace(self._path.with_suffix(".old.jsonl"))
        letters = [_dead_letter(event, error, self._settings, self._catalogue) for event, error in dead]
        lines = [json.dumps(letter, ensure_ascii=False) for letter in letters]
        # Half of a surrogate pair is no UTF-8, but JSON has an escape for it.
        _append(self._path, "".join(f"{line}\n" for line in lines).encode("utf-8", "backslashreplace"))
        for event, _ in dead:
            given_up = f"RequestId:{event.request_id} is given up after {max(1, event.tries)} tries: {self._path}"
            self._console.show(f"[{event.key.name}] {given_up}")

    def read_last(self, name: str | None, count: int) -> list[object]:
        """Return the last dead letters, the oldest first. May take some milliseconds.

        :param name: of the function; None for all functions
        """
        found: deque[object] = deque(maxlen=count)
        for path in (self._path.with_suffix(".old.jsonl"), self._path):
            with contextlib.suppress(FileNotFoundError), path.open(encoding="utf-8") as file:
                letters = (json.loads(line) for line in file)
                found.extend(each for each in letters if name in (None, each["Body"]["FunctionName"]))
        return list(found)


def _dead_letter(event: Event, error: str, settings: Settings, catalogue: Catalogue) -> dict[str, object]:
    """Return the fields of the platform's dead letter."""
    function = catalogue.find(event.key)
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
    letter = {"RequestId": event.request_id, "ErrorCode": -1, "ErrorMessage": error, "Body": body}
    return letter | {"Region": event.key.region}  # ours: a topic belongs to a region, and this file to all


def _append(path: Path, data: bytes) -> None:
    """Append all of the data to a file, or none of it."""
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
