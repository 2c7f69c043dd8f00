"""The closed list of actions that a page may have performed."""

import json

import pytest

from tencentserverless.local.dashboard.calls import ACTIONS
from tests.local.dashboard.visiting import CONTRACT, REGION


def test_a_call_is_answered_as_the_api_answers_it_a_refusal_too(visitor):
    for name, code in (("echo", None), ("none", "ResourceNotFound.Function")):
        body = {"action": "Invoke", "region": REGION, "parameters": {"FunctionName": name, "ClientContext": "{}"}}
        response = visitor.change("POST", "call", body)["Response"]
        assert response["RequestId"]
        assert response.get("Error", {}).get("Code") == code
        assert ("Result" in response) is (code is None)


def test_the_list_is_that_of_the_contract(visitor):
    assert CONTRACT["components"]["schemas"]["Call"]["properties"]["action"]["enum"] == list(ACTIONS)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"action": "DeleteFunction"}, "action"),
        ({"action": ""}, "action"),
        ({"again_of": "x" * 65}, "parameter"),
        ({"again_of": "a b"}, "parameter"),
        ({"parameters": []}, "parameter"),
        ({"region": 1}, "parameter"),
        ({"other": 1}, "parameter"),
    ],
)
def test_what_is_not_on_it_is_refused(visitor, changes, code):
    body = {"action": "Invoke", "region": REGION, "parameters": {"FunctionName": "echo"}, **changes}
    got = visitor.ask("POST", "call", json.dumps(body).encode())
    assert (got.status, got.code) == (400, code)
