"""Asynchronous invocations: kept before they are answered, run in order, tried again as the platform does."""

import asyncio
import base64
import contextlib
import io
import json
import signal
import sqlite3
import zipfile

import pytest

from tencentserverless.local.control import ask
from tencentserverless.local.worker.interpreters import OWN_RUNTIME
from tests.conftest import STOP_SECONDS, wait_until
from tests.local.invocations.queueing import PLAIN, TRACED, queueing

CODE = """
import json, os, signal, time

def main_handler(event, context):
    if event.get("listens"):
        signal.signal(signal.SIGTERM, lambda number, frame: setattr(main_handler, "asked", True))
    with open(event["file"], "a") as file:
        file.write(json.dumps([event["name"], context["request_id"]]) + "\\n")
    while event.get("gate") and not os.path.exists(os.path.join(event["gate"], "open")):
        time.sleep(0.01)
    if event.get("sleep"):
        deadline = time.time() + event["sleep"]
        while time.time() < deadline and not getattr(main_handler, "asked", False):
            time.sleep(0.01)
        return "woken"
    if event.get("raises"):
        raise ValueError("no " + event["name"])
    return event["name"]
"""
#: So few that a test can have more of them than run at once without a hundred processes.
AT_ONCE = 4
LIMITS = {"events_at_once": AT_ONCE}


def zipped():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("index.py", CODE)
    return base64.b64encode(buffer.getvalue()).decode()


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "functions" / "fn").mkdir(parents=True)
    (tmp_path / "functions" / "fn" / "index.py").write_text(CODE)
    inputs = f"{{name: fn, src: ., runtime: {OWN_RUNTIME}, timeout: 600}}"
    (tmp_path / "functions" / "fn" / "serverless.yml").write_text(f"component: scf\nname: fn\ninputs: {inputs}\n")
    return tmp_path / "functions"


@pytest.fixture
def server(start_local_scf, folder):
    return start_local_scf(folder, "--time-scale", 1000)


@pytest.fixture
def ran(tmp_path):
    """What has run, as (name, request id)."""
    path = tmp_path / "ran"

    def ran(count=0):
        wait_until(lambda: path.exists() and len(path.read_text().splitlines()) >= count)
        return [tuple(json.loads(line)) for line in path.read_text().splitlines()]

    ran.path = path
    return ran


def push(server, ran, name, function="fn", **event):
    payload = json.dumps({"name": name, "file": str(ran.path), **event})
    parameters = {"FunctionName": function, "InvocationType": "Event", "ClientContext": payload}
    result = server.request("Invoke", parameters).response["Result"]
    assert (result["RetMsg"], result["ErrMsg"], result["Log"], result["InvokeResult"]) == ("", "", "", 0)
    return result["FunctionRequestId"]


def status(server, request_id, function="fn"):
    answer = server.request("GetRequestStatus", {"FunctionName": function, "FunctionRequestId": request_id}).response
    return answer["Data"][0]


def ended(server, request_id, function="fn"):
    wait_until(lambda: status(server, request_id, function)["RetCode"] != 1)
    return status(server, request_id, function)


def test_an_event_is_acknowledged_run_and_known(server, ran):
    request_id = push(server, ran, "one")
    assert ran(1) == [("one", request_id)]
    found = ended(server, request_id)
    assert (found["RetCode"], found["RetMsg"], found["RetryNum"]) == (0, '"one"', 0)


def test_events_of_a_function_begin_in_the_order_in_which_they_came(server, ran):
    server.invoke("fn", {"name": "warm", "file": str(ran.path)})
    ids = [push(server, ran, f"{number}") for number in range(100)]
    begun = ran(101)[1:]
    assert sorted(begun, key=lambda each: int(each[0])) == [(f"{number}", ids[number]) for number in range(100)]
    # So many at once are under way; among these the machine decides.
    assert all(abs(int(name) - place) < 64 for place, (name, _) in enumerate(begun))


def test_a_failure_is_tried_twice_more_and_then_buried(server, ran, tmp_path):
    request_id = push(server, ran, "bad", raises=True)
    assert ran(3) == [("bad", request_id)] * 3
    found = ended(server, request_id)
    assert (found["RetCode"], found["RetryNum"]) == (-1, 2)
    assert json.loads(found["RetMsg"])["statusCode"] == 430
    (path,) = tmp_path.glob("started/**/dead-letters.jsonl")
    assert path.stat().st_mode & 0o777 == 0o600
    (letter,) = [json.loads(line) for line in path.read_text().splitlines()]
    assert letter["RequestId"] == letter["Body"]["RequestId"] == request_id
    assert "ValueError: no bad" in letter["ErrorMessage"]
    assert json.loads(letter["Body"]["ClientContext"])["name"] == "bad"
    assert (letter["Body"]["FunctionName"], letter["Body"]["RetryNum"]) == ("fn", 2)


def test_retries_are_as_configured(server, ran):
    config = {"RetryConfig": [{"RetryNum": 0}], "MsgTTL": 600}
    asked = {"FunctionName": "fn", "AsyncTriggerConfig": config}
    assert server.request("UpdateFunctionEventInvokeConfig", asked).response.keys() == {"RequestId"}
    shown = server.request("GetFunctionEventInvokeConfig", {"FunctionName": "fn"}).response["AsyncTriggerConfig"]
    assert shown == config
    request_id = push(server, ran, "bad", raises=True)
    assert ended(server, request_id)["RetryNum"] == 0
    assert ran(1) == [("bad", request_id)]


def test_no_room_is_tried_again_until_there_is_some(server, ran):
    assert server.request(
        "PutReservedConcurrencyConfig", {"FunctionName": "fn", "ReservedConcurrencyMem": 0}
    ).response.keys() == {"RequestId"}
    request_id = push(server, ran, "patient")
    wait_until(lambda: server.stderr.count(f"[fn] ERROR RequestId:{request_id} status 432: ") > 2)
    assert status(server, request_id)["RetCode"] == 1
    assert not ran.path.exists()
    server.request("DeleteReservedConcurrencyConfig", {"FunctionName": "fn"})
    assert ran(1) == [("patient", request_id)]


def test_bad_events_get_the_platforms_codes(server, ran):
    invoke = {"FunctionName": "fn", "InvocationType": "Event"}
    large = json.dumps("x" * (128 * 1024))
    assert server.error("Invoke", {**invoke, "ClientContext": large})[0] == "InvalidParameter.RequestTooLarge"
    assert server.error("Invoke", {**invoke, "ClientContext": "no"})[0] == "InvalidParameterValue.Param"
    assert server.error("Invoke", {**invoke, "FunctionName": "nobody"})[0] == "ResourceNotFound.Function"


def kept_events(path):
    """Ids of the events in the database of a server."""
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        return [request_id for (request_id,) in connection.execute("SELECT request_id FROM events")]


def test_a_function_that_is_deleted_takes_its_events_along(start_local_scf, folder, ran, gate, tmp_path):
    server = start_local_scf.limited(folder, LIMITS)
    made = {"FunctionName": "gone", "Runtime": OWN_RUNTIME, "Code": {"ZipFile": zipped()}, "Timeout": 600}
    assert server.request("CreateFunction", made).response.keys() == {"RequestId"}
    ids = {push(server, ran, f"{number}", "gone", gate=str(gate)) for number in range(AT_ONCE + 8)}
    (path,) = tmp_path.glob("started/**/state.db")
    assert 0 < len(ran(1)) <= AT_ONCE
    assert len(kept_events(path)) == len(ids)
    assert server.request("DeleteFunction", {"FunctionName": "gone"}).response.keys() == {"RequestId"}
    gate.open()
    wait_until(lambda: not kept_events(path))
    begun = {request_id for _, request_id in ran()}
    assert len(begun) == len(ran()) <= AT_ONCE
    assert begun < ids
    # What became of the others is known, though their function is not.
    path = path.with_name("dead-letters.jsonl")
    letters = [json.loads(line) for line in path.read_text().splitlines()]
    assert {letter["RequestId"] for letter in letters} == ids - begun
    assert letters[0]["ErrorMessage"] == "Function 'gone' has been deleted"
    found = status(server, letters[0]["RequestId"], "gone")
    assert (found["RetCode"], json.loads(found["RetMsg"])["statusCode"]) == (-1, 435)


@pytest.mark.parametrize("number", [signal.SIGKILL, pytest.param(signal.SIGTERM, marks=pytest.mark.proof)])
def test_what_was_acknowledged_is_run_by_the_next_server(start_local_scf, folder, tmp_path, ran, number, gate):
    first = start_local_scf.limited(folder, LIMITS, state=tmp_path / "state")
    ids = {push(first, ran, f"{count}", gate=str(gate)): f"{count}" for count in range(2 * AT_ONCE)}
    ran(1)
    first.process.send_signal(number)
    wait_until(first.is_stopping)
    gate.open()
    first.process.wait(STOP_SECONDS)
    assert len(ran()) <= AT_ONCE
    second = start_local_scf.limited(folder, LIMITS, state=tmp_path / "state")
    wait_until(lambda: not kept_events(tmp_path / "state" / "state.db"))
    for request_id, name in ids.items():
        found = ended(second, request_id)
        assert (found["RetCode"], found["RetMsg"]) == (0, json.dumps(name))
    assert {request_id for _, request_id in ran()} == set(ids)
    assert len(ran()) <= len(ids) + AT_ONCE  # what ran at the stop was begun again, and nothing else


@pytest.fixture
def tracing(server):
    """A function with AsyncRunEnable."""
    made = {"FunctionName": "long", "Runtime": OWN_RUNTIME, "Code": {"ZipFile": zipped()}}
    made |= {"AsyncRunEnable": "TRUE", "Timeout": 3600}
    assert server.request("CreateFunction", made).response.keys() == {"RequestId"}
    return server


def event_status(server, request_id):
    return server.request("GetAsyncEventStatus", {"InvokeRequestId": request_id}).response["Result"]


def test_a_function_with_async_run_answers_every_call_with_an_id(tracing, ran):
    event = json.dumps({"name": "sync", "file": str(ran.path)})
    result = tracing.request("InvokeFunction", {"FunctionName": "long", "Event": event}).response["Result"]
    request_id = result["FunctionRequestId"]
    assert result["RetMsg"] == ""
    wait_until(lambda: event_status(tracing, request_id)["Status"] == "FINISHED")
    assert event_status(tracing, request_id) == {
        "Status": "FINISHED",
        "StatusCode": 200,
        "InvokeRequestId": request_id,
    }
    assert status(tracing, request_id, "long")["RetMsg"] == '"sync"'
    (listed,) = tracing.request("ListAsyncEvents", {"FunctionName": "long"}).response["EventList"]
    assert (listed["InvokeRequestId"], listed["Status"]) == (request_id, "FINISHED")
    assert listed["EndTime"] >= listed["StartTime"]
    assert tracing.request("GetFunction", {"FunctionName": "long"}).response["AsyncRunEnable"] == "TRUE"


def test_a_failure_of_an_async_run_is_final_and_ends_the_instance(tracing, ran):
    request_id = push(tracing, ran, "bad", "long", raises=True)
    wait_until(lambda: event_status(tracing, request_id)["Status"] == "FAILED")
    assert event_status(tracing, request_id)["StatusCode"] == 430
    assert ran() == [("bad", request_id)]


@pytest.mark.parametrize(
    ("is_graceful", "listens", "state", "code"),
    [(False, False, "ABORTED", 499), (True, False, "ABORTED", 499), (True, True, "FINISHED", 200)],
)
def test_an_event_that_runs_is_terminated(tracing, ran, is_graceful, listens, state, code):
    request_id = push(tracing, ran, "slow", "long", sleep=60, listens=listens)
    ran(1)
    asked = {"FunctionName": "long", "InvokeRequestId": request_id, "GraceShutdown": is_graceful}
    assert event_status(tracing, request_id)["Status"] == "RUNNING"
    assert tracing.request("TerminateAsyncEvent", asked).response.keys() == {"RequestId"}
    wait_until(lambda: event_status(tracing, request_id)["Status"] != "RUNNING")
    found = event_status(tracing, request_id)
    assert (found["Status"], found["StatusCode"]) == (state, code)
    assert tracing.error("TerminateAsyncEvent", asked)[0] == "FailedOperation.AsyncEventStatus"
    unknown = {**asked, "InvokeRequestId": "no-such-id"}
    assert tracing.error("TerminateAsyncEvent", unknown)[0] == "ResourceNotFound.AsyncEvent"
    record = tracing.request("GetRequestStatus", {"FunctionName": "long", "FunctionRequestId": request_id}).response
    assert record["Data"][-1]["RetCode"] == (0 if listens else -1)
    assert listens or '"statusCode":499' in record["Data"][-1]["RetMsg"]


def test_what_runs_without_async_run_enable_is_not_cancelled_and_says_so(tracing, ran):
    request_id = push(tracing, ran, "plain", "fn", sleep=60)
    ran(1)
    asked = {"FunctionName": "fn", "InvokeRequestId": request_id}
    code, words = tracing.error("TerminateAsyncEvent", asked)
    assert code == "ResourceNotFound.AsyncEvent"
    assert "is under way, and can't be cancelled: function 'fn' has no AsyncRunEnable" in words


@pytest.mark.parametrize("number", [signal.SIGKILL, pytest.param(signal.SIGTERM, marks=pytest.mark.proof)])
def test_an_asynchronous_run_that_the_end_of_a_server_cut_off_is_aborted_and_never_run_again(
    start_local_scf, folder, tmp_path, ran, number, gate
):
    made = {"FunctionName": "long", "Runtime": OWN_RUNTIME, "Code": {"ZipFile": zipped()}}
    first = start_local_scf(folder, "--state", tmp_path / "state")
    first.request("CreateFunction", {**made, "AsyncRunEnable": "TRUE", "Timeout": 3600})
    request_id = push(first, ran, "x", "long", gate=str(gate))
    ran(1)
    first.stop(number)
    gate.open()
    second = start_local_scf(folder, "--state", tmp_path / "state")
    after = push(second, ran, "y", "long")  # behind it
    wait_until(lambda: event_status(second, after)["Status"] == "FINISHED")
    found = event_status(second, request_id)
    assert (found["Status"], found["StatusCode"]) == ("ABORTED", 499)
    assert [name for name, _ in ran()] == ["x", "y"]
    assert status(second, request_id, "long")["RetCode"] == -1
    log = (first if number == signal.SIGTERM else second).stderr
    assert f"[long] RequestId:{request_id} is aborted: the server ended while it was under way" in log
    assert second.error("TerminateAsyncEvent", {"FunctionName": "long", "InvokeRequestId": request_id})[0] == (
        "FailedOperation.AsyncEventStatus"
    )


def test_an_event_that_a_fault_holds_up_does_not_run_once_it_is_terminated(tracing, ran):
    rules = {"rules": [{"kind": "delay", "seconds": 1, "function": "long", "first": 1}]}
    assert ask(tracing.env, "PUT", "faults", rules)[0] == 200
    request_id = push(tracing, ran, "held", "long")
    asked = {"FunctionName": "long", "InvokeRequestId": request_id}
    assert tracing.request("TerminateAsyncEvent", asked).response.keys() == {"RequestId"}
    wait_until(lambda: event_status(tracing, request_id)["Status"] == "ABORTED")
    push(tracing, ran, "next", "long")
    assert [name for name, _ in ran(1)] == ["next"]
    assert status(tracing, request_id, "long")["RetCode"] == -1


def test_an_event_outlives_the_absence_of_its_folder(start_local_scf, folder, ran):
    (folder / "other").mkdir()
    (folder / "other" / "index.py").write_text(CODE)
    server = start_local_scf(folder, "--time-scale", 120)
    request_id = push(server, ran, "patient", raises=True)
    ran(1)
    (folder / "fn").rename(folder.parent / "away")
    wait_until(lambda: f"[fn] ERROR RequestId:{request_id} status 435: " in server.stderr)
    assert status(server, request_id)["RetCode"] == 1  # it waits
    (folder.parent / "away").rename(folder / "fn")
    assert ran(3) == [("patient", request_id)] * 3  # RetryNum is 2: the absence was no try
    assert ended(server, request_id)["RetCode"] == -1


def test_a_dead_letter_that_can_not_be_written_is_kept_until_it_can(start_local_scf, folder, tmp_path, ran):
    letters = tmp_path / "state" / "dead-letters.jsonl"
    first = start_local_scf(folder, "--state", tmp_path / "state", "--time-scale", 1000)
    letters.mkdir()
    ids = [push(first, ran, name, raises=True) for name in ("a\ud800", "b")]
    wait_until(lambda: "warning: dead letters can't be written: " in first.stderr)
    for request_id in ids:
        assert ended(first, request_id)["RetCode"] == -1
    assert first.stop() == 0
    assert first.stderr.count("dead letters can't be written") == 1
    second = start_local_scf(folder, "--state", tmp_path / "state", "--time-scale", 1000)
    letters.rmdir()
    wait_until(lambda: letters.exists() and len(letters.read_text().splitlines()) == 2)
    written = [json.loads(line) for line in letters.read_text().splitlines()]
    assert [letter["RequestId"] for letter in written] == ids
    assert "ValueError: no a\ud800" in written[0]["ErrorMessage"] or "\\ud800" in written[0]["ErrorMessage"]
    assert len(ran()) == 6  # nothing was run for it again
    wait_until(lambda: not kept_events(tmp_path / "state" / "state.db"))
    assert second.stop() == 0


def test_the_queue_shows_its_state(tmp_path):
    async def scenario():
        async with queueing(tmp_path) as harness:
            for key in (PLAIN, PLAIN, TRACED):
                await harness.push(key)
            await harness.until(lambda: len(harness.functions.runs) == 2)
            assert repr(harness.queue) == "<Queue 2 functions, 2 running, 1 waiting>"

    asyncio.run(scenario())
