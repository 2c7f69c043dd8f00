"""``FakeFunction`` behaves like ``scf.Function`` as far as no function is needed for it."""

import copy
import inspect
import pickle
from typing import Any

import pytest

from tencentserverless import scf
from tencentserverless.exception import (
    FunctionError,
    FunctionThrottled,
    FunctionTimeout,
    RequestThrottled,
    TencentServerlessSDKException,
)
from tencentserverless.models import InvocationStatus, InvokeResult, Verdict
from tencentserverless.testing import FakeAsyncFunction, FakeCall, FakeFunction

#: What a real function refuses before anything is sent.
REFUSED = {
    "a set": lambda function: function({1, 2}),
    "inside": lambda function: function.invoke({"a": [1, {"b": object()}]}),
    "NaN": lambda function: function(x=float("nan")),
    "a lone surrogate": lambda function: function("\ud800"),
    "a key that is no text": lambda function: function({(1, 2): 3}),
    "two events": lambda function: function(1, 2),
    "an event and keywords": lambda function: function({"a": 1}, b=2),
    "data and keywords": lambda function: function(data=1, b=2),
    "too large": lambda function: function("x" * (6 * 1024 * 1024)),
    "too large for spawn": lambda function: function.spawn("x" * (128 * 1024)),
    "too large for Event": lambda function: function(a="x" * (128 * 1024), invocation_type="Event"),
    "a log type": lambda function: function(log_type="All"),
    "a qualifier": lambda function: function(qualifier=" "),
    "a namespace": lambda function: function(namespace=7),
    "an invocation type": lambda function: function(invocation_type="Soon"),
    "concurrency": lambda function: function.map([1], concurrency=0),
    "return_exceptions": lambda function: function.map([1], return_exceptions="yes"),
    "ordered": lambda function: function.map([1], ordered=None),
    "grace": lambda function: function.map([1], grace=-1),
    "grace that is no number": lambda function: function.map([1], grace=None),
    "grace that is NaN": lambda function: function.map([1], grace=float("nan")),
    "no iterable": lambda function: function.map(7),
}


@pytest.mark.parametrize("way", sorted(REFUSED))
def test_what_a_real_function_refuses_is_refused_by_the_same_error(way: str) -> None:
    fake = FakeFunction("order", returns=1)
    client = scf.Client("ap-guangzhou", "id", "key", endpoint="http://127.0.0.1:9", max_attempts=1)
    with client, pytest.raises((TypeError, ValueError)) as real:
        REFUSED[way](client.function("order"))
    with pytest.raises((TypeError, ValueError)) as caught:
        REFUSED[way](fake)
    assert (type(caught.value), str(caught.value)) == (type(real.value), str(real.value))
    assert fake.calls == []


def test_a_fake_equals_itself_alone():
    one, other = FakeFunction("a"), FakeFunction("a")
    assert one == one  # noqa: PLR0124
    assert one != other
    assert len({one, other}) == 2


def test_it_has_the_face_of_a_function() -> None:
    assert isinstance(FakeFunction(), scf.Function)
    for name in ("__call__", "invoke", "spawn", "map"):
        real = inspect.signature(getattr(scf.Function, name)).parameters
        fake = inspect.signature(getattr(FakeFunction, name)).parameters
        assert [(item.name, item.kind, item.default) for item in real.values()] == [
            (item.name, item.kind, item.default) for item in fake.values()
        ]


def test_calls_are_remembered_as_the_function_would_get_them() -> None:
    fake = FakeFunction("order", returns={"id": 1})
    result = fake(item="茶", tags=("a", "b"), qualifier="2")
    assert isinstance(result, InvokeResult)
    assert result == '{"id": 1}'
    assert result.json() == {"id": 1}
    assert (result.request_id, result.function_request_id, result.position) == ("fake-1", "fake-1", None)
    fake.invoke()
    fake(data={1: None})
    fake([True])
    assert fake.calls == [
        FakeCall({"item": "茶", "tags": ["a", "b"]}, options={"qualifier": "2"}),
        FakeCall(None),
        FakeCall({"1": None}),
        FakeCall([True]),
    ]
    assert (fake.name, repr(fake)) == ("order", "<FakeFunction order, 4 calls>")
    event = {"list": []}
    fake(event)
    event["list"].append(1)
    assert fake.calls[-1].event == {"list": []}


@pytest.mark.parametrize(
    ("value", "text"), [(None, "null"), ("中", '"中"'), ([1, 2.5], "[1, 2.5]"), (False, "false"), ({}, "{}")]
)
def test_a_value_is_returned_as_the_platforms_text(value: Any, text: str) -> None:
    assert FakeFunction(returns=value)() == text
    assert FakeFunction(answers=[value])() == text
    assert FakeFunction(handler=lambda event: value)() == text
    assert FakeFunction()() == "null"
    assert FakeFunction(returns=1)(invocation_type="Event") == ""


def test_an_error_is_raised_as_it_is_and_a_class_with_what_is_true_of_it() -> None:
    error = FunctionError(-1, "user code exception caught", "id", stack_trace="trace", executed=Verdict.YES)
    fake = FakeFunction(raises=error)
    for _ in range(2):
        with pytest.raises(FunctionError) as caught:
            fake()
        assert caught.value is error
    for kind, executed, status in (
        (FunctionTimeout, Verdict.YES, 433),
        (FunctionThrottled, Verdict.NO, 429),
        (TencentServerlessSDKException, Verdict.MAYBE, None),
    ):
        with pytest.raises(kind) as raised:
            FakeFunction(raises=kind)()
        assert (raised.value.executed, raised.value.status_code) == (executed, status)
        assert raised.value.request_id == "fake-1"
    with pytest.raises(ZeroDivisionError):
        FakeFunction(raises=ZeroDivisionError)()


def test_answers_come_one_after_the_other_and_a_handler_decides() -> None:
    fake = FakeFunction("order", answers=iter([1, FunctionThrottled, [2], ValueError("own")]))
    assert fake().json() == 1
    with pytest.raises(FunctionThrottled):
        fake()
    assert fake().json() == [2]
    with pytest.raises(ValueError, match="own"):
        fake()
    with pytest.raises(AssertionError, match=r"order.* was called 5 times, but was given 4 answers: \{'n': 5\}"):
        fake(n=5)

    def handle(event):
        return FunctionTimeout if event is None else event["n"] + 1

    assert FakeFunction(handler=handle)(n=1).json() == 2
    with pytest.raises(FunctionTimeout):
        FakeFunction(handler=handle)()
    with pytest.raises(KeyError):
        FakeFunction(handler=handle)(m=1)


def test_what_can_not_be_is_refused_at_once() -> None:
    with pytest.raises(TypeError, match="one of returns, raises, answers and handler"):
        FakeFunction(returns=1, handler=print)
    with pytest.raises(TypeError, match=r"returns\['a'\] is a set, which JSON cannot carry"):
        FakeFunction(returns={"a": {1}})
    with pytest.raises(TypeError, match="what it returns is a set"):
        FakeFunction(answers=[{1}])()
    with pytest.raises(TypeError, match="stays where it is"):
        pickle.dumps(FakeFunction())
    with pytest.raises(TypeError, match="stays where it is"):
        copy.copy(FakeFunction())
    with pytest.raises(NotImplementedError, match="scf_local"):
        FakeFunction().map([1], journal="file")
    with pytest.raises(NotImplementedError, match="scf_local"):
        FakeFunction().spawn_map([1])


def test_spawn() -> None:
    fake = FakeFunction("order", answers=[1, FunctionError, RequestThrottled])
    invocation = fake.spawn({"n": 1})
    assert isinstance(invocation, scf.Invocation)
    assert (invocation.status(), invocation.has_outcome) == (InvocationStatus.FINISHED, True)
    assert invocation.result(timeout=1).json() == 1
    assert (invocation.request_id, invocation.function_name) == ("fake-1", "order")
    assert not invocation.was_cancelled
    with pytest.raises(TypeError, match="grace must be True or False, not 'no'"):
        invocation.cancel(grace="no")
    assert not invocation.was_cancelled
    invocation.cancel(grace=True)
    assert invocation.was_cancelled
    failed = fake.spawn()
    assert failed.status() is InvocationStatus.FAILED
    for _ in range(2):
        with pytest.raises(FunctionError):
            failed.result()
    with pytest.raises(RequestThrottled):
        fake.spawn()
    assert fake.calls == [FakeCall({"n": 1}, "spawn"), FakeCall(None, "spawn"), FakeCall(None, "spawn")]


def test_map() -> None:
    fake = FakeFunction(handler=lambda event: FunctionTimeout if event == 2 else event * 10)
    with fake.map(iter(range(4)), concurrency=8, return_exceptions=True) as outcomes:
        found = list(outcomes)
    assert [item.position for item in found] == [0, 1, 2, 3]
    assert [item if isinstance(item, Exception) else item.json() for item in found] == [0, 10, found[2], 30]
    assert isinstance(found[2], FunctionTimeout)
    assert (outcomes.pulled, outcomes.in_flight, outcomes.concurrency, outcomes.throttled) == (4, 0, 8, 0)
    outcomes = fake.map([1, 2, 3, 4])
    assert next(outcomes).json() == 10
    with pytest.raises(FunctionTimeout) as caught:
        next(outcomes)
    assert caught.value.position == 1
    assert next(outcomes).json() == 30
    outcomes.close()
    assert list(outcomes) == []
    assert fake.calls[-1] == FakeCall(3, "map")
    with pytest.raises(AssertionError):
        list(FakeFunction(answers=[]).map([1], return_exceptions=True))


def charge(order: scf.Function, item: str) -> int:
    """Code under test, as it is typed in a program."""
    return order(item=item).json()["price"]


def test_in_a_program() -> None:
    order = FakeFunction("order", returns={"price": 3})
    assert charge(order, "tea") == 3
    assert order.calls == [FakeCall({"item": "tea"})]


@pytest.mark.parametrize("kind", [FakeFunction, FakeAsyncFunction])
def test_an_argument_that_is_misspelt_is_named_with_those_there_are(kind: Any) -> None:
    with pytest.raises(TypeError, match=f"^{kind.__name__} takes returns, raises, answers or handler, not 'retuns'$"):
        kind("order", retuns=1)


def test_one_event_is_not_mapped() -> None:
    with pytest.raises(TypeError, match="must be an iterable of events, not one dict"):
        FakeFunction("order", returns=1).map({"a": 1})
