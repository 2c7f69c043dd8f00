"""Faults on demand: rules that choose calls and make them fail.

Pure: random generators are seeded, and each rule has its own counters.

A rule set is JSON: ``{"rules": [{"kind": "lost", "function": "order-*", "first": 2}]}``. The first rule that matches a
call, and whose turn it is, decides.
"""

import fnmatch
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import msgspec

from tencentserverless.local.registry.function_version import FunctionRecord

MAX_RULES = 100
MAX_BYTES = 64 * 1024
_MAX_SECONDS = 900.0
_MAX_CHARS = 200

#: refuse and throttle: nothing runs. delay: the call runs later. crash and timeout: the call runs, its instance ends,
#: and the call has failed. lost and cut: the call runs, and its answer does not arrive, or only in part.
Kind = Literal["refuse", "throttle", "delay", "crash", "timeout", "lost", "cut"]


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A rule: the calls that it matches, and the kind of their fault.

    :param function: a pattern such as ``order-*``; likewise namespace, region and version
    :param rate: the share of matching calls, 0 to 1, by this rule's own random generator
    :param first: the first matching calls, so many of them
    :param every: each matching call whose number is a multiple of this one
    :param seed: of the random generator
    :param seconds: of a delay
    :param code: of a refusal, a code of the API
    :param status: of throttling: 429 or 432
    """

    kind: Kind
    function: str = "*"
    namespace: str = "*"
    region: str = "*"
    version: str = "*"
    rate: float | None = None
    first: int | None = None
    every: int | None = None
    seed: int = 0
    seconds: float = 0.0
    code: str = "InternalError"
    status: int = 432


class RuleSet(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Rules, in the order in which they are checked."""

    rules: list[Rule] = []


class BadRules(Exception):
    """The rules can't be read; the message names the field. No rule is used."""


def parse(text: bytes) -> RuleSet:
    """Parse the rules of a JSON text.

    :raises BadRules: if a rule is invalid
    """
    if len(text) > MAX_BYTES:
        raise BadRules(f"the rules have {len(text)} bytes, the limit is {MAX_BYTES}")
    try:
        rule_set = msgspec.json.decode(text, type=RuleSet)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise BadRules(str(error)) from None
    if len(rule_set.rules) > MAX_RULES:
        raise BadRules(f"there are {len(rule_set.rules)} rules, the limit is {MAX_RULES}")
    for number, rule in enumerate(rule_set.rules):
        fault = _fault(rule)
        if fault:
            raise BadRules(f"rules[{number}].{fault}")
    return rule_set


def _fault(rule: Rule) -> str | None:
    """Describe the error in a rule; None if it is valid."""
    if rule.rate is not None and not 0 <= rule.rate <= 1:
        return f"rate must be 0 to 1, not {rule.rate}"
    for name in ("first", "every"):
        number = getattr(rule, name)
        if number is not None and number < 1:
            return f"{name} must be 1 or more, not {number}"
    if not 0 <= rule.seconds <= _MAX_SECONDS:
        return f"seconds must be 0 to {_MAX_SECONDS:g}, not {rule.seconds}"
    if rule.status not in (429, 432):
        return f"status must be 429 or 432, not {rule.status}"
    for name in ("function", "namespace", "region", "version", "code"):
        if not 0 < len(getattr(rule, name)) <= _MAX_CHARS:
            return f"{name} must have 1 to {_MAX_CHARS} characters"
    return None


@dataclass(slots=True)
class _Counted:
    """A rule and its counters."""

    rule: Rule
    rng: random.Random
    fitted: int = 0
    fired: int = 0

    def fires(self, record: FunctionRecord) -> bool:
        """True if the rule matches a call and it is the rule's turn."""
        rule, key = self.rule, record.key
        pairs = ((key.name, rule.function), (key.namespace, rule.namespace), (key.region, rule.region))
        if not all(fnmatch.fnmatchcase(text, pattern) for text, pattern in (*pairs, (record.version, rule.version))):
            return False
        self.fitted += 1
        is_due = (rule.first is None or self.fitted <= rule.first) and (
            rule.every is None or self.fitted % rule.every == 0
        )
        if not is_due or (rule.rate is not None and self.rng.random() >= rule.rate):
            return False
        self.fired += 1
        return True


@dataclass(slots=True)
class Faults:
    """The active rules. Without rules, a call checks only ``is_on``."""

    is_on: bool = False
    _counted: list[_Counted] = field(default_factory=list)

    def set(self, rules: Sequence[Rule]) -> None:
        """Activate these rules, with new counters."""
        self._counted = [_Counted(rule, random.Random(rule.seed)) for rule in rules]  # noqa: S311  # repeatable
        self.is_on = bool(rules)

    def decide(self, record: FunctionRecord) -> Rule | None:
        """Return the rule that applies to a call; None for no fault."""
        return next((counted.rule for counted in self._counted if counted.fires(record)), None)

    def report(self) -> list[dict[str, object]]:
        """Return the rules, each with the number of matching calls and how often it fired."""
        return [
            {**msgspec.to_builtins(each.rule), "fitted": each.fitted, "fired": each.fired} for each in self._counted
        ]
