"""Who may call: every part of the signature is needed, and every refusal has the platform's code."""

import json
import time

import pytest

ECHO = {"FunctionName": "echo", "Event": '{"a": 1}'}


def test_a_signed_request_is_served(local_scf):
    assert local_scf.request("InvokeFunction", ECHO).response["Result"]["RetMsg"] == '{"a": 1}'


@pytest.mark.parametrize(
    "changes",
    [
        {"signed": ("content-type", "host", "x-tc-action")},
        {"content_type": "application/json; charset=utf-8"},
        {"unsigned_payload": True},
        {"token": " "},
        {"skew_seconds": -200},
        {"extra": {"X-TC-Language": "zh-CN", "X-TC-RequestClient": "SDK_PYTHON_3.0", "X-TC-TraceId": "x"}},
    ],
)
def test_forms_that_clients_use(local_scf, changes):
    assert "Result" in local_scf.request("InvokeFunction", ECHO, **changes).response


def test_an_unsigned_payload_may_be_anything(local_scf):
    other = json.dumps({"FunctionName": "echo", "Event": '"other"'}).encode()
    answer = local_scf.request("InvokeFunction", ECHO, unsigned_payload=True, sent_body=other)
    assert answer.response["Result"]["RetMsg"] == '"other"'


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"secret_key": "wrong"}, "AuthFailure.SignatureFailure"),
        ({"secret_id": "AKIDunknown"}, "AuthFailure.SecretIdNotFound"),
        ({"sent_body": b'{"FunctionName": "behave"}'}, "AuthFailure.SignatureFailure"),
        ({"extra": {"Content-Type": "application/json; charset=utf-8"}}, "AuthFailure.SignatureFailure"),
        ({"extra": {"Host": "scf.tencentcloudapi.com"}}, "AuthFailure.SignatureFailure"),
        ({"skew_seconds": -400}, "AuthFailure.SignatureExpire"),
        ({"skew_seconds": 400}, "AuthFailure.SignatureExpire"),
        ({"extra": {"X-TC-Timestamp": "soon"}}, "InvalidParameterValue"),
        ({"extra": {"X-TC-Timestamp": "-5"}}, "InvalidParameterValue"),
        ({"date": "2019-02-25"}, "AuthFailure.SignatureFailure"),
        ({"service": "cvm"}, "AuthFailure.SignatureFailure"),
        ({"signed": ("host",)}, "AuthFailure.InvalidAuthorization"),
        ({"signed": ("content-type",)}, "AuthFailure.InvalidAuthorization"),
        ({"signed": ("content-type", "host", "host")}, "AuthFailure.InvalidAuthorization"),
        ({"leave_out": ("Authorization",)}, "AuthFailure.InvalidAuthorization"),
        ({"leave_out": ("X-TC-Timestamp",)}, "MissingParameter"),
        ({"extra": {"Authorization": "SKIP"}}, "AuthFailure.InvalidAuthorization"),
        ({"extra": {"Authorization": "TC3-HMAC-SHA256 nonsense"}}, "AuthFailure.InvalidAuthorization"),
        ({"token": "a-token-of-nobody"}, "AuthFailure.TokenFailure"),
        ({"extra": {"X-TC-Content-SHA256": "else"}}, "InvalidParameterValue"),
        (
            {"signed": ("content-type", "host", "x-tc-action"), "leave_out": ("X-TC-Action",)},
            "AuthFailure.SignatureFailure",
        ),
    ],
)
def test_refusals(local_scf, changes, code):
    assert local_scf.error("InvokeFunction", ECHO, **changes)[0] == code


def test_the_timestamp_is_part_of_the_signature(local_scf):
    another = {"X-TC-Timestamp": str(int(time.time()) - 5)}
    assert local_scf.error("InvokeFunction", ECHO, extra=another)[0] == "AuthFailure.SignatureFailure"


def test_no_refusal_shows_a_key(local_scf):
    for changes in ({"secret_key": "wrong"}, {"secret_id": "AKIDunknown"}, {"token": "t"}):
        answer = local_scf.request("InvokeFunction", ECHO, **changes)
        assert local_scf.env["TENCENTCLOUD_SECRETKEY"].encode() not in answer.body
        assert local_scf.env["TENCENTCLOUD_SECRETID"].encode() not in answer.body
    assert local_scf.env["TENCENTCLOUD_SECRETKEY"] not in local_scf.stderr


def temporary_keys(local_scf):
    variables = json.loads(local_scf.invoke("behave", {"do": "environ"})["RetMsg"])
    return {
        "secret_id": variables["TENCENTCLOUD_SECRETID"],
        "secret_key": variables["TENCENTCLOUD_SECRETKEY"],
        "token": variables["TENCENTCLOUD_SESSIONTOKEN"],
    }


def test_temporary_keys_open_with_their_token_alone(local_scf):
    keys = temporary_keys(local_scf)
    assert "Result" in local_scf.request("InvokeFunction", ECHO, **keys).response
    for token in (None, "", "wrong", keys["token"] + "x"):
        code, _ = local_scf.error("InvokeFunction", ECHO, **{**keys, "token": token})
        assert code == "AuthFailure.TokenFailure"


def test_temporary_keys_end_with_their_instance(local_scf):
    keys = temporary_keys(local_scf)
    local_scf.invoke("behave", {"do": "hard_exit"})
    assert local_scf.error("InvokeFunction", ECHO, **keys)[0] == "AuthFailure.SecretIdNotFound"
