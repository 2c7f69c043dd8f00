"""A result as it is printed: the return value alone on stdout, or everything as JSON."""

import json

from tencentserverless.cli.output.results import print_result
from tencentserverless.models import rebuild_result

RESULT = rebuild_result('{"a": 1}', ("question", "id-1", 12.5, 13, 2 * 1024 * 1024, "START"))


def test_the_return_value_is_on_stdout_and_the_summary_beside_it(capsys):
    print_result(RESULT, as_json=False)
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ('{"a": 1}\n', "12.5 ms, billed 13 ms, 2.0 MB, request id-1\n")


def test_json_has_every_fact(capsys):
    print_result(RESULT, as_json=True)
    assert json.loads(capsys.readouterr().out) == {
        "result": {"a": 1},
        "request_id": "question",
        "function_request_id": "id-1",
        "duration_ms": 12.5,
        "billed_duration_ms": 13,
        "memory_bytes": 2 * 1024 * 1024,
        "log": "START",
    }


def test_a_return_value_that_is_no_json_is_its_text(capsys):
    print_result(rebuild_result("text", ("question", "id-1", 1.0, 1, 0, "")), as_json=True)
    assert json.loads(capsys.readouterr().out)["result"] == "text"
