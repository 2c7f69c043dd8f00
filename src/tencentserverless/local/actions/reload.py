"""What happens when a file of a function has been saved: its next call runs what the file says now.

A task of its own follows each function, so that the slow import of one delays no other. What takes long comes first:
manifests are read, folders looked into, interpreters found. Then the catalogue decides and writes in one step.
"""

import asyncio
import time
from collections.abc import Coroutine, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from tencentserverless.local.actions.action import Services
from tencentserverless.local.actions.folders import digests, read_project
from tencentserverless.local.actions.retirement import retire
from tencentserverless.local.project.discovery import ENTRY_FILE
from tencentserverless.local.project.manifest import FILE_NAME
from tencentserverless.local.project.watch import Watch, watch
from tencentserverless.local.registry.catalogue import Followed, notice_of
from tencentserverless.local.registry.reconcile import Look, News, settings_of
from tencentserverless.local.registry.records import LATEST, FunctionKey, FunctionRecord
from tencentserverless.local.registry.store import StoreFailed
from tencentserverless.local.settings import StartRefused

_PAUSE_SECONDS = 1.0  # after a failure that nobody has foreseen


class Reloader:
    """Follows the folders of functions. Make it with ``start_reloader``.

    :param records: what the manifests said when they were read last
    """

    def __init__(self, services: Services, watched: Watch, records: Mapping[FunctionKey, FunctionRecord]) -> None:
        self._services = services
        self._watch = watched
        self._records = records
        self._notices: list[str] | None = None  # those of the start were told
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
        except StartRefused as error:
            self._services.console.show(f"scf: {error}; what was there before stays")
        except Exception as error:  # noqa: BLE001  # nobody else would see it, and saved files would be live no more
            words = str(error) if isinstance(error, (StoreFailed, OSError)) else f"{type(error).__name__}: {error}"
            if words != self._told:
                self._told = words
                self._services.console.show(f"scf: a change could not be followed: {words}")
        else:
            self._told = ""

    async def _catch_up(self) -> None:
        await self._read_manifests()
        moment = self._services.catalogue.begin_look()
        await self._prepare(record.runtime for record in self._records.values())
        found = await asyncio.to_thread(digests, (record.code_folder for record in self._records.values()))
        looks: dict[FunctionKey, Look | None] = dict.fromkeys(self._services.catalogue.kept())
        looks.update((key, Look(record, found[record.code_folder])) for key, record in self._records.items())
        for each in self._services.catalogue.follow(looks, moment).values():
            self._tell(each)
            self._end_old(each)

    async def _apply(self, paths: set[Path]) -> None:
        """Follow all functions that changed paths can concern."""
        folders = {record.code_folder for record in self._records.values()}
        if any(path.name in (FILE_NAME, ENTRY_FILE) or not path.suffix or path in folders for path in paths):
            await self._read_manifests()
        for key in {*self._records, *self._services.catalogue.kept()}:
            if self._is_concerned(key, paths):
                self._start(key)

    def _is_concerned(self, key: FunctionKey, paths: Iterable[Path]) -> bool:
        catalogue = self._services.catalogue
        record, kept = self._records.get(key), catalogue.kept().get(key)
        if record is None:
            return catalogue.has_folder(key)
        if kept is None or kept.found is None or not catalogue.has_folder(key):
            return True
        folder = record.code_folder
        return (
            folder != kept.found.code_folder
            or settings_of(record) != settings_of(kept.found)
            or any(folder == path or folder in path.parents or path in folder.parents for path in paths)
        )

    def _start(self, key: FunctionKey) -> None:
        """Follow a function. The newest look wins, so that nobody waits for one before."""
        task = asyncio.get_running_loop().create_task(self._try(self._take(key)))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _take(self, key: FunctionKey) -> None:
        """Look at a function's folder and have the catalogue decide; then have the next call run what stands."""
        services, record, began = self._services, self._records.get(key), time.monotonic()
        moment, look = services.catalogue.begin_look(), None
        if record is not None:
            found = await asyncio.to_thread(digests, (record.code_folder,))
            look = Look(replace(record, changed_at=services.clock()), found[record.code_folder])
            if not look.digest:
                return  # the code is being built anew: when it is there, that will be told
            await self._prepare((record.runtime,))
        kept = services.catalogue.kept().get(key)
        try:
            followed = services.catalogue.follow({key: look}, moment).get(key)
        except StoreFailed:
            if look and kept and kept.function and kept.function.latest.package is None and kept.digest != look.digest:
                await services.scheduler.renew(kept.function.latest)  # that the code is live needs no database
            raise
        if followed is not None:
            self._tell(followed)
            if not self._end_old(followed):
                await self._renew(followed, began)

    def _end_old(self, followed: Followed) -> bool:
        """End the instances of a record that is no more. The value says whether it is no more."""
        before, kept = followed.before, followed.stand.kept
        if followed.stand.news is not News.NONE:
            self._services.timers.look_again()
        if before is None or kept is None or kept.function is None:
            return False
        if kept.function.latest == before.latest and not followed.has_gone_away:
            return False
        retire(self._services, [before.latest])
        return True

    async def _renew(self, followed: Followed, began: float) -> None:
        """Have instances ready of code that has changed where it lies."""
        kept = followed.stand.kept
        if not followed.stand.is_saved or kept is None or kept.function is None:
            return
        if await self._services.scheduler.renew(kept.function.versions[LATEST]):
            took_ms = (time.monotonic() - began) * 1000
            self._services.console.show(f"[{kept.key.name}] changed; the next call runs it ({took_ms:.0f} ms)")

    async def _prepare(self, runtimes: Iterable[str]) -> None:
        await asyncio.to_thread(self._services.interpreters.prepare, set(runtimes))

    async def _read_manifests(self) -> None:
        """Read the manifests again. One that can't be read changes nothing, and the user is told."""
        try:
            project = await read_project(self._services.settings)
        except StartRefused as error:
            self._services.console.show(f"scf: {error}; what was there before stays")
            return
        self._records = project.records
        told, self._notices = self._notices, project.notices
        for notice in project.notices if told is not None else ():
            if notice not in told:
                self._services.console.show(f"scf: {notice}")

    def _tell(self, followed: Followed) -> None:
        kept, show = followed.stand.kept, self._services.console.show
        if notice := notice_of(followed):
            show(f"scf: {notice}")
        if kept is None:
            return
        if followed.has_come_back:
            show(f"[{kept.key.name}] its folder is back")
        if followed.stand.news is not News.NONE:
            show(f"[{kept.key.name}] its configuration is as its folder says now")


async def start_reloader(services: Services) -> Reloader:
    """Watch files from now on, and take over what they say now."""
    catalogue = services.catalogue

    def folders() -> list[Path]:
        return [kept.found.code_folder for kept in catalogue.kept().values() if kept.found is not None]

    watched = await watch(
        services.settings.project.resolve(), folders, lambda words: services.console.show(f"scf: {words}")
    )
    known = {
        key: kept.found
        for key, kept in catalogue.kept().items()
        if kept.found is not None and catalogue.has_folder(key)
    }
    reloader = Reloader(services, watched, known)
    await reloader.catch_up()
    return reloader
