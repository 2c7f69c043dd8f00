"""The stream of changes: what begins, what ends, and what a page that was away has missed."""

import http.client
import json
import signal
import threading

import pytest

from tests.conftest import wait_until, write_held
from tests.local.dashboard.visiting import API, REGION, Visitor, send


def test_a_run_is_told_when_it_has_ended_as_the_list_has_it(visitor, server):
    with visitor.stream() as stream:
        hello = stream.until("hello")
        assert (hello["is_complete"], hello["server_id"]) == (False, visitor.get("session")["server_id"])
        request_id = server.invoke("echo", {"a": 1})["FunctionRequestId"]
        change = stream.until("invocation", lambda value: is_end(value, request_id))
        row = change["items"][-1]
        listed = visitor.get("invocations")["items"][0]
        assert {**listed, "row": None} == row
        assert change["skipped"] == 0
        failed = server.invoke("fails", 1)["FunctionRequestId"]
        rows = stream.until("invocation", lambda value: is_end(value, failed))["items"]
        assert rows[-1]["error"] == "ValueError: no: 1 (index.py, line 8)"


def is_end(change, request_id):
    """Whether the last row of a change is the end of a run; a cold start is told as one that begins."""
    row = change["items"][-1]
    return row["request_id"] == request_id and row["status"] is not None


def test_a_long_run_is_told_when_it_begins_and_when_it_ends(tmp_path, start_local_scf, gate):
    server = start_local_scf(write_held(tmp_path / "functions"))
    visitor = Visitor(server)
    with visitor.stream() as stream:
        stream.until("hello")
        parameters = {"FunctionName": "held", "ClientContext": json.dumps(str(gate)), "InvocationType": "Event"}
        visitor.change("POST", "call", {"action": "Invoke", "region": REGION, "parameters": parameters})
        assert stream.until("queue", lambda value: value["running"] == 1)["waiting"] == 1
        (begun,) = stream.until("invocation")["items"]  # later: a short run is told once, at its end
        assert (begun["status"], begun["origin"]) == (None, "dashboard")
        gate.open()
        (ended,) = stream.until("invocation")["items"]
        assert (ended["status"], ended["request_id"]) == (0, begun["request_id"])
        assert stream.until("queue") == {"waiting": 0, "running": 0}


TALKS = """
import os, time

def main_handler(event, context):
    print("first line")
    open(os.path.join(event, "begun"), "w").close()
    while not os.path.exists(os.path.join(event, "more")):
        time.sleep(0.005)
    print("second line " + "x" * 5000)
    while not os.path.exists(os.path.join(event, "end")):
        time.sleep(0.005)
    return "done"
"""


def test_the_output_of_a_run_is_told_as_it_comes(tmp_path, start_local_scf):
    (tmp_path / "functions" / "talks").mkdir(parents=True)
    (tmp_path / "functions" / "talks" / "index.py").write_text(TALKS)
    signs = tmp_path / "signs"
    signs.mkdir()
    visitor = Visitor(start_local_scf(tmp_path / "functions"))
    with visitor.stream() as stream:
        stream.until("hello")
        parameters = {"FunctionName": "talks", "ClientContext": json.dumps(str(signs)), "InvocationType": "Event"}
        visitor.change("POST", "call", {"action": "Invoke", "region": REGION, "parameters": parameters})
        (told,) = stream.until("output")["items"]
        assert (told["function"], told["attempt"], told["log"]["text"]) == ("talks", 0, "first line\n")
        (row,) = visitor.get("invocations", log="1")["items"]
        assert (row["status"], row["request_id"], row["log"]) == (None, told["request_id"], told["log"])
        assert visitor.run("talks", told["request_id"])["log"]["text"] == "first line\n"
        (signs / "more").touch()
        (more,) = stream.until("output", lambda change: change["items"][0]["log"]["bytes"] > 5000)["items"]
        log = more["log"]
        assert (log["is_cut"], log["download"], log["text"]) == (True, None, "x" * 4095 + "\n")
        (row,) = visitor.get("invocations", log="1")["items"]
        assert row["log"] == log
        assert visitor.run("talks", told["request_id"])["log"]["bytes"] == log["bytes"]
        (signs / "end").touch()
        (ended,) = stream.until("invocation", lambda change: change["items"][0]["status"] == 0)["items"]
        assert ended["request_id"] == told["request_id"]
    assert visitor.run("talks", told["request_id"])["log"]["text"].startswith("first line\nsecond line xxx")


def test_functions_and_fault_rules_that_change_are_told(visitor, server):
    with visitor.stream() as stream:
        stream.until("hello")
        server.request("UpdateFunctionConfiguration", {"FunctionName": "echo", "Timeout": 9})
        first = stream.until("function")["generation"]
        server.request("UpdateFunctionConfiguration", {"FunctionName": "echo", "Timeout": 8})
        assert stream.until("function")["generation"] > first
        visitor.change("PUT", "faults", {"rules": [{"kind": "delay", "function": "echo"}]})
        assert [rule["function"] for rule in stream.until("fault")["rules"]] == ["echo"]
        server.invoke("echo", 1)
        assert stream.until("fault")["rules"][0]["fired"] == 1
        visitor.change("PUT", "faults", {"rules": []})


def test_a_page_that_comes_back_soon_gets_what_it_has_missed(visitor, server):
    with visitor.stream() as stream:
        stream.until("hello")
        server.invoke("echo", 1)
        stream.until("invocation")
    request_id = server.invoke("echo", 2)["FunctionRequestId"]
    with visitor.stream(stream.last_id) as again:
        assert again.until("hello")["is_complete"] is True
        again.until("invocation", lambda value: is_end(value, request_id))


@pytest.mark.parametrize("last_id", ["other-1", "7", "SERVER-999999", "SERVER--1", "SERVER-x", "SERVER-" + "1" * 40])
def test_a_page_that_may_have_missed_something_is_told_so(visitor, last_id):
    server_id = visitor.get("session")["server_id"]
    with visitor.stream(last_id.replace("SERVER", server_id)) as stream:
        assert stream.until("hello")["is_complete"] is False


def test_a_burst_is_cut_and_says_how_much_was_left_out(visitor, server):
    count = 400
    with visitor.stream() as stream:
        stream.until("hello")
        visitor.change("PUT", "faults", {"rules": [{"kind": "throttle", "function": "echo"}]})  # they end at once
        threads = [threading.Thread(target=call_often, args=(server, count // 8)) for _ in range(8)]
        for each in threads:
            each.start()
        seen = skipped = 0
        while seen + skipped < count:
            change = stream.until("invocation")
            assert len(change["items"]) <= 60
            seen, skipped = (
                seen + sum(row["status"] is not None for row in change["items"]),
                skipped + change["skipped"],
            )
        for each in threads:
            each.join()
        visitor.change("PUT", "faults", {"rules": []})
    assert seen + skipped == count


def call_often(server, count):
    """Call on one connection, by the door that needs no signature."""
    connection = http.client.HTTPConnection(server.host, server.port)
    headers = {"Authorization": f"Bearer {server.env['TENCENTSERVERLESS_LOCAL_ADMIN_TOKEN']}"}
    for _ in range(count):
        connection.request("POST", "/_local/invoke/echo", "1", headers)
        connection.getresponse().read()
    connection.close()


def test_more_pages_than_anyone_looks_at_are_refused(visitor):
    streams = [visitor.stream() for _ in range(16)]
    opened = [each.__enter__() for each in streams]
    for each in opened:
        each.until("hello")
    got = visitor.ask("GET", "changes")
    assert (got.status, got.code) == (503, "too_many_streams")
    for each in streams:
        each.__exit__(None, None, None)
    wait_until(lambda: is_open_again(visitor))


def is_open_again(visitor):
    connection = http.client.HTTPConnection(visitor.server.host, visitor.server.port)
    connection.request("GET", f"{API}changes", headers={"Cookie": visitor.cookie})
    with connection.getresponse() as answer:
        connection.close()
        return answer.status == 200


def test_a_server_that_stops_says_so_and_does_not_wait_for_pages(functions, start_local_scf):
    server = start_local_scf.patient(functions)  # it would wait for an hour
    visitor = Visitor(server)
    with visitor.stream() as stream:
        stream.until("hello")
        server.process.send_signal(signal.SIGTERM)
        assert stream.until("bye") == {}
        assert stream.next() == ("", None)
        assert server.stop() == 0


def test_the_stream_is_for_those_who_have_signed_in(server):
    assert send(server, "GET", f"{API}changes").code == "not_signed_in"
