"""Lists of runs, one run whole, and its long texts."""

import json

import pytest

from tests.conftest import wait_until, write_held
from tests.local.dashboard.visiting import REGION, Visitor, send

KEY = {"region": REGION, "namespace": "default"}


def test_the_newest_run_comes_first_and_each_is_found_again(visitor):
    ids = [visitor.invoke("echo", {"number": number})["FunctionRequestId"] for number in range(3)]
    page = visitor.get("invocations", function="echo", namespace="default", region=REGION)
    assert [row["request_id"] for row in page["items"][:3]] == ids[::-1]
    row = page["items"][0]
    assert (row["status"], row["error"], row["origin"], row["again_of"]) == (0, None, "dashboard", None)
    assert row["billed_ms"] >= row["duration_ms"] > 0
    assert row["memory_mb"] == 128
    assert "log" not in row
    found = visitor.run("echo", ids[1])
    assert found["row"]["request_id"] == ids[1]
    assert (found["event"]["text"], found["result"]["text"]) == ('{"number": 1}', '{"number": 1}')
    assert found["log"]["text"] == "seen {'number': 1}\n"
    assert (found["error"], found["web"], found["can_run_again"]) == (None, None, True)


def test_the_first_run_of_an_instance_has_a_cold_start_and_the_next_has_none(visitor):
    first, second = (visitor.invoke("timed", number)["FunctionRequestId"] for number in range(2))
    phases = visitor.run("timed", first)["row"]["phases"]
    assert phases["cold_start_ms"] > phases["run_ms"] > 0
    assert phases["queued_ms"] >= 0
    assert visitor.run("timed", second)["row"]["phases"]["cold_start_ms"] == 0


def test_calls_of_the_api_say_so(server, visitor):
    request_id = server.invoke("echo", 1)["FunctionRequestId"]
    assert visitor.run("echo", request_id)["row"]["origin"] == "api"


def test_a_failure_shows_its_line_and_the_frames_of_the_function(visitor, server):
    request_id = visitor.invoke("fails", "pear")["FunctionRequestId"]
    found = visitor.run("fails", request_id)
    assert found["row"]["status"] == 430
    assert found["row"]["error"] == "ValueError: no: pear (index.py, line 8)"
    error = found["error"]
    assert (error["status"], error["type"]) == (430, "ValueError")
    frames = error["frames"]
    assert [(frame["line"], frame["function"], frame["source"]) for frame in frames] == [
        (4, "main_handler", "return inner(event)"),
        (8, "inner", 'raise ValueError(f"no: {event}")'),
    ]
    assert all(frame["is_own"] and frame["file"].endswith("/functions/fails/index.py") for frame in frames)
    assert found["log"]["text"] == "about to fail\n"


def test_a_run_again_and_the_run_that_it_repeats_know_each_other(visitor):
    first = visitor.invoke("fails", {"try": 1})["FunctionRequestId"]
    second = visitor.invoke("echo", {"try": 2}, again_of=first)["FunctionRequestId"]
    assert [row["request_id"] for row in visitor.run("fails", first)["again"]] == [second]
    row = visitor.run("echo", second)["row"]
    assert (row["origin"], row["again_of"]) == ("dashboard", first)


@pytest.mark.parametrize(
    ("status", "functions"),
    [("ok", {"echo"}), ("failed", {"fails"}), ("430", {"fails"}), ("433", set()), ("running", set())],
)
def test_runs_are_filtered_by_status(visitor, status, functions):
    visitor.invoke("echo", 1)
    visitor.invoke("fails", 1)
    found = visitor.get("invocations", status=status)["items"]
    assert {row["function"] for row in found} & {"echo", "fails"} == functions


def test_runs_are_filtered_by_origin(visitor, server):
    first = server.invoke("echo", "by the API")["FunctionRequestId"]
    again = visitor.invoke("echo", "again", again_of=first)["FunctionRequestId"]
    for origin, wanted, other in (("api", first, again), ("dashboard", again, first)):
        found = visitor.get("invocations", origin=origin)["items"]
        assert {row["origin"] for row in found} == {origin}
        ids = [row["request_id"] for row in found]
        assert wanted in ids
        assert other not in ids
    assert visitor.get("invocations", origin="url")["items"] == []
    got = visitor.ask("GET", "invocations", origin="elsewhere")
    assert (got.status, got.code) == (400, "parameter")


def test_runs_are_filtered_by_text_as_it_is(visitor):
    wanted = visitor.invoke("echo", {"word": "q_7%z"})["FunctionRequestId"]
    visitor.invoke("echo", {"word": "qx7yz"})
    for text in ("q_7%z", "Q_7%Z", "seen {'word': 'q_7%z'}", wanted):  # event, result, log, id
        found = visitor.get("invocations", function="echo", text=text)["items"]
        assert [row["request_id"] for row in found] == [wanted], text
    assert visitor.get("invocations", function="echo", text="\\")["items"] == []


def test_runs_are_filtered_by_time(visitor):
    request_id = visitor.invoke("echo", "now")["FunctionRequestId"]
    at = visitor.run("echo", request_id)["row"]["started_at"]
    found = visitor.get("invocations", since=at, until=at)["items"]
    assert [row["request_id"] for row in found] == [request_id]
    assert visitor.get("invocations", since=at + 1000)["items"] == []


def test_a_running_call_comes_first_until_it_ends(tmp_path, start_local_scf, gate):
    visitor = Visitor(start_local_scf(write_held(tmp_path / "functions")))
    parameters = {"FunctionName": "held", "ClientContext": json.dumps(str(gate)), "InvocationType": "Event"}
    visitor.change("POST", "call", {"action": "Invoke", "region": REGION, "parameters": parameters})
    wait_until(gate.begun)
    for status in ("", "running"):
        (row,) = visitor.get("invocations", status=status)["items"]
        assert (row["status"], row["row"], row["billed_ms"]) == (None, None, 0)
    whole = visitor.run("held", row["request_id"])
    assert (whole["result"], whole["error"], whole["event"]["text"]) == (None, None, json.dumps(str(gate)))
    assert [each["status"] for each in whole["attempts"]] == [None]
    assert visitor.get("invocations", text="nothing")["items"] == []
    assert [each["row"] for each in visitor.get("invocations", origin="dashboard")["items"]] == [None]
    assert visitor.get("invocations", origin="api")["items"] == []
    gate.open()
    wait_until(lambda: visitor.get("invocations")["items"][0]["status"] == 0)
    assert visitor.get("invocations", status="running")["items"] == []


def test_pages_follow_each_other_without_a_gap(visitor, server):
    for number in range(205):
        server.invoke("echo", number)
    seen, cursor, pages = [], "", 0
    while cursor is not None:
        page = visitor.get("invocations", function="echo", **({"cursor": cursor} if cursor else {}))
        seen += [row["row"] for row in page["items"]]
        cursor, pages = page["next"], pages + 1
        assert len(page["items"]) <= 200
    assert pages > 1
    assert seen == sorted(set(seen), reverse=True)
    assert len(seen) >= 205


def test_a_long_result_is_cut_and_downloaded_whole(visitor, server):
    size = 6 * 1024 * 1024 - 98  # with its quotes
    request_id = visitor.invoke("large", None)["FunctionRequestId"]
    result = visitor.run("large", request_id)["result"]
    assert (result["bytes"], result["is_cut"], len(result["text"])) == (size, True, 64 * 1024)
    got = send(server, "GET", result["download"], Cookie=visitor.cookie)
    assert (got.status, len(got.body)) == (200, size)
    assert got.headers["content-type"] == "text/plain; charset=utf-8"
    assert got.headers["content-disposition"] == f'attachment; filename="large-{request_id}-result.txt"'


def test_a_long_event_is_cut_and_may_run_again(visitor, server):
    event = {"text": "ü" * 100_000}
    request_id = server.invoke("echo", event)["FunctionRequestId"]
    found = visitor.run("echo", request_id)
    assert (found["event"]["is_cut"], found["can_run_again"]) == (True, True)
    got = send(server, "GET", found["event"]["download"], Cookie=visitor.cookie)
    assert json.loads(got.body) == event
    log = visitor.get("invocations", function="echo", log="1")["items"][0]["log"]
    assert log["is_cut"]
    assert len(log["text"].encode()) <= 4096


def test_texts_are_text_whatever_is_in_them(visitor):
    nasty = "<script>alert(1)</script>\x1b[31m\u2028\x00"
    request_id = visitor.invoke("echo", nasty)["FunctionRequestId"]
    found = visitor.run("echo", request_id)
    assert json.loads(found["result"]["text"]) == nasty
    assert json.loads(found["event"]["text"]) == nasty
    assert visitor.get("invocations", log="1")["items"][0]["log"]["text"].startswith("seen <script>alert(1)</script>")


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"status": "none"}, "parameter"),
        ({"status": "99999"}, "parameter"),
        ({"cursor": "-1"}, "parameter"),
        ({"cursor": "1" * 30}, "parameter"),
        ({"since": "nan"}, "parameter"),
        ({"until": "x"}, "parameter"),
    ],
)
def test_a_list_names_the_parameter_that_it_can_not_read(visitor, query, code):
    assert visitor.ask("GET", "invocations", **query).code == code


def test_a_run_that_is_not_there_is_404(visitor):
    whole = {**KEY, "function": "echo", "request_id": "none"}
    assert visitor.ask("GET", "invocation", **whole).code == "not_found"
    assert visitor.ask("GET", "invocation", **KEY, function="echo").code == "parameter"
    assert visitor.ask("GET", "download", part="event", **whole).code == "not_found"
    assert visitor.ask("GET", "download", part="other", **whole).code == "parameter"
    request_id = visitor.invoke("echo", 1)["FunctionRequestId"]
    assert visitor.ask("GET", "invocation", **KEY, function="fails", request_id=request_id).code == "not_found"
    assert (
        visitor.ask("GET", "invocation", **KEY, function="echo", request_id=request_id, attempt=7).code == "not_found"
    )
