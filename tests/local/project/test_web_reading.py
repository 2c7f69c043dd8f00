"""Settings of web functions in configuration files, in the terms of the API."""

from functools import partial

import pytest

from tencentserverless.local.errors import StartupError
from tests.local.project.reading import read_inputs

SESSIONS = "{maxConcurrency: 4, type: Session-Based, instanceIsolationEnabled: true, sessionConfig: "
SESSIONS += "{sessionSource: HEADER, sessionName: x-session, maximumIdleTimeInSeconds: 60}}"


@pytest.fixture
def read(tmp_path):
    return partial(read_inputs, tmp_path)


def test_a_protocol_and_requests_at_once(read):
    record, notices, idle = read(
        "type: web",
        "protocolType: WS",
        "protocolParams: {wsParams: {idleTimeOut: 60}}",
        "instanceConcurrencyConfig: {enable: true, dynamicEnabled: false, maxConcurrency: 10}",
    )
    assert (record.type, idle, notices) == ("HTTP", (), [])
    assert record.options == {
        "ProtocolType": "WS",
        "ProtocolParams": {"WSParams": {"IdleTimeOut": 60}},
        "InstanceConcurrencyConfig": {"DynamicEnabled": "FALSE", "MaxConcurrency": 10},
    }


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("{enable: true}", {"DynamicEnabled": "FALSE", "MaxConcurrency": 2}),
        ("{enable: false, maxConcurrency: 5}", {"DynamicEnabled": ""}),
        ("{dynamicEnabled: true}", {"DynamicEnabled": "TRUE"}),
        ("{dynamicEnabled: 'FALSE', maxConcurrency: 100}", {"DynamicEnabled": "FALSE", "MaxConcurrency": 100}),
        (
            SESSIONS,
            {
                "DynamicEnabled": "FALSE",
                "MaxConcurrency": 4,
                "InstanceIsolationEnabled": "TRUE",
                "Type": "Session-Based",
                "SessionConfig": {
                    "SessionSource": "HEADER",
                    "SessionName": "x-session",
                    "MaximumIdleTimeInSeconds": 60,
                },
            },
        ),
    ],
)
def test_how_requests_share_an_instance(read, line, expected):
    assert read(f"instanceConcurrencyConfig: {line}").record.options["InstanceConcurrencyConfig"] == expected


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("protocolType: HTTP", "inputs.protocolType must be 'WS', not 'HTTP'"),
        ("protocolParams: {wsParams: {idleTimeOut: 7201}}", "must be 1 to 7200 seconds, not 7201"),
        ("instanceConcurrencyConfig: {maxConcurrency: 101}", "must be 1 to 100 requests, not 101"),
        ("instanceConcurrencyConfig: {maxConcurrency: 0}", "must be 1 to 100 requests, not 0"),
    ],
)
def test_other_values_are_refused_in_words(read, line, words):
    with pytest.raises(StartupError) as refusal:
        read(line)
    assert words in str(refusal.value)


def test_an_unknown_key_is_a_notice(read):
    (notice,) = read("instanceConcurrencyConfig: {maxConcurency: 3}").notices
    assert "is no key of instanceConcurrencyConfig, and is ignored; did you mean maxConcurrency?" in notice
