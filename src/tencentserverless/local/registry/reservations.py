"""The memory that calls may hold: of single functions, of namespaces with a total of their own, and of a whole region.

Source: cloud.tencent.com/document/product/583/51519 (concurrency management). That a namespace's total is taken out of
the memory that the other namespaces of the region share is our reading of PutTotalConcurrencyConfig.
"""

from typing import NamedTuple

from tencentserverless.local.registry.function_version import FunctionKey


class Share(NamedTuple):
    """Memory that the calls of functions without a reservation share.

    :param namespace: the namespace with a total of its own, ``""`` for all the others of the region
    """

    region: str
    namespace: str
    limit_mb: int


class Reservations:
    """Memory of a region that is reserved for single functions, and the totals of namespaces.

    :ivar generation: another number after every change
    """

    def __init__(self) -> None:
        self.generation: int = 0
        self._functions: dict[FunctionKey, int] = {}
        self._totals: dict[tuple[str, str], int] = {}

    def of_function(self, key: FunctionKey) -> int | None:
        """Return the reserved megabytes of a function; None if it has no reservation."""
        return self._functions.get(key)

    def of_region(self, region: str) -> int:
        """Return the reserved megabytes of all functions of a region together."""
        return sum(reserved_mb for key, reserved_mb in self._functions.items() if key.region == region)

    def of_namespace(self, region: str, namespace: str) -> int:
        """Return the reserved megabytes of all functions of a namespace together."""
        return sum(mb for key, mb in self._functions.items() if key[:2] == (region, namespace))

    def total_of(self, region: str, namespace: str) -> int | None:
        """Return the total of a namespace; None if it has none of its own."""
        return self._totals.get((region, namespace))

    def totals_of(self, region: str) -> int:
        """Return the totals of all namespaces of a region together."""
        return sum(total_mb for (place, _), total_mb in self._totals.items() if place == region)

    def share_of(self, region: str, namespace: str, quota_mb: int) -> Share:
        """Return the memory that the functions of a namespace share which have no reservation.

        :param quota_mb: of the region
        """
        total_mb = self._totals.get((region, namespace))
        if total_mb is not None:
            return Share(region, namespace, total_mb - self.of_namespace(region, namespace))
        reserved_mb = sum(
            mb for key, mb in self._functions.items() if key.region == region and key[:2] not in self._totals
        )
        return Share(region, "", max(0, quota_mb - self.totals_of(region) - reserved_mb))

    def put(self, key: FunctionKey, megabytes: int | None) -> None:
        """Change a function's reservation; None removes it."""
        self.generation += 1
        self._functions.pop(key, None)
        if megabytes is not None:
            self._functions[key] = megabytes

    def put_total(self, region: str, namespace: str, megabytes: int | None) -> None:
        """Change the total of a namespace; None removes it."""
        self.generation += 1
        self._totals.pop((region, namespace), None)
        if megabytes is not None:
            self._totals[region, namespace] = megabytes
