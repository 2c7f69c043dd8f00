"""The handle on a function, for threads: one set of options for every kind of call."""

from tencentserverless.scf import Client
from tests.peer import KEYS, Peer


def test_a_handle_sends_its_options_with_each_kind_of_call() -> None:
    with Peer() as peer, Client(endpoint=peer.url, **KEYS) as client:
        handle = client.function("f", qualifier="7")
        found = [handle(item="tea"), handle.invoke({"item": "tea"}), *handle.map([{"item": "tea"}])]
        assert handle.spawn({"item": "tea"}).request_id == "fn-1"
    assert found == ['"ok"'] * 3
    assert {request.fields["Qualifier"] for request in peer.requests} == {"7"}
    events = {request.fields.get("Event") or request.fields.get("ClientContext") for request in peer.requests}
    assert events == {'{"item":"tea"}'}
