"""Asynchronous invocations through the SDK, both faces, on the local SCF's queue."""

import asyncio
import base64
import io
import pickle
import zipfile
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest

from tencentserverless.aio import AsyncClient
from tencentserverless.exception import FunctionAborted, FunctionError, ResultTimeout
from tencentserverless.local.worker.interpreters import OWN_RUNTIME
from tencentserverless.models import InvocationStatus, Verdict
from tencentserverless.scf import Client
from tests.conftest import wait_until

PATIENCE_SECONDS = 30


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    from contextlib import ExitStack

    from tests.conftest import FUNCTION_VARIABLES, FUNCTIONS, Starter

    with ExitStack() as stack:
        start = Starter(tmp_path_factory.mktemp("spawning"), stack)
        yield start(FUNCTIONS, "--time-scale", 1000, env=FUNCTION_VARIABLES)


@pytest.fixture
def client(server):
    keys = server.env["TENCENTCLOUD_SECRETID"], server.env["TENCENTCLOUD_SECRETKEY"]
    with Client("ap-guangzhou", *keys, endpoint=server.url) as client:
        yield client


def read(invocation):
    """In a process of its own."""
    return invocation.result(PATIENCE_SECONDS).json()


def test_a_spawned_call_has_the_result_of_a_synchronous_one(client):
    invocation = client.spawn("echo", {"a": [1, "二"]})
    result = invocation.result(PATIENCE_SECONDS)
    assert result.json() == {"a": [1, "二"]}
    assert result.function_request_id == invocation.request_id
    assert invocation.status() is InvocationStatus.FINISHED


def test_an_error_is_raised_when_every_try_has_failed(client):
    invocation = client.spawn("behave", {"do": "raise"})
    with pytest.raises(FunctionError) as caught:
        invocation.result(PATIENCE_SECONDS)
    assert caught.value.executed is Verdict.YES
    assert "ValueError: err msg" in caught.value.stack_trace
    assert invocation.status() is InvocationStatus.FAILED


def test_patience_ends_before_the_function_does(client, gate):
    invocation = client.spawn("behave", {"do": "hold", "gate": str(gate)})
    with pytest.raises(ResultTimeout):
        invocation.result(0.2)
    gate.open()
    assert invocation.result(PATIENCE_SECONDS).json() == "held"


def test_another_process_reads_the_result(client):
    invocation = client.spawn("echo", 7)
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        assert pool.submit(read, pickle.loads(pickle.dumps(invocation))).result(PATIENCE_SECONDS) == 7


@pytest.mark.proof
def test_many_are_handed_out_as_they_end(client):
    seen = {each.position: each.result().json() for each in client.function("echo").spawn_map(range(40))}
    assert seen == {number: number for number in range(40)}


def test_the_asynchronous_face_does_all_of_it_too(server):
    keys = server.env["TENCENTCLOUD_SECRETID"], server.env["TENCENTCLOUD_SECRETKEY"]

    async def scenario():
        async with AsyncClient("ap-guangzhou", *keys, endpoint=server.url) as other:
            invocation = await other.spawn("echo", "x")
            assert (await invocation.result(PATIENCE_SECONDS)).json() == "x"
            assert await other.invocation("echo", invocation.request_id).status() is InvocationStatus.FINISHED
            seen = [each async for each in other.function("echo").spawn_map(range(10))]
            assert sorted([(await each.result()).json() for each in seen]) == list(range(10))

    asyncio.run(scenario())


@pytest.mark.parametrize("grace", [False, True])
def test_an_event_of_a_function_with_async_run_is_cancelled(server, client, grace):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(
            "index.py", "import time\ndef main_handler(event, context):\n    time.sleep(event)\n    return 5\n"
        )
    made = {"FunctionName": f"long-{grace}", "Runtime": OWN_RUNTIME, "AsyncRunEnable": "TRUE", "Timeout": 3600}
    made["Code"] = {"ZipFile": base64.b64encode(buffer.getvalue()).decode()}
    assert server.request("CreateFunction", made).response.keys() == {"RequestId"}
    assert client.spawn(f"long-{grace}", 0).result(PATIENCE_SECONDS).json() == 5
    invocation = client.spawn(f"long-{grace}", 60)
    wait_until(lambda: invocation.status() is InvocationStatus.RUNNING)
    invocation.cancel(grace=grace)
    for each in (invocation, client.invocation(f"long-{grace}", invocation.request_id)):
        with pytest.raises(FunctionAborted) as caught:
            each.result(PATIENCE_SECONDS)
        assert (caught.value.executed, caught.value.request_id) == (Verdict.MAYBE, invocation.request_id)
    assert invocation.status() is InvocationStatus.ABORTED
