"""Arguments of both clients: flags, spans of time and hooks."""

import functools
import os

import pytest

from tencentserverless import aio, scf
from tencentserverless._base.arguments import check_hook, check_seconds, find_code, iterate_inputs
from tencentserverless.journal import Journal
from tencentserverless.management import call_action
from tests.peer import KEYS, Peer
from tests.proof.campaign import run_on_new_loop
from tests.sdk_environment import bare_environment

__all__ = ["bare_environment"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

    Act = Callable[[Any, Any], Any]


class Truth:
    """Neither True nor False, as the flags of numpy and others."""

    def __init__(self, value: bool) -> None:
        self.value = value

    def __bool__(self) -> bool:
        return self.value


NO_FLAGS = ["false", "no", "0", "", "true", 0, 1, 0.0, None, [], Truth(False), Truth(True)]

#: Every place that takes a flag, by the flag's name. A wrong value of the first one runs a function twice.
FLAGS: "list[tuple[str, str, Act]]" = [
    ("idempotent", "invoke", lambda client, value: client.invoke("f", idempotent=value)),
    ("idempotent", "spawn", lambda client, value: client.spawn("f", idempotent=value)),
    ("idempotent", "a handle", lambda client, value: client.function("f", idempotent=value)),
    ("idempotent", "map", lambda client, value: client.map("f", [1], idempotent=value)),
    ("ordered", "map", lambda client, value: client.map("f", [1], ordered=value)),
    ("return_exceptions", "map", lambda client, value: client.map("f", [1], return_exceptions=value)),
    ("ordered", "a handle's map", lambda client, value: client.f.map([1], ordered=value)),
    ("return_exceptions", "a handle's map", lambda client, value: client.f.map([1], return_exceptions=value)),
    ("grace", "cancel", lambda client, value: client.invocation("f", "id").cancel(value)),
]

#: Every place that takes a span of time, by its name.
SPANS: "list[tuple[str, str, Act]]" = [
    ("timeout", "invoke", lambda client, value: client.invoke("f", timeout=value)),
    ("timeout", "spawn", lambda client, value: client.spawn("f", timeout=value)),
    ("timeout", "a handle", lambda client, value: client.function("f", timeout=value)),
    ("timeout", "map", lambda client, value: client.map("f", [1], timeout=value)),
    ("timeout", "spawn_map", lambda client, value: client.f.spawn_map([1], timeout=value)),
    ("timeout", "result", lambda client, value: client.invocation("f", "id").result(value)),
]


@pytest.fixture(params=["threads", "tasks"])
def refuse(request: "Any") -> "Callable[..., None]":
    """Expect an error of both clients, before any request is sent."""

    def expect(act: "Act", value: "Any", kind: "type[Exception]", words: str) -> None:
        async def act_in_loop(url: str) -> None:
            async with aio.AsyncClient(endpoint=url, **KEYS) as client:
                found = act(client, value)
                if hasattr(found, "__await__"):
                    await found

        def act_in_thread(url: str) -> None:
            with scf.Client(endpoint=url, **KEYS) as client:
                act(client, value)

        run = (lambda url: run_on_new_loop(act_in_loop(url))) if request.param == "tasks" else act_in_thread
        with Peer() as peer:
            with pytest.raises(kind, match=words):
                run(peer.url)
            assert peer.accepts == 0

    return expect


@pytest.mark.parametrize(("name", "place", "act"), FLAGS, ids=lambda item: item if isinstance(item, str) else "")
def test_a_flag_is_true_or_false_and_nothing_else(
    name: str, place: str, act: "Act", refuse: "Callable[..., None]"
) -> None:
    for value in NO_FLAGS:
        refuse(act, value, TypeError, "{} must be True or False, not ".format(name))


def test_the_flag_of_an_action_is_true_or_false_and_nothing_else() -> None:
    with Peer() as peer, scf.Client(endpoint=peer.url, **KEYS) as client:
        for value in NO_FLAGS:
            with pytest.raises(TypeError, match="idempotent must be True or False, not "):
                call_action(client, "DeleteFunction", {"FunctionName": "f"}, idempotent=value)  # type: ignore[arg-type]
        assert peer.accepts == 0


def test_what_became_of_a_doubtful_call_is_true_or_false_and_nothing_else(tmp_path: "os.PathLike[str]") -> None:
    """False has it sent again, and None would, too."""
    path = os.path.join(str(tmp_path), "run.db")
    with Journal(path, _identity=("ap-guangzhou", "default", "f", "$LATEST")) as journal:
        journal.enter(0, "1", False)
        journal.commit()
    with Journal(path) as journal:
        for value in NO_FLAGS:
            with pytest.raises(TypeError, match="executed must be True or False, not "):
                journal.settle(0, executed=value)  # type: ignore[arg-type]
        assert [call.position for call in journal.in_doubt()] == [0]
        journal.settle(0, executed=True)
        assert journal.in_doubt() == []


@pytest.mark.parametrize(("name", "place", "act"), SPANS, ids=lambda item: item if isinstance(item, str) else "")
def test_a_span_of_time_is_a_number_of_seconds(
    name: str, place: str, act: "Act", refuse: "Callable[..., None]"
) -> None:
    for value in (0, -1, float("nan"), float("inf"), float("-inf"), 4e6):
        refuse(act, value, ValueError, "{} must be above 0 and at most 604800 seconds, not ".format(name))
    for wrong in (True, "5", [1], Truth(True)):
        refuse(act, wrong, TypeError, "{} must be a number of seconds, not ".format(name))


def test_the_grace_of_a_map_may_be_0(refuse: "Callable[..., None]") -> None:
    act = lambda client, value: client.map("f", [1], grace=value)  # noqa: E731
    for value in (-1, -0.1, float("nan"), float("inf"), float("-inf"), 4e6):
        refuse(act, value, ValueError, "grace must be 0 or more and at most 604800 seconds, not ")
    for wrong in (None, False, "", [], "5"):
        refuse(act, wrong, TypeError, "grace must be a number of seconds, not ")
    assert check_seconds("grace", 0, may_be_zero=True) == 0.0
    with Peer() as peer, scf.Client(endpoint=peer.url, **KEYS) as client:
        assert list(client.map("f", [1], grace=0)) == ['"ok"']


async def coroutine_function(*_: object) -> None:
    pass


async def asynchronous_generator(*_: object) -> "Any":
    yield


def generator(*_: object) -> "Any":
    yield


class Awaitable:
    async def __call__(self, *_: object) -> None:
        pass

    async def method(self, *_: object) -> None:
        pass


LATER = {
    "a coroutine function": coroutine_function,
    "a method": Awaitable().method,
    "an object": Awaitable(),
    "a partial": functools.partial(coroutine_function, 1),
    "a partial of a partial of an object": functools.partial(functools.partial(Awaitable(), 1), 2),
    "an asynchronous generator": asynchronous_generator,
    "a generator": generator,
}


@pytest.mark.parametrize("way", sorted(LATER))
@pytest.mark.parametrize("client", [scf.Client, aio.AsyncClient])
def test_a_hook_that_nobody_would_await_is_refused(client: "Any", way: str) -> None:
    hook = LATER[way]
    with pytest.raises(TypeError, match="on_attempt must be a plain function"):
        client(on_attempt=hook, **KEYS)
    with pytest.raises(TypeError, match="on_attempt must be a plain function"):
        client(**KEYS).function("f", on_attempt=hook)


def test_a_calls_hook_that_nobody_would_await_is_refused_and_nothing_is_sent(refuse: "Callable[..., None]") -> None:
    for act in (
        lambda client, hook: client.invoke("f", on_attempt=hook),
        lambda client, hook: client.spawn("f", on_attempt=hook),
        lambda client, hook: client.map("f", [1], on_attempt=hook),
    ):
        refuse(act, coroutine_function, TypeError, "on_attempt must be a plain function")


class Hook:
    def __call__(self, *_: object) -> None:
        pass

    def method(self, *_: object) -> None:
        pass


@pytest.mark.parametrize("hook", [print, Hook, Hook(), Hook().method, functools.partial(Hook(), 1), [].append])
def test_whatever_a_call_runs_may_be_a_hook(hook: "Any") -> None:
    assert check_hook(hook) is hook


@pytest.mark.parametrize("event", [{"a": 1}, "text", b"bytes", bytearray(b"x")])
def test_one_event_is_no_iterable_of_events(event: "Any") -> None:
    with pytest.raises(TypeError, match="must be an iterable of events, not one {}".format(type(event).__name__)):
        iterate_inputs(event)


@pytest.mark.parametrize("inputs", [[1, 2], (1, 2), {1: 1}.keys(), {"a": 1}.items(), range(2), iter([1])])
def test_iterables_of_events_are_taken(inputs: "Any") -> None:
    assert list(iterate_inputs(inputs))


def test_the_code_of_what_can_be_called_is_found() -> None:
    call, method = Hook.__call__.__code__, Hook.method.__code__
    assert find_code(Hook()) is find_code(functools.partial(Hook(), 1)) is call
    assert find_code(Hook().method) is find_code(Hook.method) is method
    for value in (None, 5, "text", print, Hook):
        assert find_code(value) is None
