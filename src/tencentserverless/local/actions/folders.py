"""Looks into the folders of functions, in a thread: files may lie on a slow disk, and calls are under way."""

import asyncio
import time
from pathlib import Path

from tencentserverless.local.actions.action import Services
from tencentserverless.local.actions.retirement import retire
from tencentserverless.local.project.discovery import Project, discover, read_place
from tencentserverless.local.project.watch import digest
from tencentserverless.local.registry.catalogue import Followed, notice_of
from tencentserverless.local.registry.reconcile import Look, News
from tencentserverless.local.registry.records import DEFAULT_NAMESPACE, FunctionKey
from tencentserverless.local.settings import Settings, StartRefused, project_variables


async def follow_folder(services: Services, region: str, namespace: str | None, name: str) -> None:
    """Take over what the folder of a function says now, for whoever is about to change the function after that.

    So the change comes last, and stands until the folder changes again.
    """
    catalogue, key = services.catalogue, FunctionKey(region, namespace or DEFAULT_NAMESPACE, name)
    moment, kept = catalogue.begin_look(), catalogue.kept().get(key)
    if kept is None or kept.place is None:
        return
    try:
        look = await asyncio.to_thread(look_at, kept.place, key, services.settings.region, services.clock())
        if look is None:  # it is away, or in another place since
            place = (await read_project(services.settings)).places.get(key)
            if place is not None:
                look = await asyncio.to_thread(look_at, place, key, services.settings.region, services.clock())
    except StartRefused:
        return  # the user is told when it is followed
    followed = catalogue.follow({key: look}, moment).get(key) if look is not None else None
    if followed is not None:
        tell(services, followed)
        if not end_old(services, followed) and followed.stand.is_saved and followed.before is not None:
            retire(services, [followed.before.latest])


def tell(services: Services, followed: Followed) -> None:
    """Say what has come of a look at a folder."""
    kept, show = followed.stand.kept, services.console.show
    if notice := notice_of(followed):
        show(f"scf: {notice}")
    if kept is not None and followed.has_come_back:
        show(f"[{kept.key.name}] its folder is back")
    if kept is not None and followed.stand.news is not News.NONE:
        show(f"[{kept.key.name}] its configuration is as its folder says now")


def end_old(services: Services, followed: Followed) -> bool:
    """End the instances of a ``$LATEST`` that is no more. The value says whether it is no more."""
    before, kept = followed.before, followed.stand.kept
    if followed.stand.news is not News.NONE:
        services.timers.look_again()
    if before is None or kept is None or kept.function is None:
        return False
    if kept.function.latest == before.latest and not followed.has_gone_away:
        return False
    retire(services, [before.latest])
    return True


def look_at(place: Path, key: FunctionKey, region: str, now: float) -> Look | None:
    """What a serverless.yml, or a folder that has none, says of a function; None if it holds it no more.

    :raises StartRefused: if it says something that can't be
    """
    record = read_place(place, region, project_variables(), now)
    code = "" if record is None or record.key != key else digest(record.code_folder)
    return Look(record, code, place) if record is not None and code else None


async def read_project(settings: Settings) -> Project:
    """The functions of PATH as its manifests say now; none if PATH is not there.

    :raises StartRefused: if one can't be
    """
    return await asyncio.to_thread(
        discover, settings.project, settings.region, project_variables(), time.time(), may_be_empty=True
    )


def looks_of(project: Project, *, looks_inside: bool = True) -> dict[FunctionKey, Look]:
    """What the folders of functions say. It may take seconds to look into all of them."""
    folders = {record.code_folder for record in project.records.values()} if looks_inside else ()
    digests = {folder: digest(folder) for folder in folders}
    return {
        key: Look(record, digests.get(record.code_folder, ""), project.places[key])
        for key, record in project.records.items()
    }
