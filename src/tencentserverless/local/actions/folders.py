"""Looks into the folders of functions, in a thread: files may lie on a slow disk, and calls are under way."""

import asyncio
import time
from collections.abc import Iterable
from pathlib import Path

from tencentserverless.local.actions.action import Services
from tencentserverless.local.project.discovery import Project, discover
from tencentserverless.local.project.watch import digest
from tencentserverless.local.registry.records import FunctionKey
from tencentserverless.local.settings import Settings, project_variables


async def look_into_folder(services: Services, key: FunctionKey) -> str:
    """The digest of what the folder of a function holds now, ``""`` if it has none."""
    kept = services.catalogue.kept().get(key)
    return await asyncio.to_thread(digest, kept.found.code_folder) if kept is not None and kept.found else ""


async def read_project(settings: Settings) -> Project:
    """The functions of PATH as its manifests say now; none if PATH is not there.

    :raises StartRefused: if one can't be
    """
    return await asyncio.to_thread(
        discover, settings.project, settings.region, project_variables(), time.time(), may_be_empty=True
    )


def digests(folders: Iterable[Path]) -> dict[Path, str]:
    """What folders hold. It may take seconds."""
    return {folder: digest(folder) for folder in set(folders)}
