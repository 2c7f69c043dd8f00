"""What is kept of functions, and what the folders of PATH hold today: which of the two stands.

The folder is the user's own text, so a change of it wins over what the API had made of ``$LATEST`` before. As long as
it is what it was, everything that was acknowledged stands.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from tencentserverless.local.registry.encoding import Kept
from tencentserverless.local.registry.function import new_function
from tencentserverless.local.registry.records import FunctionKey, FunctionRecord


@dataclass(slots=True)
class Reunion:
    """What the server starts from.

    :param changed: those of ``functions`` that the database does not have like this
    :param forgotten: what the database has and the server has not
    """

    functions: dict[FunctionKey, Kept] = field(default_factory=dict)
    changed: list[FunctionKey] = field(default_factory=list)
    forgotten: list[FunctionKey] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)


def reconcile(kept: Mapping[FunctionKey, Kept], found: Mapping[FunctionKey, FunctionRecord]) -> Reunion:
    """Put together what is kept and what PATH holds."""
    reunion = Reunion()
    for key, old in kept.items():
        record = found.get(key)
        if record is not None and old.found is not None and _is_same(old.found, record):
            reunion.functions[key] = old
        elif record is not None:
            _take_folder(reunion, old, record)
        elif old.found is None or old.function.latest.package is not None or len(old.function.versions) > 1:
            reunion.functions[key] = old
        else:
            reunion.forgotten.append(key)
            reunion.notices.append(
                f"{key.name}: its folder {old.found.code_folder} is no longer served; it is forgotten"
            )
    for key, record in found.items():
        if key not in kept:
            reunion.functions[key] = Kept(new_function(record), record)
            reunion.changed.append(key)
    return reunion


def _take_folder(reunion: Reunion, old: Kept, record: FunctionRecord) -> None:
    """The folder has changed, or is new: its ``$LATEST`` stands, with the versions and aliases that there are."""
    key, latest = record.key, old.function.latest
    if old.found is None or not _is_same(old.found, latest):
        reunion.notices.append(
            f"{key.name}: {record.code_folder} has changed; it replaces what the API had made of $LATEST"
        )
    function = old.function.with_folder(replace(record, created_at=latest.created_at), old.found)
    reunion.functions[key] = Kept(function, record)
    reunion.changed.append(key)


def _is_same(one: FunctionRecord, other: FunctionRecord) -> bool:
    """Whether two records say the same, whenever they said it."""
    return _timeless(one) == _timeless(other)


def _timeless(record: FunctionRecord) -> FunctionRecord:
    timers = tuple(replace(timer, created_at=0.0, changed_at=0.0) for timer in record.timers)
    return replace(record, created_at=0.0, changed_at=0.0, timers=timers)
