"""Layers as values: their names, and the numbers of their versions."""

import pytest

from tencentserverless.local.registry.layer import LAYER_NAME, Layer, LayerVersion


def made(*changes):
    layer = Layer("ap-x", "fonts")
    for change in changes:
        layer = layer.with_version(LayerVersion(0, "a" * 64, 1, 1)) if change == "+" else layer.with_deleted(change)
    return layer


def numbers(versions):
    return [each.number for each in versions]


def test_no_number_is_given_twice():
    layer = made("+", "+", 2, "+")
    assert (numbers(layer.versions), numbers(layer.present), layer.last_number) == ([1, 2, 3], [1, 3], 3)


def test_a_deleted_version_stays_as_long_as_it_is_used():
    layer = made("+", "+", 1, 2)
    assert numbers(layer.without_unused({2}).versions) == [2]
    found = layer.without_unused({2}).find(2)
    assert found is not None
    assert found.is_deleted
    empty = layer.without_unused(())
    assert (empty.versions, empty.with_version(LayerVersion(0, "", 1, 1)).last_number) == ((), 3)


@pytest.mark.parametrize("name", ["a", "a-b_c", "A1", "x" * 64])
def test_a_name(name):
    assert LAYER_NAME.match(name)


@pytest.mark.parametrize("name", ["", "1a", "a-", "a_", "-a", "a b", "x" * 65, "a\n", "值"])
def test_no_name(name):
    assert not LAYER_NAME.match(name)
