"""Asynchronous invocations are alike on both clients: the same answers of the service lead to the same outcome."""

import asyncio
import copy
import pickle
import time

import pytest

from tencentserverless import aio, exception, scf
from tencentserverless.models import InvocationStatus, InvokeResult, Verdict
from tests.peer import KEYS
from tests.proof.campaign import run_on_new_loop
from tests.scripted_service import Service
from tests.sdk_environment import bare_environment

__all__ = ["bare_environment"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

    Act = Callable[[Any], Any]

MAYBE, YES = Verdict.MAYBE, Verdict.YES


def make_options(service: Service) -> "dict[str, Any]":
    return dict(KEYS, endpoint=service.url, max_connections=8)


class Threads:
    """What a test does, on threads."""

    name = "threads"

    def __init__(self, service: Service, **options: "Any") -> None:
        self.client = scf.Client(**dict(make_options(service), **options))

    def spawn(self, name: str, data: "Any" = None, **options: "Any") -> "Any":
        return self.client.spawn(name, data, **options)

    def ask(self, invocation: "Any", method: str, *args: "Any") -> "Any":
        return getattr(invocation, method)(*args)

    def collect(self, inputs: "Any", name: str, **options: "Any") -> "list[Any]":
        return list(self.client.function(name).spawn_map(inputs, **options))

    def close(self) -> None:
        self.client.close()


class Tasks:
    """The same, on tasks: a loop of its own for each step."""

    name = "tasks"

    def __init__(self, service: Service, **options: "Any") -> None:
        self.client = aio.AsyncClient(**dict(make_options(service), **options))

    def spawn(self, name: str, data: "Any" = None, **options: "Any") -> "Any":
        return run_on_new_loop(self.client.spawn(name, data, **options))

    def ask(self, invocation: "Any", method: str, *args: "Any") -> "Any":
        return run_on_new_loop(getattr(invocation, method)(*args))

    def collect(self, inputs: "Any", name: str, **options: "Any") -> "list[Any]":
        async def collect() -> "list[Any]":
            return [found async for found in self.client.function(name).spawn_map(inputs, **options)]

        return run_on_new_loop(collect())

    def close(self) -> None:
        pass  # its loops have ended, and its connections with them


@pytest.fixture(params=[Threads, Tasks], ids=lambda client_kind: client_kind.name)
def client_kind(request: "Any") -> "Any":
    """One kind of client, and ``client_kind.service``, its service. Pauses are short."""
    with Service() as service:
        found = request.param(service)
        found.service = service
        found.client._policy.rng = lambda: 0.0
        yield found
        found.close()


#: A function's script, and what must come of it: the text of a result, or an error's class, verdict and status code.
ENDS: "list[tuple[str, object]]" = [
    ("f-ok", '{"a": 1}'),
    ("f-absent-ok", '{"a": 1}'),
    ("f-absent-running-running-ok", '{"a": 1}'),
    ("f-empty", ""),
    ("f-retrying-retried", '"second"'),
    ("f-busy-busy-ok", '{"a": 1}'),
    ("f-limit-internal-http-junk-ok", '{"a": 1}'),
    ("f-running-limit-ok", '{"a": 1}'),
    ("f-running-throws", (exception.FunctionError, YES, 430)),
    ("f-late", (exception.FunctionTimeout, YES, 433)),
    ("f-text", (exception.TencentServerlessSDKException, MAYBE, -1)),
    ("f-aborted", (exception.FunctionAborted, MAYBE, 499)),
    ("e-running-ok", '{"a": 1}'),
    ("e-absent-running-limit-ok", '{"a": 1}'),
    ("e-running-throws", (exception.FunctionError, YES, 430)),
    ("e-running-aborted", (exception.FunctionAborted, MAYBE, 499)),
    ("f-denied", (exception.APIError, MAYBE, None)),
    ("f-running-missing", (exception.ResourceNotFound, MAYBE, None)),
]


@pytest.mark.parametrize(("script", "expected"), ENDS)
def test_a_result_is_what_a_synchronous_call_would_have_given(
    client_kind: "Any", script: str, expected: object
) -> None:
    invocation = client_kind.spawn(script, {"x": 1})
    if isinstance(expected, str):
        result = client_kind.ask(invocation, "result", 20)
        assert type(result) is InvokeResult
        assert result == expected
        assert result.function_request_id == invocation.request_id
        assert (result.duration_ms, result.memory_bytes) == (12.5, 8253440)
        return
    kind, verdict, status = expected  # type: ignore[misc]
    with pytest.raises(kind) as caught:
        client_kind.ask(invocation, "result", 20)
    assert (type(caught.value), caught.value.executed) == (kind, verdict)
    assert getattr(caught.value, "status_code", None) == status
    assert client_kind.service.asked.count("Invoke") == 1, "whatever comes of asking, it is started once"


@pytest.mark.parametrize(
    ("script", "statuses"),
    [
        ("f-absent-running-ok", "UNKNOWN RUNNING FINISHED FINISHED"),
        ("f-throws", "FAILED FAILED"),
        ("f-busy-ok", "RUNNING FINISHED"),
        ("f-retrying-retried", "RUNNING FINISHED"),
        ("f-aborted", "ABORTED"),
        ("e-running-ok", "RUNNING FINISHED"),
        ("e-gone", "FAILED"),
    ],
)
def test_a_status_is_what_the_service_says_now(client_kind: "Any", script: str, statuses: str) -> None:
    invocation = client_kind.spawn(script)
    for name in statuses.split():
        assert client_kind.ask(invocation, "status") is InvocationStatus[name]


def test_spawn_sends_an_event_call_and_tells_which_invocation_it_is(client_kind: "Any") -> None:
    invocation = client_kind.spawn(
        "f-ok", {"x": [1]}, namespace="ns", qualifier="7", region="ap-beijing", routing_key={"a": "b"}
    )
    request = client_kind.service.requests[0]
    assert request.headers["x-tc-action"] == "Invoke"
    assert request.headers["x-tc-region"] == "ap-beijing"
    assert request.fields == {
        "FunctionName": "f-ok",
        "Namespace": "ns",
        "Qualifier": "7",
        "InvocationType": "Event",
        "RoutingKey": '{"a":"b"}',
        "ClientContext": '{"x":[1]}',
    }
    facts = (invocation.function_name, invocation.namespace, invocation.region, invocation.request_id)
    assert facts == ("f-ok", "ns", "ap-beijing", "id-0")
    assert repr(invocation).endswith("Invocation id-0 of f-ok in ap-beijing>")
    client_kind.ask(invocation, "result")
    asked = client_kind.service.requests[1]
    assert asked.headers["x-tc-region"] == "ap-beijing"
    assert asked.fields == {"FunctionName": "f-ok", "FunctionRequestId": "id-0", "Namespace": "ns"}


def test_a_handle_spawns_with_its_options(client_kind: "Any") -> None:
    handle = client_kind.client.function("f-ok", namespace="ns", region="ap-beijing", log_type="Tail", idempotent=True)
    spawned = handle.spawn({"a": 1})
    invocation = spawned if client_kind.name == "threads" else run_on_new_loop(spawned)
    assert (invocation.namespace, invocation.region) == ("ns", "ap-beijing")
    assert "LogType" not in client_kind.service.requests[0].fields


def test_an_event_call_by_invoke_stays_as_it_was(client_kind: "Any") -> None:
    call = client_kind.client.invoke("f-ok", invocation_type="Event")
    result = call if client_kind.name == "threads" else run_on_new_loop(call)
    assert (result, result.function_request_id) == ("", "id-0")
    assert (
        client_kind.ask(client_kind.client.invocation("f-ok", result.function_request_id), "result", 20) == '{"a": 1}'
    )


def test_a_result_that_is_here_is_not_asked_for_again(client_kind: "Any") -> None:
    invocation = client_kind.spawn("f-ok")
    first = client_kind.ask(invocation, "result")
    count = len(client_kind.service.asked)
    assert client_kind.ask(invocation, "result") is first
    assert len(client_kind.service.asked) == count


def test_a_failure_is_asked_for_again_since_the_platform_may_run_it_again(client_kind: "Any") -> None:
    invocation = client_kind.spawn("f-throws-retrying-retried")
    with pytest.raises(exception.FunctionError):
        client_kind.ask(invocation, "result", 20)
    assert client_kind.ask(invocation, "result", 20) == '"second"'


def test_a_result_that_is_not_there_in_time_is_not_lost(client_kind: "Any") -> None:
    invocation = client_kind.spawn("f-running-running-running-ok")
    with pytest.raises(
        exception.ResultTimeout, match=r"f-running-running-running-ok id-0 .* its status was running"
    ) as caught:
        client_kind.ask(invocation, "result", 0.12)
    assert caught.value.executed is MAYBE
    assert isinstance(caught.value, exception.DeadlineExceeded)
    assert client_kind.ask(invocation, "result", 20) == '{"a": 1}'


def test_a_service_that_cannot_be_reached_in_time_is_the_cause(client_kind: "Any") -> None:
    invocation = client_kind.spawn("f-http")
    with pytest.raises(exception.ResultTimeout) as caught:
        client_kind.ask(invocation, "result", 0.3)
    assert isinstance(caught.value.__cause__, exception.ServerError)


def test_cancelling_names_the_invocation_and_how(client_kind: "Any") -> None:
    invocation = client_kind.spawn("e-running", namespace="ns")
    for grace in (False, True):
        client_kind.ask(invocation, "cancel", grace)
    assert client_kind.service.terminated == [("e-running", "ns", False), ("e-running", "ns", True)]
    with pytest.raises(exception.FunctionAborted):
        client_kind.ask(invocation, "result", 20)


def test_what_cannot_be_cancelled_is_an_error_of_the_api(client_kind: "Any") -> None:
    with pytest.raises(exception.ResourceNotFound) as caught:
        client_kind.ask(client_kind.spawn("f-running"), "cancel")
    assert caught.value.executed is MAYBE, "nothing is known about the invocation"


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, lambda value: pickle.loads(pickle.dumps(value))])
def test_an_invocation_can_be_copied_and_asked_elsewhere(client_kind: "Any", duplicate: "Act") -> None:
    invocation = client_kind.spawn("f-running-ok", namespace="ns", region="ap-beijing")
    again = duplicate(invocation)
    assert repr(again) == repr(invocation)
    assert (again.namespace, again.position) == ("ns", None)
    assert client_kind.ask(again, "result", 20) == '{"a": 1}'
    assert client_kind.service.requests[-1].headers["x-tc-region"] == "ap-beijing"
    once_more = duplicate(again)
    count = len(client_kind.service.asked)
    assert client_kind.ask(once_more, "result") == '{"a": 1}', "a result that is here travels along"
    assert len(client_kind.service.asked) == count
    if client_kind.name == "threads":
        again._client.close()
        once_more._client.close()


def test_keys_travel_only_where_they_were_given(client_kind: "Any", monkeypatch: pytest.MonkeyPatch) -> None:
    assert KEYS["secret_key"].encode() in pickle.dumps(client_kind.spawn("f-ok"))
    assert KEYS["secret_key"] not in repr(client_kind.spawn("f-ok"))
    monkeypatch.setenv("TENCENTCLOUD_SECRETID", "AKIDambient")
    monkeypatch.setenv("TENCENTCLOUD_SECRETKEY", "ambient-secret")
    client = type(client_kind.client)(endpoint=client_kind.service.url)
    invocation = client.invocation("f-ok", "id-0")
    assert b"ambient" not in pickle.dumps(invocation)
    assert client_kind.ask(pickle.loads(pickle.dumps(invocation)), "status") is InvocationStatus.FINISHED


def test_an_invocation_of_another_process_is_looked_for_three_days_back(client_kind: "Any") -> None:
    client_kind.service.adopt("id-other", "f-ok")
    invocation = client_kind.client.invocation("f-ok", "id-other", namespace="ns", region="ap-beijing")
    assert client_kind.service.asked == []
    assert client_kind.ask(invocation, "result", 20) == '{"a": 1}'
    fields = client_kind.service.requests[0].fields
    assert fields["StartTime"] < fields["EndTime"]
    assert len(fields["StartTime"]) == len("2026-01-01 00:00:00")


@pytest.mark.parametrize(
    ("act", "error", "words"),
    [
        (lambda client: client.invocation("", "id"), ValueError, "function_name is empty"),
        (lambda client: client.invocation("f", " "), ValueError, "request_id is empty"),
        (lambda client: client.invocation("f", None), TypeError, "request_id must be a str, not None"),
        (lambda client: client.invocation(5, "id"), TypeError, "function_name must be a str, not 5"),
        (lambda client: client.invocation("f", "id", region="a b"), ValueError, "region"),
        (lambda client: client.invocation("f", "id", namespace=" "), ValueError, "namespace is empty"),
        (lambda client: client.function("f").spawn_map(5), TypeError, "not iterable"),
        (
            lambda client: client.function("f").spawn_map([], concurrency=0),
            ValueError,
            "concurrency must be at least 1",
        ),
        (
            lambda client: client.function("f").spawn_map([], concurrency=9),
            ValueError,
            "concurrency is 9.*max_connections=8",
        ),
        (lambda client: client.function("f").spawn_map([], window=0), ValueError, "window must be at least 1"),
        (lambda client: client.function("f").spawn_map([], window=1.5), TypeError, "window must be a whole number"),
        (lambda client: client.function("f").spawn_map([], polls_per_second=0), ValueError, "polls_per_second must be"),
        (
            lambda client: client.function("f").spawn_map([], polls_per_second="1"),
            TypeError,
            "polls_per_second must be",
        ),
        (lambda client: client.function("f").spawn_map([], timeout=0), ValueError, "timeout must be above 0"),
    ],
)
def test_what_cannot_be_used_is_refused_and_nothing_is_sent(
    client_kind: "Any", act: "Act", error: "type[Exception]", words: str
) -> None:
    with pytest.raises(error, match=words):
        act(client_kind.client)
    assert client_kind.service.requests == []


@pytest.mark.parametrize(
    ("method", "argument", "error"), [("result", 0, ValueError), ("result", "1", TypeError), ("cancel", 1, TypeError)]
)
def test_what_cannot_be_asked_is_refused(
    client_kind: "Any", method: str, argument: "Any", error: "type[Exception]"
) -> None:
    with pytest.raises(error):
        client_kind.ask(client_kind.client.invocation("f", "id"), method, argument)
    assert client_kind.service.requests == []


def test_data_that_cannot_be_sent_is_refused(client_kind: "Any") -> None:
    with pytest.raises(TypeError, match=r"data\['a'\] is a set"):
        client_kind.spawn("f", {"a": {1}})
    with pytest.raises(ValueError, match="asynchronous calls carry at most 131072 bytes"):
        client_kind.spawn("f", "x" * 131072)
    assert client_kind.service.requests == []


def test_a_start_that_may_have_been_accepted_is_repeated_only_with_consent(client_kind: "Any") -> None:
    client_kind.service.starts = ["http", "ok"]
    with pytest.raises(exception.ServerError) as caught:
        client_kind.spawn("f-ok")
    assert caught.value.executed is MAYBE
    client_kind.service.starts = ["http", "ok"]
    assert client_kind.ask(client_kind.spawn("f-ok", idempotent=True), "result", 20) == '{"a": 1}'


# spawn_map


def test_a_client_of_few_connections_starts_as_many_at_once(client_kind: "Any") -> None:
    client_kind.client._limit = 2
    assert len(client_kind.collect([1, 2, 3], "f-ok", polls_per_second=1000)) == 3
    assert client_kind.service.most_open <= 2


def test_many_are_handed_out_as_they_end_with_their_positions(client_kind: "Any") -> None:
    found = client_kind.collect(range(40), "f-absent-running-ok", polls_per_second=1000, window=16)
    assert sorted(invocation.position for invocation in found) == list(range(40))
    count = len(client_kind.service.asked)
    assert {client_kind.ask(invocation, "result") for invocation in found} == {'{"a": 1}'}
    assert len(client_kind.service.asked) == count, "their results came along"
    sent = {
        request.fields["ClientContext"]: 1
        for request in client_kind.service.requests
        if "ClientContext" in request.fields
    }
    assert len(sent) == 40


def test_one_that_cannot_be_started_or_fails_is_handed_out_too(client_kind: "Any") -> None:
    client_kind.service.starts = ["ok", "denied", "ok"]
    found = client_kind.collect([1, 2, {3}, 4], "f-throws", polls_per_second=1000, concurrency=1)
    by_position = {invocation.position: invocation for invocation in found}
    assert sorted(by_position) == [0, 1, 2, 3]
    for position, kind in enumerate((exception.FunctionError, exception.APIError, TypeError, exception.FunctionError)):
        for _ in range(2):
            with pytest.raises(kind):
                client_kind.ask(by_position[position], "result")
    assert by_position[1].request_id == ""


def test_a_look_that_is_refused_for_good_is_what_comes_of_it(client_kind: "Any") -> None:
    (found,) = client_kind.collect([1], "f-limit-running-denied", polls_per_second=1000)
    with pytest.raises(exception.APIError) as caught:
        client_kind.ask(found, "result")
    assert caught.value.executed is MAYBE


def test_no_input_ends_at_once(client_kind: "Any") -> None:
    assert client_kind.collect([], "f-ok") == []
    assert client_kind.service.requests == []


def test_when_the_time_is_up_the_rest_is_at_hand(client_kind: "Any") -> None:
    spawned = client_kind.client.function("f-running").spawn_map(iter([1, 2]), timeout=1)
    step = spawned.__next__ if client_kind.name == "threads" else lambda: run_on_new_loop(spawned.__anext__())
    with pytest.raises(exception.ResultTimeout, match=r"2 invocations of f-running have not ended after 1 s"):
        step()
    assert [invocation.position for invocation in spawned.unfinished] == [0, 1]
    assert repr(spawned).endswith("of f-running: 2 inputs, 2 unfinished>")


def test_an_input_that_raises_is_raised_and_loses_nothing(client_kind: "Any") -> None:
    def give() -> "Any":
        yield 1
        raise LookupError("the caller's own")

    spawned = client_kind.client.function("f-absent-ok").spawn_map(give(), polls_per_second=1000)

    async def collect() -> "list[Any]":
        with pytest.raises(LookupError):
            [found async for found in spawned]
        return [found async for found in spawned]

    if client_kind.name == "tasks":
        found = run_on_new_loop(collect())
    else:
        with pytest.raises(LookupError):
            list(spawned)
        found = list(spawned)
    assert [invocation.position for invocation in found] == [0]


def test_looks_are_as_rare_as_was_asked_for(client_kind: "Any") -> None:
    """20 a second, whatever the number of invocations."""
    started = time.monotonic()
    assert len(client_kind.collect(range(8), "f-running-ok", polls_per_second=20)) == 8
    seconds = time.monotonic() - started
    looks = client_kind.service.asked.count("GetRequestStatus")
    assert looks >= 16
    assert seconds >= (looks - 1) / 20


def test_tasks_take_an_asynchronous_iterable_and_hand_out_while_it_waits() -> None:
    with Service() as service:

        async def run() -> "list[int]":
            client = aio.AsyncClient(**make_options(service))
            go_on = asyncio.Event()

            async def give() -> "Any":
                yield 1
                await go_on.wait()
                yield 2

            positions = []
            async for invocation in client.function("f-ok").spawn_map(give()):
                positions.append(invocation.position)
                go_on.set()
            return positions

        assert run_on_new_loop(run()) == [0, 1]


def test_an_asynchronous_input_that_raises_is_raised() -> None:
    with Service() as service:

        async def run() -> None:
            client = aio.AsyncClient(**make_options(service))

            async def give() -> "Any":
                raise LookupError("the caller's own")
                yield

            with pytest.raises(LookupError):
                [found async for found in client.function("f-ok").spawn_map(give())]

        run_on_new_loop(run())


def test_cancelling_a_task_that_waits_leaks_nothing_and_stops_nothing() -> None:
    with Service() as service:

        async def run() -> None:
            client = aio.AsyncClient(**make_options(service))
            invocation = await client.spawn("f-running-running-running-ok")
            for step in range(12):
                task = asyncio.ensure_future(invocation.result())
                for _ in range(step):
                    await asyncio.sleep(0)
                task.cancel()
                await asyncio.wait([task])
            state = client._get_pool().state
            assert state.opened == state.idle
            assert await invocation.result(20) == '{"a": 1}'
            await client.close()

        run_on_new_loop(run())
