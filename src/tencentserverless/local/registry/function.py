"""A function whole: its versions, its aliases and its reserved memory, as one frozen value.

One value, so that a change is one write: whoever keeps functions on disk keeps these.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from tencentserverless.local.registry.aliases import Alias, default_alias
from tencentserverless.local.registry.records import DEFAULT_ALIAS, LATEST, FunctionKey, FunctionRecord

_NO_ROUTING_KEY: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class AsyncConfig:
    """How asynchronous invocations of a function are retried (document/product/583/51519, 43732).

    :param retries: after errors of the function
    :param ttl_seconds: how long an event is tried where there was no room for it
    """

    retries: int = 2
    ttl_seconds: int = 21_600


@dataclass(frozen=True, slots=True)
class Function:
    """What is kept under a key.

    :param versions: by name, ``$LATEST`` first, then ``1`` upwards
    :param aliases: by name, ``$DEFAULT`` always among them
    :param last_version: the highest number that was ever given; none is given twice
    :param reserved_mb: memory that its calls may hold at one time, None for a share of the region's
    """

    versions: Mapping[str, FunctionRecord]
    aliases: Mapping[str, Alias]
    last_version: int = 0
    reserved_mb: int | None = None
    async_config: AsyncConfig = AsyncConfig()

    @property
    def latest(self) -> FunctionRecord:
        """The version that can be edited."""
        return self.versions[LATEST]

    @property
    def key(self) -> FunctionKey:
        """Where the function is."""
        return self.versions[LATEST].key

    def resolve(
        self, qualifier: str, dice: Callable[[], float], routing_key: Mapping[str, str] = _NO_ROUTING_KEY
    ) -> FunctionRecord | None:
        """The version that a call with this qualifier runs, None if there is no such version or alias."""
        record = self.versions.get(qualifier)
        if record is not None:
            return record
        alias = self.aliases.get(qualifier)
        return self.versions.get(alias.choose(routing_key, dice)) if alias else None

    def pinned(self, qualifier: str) -> FunctionRecord | None:
        """The version that a qualifier names: of an alias its main one."""
        alias = self.aliases.get(qualifier)
        return self.versions.get(alias.version if alias else qualifier)

    def with_latest(self, record: FunctionRecord) -> "Function":
        """The same with this code and configuration."""
        return replace(self, versions={**self.versions, LATEST: record})

    def with_version(self, record: FunctionRecord) -> "Function":
        """The same with one more published version, whose number is the next one."""
        return replace(self, versions={**self.versions, record.version: record}, last_version=int(record.version))

    def without_version(self, version: str) -> "Function":
        """The same without a published version."""
        return replace(self, versions={name: each for name, each in self.versions.items() if name != version})

    def with_alias(self, alias: Alias) -> "Function":
        """The same with an alias, which may take the place of one of its name."""
        return replace(self, aliases={**self.aliases, alias.name: alias})

    def without_alias(self, name: str) -> "Function":
        """The same without an alias."""
        return replace(self, aliases={key: each for key, each in self.aliases.items() if key != name})

    def with_reserved(self, reserved_mb: int | None) -> "Function":
        """The same with another reservation."""
        return replace(self, reserved_mb=reserved_mb)

    def with_async_config(self, config: AsyncConfig) -> "Function":
        """The same with other retries."""
        return replace(self, async_config=config)

    def aliases_of(self, version: str) -> list[Alias]:
        """The aliases that can lead a call to a version."""
        return [alias for alias in self.aliases.values() if version in alias.versions]


def new_function(record: FunctionRecord) -> Function:
    """A function of one version, ``$LATEST``."""
    return Function({LATEST: record}, {DEFAULT_ALIAS: default_alias(record.created_at)})


def packages_of(records: Iterable[FunctionRecord]) -> set[str]:
    """The hashes of the code packages that records stand on."""
    return {record.package.sha256 for record in records if record.package}
