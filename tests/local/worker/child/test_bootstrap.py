"""The child: what a handler sees, and what every kind of failure becomes."""

import json
import os
import sys
import time

import pytest

from tests.conftest import wait_until

STATUS = "statusCode"


def failure(result):
    """The error object of a failed call, checked for what all of them share."""
    error = json.loads(result["RetMsg"])
    assert list(error) == sorted(error)
    assert error["requestId"] == result["FunctionRequestId"]
    assert result["RetMsg"] == json.dumps(error, ensure_ascii=False, separators=(",", ":"))
    assert result["InvokeResult"] == error[STATUS] != 0
    assert result["ErrMsg"] == error.get("stackTrace", error["errorMessage"])
    assert error["errorCode"] == -1
    return error


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        ("Hello", '"Hello"'),
        ({"a": [1, "二"]}, '{"a": [1, "二"]}'),
        (False, "false"),
        ("", '""'),
        ('{"dumped": 1}', '"{\\"dumped\\": 1}"'),
    ],
)
def test_a_return_value_becomes_its_json_text(local_scf, value, text):
    result = local_scf.invoke("behave", {"do": "return", "value": value})
    assert (result["RetMsg"], result["ErrMsg"], result["InvokeResult"]) == (text, "", 0)


@pytest.mark.parametrize(("do", "text"), [("decimal", '"1.50"'), ("surrogate", '"half \\ud800"'), ("nan", "NaN")])
def test_a_return_value_that_json_has_not_is_taken_as_the_platform_does(local_scf, do, text):
    assert local_scf.invoke("behave", {"do": do})["RetMsg"] == text


@pytest.mark.parametrize("event", [None, 0, "text", [1, 2], {"key": "value"}, True, {"深": {"deep": [None]}}])
def test_an_event_need_not_be_an_object(local_scf, event):
    assert json.loads(local_scf.invoke("echo", event)["RetMsg"]) == event


def test_no_event_is_an_empty_object(local_scf):
    answer = local_scf.request("InvokeFunction", {"FunctionName": "echo"})
    assert answer.response["Result"]["RetMsg"] == "{}"


def test_an_exception_is_430_with_a_trace_that_starts_at_user_code(local_scf):
    error = failure(local_scf.invoke("behave", {"do": "raise"}))
    assert error["errorMessage"] == "user code exception caught"
    assert error[STATUS] == 430
    lines = error["stackTrace"].splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    assert lines[1].endswith(", in main_handler")
    assert "behave/index.py" in lines[1]
    assert lines[-1] == "ValueError: err msg ünï"
    assert "_scf_" not in error["stackTrace"]


@pytest.mark.parametrize(
    ("do", "words"),
    [
        ("raise_from", "KeyError: 'first'\n\nThe above exception was the direct cause"),
        ("raise_nasty", "index.Nasty: <"),
        ("recurse", "RecursionError"),
        ("interrupt", "KeyboardInterrupt"),
        ("unserialisable", "TypeError: Object of type object is not JSON serializable"),
        ("no_such_thing", "KeyError: 'do_no_such_thing'"),
    ],
)
def test_every_exception_is_430(local_scf, do, words):
    error = failure(local_scf.invoke("behave", {"do": do}))
    assert error[STATUS] == 430
    assert words in error["stackTrace"]
    assert "_scf_" not in error["stackTrace"]


def test_an_exception_leaves_the_instance_alive(local_scf):
    before = json.loads(local_scf.invoke("behave", {"do": "count"})["RetMsg"])
    local_scf.invoke("behave", {"do": "raise"})
    after = json.loads(local_scf.invoke("behave", {"do": "count"})["RetMsg"])
    assert (after["pid"], after["calls"]) == (before["pid"], before["calls"] + 2)


def test_a_result_over_6_mb_is_407(local_scf):
    at_limit = 6 * 1024 * 1024 - 2  # two quotes
    assert local_scf.invoke("behave", {"do": "huge", "size": at_limit})["InvokeResult"] == 0
    error = failure(local_scf.invoke("behave", {"do": "huge", "size": at_limit + 1}))
    assert (error[STATUS], error["errorMessage"]) == (407, "The size of response exceeds the upper limit (6MB)")


def test_a_function_over_its_timeout_is_433_and_its_group_is_killed(local_scf):
    started = time.monotonic()
    result = local_scf.invoke("slow", {"do": "sleep", "seconds": 1000})
    assert time.monotonic() - started >= 1
    error = failure(result)
    assert (error[STATUS], error["errorMessage"]) == (433, "Invoking task timed out after 1 seconds")
    assert (result["Duration"], result["BillDuration"]) == (1000, 1000)
    assert result["MemUsage"] > 0
    assert local_scf.invoke("slow", {"do": "return", "value": 1})["RetMsg"] == "1"


@pytest.mark.parametrize("do", ["sys_exit", "hard_exit", "kill_self", "close_all", "forge"])
def test_an_instance_that_ends_or_lies_is_439_and_the_next_call_gets_a_new_one(local_scf, do):
    error = failure(local_scf.invoke("behave", {"do": do}))
    assert (error[STATUS], error["errorMessage"]) == (439, "User process exit when running")
    assert json.loads(local_scf.invoke("behave", {"do": "count"})["RetMsg"])["calls"] == 1


def test_words_before_a_crash_are_in_the_log(local_scf):
    assert "\nlast words\n" in local_scf.invoke("behave", {"do": "hard_exit"}, LogType="Tail")["Log"]


@pytest.mark.parametrize(
    ("name", "status", "words"),
    [
        ("broken-import", 443, "No module named 'there_is_no_such_module'"),
        ("broken-syntax", 443, "SyntaxError"),
        ("no-handler", 443, "module 'index' has no attribute 'main_handler'"),
        ("sys-exit-at-load", 443, "SystemExit: not today"),
        ("no-entry", 437, "needs the file missing.py"),
        ("exit-at-load", 445, "exited while the module was loaded"),
        ("slow-load", 450, "Initialization timed out after 3 seconds"),
    ],
)
def test_a_function_that_does_not_load(local_scf, name, status, words):
    error = failure(local_scf.invoke(name))
    assert error[STATUS] == status
    assert words in error["errorMessage"]
    assert "stackTrace" not in error
    if status == 443:
        assert error["errorMessage"].startswith("Traceback (most recent call last):")


def test_a_forked_child_that_comes_back_is_not_heard(local_scf):
    assert local_scf.invoke("behave", {"do": "fork"})["RetMsg"] == '"parent"'
    assert local_scf.invoke("behave", {"do": "return", "value": 1})["RetMsg"] == "1"


def test_programs_of_the_function_write_to_its_log_and_not_to_the_channel(local_scf):
    result = local_scf.invoke("behave", {"do": "child_output"}, LogType="Tail")
    assert result["RetMsg"] == '"done"'
    assert "from a child\n" in result["Log"]
    assert "raw bytes \ufffd\n" in result["Log"]


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_programs_of_the_function_do_not_inherit_the_channel(local_scf):
    assert "socket" not in json.loads(local_scf.invoke("behave", {"do": "inherited"})["RetMsg"])


def test_a_closed_stdout_does_not_lose_the_answer(local_scf):
    assert local_scf.invoke("behave", {"do": "close_stdout"})["RetMsg"] == '"still here"'
    local_scf.invoke("behave", {"do": "kill_self"})  # that instance has no stdout any more


def test_the_root_logger_writes_debug_lines(local_scf):
    log = local_scf.invoke("behave", {"do": "log"}, LogType="Tail")["Log"]
    assert "\na debug line\n" in log
    assert "\nan info line\n" in log


def test_what_a_thread_writes_after_the_answer_is_in_nobodys_log(local_scf):
    local_scf.invoke("behave", {"do": "thread_output"})
    wait_until(lambda: "[behave] late line" in local_scf.stderr)
    assert "late line" not in local_scf.invoke("behave", {"do": "log"}, LogType="Tail")["Log"]


def test_context_is_a_fresh_dict_of_the_platforms_keys(local_scf):
    local_scf.invoke("behave", {"do": "spoil_context"})
    result = local_scf.invoke("behave", {"do": "context"})
    assert json.loads(result["RetMsg"]) == {
        "memory_limit_in_mb": 128,
        "time_limit_in_ms": 3000,
        "request_id": result["FunctionRequestId"],
        "environment": '{"SCF_NAMESPACE":"default"}',
        "environ": "SCF_NAMESPACE=default;SCF_NAMESPACE=default",
        "function_version": "$LATEST",
        "function_name": "behave",
        "namespace": "default",
        "tencentcloud_region": "ap-guangzhou",
        "tencentcloud_appid": "1250000000",
        "tencentcloud_uin": "100000000001",
    }


def test_the_process_looks_as_user_code_expects(local_scf):
    process = json.loads(local_scf.invoke("behave", {"do": "process"})["RetMsg"])
    assert process["cwd"].endswith("functions/behave")
    assert process["path"][0] == process["cwd"]
    assert not any(entry.endswith("/child") for entry in process["path"])
    assert process["path"][-1].endswith("/sdk")
    names = "bootstrap context debugger frames isolation lazy_stdlib own_writes payloads trust".split()
    assert process["modules"] == [f"_scf_{name}" for name in names]
    assert process["argv"] == ["-c"]
    assert process["main"] == "index"
    assert process["group"] is True
    mask = os.umask(0o022)
    os.umask(mask)
    assert process["umask"] == mask


@pytest.mark.parametrize(
    ("do", "kind", "words"),
    [
        ("date_inside", "datetime", "a datetime in ['date']['at']"),
        ("coroutine", "coroutine", "a coroutine: an async def is no handler, "),
        ("unserialisable", "object", "an object"),
    ],
)
def test_a_result_that_is_no_json_is_named_with_its_place(local_scf, do, kind, words):
    result = local_scf.invoke("behave", {"do": do}, LogType="Tail")
    told = f"TypeError: Object of type {kind} is not JSON serializable: the handler returned {words}"
    assert failure(result)["stackTrace"].startswith(told)
    assert "never awaited" not in result["Log"]
