"""Settings of web functions through the API: what is kept and shown, and what is refused with which code."""

import base64
import io
import zipfile

import pytest

CODE = {"app.py": (b"print('no server')\n", 0o644), "scf_bootstrap": (b"#!/bin/bash\npython3 app.py\n", 0o755)}


def packed():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, (text, mode) in CODE.items():
            member = zipfile.ZipInfo(name)
            member.external_attr = (0o100000 | mode) << 16
            archive.writestr(member, text)
    return base64.b64encode(buffer.getvalue()).decode()


@pytest.fixture
def create(local_scf, request):
    """Creates a web function of its own name."""
    made = []

    def create(**changes):
        name = f"web-{len(made)}-{abs(hash(request.node.name)) % 10_000}"
        fields = {
            "FunctionName": name,
            "Code": {"ZipFile": packed()},
            "Runtime": "Python3.10",
            "Type": "HTTP",
            **changes,
        }
        response = local_scf.request("CreateFunction", fields).response
        if "Error" in response:
            return response["Error"]["Code"], response["Error"]["Message"]
        made.append(name)
        return name

    yield create
    for name in made:
        local_scf.request("DeleteFunction", {"FunctionName": name})


def given(value):
    """A structure without the fields that the request had left out."""
    if isinstance(value, dict):
        return {key: given(each) for key, each in value.items() if each is not None}
    return value


def shown(server, name):
    return given(server.request("GetFunction", {"FunctionName": name}).response)


SETTINGS = {
    "ProtocolType": "WS",
    "ProtocolParams": {"WSParams": {"IdleTimeOut": 7200}},
    "InstanceConcurrencyConfig": {
        "DynamicEnabled": "FALSE",
        "MaxConcurrency": 100,
        "InstanceIsolationEnabled": "TRUE",
        "Type": "Session-Based",
        "SessionConfig": {
            "SessionSource": "HEADER",
            "SessionName": "X-Cloudbase-Session-Id",
            "MaximumConcurrencySessionPerInstance": 1,
            "MaximumTTLInSeconds": 21_600,
            "MaximumIdleTimeInSeconds": 1800,
            "IdleTimeoutStrategy": "PAUSE",
        },
    },
}


def test_settings_are_kept_and_shown_and_changed(local_scf, create):
    name = create(**SETTINGS, Handler="scf_bootstrap")
    found = shown(local_scf, name)
    assert {key: found[key] for key in SETTINGS} == SETTINGS
    assert (found["Type"], found["Handler"]) == ("HTTP", "scf_bootstrap")
    change = {"FunctionName": name, "InstanceConcurrencyConfig": {"DynamicEnabled": ""}}
    assert set(local_scf.request("UpdateFunctionConfiguration", change).response) == {"RequestId"}
    assert shown(local_scf, name)["InstanceConcurrencyConfig"]["DynamicEnabled"] == ""


def test_a_web_function_is_not_invoked(local_scf, create):
    name = create()
    for action in ("Invoke", "InvokeFunction"):
        code, message = local_scf.error(action, {"FunctionName": name})
        assert (code, "is a web function" in message) == ("InvalidParameterValue.FunctionType", True)


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        ({"Type": "Event", "ProtocolType": "WS"}, "InvalidParameterValue.ProtocolType", "Type must be HTTP"),
        ({"ProtocolType": "HTTP"}, "InvalidParameterValue.ProtocolType", "must be one of WS"),
        ({"ProtocolParams": {"WSParams": {"IdleTimeOut": 0}}}, "InvalidParameterValue", "1 to 7200 seconds, not 0"),
        (
            {"InstanceConcurrencyConfig": {"MaxConcurrency": 101}},
            "InvalidParameterValue.InstanceConcurrencyConfig",
            "1 to 100 requests, not 101",
        ),
        (
            {"InstanceConcurrencyConfig": {"DynamicEnabled": "maybe"}},
            "InvalidParameterValue.InstanceConcurrencyConfig",
            "must be one of TRUE, FALSE",
        ),
        (
            {"InstanceConcurrencyConfig": {"SessionConfig": {"SessionSource": "BODY"}}},
            "InvalidParameterValue.InstanceConcurrencyConfig",
            "HEADER, COOKIE, QUERY_STRING",
        ),
        (
            {"InstanceConcurrencyConfig": {"SessionConfig": {"SessionSource": "COOKIE", "SessionName": "1bad"}}},
            "FailedOperation.SessionName",
            "5 to 40 letters",
        ),
        (
            {"InstanceConcurrencyConfig": {"SessionConfig": {"SessionSource": "COOKIE"}}},
            "FailedOperation.SessionName",
            "no SessionName",
        ),
    ],
)
def test_what_is_refused(create, changes, code, words):
    found, message = create(**changes)
    assert (found, words in message) == (code, True), message
