"""Provisioned concurrency: how many instances of a version are started ahead of its calls, and are kept.

Source: the texts of PutProvisionedConcurrencyConfig and of TriggerAction in the official SDK (2018-04-16).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from tencentserverless.local.registry.function_version import FunctionKey, FunctionRecord

DEFAULT, TRACKING = "Default", "ConcurrencyUtilizationTracking"
KINDS = (DEFAULT, TRACKING)

#: A version: its function's key, and its number.
VersionKey = tuple[FunctionKey, str]


@dataclass(frozen=True, slots=True)
class TimedProvision:
    """Another number of instances from a time on, which a cron expression of seven fields gives."""

    name: str
    count: int
    cron: str
    kind: str | None = None


@dataclass(frozen=True, slots=True)
class Provision:
    """The provisioned concurrency of one version.

    :param count: the instances that are kept now
    :param tracking: of ``ConcurrencyUtilizationTracking``: target, smallest and largest number, as they were given
    :param changed_at: UNIX seconds of the last change through the API
    """

    count: int
    kind: str = DEFAULT
    tracking: tuple[float, int, int] | None = None
    timed: tuple[TimedProvision, ...] = ()
    changed_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """A version and the number of its instances that are kept."""

    record: FunctionRecord
    count: int


class Provisions:
    """The instances that are kept, of all functions.

    :ivar generation: another number after every change
    """

    def __init__(self) -> None:
        self.generation: int = 0
        self._functions: dict[FunctionKey, dict[str, Wanted]] = {}
        self._wanted: dict[VersionKey, Wanted] = {}

    @property
    def wanted(self) -> Mapping[VersionKey, Wanted]:
        """Every version of which instances are kept."""
        return self._wanted

    @property
    def total(self) -> int:
        """The number of all instances that are kept."""
        return sum(each.count for each in self._wanted.values())

    def put(
        self, key: FunctionKey, versions: Mapping[str, FunctionRecord], provisions: Mapping[str, Provision]
    ) -> None:
        """Change the instances that are kept of a function; no versions for a function that is gone."""
        wanted = {
            version: Wanted(versions[version], each.count)
            for version, each in provisions.items()
            if each.count and version in versions
        }
        if wanted == self._functions.get(key, {}):
            return
        self.generation += 1
        self._functions[key] = wanted
        if not wanted:
            del self._functions[key]
        self._wanted = {
            (name, version): each for name, kept in self._functions.items() for version, each in kept.items()
        }
