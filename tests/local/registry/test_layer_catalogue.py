"""The catalogue of layers: what functions have of them, and what is forgotten."""

import pytest

from tencentserverless.local.registry import layer_tables
from tencentserverless.local.registry.database import Database, DatabaseError
from tencentserverless.local.registry.function_version import FunctionKey, FunctionRecord, LayerRef
from tencentserverless.local.registry.layer import Layer, LayerVersion
from tencentserverless.local.registry.layer_catalogue import LayerCatalogue, restore_layers
from tencentserverless.local.registry.package_merge import merged_name


@pytest.fixture
def database(tmp_path):
    database = Database(tmp_path / "state.db", print)
    yield database
    database.close()


def version(number, **changes):
    return LayerVersion(number, str(number) * 64, 1, 1, **changes)


def record(tmp_path, *refs, region="ap-x"):
    key = FunctionKey(region, "default", "user")
    return FunctionRecord(key, "a.b", "Python3.9", tmp_path, layers=tuple(LayerRef(*ref) for ref in refs))


def test_layers_are_there_for_the_next_server(database):
    LayerCatalogue(database).put(Layer("ap-x", "fonts", (version(1),), 1))
    assert restore_layers(database).find("ap-x", "fonts").versions == (version(1),)
    assert restore_layers(database).find("ap-y", "fonts").versions == ()


def test_what_can_not_be_stored_changes_nothing(database):
    catalogue = LayerCatalogue(database)
    database.close()
    with pytest.raises(DatabaseError):
        catalogue.put(Layer("ap-x", "fonts", (version(1),), 1))
    assert catalogue.layers("ap-x") == []


def test_layers_of_a_region_that_have_a_version_are_listed_by_name(database):
    deleted = version(1, is_deleted=True)
    kept = [Layer("ap-x", name, (version(1),), 1) for name in "ba"]
    others = [Layer("ap-x", "gone", (deleted,), 1), Layer("ap-y", "c", (version(1),), 1), Layer("ap-x", "none", (), 4)]
    catalogue = LayerCatalogue(database, [*kept, *others])
    assert [each.name for each in catalogue.layers("ap-x")] == ["a", "b"]


def test_what_an_instance_holds_is_used_until_it_is_released(database, tmp_path):
    catalogue = LayerCatalogue(database, [Layer("ap-x", "fonts", (version(1),), 1)])
    for holder in ("one", "two"):
        catalogue.hold(holder, "f" * 64)
    for holder, is_used in (("one", True), ("two", False), ("two", False)):
        catalogue.release(holder)
        assert ("f" * 64 in catalogue.packages_of([])) == is_used


def test_packages_of_layers_and_of_what_functions_merge_are_used(database, tmp_path):
    catalogue = LayerCatalogue(database, [Layer("ap-x", "fonts", (version(1), version(2)), 2)])
    single, double = record(tmp_path, ("fonts", 1)), record(tmp_path, ("fonts", 2), ("none", 1), ("fonts", 1))
    assert catalogue.packages_of([single]) == {"1" * 64, "2" * 64}
    merged = merged_name(["2" * 64, "1" * 64])
    assert catalogue.packages_of([single, double]) == {"1" * 64, "2" * 64, merged}
    assert catalogue.packages_of([record(tmp_path, ("fonts", 1), region="ap-y")]) == {"1" * 64, "2" * 64}
    assert [each.number for each in catalogue.versions_of(double)] == [2, 1]


def test_deleted_versions_are_forgotten_when_no_function_has_them(database, tmp_path):
    gone = (version(1, is_deleted=True), version(2, is_deleted=True), version(3))
    catalogue = LayerCatalogue(database)
    catalogue.put(Layer("ap-x", "fonts", gone, 3))
    catalogue.forget_unused([record(tmp_path, ("fonts", 2)), record(tmp_path, ("fonts", 1), region="ap-y")])
    assert [each.number for each in catalogue.find("ap-x", "fonts").versions] == [2, 3]
    catalogue.forget_unused([])
    stored = database.read_now(layer_tables.layers)
    assert [(each.last_number, [one.number for one in each.versions]) for each in stored] == [(3, [3])]


def test_a_layer_that_is_not_here_is_named(database, tmp_path):
    catalogue = LayerCatalogue(database, [Layer("ap-x", "fonts", (version(1),), 1)])
    found = catalogue.missing_of(record(tmp_path, ("fonts", 1), ("fonts", 2)))
    assert len(found) == 1
    assert found[0].startswith("user: layer 'fonts' has no version 2 here, in region ap-x: the function runs without")
