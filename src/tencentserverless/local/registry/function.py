"""A function whole: its versions, its aliases and its reserved memory, as one frozen value.

One value, so that a change is one write to the database. An alias is a name for a version, which may send a part of the
calls to another one, by weight or by rule.

Source: cloud.tencent.com/document/product/583/43731 (traffic routing) and api/583/17244 (RoutingConfig, VersionMatch).
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from tencentserverless.local.registry.records import (
    DEFAULT_ALIAS,
    LATEST,
    AsyncConfig,
    FunctionKey,
    FunctionRecord,
)
from tencentserverless.local.registry.triggers import Trigger

_NO_ROUTING_KEY: Mapping[str, str] = {}
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}\Z")
EXACT, RANGE = "exact", "range"
KEY_PREFIX = "invoke.headers."
# The page names (a,b) and [a,b]; CloudBase's own command line sends half-open ones, "[0,50)" and "[50,100)".
_RANGE = re.compile(r"([\[(])\s*(-?\d{1,18})\s*,\s*(-?\d{1,18})\s*([\])])\Z")
_INTEGER = re.compile(r"-?\d{1,18}\Z", re.ASCII)


class Match(NamedTuple):
    """A rule: calls whose routing key fits go to this version.

    :param key: ``invoke.headers.User`` looks at ``User`` of the routing key
    :param expression: a text (exact), or an interval of integers (range)
    """

    version: str
    key: str
    method: str
    expression: str

    def fits(self, routing_key: Mapping[str, str]) -> bool:
        """Whether a call goes to this version."""
        value = routing_key.get(self.key.removeprefix(KEY_PREFIX))
        if value is None:
            return False
        if self.method == EXACT:
            return value == self.expression
        interval = _RANGE.match(self.expression)
        if interval is None or not _INTEGER.match(value):
            return False
        low, high, number = int(interval[2]), int(interval[3]), int(value)
        is_above = number >= low if interval[1] == "[" else number > low
        is_below = number <= high if interval[4] == "]" else number < high
        return is_above and is_below

    @property
    def fault(self) -> str | None:
        """What is wrong with the rule, None if nothing."""
        if not self.key.startswith(KEY_PREFIX) or self.key == KEY_PREFIX:
            return f"Key must be {KEY_PREFIX}<name>, not {self.key[:64]!r}"
        if self.method not in (EXACT, RANGE):
            return f"Method must be {EXACT} or {RANGE}, not {self.method[:64]!r}"
        if self.method == RANGE and not _RANGE.match(self.expression):
            return f"Expression must be an interval of integers such as [0,10], not {self.expression[:64]!r}"
        return None


class Weight(NamedTuple):
    """A version that gets this share of the calls, 0 to 1."""

    version: str
    share: float


@dataclass(frozen=True, slots=True)
class Alias:
    """A name for a version. ``weights`` and ``matches`` exclude each other."""

    name: str
    version: str
    weights: tuple[Weight, ...] = ()
    matches: tuple[Match, ...] = ()
    description: str = ""
    created_at: float = 0.0
    changed_at: float = 0.0

    @property
    def versions(self) -> frozenset[str]:
        """Every version that a call can come to."""
        return frozenset((self.version, *(each.version for each in self.weights + self.matches)))

    def choose(self, routing_key: Mapping[str, str], rng: Callable[[], float]) -> str:
        """The version that a call goes to.

        :param rng: a number from 0 up to, but without, 1
        """
        for match in self.matches:
            if match.fits(routing_key):
                return match.version
        if self.weights:
            rest = rng()
            for weight in self.weights:
                if rest < weight.share:
                    return weight.version
                rest -= weight.share
        return self.version


def default_alias(now: float) -> Alias:
    """The alias that every function has from the beginning."""
    return Alias(DEFAULT_ALIAS, LATEST, created_at=now, changed_at=now)


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
        self, qualifier: str, rng: Callable[[], float], routing_key: Mapping[str, str] = _NO_ROUTING_KEY
    ) -> FunctionRecord | None:
        """The version that a call with this qualifier runs, None if there is no such version or alias."""
        record = self.versions.get(qualifier)
        if record is not None:
            return record
        alias = self.aliases.get(qualifier)
        return self.versions.get(alias.choose(routing_key, rng)) if alias else None

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
