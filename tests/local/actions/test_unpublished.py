"""Actions that no page lists, as the tools send them that call them."""

import json

import pytest

from tencentserverless.local.worker.interpreters import OWN_RUNTIME
from tests.conformance.management import ECHO, zipped
from tests.conftest import wait_until

FN = {"FunctionName": "fn"}
HOURLY, DAILY = "0 0 */1 * * * *", "0 0 2 * * * *"


@pytest.fixture
def server(start_local_scf, tmp_path):
    """A server with one function, and nothing in its folder."""
    (tmp_path / "functions").mkdir()
    server = start_local_scf(tmp_path / "functions")
    make_function(server)
    return server


@pytest.fixture(scope="module")
def untouched(start_for_all, tmp_path_factory):
    """Such a server with one timer, for all that is refused."""
    server = start_for_all(tmp_path_factory.mktemp("functions"))
    make_function(server)
    assert set(server.request("BatchCreateTrigger", batch(("a", "timer", HOURLY))).response) == {"RequestId"}
    return server


def make_function(server):
    made = {**FN, "Runtime": OWN_RUNTIME, "Code": {"ZipFile": zipped(ECHO)}}
    assert "Error" not in server.request("CreateFunction", made).response


def batch(*triggers, **changes):
    """What @cloudbase/manager-node sends."""
    text = json.dumps([{"TriggerName": name, "Type": kind, "TriggerDesc": cron} for name, kind, cron in triggers])
    return {**FN, "Triggers": text, "Count": len(triggers), **changes}


def timers(server):
    listed = server.request("ListTriggers", FN).response["Triggers"]
    return {each["TriggerName"]: (json.loads(each["TriggerDesc"])["cron"], each["Enable"]) for each in listed}


def test_timers_are_made_at_once_and_made_again_by_a_second_deployment(server):
    both = batch(("a", "timer", HOURLY), ("b", "timer", HOURLY))
    assert set(server.request("BatchCreateTrigger", both).response) == {"RequestId"}
    assert timers(server) == {"a": (HOURLY, 1), "b": (HOURLY, 1)}
    changed = batch(("a", "timer", DAILY), ("c", "timer", HOURLY), Namespace="default")
    assert set(server.request("BatchCreateTrigger", changed).response) == {"RequestId"}
    assert timers(server) == {"a": (DAILY, 1), "b": (HOURLY, 1), "c": (HOURLY, 1)}


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        (batch(("c", "timer", HOURLY), ("d", "timer", "never")), "InvalidParameterValue.TriggerDesc"),
        (batch(("c", "timer", HOURLY), ("d", "cos", "{}")), "UnsupportedOperation"),
        (batch(("c", "timer", HOURLY), ("d", "sundial", "{}")), "InvalidParameterValue.Type"),
        (batch(("c", "timer", HOURLY), ("d e", "timer", HOURLY)), "InvalidParameterValue.TriggerName"),
        (batch(*((f"c{number}", "timer", HOURLY) for number in range(10))), "LimitExceeded.Trigger"),
        (batch(("c", "timer", HOURLY), Count=2), "InvalidParameterValue"),
        (batch(Triggers="[", Count=None), "InvalidParameterValue"),
        (batch(Triggers='{"a": 1}', Count=None), "InvalidParameterValue"),
        (batch(Triggers="[" * 2000, Count=None), "InvalidParameterValue"),
        (batch(Triggers='[{"TriggerName": "c"}]', Count=None), "MissingParameter"),
        (batch(Triggers='[{"TriggerName": "c", "Type": "timer", "Colour": 1}]', Count=None), "UnknownParameter"),
        (batch(("c", "timer", HOURLY), FunctionName="gone"), "ResourceNotFound.Function"),
        (FN, "MissingParameter"),
    ],
)
def test_one_timer_that_is_refused_leaves_all_as_they_were(untouched, parameters, code):
    assert untouched.error("BatchCreateTrigger", parameters)[0] == code
    assert timers(untouched) == {"a": (HOURLY, 1)}


def test_there_is_no_test_event(server):
    assert server.request("ListFunctionTestModels", {**FN, "Namespace": "default"}).response["TestModels"] == []
    assert server.error("ListFunctionTestModels", {"FunctionName": "gone"})[0] == "ResourceNotFound.Function"


@pytest.mark.proof
def test_a_function_that_is_still_made_takes_no_timers_at_the_clouds_pace(start_local_scf, tmp_path):
    (tmp_path / "functions").mkdir()
    server = start_local_scf(tmp_path / "functions", "--pace", "cloud")
    server.request("CreateFunction", {**FN, "Runtime": OWN_RUNTIME, "Code": {"ZipFile": zipped(ECHO)}})
    code, message = server.error("BatchCreateTrigger", batch(("a", "timer", HOURLY)))
    assert code == "FailedOperation.CreateTrigger"
    assert "Function 'fn' is Creating" in message
    wait_until(lambda: server.request("GetFunction", FN).response["Status"] == "Active")
    assert set(server.request("BatchCreateTrigger", batch(("a", "timer", HOURLY))).response) == {"RequestId"}
