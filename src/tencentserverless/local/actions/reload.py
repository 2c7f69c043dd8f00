"""What happens when a file of a function has been saved: its next call runs what the file says now."""

import asyncio
import time
from collections.abc import AsyncIterator, Coroutine, Iterable
from pathlib import Path

from tencentserverless.local.actions.action import Services
from tencentserverless.local.actions.retirement import retire
from tencentserverless.local.project.discovery import ENTRY_FILE, discover
from tencentserverless.local.project.manifest import FILE_NAME
from tencentserverless.local.project.watch import digest, watch
from tencentserverless.local.registry.function import Function
from tencentserverless.local.registry.reconcile import reconcile
from tencentserverless.local.registry.store import StoreFailed
from tencentserverless.local.settings import StartRefused, project_variables


class Reloader:
    """Follows the folders of functions. Make it with ``start_reloader``."""

    def __init__(self, services: Services, changes: AsyncIterator[set[Path]]) -> None:
        self._services = services
        self._changes = changes
        self._digests: dict[Path, str] = {}

    async def catch_up(self) -> None:
        """Take over what was saved before the watch began, and see what the folders hold. No instance may run yet."""
        await self._try(self._look_for_functions())
        folders = {function.latest.code_folder for function in self._folder_functions()}
        self._digests = await asyncio.to_thread(lambda: {folder: digest(folder) for folder in folders})

    async def follow(self) -> None:
        """Apply every change, until the task is cancelled."""
        async for paths in self._changes:
            await self._try(self._apply(paths))

    async def _try(self, work: Coroutine[None, None, None]) -> None:
        try:
            await work
        except (StoreFailed, OSError) as error:
            self._services.console.show(f"scf: a change could not be followed: {error}")

    async def _apply(self, paths: set[Path]) -> None:
        if any(path.name in (FILE_NAME, ENTRY_FILE) or not path.suffix for path in paths):
            await self._look_for_functions()
        for function in self._folder_functions():
            folder = function.latest.code_folder
            if any(folder in path.parents for path in paths):
                await self._renew(function)

    def _folder_functions(self) -> list[Function]:
        """Those that run from a folder of the user's."""
        return [function for function in self._services.catalogue if function.latest.package is None]

    async def _renew(self, function: Function) -> None:
        folder = function.latest.code_folder
        now = await asyncio.to_thread(digest, folder)
        if now == self._digests.get(folder):
            return
        self._digests[folder] = now
        began = time.monotonic()
        await self._services.scheduler.renew(function.latest)
        took_ms = (time.monotonic() - began) * 1000
        self._services.console.show(f"[{function.key.name}] changed; the next call runs it ({took_ms:.0f} ms)")

    async def _look_for_functions(self) -> None:
        """Read the manifests again. One that can't be read changes nothing, and the user is told."""
        services = self._services
        settings = services.settings
        try:
            project = await asyncio.to_thread(
                discover, settings.project, settings.region, project_variables(), time.time()
            )
            reunion = reconcile(services.catalogue.kept(), project.records)
            runtimes = {reunion.functions[key].function.latest.runtime for key in reunion.changed}
            await asyncio.to_thread(services.interpreters.prepare, runtimes)
        except StartRefused as error:
            services.console.show(f"scf: {error}; what was there before stays")
            return
        before = [
            function.latest
            for key in (*reunion.changed, *reunion.forgotten)
            if (function := services.catalogue.find(key))
        ]
        services.catalogue.follow(reunion)
        retire(services, before)
        for notice in (*project.notices, *reunion.notices) if reunion.changed or reunion.forgotten else ():
            services.console.show(f"scf: {notice}")
        self._tell([key.name for key in reunion.changed], [key.name for key in reunion.forgotten])

    def _tell(self, changed: Iterable[str], forgotten: Iterable[str]) -> None:
        for name in changed:
            self._services.console.show(f"[{name}] its configuration is as its folder says now")
        for name in forgotten:
            self._services.console.show(f"[{name}] is gone")


async def start_reloader(services: Services) -> Reloader | None:
    """Watch files from now on. None, and the user is told, where the system does not let them be watched."""
    folders = {function.latest.code_folder for function in services.catalogue if function.latest.package is None}
    try:
        changes = await watch(services.settings.project.resolve(), folders)
    except (OSError, RuntimeError) as error:
        services.console.show(f"scf: saved files are not followed: {error}")
        return None
    reloader = Reloader(services, changes)
    await reloader.catch_up()
    return reloader
