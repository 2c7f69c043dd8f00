"""One instance: a worker process with its keys and its scratch folder; and the launcher that makes them."""

import asyncio
import shutil
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path

from tencentserverless.local.console import Console
from tencentserverless.local.keys import Grant, KeyRing
from tencentserverless.local.ledger import Ledger
from tencentserverless.local.logs import Output
from tencentserverless.local.registry.records import LATEST, FunctionRecord
from tencentserverless.local.scheduler.job import Job
from tencentserverless.local.settings import MIB, Settings
from tencentserverless.local.worker import outcome
from tencentserverless.local.worker.custom import CustomCommand, start_custom_worker
from tencentserverless.local.worker.environment import key_variables, load_frame, make_environment
from tencentserverless.local.worker.interpreters import CUSTOM_RUNTIME, Interpreters
from tencentserverless.local.worker.memory import MemoryWatch
from tencentserverless.local.worker.outcome import Outcome
from tencentserverless.local.worker.process import Command, start_worker
from tencentserverless.local.worker.remains import end_remains, mark_of
from tencentserverless.local.worker.runner import Runner
from tencentserverless.local.worker.support import Support, debugger_folder

_KEY_MARGIN_SECONDS = 60
_UNBOUND_MB = 1024 * 1024
_DEBUG_SECONDS = 7 * 24 * 3600  # nobody hurries a person at a breakpoint
_ENDS_INSTANCE = frozenset((outcome.TIMED_OUT, outcome.MEMORY_EXCEEDED, outcome.EXITED))


@dataclass(slots=True, eq=False)
class Instance:
    """A worker process that has loaded its handler.

    :param is_doomed: it is discarded after the call that it runs
    :param jobs: the call that it runs, and those that wait in its channel, by request id
    """

    record: FunctionRecord
    worker: Runner
    grant: Grant
    keys: KeyRing
    ledger: Ledger
    jobs: dict[str, Job] = field(default_factory=dict)
    idle_since: float = 0.0
    is_debugged: bool = False
    is_doomed: bool = False

    @property
    def is_alive(self) -> bool:
        """Whether the process runs, as far as is known."""
        return self.worker.is_alive

    def begin(self, job: Job) -> None:
        """Run the handler on a call's event; ``worker.on_end`` is told how it ends."""
        self._note(job)
        self.is_doomed = job.ends_instance
        timeout_seconds = _DEBUG_SECONDS if self.is_debugged else self.record.timeout_seconds
        if self._has_worn_keys() and not self.worker.takes_keys:
            self.worker.kill()  # nothing of the call has run: it gets a new instance
        self.worker.begin(job.request_id, job.event, self._fresh_keys(), timeout_seconds)

    def queue(self, job: Job) -> bool:
        """Hand a call over before the one that runs has ended. False if the worker does not take it."""
        if not self.worker.queue(job.request_id, job.event, self._fresh_keys()):
            return False
        self._note(job)
        return True

    def finish(self, request_id: str, result: Outcome | None) -> Job:
        """A call has ended; ends the instance where the platform would discard it.

        :param result: None if nothing of it ran
        :return: the call
        """
        if self.ledger.is_on:
            self.ledger.end(request_id, None if result is None else result.status)
        if result is None:
            ends = not self.is_alive
        else:
            ends = (
                self.is_doomed
                or result.status in _ENDS_INSTANCE
                or (self.record.runs_async and not result.has_succeeded)
            )
        if ends:
            self.end()
        return self.jobs.pop(request_id)

    def end(self) -> None:
        """Kill the process, with everything in its group, and take its keys back."""
        self.worker.kill()
        self.keys.revoke(self.grant)

    def _note(self, job: Job) -> None:
        self.jobs[job.request_id] = job
        if self.ledger.is_on:
            self.ledger.begin(self.record, job.request_id, job.event)

    def _has_worn_keys(self) -> bool:
        """Whether its keys may end before a call does that begins now."""
        return self.keys.is_worn(self.grant, self.record.timeout_seconds + _KEY_MARGIN_SECONDS)

    def _fresh_keys(self) -> dict[str, str]:
        """New temporary keys, as variables, if the present ones are worn and the worker can take others."""
        if not self._has_worn_keys() or not self.worker.takes_keys:
            return {}
        self.keys.revoke(self.grant)
        self.grant = self.keys.issue()
        return key_variables(self.grant)


@dataclass(frozen=True, slots=True)
class Ground:
    """What every instance stands on.

    :param endpoint_url: where functions find this server
    """

    settings: Settings
    keys: KeyRing
    interpreters: Interpreters
    support: Support
    console: Console
    endpoint_url: str
    ledger: Ledger = field(default_factory=Ledger)


class Launcher:
    """Makes instances, and knows every process that has been started and is not yet dead."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._living: set[Runner] = set()
        self._memory = MemoryWatch()
        self._farewells: set[asyncio.Task[None]] = set()
        self._is_closed = False

    async def launch(self, record: FunctionRecord, on_end: Callable[[Instance], None]) -> Instance | Outcome:
        """Start a process and have it load the handler.

        :param on_end: called once when the process is dead, if the instance came up
        :return: the instance, or what kept it from coming up
        """
        ground = self._ground
        grant = ground.keys.issue()
        scratch: Path | None = None
        output = Output(record.key.name, ground.settings.limits.output_bytes, ground.console.show)
        try:
            scratch = ground.support.make_scratch()
            environment = make_environment(record, ground.settings, ground.endpoint_url, grant, scratch)
            worker = await self._start(record, environment, output)
        except BaseException as error:
            ground.keys.revoke(grant)
            if scratch:
                shutil.rmtree(scratch, ignore_errors=True)
            if isinstance(error, OSError):
                return outcome.start_failed(error.strerror or str(error))
            raise
        instance = Instance(record, worker, grant, ground.keys, ground.ledger, is_debugged=self.is_debugged(record))
        self._living.add(worker)
        failure: Outcome | None = outcome.start_failed("the server is stopping")
        try:
            if not self._is_closed:
                patience_seconds = _DEBUG_SECONDS if instance.is_debugged else record.init_timeout_seconds
                failure = await worker.load(self._load_frame(record), patience_seconds)
        finally:
            if failure is not None:
                instance.end()
            self._watch(self._see_off(instance, scratch, None if failure else on_end))
        if failure is None and not instance.is_debugged:  # the debugger's own memory is not the function's
            self._memory.add(worker, record.memory_mb * MIB)
        return failure or instance

    def is_debugged(self, record: FunctionRecord) -> bool:
        """Whether instances of it listen for a debugger; there can be one of them."""
        return record.key.name in self._ground.settings.debug_ports and record.version == LATEST

    async def close(self) -> None:
        """Kill every process and wait until all are dead."""
        self._is_closed = True
        self._memory.close()
        for worker in list(self._living):
            worker.kill()
        while self._farewells:
            await asyncio.wait(self._farewells)
        await asyncio.to_thread(end_remains, self._ground.support.root.name + "/")

    def _watch(self, farewell: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(farewell)
        self._farewells.add(task)
        task.add_done_callback(self._farewells.discard)

    async def _see_off(self, instance: Instance, scratch: Path, on_end: Callable[[Instance], None] | None) -> None:
        await instance.worker.wait_closed()
        self._living.discard(instance.worker)
        self._memory.remove(instance.worker)
        instance.end()
        if on_end is not None:
            on_end(instance)
        await asyncio.to_thread(_clean_up, scratch, has_remains=not self._is_closed)

    async def _start(self, record: FunctionRecord, environment: dict[str, str], output: Output) -> Runner:
        if record.runtime == CUSTOM_RUNTIME:
            umask = self._ground.settings.umask
            command = CustomCommand(record.code_folder, environment, record.handler, record.memory_mb, umask)
            return await start_custom_worker(command, output)
        return await start_worker(self._command(record, environment), output)

    def _command(self, record: FunctionRecord, environment: dict[str, str]) -> Command:
        ground = self._ground
        interpreter = ground.interpreters.find(record.runtime)
        if interpreter is None:
            raise FileNotFoundError(2, f"there is no interpreter for {record.runtime}")
        return Command(
            interpreter=interpreter,
            is_python2=ground.interpreters.is_python2(record.runtime),
            child_folder=ground.support.child_folder,
            code_folder=record.code_folder,
            label=record.key.name,
            environment=environment,
            memory_mb=_UNBOUND_MB if self.is_debugged(record) else record.memory_mb,
        )

    def _load_frame(self, record: FunctionRecord) -> dict[str, object]:
        ground = self._ground
        is_python2 = ground.interpreters.is_python2(record.runtime)
        sdk_folder = None if is_python2 else ground.support.sdk_folder
        debugger = debugger_folder() if self.is_debugged(record) else None
        return load_frame(record, ground.settings, sdk_folder, debugger)


def _clean_up(scratch: Path, *, has_remains: bool) -> None:
    """End what an instance has left running, and remove what it has left lying.

    :param has_remains: a server that stops looks once, for all of them
    """
    if has_remains:
        end_remains(mark_of(scratch))
    shutil.rmtree(scratch, ignore_errors=True)
