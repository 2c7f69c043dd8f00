"""The SDK asks the local SCF what became of calls by their ids, as it asks the cloud."""

import pickle
from collections.abc import Iterator
from typing import Any

import pytest

from tencentserverless.exception import ResourceNotFound, ResultTimeout, TencentServerlessSDKException
from tencentserverless.models import InvocationStatus, Verdict
from tencentserverless.scf import Client
from tests.conftest import LocalScf


@pytest.fixture
def client(local_scf: LocalScf) -> Iterator[Client]:
    keys = (local_scf.env["TENCENTCLOUD_SECRETID"], local_scf.env["TENCENTCLOUD_SECRETKEY"])
    with Client("ap-guangzhou", *keys, endpoint=local_scf.url) as client:
        yield client


@pytest.mark.parametrize("value", [{"a": [1, "ü"]}, "text", None, 0, {"errorCode": 1, "errorMessage": "my own"}])
def test_a_result_is_had_again_by_its_id(client: Client, value: object) -> None:
    call = client.invoke("behave", data={"do": "return", "value": value})
    invocation = pickle.loads(pickle.dumps(client.invocation("behave", call.function_request_id)))
    assert invocation.status() is InvocationStatus.FINISHED
    again = invocation.result(20)
    assert again == call
    facts = ("function_request_id", "memory_bytes", "duration_ms")
    assert [getattr(again, name) for name in facts] == [pytest.approx(getattr(call, name)) for name in facts]
    invocation._client.close()


@pytest.mark.parametrize("what", ["raise", "raise_from", "recurse", "sys_exit", "hard_exit"])
def test_a_failure_is_had_again_by_its_id(client: Client, what: str) -> None:
    with pytest.raises(TencentServerlessSDKException) as first:
        client.invoke("behave", data={"do": what})
    invocation = client.invocation("behave", first.value.request_id)
    assert invocation.status() is InvocationStatus.FAILED
    with pytest.raises(TencentServerlessSDKException) as again:
        invocation.result(20)
    assert facts_of(again.value) == facts_of(first.value)
    assert again.value.executed is Verdict.YES


def facts_of(error: TencentServerlessSDKException) -> tuple[Any, ...]:
    return type(error), error.code, error.message, error.status_code, error.stack_trace, error.executed


def test_an_id_that_nobody_knows_is_unknown_and_no_failure(client: Client) -> None:
    invocation = client.invocation("behave", "no-such-id")
    assert invocation.status() is InvocationStatus.UNKNOWN
    with pytest.raises(ResultTimeout):
        invocation.result(0.3)


def test_a_function_that_is_not_there_is_not_found(client: Client) -> None:
    with pytest.raises(ResourceNotFound) as caught:
        client.invocation("no-such-function", "id").result(20)
    assert caught.value.executed is Verdict.MAYBE
