"""Launches instances, and keeps every worker that has started and is not yet dead."""

import asyncio
import shutil
from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tencentserverless.local import outcome
from tencentserverless.local.access_keys import AccessKey, KeyRing
from tencentserverless.local.console import Console
from tencentserverless.local.lifecycle import Lifecycle
from tencentserverless.local.outcome import Outcome
from tencentserverless.local.registry.function_version import LATEST, WEB, FunctionRecord
from tencentserverless.local.scheduler.instance import DEBUG_SECONDS, Instance, RunLedger
from tencentserverless.local.scheduler.instance_states import TRANSITIONS, Move
from tencentserverless.local.scheduler.layer_folders import LayerFolders
from tencentserverless.local.scheduler.sole_port import SolePort
from tencentserverless.local.scheduler.web_starter import WebLaunch, WebStarter
from tencentserverless.local.settings import BUNDLE_VARIABLE, MIB, TRUST_VARIABLES, Settings
from tencentserverless.local.worker.custom_worker import CustomCommand, NotExecutable, start_custom_worker
from tencentserverless.local.worker.environment import Place, load_frame, make_environment, module_folders
from tencentserverless.local.worker.interpreters import CUSTOM_RUNTIME, Interpreters
from tencentserverless.local.worker.isolation import NO_ISOLATION, Isolation, LayerFolder
from tencentserverless.local.worker.memory_watch import MemoryWatch
from tencentserverless.local.worker.output import Output
from tencentserverless.local.worker.own_writes import OwnWrites, note_frame
from tencentserverless.local.worker.process_group import instance_tag, kill_orphans
from tencentserverless.local.worker.python_worker import Command, start_python_worker
from tencentserverless.local.worker.run_directory import RunDirectory, debugger_folder
from tencentserverless.local.worker.web_start import NoInterpreter, NotStartable
from tencentserverless.local.worker.worker import Worker

_UNBOUND_MB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class LaunchContext:
    """Settings and shared services that the launcher passes to every new instance.

    :param endpoint_url: the URL at which functions find this server
    :param own_writes: takes notes of instances that nothing parts from this machine; None to take none
    :param variables: further variables of every function
    :param layer_folders: finds the layers of functions; None if there are none
    """

    settings: Settings
    keys: KeyRing
    interpreters: Interpreters
    run_directory: RunDirectory
    console: Console
    endpoint_url: str
    ledger: RunLedger
    lifecycle: Lifecycle
    isolation: Isolation = NO_ISOLATION
    own_writes: OwnWrites | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    layer_folders: LayerFolders | None = None

    @property
    def bundle(self) -> str:
        """The file of roots that functions trust, ``""`` for those that they bring."""
        return self.variables.get(BUNDLE_VARIABLE, "")


class Launcher:
    """Launches instances, and keeps every process that has started and is not yet dead."""

    def __init__(self, context: LaunchContext) -> None:
        self._context = context
        self._living: set[Worker] = set()
        self._memory = MemoryWatch()
        self._reapers: set[asyncio.Task[None]] = set()
        self._web = WebStarter(context.settings, context.interpreters, context.run_directory, context.console.show)
        self._port = SolePort()

    async def launch(self, record: FunctionRecord, on_end: Callable[[Instance], None]) -> Instance | Outcome:
        """Start a process and let it load the handler.

        :param on_end: called once, when the process is dead, if the handler was loaded
        :return: the instance, or the outcome if it could not start
        """
        if record.type != WEB or not self._web.is_alone(record):
            return await self._launch(record, on_end)
        async with self._port.turn():
            started = await self._launch(record, on_end)
            if isinstance(started, Instance):
                self._port.holder = started
            return started

    async def _launch(self, record: FunctionRecord, on_end: Callable[[Instance], None]) -> Instance | Outcome:
        context, began = self._context, asyncio.get_running_loop().time()
        access_key = context.keys.issue()
        scratch: Path | None = None
        output = Output(record.key.name, context.settings.limits.output_bytes, context.console.show)
        try:
            scratch = context.run_directory.make_scratch()
            layers = await self._find_layers(record, scratch)
            place = self._find_place(record, scratch, layers)
            environment = make_environment(
                record, context.settings, context.endpoint_url, access_key, place, more=context.variables
            )
            worker = await self._start(record, environment, place, output, access_key)
        except BaseException as error:
            self._give_back(access_key, scratch)
            failure = _failure_of(error)
            if failure is None:
                raise
            return failure
        instance = Instance(
            record, worker, access_key, context.keys, context.ledger, is_debugged=self.is_debugged(record)
        )
        self._living.add(worker)
        failure = outcome.start_failed("the server is stopping")
        try:
            if not context.lifecycle.is_stopping:
                patience_seconds = DEBUG_SECONDS if instance.is_debugged else record.init_timeout_seconds
                failure = await worker.load(self._load_frame(record, place), patience_seconds)
        finally:
            if failure is not None:
                instance.end()
            else:
                instance.state = TRANSITIONS[instance.state, Move.READY]
                instance.start_ms = (asyncio.get_running_loop().time() - began) * 1000.0
            self._watch(self._reap(instance, scratch, None if failure else on_end))
        if failure is None and not instance.is_debugged:  # the debugger's memory does not count as the function's
            self._memory.add(worker, record.memory_mb * MIB)
        return failure or instance

    def is_debugged(self, record: FunctionRecord) -> bool:
        """True if instances of the version listen for a debugger; then there is at most one instance."""
        return record.key.name in self._context.settings.debug_ports and record.version == LATEST

    def prepare(self, records: Iterable[FunctionRecord]) -> None:
        """Find out, before the first call, what instances of these versions need."""
        self._web.prepare(records)

    def is_alone(self, record: FunctionRecord) -> bool:
        """True if there is at most one instance of the version."""
        return self.is_debugged(record) or (record.type == WEB and self._web.is_alone(record))

    async def close(self) -> None:
        """Kill every process and wait until all are dead."""
        self._memory.close()
        for worker in list(self._living):
            worker.kill()
        while self._reapers:
            await asyncio.wait(self._reapers)
        await asyncio.to_thread(kill_orphans, self._context.run_directory.root.name + "/")

    def _watch(self, reaper: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(reaper)
        self._reapers.add(task)
        task.add_done_callback(self._reapers.discard)

    async def _reap(self, instance: Instance, scratch: Path, on_end: Callable[[Instance], None] | None) -> None:
        await instance.worker.wait_closed()
        self._living.discard(instance.worker)
        self._memory.remove(instance.worker)
        instance.end()
        instance.state = TRANSITIONS[instance.state, Move.EXITED]
        self._release_layers(scratch)  # before the end is told, upon which unused packages are dropped
        if on_end is not None:
            on_end(instance)
        self._forget_notes(scratch)
        await asyncio.to_thread(_clean_up, scratch, seeks_orphans=not self._context.lifecycle.is_stopping)

    def _give_back(self, access_key: AccessKey, scratch: Path | None) -> None:
        """Take back what an instance had that could not start."""
        self._context.keys.revoke(access_key)
        if scratch:
            self._release_layers(scratch)
            self._forget_notes(scratch)
            shutil.rmtree(scratch, ignore_errors=True)

    def _forget_notes(self, scratch: Path) -> None:
        if self._context.own_writes is not None:
            self._context.own_writes.end(scratch.name)

    def _release_layers(self, scratch: Path) -> None:
        if self._context.layer_folders is not None:
            self._context.layer_folders.release(scratch.name)

    async def _find_layers(self, record: FunctionRecord, scratch: Path) -> Path | None:
        """Return the folder with the files of a function's layers, None if it has none."""
        finder = self._context.layer_folders
        return await finder.find(record, scratch.name) if finder is not None and record.layers else None

    def _find_place(self, record: FunctionRecord, scratch: Path, layers: Path | None) -> Place:
        """Decide what parts an instance from this machine; where nothing does, it notes what it writes."""
        context = self._context
        isolation, needed = context.isolation, self._needed(record)
        if record.type == WEB or context.interpreters.can_isolate(record.runtime):
            as_opt = LayerFolder(layers, context.run_directory.mounts_of(scratch)) if layers else None
            plan = isolation.plan(record.code_folder, scratch, needed, as_opt)
            if plan is not None:
                return Place(scratch, plan, layers=layers)
        if context.own_writes is None or (record.runtime == CUSTOM_RUNTIME and record.type != WEB):
            return Place(scratch, layers=layers)
        has_calls = record.type != WEB
        path = context.own_writes.open(scratch.name, record.key.name, record.code_folder, has_calls=has_calls)
        apart = [context.run_directory.root, *isolation.seen(record.code_folder, needed), *([layers] if layers else [])]
        return Place(scratch, None, note_frame(path, record.code_folder, isolation.noted_tmp, apart), layers)

    def _needed(self, record: FunctionRecord) -> list[Path]:
        """Return what an instance reads beside its code folder and the interpreters."""
        entries = module_folders(record, self._context.settings)
        debugger = debugger_folder() if self.is_debugged(record) else None
        roots = [Path(self._context.variables[name]) for name in TRUST_VARIABLES if name in self._context.variables]
        shims = self._context.run_directory.shim_places() if record.type == WEB else []
        found = [*self._context.run_directory.sdk_places(), *shims, *entries, *roots, *([debugger] if debugger else [])]
        return [path for path in found if path.is_absolute()]

    async def _start(
        self, record: FunctionRecord, environment: dict[str, str], place: Place, output: Output, access_key: AccessKey
    ) -> Worker:
        if record.type == WEB:
            return await self._web.start(record, self._web_launch(record, environment, place, output, access_key))
        if record.runtime == CUSTOM_RUNTIME:
            umask = self._context.settings.umask
            command = CustomCommand(
                record.code_folder, environment, record.handler, record.memory_mb, umask, place.isolation
            )
            return await start_custom_worker(command, output)
        return await start_python_worker(self._command(record, environment), output)

    def _web_launch(
        self, record: FunctionRecord, environment: dict[str, str], place: Place, output: Output, access_key: AccessKey
    ) -> WebLaunch:
        is_debugged = self.is_debugged(record)
        memory_mb = _UNBOUND_MB if is_debugged else record.memory_mb
        debugger = debugger_folder() if is_debugged else None
        return WebLaunch(environment, place, output, access_key, memory_mb, self._context.bundle, debugger)

    def _command(self, record: FunctionRecord, environment: dict[str, str]) -> Command:
        context = self._context
        interpreter = context.interpreters.find(record.runtime)
        if interpreter is None:
            raise FileNotFoundError(2, f"there is no interpreter for {record.runtime}")
        return Command(
            interpreter=interpreter,
            is_python2=context.interpreters.is_python2(record.runtime),
            child_folder=context.run_directory.child_folder,
            code_folder=record.code_folder,
            label=record.key.name,
            environment=environment,
            memory_mb=_UNBOUND_MB if self.is_debugged(record) else record.memory_mb,
            hides_site=context.interpreters.hides_packages(record.runtime),
        )

    def _load_frame(self, record: FunctionRecord, place: Place) -> dict[str, object]:
        context = self._context
        is_python2 = context.interpreters.is_python2(record.runtime)
        sdk_folder = None if is_python2 else context.run_directory.sdk_folder
        debugger = debugger_folder() if self.is_debugged(record) else None
        return load_frame(
            record, context.settings, place, sdk_folder=sdk_folder, debugger=debugger, bundle=context.bundle
        )


def _failure_of(error: BaseException) -> Outcome | None:
    """Return the outcome of a start that was refused; None for an error that is none of the function's."""
    if isinstance(error, NotExecutable):
        return outcome.bootstrap_failed(str(error))
    if isinstance(error, NotStartable):
        return outcome.not_startable(error.message)
    if isinstance(error, NoInterpreter):
        return outcome.start_failed(str(error))
    if isinstance(error, OSError):
        return outcome.start_failed(error.strerror or str(error))
    return None


def _clean_up(scratch: Path, *, seeks_orphans: bool) -> None:
    """Kill processes that an instance has left running, and remove its temporary files.

    :param seeks_orphans: False for a server that stops, which searches for such processes once for all instances
    """
    if seeks_orphans:
        kill_orphans(instance_tag(scratch))
    shutil.rmtree(scratch, ignore_errors=True)
    shutil.rmtree(RunDirectory.mounts_of(scratch), ignore_errors=True)
