"""A queue in this process, on a real database, whose functions are futures that the test ends."""

import asyncio
import contextlib
import time
from collections import Counter

from tencentserverless.local.background_tasks import Background
from tencentserverless.local.invocation import new_request_id
from tencentserverless.local.invocations.queue import Ended, Queue
from tencentserverless.local.lifecycle import Lifecycle
from tencentserverless.local.registry.database import Database
from tencentserverless.local.registry.event_tables import Event
from tencentserverless.local.registry.function_version import AsyncConfig, FunctionKey
from tencentserverless.local.settings import Limits
from tests.conftest import LOOK_SECONDS, START_SECONDS

CONFIG = AsyncConfig(retries=1, ttl_seconds=600)
PLAIN, TRACED = (FunctionKey("ap-guangzhou", "default", name) for name in ("plain", "traced"))


class Functions:
    """What the queue runs: each run is a future, by request id.

    :ivar away: keys of functions that are not there at the moment
    :ivar noted: statuses of events that ended without a run
    """

    def __init__(self):
        self.runs = {}
        self.begun = Counter()
        self.away = set()
        self.noted = {}
        self.letters = Counter()
        self.can_bury = True

    async def run(self, event):
        if event.key in self.away:
            return Ended(435, "away", CONFIG, is_away=True)
        self.begun[event.request_id] += 1
        self.runs[event.request_id] = run = asyncio.get_running_loop().create_future()
        try:
            return Ended(await run, "error", CONFIG)
        finally:
            del self.runs[event.request_id]

    def interrupt(self, request_id, *, is_graceful):
        assert request_id in self.runs

    def note(self, event, status, message):
        self.noted[event.request_id] = status

    def dead_letter(self, dead):
        if not self.can_bury:
            raise OSError("the disk is full")
        self.letters.update(event.request_id for event, _ in dead)

    def flush(self):
        pass


class Harness:
    """The queue with its database, and what it has shown."""

    def __init__(self, path, *, at_once, time_scale, clock):
        self.shown = []
        self.functions = Functions()
        self.database = Database(path, self.shown.append)
        self.background = Background(self.shown.append, Lifecycle())
        limits = Limits(events_at_once=at_once)
        self.queue = Queue(self.database, self.functions, limits, self.background, time_scale=time_scale, clock=clock)

    async def push(self, key):
        """Have an event accepted; its request id."""
        event = Event(0, new_request_id(), key, "$LATEST", "CLOUD_API", b"{}", time.time(), is_traced=key == TRACED)
        await self.queue.push(event)
        return event.request_id

    async def terminate(self, request_id):
        """Terminate an event that has not ended."""
        event = await self.queue.find(request_id)
        assert event is not None
        assert await self.queue.terminate(event, is_graceful=False)

    def set_failing(self, is_failing):
        """Have every write fail from now on, or none."""
        for connection in (self.database._here, self.database._there):
            connection.execute(f"PRAGMA query_only = {int(is_failing)}")

    async def until(self, is_so):
        """Wait until something is so."""
        deadline = time.monotonic() + START_SECONDS
        while not is_so():
            assert time.monotonic() < deadline, "it did not come to pass"
            await asyncio.sleep(LOOK_SECONDS)


@contextlib.asynccontextmanager
async def queueing(folder, *, at_once=1, time_scale=1.0, clock=time.time):
    harness = Harness(folder / "state.db", at_once=at_once, time_scale=time_scale, clock=clock)
    harness.queue.start()
    try:
        yield harness
    finally:
        harness.queue.pause()
        await harness.background.close()
        for run in list(harness.functions.runs.values()):
            run.set_result(439)
        await harness.queue.close()
        harness.database.close()
