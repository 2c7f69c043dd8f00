"""``scf_local``: functions of a test on a real local SCF, faults, the ledger, the environment."""

import asyncio
import os
import threading
import time

import pytest

from tencentserverless import scf
from tencentserverless.aio import AsyncClient
from tencentserverless.exception import (
    FunctionError,
    FunctionExited,
    FunctionThrottled,
    FunctionTimeout,
    NetworkError,
    ResourceNotFound,
)
from tencentserverless.local import LocalError
from tencentserverless.testing import ScfLocal, UnfitFunction, deployment

VALUE = "of the module"


def tell(event, context):
    print("told", event)
    return {"event": event, "pid": os.getpid(), "name": context["function_name"]}


def test_a_function_runs_in_a_worker_and_every_way_to_call_leads_to_it(scf_local: ScfLocal) -> None:
    function = scf_local.register(tell)
    found = function(a=1).json()
    assert (found["event"], found["name"]) == ({"a": 1}, "tell")
    assert found["pid"] != os.getpid()
    assert scf.invoke("tell", data=2).json()["event"] == 2
    assert scf_local.client(region="ap-guangzhou").tell(data=3).json()["event"] == 3
    with scf.Client() as client:
        assert [result.json()["event"] for result in client.map("tell", [4, 5])] == [4, 5]

    async def call():
        async with AsyncClient() as other:
            return (await other.invoke("tell", data=6)).json()["event"]

    assert asyncio.run(call()) == 6
    assert "[tell] told 2" in scf_local.log


@pytest.mark.parametrize("number", [1, 2])
def test_nothing_of_one_test_is_there_in_the_next(scf_local: ScfLocal, number) -> None:
    assert scf_local.executions() == []
    assert "told" not in scf_local.log
    with pytest.raises(ResourceNotFound):
        scf.invoke("tell")
    with pytest.raises(ResourceNotFound):
        scf.invoke("other-name")
    scf_local.register(tell)
    scf_local.register(tell, "other-name", inprocess=True)
    assert scf.invoke("tell", data=number).json()["event"] == number
    scf_local.fault("throttle")
    with pytest.raises(FunctionThrottled):
        scf_local.client(max_attempts=1).invoke("other-name")


def test_in_process_it_sees_what_the_test_has_patched_and_closes_over(scf_local: ScfLocal, monkeypatch) -> None:
    monkeypatch.setattr(f"{__name__}.VALUE", "patched")
    seen = []

    def handler(event, context):
        seen.append((event, context["function_name"], threading.current_thread() is threading.main_thread()))
        return [VALUE, os.getpid()]

    assert scf_local.register(handler, inprocess=True)(n=1).json() == ["patched", os.getpid()]
    assert seen == [({"n": 1}, "handler", False)]
    scf_local.assert_executed_once("handler", data={"n": 1})
    answer = scf_local.register(lambda event, context: event, "mirror", inprocess=True)("中文")
    assert answer.json() == "中文"


@pytest.mark.parametrize("value", ["no", 0, None])
def test_whether_it_runs_in_process_is_true_or_false(scf_local: ScfLocal, value) -> None:
    with pytest.raises(TypeError, match="inprocess must be True or False, not "):
        scf_local.register(tell, inprocess=value)


class OutOfStock(Exception):
    pass


def sell(event, context):
    raise OutOfStock(f"no {event}")


@pytest.mark.parametrize("inprocess", [True, False])
def test_an_error_is_the_functions_error_with_its_traceback(scf_local: ScfLocal, inprocess) -> None:
    def fail(event, context):
        raise KeyError(event)

    function = scf_local.register(fail, inprocess=inprocess)
    with pytest.raises(FunctionError) as caught:
        function("tea")
    trace = caught.value.stack_trace
    assert trace.rstrip().endswith("KeyError: 'tea'")
    assert "raise KeyError(event)" in trace
    assert (__file__ in trace) is inprocess


@pytest.mark.parametrize(
    ("failure", "words"),
    [
        (lambda: sell("tea", None), "OutOfStock: no tea"),
        (lambda: pytest.fail("not so"), "Failed: not so"),
        (lambda: {1, 2}, "TypeError: Object of type set is not JSON serializable"),
    ],
    ids=["own class", "pytest.fail", "no JSON"],
)
def test_errors_of_any_kind_in_process(scf_local: ScfLocal, failure, words) -> None:
    function = scf_local.register(lambda event, context: failure(), "fail", inprocess=True)
    with pytest.raises(FunctionError) as caught:
        function()
    assert words in caught.value.stack_trace


def test_exit_in_process_ends_the_worker_and_not_the_test(scf_local: ScfLocal) -> None:
    def leave(event, context):
        raise SystemExit(3)

    with pytest.raises(FunctionExited):
        scf_local.register(leave, inprocess=True)()


def test_settings_of_a_function(scf_local: ScfLocal) -> None:
    def slow(event, context):
        import os
        import time

        if event:
            time.sleep(event)
        return [os.environ["COLOUR"], context["memory_limit_in_mb"], context["time_limit_in_ms"]]

    function = scf_local.register(slow, timeout_seconds=1, memory_mb=256, environment={"COLOUR": "red"})
    assert function().json() == ["red", 256, 1000]
    with pytest.raises(FunctionTimeout):
        function(5)


def test_a_name_may_be_registered_anew_and_bad_ones_are_refused(scf_local: ScfLocal) -> None:
    first = scf_local.register(lambda event, context: "first", "fn-a", inprocess=True)
    assert first().json() == "first"
    second = scf_local.register(lambda event, context: "second", "fn-a", inprocess=True)
    assert (first().json(), second().json()) == ("second", "second")
    with pytest.raises(LocalError, match="no name"):
        scf_local.register(tell, "no name")
    with pytest.raises(UnfitFunction, match="closure over first"):

        @scf_local.register
        def closure(event, context):
            return first(event)


def test_faults_and_the_ledger(scf_local: ScfLocal) -> None:
    scf_local.register(tell)
    scf_local.fault("lost", function="tell", first=1)
    client = scf_local.client()
    with pytest.raises(NetworkError):
        client.invoke("tell", data={"order": 7})
    scf_local.assert_executed_once("tell")
    assert client.invoke("tell", data={"order": 8}).json()["event"] == {"order": 8}
    scf_local.assert_executed_once("tell", data={"order": 7})
    scf_local.assert_not_executed("tell", data={"order": 9})
    scf_local.assert_not_executed("other")
    first, second = scf_local.executions("tell")
    assert (first.begun, first.ended, first.status, first.function) == (1, 1, 0, "tell")
    assert scf_local.executions(data={"order": 8}) == [second]
    scf_local.fault("refuse", code="FailedOperation.FunctionStatusError")
    scf_local.set_faults([])
    client.invoke("tell")
    scf_local.assert_executed_once("tell", data=None)
    with pytest.raises(LocalError, match="kind"):
        scf_local.fault("explode")
    scf_local.fault("delay", seconds=0.2)  # the one that could not be read is forgotten
    began = time.monotonic()
    client.invoke("tell")
    assert time.monotonic() - began >= 0.2


def test_a_failed_assertion_shows_what_was_found(scf_local: ScfLocal) -> None:
    scf_local.register(tell)
    scf_local.register(tell, "second")
    scf_local.fault("lost", function="tell", first=1)
    result = scf.invoke("second")
    scf_local.client().invoke("tell", data=5, idempotent=True)
    with pytest.raises(AssertionError) as caught:
        scf_local.assert_executed_once("tell", data=5)
    lines = str(caught.value).splitlines()
    assert lines[0] == "expected 'tell' to run once with the event 5, but the ledger has 2"
    assert [line.endswith("began 1x, ended 1x, status 0, event 5") for line in lines[1:3]] == [True, True]
    assert lines[3] == "  fault kind=lost function=tell first=1 fired 1x"
    with pytest.raises(AssertionError, match="but the ledger has 0\n  in all, there ran: second 1x, tell 2x"):
        scf_local.assert_executed_once("third")
    with pytest.raises(AssertionError, match=f"'second' not to run, .* 1\n  request {result.function_request_id}"):
        scf_local.assert_not_executed("second")
    with pytest.raises(TypeError, match="data is a set, which JSON cannot carry"):
        scf_local.assert_not_executed("second", data={1})


@pytest.mark.parametrize("event", [None, 5, {"a": ["\u4e2d", None]}, "x" * 4094])
def test_an_execution_shows_its_event(scf_local: ScfLocal, event: object) -> None:
    scf_local.register(tell)
    scf.invoke("tell", data=event)
    (execution,) = scf_local.executions("tell")
    assert execution.event == ({} if event is None else event)
    assert {execution} == set(scf_local.executions())


def test_an_event_of_more_than_4_kb_is_not_kept(scf_local: ScfLocal) -> None:
    scf_local.register(tell)
    scf.invoke("tell", data="x" * 4095)
    (execution,) = scf_local.executions("tell")
    assert execution.event is ...
    assert str(execution).endswith(", a large event")


def test_no_client_reaches_the_cloud(scf_local: ScfLocal) -> None:
    with pytest.raises(RuntimeError, match=r"TENCENTSERVERLESS_ENDPOINT_GUARD=scf_local forbids .*nothing was sent"):
        scf_local.client(endpoint="public", proxy="http://127.0.0.1:9").invoke("tell")

    def escape(event, context):
        from tencentserverless import scf

        client = scf.Client(endpoint="internal", proxy="http://127.0.0.1:9")
        return client.invoke("tell")

    with pytest.raises(FunctionError, match="nothing was sent"):
        scf_local.register(escape)()


def test_functions_call_each_other(scf_local: ScfLocal) -> None:
    def outer(event, context):
        from tencentserverless import scf

        return scf.invoke("inner", data=event).json() + 1

    scf_local.register(outer)
    scf_local.register(lambda event, context: event * 2, "inner", inprocess=True)
    assert scf.invoke("outer", data=5).json() == 11


def test_events_and_their_retries_do_not_wait_for_minutes(scf_local: ScfLocal) -> None:
    attempts = []

    def flaky(event, context):
        attempts.append(event)
        if len(attempts) < 3:
            raise OutOfStock
        return "third"

    invocation = scf_local.register(flaky, inprocess=True).spawn("tea")
    assert invocation.result(30).json() == "third"
    assert attempts == ["tea"] * 3


def test_functions_are_made_although_the_test_lives_in_another_time(
    scf_local: ScfLocal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As by time-machine, which moves every clock of the process."""
    monkeypatch.setattr(deployment, "wall", lambda: 1e9)
    scf_local.register(tell)
    assert scf_local.url("tell").get("/").status == 200
    assert scf.invoke("tell").json()["name"] == "tell"
