"""The official client gives versions and namespaces their capacity, and reads what has become of it."""

from collections.abc import Iterator

import pytest
from tencentcloud.scf.v20180416 import models

from tests.conformance.management import TELL, Judge, managed_server
from tests.conformance.test_management import list_fields, refuse_nulls
from tests.conftest import LocalScf, wait_until


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalScf]:
    with managed_server(tmp_path_factory) as started:
        yield started


@pytest.fixture
def judge(server: LocalScf) -> Iterator[Judge]:
    made = Judge(server, "ap-capacity")
    yield made
    made.close()


def test_provisioned_concurrency_from_its_beginning_to_its_end(server, judge):
    judge.create("ahead", TELL % "one")
    judge("PublishVersion", FunctionName="ahead")
    one = {"FunctionName": "ahead", "Qualifier": "1"}
    action = {"TriggerName": "new-year", "TriggerProvisionedConcurrencyNum": 2, "TriggerCronConfig": "0 0 0 1 1 * *"}
    judge(
        "PutProvisionedConcurrencyConfig",
        **one,
        VersionProvisionedConcurrencyNum=1,
        ProvisionedType="Default",
        TriggerActions=[action],
    )
    wait_until(lambda: judge("GetProvisionedConcurrencyConfig", **one).Allocated[0].Status == "Done")
    shown = judge("GetProvisionedConcurrencyConfig", FunctionName="ahead")
    assert [(each.Qualifier, each.AvailableProvisionedConcurrencyNum) for each in shown.Allocated] == [("1", 1)]
    assert shown.Allocated[0].TriggerActions[0].TriggerName == "new-year"
    assert judge("ListFunctions").Functions[0].TotalProvisionedConcurrencyMem == 128
    answer = server.request("GetProvisionedConcurrencyConfig", one, region=judge.region).response
    check_fields(models.GetProvisionedConcurrencyConfigResponse, answer)
    check_fields(models.VersionProvisionedConcurrencyInfo, answer["Allocated"][0])
    check_fields(models.TriggerAction, answer["Allocated"][0]["TriggerActions"][0])
    judge("DeleteProvisionedConcurrencyConfig", **one)
    assert judge("GetProvisionedConcurrencyConfig", **one).Allocated == []


def check_fields(model, fields):
    assert set(fields) == list_fields(model), model
    refuse_nulls(model, fields)


def test_the_total_memory_of_a_namespace(judge):
    judge("CreateNamespace", Namespace="blue")
    judge("PutTotalConcurrencyConfig", TotalConcurrencyMem=20_000, Namespace="blue")
    usage = {each.Namespace: each.TotalConcurrencyMem for each in judge("GetAccount").AccountUsage.Namespace}
    assert usage == {"default": 44_000, "blue": 20_000}
    with judge.refused("LimitExceeded.UserTotalConcurrencyMemory"):
        judge("PutTotalConcurrencyConfig", TotalConcurrencyMem=44_001)
