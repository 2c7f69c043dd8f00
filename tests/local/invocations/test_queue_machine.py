"""The queue as a state machine: whatever comes in whatever order, the database and a plain model say the same.

The database, its writing thread and the queue are the real ones; functions are replaced by futures that the machine
ends, and time by a number that the machine moves. A kill is a copy of the database's files at that moment.
"""

import asyncio
import contextlib
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tencentserverless.local.background_tasks import Background
from tencentserverless.local.invocation import Stopping
from tencentserverless.local.invocations.queue import Queue
from tencentserverless.local.lifecycle import Lifecycle
from tencentserverless.local.registry import event_tables
from tencentserverless.local.registry.database import Database, DatabaseError
from tencentserverless.local.registry.event_states import State
from tencentserverless.local.registry.event_tables import Event
from tencentserverless.local.registry.function_version import AsyncConfig, FunctionKey
from tencentserverless.local.settings import Limits
from tests.local.invocations.queueing import CONFIG, PLAIN, TRACED, Functions
from tests.profiles import examples

AT_ONCE = 2
RETRY_SECONDS = 60
OVER = {State.SUCCEEDED, State.FAILED, State.DEAD, State.ABORTED}
ENDS = {"returns": 0, "raises": 430, "has no room": 432, "breaks the server": None}
FILES = ("state.db", "state.db-wal")


class Loop(asyncio.SelectorEventLoop):
    """A loop whose time stands still unless it is moved."""

    now = 1000.0

    def time(self):
        return self.now


@dataclass
class Known:
    """What the model knows of an event that was acknowledged. QUEUED is also what is taken out and not yet run."""

    key: FunctionKey
    pushed_at: float
    state: State = State.QUEUED
    tries: int = 0
    waits_since: float = 0.0
    is_orphaned: bool = False
    stored: State | None = None  # what the database still says, where it could not be written

    @property
    def is_traced(self):
        return self.key == TRACED


class Machine(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.folder = tempfile.TemporaryDirectory(prefix="scf-queue-machine-")
        self.loop = Loop()
        self.wall = 1_700_000_000.0
        self.stepped_at = 0.0
        self.known: dict[str, Known] = {}
        self.functions = Functions()
        self.shown = []
        self.is_failing = False
        self.kills = 0
        self.loop.run_until_complete(self.begin(Path(self.folder.name, "0")))

    # What the machine does to the real ones.

    async def begin(self, path):
        path.mkdir(exist_ok=True)
        self.path = path
        self.database = Database(path / "state.db", self.shown.append)
        self.background = Background(self.shown.append, Lifecycle())
        limits = Limits(events_at_once=AT_ONCE)
        self.queue = Queue(self.database, self.functions, limits, self.background, clock=lambda: self.wall)
        self.queue.start()

    def do(self, work):
        async def scenario():
            try:
                return await work
            finally:
                await self.settle()

        result = self.loop.run_until_complete(scenario())
        self.follow()
        return result

    async def settle(self):
        """Until nothing happens any more unless time passes."""
        before, same = None, 0
        while same < 2:
            for _ in range(12):
                await asyncio.sleep(0)
            self.queue.flush()
            with contextlib.suppress(DatabaseError):
                await self.database.write(lambda connection: None)
            now = self.stored(), set(self.functions.runs)
            before, same = now, same + 1 if now == before else 0

    async def disown(self, key):
        self.queue.disown(key)

    async def wait(self, seconds):
        self.loop.now += seconds
        self.wall += seconds

    def set_failing(self, is_failing):
        for connection in (self.database._here, self.database._there):
            connection.execute(f"PRAGMA query_only = {int(is_failing)}")
        self.is_failing = is_failing

    def stored(self):
        rows = self.database.read_now(
            lambda connection: connection.execute("SELECT request_id, state FROM events").fetchall()
        )
        return {request_id: State(state) for request_id, state in rows}

    # What the model makes of it.

    def move(self, one, state):
        if self.is_failing and one.stored is None:
            one.stored = State.RUNNING
        one.state = state

    def fail(self, one, status, config=CONFIG, *, is_away=False):
        """A try has failed, or could not be made."""
        one.tries += status not in (432, 500) and not is_away
        is_in_time = self.wall - one.pushed_at + RETRY_SECONDS <= config.ttl_seconds
        is_again = is_in_time and (is_away or status in (432, 500) or one.tries <= config.retries)
        if one.state is State.TERMINATING:
            self.move(one, State.ABORTED)
        elif one.is_traced and not (is_away and is_in_time):
            self.move(one, State.FAILED)
        elif is_again:
            one.waits_since = self.loop.now
            self.move(one, State.WAITING_RETRY)
        else:
            self.move(one, State.DEAD)

    def follow(self):
        """Take over what the queue did by itself, as far as it may."""
        stored = self.stored()
        for request_id in self.functions.runs:
            one = self.known[request_id]
            if one.state is State.WAITING_RETRY:
                self.check_wait(one)
                one.state = State.QUEUED
            if one.state is State.QUEUED:
                assert not one.is_orphaned
                one.state = State.RUNNING
        if self.is_failing:
            return
        for request_id, one in self.known.items():
            self.follow_waiting(one, stored.get(request_id))
        for key in (PLAIN, TRACED):
            running = sum(self.known[each].key == key for each in self.functions.runs)
            for request_id, one in self.known.items():
                if one.key == key and one.state is State.QUEUED:
                    self.follow_queued(one, stored.get(request_id), has_place=running < AT_ONCE)

    def follow_waiting(self, one, stored):
        if one.state is State.WAITING_RETRY and stored is not State.WAITING_RETRY:
            self.check_wait(one)
            one.state = State.QUEUED

    def check_wait(self, one):
        """It has waited for a minute, unless the clock was set, or its function deleted."""
        waited = self.loop.now - one.waits_since
        assert waited >= RETRY_SECONDS or self.stepped_at >= one.waits_since or one.is_orphaned

    def follow_queued(self, one, stored, *, has_place):
        """What is queued is run, if there is a place; or there is nothing to run."""
        is_left = stored in (State.QUEUED, State.RUNNING)
        if is_left:
            assert not has_place
            assert stored is State.QUEUED or not one.is_traced
        elif one.is_orphaned:
            self.move(one, State.FAILED if one.is_traced else State.DEAD)
        else:
            assert one.key in self.functions.away, (one, stored, self.wall)
            self.fail(one, 435, is_away=True)

    @invariant()
    def the_database_says_what_the_model_says(self):
        if self.is_failing:
            return
        stored = self.stored()
        assert stored.keys() <= self.known.keys()
        for request_id, one in self.known.items():
            found = stored.get(request_id)
            if one.state in (State.FAILED, State.SUCCEEDED, State.ABORTED):
                # One that was taken out ahead is aborted as soon as it is its turn.
                is_ahead = found is State.TERMINATING and one.state is State.ABORTED and not one.is_traced
                assert found is (one.state if one.is_traced else None) or is_ahead, request_id
            elif one.state is State.DEAD:
                assert found in (None, State.DEAD)
                assert bool(self.functions.letters[request_id]) or found is State.DEAD
            elif one.state is State.QUEUED:
                assert found in (State.QUEUED, State.RUNNING), request_id
            else:
                assert found is one.state, request_id

    @invariant()
    def no_asynchronous_run_is_run_twice(self):
        assert not [each for each, one in self.known.items() if one.is_traced and self.functions.begun[each] > 1]

    @invariant()
    def only_what_may_run_runs(self):
        for request_id in self.functions.runs:
            assert self.known[request_id].state in (State.RUNNING, State.TERMINATING)

    @invariant()
    def no_task_has_died(self):
        assert not [line for line in self.shown if line.startswith("error: ") and "RuntimeError: broken" not in line]

    @invariant()
    def no_letter_is_written_twice_without_a_kill(self):
        assert self.kills or max(self.functions.letters.values(), default=0) <= 1

    # The rules.

    @rule(key=st.sampled_from([PLAIN, TRACED]), count=st.integers(1, 4))
    def push(self, key, count):
        for _ in range(count):
            request_id = f"{len(self.known)}"
            event = Event(0, request_id, key, "$LATEST", "CLOUD_API", b"{}", self.wall, is_traced=key == TRACED)
            if self.is_failing:
                with pytest.raises(DatabaseError):
                    self.do(self.queue.push(event))
            else:
                self.known[request_id] = Known(key, self.wall)
                self.do(self.queue.push(event))

    @precondition(lambda self: self.functions.runs)
    @rule(data=st.data(), how=st.sampled_from(sorted(ENDS)))
    def a_run_ends(self, data, how):
        self.do(self.end_run(data.draw(st.sampled_from(sorted(self.functions.runs))), how))

    async def end_run(self, request_id, how):
        one, run = self.known[request_id], self.functions.runs[request_id]
        if how == "breaks the server":
            run.set_exception(RuntimeError("broken"))
            self.fail(one, 500, AsyncConfig())
        else:
            run.set_result(ENDS[how])
            if how == "returns":
                self.move(one, State.SUCCEEDED)
            else:
                self.fail(one, ENDS[how])

    @precondition(lambda self: self.known and not self.is_failing)
    @rule(data=st.data(), is_graceful=st.booleans())
    def terminate(self, data, is_graceful):
        request_id = data.draw(st.sampled_from(sorted(self.known)))
        one = self.known[request_id]
        event = self.do(self.queue.find(request_id))
        if event is None:
            assert one.state in OVER
            return
        had_ended = one.state is State.ABORTED  # taken out ahead, and terminated before
        if one.state in (State.RUNNING, State.TERMINATING):
            one.state = State.TERMINATING
        else:
            one.state = State.ABORTED
        assert self.do(self.queue.terminate(event, is_graceful=is_graceful)) or had_ended

    @precondition(lambda self: not self.is_failing)
    @rule(key=st.sampled_from([PLAIN, TRACED]))
    def the_function_is_deleted(self, key):
        for one in self.known.values():
            one.is_orphaned = one.is_orphaned or (one.key == key and one.state not in OVER)
        self.do(self.disown(key))

    @rule(key=st.sampled_from([PLAIN, TRACED]))
    def the_folder_goes_or_comes_back(self, key):
        self.functions.away ^= {key}

    @rule(seconds=st.sampled_from([1, 61, 61, 300]))
    def time_passes(self, seconds):
        self.do(self.wait(seconds))

    @rule(seconds=st.sampled_from([-60, 60]))
    def the_clock_is_set(self, seconds):
        self.wall += seconds
        self.stepped_at = self.loop.now
        self.do(asyncio.sleep(0))

    @rule()
    def the_disk_is_full(self):
        self.set_failing(True)

    @precondition(lambda self: self.is_failing)
    @rule()
    def the_disk_has_room(self):
        self.set_failing(False)
        for _ in range(2):  # what failed is tried again each second
            self.loop.run_until_complete(self.wait(1.1))
            self.loop.run_until_complete(self.settle())
        for one in self.known.values():
            one.stored = None
        self.do(asyncio.sleep(0))

    @rule()
    def dead_letters_fail_or_not(self):
        self.functions.can_bury = not self.functions.can_bury

    @rule(data=st.data())
    def the_server_is_restarted(self, data):
        # What an instance had not read yet is known not to have run.
        unread = [] if self.is_failing else [each for each in sorted(self.functions.runs) if data.draw(st.booleans())]
        for request_id, one in self.known.items():
            self.recover(one, has_begun=request_id not in unread)
        self.loop.run_until_complete(self.stop(unread))
        self.is_failing = False
        self.loop.run_until_complete(self.begin(self.path))
        self.do(asyncio.sleep(0))

    def recover(self, one, *, has_begun=True):
        """What the next server makes of it."""
        if one.stored is not None:
            one.state, one.stored = one.stored, None
        if one.state is State.TERMINATING or (one.state is State.RUNNING and one.is_traced and has_begun):
            one.state = State.ABORTED
        elif one.state is State.RUNNING:
            one.state = State.QUEUED

    async def stop(self, unread):
        self.queue.pause()
        await self.finish(self.background.close())
        for request_id, run in list(self.functions.runs.items()):
            self.functions.begun[request_id] -= request_id in unread
            run.set_exception(Stopping(has_begun=request_id not in unread))
        await self.finish(self.queue.close())
        self.database.close()

    async def finish(self, work):
        """Do something that gives up, after a while, what is tried again each second."""
        task = self.loop.create_task(work)
        while not task.done():
            await self.wait(0.6)
            await asyncio.wait({task}, timeout=0)
        await task

    @rule(data=st.data(), how=st.sampled_from([None, *sorted(ENDS)]))
    def the_server_is_killed(self, data, how):
        self.kills += 1
        if how is not None and self.functions.runs and not self.is_failing:
            # Its end is not written yet.
            one = self.known[request_id := data.draw(st.sampled_from(sorted(self.functions.runs)))]
            state, tries = one.state, one.tries
            self.loop.run_until_complete(self.end_run(request_id, how))
            one.state, one.tries = state, tries
        for one in self.known.values():
            self.recover(one)
        old, folder = self.path, self.path.with_name(f"{self.kills}")
        folder.mkdir()
        for name in FILES:
            if (old / name).exists():
                shutil.copy(old / name, folder / name)
        self.loop.run_until_complete(self.abandon())
        self.is_failing = False
        self.loop.run_until_complete(self.begin(folder))
        self.do(asyncio.sleep(0))

    async def abandon(self):
        """Nothing of the old server goes on."""
        self.queue.pause()
        await self.finish(self.background.close())
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await task
        self.functions.runs.clear()
        await asyncio.sleep(0)
        self.database.close()

    def teardown(self):
        """If all is well from now on, every event that was acknowledged comes to an end."""
        try:
            self.functions.away.clear()
            self.functions.can_bury = True
            if self.is_failing:
                self.the_disk_has_room()
            for _ in range(4 * len(self.known) + 4):
                if all(one.state in OVER for one in self.known.values()):
                    break
                self.time_passes(61)
                for request_id in sorted(self.functions.runs):
                    if request_id in self.functions.runs:
                        self.do(self.end_run(request_id, "returns"))
                self.the_database_says_what_the_model_says()
            assert all(one.state in OVER for one in self.known.values())
            assert self.database.read_now(event_tables.waiting) == {}
            assert not [lane.waiting for lane in self.queue._queues.values() if lane.waiting]
        finally:
            self.loop.run_until_complete(self.abandon())
            self.loop.close()
            self.folder.cleanup()


TestQueue = Machine.TestCase
TestQueue.settings = settings(max_examples=examples(80, share=8), stateful_step_count=40, deadline=None)
TestQueue.pytestmark = [pytest.mark.campaign]
