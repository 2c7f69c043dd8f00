"""Words in the letter case of the documentation and of known clients, and in no other."""

import pytest

from tencentserverless.local.actions.parameters import ORDERS, SWITCH, choose, is_switched_on
from tencentserverless.local.errors import ApiError


@pytest.mark.parametrize(
    ("value", "allowed", "meant"),
    [
        ("TRUE", SWITCH, "TRUE"),
        ("true", SWITCH, "TRUE"),
        ("True", SWITCH, "TRUE"),
        ("false", SWITCH, "FALSE"),
        ("asc", ORDERS, "ASC"),
        ("DESC", ("desc", "asc"), "desc"),
        ("event", ("RequestResponse", "Event"), "Event"),
        ("tail", ("None", "Tail"), "Tail"),
        ("", SWITCH, "default"),
        (None, SWITCH, "default"),
    ],
)
def test_known_letter_cases(value, allowed, meant):
    assert choose("Word", value, allowed, "default") == meant


@pytest.mark.parametrize("value", ["tRUE", "yes", "1", " TRUE", "Asc", "event"])
def test_every_other_one_is_refused(value):
    with pytest.raises(ApiError, match="Word must be one of TRUE, FALSE"):
        choose("Word", value, SWITCH, "FALSE")


def test_a_switch_is_off_by_default():
    assert not is_switched_on("Publish", None)
    assert is_switched_on("Publish", "TRUE")


@pytest.mark.parametrize(
    "parameters", [{"InvocationType": "requestresponse"}, {"LogType": "tail"}, {"LogType": "none"}]
)
def test_what_scfcli_sends_is_understood(local_scf, parameters):
    result = local_scf.request("Invoke", {"FunctionName": "echo", "ClientContext": "1", **parameters}).response[
        "Result"
    ]
    assert result["RetMsg"] == "1"
    assert bool(result["Log"]) == (parameters.get("LogType") == "tail")
