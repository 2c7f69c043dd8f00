"""Timers ring: what the function gets, and what switches them on and off."""

import asyncio
import calendar
import contextlib
import dataclasses
import json
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from tencentserverless.local.invocations import timers
from tencentserverless.local.invocations.timers import Timers
from tencentserverless.local.registry.function import new_function
from tencentserverless.local.registry.function_version import LATEST, FunctionKey, FunctionRecord
from tencentserverless.local.registry.timer_triggers import Trigger
from tencentserverless.local.worker.interpreters import OWN_RUNTIME
from tests.conftest import Starter, wait_until

CODE = """
import json

def main_handler(event, context):
    if event.get("read"):
        try:
            return open(event["read"]).read()
        except FileNotFoundError:
            return ""
    with open(event["Message"], "a") as file:
        file.write(json.dumps(event) + "\\n")
"""
EVERY_SECOND = "* * * * * * *"


@pytest.fixture
def server(start_local_scf, tmp_path):
    return start_with_timer(start_local_scf, tmp_path)


@pytest.fixture(scope="module")
def refusing(tmp_path_factory):
    """A server that no test changes: it refuses."""
    folder = tmp_path_factory.mktemp("refusing")
    with ExitStack() as stack:
        yield start_with_timer(Starter(tmp_path_factory.mktemp("started"), stack), folder)


def start_with_timer(start, tmp_path):
    """Start a local SCF that keeps its state, over a function with a timer ``found``."""
    folder = tmp_path / "functions" / "fn"
    folder.mkdir(parents=True)
    (folder / "index.py").write_text(CODE)
    manifest = f"""
component: scf
name: fn
inputs:
  name: fn
  src: .
  runtime: {OWN_RUNTIME}
  retryNum: 1
  events:
    - timer:
        parameters:
          name: found
          cronExpression: "{EVERY_SECOND}"
          argument: {tmp_path / "found"}
          enable: true
    - apigw:
        parameters: {{}}
"""
    (folder / "serverless.yml").write_text(manifest)
    return start(tmp_path / "functions", "--state", tmp_path / "state")


def rung(path, count=1):
    wait_until(lambda: path.exists() and len(path.read_text().splitlines()) >= count)
    return [json.loads(line) for line in path.read_text().splitlines()]


def rung_at(path):
    """When a timer rang last, by its own event."""
    return max(calendar.timegm(time.strptime(event["Time"], "%Y-%m-%dT%H:%M:%SZ")) for event in rung(path))


def test_a_timer_of_a_manifest_rings_with_the_platforms_event(server, tmp_path):
    events = rung(tmp_path / "found", 2)
    assert set(events[0]) == {"Type", "TriggerName", "Time", "Message"}
    assert (events[0]["Type"], events[0]["TriggerName"]) == ("Timer", "found")
    assert abs(rung_at(tmp_path / "found") - time.time()) < 60
    assert len({event["Time"] for event in events}) == len(events)  # no second rings twice
    assert "no effect locally: events of type apigw" in server.stderr
    config = server.request("GetFunctionEventInvokeConfig", {"FunctionName": "fn"}).response["AsyncTriggerConfig"]
    assert config["RetryConfig"] == [{"RetryNum": 1}]


def test_the_life_of_a_timer(server, tmp_path):
    path = tmp_path / "made"
    trigger = {"FunctionName": "fn", "TriggerName": "made", "Type": "timer"}
    made = server.request(
        "CreateTrigger",
        {**trigger, "TriggerDesc": json.dumps({"cron": EVERY_SECOND}), "CustomArgument": str(path), "Enable": "OPEN"},
    ).response["TriggerInfo"]
    assert (made["TriggerName"], made["Enable"], made["Qualifier"]) == ("made", 1, "$LATEST")
    rung(path)
    listed = server.request("ListTriggers", {"FunctionName": "fn"}).response
    assert sorted(each["TriggerName"] for each in listed["Triggers"]) == ["found", "made"]
    shown = server.request("GetFunction", {"FunctionName": "fn"}).response["Triggers"]
    assert sorted(each["TriggerName"] for each in shown) == ["found", "made"]
    assert server.request("UpdateTriggerStatus", {**trigger, "Enable": "CLOSE"}).response.keys() == {"RequestId"}
    assert (
        server.error("UpdateTriggerStatus", {**trigger, "Enable": "CLOSE"})[0] == "FailedOperation.UpdateTriggerStatus"
    )
    closed_at = time.time()
    wait_until(lambda: rung_at(tmp_path / "found") > closed_at + 1)
    assert rung_at(path) <= closed_at
    for never in ("0 0 0 1 1 * 2020", "0 0 0 30 2 * *", "*/70 * * * * * *"):
        code, _ = server.error("UpdateTrigger", {**trigger, "TriggerDesc": never})
        assert code == "InvalidParameterValue.TriggerDesc"
    update = {**trigger, "Enable": "OPEN", "TriggerDesc": "0 0 0 1 1 * 2099"}
    assert server.request("UpdateTrigger", update).response.keys() == {"RequestId"}
    assert server.request("DeleteTrigger", trigger).response.keys() == {"RequestId"}
    assert server.error("DeleteTrigger", trigger)[0] == "ResourceNotFound.Timer"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"TriggerDesc": "every now and then"}, "InvalidParameterValue.TriggerDesc"),
        ({"TriggerDesc": None}, "InvalidParameterValue.TriggerDesc"),
        ({"TriggerName": "with space"}, "InvalidParameterValue.TriggerName"),
        ({"TriggerName": "found"}, "ResourceInUse.Trigger"),
        ({"Type": "cos"}, "UnsupportedOperation"),
        ({"Type": "clock"}, "InvalidParameterValue.Type"),
        ({"Qualifier": "7"}, "ResourceNotFound.Qualifier"),
        ({"Enable": "maybe"}, "InvalidParameterValue.Enable"),
        ({"CustomArgument": "x" * 4097}, "InvalidParameterValue.CustomArgument"),
        ({"FunctionName": "nobody"}, "ResourceNotFound.Function"),
    ],
)
def test_what_is_refused(refusing, changes, code):
    trigger = {"FunctionName": "fn", "TriggerName": "made", "Type": "timer", "TriggerDesc": EVERY_SECOND}
    assert refusing.error("CreateTrigger", {**trigger, **changes})[0] == code


def test_what_reads_cron_loads_with_the_first_timer(start_local_scf, tmp_path):
    (tmp_path / "functions" / "fn").mkdir(parents=True)
    (tmp_path / "functions" / "fn" / "index.py").write_text(CODE)
    server = start_local_scf(tmp_path / "functions", env={"PYTHONPROFILEIMPORTTIME": "1"})  # tells what it loads
    assert "tencentserverless.local.registry.timer_triggers\n" in server.stderr
    assert "croniter" not in server.stderr
    trigger = {"FunctionName": "fn", "TriggerName": "made", "Type": "timer", "TriggerDesc": EVERY_SECOND}
    assert "TriggerInfo" in server.request("CreateTrigger", trigger).response
    assert "croniter" in server.stderr


def test_a_timer_outlives_the_server(server, start_local_scf, tmp_path):
    path = tmp_path / "made"
    trigger = {"FunctionName": "fn", "TriggerName": "made", "Type": "timer", "TriggerDesc": EVERY_SECOND}
    server.request("CreateTrigger", {**trigger, "CustomArgument": str(path)})
    assert server.stop() == 0
    path.unlink(missing_ok=True)
    start_local_scf(tmp_path / "functions", "--state", tmp_path / "state")
    rung(path)


def test_times_that_were_missed_together_ring_in_their_order(monkeypatch):
    """A laptop slept over both: of two times that set a number, the later one is to be the last."""
    clock = [calendar.timegm((2030, 1, 1, 0, 0, 0))]
    monkeypatch.setattr(timers.time, "time", lambda: clock[0])
    record = FunctionRecord(FunctionKey("ap-tokyo", "default", "it"), "index.main_handler", OWN_RUNTIME, Path("/code"))
    named = {
        name: Trigger(name, LATEST, cron, "", changed_at=clock[0])
        for name, cron in (("late", "30 * * * * * *"), ("early", "15 * * * * * *"))
    }
    function, rung = dataclasses.replace(new_function(record), triggers=named), []

    async def fire(function, trigger, event):
        rung.append(trigger.name)

    async def scenario():
        ringing = Timers(lambda: [function], fire)
        task = asyncio.ensure_future(ringing.run())
        await asyncio.sleep(0.01)
        clock[0] += 40
        ringing.reschedule()
        while len(rung) < 2:
            assert not task.done()
            await asyncio.sleep(0.01)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    asyncio.run(asyncio.wait_for(scenario(), 10))
    assert rung == ["early", "late"]


def test_a_cancellation_that_comes_with_a_change_ends_the_timers():
    async def main():
        rung = Timers(list, None)
        task = asyncio.create_task(rung.run())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        rung.reschedule()  # wakes the task, which has not run yet
        task.cancel()
        await asyncio.wait([task], timeout=10)
        return task.cancelled()

    assert asyncio.run(main())
