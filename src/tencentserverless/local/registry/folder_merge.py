"""Decides between the stored function and its folder: the last change counts.

If the code of a folder has changed since the last scan, it replaces the stored code; if its settings have changed, they
replace the stored settings. While a folder is unchanged, all changes through the API stay: an action that changes a
function scans its folder before. A missing folder removes nothing, and a deleted function comes back only with a change
of its folder.
"""

import enum
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from tencentserverless.local.registry.function import Function, new_function
from tencentserverless.local.registry.function_tables import StoredFunction
from tencentserverless.local.registry.function_version import FunctionRecord


class FolderDefinition(NamedTuple):
    """A function as its folder defines it.

    :param record: from its serverless.yml, or from the folder if it has none
    :param digest: of the code folder's content; ``""`` if the content was not read
    :param place: the serverless.yml, or the folder if it has none
    """

    record: FunctionRecord
    digest: str = ""
    place: Path | None = None


class SyncChange(enum.Enum):
    """The change of a function by a scan of its folder.

    :cvar NEW: the function is new
    :cvar CHANGED: ``$LATEST``, its retries or its triggers have changed
    """

    NONE = "none"
    NEW = "new"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class SyncPlan:
    """The stored function after a scan, and the notice for the user.

    :param kept: None if nothing has to be stored
    :param is_saved: true if ``$LATEST`` runs from the folder, and the folder's code has changed
    :param is_away: true if the folder is missing, and ``$LATEST`` needs it
    """

    kept: StoredFunction | None
    news: SyncChange = SyncChange.NONE
    is_saved: bool = False
    is_away: bool = False
    notice: str = ""


class _Parts(NamedTuple):
    """Parts of ``$LATEST`` that change independently: code, with handler and runtime, and all other settings."""

    code: bool = False
    settings: bool = False


def merge_folder(old: StoredFunction | None, definition: FolderDefinition | None) -> SyncPlan:
    """Decide on the stored function.

    :param old: the stored data, None if there is none
    :param definition: None if no folder holds the function
    """
    if definition is None:
        is_away = old is not None and old.function is not None and old.function.latest.package is None
        return SyncPlan(old, is_away=is_away)
    if old is None:
        return SyncPlan(StoredFunction(new_function(definition.record), *definition), SyncChange.NEW)
    seen = old._replace(
        source_record=definition.record, digest=definition.digest or old.digest, place=definition.place or old.place
    )
    if old.source_record is not None and _timeless(old.source_record) == _timeless(definition.record):
        seen = seen._replace(source_record=old.source_record)
    taken = _changed_parts(old, definition)
    if old.function is None:
        return _of_deleted(seen, definition) if taken.code or taken.settings else SyncPlan(seen)
    function = _merged(old.function, old.source_record, definition.record, taken)
    is_saved = taken.code and function.latest.package is None
    if function == old.function:
        return SyncPlan(seen._replace(function=old.function), is_saved=is_saved)
    return SyncPlan(
        seen._replace(function=function), SyncChange.CHANGED, is_saved, notice=_notice(old, definition.record, taken)
    )


def _changed_parts(old: StoredFunction, definition: FolderDefinition) -> _Parts:
    """Find the parts that the folder has changed since the last scan. A new folder has changed both."""
    if old.source_record is None:
        return _Parts(code=True, settings=True)
    return _Parts(
        _has_other_files(old.digest, definition.digest) or _code(old.source_record) != _code(definition.record),
        settings_of(old.source_record) != settings_of(definition.record),
    )


def _has_other_files(before: str, now: str) -> bool:
    """True if two digests are of different files; False if that is not known: one is missing, or has an older form."""
    return bool(before and now) and before != now and before.rpartition("-")[0] == now.rpartition("-")[0]


def _of_deleted(seen: StoredFunction, definition: FolderDefinition) -> SyncPlan:
    """Make a new function: the folder has changed since its function was deleted."""
    record = definition.record
    notice = f"{record.key.name}: {record.code_folder} has changed since DeleteFunction; the function is there again"
    return SyncPlan(seen._replace(function=new_function(record)), SyncChange.NEW, notice=notice)


def _merged(function: Function, before: FunctionRecord | None, record: FunctionRecord, taken: _Parts) -> Function:
    """Return a function with the parts that its folder has changed.

    :param before: the folder's previous definition
    """
    latest = function.latest
    if taken.settings:
        fresh = replace(record, created_at=latest.created_at)
        function = function.with_folder(fresh if taken.code else _with_code(fresh, latest), before)
    elif taken.code:
        function = function.with_latest(replace(_with_code(latest, record), changed_at=_moment(latest, record)))
    latest = function.latest
    if latest.package is None and latest.code_folder != record.code_folder:  # the project has moved
        function = function.with_latest(replace(latest, code_folder=record.code_folder))
    return function


def _with_code(record: FunctionRecord, other: FunctionRecord) -> FunctionRecord:
    """Return a record with the code of another."""
    return replace(
        record,
        package=other.package,
        code_folder=other.code_folder,
        handler=other.handler,
        runtime=other.runtime,
        type=other.type,
    )


def _moment(latest: FunctionRecord, record: FunctionRecord) -> float:
    """Return the time of the last change of ``$LATEST``.

    A saved code file, if the code runs in its folder, changes no time.
    """
    return latest.changed_at if _with_code(latest, record) == latest else record.changed_at


def _notice(old: StoredFunction, record: FunctionRecord, taken: _Parts) -> str:
    """Return the notice for a user whose API changes to ``$LATEST`` the folder has replaced."""
    if old.function is None or old.source_record is None:
        made = True
    elif taken.settings:
        made = settings_of(old.function.latest) != settings_of(old.source_record) or (
            taken.code and old.function.latest.package is not None
        )
    else:
        made = old.function.latest.package is not None
    if not made or not (taken.code or taken.settings):
        return ""
    what = "it replaces what the API had made of $LATEST"
    if not taken.settings:
        what = "its code replaces the code of $LATEST that came through the API"
    elif not taken.code:
        what = "its settings replace those of $LATEST that came through the API"
    return f"{record.key.name}: {record.code_folder} has changed; {what}"


def settings_of(record: FunctionRecord) -> FunctionRecord:
    """Return a record with only its settings, without code, handler, runtime and times."""
    return replace(_timeless(record), code_folder=Path(), package=None, handler="", runtime="", type="")


def _code(record: FunctionRecord) -> tuple[str, str, str]:
    """Return handler, runtime and type of the code."""
    return record.handler, record.runtime, record.type


def _timeless(record: FunctionRecord) -> FunctionRecord:
    timers = tuple(replace(timer, created_at=0.0, changed_at=0.0) for timer in record.timers)
    urls = tuple(replace(url, created_at=0.0, changed_at=0.0) for url in record.urls)
    return replace(record, created_at=0.0, changed_at=0.0, timers=timers, urls=urls)
