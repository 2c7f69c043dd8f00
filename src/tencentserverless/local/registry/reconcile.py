"""A function as it is kept and as its folder says it: which of the two stands.

What has changed last stands. A folder that has changed since it was last looked at brings its code, and where what it
says beside the code has changed, that too. As long as a folder is what it was, everything stands that came through the
API: whoever is about to change a function there looks at its folder before. A folder that is away takes nothing with
it, and a deleted function comes back with a change of its folder alone.
"""

import enum
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from tencentserverless.local.registry.function import Function, new_function
from tencentserverless.local.registry.function_tables import StoredFunction
from tencentserverless.local.registry.records import FunctionRecord


class FolderDefinition(NamedTuple):
    """What a folder says of a function.

    :param record: as its serverless.yml has it, or as the folder alone has it
    :param digest: of what the code folder holds; ``""`` if nobody has looked into it
    :param place: the serverless.yml, or the folder where there is none
    """

    record: FunctionRecord
    digest: str = ""
    place: Path | None = None


class SyncChange(enum.Enum):
    """What a look at a folder has made of a function.

    :cvar NEW: there is one that was not there
    :cvar CHANGED: ``$LATEST``, its retries or its triggers are others
    """

    NONE = "none"
    NEW = "new"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class SyncPlan:
    """What stands of a function, and what the user should know of it.

    :param kept: None if there is nothing to keep
    :param is_saved: ``$LATEST`` runs from the folder, whose code is another than before
    :param is_away: its folder is not there, and ``$LATEST`` needs it
    """

    kept: StoredFunction | None
    news: SyncChange = SyncChange.NONE
    is_saved: bool = False
    is_away: bool = False
    notice: str = ""


class _Parts(NamedTuple):
    """Parts of ``$LATEST`` that change on their own: code, with how it is run, and all other settings."""

    code: bool = False
    settings: bool = False


def reconcile(old: StoredFunction | None, look: FolderDefinition | None) -> SyncPlan:
    """Decide what stands.

    :param old: what is kept, None for nothing
    :param look: None if no folder holds the function
    """
    if look is None:
        is_away = old is not None and old.function is not None and old.function.latest.package is None
        return SyncPlan(old, is_away=is_away)
    if old is None:
        return SyncPlan(StoredFunction(new_function(look.record), *look), SyncChange.NEW)
    seen = old._replace(source_record=look.record, digest=look.digest or old.digest, place=look.place or old.place)
    if old.source_record is not None and _timeless(old.source_record) == _timeless(look.record):
        seen = seen._replace(source_record=old.source_record)
    taken = _changed_parts(old, look)
    if old.function is None:
        return _of_deleted(seen, look) if taken.code or taken.settings else SyncPlan(seen)
    function = _merged(old.function, old.source_record, look.record, taken)
    is_saved = taken.code and function.latest.package is None
    if function == old.function:
        return SyncPlan(seen._replace(function=old.function), is_saved=is_saved)
    return SyncPlan(
        seen._replace(function=function), SyncChange.CHANGED, is_saved, notice=_notice(old, look.record, taken)
    )


def _changed_parts(old: StoredFunction, look: FolderDefinition) -> _Parts:
    """What the folder has changed of itself since it was last looked at. One that is new has changed."""
    if old.source_record is None:
        return _Parts(code=True, settings=True)
    has_other_files = bool(old.digest and look.digest and old.digest != look.digest)
    return _Parts(
        has_other_files or _code(old.source_record) != _code(look.record),
        settings_of(old.source_record) != settings_of(look.record),
    )


def _of_deleted(seen: StoredFunction, look: FolderDefinition) -> SyncPlan:
    """A folder has changed since its function was deleted: that makes a new function."""
    record = look.record
    notice = f"{record.key.name}: {record.code_folder} has changed since DeleteFunction; the function is there again"
    return SyncPlan(seen._replace(function=new_function(record)), SyncChange.NEW, notice=notice)


def _merged(function: Function, before: FunctionRecord | None, record: FunctionRecord, taken: _Parts) -> Function:
    """A function with the parts that its folder has changed.

    :param before: what the folder said before
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
    """A record with the code of another."""
    return replace(
        record,
        package=other.package,
        code_folder=other.code_folder,
        handler=other.handler,
        runtime=other.runtime,
        type=other.type,
    )


def _moment(latest: FunctionRecord, record: FunctionRecord) -> float:
    """When ``$LATEST`` changed last. A save of code that is run where it lies leaves the record as it is."""
    return latest.changed_at if _with_code(latest, record) == latest else record.changed_at


def _notice(old: StoredFunction, record: FunctionRecord, taken: _Parts) -> str:
    """What the user should know who has changed ``$LATEST`` through the API before the folder changed."""
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
    """What a record says beside its code and how that is run, whenever it was said."""
    return replace(_timeless(record), code_folder=Path(), package=None, handler="", runtime="", type="")


def _code(record: FunctionRecord) -> tuple[str, str, str]:
    """How the code is run, wherever it lies."""
    return record.handler, record.runtime, record.type


def _timeless(record: FunctionRecord) -> FunctionRecord:
    timers = tuple(replace(timer, created_at=0.0, changed_at=0.0) for timer in record.timers)
    return replace(record, created_at=0.0, changed_at=0.0, timers=timers)
