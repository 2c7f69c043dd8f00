"""Invoke and InvokeFunction: parameters, refusals, results and logs."""

import json
import re
import threading

import pytest

from tests.conftest import wait_until

ID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


@pytest.mark.parametrize(("action", "field"), [("Invoke", "ClientContext"), ("InvokeFunction", "Event")])
def test_the_payload_is_named_by_the_action(local_scf, action, field):
    answer = local_scf.request(action, {"FunctionName": "echo", field: '{"键": [1]}'})
    assert answer.response["Result"]["RetMsg"] == '{"键": [1]}'


def test_fields_of_a_success(local_scf):
    result = local_scf.invoke("echo", {"a": 1})
    assert sorted(result) == sorted(
        ["FunctionRequestId", "RetMsg", "ErrMsg", "Log", "Duration", "BillDuration", "MemUsage", "InvokeResult"]
    )
    assert (result["ErrMsg"], result["Log"], result["InvokeResult"]) == ("", "", 0)
    assert isinstance(result["Duration"], float)
    assert isinstance(result["BillDuration"], int)
    assert 0 <= result["BillDuration"] - result["Duration"] < 1
    assert result["MemUsage"] > 1_000_000


@pytest.mark.parametrize(
    ("action", "parameters", "code", "words"),
    [
        (
            "Invoke",
            {"FunctionName": "echo", "Event": "{}"},
            "UnknownParameter",
            "The parameter `Event` is not recognized.",
        ),
        ("InvokeFunction", {"FunctionName": "echo", "ClientContext": "{}"}, "UnknownParameter", "`ClientContext`"),
        ("InvokeFunction", {"FunctionName": "echo", "InvocationType": "Event"}, "UnknownParameter", "`InvocationType`"),
        ("Invoke", {}, "MissingParameter", "`FunctionName`"),
        ("Invoke", {"FunctionName": None}, "MissingParameter", "`FunctionName`"),
        ("Invoke", {"FunctionName": 5}, "InvalidParameter", "`FunctionName`"),
        ("Invoke", {"FunctionName": "echo", "ClientContext": {"a": 1}}, "InvalidParameter", "`ClientContext`"),
        ("Invoke", {"FunctionName": ""}, "InvalidParameter.FunctionName", "''"),
        ("Invoke", {"FunctionName": "a b"}, "InvalidParameter.FunctionName", "'a b'"),
        ("Invoke", {"FunctionName": "x" * 61}, "InvalidParameter.FunctionName", "2 to 60"),
        ("Invoke", {"FunctionName": "echo\n"}, "InvalidParameter.FunctionName", "echo"),
        (
            "Invoke",
            {"FunctionName": "echo", "ClientContext": "no json"},
            "InvalidParameterValue.Param",
            "not standard JSON",
        ),
        (
            "InvokeFunction",
            {"FunctionName": "echo", "Event": "NaN"},
            "InvalidParameterValue.Param",
            "not standard JSON",
        ),
        (
            "InvokeFunction",
            {"FunctionName": "echo", "Event": "[" * 50_000},
            "InvalidParameterValue.Param",
            "not standard",
        ),
        (
            "Invoke",
            {"FunctionName": "echo", "InvocationType": "Event", "ClientContext": "{"},
            "InvalidParameterValue.Param",
            "not standard JSON",
        ),
        (
            "Invoke",
            {"FunctionName": "echo", "InvocationType": "eVent"},
            "InvalidParameterValue",
            "RequestResponse, Event",
        ),
        ("Invoke", {"FunctionName": "echo", "LogType": "All"}, "InvalidParameterValue", "None, Tail"),
        ("Invoke", {"FunctionName": "echo", "RoutingKey": "x" * 1025}, "InvalidParameterValue", "1024"),
        ("Invoke", {"FunctionName": "echo", "Qualifier": "7"}, "ResourceNotFound.Qualifier", "'7'"),
        ("Invoke", {"FunctionName": "nobody"}, "ResourceNotFound.Function", "No region of this local SCF has"),
        (
            "Invoke",
            {"FunctionName": "echo", "Namespace": "nope"},
            "ResourceNotFound.Function",
            "Namespace 'nope' does not",
        ),
        ("Invoke", {"FunctionName": "node-function"}, "UnsupportedOperation", "Nodejs16.13, which is not supported"),
        ("Invoke", {"FunctionName": "web-function"}, "InvalidParameterValue.FunctionType", "scf curl web-function"),
        ("Invoke", [], "MissingParameter", "`FunctionName`"),
        ("Invoke", b"[]", "InvalidParameter", "must be a JSON object"),
        ("Invoke", b"{", "InvalidParameter", "not JSON"),
        ("Invoke", b"", "InvalidParameter", "not JSON"),
        ("Invoke", b"\xff\xfe", "InvalidParameter", "not JSON"),
        ("Invoke", b"[" * 100_000, "InvalidParameter", "not JSON"),
        ("Invoke", b'{"FunctionName": "\\ud800"}', "InvalidParameter", "not JSON"),
    ],
)
def test_bad_input_gets_the_platforms_code(local_scf, action, parameters, code, words):
    got, message = local_scf.error(action, parameters)
    assert got == code
    assert words in message


def test_a_function_of_another_region_is_pointed_out(local_scf):
    code, message = local_scf.error("InvokeFunction", {"FunctionName": "echo"}, region="ap-chengdu")
    assert code == "ResourceNotFound.Function"
    assert "'echo' does not exist in region 'ap-chengdu', namespace 'default'" in message
    assert message.endswith("A function of that name exists in: region ap-guangzhou, namespace default.")
    _, message = local_scf.error("InvokeFunction", {"FunctionName": "configured-test-tests"})
    assert "region ap-chengdu, namespace other" in message


@pytest.mark.parametrize("region", ["nowhere", "ap-guangzhou'; --", "x" * 5000])
def test_a_region_without_functions(local_scf, region):
    assert local_scf.error("InvokeFunction", {"FunctionName": "echo"}, region=region)[0] == "ResourceNotFound.Function"


def test_null_parameters_count_as_absent(local_scf):
    parameters = dict.fromkeys(
        ("ClientContext", "InvocationType", "Qualifier", "LogType", "Namespace", "RoutingKey"), None
    )
    answer = local_scf.request("Invoke", {"FunctionName": "echo", **parameters})
    assert answer.response["Result"]["RetMsg"] == "{}"


@pytest.mark.parametrize("qualifier", ["$LATEST", "$DEFAULT"])
def test_the_two_qualifiers_that_always_exist(local_scf, qualifier):
    assert local_scf.invoke("echo", 1, Qualifier=qualifier)["RetMsg"] == "1"


def test_half_a_surrogate_pair_is_json_by_its_grammar(local_scf):
    answer = local_scf.request("InvokeFunction", {"FunctionName": "behave", "Event": '{"do": "count", "x": "\\ud800"}'})
    assert answer.response["Result"]["InvokeResult"] == 0


def test_the_log_has_the_platforms_lines(local_scf):
    result = local_scf.invoke("behave", {"do": "print", "text": "值"}, LogType="Tail")
    lines = result["Log"].split("\n")
    request_id = result["FunctionRequestId"]
    assert lines[:6] == [
        f"START RequestId: {request_id}",
        f"Event RequestId: {request_id}",
        "值",
        "to stderr",
        "",
        f"END RequestId: {request_id}",
    ]
    assert re.fullmatch(rf"Report RequestId: {ID} Duration:\d+ms Memory:128MB MemUsage:\d+\.\d{{4}}MB", lines[6]), (
        lines[6]
    )


def test_the_log_is_its_last_4_kb(local_scf):
    log = local_scf.invoke("behave", {"do": "print", "text": "值" * 5000}, LogType="Tail")["Log"]
    assert 4090 <= len(log.encode()) <= 4096
    assert log.startswith("值")
    assert "MB" in log[-2:]


def test_the_terminal_shows_output_by_function_and_without_escapes(local_scf):
    local_scf.invoke("behave", {"do": "print", "text": "\x1b[31mred\x1b[0m \x1b]0;title\x07\rline of the test"})
    wait_until(lambda: "line of the test" in local_scf.stderr)
    assert "[behave] red line of the test\n" in local_scf.stderr
    assert "\x1b" not in local_scf.stderr


def test_a_function_calls_others_in_its_own_and_in_another_region(local_scf):
    for region in ("ap-guangzhou", "ap-chengdu"):
        result = local_scf.invoke("caller", {}, region=region)
        assert (result["ErrMsg"], result["RetMsg"]) == ("", "0")


def test_functions_that_wait_for_each_other_do_not_lock_up(local_scf):
    results = []
    threads = [
        threading.Thread(target=lambda: results.append(local_scf.invoke("caller", {"depth": 2}, region="ap-chengdu")))
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [(json.loads(result["RetMsg"]), result["ErrMsg"]) for result in results] == [(2, "")] * 6


def test_a_failure_is_1_for_invoke_and_the_status_for_invoke_function(local_scf):
    """What 0.1.7 goes by, and what the error object says as well."""
    event = '{"do": "raise"}'
    old = local_scf.request("Invoke", {"FunctionName": "behave", "ClientContext": event}).response["Result"]
    new = local_scf.request("InvokeFunction", {"FunctionName": "behave", "Event": event}).response["Result"]
    assert (old["InvokeResult"], new["InvokeResult"]) == (1, 430)
