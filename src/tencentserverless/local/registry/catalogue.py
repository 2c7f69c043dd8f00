"""The functions and namespaces that exist. Every change is one ``put`` or ``remove`` of one frozen value.

All of them are in memory, since every call looks one up; the database is read once, at the start.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from tencentserverless.local.registry import function_tables
from tencentserverless.local.registry.database import Database
from tencentserverless.local.registry.function import Function
from tencentserverless.local.registry.function_tables import Locate, StoredFunction
from tencentserverless.local.registry.reconcile import FolderDefinition, SyncPlan, reconcile
from tencentserverless.local.registry.records import DEFAULT_NAMESPACE, FunctionKey, FunctionRecord, Namespace


class Reservations:
    """How much memory of a region is promised to single functions. The scheduler reads it on every call."""

    def __init__(self) -> None:
        self._functions: dict[FunctionKey, int] = {}
        self._regions: dict[str, int] = {}

    def of_function(self, key: FunctionKey) -> int | None:
        """Megabytes for one function, None if it has no reservation."""
        return self._functions.get(key)

    def of_region(self, region: str) -> int:
        """Megabytes for all functions of a region together."""
        return self._regions.get(region, 0)

    def put(self, key: FunctionKey, megabytes: int | None) -> None:
        """Change a function's reservation; None ends it."""
        change = (megabytes or 0) - self._functions.pop(key, 0)
        self._regions[key.region] = self._regions.get(key.region, 0) + change
        if megabytes is not None:
            self._functions[key] = megabytes


_NOTHING = StoredFunction(None, None)


class SyncResult(NamedTuple):
    """What has come of a look at one function's folder.

    :param before: the function as it was, None if there was none
    """

    before: Function | None
    stand: SyncPlan
    has_gone_away: bool = False
    has_come_back: bool = False


class Catalogue:
    """Finds functions by region, namespace and name. Every region has the namespace ``default``.

    A change is in the database before it is here, so a reader may rely on it. Every change raises ``DatabaseError`` if
    it can't be kept; nothing has changed then. No change waits, so its decision is still true when it is written.

    A function whose folder is away is kept, and found no more, but for its published versions.

    :param kept: what the server starts from
    """

    def __init__(
        self, database: Database, kept: Iterable[StoredFunction] = (), namespaces: Iterable[Namespace] = ()
    ) -> None:
        self._database = database
        self._kept: dict[FunctionKey, StoredFunction] = {}
        self._functions: dict[FunctionKey, Function] = {}  # those that are found
        self._away: dict[FunctionKey, Function] = {}
        self._absent: set[FunctionKey] = set()  # no folder holds them
        self._scanned_at: dict[FunctionKey, int] = {}  # when the look began that was followed last
        self._now = 0
        self._namespaces: dict[tuple[str, str], Namespace] = {(each.region, each.name): each for each in namespaces}
        self.reservations: Reservations = Reservations()
        for each in kept:
            self._take(each)

    def find(self, key: FunctionKey) -> Function | None:
        """The function under a key. None, too, if its folder is away and no version of it was published."""
        return self._functions.get(key)

    def find_away(self, key: FunctionKey) -> Function | None:
        """The function under a key if its folder is away: it is not gone, but its ``$LATEST`` can't run."""
        return self._away.get(key)

    def find_kept(self, key: FunctionKey) -> Function | None:
        """The function under a key, whether its folder is away or not."""
        return self._functions.get(key) or self._away.get(key)

    def has_folder(self, key: FunctionKey) -> bool:
        """Whether there was a folder that holds the function when somebody looked last."""
        kept = self._kept.get(key)
        return kept is not None and kept.source_record is not None and key not in self._absent

    def kept(self) -> Mapping[FunctionKey, StoredFunction]:
        """All that is kept of functions, deleted ones whose folders are there among them."""
        return self._kept

    def put(self, function: Function) -> None:
        """Keep a function, in place of what was under its key."""
        self._put(self._kept.get(function.key, _NOTHING)._replace(function=function))

    def remove(self, key: FunctionKey) -> None:
        """Forget a function with all its versions and aliases. Its folder brings it back when it changes."""
        old = self._kept[key]
        if old.source_record is None:
            self._database.write_now(function_tables.remove_functions([key]))
            self._forget(key)
        else:
            self._put(old._replace(function=None))

    def begin_scan(self) -> int:
        """The moment at which somebody begins to look at folders, for ``apply_sync``."""
        self._now += 1
        return self._now

    def apply_sync(
        self, looks: Mapping[FunctionKey, FolderDefinition | None], moment: int
    ) -> dict[FunctionKey, SyncResult]:
        """Take over what folders hold.

        :param looks: None for a function that no folder holds
        :param moment: when the looks began: of two at one folder the one that began later stands
        :return: what has come of it, without those that a later look has overtaken
        """
        followed = {key: self._meet(key, look) for key, look in looks.items() if self._scanned_at.get(key, 0) <= moment}
        changed = [each.stand.kept for key, each in followed.items() if each.stand.kept != self._kept.get(key)]
        if changed:
            self._database.write_now(function_tables.put_functions(each for each in changed if each is not None))
        for key, each in followed.items():
            self._scanned_at[key] = moment
            (self._absent.add if looks[key] is None else self._absent.discard)(key)
            if each.stand.kept is not None:
                self._take(each.stand.kept)
        return followed

    def has_namespace(self, region: str, namespace: str) -> bool:
        """Whether a namespace exists in a region."""
        return namespace == DEFAULT_NAMESPACE or (region, namespace) in self._namespaces

    def namespaces(self, region: str) -> list[Namespace]:
        """The namespaces of a region, ``default`` first, then in the order in which they came."""
        default = self._namespaces.get((region, DEFAULT_NAMESPACE), Namespace(region, DEFAULT_NAMESPACE))
        others = [each for each in self._namespaces.values() if each.region == region]
        return [default, *(each for each in others if each.name != DEFAULT_NAMESPACE)]

    def put_namespace(self, namespace: Namespace) -> None:
        """Keep a namespace, in place of one of its name."""
        self._database.write_now(function_tables.put_namespace(namespace))
        self._namespaces[namespace.region, namespace.name] = namespace

    def remove_namespace(self, region: str, name: str) -> None:
        """Forget a namespace, which must be empty."""
        self._database.write_now(function_tables.remove_namespace(region, name))
        del self._namespaces[region, name]

    def functions(self, region: str, namespace: str) -> list[Function]:
        """The functions of one namespace, in the order in which they came."""
        return [each for key, each in self._functions.items() if key.region == region and key.namespace == namespace]

    def namesakes(self, name: str) -> list[FunctionKey]:
        """Where a function of that name exists, in whatever region and namespace."""
        return sorted(key for key in self._functions if key.name == name)

    def records(self) -> Iterator[FunctionRecord]:
        """Every version of every function, also of those whose folders are away."""
        for kept in self._kept.values():
            if kept.function is not None:
                yield from kept.function.versions.values()

    def _meet(self, key: FunctionKey, look: FolderDefinition | None) -> SyncResult:
        old = self._kept.get(key)
        stand = reconcile(old, look)
        was_away = key in self._away
        before = old.function if old else None
        return SyncResult(before, stand, stand.is_away and not was_away, was_away and look is not None)

    def _put(self, kept: StoredFunction) -> None:
        self._database.write_now(function_tables.put_functions([kept]))
        self._take(kept)

    def _take(self, kept: StoredFunction) -> None:
        key, function = kept.key, kept.function
        self._kept[key] = kept
        if function is not None and key in self._absent and function.latest.package is None:
            self._away[key] = function
        else:
            self._away.pop(key, None)
        self.reservations.put(key, function.reserved_mb if function else None)
        if function is None or (key in self._away and not function.has_versions):
            self._functions.pop(key, None)
        else:
            self._functions[key] = function
            self._take_namespace(function.latest)

    def _take_namespace(self, record: FunctionRecord) -> None:
        """The namespace of a folder's function is there with it."""
        key = record.key
        if not self.has_namespace(key.region, key.namespace):
            space = Namespace(key.region, key.namespace, "", record.created_at, record.changed_at)
            self._namespaces[key.region, key.namespace] = space

    def _forget(self, key: FunctionKey) -> None:
        del self._kept[key]
        self._functions.pop(key, None)
        self._away.pop(key, None)
        self.reservations.put(key, None)

    def __iter__(self) -> Iterator[Function]:
        return iter(self._functions.values())

    def __len__(self) -> int:
        return len(self._functions)


def restore(
    database: Database, locate: Locate, looks: Mapping[FunctionKey, FolderDefinition]
) -> tuple[Catalogue, list[str]]:
    """The catalogue of a server that starts, and what the user should know of it.

    :param locate: finds a code package
    :param looks: what PATH holds
    :raises DatabaseError: if the database can't be read or written
    :raises ValueError: if what it holds is not what this version writes
    """
    kept = database.read_now(function_tables.functions(locate))
    catalogue = Catalogue(database, kept.values(), database.read_now(function_tables.namespaces))
    followed = catalogue.apply_sync({**dict.fromkeys(kept), **looks}, catalogue.begin_scan())
    return catalogue, [notice for each in followed.values() if (notice := notice_of(each))]


def notice_of(followed: SyncResult) -> str:
    """What the user should know of it, ``""`` for nothing."""
    if not followed.has_gone_away or followed.before is None:
        return followed.stand.notice
    latest = followed.before.latest
    return (
        f"{latest.key.name}: its folder {latest.code_folder} is away; what belongs to the function is kept until the "
        "folder is back, or until DeleteFunction or scf local reset"
    )
