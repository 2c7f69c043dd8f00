"""Timers, as the actions on triggers make and show them."""

import json
from pathlib import Path

import pytest

from tencentserverless.local.actions.timer_triggers import changed_timer, shown_timer, with_timer
from tencentserverless.local.actions.trigger_tables import CreateTriggerTable, UpdateTriggerTable
from tencentserverless.local.errors import ApiError
from tencentserverless.local.registry.function import new_function
from tencentserverless.local.registry.function_version import FunctionKey, FunctionRecord

NOW = 1_700_000_000.0
DAILY = "0 0 1 * * * *"


@pytest.fixture
def function():
    key = FunctionKey("ap-guangzhou", "default", "it")
    return new_function(FunctionRecord(key, "index.main_handler", "Python3.10", Path("it")))


def made(function, description=DAILY, **fields):
    fields = {"TriggerName": "daily", **fields}
    return with_timer(function, CreateTriggerTable("it", "timer", TriggerDesc=description, **fields), NOW)


@pytest.mark.parametrize("description", [DAILY, json.dumps({"cron": DAILY})])
def test_both_forms_of_a_cron_expression(function, description):
    timer = made(function, description, CustomArgument="a", Enable="CLOSE").triggers["daily"]
    assert (timer.cron, timer.argument, timer.is_enabled, timer.qualifier) == (DAILY, "a", False, "$LATEST")
    shown = shown_timer(timer)
    assert (shown["Type"], shown["TriggerDesc"], shown["Enable"]) == (
        "timer",
        json.dumps({"cron": DAILY}, separators=(",", ":")),
        0,
    )


def test_a_change_leaves_what_it_does_not_name(function):
    function = made(function, CustomArgument="a")
    timer = function.triggers["daily"]
    assert changed_timer(function, timer, UpdateTriggerTable("it", "daily", "timer")) == timer
    changed = changed_timer(function, timer, UpdateTriggerTable("it", "daily", "timer", TriggerDesc="0 0 2 * * * *"))
    assert (changed.cron, changed.argument) == ("0 0 2 * * * *", "a")


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"description": None}, "InvalidParameterValue.TriggerDesc"),
        ({"description": '{"cron": 1}'}, "InvalidParameterValue.TriggerDesc"),
        ({"TriggerName": None}, "MissingParameter"),
        ({"TriggerName": "a b"}, "InvalidParameterValue.TriggerName"),
        ({"Qualifier": "7"}, "ResourceNotFound.Qualifier"),
    ],
)
def test_what_is_refused(function, fields, code):
    with pytest.raises(ApiError) as caught:
        made(function, **fields)
    assert caught.value.code == code


def test_a_name_is_taken_once(function):
    with pytest.raises(ApiError) as caught:
        made(made(function))
    assert caught.value.code == "ResourceInUse.Trigger"
