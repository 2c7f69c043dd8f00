"""The cloud's pace: states that last, what is refused meanwhile, and what calls run."""

import base64
import io
import json
import zipfile

import pytest

from tencentserverless.local.worker.interpreters import OWN_RUNTIME
from tests.conftest import wait_until

TELL = """
import os
def main_handler(event, context):
    return {"answer": %r, "pid": os.getpid(), "memory": context["memory_limit_in_mb"]}
"""
IT = {"FunctionName": "it"}
CRON = {"TriggerName": "yearly", "Type": "timer", "TriggerDesc": "0 0 0 1 1 * *"}
#: Long for a state that is looked at, short for one that is waited for.
LONG, SHORT = 600, 0.3


def zipped(word, before=""):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("index.py", before + TELL % word)
    return base64.b64encode(buffer.getvalue()).decode()


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "functions" / "found").mkdir(parents=True)
    (tmp_path / "functions" / "found" / "index.py").write_text(TELL % "found")
    return tmp_path / "functions"


@pytest.fixture
def start(start_local_scf, folder):
    """Starts servers at the cloud's pace; states that are not named are over at once."""

    def start(**seconds):
        options = [word for state, number in seconds.items() for word in ("--pace-seconds", f"{state}={number}")]
        state = ("--state", folder.parent / "state")
        return start_local_scf(folder, *state, "--pace", "cloud", "--pace-seconds", 0, *options)

    return start


def do(server, action, **parameters):
    response = server.request(action, parameters).response
    assert "Error" not in response, response
    return response


def create(server, word="one"):
    do(server, "CreateFunction", **IT, Code={"ZipFile": zipped(word)}, Runtime=OWN_RUNTIME)


def status(server, **parameters):
    return do(server, "GetFunction", **IT, **parameters)["Status"]


def until_active(server):
    wait_until(lambda: status(server) == "Active")


def answer(server, **parameters):
    return json.loads(server.invoke("it", **parameters)["RetMsg"])["answer"]


def code_of(server, action, **parameters):
    return server.error(action, {**IT, **parameters})[0]


def test_a_function_is_creating_for_a_while_and_neither_runs_nor_changes(start):
    server = start(Creating=LONG)
    create(server)
    assert status(server) == "Creating"
    assert [each["Status"] for each in do(server, "ListFunctions", SearchKey="it")["Functions"]] == ["Creating"]
    listed = do(server, "ListFunctions", Filters=[{"Name": "Status", "Values": ["Creating"]}])
    assert [each["FunctionName"] for each in listed["Functions"]] == ["it"]
    refused = {
        "InvokeFunction": ({}, "FailedOperation.FunctionStatusError"),
        "Invoke": ({"InvocationType": "Event"}, "FailedOperation.FunctionStatusError"),
        "CreateTrigger": (CRON, "FailedOperation.CreateTrigger"),
        "DeleteTrigger": (CRON, "FailedOperation.CreateTrigger"),
        "UpdateTrigger": (CRON, "FailedOperation.CreateTrigger"),
        "UpdateTriggerStatus": ({**CRON, "Enable": "OPEN"}, "FailedOperation.CreateTrigger"),
        "UpdateFunctionCode": ({"ZipFile": zipped("two")}, "FailedOperation.UpdateFunctionCode"),
        "UpdateFunctionConfiguration": ({"MemorySize": 256}, "FailedOperation.UpdateFunctionConfiguration"),
        "PublishVersion": ({}, "FailedOperation.PublishVersion"),
        "DeleteFunction": ({}, "FailedOperation.DeleteFunction"),
        "CopyFunction": ({"NewFunctionName": "other"}, "FailedOperation.CopyFailed"),
        "GetFunctionAddress": ({}, "FailedOperation.FunctionStatusError"),
        "PutReservedConcurrencyConfig": (
            {"ReservedConcurrencyMem": 128},
            "FailedOperation.FunctionVersionStatusNotActive",
        ),
        "UpdateFunctionEventInvokeConfig": (
            {"AsyncTriggerConfig": {"RetryConfig": [{"RetryNum": 1}], "MsgTTL": 60}},
            "FailedOperation.FunctionVersionStatusNotActive",
        ),
    }
    for action, (parameters, code) in refused.items():
        assert code_of(server, action, **parameters) == code, action
    code, message = server.error("CreateTrigger", {**IT, **CRON})
    assert "'it' is Creating, which lasts 600 s" in message
    assert json.loads(server.invoke("found")["RetMsg"])["answer"] == "found"  # others run


def test_it_is_active_in_the_end_and_then_takes_its_trigger(start):
    server = start(Creating=SHORT)
    create(server)
    assert code_of(server, "CreateTrigger", **CRON) == "FailedOperation.CreateTrigger"
    until_active(server)
    do(server, "CreateTrigger", **IT, **CRON)
    assert answer(server) == "one"


def test_calls_run_the_code_of_before_while_a_function_is_updating(start, ends):
    server = start(Updating=1.5)
    create(server)
    old = json.loads(server.invoke("it")["RetMsg"])
    do(server, "UpdateFunctionCode", **IT, ZipFile=zipped("two"))
    assert status(server) == "Updating"
    assert json.loads(server.invoke("it")["RetMsg"])["pid"] == old["pid"]  # its warm instance too
    assert code_of(server, "UpdateFunctionConfiguration", MemorySize=256) == (
        "FailedOperation.UpdateFunctionConfiguration"
    )
    until_active(server)
    assert answer(server) == "two"
    assert ends(old["pid"])
    do(server, "UpdateFunctionConfiguration", **IT, MemorySize=256)
    assert json.loads(server.invoke("it")["RetMsg"])["memory"] == 128
    assert do(server, "GetFunction", **IT)["MemorySize"] == 256
    until_active(server)
    assert json.loads(server.invoke("it")["RetMsg"])["memory"] == 256


def test_the_code_of_before_runs_without_a_warm_instance_also_for_events(start):
    server = start(Updating=LONG)
    create(server)
    do(server, "UpdateFunctionCode", **IT, ZipFile=zipped("two"))
    assert answer(server) == "one"
    request = do(server, "Invoke", **IT, InvocationType="Event")["Result"]["FunctionRequestId"]

    def ended():
        found = do(server, "GetRequestStatus", **IT, FunctionRequestId=request)["Data"]
        return found and found[0]["RetCode"] == 0 and found[0]["RetMsg"]

    wait_until(ended)
    assert json.loads(ended())["answer"] == "one"


def test_a_version_is_publishing_for_a_while_and_latest_runs_on(start):
    server = start(Publishing=1.5)
    create(server)
    do(server, "PublishVersion", **IT)
    assert (status(server), status(server, Qualifier="1")) == ("Publishing", "Publishing")
    versions = do(server, "ListVersionByFunction", **IT)["Versions"]
    assert [each["Status"] for each in versions] == ["Publishing", "Publishing"]
    assert answer(server) == "one"
    assert code_of(server, "InvokeFunction", Qualifier="1") == "FailedOperation.FunctionStatusError"
    assert code_of(server, "PublishVersion") == "FailedOperation.PublishVersion"
    provisioned = {"Qualifier": "1", "VersionProvisionedConcurrencyNum": 1}
    assert code_of(server, "PutProvisionedConcurrencyConfig", **provisioned) == (
        "FailedOperation.FunctionVersionStatusNotActive"
    )
    until_active(server)
    assert answer(server, Qualifier="1") == "one"


@pytest.mark.proof
def test_an_update_that_publishes_goes_through_both_states(start):
    server = start(Updating=1, Publishing=1)
    create(server)
    do(server, "PublishVersion", **IT)
    until_active(server)
    do(server, "UpdateFunctionCode", **IT, ZipFile=zipped("two"), Publish="TRUE")
    assert (status(server), status(server, Qualifier="1")) == ("Updating", "Active")
    assert status(server, Qualifier="2") == "Publishing"
    assert answer(server, Qualifier="1") == "one"
    wait_until(lambda: status(server) == "Publishing")
    assert answer(server) == "two"
    until_active(server)
    assert answer(server, Qualifier="2") == "two"


@pytest.mark.proof
def test_a_deleted_function_is_shown_for_a_while_and_its_name_is_taken(start):
    server = start(Deleting=1.5)
    create(server)

    do(server, "DeleteFunction", **IT)
    assert status(server) == "Deleting"
    assert code_of(server, "InvokeFunction") == "FailedOperation.FunctionStatusError"
    new = {"Code": {"ZipFile": zipped("two")}, "Runtime": OWN_RUNTIME}
    assert code_of(server, "CreateFunction", **new) == "ResourceInUse.Function"
    wait_until(lambda: "Error" in server.request("GetFunction", IT).response)
    assert code_of(server, "GetFunction") == "ResourceNotFound.Function"
    assert code_of(server, "InvokeFunction") == "ResourceNotFound.Function"
    create(server, "two")
    assert answer(server) == "two"


def test_no_action_brings_a_function_back_that_is_deleting(start, folder):
    server = start(Deleting=1.5)
    create(server)
    do(server, "PublishVersion", **IT)
    do(server, "DeleteFunction", **IT)
    first = {"Qualifier": "1"}
    for action, (parameters, code) in {
        "CreateAlias": ({"Name": "new", "FunctionVersion": "1"}, "FailedOperation.FunctionStatusError"),
        "UpdateAlias": ({"Name": "$DEFAULT", "FunctionVersion": "1"}, "FailedOperation.FunctionStatusError"),
        "DeleteReservedConcurrencyConfig": ({}, "FailedOperation.FunctionVersionStatusNotActive"),
        "DeleteProvisionedConcurrencyConfig": (first, "FailedOperation.FunctionVersionStatusNotActive"),
        "DeleteFunctionVersion": (first, "FailedOperation.DeleteFunction"),
        "DeleteFunction": (first, "FailedOperation.DeleteFunction"),
    }.items():
        assert code_of(server, action, **parameters) == code, action
    wait_until(lambda: "Error" in server.request("GetFunction", IT).response)
    end(server, True)
    assert start().error("GetFunction", IT)[0] == "ResourceNotFound.Function"


@pytest.mark.parametrize("kill", [False, True])
def test_the_next_server_has_every_change_done(start, kill):
    server = start(Creating=LONG, Updating=LONG)
    create(server)
    assert status(server) == "Creating"
    end(server, kill)
    again = start(Updating=LONG, Deleting=LONG)
    assert (status(again), answer(again)) == ("Active", "one")
    do(again, "UpdateFunctionCode", **IT, ZipFile=zipped("two"))
    assert answer(again) == "one"
    end(again, kill)
    third = start(Deleting=LONG)
    assert (status(third), answer(third)) == ("Active", "two")
    do(third, "DeleteFunction", **IT)
    assert status(third) == "Deleting"
    end(third, kill)
    assert code_of(start(), "GetFunction") == "ResourceNotFound.Function"


def end(server, kill):
    if kill:
        server.process.kill()
        server.process.wait()
    else:
        server.stop()


def test_provisioned_instances_that_start_hold_up_what_would_change_them(start, tmp_path):
    server, gate = start(), tmp_path / "gate"
    waiting = f"import os, time\nwhile not os.path.exists({str(gate)!r}):\n    time.sleep(0.01)\n"
    do(server, "CreateFunction", **IT, Code={"ZipFile": zipped("one", before=waiting)}, Runtime=OWN_RUNTIME)
    do(server, "PublishVersion", **IT)
    first = {"Qualifier": "1"}
    number = {**first, "VersionProvisionedConcurrencyNum": 1}
    do(server, "PutProvisionedConcurrencyConfig", **IT, **number)
    for action, parameters in {
        "PutProvisionedConcurrencyConfig": number,
        "DeleteProvisionedConcurrencyConfig": first,
        "DeleteFunctionVersion": first,
        "DeleteFunction": {},
    }.items():
        assert code_of(server, action, **parameters) == "FailedOperation.ProvisionedInProgress", action
    gate.touch()

    def is_done():
        (one,) = do(server, "GetProvisionedConcurrencyConfig", **IT)["Allocated"]
        return one["Status"] == "Done"

    wait_until(is_done)
    do(server, "DeleteProvisionedConcurrencyConfig", **IT, **first)
    do(server, "DeleteFunction", **IT)


def test_without_the_option_all_is_active_at_once(start_local_scf, folder):
    server = start_local_scf(folder)
    create(server)
    do(server, "CreateTrigger", **IT, **CRON)
    do(server, "UpdateFunctionCode", **IT, ZipFile=zipped("two"), Publish="TRUE")
    assert (status(server), answer(server), answer(server, Qualifier="1")) == ("Active", "two", "two")
    do(server, "DeleteFunction", **IT)
    create(server, "three")
    assert answer(server) == "three"
