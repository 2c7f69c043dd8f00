"""A function whole: its versions, its aliases and its reserved memory, as one frozen value.

One value, so that a change is one write: whoever keeps functions on disk keeps these.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from tencentserverless.local.registry.aliases import Alias, default_alias
from tencentserverless.local.registry.records import (
    DEFAULT_ALIAS,
    LATEST,
    AsyncConfig,
    FunctionKey,
    FunctionRecord,
)
from tencentserverless.local.registry.triggers import Trigger

_NO_ROUTING_KEY: Mapping[str, str] = {}


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
    async_config: AsyncConfig = field(default_factory=AsyncConfig)
    triggers: Mapping[str, Trigger] = field(default_factory=dict)

    @property
    def latest(self) -> FunctionRecord:
        """The version that can be edited."""
        return self.versions[LATEST]

    @property
    def has_versions(self) -> bool:
        """Whether any version of it was published, and is still there."""
        return len(self.versions) > 1

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

    def with_folder(self, record: FunctionRecord, before: FunctionRecord | None = None) -> "Function":
        """The same with what its folder says: of ``$LATEST``, of retries, and of the timers that it names.

        :param before: what it said before: the timers that it named then are no more
        """
        named = {timer.name for timer in before.timers} if before else set()
        triggers = {name: trigger for name, trigger in self.triggers.items() if name not in named}
        triggers.update({timer.name: timer for timer in record.timers})
        return replace(self.with_latest(record), async_config=record.async_config, triggers=triggers)

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

    def with_trigger(self, trigger: Trigger) -> "Function":
        """The same with a trigger, which may take the place of one of its name."""
        return replace(self, triggers={**self.triggers, trigger.name: trigger})

    def without_trigger(self, name: str) -> "Function":
        """The same without a trigger."""
        return replace(self, triggers={key: each for key, each in self.triggers.items() if key != name})

    def aliases_of(self, version: str) -> list[Alias]:
        """The aliases that can lead a call to a version."""
        return [alias for alias in self.aliases.values() if version in alias.versions]


def new_function(record: FunctionRecord) -> Function:
    """A function of one version, ``$LATEST``."""
    aliases = {DEFAULT_ALIAS: default_alias(record.created_at)}
    return Function({LATEST: record}, aliases).with_folder(record)


def packages_of(records: Iterable[FunctionRecord]) -> set[str]:
    """The hashes of the code packages that records stand on."""
    return {record.package.sha256 for record in records if record.package}
