"""The frames of tracebacks, of Python and of Node.js, and of texts that are none."""

import json
from pathlib import Path

import pytest

from tencentserverless.local.dashboard.failures import shown_error, summarise
from tests.local.dashboard.visiting import check_schema

FOLDER = Path("/code/fn")
TRACE = (
    "Traceback (most recent call last):\n"
    '  File "/code/fn/index.py", line 4, in main_handler\n'
    "    return other.run(event)\n"
    '  File "/usr/lib/python3/site-packages/other.py", line 10, in run\n'
    "    raise KeyError(event)\n"
    "    ~~~~~^^^^^^^^^^^^^^^^\n"
    "KeyError: 'a'"
)
NODE = "TypeError: x is not a function\n    at exports.main (/code/fn/index.js:3:9)\n    at /code/fn/lib/a.js:7:1\n"


def message(trace="", text="user code exception caught"):
    return json.dumps({"errorCode": -1, "errorMessage": text, "stackTrace": trace, "statusCode": 430})


def test_frames_of_python_are_those_of_the_traceback():
    found = shown_error(430, message(TRACE), FOLDER)
    check_schema("Error", found)
    assert [(each["file"], each["line"], each["function"], each["is_own"]) for each in found["frames"]] == [
        ("/code/fn/index.py", 4, "main_handler", True),
        ("/usr/lib/python3/site-packages/other.py", 10, "run", False),
    ]
    assert [each["source"] for each in found["frames"]] == ["return other.run(event)", "raise KeyError(event)"]
    assert found["type"] == "KeyError"
    assert found["stack_trace"] == TRACE


def test_frames_of_node_are_found_too():
    frames = shown_error(430, message(NODE), FOLDER)["frames"]
    assert [(each["file"], each["line"], each["function"]) for each in frames] == [
        ("/code/fn/index.js", 3, "exports.main"),
        ("/code/fn/lib/a.js", 7, ""),
    ]
    assert [each["source"] for each in frames] == ["", ""]


def test_a_relative_file_is_one_of_the_functions_code():
    trace = 'Traceback (most recent call last):\n  File "lib/a.py", line 1, in <module>\nE: x'
    (frame,) = shown_error(430, message(trace), FOLDER)["frames"]
    assert (frame["file"], frame["is_own"], frame["source"]) == ("/code/fn/lib/a.py", True, "")
    (frame,) = shown_error(430, message(trace), None)["frames"]
    assert (frame["file"], frame["is_own"]) == ("lib/a.py", False)


@pytest.mark.parametrize("text", ["", "no JSON", "[1]", "null", "[" * 100_000, '{"errorMessage": 5}', '{"x": 1}'])
def test_what_is_no_error_object_is_shown_as_it_is(text):
    found = shown_error(500, text, FOLDER)
    check_schema("Error", found)
    assert (found["frames"], found["type"]) == ([], "")
    assert len(summarise(text)) <= 300


def test_a_line_about_a_failure_is_one_line_and_not_too_long():
    assert summarise(message("", "first\nsecond")) == "first"
    assert len(summarise(message("", "x" * 10_000))) == 300
    assert summarise(message(TRACE)) == "KeyError: 'a' (other.py, line 10)"


def test_a_hostile_traceback_has_a_bound():
    trace = "Traceback (most recent call last):\n" + '  File "/a", line 1, in f\n' * 5000 + "E: x"
    assert len(shown_error(430, message(trace), FOLDER)["frames"]) == 200
    quotes = '  File "' * 10_000
    assert shown_error(430, message(quotes), FOLDER)["frames"] == []
