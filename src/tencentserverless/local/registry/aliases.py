"""An alias: a name for a version, which may send a part of the calls to another one, by weight or by rule.

Source: cloud.tencent.com/document/product/583/43731 (traffic routing) and api/583/17244 (RoutingConfig, VersionMatch).
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from tencentserverless.local.registry.records import DEFAULT_ALIAS, LATEST

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

    def choose(self, routing_key: Mapping[str, str], dice: Callable[[], float]) -> str:
        """The version that a call goes to.

        :param dice: a number from 0 up to, but without, 1
        """
        for match in self.matches:
            if match.fits(routing_key):
                return match.version
        if self.weights:
            rest = dice()
            for weight in self.weights:
                if rest < weight.share:
                    return weight.version
                rest -= weight.share
        return self.version


def default_alias(now: float) -> Alias:
    """The alias that every function has from the beginning."""
    return Alias(DEFAULT_ALIAS, LATEST, created_at=now, changed_at=now)
