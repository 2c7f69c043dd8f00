"""The functions and namespaces that exist. Every change is one ``put`` or ``remove`` of one frozen value."""

from collections.abc import Iterable, Iterator

from tencentserverless.local.registry.function import Function, new_function
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


class Catalogue:
    """Finds functions by region, namespace and name. Every region has the namespace ``default``."""

    def __init__(self, records: Iterable[FunctionRecord] = ()) -> None:
        self._functions: dict[FunctionKey, Function] = {}
        self._namespaces: dict[tuple[str, str], Namespace] = {}
        self.reservations: Reservations = Reservations()
        for record in records:
            key = record.key
            if key.namespace != DEFAULT_NAMESPACE and not self.has_namespace(key.region, key.namespace):
                self.put_namespace(Namespace(key.region, key.namespace, "", record.created_at, record.changed_at))
            self.put(new_function(record))

    def find(self, key: FunctionKey) -> Function | None:
        """The function under a key."""
        return self._functions.get(key)

    def put(self, function: Function) -> None:
        """Keep a function, in place of what was under its key."""
        self._functions[function.key] = function
        self.reservations.put(function.key, function.reserved_mb)

    def remove(self, key: FunctionKey) -> None:
        """Forget a function with all its versions and aliases."""
        del self._functions[key]
        self.reservations.put(key, None)

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
        self._namespaces[namespace.region, namespace.name] = namespace

    def remove_namespace(self, region: str, name: str) -> None:
        """Forget a namespace, which must be empty."""
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

    def __iter__(self) -> Iterator[Function]:
        return iter(self._functions.values())

    def __len__(self) -> int:
        return len(self._functions)
