"""Both clients are alike: the same names, parameters, defaults and documents, and the same answer to every scenario."""

import asyncio
import inspect
import subprocess
import sys
from typing import Any, Callable

import pytest

from tencentserverless import aio, exception, scf
from tencentserverless._aio.invocation import AsyncInvocation
from tencentserverless._aio.spawn_map import AsyncSpawnMap
from tencentserverless._sync.invocation import Invocation
from tencentserverless._sync.spawn_map import SpawnMap
from tencentserverless.models import Verdict
from tests.peer import KEYS
from tests.proof.campaign import DEAD_ENDPOINT, FaultServer, make_keys, prepare, run_on_new_loop

PAIRS = [
    (scf.Client, aio.AsyncClient),
    (scf.Function, aio.AsyncFunction),
    (Invocation, AsyncInvocation),
    (SpawnMap, AsyncSpawnMap),
]


def parameters_of(function: "Callable[..., Any]") -> "list[tuple[Any, ...]]":
    """List the parameters, without the one difference: tasks take asynchronous iterables too."""
    return [
        (found.name, found.kind, found.default, str(found.annotation).replace(" | AsyncIterable[object]", ""))
        for found in inspect.signature(function).parameters.values()
    ]


def public_names(cls: type) -> "set[str]":
    return {name for name in dir(cls) if not name.startswith("_")}


@pytest.mark.parametrize(("threads", "tasks"), PAIRS)
def test_both_clients_have_the_same_public_names(threads: type, tasks: type) -> None:
    assert public_names(threads) == public_names(tasks) - ({"aclose"} if tasks is aio.AsyncClient else set())


@pytest.mark.parametrize(("threads", "tasks"), PAIRS)
def test_both_clients_take_the_same_parameters(threads: type, tasks: type) -> None:
    for name in sorted(public_names(threads) | {"__init__", "__call__"}):
        one, other = getattr(threads, name, None), getattr(tasks, name, None)
        if inspect.isfunction(one) and inspect.isfunction(other):
            assert parameters_of(one) == parameters_of(other), name


def test_both_module_level_calls_take_the_same_parameters() -> None:
    assert inspect.signature(scf.invoke).parameters == inspect.signature(aio.invoke).parameters


def test_importing_the_synchronous_client_loads_no_asyncio() -> None:
    code = "import sys; import tencentserverless.scf; sys.exit('asyncio' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_importing_the_synchronous_client_compiles_no_pattern_and_loads_no_weakref() -> None:
    code = (
        "import atexit, hashlib, hmac, json, re, select, socket, ssl, sys, threading\n"
        "known, re.compile = set(sys.modules), None\n"
        "import tencentserverless.scf\n"
        "sys.exit('weakref' in set(sys.modules) - known)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_importing_the_asynchronous_client_loads_nothing_of_the_other() -> None:
    code = "import sys; import tencentserverless.aio; sys.exit('tencentserverless._sync' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_without_a_running_loop_the_asynchronous_client_says_what_to_use() -> None:
    client = aio.AsyncClient(endpoint="http://127.0.0.1:1", **make_keys())
    handle = client.invocation("f", "req-1", region="ap-guangzhou")
    maps = client.map("f", [1]), client.f.map([1]), client.f.spawn_map([1])
    for coroutine in (client.invoke("f"), client.f(), handle.status(), *(each.__anext__() for each in maps)):
        with pytest.raises(RuntimeError, match=r"needs a running asyncio loop.* call scf\.Client"):
            coroutine.send(None)  # as trio does


def test_a_client_that_has_left_its_loop_says_so_too_and_closes_in_silence() -> None:
    """As in a module's tests under anyio, which run once by asyncio and once by trio."""
    client = aio.AsyncClient(endpoint="http://127.0.0.1:1", **make_keys())
    loops = []

    async def call_in_a_loop() -> None:
        loops.append(asyncio.get_event_loop())  # it lives on, closed
        with pytest.raises(exception.ConnectError):
            await client.invoke("f")

    async def call_without() -> None:
        async with client:
            await client.invoke("f")

    run_on_new_loop(call_in_a_loop())
    with pytest.raises(RuntimeError, match="needs a running asyncio loop") as caught:
        call_without().send(None)
    assert caught.value.__context__ is None
    with pytest.raises(StopIteration):
        client.close().send(None)


def call_from_thread(url: str, script: str, options: "dict[str, Any]") -> str:
    with scf.Client(endpoint=url, **make_keys()) as client:
        prepare(client, 1)
        return describe(client.invoke(script, **options))


def call_from_task(url: str, script: str, options: "dict[str, Any]") -> str:
    async def call() -> str:
        async with aio.AsyncClient(endpoint=url, **make_keys()) as client:
            prepare(client, 1)
            return describe(await client.invoke(script, **options))

    return run_on_new_loop(call())


def describe(result: Any) -> str:
    return "{} {}".format(result, result.duration_ms)


CLIENT_KINDS = [call_from_thread, call_from_task]

#: A script of the fault server, options of the call, and what must come of it: a result, or an error's class,
#: code, verdict and the outcomes of its attempts.
SCENARIOS: "list[tuple[str, dict[str, Any], object]]" = [
    ("ok", {}, "null 1.5"),
    ("ok", {"data": "x" * 3_000_000}, "null 1.5"),
    ("okclose", {}, "null 1.5"),
    ("drip", {}, "null 1.5"),
    ("limit-ok", {}, "null 1.5"),
    ("busy-limit-ok", {}, "null 1.5"),
    ("skew-ok", {}, "null 1.5"),
    ("token-ok", {}, "null 1.5"),
    ("action-ok", {}, "null 1.5"),
    ("drop-ok", {"idempotent": True}, "null 1.5"),
    ("cut-junk-ok", {"idempotent": True}, "null 1.5"),
    ("http-ok", {"idempotent": True}, "null 1.5"),
    ("internal-unavailable-ok", {"idempotent": True}, "null 1.5"),
    ("drop", {}, (exception.NetworkError, "ClientNetworkError", Verdict.MAYBE, 1)),
    ("dropfin", {}, (exception.NetworkError, "ClientNetworkError", Verdict.MAYBE, 1)),
    ("dropun", {}, (exception.NetworkError, "ClientNetworkError", Verdict.MAYBE, 1)),
    ("junk", {}, (exception.ProtocolError, "ClientNetworkError", Verdict.MAYBE, 1)),
    ("big", {}, (exception.ProtocolError, "ClientNetworkError", Verdict.MAYBE, 1)),
    ("http", {}, (exception.ServerError, "ServerNetworkError", Verdict.MAYBE, 1)),
    ("stall", {"timeout": 0.4}, (exception.DeadlineExceeded, "ClientNetworkError", Verdict.MAYBE, 1)),
    ("internal", {}, (exception.APIError, "InternalError", Verdict.MAYBE, 1)),
    ("internal", {"idempotent": True}, (exception.APIError, "InternalError", Verdict.MAYBE, 3)),
    ("limit", {}, (exception.RequestThrottled, "RequestLimitExceeded", Verdict.NO, 3)),
    ("busy", {}, (exception.FunctionThrottled, 1, Verdict.NO, 3)),
    ("token", {}, (exception.AuthFailure, "AuthFailure.TokenFailure", Verdict.NO, 2)),
    ("action", {}, (exception.APIError, "InvalidAction", Verdict.NO, 2)),
    ("drop-limit", {"idempotent": True}, (exception.RequestThrottled, "RequestLimitExceeded", Verdict.MAYBE, 3)),
    ("throws", {"idempotent": True}, (exception.FunctionError, 1, Verdict.YES, 1)),
    ("forge", {}, (exception.FunctionThrottled, -1, Verdict.MAYBE, 1)),
    ("late", {"idempotent": True}, (exception.FunctionTimeout, -1, Verdict.YES, 1)),
]


@pytest.fixture(scope="module")
def server() -> "Any":
    with FaultServer(2, is_tame=True) as server:
        yield server


@pytest.mark.parametrize("client_kind", CLIENT_KINDS)
@pytest.mark.parametrize("number", range(len(SCENARIOS)), ids=lambda number: SCENARIOS[number][0])
def test_every_scenario_ends_alike(server: FaultServer, number: int, client_kind: "Callable[..., str]") -> None:
    script, options, expected = SCENARIOS[number]
    name = "p{}{}-{}".format(client_kind.__name__[10:], number, script).replace("_", "")
    if isinstance(expected, str):
        assert client_kind(server.url, name, options) == expected
        return
    assert isinstance(expected, tuple)
    with pytest.raises(expected[0]) as caught:
        client_kind(server.url, name, options)
    error = caught.value
    assert (type(error), error.code, error.executed, len(error.attempts)) == expected


@pytest.mark.parametrize("client_kind", CLIENT_KINDS)
def test_a_refused_connection_is_tried_again_and_has_not_run(client_kind: "Callable[..., str]") -> None:
    with pytest.raises(exception.ConnectError) as caught:
        client_kind(DEAD_ENDPOINT, "d-ok", {})
    assert caught.value.executed is Verdict.NO
    assert len(caught.value.attempts) == 3


def test_another_thread_may_begin_a_loop_while_those_that_ended_are_forgotten() -> None:
    """Threads may each run a loop on one client."""
    client = aio.AsyncClient(**KEYS)
    others: "list[asyncio.AbstractEventLoop]" = []

    async def touch() -> None:
        client._get_pool()

    class Loop(asyncio.SelectorEventLoop):
        def is_closed(self) -> bool:  # as if another thread ran in the middle of the question
            if super().is_closed() and self in client._pools:
                others.append(asyncio.new_event_loop())
                client._pools[others[-1]] = client._pools.pop(self)
            return super().is_closed()

    ended = Loop()
    ended.run_until_complete(touch())
    ended.close()
    run_on_new_loop(touch())
    assert ended not in client._pools
    for loop in others:
        loop.close()


@pytest.mark.parametrize("client", [scf.Client, aio.AsyncClient])
@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"timeout": 0}, "timeout"),
        ({"timeout": -1.5}, "-1.5"),
        ({"timeout": float("inf")}, "inf"),
        ({"connect_timeout": 0}, "connect_timeout"),
        ({"max_connections": 0}, "max_connections"),
        ({"max_attempts": 0}, "max_attempts"),
        ({"api": "Call"}, "Call"),
        ({"language": "fr"}, "fr"),
        ({"token": "a b"}, "token"),
        ({"secret_id": "a\nb", "secret_key": "b"}, "secret_id"),
        ({"region": "ap guangzhou"}, "region"),
        ({"endpoint": "scf.example.com"}, "scf.example.com"),
        ({"proxy": "socks4://127.0.0.1:1"}, "socks4"),
        ({"ca_file": "/no/such/file"}, "/no/such/file"),
    ],
)
def test_what_cannot_be_used_is_refused_at_construction(client: type, options: "dict[str, Any]", words: str) -> None:
    with pytest.raises(ValueError, match=words):
        client(**options)


@pytest.mark.parametrize("client", [scf.Client, aio.AsyncClient])
@pytest.mark.parametrize(
    "options",
    [
        {"timeout": "1"},
        {"max_connections": 1.5},
        {"max_attempts": True},
        {"secret": "x"},
        {"region": 7},
        {"proxy": 5},
        {"ca_file": 1},
        {"endpoint": b"http://127.0.0.1"},
    ],
)
def test_what_has_the_wrong_type_is_refused_at_construction(client: type, options: "dict[str, Any]") -> None:
    with pytest.raises(TypeError):
        client(**options)


@pytest.mark.parametrize("client", [scf.Client, aio.AsyncClient])
def test_a_password_in_an_endpoint_is_refused_and_not_shown(client: type) -> None:
    with pytest.raises(ValueError, match="names a user") as caught:
        client(endpoint="https://someone:s3cret@scf.example.com")
    assert "s3cret" not in str(caught.value)


def test_a_client_that_is_closed_between_two_tries_says_what_may_have_run(server: FaultServer) -> None:
    """The pause before the second try is when the client is closed; the first try was executed and lost."""
    client = scf.Client(endpoint=server.url, **make_keys())
    client._policy.rng = lambda: client.close() or 0.0  # type: ignore[func-returns-value]
    with pytest.raises(exception.ConnectError, match="closed") as caught:
        client.invoke("pclosed-drop-ok", idempotent=True)
    assert caught.value.executed is Verdict.MAYBE
    assert [attempt.executed for attempt in caught.value.attempts] == [Verdict.MAYBE, Verdict.NO]
    with pytest.raises(RuntimeError, match="closed"):
        client.invoke("pclosed-ok")


def test_tasks_with_keys_of_their_own_never_get_anothers(server: FaultServer) -> None:
    """One search for keys serves the tasks that ask the same provider the same thing, and no others."""
    import asyncio
    import threading

    from tencentserverless.credentials import FromObject
    from tencentserverless.models import Credentials

    class Source:
        def __init__(self, name: str) -> None:
            self.name = name
            self.reads = 0
            self.go_on = threading.Event()

        def get_credential_info(self) -> "tuple[str, str, str]":
            self.reads += 1
            self.go_on.wait(10)
            return self.name, "key", ""

        secret_id = property(lambda self: self.get_credential_info()[0])

    sources = [Source("one"), Source("two")]

    async def search() -> "list[Credentials]":
        pool = aio.AsyncClient(endpoint=server.url, **make_keys())._get_pool()
        providers = [FromObject(source) for source in sources]
        flights = [pool.search(provider, False) for provider in providers for _ in range(3)]
        await asyncio.sleep(0)
        for source in sources:
            source.go_on.set()
        return list(await asyncio.gather(*flights))

    found = run_on_new_loop(search())
    assert [keys.secret_id for keys in found] == ["one"] * 3 + ["two"] * 3
    assert [source.reads for source in sources] == [1, 1]
