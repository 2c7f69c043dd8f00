"""The functions that exist, by region, namespace and name."""

from collections.abc import Iterable, Iterator

from tencentserverless.local.registry.records import FunctionKey, FunctionRecord

DEFAULT_NAMESPACE = "default"


class Catalogue:
    """Finds records. Every region has the namespace ``default``; others exist once a function is in them."""

    def __init__(self, records: Iterable[FunctionRecord]) -> None:
        self._records = {record.key: record for record in records}

    def find(self, key: FunctionKey) -> FunctionRecord | None:
        """The record under a key."""
        return self._records.get(key)

    def has_namespace(self, region: str, namespace: str) -> bool:
        """Whether a namespace exists in a region."""
        if namespace == DEFAULT_NAMESPACE:
            return True
        return any(key.region == region and key.namespace == namespace for key in self._records)

    def functions(self, region: str, namespace: str) -> list[FunctionRecord]:
        """The records of one namespace, in the order in which they came."""
        return [record for key, record in self._records.items() if key.region == region and key.namespace == namespace]

    def namesakes(self, name: str) -> list[FunctionKey]:
        """Where a function of that name exists, in whatever region and namespace."""
        return sorted(key for key in self._records if key.name == name)

    def __iter__(self) -> Iterator[FunctionRecord]:
        return iter(self._records.values())

    def __len__(self) -> int:
        return len(self._records)
