"""What happens when a file of a function has been saved: its next call runs what the file says now.

A task of its own follows each function, so that the slow import of one delays no other. What takes long comes first:
manifests are read, folders looked into, interpreters found. Then the catalogue decides and writes in one step.
"""

import asyncio
import time
from collections.abc import Coroutine, Iterable
from pathlib import Path

from tencentserverless.local.errors import StartupError
from tencentserverless.local.folder_sync import end_old, read_project, scan_folder, scan_folders, tell
from tencentserverless.local.project.discovery import ENTRY_FILE, Project
from tencentserverless.local.project.manifest import FILE_NAME
from tencentserverless.local.project.watch import Watch, watch
from tencentserverless.local.registry.catalogue import SyncResult
from tencentserverless.local.registry.database import DatabaseError
from tencentserverless.local.registry.reconcile import FolderDefinition, settings_of
from tencentserverless.local.registry.records import LATEST, FunctionKey
from tencentserverless.local.services import Services

_PAUSE_SECONDS = 1.0  # after a failure that nobody has foreseen


class Reloader:
    """Follows the folders of functions. Make it with ``start_reloader``.

    :param project: what the manifests said when they were read last
    """

    def __init__(self, services: Services, watched: Watch, project: Project) -> None:
        self._services = services
        self._watch = watched
        self._project = project
        self._tasks: set[asyncio.Task[None]] = set()
        self._told = ""

    async def catch_up(self) -> None:
        """Take over what was saved before the watch began, and see what the folders hold. No instance may run yet."""
        await self._try(self._catch_up())

    async def follow(self) -> None:
        """Apply every change, until the task is cancelled."""
        try:
            while True:
                await self._try(self._follow())
                await asyncio.sleep(_PAUSE_SECONDS)
                await self._try(self._apply({self._services.settings.project.resolve()}))  # something may be missed
        finally:
            for task in self._tasks:
                task.cancel()

    async def _follow(self) -> None:
        async for paths in self._watch.changes():
            await self._try(self._apply(paths))

    async def _try(self, work: Coroutine[None, None, None]) -> None:
        """Whatever fails, the next save is followed. The same failure is told once."""
        try:
            await work
        except StartupError as error:
            self._services.console.show(f"scf: {error}; what was there before stays")
        except Exception as error:  # noqa: BLE001  # nobody else would see it, and saved files would be live no more
            words = str(error) if isinstance(error, (DatabaseError, OSError)) else f"{type(error).__name__}: {error}"
            if words != self._told:
                self._told = words
                self._services.console.show(f"scf: a change could not be followed: {words}")
        else:
            self._told = ""

    async def _catch_up(self) -> None:
        await self._read_manifests()
        moment = self._services.catalogue.begin_scan()
        await self._prepare(record.runtime for record in self._project.records.values())
        looks: dict[FunctionKey, FolderDefinition | None] = dict.fromkeys(self._services.catalogue.kept())
        looks.update(await asyncio.to_thread(scan_folders, self._project))
        for each in self._services.catalogue.apply_sync(looks, moment).values():
            tell(self._services, each)
            end_old(self._services, each)

    async def _apply(self, paths: set[Path]) -> None:
        """Follow all functions that changed paths can concern."""
        folders = {record.code_folder for record in self._project.records.values()}
        if any(path.name in (FILE_NAME, ENTRY_FILE) or not path.suffix or path in folders for path in paths):
            await self._read_manifests()
        for key in {*self._project.records, *self._services.catalogue.kept()}:
            if self._is_concerned(key, paths):
                self._start(key)

    def _is_concerned(self, key: FunctionKey, paths: Iterable[Path]) -> bool:
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
            or any(folder == path or folder in path.parents or path in folder.parents for path in paths)
        )

    def _start(self, key: FunctionKey) -> None:
        """Follow a function. The newest look wins, so that nobody waits for one before."""
        task = asyncio.get_running_loop().create_task(self._try(self._take(key)))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _take(self, key: FunctionKey) -> None:
        """Scan a function's folder and have the catalogue decide; then the next call runs what stands."""
        services, place, began = self._services, self._project.places.get(key), time.monotonic()
        moment, look = services.catalogue.begin_scan(), None
        if place is not None:
            look = await asyncio.to_thread(scan_folder, place, key, services.settings.region, services.clock())
            if look is None:
                return  # it is being built anew, or has just gone: that will be told
            await self._prepare((look.record.runtime,))
        kept = services.catalogue.kept().get(key)
        try:
            followed = services.catalogue.apply_sync({key: look}, moment).get(key)
        except DatabaseError:
            if look and kept and kept.function and kept.function.latest.package is None and kept.digest != look.digest:
                await services.scheduler.replace_version(
                    kept.function.latest
                )  # that the code is live needs no database
            raise
        if followed is not None:
            tell(services, followed)
            if not end_old(services, followed):
                await self._renew(followed, began)

    async def _renew(self, followed: SyncResult, began: float) -> None:
        """Have instances ready of code that has changed where it lies."""
        kept = followed.stand.kept
        if not followed.stand.is_saved or kept is None or kept.function is None:
            return
        if await self._services.scheduler.replace_version(kept.function.versions[LATEST]):
            took_ms = (time.monotonic() - began) * 1000
            self._services.console.show(f"[{kept.key.name}] changed; the next call runs it ({took_ms:.0f} ms)")

    async def _prepare(self, runtimes: Iterable[str]) -> None:
        await asyncio.to_thread(self._services.interpreters.prepare, set(runtimes))

    async def _read_manifests(self) -> None:
        """Read the manifests again. One that can't be read changes nothing, and the user is told."""
        try:
            project = await read_project(self._services.settings)
        except StartupError as error:
            self._services.console.show(f"scf: {error}; what was there before stays")
            return
        told, self._project = self._project.notices, project
        for notice in project.notices:
            if notice not in told:
                self._services.console.show(f"scf: {notice}")


async def start_reloader(services: Services, project: Project) -> Reloader:
    """Watch files from now on, and take over what they say now.

    :param project: what the manifests said when they were read
    """
    catalogue = services.catalogue

    def folders() -> list[Path]:
        return [kept.source_record.code_folder for kept in catalogue.kept().values() if kept.source_record is not None]

    watched = await watch(
        services.settings.project.resolve(), folders, lambda words: services.console.show(f"scf: {words}")
    )
    reloader = Reloader(services, watched, project)
    await reloader.catch_up()
    return reloader
