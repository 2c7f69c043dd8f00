"""Triggers of both types, side by side."""

import json

import pytest

NET = {"EnableIntranet": False, "EnableExtranet": True}
URL = {"Type": "http", "TriggerDesc": json.dumps({"AuthType": "NONE", "NetConfig": NET}), "Qualifier": "$DEFAULT"}
TIMER = {"Type": "timer", "TriggerDesc": "0 0 1 * * * *"}


@pytest.fixture
def server(start_local_scf, tmp_path):
    (tmp_path / "functions" / "it").mkdir(parents=True)
    (tmp_path / "functions" / "it" / "index.py").write_text("def main_handler(event, context): pass\n")
    return start_local_scf(tmp_path / "functions")


def do(server, action, **parameters):
    response = server.request(action, {"FunctionName": "it", **parameters}).response
    assert "Error" not in response, response
    return response


def types(server, **fields):
    return [each["Type"] for each in do(server, "ListTriggers", **fields)["Triggers"]]


def test_a_name_is_of_one_type(server):
    do(server, "CreateTrigger", TriggerName="a", **URL)
    do(server, "CreateTrigger", TriggerName="a", **TIMER)
    assert types(server, OrderBy="add_time", Order="ASC") == ["http", "timer"]
    assert [each["Type"] for each in do(server, "GetFunction")["Triggers"]] == ["timer", "http"]
    do(server, "UpdateTriggerStatus", TriggerName="a", Type="timer", Enable="CLOSE")
    found = do(server, "ListTriggers", OrderBy="add_time", Order="ASC")["Triggers"]
    assert [each["Enable"] for each in found] == [1, 0]
    do(server, "DeleteTrigger", TriggerName="a", Type="timer")
    assert types(server) == ["http"]
    assert server.error("DeleteTrigger", {"FunctionName": "it", "TriggerName": "a", "Type": "timer"})[0] == (
        "ResourceNotFound.Timer"
    )


def test_filters_see_both_types(server):
    do(server, "CreateTrigger", TriggerName="a", **URL)
    do(server, "CreateTrigger", TriggerName="b", **TIMER, Qualifier="$LATEST")
    assert types(server, Filters=[{"Name": "TriggerName", "Values": ["a"]}]) == ["http"]
    assert types(server, Filters=[{"Name": "Qualifier", "Values": ["$LATEST"]}]) == ["timer"]
    assert types(server, Limit=1, Offset=1) == ["http"]


def test_tencents_own_tools_may_send_both_in_one_request(server):
    for _ in range(2):  # one that is there is replaced
        triggers = [{"TriggerName": "a", **URL}, {"TriggerName": "b", **TIMER}]
        do(server, "BatchCreateTrigger", Triggers=json.dumps(triggers), Count=2)
    assert sorted(types(server)) == ["http", "timer"]


def test_types_that_are_not_served_are_named(server):
    code, message = server.error("CreateTrigger", {"FunctionName": "it", "TriggerName": "a", **URL, "Type": "cos"})
    assert (code, "timers and URLs (type http)" in message) == ("UnsupportedOperation", True)
