"""The settings of a web function, as they are kept among its options."""

from pathlib import Path

import pytest

from tencentserverless.local.registry.function_version import WEB, FunctionKey, FunctionRecord
from tencentserverless.local.registry.web_settings import SessionSettings, WebSettings, read_web_settings


def settings_of(kind=WEB, **options):
    key = FunctionKey("ap-guangzhou", "default", "app")
    return read_web_settings(FunctionRecord(key, "", "Python3.10", Path(), type=kind, options=options))


def requests_of(**concurrency):
    return settings_of(InstanceConcurrencyConfig=concurrency).requests_per_instance


def test_without_settings_an_instance_takes_one_request_and_no_websocket():
    assert settings_of() == WebSettings(1, None, is_websocket=False, websocket_idle_seconds=15)


@pytest.mark.parametrize(
    ("concurrency", "count"),
    [
        ({"DynamicEnabled": "FALSE", "MaxConcurrency": 16}, 16),
        ({"MaxConcurrency": 16}, 16),
        ({"DynamicEnabled": "TRUE"}, 100),
        ({"DynamicEnabled": "TRUE", "MaxConcurrency": 16}, 16),
        ({"DynamicEnabled": "", "MaxConcurrency": 16}, 1),
        ({"DynamicEnabled": "FALSE"}, 1),
        ({"MaxConcurrency": 1000}, 100),
        ({"MaxConcurrency": 0}, 1),
        ({"MaxConcurrency": "16"}, 1),
        ({"MaxConcurrency": True}, 1),
    ],
)
def test_requests_of_an_instance_at_once(concurrency, count):
    assert requests_of(**concurrency) == count


def test_an_event_function_has_none_of_it():
    options = {"InstanceConcurrencyConfig": {"MaxConcurrency": 16}, "ProtocolType": "WS"}
    assert settings_of("Event", **options) == WebSettings()


def test_websocket_and_its_silence():
    params = {"WSParams": {"IdleTimeOut": 60}}
    found = settings_of(ProtocolType="WS", ProtocolParams=params)
    assert (found.is_websocket, found.websocket_idle_seconds) == (True, 60)
    assert not settings_of(ProtocolParams=params).is_websocket


def test_sessions():
    session = {"SessionSource": "HEADER", "SessionName": "x-test", "MaximumConcurrencySessionPerInstance": 2}
    config = {
        "SessionConfig": {**session, "MaximumTTLInSeconds": 60, "MaximumIdleTimeInSeconds": 30, "SessionPath": "/m"}
    }
    assert settings_of(InstanceConcurrencyConfig=config).session == SessionSettings("HEADER", "x-test", 2, 60, 30, "/m")
    config = {"SessionConfig": {"SessionSource": "COOKIE", "SessionName": "name1"}}
    assert settings_of(InstanceConcurrencyConfig=config).session == SessionSettings(
        "COOKIE", "name1", 0, 1800, 1800, ""
    )


@pytest.mark.parametrize(
    "session", [None, {}, {"SessionSource": "HEADER"}, {"SessionSource": "BODY", "SessionName": "x-test"}, "HEADER"]
)
def test_what_is_no_session_is_none(session):
    assert settings_of(InstanceConcurrencyConfig={"SessionConfig": session}).session is None
