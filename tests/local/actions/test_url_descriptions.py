"""TriggerDesc of a URL, read field by field."""

import json

import pytest

from tencentserverless.local.actions.url_descriptions import read_description
from tencentserverless.local.errors import ApiError
from tencentserverless.local.registry.url_triggers import Cors

NET = {"EnableIntranet": False, "EnableExtranet": True}
LEAST = {"AuthType": "NONE", "NetConfig": NET}


def read(value):
    return read_description(value if isinstance(value, str) else json.dumps(value))


def test_the_least():
    assert read(LEAST) == {
        "auth_type": "NONE",
        "has_intranet": False,
        "has_extranet": True,
        "cors": None,
        "is_apigw": None,
        "is_simple": None,
    }


def test_what_terraform_and_public_clients_send():
    found = read(
        {
            "ApiGwCompatible": True,
            "AuthType": "NONE",
            "CorsConfig": {"Credentials": False, "Enable": False, "MaxAge": 0},
            "EnableSimpleMode": False,
            "NetConfig": {"EnableExtranet": False, "EnableIntranet": True},
        }
    )
    assert (found["is_apigw"], found["is_simple"], found["has_intranet"]) == (True, False, True)
    assert found["cors"] == Cors(False, max_age_seconds=0, has_credentials=False)
    assert read({"AuthType": "NONE", "NetConfig": {"EnableExtranet": True}, "CorsConfig": None})["has_extranet"]


def test_what_was_read_can_be_sent_back():
    answered = {**NET, "ExtranetUrl": "http://x.localhost:1", "LocalUrl": "http://127.0.0.1:2/x", "WsExtranetUrl": ""}
    assert read({"AuthType": "CAM", "NetConfig": answered}) == {**read(LEAST), "auth_type": "CAM"}


def test_the_whole_of_a_cors_config():
    cors = {
        "Enable": True,
        "Origins": ["https://a.example", "*"],
        "Headers": ["x-a"],
        "Methods": ["post", "PATCH"],
        "ExposeHeaders": ["*"],
        "MaxAge": 10,
        "Credentials": True,
    }
    assert read({**LEAST, "CorsConfig": cors})["cors"] == Cors(
        True, ("https://a.example", "*"), ("x-a",), ("POST", "PATCH"), ("*",), 10, has_credentials=True
    )


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("", "TriggerDesc '' is no JSON"),
        ("{", "is no JSON"),
        ("[" * 5000, "is no JSON"),
        ("[]", "TriggerDesc must be an object, not a list of 0"),
        ('"x"', "not a text"),
        ("0 0 1 * * * *", "is no JSON"),
        ('{"AuthType": "NONE"}', "TriggerDesc has no NetConfig"),
        ({"NetConfig": NET}, "TriggerDesc has no AuthType; it is one of NONE, CAM"),
        ({**LEAST, "AuthType": "none"}, "AuthType of TriggerDesc must be one of NONE, CAM, not 'none'"),
        ({**LEAST, "AuthType": ["NONE"]}, "AuthType of TriggerDesc must be one of NONE, CAM, not a list of 1"),
        ({**LEAST, "NetConfig": 1}, "NetConfig of TriggerDesc must be an object, not a number"),
        ({**LEAST, "NetConfig": {"EnableExtranet": "TRUE"}}, "NetConfig.EnableExtranet of TriggerDesc must be true or"),
        (
            {**LEAST, "NetConfig": {"EnableIntranet": 1}},
            "NetConfig.EnableIntranet of TriggerDesc must be true or false",
        ),
        ({**LEAST, "ApiGwCompatible": "true"}, "ApiGwCompatible of TriggerDesc must be true or false, not 'true'"),
        ({**LEAST, "EnableSimpleMode": 0}, "EnableSimpleMode of TriggerDesc must be true or false, not a number"),
        ({**LEAST, "CorsConfg": {}}, "TriggerDesc has no field 'CorsConfg'; there are AuthType, NetConfig, CorsConfig"),
        (json.dumps({**LEAST, "X": "x" * 70_000}), "over 65536 characters"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_field_that_can_not_be_read_is_named(value, words):
    with pytest.raises(ApiError) as caught:
        read(value)
    assert caught.value.code == "InvalidParameterValue.TriggerDesc"
    assert words in caught.value.message


@pytest.mark.parametrize(
    ("cors", "words"),
    [
        ([], "CorsConfig of TriggerDesc must be an object"),
        ({}, "CorsConfig of TriggerDesc has no Enable"),
        ({"Enable": "TRUE"}, "CorsConfig.Enable of TriggerDesc must be true or false"),
        ({"Enable": True}, "has no Origins"),
        ({"Enable": True, "Origins": []}, "has no Origins"),
        ({"Enable": True, "Origins": "*"}, "CorsConfig.Origins of TriggerDesc must be a list of at most 100 texts"),
        ({"Enable": False, "Origins": ["a"] * 101}, "must be a list of at most 100 texts, not a list of 101"),
        ({"Enable": False, "Headers": [1]}, "CorsConfig.Headers of TriggerDesc has a number"),
        ({"Enable": False, "Methods": ["GET, PUT"]}, "CorsConfig.Methods of TriggerDesc has 'GET, PUT'"),
        ({"Enable": False, "ExposeHeaders": ["a\r\nb"]}, "CorsConfig.ExposeHeaders of TriggerDesc has"),
        ({"Enable": False, "MaxAge": "10"}, "CorsConfig.MaxAge of TriggerDesc must be 0 to 86400 seconds, not '10'"),
        ({"Enable": False, "MaxAge": -1}, "not -1"),
        ({"Enable": False, "MaxAge": True}, "not True"),
        ({"Enable": False, "MaxAge": 86401}, "not 86401"),
        ({"Enable": False, "Credentials": "yes"}, "CorsConfig.Credentials of TriggerDesc must be true or false"),
        ({"Enable": False, "Origin": ["*"]}, "CorsConfig of TriggerDesc has no field 'Origin'"),
    ],
    ids=str,
)
def test_a_field_of_a_cors_config_has_a_code_of_its_own(cors, words):
    with pytest.raises(ApiError) as caught:
        read({**LEAST, "CorsConfig": cors})
    assert caught.value.code == "InvalidParameterValue.Cors"
    assert words in caught.value.message
