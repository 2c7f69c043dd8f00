"""The functions and namespaces that exist. Every change is one ``put`` or ``remove`` of one frozen value.

All of them are in memory, because every call finds a function here; the database is read once, at the start.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from tencentserverless.local.registry import function_tables
from tencentserverless.local.registry.database import Database
from tencentserverless.local.registry.folder_merge import FolderDefinition, SyncPlan, merge_folder
from tencentserverless.local.registry.function import Function
from tencentserverless.local.registry.function_tables import Locate, StoredFunction
from tencentserverless.local.registry.function_version import DEFAULT_NAMESPACE, FunctionKey, FunctionRecord, Namespace
from tencentserverless.local.registry.provisions import Provisions
from tencentserverless.local.registry.reservations import Reservations

_NOTHING = StoredFunction(None, None)


class SyncResult(NamedTuple):
    """The result of a scan of one function's folder.

    :param before: the function before the scan, None if there was none
    """

    before: Function | None
    plan: SyncPlan
    has_gone_away: bool = False
    has_come_back: bool = False


class Catalogue:
    """Finds functions by region, namespace and name. Every region has the namespace ``default``.

    A change is in the database before it is here, so a reader may rely on it. Every change raises ``DatabaseError`` if
    it can't be stored; then nothing has changed. No change waits, so its decision is still true when it is written.

    A function whose folder is away is stored, but not found, except its published versions.

    :param kept: the stored functions with which the server starts
    """

    def __init__(
        self, database: Database, kept: Iterable[StoredFunction] = (), namespaces: Iterable[Namespace] = ()
    ) -> None:
        self._database = database
        self._kept: dict[FunctionKey, StoredFunction] = {}
        self._functions: dict[FunctionKey, Function] = {}  # functions that ``find`` returns
        self._away: dict[FunctionKey, Function] = {}
        self._lingering: dict[FunctionKey, Function] = {}  # deleted functions that are still shown
        self._absent: set[FunctionKey] = set()  # functions without a folder
        self._scanned_at: dict[FunctionKey, int] = {}  # start of the last applied scan
        self._now = 0
        self._namespaces: dict[tuple[str, str], Namespace] = {(each.region, each.name): each for each in namespaces}
        self.reservations: Reservations = Reservations()
        self.provisions: Provisions = Provisions()
        self.generation: int = 0  # of the functions: another number with every change of one
        for each in kept:
            self._take(each)
        for space in self._namespaces.values():
            self.reservations.put_total(space.region, space.name, space.total_mb)

    def find(self, key: FunctionKey) -> Function | None:
        """Return the function of a key. None also if its folder is away and it has no published version."""
        return self._functions.get(key) or self._lingering.get(key)

    def find_away(self, key: FunctionKey) -> Function | None:
        """Return the function of a key if its folder is away: it still exists, but its ``$LATEST`` can't run."""
        return self._away.get(key)

    def find_kept(self, key: FunctionKey) -> Function | None:
        """Return the function of a key, also if its folder is away."""
        return self._functions.get(key) or self._away.get(key)

    def has_folder(self, key: FunctionKey) -> bool:
        """True if a folder held the function at the last scan."""
        kept = self._kept.get(key)
        return kept is not None and kept.source_record is not None and key not in self._absent

    def kept(self) -> Mapping[FunctionKey, StoredFunction]:
        """Return all stored functions, including deleted ones whose folders still exist."""
        return self._kept

    def put(self, function: Function) -> None:
        """Store a function, in place of the one under its key."""
        self._put(self._kept.get(function.key, _NOTHING)._replace(function=function))

    def remove(self, key: FunctionKey, *, lingers: bool = False) -> None:
        """Delete a function with all its versions and aliases. A later change of its folder brings it back.

        :param lingers: true if the function is shown until ``forget``, for it is Deleting
        """
        old = self._kept[key]
        if lingers and key in self._functions:
            self._lingering[key] = self._functions[key]
        if old.source_record is None:
            self._database.write_now(function_tables.remove_functions([key]))
            self._forget(key)
        else:
            self._put(old._replace(function=None))

    def forget(self, key: FunctionKey) -> None:
        """Show a deleted function no more."""
        self._lingering.pop(key, None)
        self.generation += 1

    def begin_scan(self) -> int:
        """Return the number of a new scan of folders, for ``apply_sync``."""
        self._now += 1
        return self._now

    def apply_sync(
        self, definitions: Mapping[FunctionKey, FolderDefinition | None], moment: int
    ) -> dict[FunctionKey, SyncResult]:
        """Apply the results of a scan.

        :param definitions: by function; None for a function that no folder holds
        :param moment: the number of the scan: of two scans of one folder, the later one counts
        :return: the results, without functions for which a later scan was applied already
        """
        results = {
            key: self._meet(key, definition)
            for key, definition in definitions.items()
            if self._scanned_at.get(key, 0) <= moment
        }
        changed = [each.plan.kept for key, each in results.items() if each.plan.kept != self._kept.get(key)]
        if changed:
            self._database.write_now(function_tables.put_functions(each for each in changed if each is not None))
        for key, each in results.items():
            self._scanned_at[key] = moment
            (self._absent.add if definitions[key] is None else self._absent.discard)(key)
            if each.plan.kept is not None:
                self._take(each.plan.kept)
        return results

    def has_namespace(self, region: str, namespace: str) -> bool:
        """True if a namespace exists in a region."""
        return namespace == DEFAULT_NAMESPACE or (region, namespace) in self._namespaces

    def namespaces(self, region: str) -> list[Namespace]:
        """Return the namespaces of a region, ``default`` first, then in order of creation."""
        default = self._namespaces.get((region, DEFAULT_NAMESPACE), Namespace(region, DEFAULT_NAMESPACE))
        others = [each for each in self._namespaces.values() if each.region == region]
        return [default, *(each for each in others if each.name != DEFAULT_NAMESPACE)]

    def put_namespace(self, namespace: Namespace) -> None:
        """Store a namespace, in place of one of its name."""
        self._database.write_now(function_tables.put_namespace(namespace))
        self._namespaces[namespace.region, namespace.name] = namespace
        self.reservations.put_total(namespace.region, namespace.name, namespace.total_mb)

    def remove_namespace(self, region: str, name: str) -> None:
        """Delete a namespace, which must be empty."""
        self._database.write_now(function_tables.remove_namespace(region, name))
        del self._namespaces[region, name]
        self.reservations.put_total(region, name, None)

    def functions(self, region: str, namespace: str) -> list[Function]:
        """Return the functions of one namespace, in order of creation."""
        found = {**self._lingering, **self._functions}
        return [each for key, each in found.items() if key.region == region and key.namespace == namespace]

    def namesakes(self, name: str) -> list[FunctionKey]:
        """Return the keys of functions with this name, in all regions and namespaces."""
        return sorted(key for key in self._functions if key.name == name)

    def records(self) -> Iterator[FunctionRecord]:
        """Iterate over every version of every function, also of functions whose folders are away."""
        for kept in self._kept.values():
            if kept.function is not None:
                yield from kept.function.versions.values()

    def _meet(self, key: FunctionKey, definition: FolderDefinition | None) -> SyncResult:
        old = self._kept.get(key)
        plan = merge_folder(old, definition)
        was_away = key in self._away
        before = old.function if old else None
        return SyncResult(before, plan, plan.is_away and not was_away, was_away and definition is not None)

    def _put(self, kept: StoredFunction) -> None:
        self._database.write_now(function_tables.put_functions([kept]))
        self._take(kept)

    def _take(self, kept: StoredFunction) -> None:
        key, function = kept.key, kept.function
        self.generation += 1
        self._kept[key] = kept
        if function is not None and key in self._absent and function.latest.package is None:
            self._away[key] = function
        else:
            self._away.pop(key, None)
        self.reservations.put(key, function.reserved_mb if function else None)
        self.provisions.put(key, function.versions if function else {}, function.provisions if function else {})
        if function is None or (key in self._away and not function.has_versions):
            self._functions.pop(key, None)
        else:
            self._functions[key] = function
            self._take_namespace(function.latest)

    def _take_namespace(self, record: FunctionRecord) -> None:
        """Add the namespace of a function that came from a folder."""
        key = record.key
        if not self.has_namespace(key.region, key.namespace):
            space = Namespace(key.region, key.namespace, "", record.created_at, record.changed_at)
            self._namespaces[key.region, key.namespace] = space

    def _forget(self, key: FunctionKey) -> None:
        self.generation += 1
        del self._kept[key]
        self._functions.pop(key, None)
        self._away.pop(key, None)
        self.reservations.put(key, None)
        self.provisions.put(key, {}, {})

    def __iter__(self) -> Iterator[Function]:
        return iter(self._functions.values())

    def __len__(self) -> int:
        return len(self._functions)


def restore(
    database: Database, locate: Locate, definitions: Mapping[FunctionKey, FolderDefinition]
) -> tuple[Catalogue, list[str]]:
    """Make the catalogue of a starting server, and the notices for the user.

    :param locate: returns a code package
    :param definitions: the functions of PATH
    :raises DatabaseError: if the database can't be read or written
    :raises ValueError: if its content has a form that this version does not write
    """
    kept = database.read_now(function_tables.functions(locate))
    catalogue = Catalogue(database, kept.values(), database.read_now(function_tables.namespaces))
    results = catalogue.apply_sync({**dict.fromkeys(kept), **definitions}, catalogue.begin_scan())
    return catalogue, [notice for each in results.values() if (notice := notice_of(each))]


def notice_of(result: SyncResult) -> str:
    """Return the notice for the user, ``""`` for none."""
    if not result.has_gone_away or result.before is None:
        return result.plan.notice
    latest = result.before.latest
    return (
        f"{latest.key.name}: its folder {latest.code_folder} is away; what belongs to the function is kept until the "
        "folder is back, or until DeleteFunction or scf local reset"
    )
