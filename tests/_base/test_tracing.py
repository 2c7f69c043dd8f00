"""Spans of OpenTelemetry: one for each call, one for each try, and the context in the event where it is asked for."""

import json
import subprocess
import sys

import pytest

from tencentserverless import aio, scf
from tencentserverless.exception import APIError
from tests.peer import KEYS, Peer, api_error, ok
from tests.proof.campaign import run_on_new_loop

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

sdk_trace = pytest.importorskip("opentelemetry.sdk.trace")
export = pytest.importorskip("opentelemetry.sdk.trace.export.in_memory_span_exporter")


@pytest.fixture
def spans() -> "Any":
    """A tracer, and the spans that it has made: by name, in the order of their ends."""
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor

    exporter = export.InMemorySpanExporter()
    provider = sdk_trace.TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    exporter.tracer = provider.get_tracer("shop")
    return exporter


def call(is_async: bool, peer: Peer, act: "Any", **settings: "Any") -> "Any":
    options = dict(KEYS, endpoint=peer.url, **settings)
    if not is_async:
        with scf.Client(**options) as client:
            client._policy.rng = lambda: 0.0
            return act(client)

    async def run() -> "Any":
        async with aio.AsyncClient(**options) as client:
            client._policy.rng = lambda: 0.0
            return await act(client)

    return run_on_new_loop(run())


@pytest.fixture(params=[False, True], ids=["threads", "tasks"])
def is_async(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


def test_a_call_has_a_span_and_each_try_one_below_it(is_async: bool, spans: "Any") -> None:
    answers = iter([api_error("RequestLimitExceeded"), ok()])
    told: "list[str]" = []
    with Peer(answer=lambda request: next(answers)) as peer:
        settings = {"tracer": spans.tracer, "on_attempt": lambda attempt, call: told.append(attempt.outcome)}
        assert call(is_async, peer, lambda client: client.invoke("f"), **settings) == '"ok"'
    first, second, whole = spans.get_finished_spans()
    assert [first.name, second.name, whole.name] == ["try 1: InvokeFunction", "try 2: InvokeFunction", "invoke f"]
    assert {first.parent.span_id, second.parent.span_id} == {whole.context.span_id}
    assert whole.attributes["faas.invoked_name"] == "f"
    assert whole.attributes["faas.invocation_id"] == "fn-1"
    assert [each.attributes["tencentserverless.outcome"] for each in (first, second)] == ["RequestLimitExceeded", "ok"]
    assert told == ["RequestLimitExceeded", "ok"]
    assert first.start_time <= first.end_time <= second.end_time
    assert KEYS["secret_key"] not in whole.to_json() + first.to_json()


def test_the_span_is_below_the_programs_own(is_async: bool, spans: "Any") -> None:
    with Peer() as peer, spans.tracer.start_as_current_span("order") as own:
        call(is_async, peer, lambda client: client.invoke("f"), tracer=spans.tracer)
    whole = next(each for each in spans.get_finished_spans() if each.name == "invoke f")
    assert whole.parent.span_id == own.get_span_context().span_id


def test_an_error_is_on_the_span(is_async: bool, spans: "Any") -> None:
    with Peer(answer=lambda request: api_error("AuthFailure.SecretIdNotFound")) as peer, pytest.raises(APIError):
        call(is_async, peer, lambda client: client.invoke("f"), tracer=spans.tracer)
    whole = spans.get_finished_spans()[-1]
    assert (whole.status.status_code.name, whole.attributes["tencentserverless.executed"]) == ("ERROR", "no")
    assert whole.attributes["error.type"] == "AuthFailure.SecretIdNotFound"


def test_what_cannot_be_sent_ends_the_span_too(is_async: bool, spans: "Any") -> None:
    with Peer() as peer, pytest.raises(TypeError, match="data is a set"):
        call(is_async, peer, lambda client: client.invoke("f", data={1}), tracer=spans.tracer)
    assert [(each.name, each.status.status_code.name) for each in spans.get_finished_spans()] == [("invoke f", "ERROR")]


def test_the_context_is_in_the_event_where_it_is_asked_for(is_async: bool, spans: "Any") -> None:
    data = {"item": "tea"}
    settings = {"tracer": spans.tracer, "trace_key": "trace"}
    with Peer() as peer:
        call(is_async, peer, lambda client: client.invoke("f", data=data), **settings)
    (request,) = peer.requests
    event = json.loads(request.fields["Event"])
    whole = spans.get_finished_spans()[-1]
    assert event["item"] == "tea"
    assert event["trace"]["traceparent"].split("-")[1:3] == [
        "{:032x}".format(whole.context.trace_id),
        "{:016x}".format(whole.context.span_id),
    ]
    assert data == {"item": "tea"}
    with Peer() as peer, pytest.raises(TypeError, match="trace_key='trace' needs an event that is a dict"):
        call(is_async, peer, lambda client: client.invoke("f", data=[1]), **settings)


def test_each_call_of_a_map_has_a_span(is_async: bool, spans: "Any") -> None:
    def act(client: "Any") -> "Any":
        if not is_async:
            return list(client.map("f", [{"n": 1}, {1}], return_exceptions=True))

        async def calls() -> "Any":
            return [each async for each in client.map("f", [{"n": 1}, {1}], return_exceptions=True)]

        return calls()

    with Peer() as peer:
        result, fault = call(is_async, peer, act, tracer=spans.tracer, trace_key="trace")
    assert (result, type(fault)) == ('"ok"', TypeError)
    names = sorted(each.name for each in spans.get_finished_spans())
    assert names == ["invoke f", "invoke f", "try 1: InvokeFunction"]


def test_an_interrupted_call_ends_its_span(spans: "Any") -> None:
    import asyncio

    async def scenario(url: str) -> None:
        async with aio.AsyncClient(endpoint=url, tracer=spans.tracer, **KEYS) as client:
            task = asyncio.ensure_future(client.invoke("f"))
            while not peer.requests:  # noqa: ASYNC110  # the peer is a thread
                await asyncio.sleep(0.01)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    with Peer(script=lambda channel: channel.read_request() and channel.wait_for_end()) as peer:
        run_on_new_loop(scenario(peer.url))
    whole = spans.get_finished_spans()[-1]
    assert (whole.name, whole.attributes["tencentserverless.executed"]) == ("invoke f", "maybe")


@pytest.mark.parametrize(("setting", "value"), [("tracer", object()), ("trace_key", 5)])
def test_what_is_no_tracer_is_refused(setting: str, value: object) -> None:
    with pytest.raises(TypeError, match=setting + " must be"):
        scf.Client(**dict(KEYS, **{setting: value}))  # type: ignore[arg-type]


def test_nothing_of_it_is_imported_without_a_tracer() -> None:
    code = "import sys; from tencentserverless import scf; scf.Client(); sys.exit('opentelemetry' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
