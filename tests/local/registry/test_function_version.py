"""The platform's rules for names and variables, and the catalogue that keeps records apart."""

import pytest

from tencentserverless.local.registry.catalogue import restore
from tencentserverless.local.registry.database import Database
from tencentserverless.local.registry.folder_merge import FolderDefinition
from tencentserverless.local.registry.function_version import (
    FUNCTION_NAME,
    FunctionKey,
    FunctionRecord,
    environment_fault,
)
from tencentserverless.local.registry.packages import Packages


@pytest.mark.parametrize("name", ["ab", "FuncInvoked", "a-b_c9", "a" * 60])
def test_function_names(name):
    assert FUNCTION_NAME.match(name)


@pytest.mark.parametrize("name", ["", "a", "1a", "_a", "a-", "a_", "a b", "a\n", "a.b", "é" * 3, "a" * 61])
def test_what_is_no_function_name(name):
    assert not FUNCTION_NAME.match(name)


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"A": "1", "b_2": ""}, None),
        ({"A": "x" * 4095}, None),
        ({"A": "x" * 4096}, "4097 bytes"),
        ({"A": "值" * 2000}, "6001 bytes"),
        ({"QCLOUD_X": ""}, "reserved"),
        ({"TENCENTCLOUD_SECRETID": ""}, "reserved"),
        ({"a-b": ""}, "must be letters"),
        ({"A": "\0"}, "NUL"),
    ],
)
def test_variables(variables, words):
    fault = environment_fault(variables)
    assert fault is None if words is None else words in fault.words


def record(region, namespace, name, tmp_path):
    return FunctionRecord(FunctionKey(region, namespace, name), "index.main_handler", "Python3.10", tmp_path)


def test_regions_and_namespaces_are_separate_worlds(tmp_path):
    places = [("ap-a", "default", "fn"), ("ap-b", "default", "fn"), ("ap-b", "other", "fn"), ("ap-b", "other", "gn")]
    database = Database(tmp_path / "state.db", pytest.fail)
    found = {each.key: each for each in (record(*place, tmp_path) for place in places)}
    definitions = {key: FolderDefinition(each) for key, each in found.items()}
    catalogue, notices = restore(database, Packages(tmp_path / "packages").locate, definitions)
    database.close()
    assert notices == []
    assert len(catalogue) == len(list(catalogue)) == 4
    assert catalogue.find(FunctionKey("ap-a", "other", "fn")) is None
    assert catalogue.find(FunctionKey("ap-b", "other", "fn")).key == places[2]
    assert [each.key.name for each in catalogue.functions("ap-b", "other")] == ["fn", "gn"]
    assert catalogue.namesakes("fn") == places[:3]
    assert catalogue.has_namespace("ap-c", "default")
    assert not catalogue.has_namespace("ap-a", "other")
    assert len({each.latest.function_id for each in catalogue}) == 4
