"""Scans the folders of functions, in a thread: files may lie on a slow disk, and calls are running."""

import asyncio
import time
from pathlib import Path

from tencentserverless.local.errors import StartupError
from tencentserverless.local.project.code_digest import digest
from tencentserverless.local.project.discovery import Project, discover, read_place
from tencentserverless.local.registry.catalogue import SyncResult, notice_of
from tencentserverless.local.registry.folder_merge import FolderDefinition, SyncChange, merge_folder
from tencentserverless.local.registry.function_version import DEFAULT_NAMESPACE, FunctionKey
from tencentserverless.local.services import Services, drain_versions
from tencentserverless.local.settings import Settings, project_variables

_LASTING_SECONDS = 0.3


async def follow_folder(services: Services, region: str, namespace: str | None, name: str) -> None:
    """Apply the present content of a function's folder, before an action that changes the function.

    So the action's change comes last, and stays until the folder changes again.
    """
    catalogue, key = services.catalogue, FunctionKey(region, namespace or DEFAULT_NAMESPACE, name)
    moment, kept = catalogue.begin_scan(), catalogue.kept().get(key)
    if kept is None or kept.place is None:
        return
    try:
        definition = await scan_settled(services, kept.place, key)
        if definition is None:  # the folder is away, or in another place since the last scan
            place = (await read_project(services.settings)).places.get(key)
            if place is not None:
                definition = await scan_settled(services, place, key)
    except StartupError:
        return  # the user gets this message from the reloader
    result = catalogue.apply_sync({key: definition}, moment).get(key) if definition is not None else None
    if result is not None:
        tell(services, result)
        if not end_old(services, result) and result.plan.is_saved and result.before is not None:
            drain_versions(services, [result.before.latest])


async def scan_settled(
    services: Services, place: Path, key: FunctionKey, *, follows_news: bool = False
) -> FolderDefinition | None:
    """Read the function of a place, in a thread; None if it is not there, or is just being written or removed.

    A file that is written in place is empty for a moment, and a folder that is removed goes file by file. So a content
    that would take back what the API has acknowledged has to last.

    :param follows_news: as of ``code_digest.digest``
    :raises StartupError: if the definition is invalid
    """
    settings, clock = services.settings, services.clock
    definition = await asyncio.to_thread(scan_folder, place, key, settings, clock(), follows_news=follows_news)
    if definition is None or not merge_folder(services.catalogue.kept().get(key), definition).notice:
        return definition
    await asyncio.sleep(_LASTING_SECONDS)
    again = await asyncio.to_thread(scan_folder, place, key, settings, clock(), follows_news=follows_news)
    return again if again is not None and again.digest == definition.digest else None


def tell(services: Services, result: SyncResult) -> None:
    """Show the result of a scan to the user."""
    kept, show = result.plan.kept, services.console.show
    if notice := notice_of(result):
        show(f"scf: {notice}")
    if kept is not None and result.has_come_back:
        show(f"[{kept.key.name}] its folder is back")
    if kept is not None and result.plan.news is not SyncChange.NONE:
        show(f"[{kept.key.name}] its configuration is as its folder says now")
        for line in services.layers.missing_of(kept.function.latest) if kept.function is not None else ():
            show(f"scf: {line}")
        if kept.function is not None and services.urls.prepare(kept.function):
            for each in services.urls.listed([kept.function]):
                show(f"[{kept.key.name}] its URL ({each['qualifier']}): {each['url']} or {each['local_url']}")


def end_old(services: Services, result: SyncResult) -> bool:
    """End the instances of a ``$LATEST`` that was replaced or removed. Returns True if it was."""
    before, kept = result.before, result.plan.kept
    if result.plan.news is not SyncChange.NONE:
        services.timers.reschedule()
    if before is None or kept is None or kept.function is None:
        return False
    if kept.function.latest == before.latest and not result.has_gone_away:
        return False
    drain_versions(services, [before.latest])
    return True


def scan_folder(
    place: Path, key: FunctionKey, settings: Settings, now: float, *, follows_news: bool = False
) -> FolderDefinition | None:
    """Read the function of a configuration file, or of a folder without one; None if it is not there any more.

    :param follows_news: as of ``code_digest.digest``
    :raises StartupError: if the definition is invalid
    """
    record = read_place(place, key, settings.region, project_variables(), now, settings.outputs)
    if record is None or record.key != key:
        return None
    code = digest(record.code_folder, follows_news=follows_news)
    return FolderDefinition(record, code, place) if code else None


async def read_project(settings: Settings) -> Project:
    """Read the functions of PATH from its configuration files; none if PATH is missing.

    :raises StartupError: if PATH is no folder
    """
    return await asyncio.to_thread(
        discover,
        settings.project,
        settings.region,
        project_variables(),
        time.time(),
        may_be_empty=True,
        outputs=settings.outputs,
    )


def scan_folders(project: Project) -> dict[FunctionKey, FolderDefinition]:
    """Return the definitions of all functions in folders. Reading all files may take seconds."""
    digests = {folder: digest(folder) for folder in {record.code_folder for record in project.records.values()}}
    return {
        key: FolderDefinition(record, digests[record.code_folder], project.places[key])
        for key, record in project.records.items()
    }
