"""What all types of triggers share."""

from pathlib import Path

import pytest

from tencentserverless.local.actions.trigger_tables import (
    CreateTriggerTable,
    UpdateTriggerTable,
    check_count,
    checked_name,
    is_open,
    shared_changes,
)
from tencentserverless.local.errors import ApiError
from tencentserverless.local.registry.function import new_function
from tencentserverless.local.registry.function_version import FunctionKey, FunctionRecord

FUNCTION = new_function(
    FunctionRecord(FunctionKey("ap-guangzhou", "default", "it"), "index.main_handler", "Python3.10", Path("it"))
)


def test_the_words_of_an_open_trigger():
    assert [is_open(word) for word in ("OPEN", "1", "CLOSE", "0")] == [True, True, False, False]
    for word in ("open", "true", ""):
        with pytest.raises(ApiError) as caught:
            is_open(word)
        assert caught.value.code == "InvalidParameterValue.Enable"


def test_values_that_are_left_out_change_nothing():
    assert shared_changes(FUNCTION, UpdateTriggerTable("it", "a", "http")) == {}
    full = UpdateTriggerTable("it", "a", "http", "OPEN", "$DEFAULT", Description="d", CustomArgument="c")
    assert shared_changes(FUNCTION, full) == {
        "qualifier": "$DEFAULT",
        "is_enabled": True,
        "description": "d",
        "argument": "c",
    }


@pytest.mark.parametrize(
    ("table", "code"),
    [
        (CreateTriggerTable("it", "http", CustomArgument="ü" * 2049), "InvalidParameterValue.CustomArgument"),
        (UpdateTriggerTable("it", "a", "http", CustomArgument="x" * 4097), "InvalidParameterValue"),
        (UpdateTriggerTable("it", "a", "http", Qualifier="9"), "ResourceNotFound.Qualifier"),
    ],
    ids=["create", "update", "qualifier"],
)
def test_values_that_are_refused(table, code):
    with pytest.raises(ApiError) as caught:
        shared_changes(FUNCTION, table)
    assert caught.value.code == code


def test_names_and_room():
    assert checked_name("a-b_1") == "a-b_1"
    check_count(FUNCTION, 9, "URLs")
    for call in (lambda: checked_name("a" * 101), lambda: check_count(FUNCTION, 10, "URLs")):
        with pytest.raises(ApiError):
            call()
