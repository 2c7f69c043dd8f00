"""Which version an alias leads to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tencentserverless.local.registry.function import Alias, Match, Weight

KEY = "invoke.headers.User"


def never():
    raise AssertionError("the rng was thrown")


def test_an_alias_without_routing_throws_no_dice():
    assert Alias("a", "1").choose({}, never) == "1"


@pytest.mark.parametrize(("rng", "version"), [(0.0, "2"), (0.29, "2"), (0.3, "1"), (0.99, "1")])
def test_a_weight_is_a_share_of_the_calls(rng, version):
    assert Alias("a", "1", weights=(Weight("2", 0.3),)).choose({}, lambda: rng) == version


@pytest.mark.parametrize(("share", "versions"), [(0.0, {"1"}), (1.0, {"2"})])
def test_none_and_all(share, versions):
    alias = Alias("a", "1", weights=(Weight("2", share),))
    rolls = iter((0.0, 0.5, 0.999))
    assert {alias.choose({}, lambda: next(rolls)) for _ in range(3)} == versions


@pytest.mark.parametrize(
    ("expression", "value", "fits"),
    [
        ("[1,3]", "1", True),
        ("[1,3]", "3", True),
        ("(1,3)", "1", False),
        ("(1,3)", "2", True),
        ("(1,3)", "3", False),
        ("[0,50)", "0", True),
        ("[0,50)", "50", False),
        ("[-5, 5]", "-5", True),
        ("[1,3]", "x", False),
        ("[1,3]", "", False),
        ("[1,3]", "2.0", False),
        ("[1,3]", "9" * 400, False),
    ],
)
def test_ranges(expression, value, fits):
    assert Match("2", KEY, "range", expression).fits({"User": value}) is fits


def test_exact_and_missing_keys():
    match = Match("2", KEY, "exact", "ann")
    assert match.fits({"User": "ann"})
    assert not match.fits({"User": "Ann"})
    assert not match.fits({"Other": "ann"})
    assert Alias("a", "1", matches=(match,)).choose({"User": "ann"}, never) == "2"
    assert Alias("a", "1", matches=(match,)).choose({}, never) == "1"


@pytest.mark.parametrize(
    ("key", "method", "expression", "words"),
    [
        (KEY, "exact", "", None),
        (KEY, "range", "[1,2]", None),
        ("User", "exact", "a", "Key must be"),
        ("invoke.headers.", "exact", "a", "Key must be"),
        (KEY, "like", "a", "Method must be"),
        (KEY, "range", "1-2", "interval"),
        (KEY, "range", "[1,2", "interval"),
    ],
)
def test_faults(key, method, expression, words):
    fault = Match("2", key, method, expression).fault
    assert fault is None if words is None else words in fault


@given(st.text(), st.text(), st.text())
def test_no_text_breaks_a_rule(expression, value, method):
    match = Match("2", KEY, method, expression)
    assert match.fits({"User": value}) in (True, False)
    assert match.fault is None or match.fault
