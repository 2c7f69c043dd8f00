"""The queue, what was given up and is sent again, and timers."""

import json

from tests.conftest import wait_until, write_held
from tests.local.dashboard.visiting import REGION, Visitor

KEY = {"region": REGION, "namespace": "default"}


def push(visitor, function, event, **more):
    parameters = {"FunctionName": function, "ClientContext": json.dumps(event), "InvocationType": "Event"}
    body = {"action": "Invoke", "region": REGION, "parameters": parameters, **more}
    return visitor.change("POST", "call", body)["Response"]["RequestId"]


def letters_of(visitor, request_id):
    letters = visitor.get("events")["dead_letters"]["items"]
    return [letter for letter in letters if letter["request_id"] == request_id]


def test_an_event_that_was_given_up_is_shown_with_its_attempts_and_sent_again(visitor):
    request_id = push(visitor, "fails", {"a": 1})
    wait_until(lambda: letters_of(visitor, request_id))
    (letter,) = letters_of(visitor, request_id)
    assert {name: letter[name] for name in KEY} == KEY
    assert (letter["function"], letter["retries"], letter["event"]["text"]) == ("fails", 2, '{"a": 1}')
    assert "ValueError: no: {'a': 1}" in letter["error"]
    attempts = visitor.run("fails", request_id)["attempts"]
    assert [row["attempt"] for row in attempts] == [0, 1, 2]
    assert {row["origin"] for row in attempts} == {"dashboard"}
    first = visitor.run("fails", request_id, attempt=0)
    assert first["row"]["attempt"] == 0
    sent = visitor.change("POST", "dead-letters/send", {"id": letter["id"]})["request_id"]
    wait_until(lambda: letters_of(visitor, sent))
    assert [row["again_of"] for row in visitor.run("fails", sent)["attempts"]] == [request_id] * 3
    assert {row["request_id"] for row in visitor.run("fails", request_id)["again"]} == {sent}


def test_a_letter_that_is_not_there_is_not_sent(visitor):
    assert visitor.ask("POST", "dead-letters/send", {"id": "none"}).code == "not_found"
    assert visitor.ask("POST", "dead-letters/send", {"no": 1}).code == "parameter"


def test_a_retry_to_come_is_shown_with_its_time(functions, start_local_scf):
    visitor = Visitor(start_local_scf(functions))
    request_id = push(visitor, "fails", 1)
    wait_until(lambda: [each["state"] for each in visitor.get("events")["items"]] == ["WAITING_RETRY"])
    found = visitor.get("events")
    (event,) = found["items"]
    assert (event["request_id"], event["tries"], found["count"]) == (request_id, 1, 1)
    assert event["due_at"] > event["pushed_at"]
    assert (event["origin"], event["can_terminate"], event["event"]["text"]) == ("dashboard", False, "1")


def test_the_wait_in_the_queue_is_a_phase_and_a_traced_event_is_terminated(tmp_path, start_local_scf, gate):
    folder = write_held(tmp_path / "functions")
    settings = folder / "held" / "serverless.yml"
    settings.write_text(settings.read_text().replace("timeout: 600", "timeout: 600, asyncRunEnable: true"))
    visitor = Visitor(start_local_scf(folder))
    request_id = push(visitor, "held", str(gate))
    wait_until(gate.begun)
    (event,) = visitor.get("events")["items"]
    assert (event["state"], event["can_terminate"]) == ("RUNNING", True)
    parameters = {"FunctionName": "held", "InvokeRequestId": request_id}
    body = {"action": "TerminateAsyncEvent", "region": REGION, "parameters": parameters}
    assert "Error" not in visitor.change("POST", "call", body)["Response"]
    wait_until(lambda: visitor.get("events")["items"] == [])
    row = visitor.run("held", request_id)["row"]
    assert row["status"] == 499
    assert row["phases"]["cold_start_ms"] > 0


def test_timers_tell_their_next_rings_and_ring_now(visitor):
    (timer,) = visitor.get("timers")["items"]
    assert (timer["function"], timer["trigger"], timer["cron"]) == ("timed", "noon", "0 0 12 * * * *")
    first, second, third = timer["next_at"]
    assert (second - first, third - second, first % 86400) == (86400, 86400, 4 * 3600)  # noon in UTC+8
    place = {**KEY, "function": "timed", "trigger": "noon"}
    request_id = visitor.change("POST", "timers/fire", place)["request_id"]
    wait_until(lambda: visitor.get("invocations", function="timed", text=request_id)["items"])
    event = json.loads(visitor.run("timed", request_id)["event"]["text"])
    assert (event["Type"], event["TriggerName"], event["Message"]) == ("Timer", "noon", "lunch")
    assert visitor.ask("POST", "timers/fire", {**place, "trigger": "none"}).code == "not_found"


def test_a_timer_that_is_switched_off_rings_no_more_and_can_be_switched_on(visitor):
    parameters = {"FunctionName": "timed", "TriggerName": "noon", "Type": "timer"}
    for enable, rings in (("CLOSE", 0), ("OPEN", 3)):
        body = {"action": "UpdateTriggerStatus", "region": REGION, "parameters": {**parameters, "Enable": enable}}
        visitor.change("POST", "call", body)
        assert len(visitor.get("timers")["items"][0]["next_at"]) == rings
