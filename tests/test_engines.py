"""What a cluster's engine does with a client: it is pickled, used in other processes, and its errors come back."""

import multiprocessing
import os

import pytest

from tencentserverless import aio, exception, scf
from tencentserverless.models import InvocationStatus, InvokeResult, Verdict
from tests.peer import KEYS
from tests.proof.campaign import run_on_new_loop
from tests.scripted_service import Service
from tests.sdk_environment import bare_environment

__all__ = ["bare_environment"]

pytestmark = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

METHODS = [method for method in ("spawn", "fork", "forkserver") if method in multiprocessing.get_all_start_methods()]


# What runs in the other process.


def invoke(client: "Any", name: str) -> "tuple[int, Any]":
    return os.getpid(), client.invoke(name, data={"pid": os.getpid()})


def invoke_by_task(client: "Any", name: str) -> "tuple[int, Any]":
    return os.getpid(), run_on_new_loop(client.invoke(name))


def call(function: "Any", number: int) -> "tuple[int, Any]":
    return os.getpid(), function(number)


def call_by_task(function: "Any", number: int) -> "tuple[int, Any]":
    return os.getpid(), run_on_new_loop(function(number))


def spawn(client: "Any", name: str) -> "tuple[int, Any]":
    return os.getpid(), client.spawn(name)


def wait(invocation: "Any", timeout: float) -> "tuple[int, Any]":
    return os.getpid(), invocation.result(timeout)


def wait_by_task(invocation: "Any", timeout: float) -> "tuple[int, Any]":
    return os.getpid(), run_on_new_loop(invocation.result(timeout))


@pytest.fixture(params=METHODS)
def run(request: "Any") -> "Any":
    """Runs a function of this module in another process."""
    with multiprocessing.get_context(request.param).Pool(1) as pool:

        def run(function: "Any", *args: "Any") -> "Any":
            pid, found = pool.apply(function, args)
            assert pid != os.getpid()
            return found

        yield run


def test_everything_travels_to_another_process_and_back(run: "Any") -> None:
    with Service() as service:
        options: "dict[str, Any]" = dict(KEYS, endpoint=service.url, region="ap-beijing")
        tasks = aio.AsyncClient(**options)
        with scf.Client(**options) as threads:
            assert threads.invoke("f") == '"ok"', "its connection stays here"
            for result in (
                run(invoke, threads, "f"),
                run(invoke_by_task, tasks, "f"),
                run(call, threads.function("f", namespace="ns"), 1),
                run(call_by_task, tasks.function("f", namespace="ns"), 1),
            ):
                assert type(result) is InvokeResult
                assert (result, result.request_id, result.function_request_id) == ('"ok"', "req-1", "fn-1")
            invocation = run(spawn, threads, "f-running-ok")
            assert invocation.status() is InvocationStatus.RUNNING, "one that another process started"
            assert run(wait, invocation, 20) == '{"a": 1}'
            again = run_on_new_loop(tasks.spawn("f-running-ok"))
            assert run(wait_by_task, again, 20) == '{"a": 1}'
            assert {request.headers["x-tc-region"] for request in service.requests} == {"ap-beijing"}
            invocation._client.close()


def test_errors_come_back_with_all_their_facts(run: "Any") -> None:
    with Service() as service, scf.Client(endpoint=service.url, **KEYS) as client:
        with pytest.raises(exception.FunctionError, match="boom") as caught:
            run(wait, client.spawn("f-throws"), 20)
        assert (caught.value.executed, caught.value.stack_trace) == (Verdict.YES, "T")
        with pytest.raises(exception.ResultTimeout) as late:
            run(wait, client.spawn("f-running"), 0.2)
        assert late.value.executed is Verdict.MAYBE
        with pytest.raises(ValueError, match="function_name is empty"):
            run(invoke, client, "")
