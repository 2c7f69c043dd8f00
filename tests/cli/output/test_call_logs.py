"""The lines about a past call: of one that has succeeded, of one that runs, and of failures of every form."""

import json

import pytest

from tencentserverless.cli.output.call_logs import describe_call

CALL = {
    "RequestId": "id-1",
    "StartTime": "2026-01-02 03:04:05",
    "Duration": 12.5,
    "Log": "START\nheard\n",
    "RetCode": 1,
}


def failed(message):
    return describe_call({**CALL, "RetMsg": message})


def test_a_call_that_succeeded_is_its_log():
    assert describe_call({**CALL, "RetCode": 0}) == ["START\nheard"]
    assert describe_call({**CALL, "RetCode": 0, "Log": ""}) == ["RequestId: id-1 has no log"]


def test_a_call_that_runs_says_since_when():
    assert describe_call({**CALL, "RetCode": 2, "Log": ""}) == [
        "RequestId: id-1 is still running, since 2026-01-02 03:04:05"
    ]


@pytest.mark.parametrize("trace", ["Traceback:\nKeyError: 1\n", ["Traceback:", "KeyError: 1"]])
def test_a_failure_has_status_error_time_and_traceback(trace):
    message = json.dumps({"errorCode": -1, "errorMessage": "it\nfailed", "stackTrace": trace, "statusCode": 430})
    error = "ERROR 430 it failed (2026-01-02 03:04:05, after 12.5 ms)"
    assert failed(message) == ["START\nheard", error, "Traceback:\nKeyError: 1"]


@pytest.mark.parametrize(
    ("message", "head"),
    [
        ("it broke\nthere", "ERROR it broke there ("),
        ("", "ERROR (2026"),
        ("[1]", "ERROR [1] ("),
        ('{"errorMessage": "no status"}', "ERROR no status ("),
    ],
)
def test_an_error_that_is_no_object_of_the_platform(message, head):
    assert failed(message)[1].startswith(head)
