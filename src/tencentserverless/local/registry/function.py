"""A whole function: its versions, its aliases and its reserved memory, as one frozen value.

It is one value, so that a change is one write to the database. An alias is a name for a version; it may send a part of
the calls to another version, by weight or by rule.

Source: cloud.tencent.com/document/product/583/43731 (traffic routing) and api/583/17244 (RoutingConfig, VersionMatch).
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from tencentserverless.local.registry.function_version import (
    DEFAULT_ALIAS,
    LATEST,
    AsyncConfig,
    FunctionKey,
    FunctionRecord,
)
from tencentserverless.local.registry.provisions import Provision
from tencentserverless.local.registry.timer_triggers import Trigger
from tencentserverless.local.registry.url_triggers import UrlTrigger

_NO_ROUTING_KEY: Mapping[str, str] = {}
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}\Z")
EXACT, RANGE = "exact", "range"
KEY_PREFIX = "invoke.headers."
# The page names (a,b) and [a,b]; CloudBase's own command line sends half-open ones, "[0,50)" and "[50,100)".
_RANGE = re.compile(r"([\[(])\s*(-?\d{1,18})\s*,\s*(-?\d{1,18})\s*([\])])\Z")
_INTEGER = re.compile(r"-?\d{1,18}\Z", re.ASCII)


class Match(NamedTuple):
    """A rule: calls with a matching routing key go to this version.

    :param key: ``invoke.headers.User`` reads ``User`` of the routing key
    :param expression: a text (exact), or an interval of integers (range)
    """

    version: str
    key: str
    method: str
    expression: str

    def fits(self, routing_key: Mapping[str, str]) -> bool:
        """True if a call goes to this version."""
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
        """The error in the rule, None if it is valid."""
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
        """Every version that a call can go to."""
        return frozenset((self.version, *(each.version for each in self.weights + self.matches)))

    def choose(self, routing_key: Mapping[str, str], rng: Callable[[], float]) -> str:
        """Choose the version of a call.

        :param rng: returns a number from 0 up to, but without, 1
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
    """Make the alias that every function has from its creation."""
    return Alias(DEFAULT_ALIAS, LATEST, created_at=now, changed_at=now)


@dataclass(frozen=True, slots=True)
class Function:
    """A function, the value that is stored under a key.

    :param versions: by name, ``$LATEST`` first, then ``1`` upwards
    :param aliases: by name, ``$DEFAULT`` always among them
    :param last_version: the highest version number so far; no number is used twice
    :param reserved_mb: reserved memory for its concurrent calls, None if they use the region's
    :param triggers: its timers, by name
    :param provisions: by version: the instances that are started ahead of its calls
    :param urls: its triggers of type ``http``, by name
    """

    versions: Mapping[str, FunctionRecord]
    aliases: Mapping[str, Alias]
    last_version: int = 0
    reserved_mb: int | None = None
    async_config: AsyncConfig = field(default_factory=AsyncConfig)
    triggers: Mapping[str, Trigger] = field(default_factory=dict)
    provisions: Mapping[str, Provision] = field(default_factory=dict)
    urls: Mapping[str, UrlTrigger] = field(default_factory=dict)

    @property
    def latest(self) -> FunctionRecord:
        """The version that can be edited."""
        return self.versions[LATEST]

    @property
    def has_versions(self) -> bool:
        """True if the function has a published version."""
        return len(self.versions) > 1

    @property
    def key(self) -> FunctionKey:
        """Key of the function."""
        return self.versions[LATEST].key

    @property
    def provisioned_mb(self) -> int:
        """Memory of the instances that are kept, of all versions."""
        return sum(each.count * self.versions[version].memory_mb for version, each in self.provisions.items())

    def is_routed(self, qualifier: str) -> bool:
        """True if the version of a qualifier depends on the call: on its routing key, or on chance."""
        alias = self.aliases.get(qualifier) if qualifier not in self.versions else None
        return alias is not None and bool(alias.matches or alias.weights)

    def resolve(
        self, qualifier: str, rng: Callable[[], float], routing_key: Mapping[str, str] = _NO_ROUTING_KEY
    ) -> FunctionRecord | None:
        """Return the version that a call with this qualifier runs, None if there is no such version or alias."""
        record = self.versions.get(qualifier)
        if record is not None:
            return record
        alias = self.aliases.get(qualifier)
        return self.versions.get(alias.choose(routing_key, rng)) if alias else None

    def pinned(self, qualifier: str) -> FunctionRecord | None:
        """Return the version that a qualifier names: for an alias, its main version."""
        alias = self.aliases.get(qualifier)
        return self.versions.get(alias.version if alias else qualifier)

    def with_latest(self, record: FunctionRecord) -> "Function":
        """Return the function with this code and configuration."""
        return replace(self, versions={**self.versions, LATEST: record})

    def with_folder(self, record: FunctionRecord, before: FunctionRecord | None = None) -> "Function":
        """Return the function with the settings of its folder: ``$LATEST``, retries, timers and URLs.

        :param before: the previous definition in the folder: timers and URLs that only it names are removed
        """
        named = {timer.name for timer in before.timers} if before else set()
        triggers = {name: trigger for name, trigger in self.triggers.items() if name not in named}
        triggers.update({timer.name: timer for timer in record.timers})
        urls = _replaced_urls(self.urls, before.urls if before else (), record.urls)
        return replace(self.with_latest(record), async_config=record.async_config, triggers=triggers, urls=urls)

    def with_version(self, record: FunctionRecord) -> "Function":
        """Return the function with one more published version, under the next number."""
        return replace(self, versions={**self.versions, record.version: record}, last_version=int(record.version))

    def without_version(self, version: str) -> "Function":
        """Return the function without a published version."""
        versions = {name: each for name, each in self.versions.items() if name != version}
        return replace(self.with_provision(version, None), versions=versions)

    def with_alias(self, alias: Alias) -> "Function":
        """Return the function with an alias, in place of one of its name."""
        return replace(self, aliases={**self.aliases, alias.name: alias})

    def without_alias(self, name: str) -> "Function":
        """Return the function without an alias."""
        return replace(self, aliases={key: each for key, each in self.aliases.items() if key != name})

    def with_reserved(self, reserved_mb: int | None) -> "Function":
        """Return the function with another reservation."""
        return replace(self, reserved_mb=reserved_mb)

    def with_provision(self, version: str, provision: Provision | None) -> "Function":
        """Return the function with another provisioned concurrency of a version; None removes it."""
        others = {name: each for name, each in self.provisions.items() if name != version}
        return replace(self, provisions=others if provision is None else {**others, version: provision})

    def with_async_config(self, config: AsyncConfig) -> "Function":
        """Return the function with other retry settings."""
        return replace(self, async_config=config)

    def with_trigger(self, trigger: Trigger) -> "Function":
        """Return the function with a trigger, in place of one of its name."""
        return replace(self, triggers={**self.triggers, trigger.name: trigger})

    def without_trigger(self, name: str) -> "Function":
        """Return the function without a trigger."""
        return replace(self, triggers={key: each for key, each in self.triggers.items() if key != name})

    def with_url(self, url: UrlTrigger) -> "Function":
        """Return the function with a URL, in place of one of its name."""
        return replace(self, urls={**self.urls, url.name: url})

    def without_url(self, name: str) -> "Function":
        """Return the function without a URL."""
        return replace(self, urls={key: each for key, each in self.urls.items() if key != name})

    def url_of(self, qualifier: str) -> UrlTrigger | None:
        """Return the URL of a version or an alias, None if it has none."""
        return next((each for each in self.urls.values() if each.qualifier == qualifier), None)

    def aliases_of(self, version: str) -> list[Alias]:
        """Return the aliases that can lead a call to a version."""
        return [alias for alias in self.aliases.values() if version in alias.versions]


def _replaced_urls(
    present: Mapping[str, UrlTrigger], before: Iterable[UrlTrigger], now: Iterable[UrlTrigger]
) -> dict[str, UrlTrigger]:
    """Return the URLs after a change of the folder. A version or alias has one: the folder's replaces another one."""
    named = {url.name for url in before}
    taken = {url.qualifier for url in now}
    kept = {name: url for name, url in present.items() if name not in named and url.qualifier not in taken}
    return kept | {url.name: url for url in now}


def new_function(record: FunctionRecord) -> Function:
    """Make a function with one version, ``$LATEST``."""
    aliases = {DEFAULT_ALIAS: default_alias(record.created_at)}
    return Function({LATEST: record}, aliases).with_folder(record)


def packages_of(records: Iterable[FunctionRecord]) -> set[str]:
    """Return the hashes of the code packages that records use."""
    return {record.package.sha256 for record in records if record.package}
