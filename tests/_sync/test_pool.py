"""Connections shared by the calls of a client, over real sockets."""

import gc
import os
import subprocess
import sys
import threading
import time

import pytest

import tencentserverless
from tencentserverless import exception, scf
from tencentserverless.models import Verdict
from tencentserverless.scf import Client
from tests.peer import KEYS, Channel, Peer, http_answer, ok
from tests.programs import run_program

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

SOURCE = os.path.dirname(os.path.dirname(tencentserverless.__file__))


def client_of(peer: Peer, **options: "Any") -> Client:
    settings: "dict[str, Any]" = dict(KEYS, max_attempts=1)
    settings.update(options)
    return Client(endpoint=peer.url, **settings)


def run_threads(count: int, work: "Callable[[int], None]") -> "list[BaseException]":
    errors: "list[BaseException]" = []

    def safely(number: int) -> None:
        try:
            work(number)
        except BaseException as error:  # noqa: BLE001  # it is looked at in the test
            errors.append(error)

    threads = [threading.Thread(target=safely, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not any(thread.is_alive() for thread in threads)
    return errors


def test_twenty_calls_on_one_client_open_one_connection() -> None:
    with Peer() as peer, client_of(peer) as client:
        for _ in range(20):
            assert client.invoke("f") == '"ok"'
    assert peer.accepts == 1
    assert len(peer.requests) == 20


def test_twenty_module_level_calls_open_one_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    with Peer() as peer:
        monkeypatch.setenv("TENCENTSERVERLESS_ENDPOINT_URL", peer.url)
        for number in range(20):
            region = ("ap-guangzhou", "ap-chengdu")[number % 2]
            assert scf.invoke("f", region, data={"n": number}, **KEYS) == '"ok"'
        scf._ambient.get(scf.Client).close()
    assert peer.accepts == 1
    assert len(peer.requests) == 20


def test_calls_of_every_region_share_a_connection_to_one_endpoint() -> None:
    with Peer() as peer, client_of(peer) as client:
        for region in ("ap-guangzhou", "ap-chengdu", "ap-hongkong"):
            client.invoke("f", region=region)
    assert peer.accepts == 1
    assert [request.headers["x-tc-region"] for request in peer.requests] == [
        "ap-guangzhou",
        "ap-chengdu",
        "ap-hongkong",
    ]


def test_an_api_error_keeps_the_connection() -> None:
    refused = http_answer(b'{"Response": {"Error": {"Code": "ResourceNotFound.Function", "Message": "m"}}}')
    with Peer(answer=lambda request: refused) as peer, client_of(peer) as client:
        for _ in range(3):
            with pytest.raises(exception.ResourceNotFound):
                client.invoke("f")
    assert peer.accepts == 1


@pytest.mark.parametrize("header", ["Connection: close", "connection: Keep-Alive, close"])
def test_a_peer_that_says_close_is_believed(header: str) -> None:
    with Peer(answer=lambda request: ok('"ok"', header)) as peer, client_of(peer) as client:
        client.invoke("f")
        client.invoke("f")
    assert peer.accepts == 2


def test_sixty_four_threads_share_fewer_connections_and_each_gets_its_own_answer() -> None:
    def echo(request: "Any") -> bytes:
        time.sleep(0.001)
        return ok(request.fields["Event"])

    with Peer(answer=echo) as peer, client_of(peer, max_connections=8) as client:

        def work(number: int) -> None:
            for turn in range(5):
                assert client.invoke("f", data=[number, turn]).json() == [number, turn]

        assert run_threads(64, work) == []
        assert peer.most_open <= 8
        assert client._pool.state.opened <= 8
    assert len(peer.requests) == 320
    assert peer.accepts <= 8


def test_who_waits_for_a_connection_keeps_its_deadline() -> None:
    gate = threading.Event()

    def slow(request: "Any") -> bytes:
        gate.wait(20)
        return ok()

    with Peer(answer=slow) as peer, client_of(peer, max_connections=1) as client:
        first = threading.Thread(target=client.invoke, args=("f",))
        first.start()
        peer.wait_until(lambda peer: len(peer.requests) == 1)
        started = time.monotonic()
        with pytest.raises(exception.DeadlineExceeded) as caught:
            client.invoke("f", timeout=0.2)
        assert time.monotonic() - started >= 0.2
        assert caught.value.executed is Verdict.NO
        assert "all 1 connections were busy until the timeout passed; raise max_connections" in caught.value.message
        gate.set()
        first.join(20)
        assert client.invoke("f") == '"ok"'
    assert peer.accepts == 1


def test_a_stale_connection_is_replaced_without_an_error() -> None:
    """The peer closed it while it idled; nothing was sent on it, so nobody need know."""

    def script(channel: Channel) -> None:
        channel.read_request()
        channel.send(ok())

    with Peer(script) as peer, client_of(peer) as client:
        for turn in range(5):
            assert client.invoke("f") == '"ok"'
            peer.wait_until(lambda peer: peer.open_connections == 0)
            assert peer.accepts == turn + 1


def test_a_connection_that_says_something_unasked_is_replaced() -> None:
    """Bytes that nobody asked for would be taken for the next call's answer."""

    def script(channel: Channel) -> None:
        channel.read_request()
        channel.send(ok('"first"'))
        channel.peer.wait_until(lambda peer: peer.may_spoil)  # type: ignore[attr-defined]
        channel.send(ok('"poison"'))
        channel.peer.is_spoilt = True  # type: ignore[attr-defined]
        channel.wait_for_end()

    with Peer(script) as peer, client_of(peer) as client:
        peer.may_spoil, peer.is_spoilt = False, False  # type: ignore[attr-defined]
        assert client.invoke("f") == '"first"'
        peer.may_spoil = True  # type: ignore[attr-defined]
        peer.wait_until(lambda peer: peer.is_spoilt)  # type: ignore[attr-defined]
        assert client.invoke("f") == '"first"'
    assert peer.accepts == 2


def test_bytes_behind_an_answer_never_reach_the_next_call() -> None:
    with Peer(answer=lambda request: ok('"one"') + ok('"poison"')) as peer, client_of(peer) as client:
        assert [client.invoke("f"), client.invoke("f")] == ['"one"', '"one"']
    assert peer.accepts == 2


def let_idle(client: Client, seconds: float) -> None:
    """Make its idle connections so much older."""
    for known in client._pool.state._origins.values():
        for connection in known.idle:
            connection.idle_since -= seconds
            connection.idle_since_wall -= seconds


@pytest.mark.parametrize(
    ("header", "seconds", "is_kept"),
    [
        ("Keep-Alive: timeout=21", 20.1, False),
        ("Keep-Alive: timeout=21", 10, True),
        ("Keep-Alive: timeout=75, max=9", 20.1, True),
    ],
)
def test_the_peers_patience_is_obeyed(header: str, seconds: float, is_kept: bool) -> None:
    """A second less than it says, for the way; after that the connection is not used though it is still open."""
    with Peer(answer=lambda request: ok('"ok"', header)) as peer, client_of(peer) as client:
        client.invoke("f")
        let_idle(client, seconds)
        client.invoke("f")
    assert peer.accepts == (1 if is_kept else 2)


def test_one_early_end_does_not_make_every_later_call_open_a_connection() -> None:
    """A gateway is reloaded once: a connection that is open at a greater age proves that this was no rule of its."""

    def script(channel: Channel) -> None:
        while channel.read_request() is not None:
            channel.send(ok())
            if channel.number == 1:
                return

    with Peer(script) as peer, client_of(peer) as client:
        client.invoke("f")
        peer.wait_until(lambda peer: peer.open_connections == 0)
        client.invoke("f")
        for _ in range(5):
            let_idle(client, 20)
            client.invoke("f")
        assert peer.accepts == 2


def test_a_closed_client_closes_its_connections_and_refuses_calls() -> None:
    with Peer() as peer:
        client = client_of(peer)
        client.invoke("f")
        client.close()
        peer.wait_until(lambda peer: peer.open_connections == 0)
        with pytest.raises(RuntimeError, match="this client is closed; make a new one"):
            client.invoke("f")
        client.close()


def test_a_call_under_way_when_its_client_is_closed_still_ends() -> None:
    gate = threading.Event()
    found: "list[Any]" = []

    def slow(request: "Any") -> bytes:
        gate.wait(20)
        return ok()

    with Peer(answer=slow) as peer:
        client = client_of(peer)
        thread = threading.Thread(target=lambda: found.append(client.invoke("f")))
        thread.start()
        peer.wait_until(lambda peer: len(peer.requests) == 1)
        client.close()
        gate.set()
        thread.join(20)
        assert found == ['"ok"']
        peer.wait_until(lambda peer: peer.open_connections == 0)


def test_a_connection_that_failed_is_not_kept() -> None:
    def script(channel: Channel) -> None:
        channel.read_request()
        channel.send(b"HTTP/1.1 200 OK\r\nBad Header: 1\r\n\r\n")
        channel.wait_for_end()

    with Peer(script) as peer, client_of(peer) as client:
        for _ in range(3):
            with pytest.raises(exception.ProtocolError):
                client.invoke("f")
        peer.wait_until(lambda peer: peer.open_connections == 0)
        assert client._pool.state.opened == 0
    assert peer.accepts == 3


def test_failures_to_connect_do_not_use_up_the_places() -> None:
    with Peer() as peer:
        url = peer.url
    client = Client(endpoint=url, max_connections=2, max_attempts=1, timeout=5, **KEYS)
    for _ in range(6):
        with pytest.raises(exception.ConnectError, match="refused"):
            client.invoke("f")
    assert client._pool.state.opened == 0


def test_a_client_that_is_forgotten_closes_its_connections() -> None:
    with Peer() as peer:
        client = client_of(peer)
        client.invoke("f")
        del client
        gc.collect()
        peer.wait_until(lambda peer: peer.open_connections == 0)


@pytest.mark.parametrize(
    "code",
    [
        "from tencentserverless.scf import Client; c = Client(secret_id='a', secret_key='b'); print(c.invoke('f'))",
        "from tencentserverless.scf import Client; print(Client(secret_id='a', secret_key='b').invoke('f'))",
        "from tencentserverless import scf; print(scf.invoke('f', secret_id='a', secret_key='b'))",
        "from tencentserverless.scf import Client\nwith Client(secret_id='a', secret_key='b') as c: print(c.f(data=1))",
    ],
    ids=["unclosed", "unnamed", "module-level", "closed"],
)
def test_a_program_that_ends_leaves_no_resource_warning(code: str) -> None:
    with Peer() as peer:
        done = run_program(code, TENCENTSERVERLESS_ENDPOINT_URL=peer.url)
    assert (done.stdout, done.stderr, done.returncode) == ('"ok"\n', "", 0)


def test_the_sdk_never_loads_asyncio_nor_the_official_http_stack() -> None:
    """A call's cold start is what is imported."""
    code = (
        "import sys; from tencentserverless import scf; print(scf.invoke('f', secret_id='a', secret_key='b'));"
        "print(sorted(set(sys.modules) & {'asyncio', 'requests', 'urllib3', 'http.client'}))"
    )
    with Peer() as peer:
        done = run_program(code, TENCENTSERVERLESS_ENDPOINT_URL=peer.url).stdout
        plain = run_program(code, flags=(), TENCENTSERVERLESS_ENDPOINT_URL=peer.url).stdout
    assert done.startswith('"ok"\n')
    assert plain == '"ok"\n[]\n'


CYCLE = """
import gc, sys
from tencentserverless.scf import Client

class App: pass

def make(url):
    app = App()
    app.me = app
    app.scf = Client("ap-guangzhou", "AKIDpeer", "k", endpoint=url)
    app.scf.invoke("f")

make(sys.argv[1])
gc.collect()
"""


def test_a_client_in_a_cycle_is_collected_without_a_warning() -> None:
    with Peer() as peer:
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", CYCLE, peer.url],
            env=dict(os.environ, PYTHONPATH=os.pathsep.join(path for path in sys.path if path)),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            timeout=100,
            check=False,
        )
    assert (done.returncode, done.stdout) == (0, "")
