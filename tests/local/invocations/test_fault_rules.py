"""Fault rules: what can't be read is refused whole, and what is read fires as it says."""

import json
from pathlib import Path

import pytest

from tencentserverless.local.invocations.fault_rules import MAX_BYTES, BadRules, Faults, parse
from tencentserverless.local.registry.function_version import FunctionKey, FunctionRecord

RECORD = FunctionRecord(FunctionKey("ap-a", "default", "order-new"), "index.main_handler", "Python3.10", Path("/x"))


def faults(*rules):
    found = Faults()
    found.set(parse(json.dumps({"rules": rules}).encode()).rules)
    return found


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"", "truncated"),
        (b"[]", "array"),
        (b'{"rule": []}', "unknown field `rule`"),
        (b'{"rules": [{"kind": "lost"}, {"kind": "lose"}]}', "$.rules[1].kind"),
        (b'{"rules": [{"kind": "lost", "rat": 1}]}', "unknown field `rat`"),
        (b'{"rules": [{"function": "x"}]}', "missing required field `kind`"),
        (b'{"rules": [{"kind": "lost"}, {"kind": "cut", "rate": 1.5}]}', "rules[1].rate must be 0 to 1, not 1.5"),
        (b'{"rules": [{"kind": "cut", "rate": "often"}]}', "$.rules[0].rate"),
        (b'{"rules": [{"kind": "cut", "first": 0}]}', "rules[0].first must be 1 or more, not 0"),
        (b'{"rules": [{"kind": "delay", "seconds": 1000}]}', "rules[0].seconds must be 0 to 900"),
        (b'{"rules": [{"kind": "throttle", "status": 430}]}', "rules[0].status must be 429 or 432"),
        (json.dumps({"rules": [{"kind": "cut"}] * 101}).encode(), "101 rules"),
        (b" " * (MAX_BYTES + 1), "the limit is"),
    ],
)
def test_rules_that_can_not_be_read(text, words):
    with pytest.raises(BadRules) as caught:
        parse(text)
    assert words in str(caught.value)


def kinds(found, calls, record=RECORD):
    return [(rule.kind if (rule := found.decide(record)) else None) for _ in range(calls)]


def test_the_first_so_many_and_each_so_manieth():
    assert kinds(faults({"kind": "lost", "first": 2}), 4) == ["lost", "lost", None, None]
    assert kinds(faults({"kind": "cut", "every": 3}), 6) == [None, None, "cut", None, None, "cut"]
    both = faults({"kind": "cut", "every": 2, "first": 4})
    assert kinds(both, 8) == [None, "cut", None, "cut", None, None, None, None]
    assert both.report() == [{"kind": "cut", "first": 4, "every": 2, "fitted": 8, "fired": 2}]


def test_the_first_rule_that_fires_decides():
    found = faults({"kind": "lost", "first": 1}, {"kind": "crash", "function": "order-*", "first": 1}, {"kind": "cut"})
    assert kinds(found, 3) == ["lost", "crash", "cut"]


@pytest.mark.parametrize(
    "pattern",
    [{"function": "new"}, {"region": "ap-b"}, {"namespace": "other"}, {"version": "1"}, {"function": "ORDER-*"}],
)
def test_what_does_not_fit(pattern):
    found = faults({"kind": "lost", **pattern})
    assert kinds(found, 2) == [None, None]
    assert found.report()[0]["fitted"] == 0


def test_dice_are_seeded():
    first, again, other = (kinds(faults({"kind": "lost", "rate": 0.5, "seed": seed}), 100) for seed in (1, 1, 2))
    assert first == again != other
    assert 20 < first.count("lost") < 80
    assert kinds(faults({"kind": "lost", "rate": 0}), 50) == [None] * 50
    assert kinds(faults({"kind": "lost", "rate": 1}), 50) == ["lost"] * 50


def test_no_rules_are_off():
    assert not faults().is_on
    assert faults({"kind": "cut"}).is_on
