"""Reloads functions after a saved file: the next call runs the new code.

Each function is reloaded by a task of its own, so that a slow folder delays no other. Slow steps come first: the
manifests and folders are read, interpreters are found. Then the catalogue decides and writes in one step.
"""

import asyncio
import os
import time
from collections.abc import Coroutine, Iterable
from pathlib import Path

from tencentserverless.local.errors import StartupError
from tencentserverless.local.function_folders import end_old, read_project, scan_settled, tell
from tencentserverless.local.project import code_digest
from tencentserverless.local.project.configuration_files import NAMES
from tencentserverless.local.project.discovery import ENTRY_FILE, Project
from tencentserverless.local.project.env_files import is_env_file
from tencentserverless.local.project.file_stamps import Stamps
from tencentserverless.local.project.handler_check import find_handler_fault
from tencentserverless.local.project.watch import Watch
from tencentserverless.local.registry.catalogue import SyncResult
from tencentserverless.local.registry.database import DatabaseError
from tencentserverless.local.registry.folder_merge import FolderDefinition, settings_of
from tencentserverless.local.registry.function_version import LATEST, FunctionKey, FunctionRecord
from tencentserverless.local.services import Services
from tencentserverless.local.worker.environment import module_folders

_STAYS = "what was there before stays"
_PAUSE_SECONDS = 1.0  # after an unexpected failure


class Reloader:
    """Reloads functions whose folders change.

    :param project: the functions of the manifests, as read last
    :param since: the files before they were read
    """

    def __init__(self, services: Services, project: Project, since: Stamps) -> None:
        self._services = services
        root = services.settings.project.resolve()
        self._watch = Watch(root, self._folders, lambda words: services.console.show(f"scf: {words}"), since)
        self._project = project
        self._tasks: set[asyncio.Task[None]] = set()
        self._told = ""
        self._handlers: dict[FunctionKey, str] = {}

    async def begin(self) -> None:
        """Watch files from the moment at which this returns, with all earlier changes applied."""
        changed = await self._watch.begin()
        if changed:
            await self._try(self._apply(changed))
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def follow(self) -> None:
        """Apply every change, until the task is cancelled."""
        try:
            while True:
                await self._try(self._follow())
                await asyncio.sleep(_PAUSE_SECONDS)
                # a change may have been missed
                await self._try(self._apply({self._services.settings.project.resolve()}))
        finally:
            for task in self._tasks:
                task.cancel()

    async def _follow(self) -> None:
        async for paths in self._watch.changes():
            await self._try(self._apply(paths))
            self._follow_modules(paths)

    async def _try(self, work: Coroutine[None, None, None]) -> None:
        """Run a step of the reload and show its failure, once, so that later changes are still applied."""
        try:
            await work
        except StartupError as error:
            self._services.console.show(f"scf: {error}; {_STAYS}")
        except Exception as error:  # noqa: BLE001  # else later changes would not be applied
            words = str(error) if isinstance(error, (DatabaseError, OSError)) else f"{type(error).__name__}: {error}"
            if words != self._told:
                self._told = words
                self._services.console.show(f"scf: a change could not be followed: {words}")
        else:
            self._told = ""

    def _folders(self) -> list[Path]:
        """Return the folders that functions load from."""
        catalogue, settings = self._services.catalogue, self._services.settings
        kept = catalogue.kept().values()
        code = [each.source_record.code_folder for each in kept if each.source_record is not None]
        return code + [folder for record in catalogue.records() for folder in module_folders(record, settings)]

    async def _apply(self, paths: set[Path]) -> None:
        """Reload all functions that changed paths may belong to. What functions have written changes nothing."""
        code_digest.forget(map(str, paths))
        paths = self._services.own_writes.drop_own(paths)
        folders = {record.code_folder for record in self._project.records.values()}
        if any(_can_configure(path) or path in folders for path in paths):
            await self._read_manifests()
        changed = ChangedPaths(paths)
        for key in {*self._project.records, *self._services.catalogue.kept()}:
            if self._is_concerned(key, changed):
                self._start(key)

    def _is_concerned(self, key: FunctionKey, changed: "ChangedPaths") -> bool:
        catalogue = self._services.catalogue
        record, kept = self._project.records.get(key), catalogue.kept().get(key)
        if record is None:
            return catalogue.has_folder(key)
        if kept is None or kept.source_record is None or not catalogue.has_folder(key):
            return True
        folder = record.code_folder
        return (
            folder != kept.source_record.code_folder
            or settings_of(record) != settings_of(kept.source_record)
            or changed.reaches(folder)
        )

    def _follow_modules(self, paths: Iterable[Path]) -> None:
        """Replace the instances of versions that import from a folder outside their code that has changed."""
        changed = ChangedPaths(paths)
        for record in list(self._services.catalogue.records()):
            if any(changed.reaches(folder) for folder in module_folders(record, self._services.settings)):
                self._keep(self._replace(record, time.monotonic()))

    def _start(self, key: FunctionKey) -> None:
        """Start the reload of a function. The newest scan counts, so no scan waits for an earlier one."""
        self._keep(self._take(key))

    def _keep(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(self._try(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _take(self, key: FunctionKey) -> None:
        """Scan a function's folder and apply the definition; then the next call runs the result."""
        services, place, began = self._services, self._project.places.get(key), time.monotonic()
        moment, definition = services.catalogue.begin_scan(), None
        if place is not None:
            definition = await scan_settled(services, place, key, follows_news=True)
            if definition is None:
                return  # the folder is being rebuilt, or was removed: another change will come
            await self._prepare((definition.record.runtime,))
        kept = services.catalogue.kept().get(key)
        try:
            result = services.catalogue.apply_sync({key: definition}, moment).get(key)
        except DatabaseError:
            if (
                definition
                and kept
                and kept.function
                and kept.function.latest.package is None
                and kept.digest != definition.digest
            ):
                await services.scheduler.replace_version(kept.function.latest)  # new code needs no database
            raise
        if result is not None:
            tell(services, result)
            if not end_old(services, result):
                await self._renew(result, began)
        if definition is not None:
            await self._tell_handler(definition)

    async def _tell_handler(self, definition: FolderDefinition) -> None:
        """Tell of a handler that is not there, once for each state of the code."""
        key, record = definition.record.key, definition.record
        fault = await asyncio.to_thread(find_handler_fault, record)
        if fault and self._handlers.get(key) != fault:
            self._services.console.show(f"scf: {key.name}: handler {record.handler}: {fault}")
        self._handlers[key] = fault

    async def _renew(self, result: SyncResult, began: float) -> None:
        """Prepare instances for code that has changed in its folder."""
        kept = result.plan.kept
        if result.plan.is_saved and kept is not None and kept.function is not None:
            await self._replace(kept.function.versions[LATEST], began)

    async def _replace(self, record: FunctionRecord, began: float) -> None:
        if await self._services.scheduler.replace_version(record) and record.version == LATEST:
            took_ms = (time.monotonic() - began) * 1000
            self._services.console.show(f"[{record.key.name}] changed; the next call runs it ({took_ms:.0f} ms)")

    async def _prepare(self, runtimes: Iterable[str]) -> None:
        await asyncio.to_thread(self._services.interpreters.prepare, set(runtimes))

    async def _read_manifests(self) -> None:
        """Read the manifests again. An invalid manifest changes nothing, and the user is told."""
        try:
            project = await read_project(self._services.settings)
        except StartupError as error:
            self._services.console.show(f"scf: {error}; {_STAYS}")
            return
        told = self._project.told_at_start()
        _keep_broken(self._project, project)
        self._project = project
        for notice in project.told_at_start():
            if notice not in told:
                self._services.console.show(f"scf: {notice}{'; ' + _STAYS if notice.startswith('not served') else ''}")


class ChangedPaths:
    """Changed paths, which may be many: at the start of a server, they are all files of a ``.venv``.

    :param paths: absolute
    """

    def __init__(self, paths: Iterable[Path]) -> None:
        self._paths = frozenset(map(str, paths))
        self._around: set[str] = set()  # the paths and all folders above them
        for path in self._paths:
            above = path
            while above not in self._around:
                self._around.add(above)
                above = os.path.dirname(above)

    def reaches(self, folder: Path) -> bool:
        """True if a path lies in a folder, or around it."""
        return str(folder) in self._around or any(str(above) in self._paths for above in folder.parents)


def _can_configure(path: Path) -> bool:
    """True if a changed path can change which functions there are, or their settings: a folder has no suffix."""
    return path.name == ENTRY_FILE or path.name in NAMES or is_env_file(path.name) or not path.suffix


def _keep_broken(before: Project, now: Project) -> None:
    """Keep the functions of files that can't be read any more, as they were before."""
    for key, place in before.places.items():
        if place in now.broken and key not in now.records:
            now.records[key], now.places[key] = before.records[key], place
