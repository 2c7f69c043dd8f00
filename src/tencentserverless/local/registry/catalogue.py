"""The functions and namespaces that exist. Every change is one ``put`` or ``remove`` of one frozen value.

All of them are in memory, since every call looks one up; the database is read once, at the start.
"""

from collections.abc import Iterable, Iterator, Mapping

from tencentserverless.local.registry import tables
from tencentserverless.local.registry.encoding import Kept, Locate
from tencentserverless.local.registry.function import Function
from tencentserverless.local.registry.reconcile import Reunion, reconcile
from tencentserverless.local.registry.records import DEFAULT_NAMESPACE, FunctionKey, FunctionRecord, Namespace
from tencentserverless.local.registry.store import Store


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


class Catalogue:
    """Finds functions by region, namespace and name. Every region has the namespace ``default``.

    A change is in the database before it is here: whoever sees it may rely on it. All of them raise ``StoreFailed`` if
    it can't be kept; nothing has changed then.

    :param kept: what the server starts from
    """

    def __init__(self, store: Store, kept: Iterable[Kept] = (), namespaces: Iterable[Namespace] = ()) -> None:
        self._store = store
        self._functions: dict[FunctionKey, Function] = {}
        self._found: dict[FunctionKey, FunctionRecord | None] = {}
        self._namespaces: dict[tuple[str, str], Namespace] = {(each.region, each.name): each for each in namespaces}
        self.reservations: Reservations = Reservations()
        for function, found in kept:
            self._found[function.key] = found
            self._take(function)

    def find(self, key: FunctionKey) -> Function | None:
        """The function under a key."""
        return self._functions.get(key)

    def put(self, function: Function) -> None:
        """Keep a function, in place of what was under its key."""
        self._store.write_now(tables.put_functions([Kept(function, self._found.get(function.key))]))
        self._take(function)

    def remove(self, key: FunctionKey) -> None:
        """Forget a function with all its versions and aliases."""
        self._store.write_now(tables.remove_functions([key]))
        del self._functions[key]
        self._found.pop(key, None)
        self.reservations.put(key, None)

    def kept(self) -> dict[FunctionKey, Kept]:
        """Every function, as the database has it."""
        return {key: Kept(function, self._found.get(key)) for key, function in self._functions.items()}

    def follow(self, reunion: Reunion) -> None:
        """Take over what the folders hold today."""
        self._store.write_now(tables.follow(reunion))
        for key in reunion.forgotten:
            del self._functions[key]
            self._found.pop(key, None)
            self.reservations.put(key, None)
        for key in reunion.changed:
            self._found[key] = reunion.functions[key].found
            self._take(reunion.functions[key].function)

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
        self._store.write_now(tables.put_namespace(namespace))
        self._namespaces[namespace.region, namespace.name] = namespace

    def remove_namespace(self, region: str, name: str) -> None:
        """Forget a namespace, which must be empty."""
        self._store.write_now(tables.remove_namespace(region, name))
        del self._namespaces[region, name]

    def functions(self, region: str, namespace: str) -> list[Function]:
        """The functions of one namespace, in the order in which they came."""
        return [each for key, each in self._functions.items() if key.region == region and key.namespace == namespace]

    def namesakes(self, name: str) -> list[FunctionKey]:
        """Where a function of that name exists, in whatever region and namespace."""
        return sorted(key for key in self._functions if key.name == name)

    def records(self) -> Iterator[FunctionRecord]:
        """Every version of every function."""
        for function in self._functions.values():
            yield from function.versions.values()

    def _take(self, function: Function) -> None:
        key = function.key
        self._functions[key] = function
        self.reservations.put(key, function.reserved_mb)
        if key.namespace != DEFAULT_NAMESPACE and not self.has_namespace(key.region, key.namespace):
            record = function.latest
            space = Namespace(key.region, key.namespace, "", record.created_at, record.changed_at)
            self._namespaces[key.region, key.namespace] = space  # of a folder: it comes again with the folder

    def __iter__(self) -> Iterator[Function]:
        return iter(self._functions.values())

    def __len__(self) -> int:
        return len(self._functions)


def restore(store: Store, locate: Locate, found: Mapping[FunctionKey, FunctionRecord]) -> tuple[Catalogue, list[str]]:
    """The catalogue of a server that starts, and what the user should know of it.

    :param locate: finds a code package
    :param found: what PATH holds
    :raises StoreFailed: if the database can't be read or written
    :raises ValueError: if what it holds is not what this version writes
    """
    reunion = reconcile(store.read_now(tables.functions(locate)), found)
    if reunion.changed or reunion.forgotten:
        store.write_now(tables.follow(reunion))
    return Catalogue(store, reunion.functions.values(), store.read_now(tables.namespaces)), reunion.notices
