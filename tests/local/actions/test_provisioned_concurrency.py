"""Provisioned concurrency of a server: its instances, its numbers, its times, and its life beyond the server's."""

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
    return {"pid": os.getpid(), "version": context["function_version"]}
# %s
"""
IT = {"FunctionName": "it"}
FIRST = {**IT, "Qualifier": "1"}


def zipped(code):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("index.py", code)
    return base64.b64encode(buffer.getvalue()).decode()


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "functions").mkdir()
    (tmp_path / "functions" / "found").mkdir()
    (tmp_path / "functions" / "found" / "index.py").write_text(TELL % "found")
    return tmp_path / "functions"


@pytest.fixture
def server(start_local_scf, folder):
    started = start_local_scf(folder, "--state", folder.parent / "state")
    create(started)
    return started


def do(server, action, **parameters):
    response = server.request(action, parameters).response
    assert "Error" not in response, response
    return response


def create(server, code=TELL % "one"):
    do(server, "CreateFunction", **IT, Code={"ZipFile": zipped(code)}, Runtime=OWN_RUNTIME, MemorySize=128)
    do(server, "PublishVersion", **IT)


def put(server, number, **more):
    do(server, "PutProvisionedConcurrencyConfig", **{**FIRST, "VersionProvisionedConcurrencyNum": number, **more})


def shown(server, **parameters):
    (one,) = do(server, "GetProvisionedConcurrencyConfig", **{**FIRST, **parameters})["Allocated"]
    return one


def numbers(server):
    one = shown(server)
    return one["AllocatedProvisionedConcurrencyNum"], one["AvailableProvisionedConcurrencyNum"], one["Status"]


def test_instances_are_made_ahead_and_the_numbers_are_true(server, ends):
    free = do(server, "GetProvisionedConcurrencyConfig", **IT)
    assert (free["Allocated"], free["UnallocatedConcurrencyNum"] > 1) == ([], True)
    put(server, 2)
    wait_until(lambda: numbers(server) == (2, 2, "Done"))
    told = [json.loads(server.invoke("it", Qualifier="1")["RetMsg"]) for _ in range(2)]
    assert {each["version"] for each in told} == {"1"}
    left = do(server, "GetProvisionedConcurrencyConfig", **IT)["UnallocatedConcurrencyNum"]
    assert left == free["UnallocatedConcurrencyNum"] - 2
    listed = next(each for each in do(server, "ListFunctions")["Functions"] if each["FunctionName"] == "it")
    assert listed["TotalProvisionedConcurrencyMem"] == 256
    usage = do(server, "GetAccount")["AccountUsage"]["Namespace"][0]
    assert usage["TotalAllocatedProvisionedMem"] == 256
    do(server, "DeleteFunction", **IT)
    assert ends(told[0]["pid"])
    assert server.error("GetProvisionedConcurrencyConfig", IT)[0] == "ResourceNotFound.Function"


def test_each_version_has_its_own_and_without_a_number_none(server):
    do(server, "UpdateFunctionCode", **IT, ZipFile=zipped(TELL % "two"))
    do(server, "PublishVersion", **IT)
    put(server, 1)
    put(server, 1, Qualifier="2")
    wait_until(lambda: shown(server, Qualifier="2")["Status"] == shown(server)["Status"] == "Done")
    allocated = do(server, "GetProvisionedConcurrencyConfig", **IT)["Allocated"]
    assert [each["Qualifier"] for each in allocated] == ["1", "2"]
    do(server, "DeleteProvisionedConcurrencyConfig", **FIRST)
    allocated = do(server, "GetProvisionedConcurrencyConfig", **IT)["Allocated"]
    assert [each["Qualifier"] for each in allocated] == ["2"]
    do(server, "DeleteFunctionVersion", **IT, Qualifier="2")
    assert do(server, "GetProvisionedConcurrencyConfig", **IT)["Allocated"] == []


def test_they_are_made_again_by_the_next_server(server, start_local_scf, folder):
    put(server, 2)
    server.stop()
    again = start_local_scf(folder, "--state", folder.parent / "state")
    wait_until(lambda: numbers(again) == (2, 2, "Done"))


def test_code_that_does_not_load_is_a_failure_with_its_reason(server):
    do(server, "UpdateFunctionCode", **IT, ZipFile=zipped("import nothing_of_this_name\n"))
    do(server, "PublishVersion", **IT)
    put(server, 1, Qualifier="2")
    wait_until(lambda: shown(server, Qualifier="2")["Status"] == "Failed")
    assert "nothing_of_this_name" in shown(server, Qualifier="2")["StatusReason"]


def test_the_times_of_trigger_actions_change_the_number(server):
    action = {"TriggerName": "soon", "TriggerProvisionedConcurrencyNum": 1, "TriggerCronConfig": "*/1 * * * * * *"}
    put(server, 0, TriggerActions=[{**action, "ProvisionedType": "Default"}])
    assert shown(server)["TriggerActions"] == [{**action, "ProvisionedType": "Default"}]
    wait_until(lambda: numbers(server) == (1, 1, "Done"))
    assert "provisioned instances are 1 from now on, by soon" in server.settled_stderr()


def test_tracking_keeps_the_smallest_number(server):
    tracking = {"ProvisionedType": "ConcurrencyUtilizationTracking", "TrackingTarget": 0.5}
    put(server, 0, **tracking, MinCapacity=2, MaxCapacity=5)
    wait_until(lambda: numbers(server) == (2, 2, "Done"))


def test_what_is_reserved_bounds_them_and_they_bound_what_is_reserved(server):
    do(server, "PutReservedConcurrencyConfig", **IT, ReservedConcurrencyMem=256)
    assert server.error("PutProvisionedConcurrencyConfig", {**FIRST, "VersionProvisionedConcurrencyNum": 3})[0] == (
        "FailedOperation.ProvisionedExceedReserved"
    )
    put(server, 2)
    code, message = server.error("PutReservedConcurrencyConfig", {**IT, "ReservedConcurrencyMem": 128})
    assert (code, "256 MB at least" in message) == ("FailedOperation.ProvisionedExceedReserved", True)


def test_a_machine_holds_half_of_its_processes_ahead(server):
    free = do(server, "GetProvisionedConcurrencyConfig", **IT)["UnallocatedConcurrencyNum"]
    code, message = server.error(
        "PutProvisionedConcurrencyConfig", {**FIRST, "VersionProvisionedConcurrencyNum": free + 1}
    )
    assert (code, f"can hold {free} more" in message) == ("FailedOperation.ProvisionedExceedAvailable", True)


def test_none_at_all_is_never_too_many(server):
    do(server, "UpdateFunctionConfiguration", **IT, MemorySize=3072, Publish="TRUE")
    assert do(server, "GetProvisionedConcurrencyConfig", **IT)["UnallocatedConcurrencyNum"] == 0
    number = {**IT, "Qualifier": "2", "VersionProvisionedConcurrencyNum": 1}
    assert server.error("PutProvisionedConcurrencyConfig", number)[0] == (
        "LimitExceeded.FunctionTotalProvisionedConcurrencyNum"
    )
    put(server, 0, Qualifier="2")


def test_no_more_than_there_are_is_never_too_many(server):
    put(server, 3)
    do(server, "PutTotalConcurrencyConfig", TotalConcurrencyMem=12_800)  # 100 instances, all of which stay without
    for number in (3, 2, 0):
        put(server, number)
    assert server.error("PutProvisionedConcurrencyConfig", {**FIRST, "VersionProvisionedConcurrencyNum": 1})[0] == (
        "LimitExceeded.FunctionTotalProvisionedConcurrencyNum"
    )
