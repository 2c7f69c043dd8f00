"""After a fork the child has connections of its own, and the parent's survive."""

import os
import threading

import pytest

from tencentserverless import scf
from tencentserverless.scf import Client
from tests.peer import KEYS, Peer, ok
from tests.threads import run_child

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork"),
    # Python 3.12 warns that a child of a process with threads may deadlock; that it does not is the claim here.
    pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning"),
]


def test_the_child_opens_its_own_connection_and_the_parents_survives() -> None:
    with Peer() as peer, Client(endpoint=peer.url, **KEYS) as client:
        assert client.invoke("f") == '"ok"'
        assert run_child(lambda: client.invoke("f")) == '"ok"'
        assert peer.accepts == 2
        assert client.invoke("f") == '"ok"'
        assert peer.accepts == 2
    assert len(peer.requests) == 3


def test_module_level_calls_survive_a_fork_too(monkeypatch: pytest.MonkeyPatch) -> None:
    with Peer() as peer:
        monkeypatch.setenv("TENCENTSERVERLESS_ENDPOINT_URL", peer.url)
        assert scf.invoke("f", **KEYS) == '"ok"'
        assert run_child(lambda: scf.invoke("f", **KEYS)) == '"ok"'
        assert scf.invoke("f", **KEYS) == '"ok"'
        assert peer.accepts == 2
        scf._ambient.get(scf.Client).close()


def test_a_fork_while_all_connections_are_lent_gives_the_child_all_of_its_own() -> None:
    gate = threading.Event()

    def answer(request: "Any") -> bytes:
        if request.fields["FunctionName"] == "slow":
            gate.wait(20)
        return ok()

    with Peer(answer=answer) as peer, Client(endpoint=peer.url, max_connections=1, **KEYS) as client:
        thread = threading.Thread(target=client.invoke, args=("slow",))
        thread.start()
        peer.wait_until(lambda peer: len(peer.requests) == 1)
        try:
            assert run_child(lambda: client.invoke("f", timeout=10)) == '"ok"'
        finally:
            gate.set()
            thread.join()
        assert client.invoke("f") == '"ok"'


def test_many_children_at_once() -> None:
    with Peer(answer=lambda request: ok(request.fields["Event"])) as peer, Client(endpoint=peer.url, **KEYS) as client:
        client.invoke("f", data=0)
        found: "dict[int, str]" = {}

        def spawn(number: int) -> None:
            found[number] = run_child(lambda: [client.invoke("f", data=number) for _ in range(3)][-1])

        threads = [threading.Thread(target=spawn, args=(number,)) for number in range(1, 9)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert found == {number: str(number) for number in range(1, 9)}
        assert client.invoke("f", data="mine").json() == "mine"


def test_a_closed_client_stays_closed_in_the_child_and_closing_there_closes_only_there() -> None:
    with Peer() as peer, Client(endpoint=peer.url, **KEYS) as client:
        client.invoke("f")
        assert run_child(client.close) == "None"
        assert client.invoke("f") == '"ok"'
        assert peer.accepts == 1
