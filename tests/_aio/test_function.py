"""The handle on a function, for asyncio: one set of options for every kind of call."""

from tencentserverless.aio import AsyncClient
from tests.peer import KEYS, Peer
from tests.proof.campaign import run_on_new_loop


def test_a_handle_sends_its_options_with_each_kind_of_call() -> None:
    async def scenario(url: str) -> "list[str]":
        async with AsyncClient(endpoint=url, **KEYS) as client:
            handle = client.function("f", qualifier="7")
            found = [await handle(item="tea"), await handle.invoke({"item": "tea"})]
            found += [each async for each in handle.map([{"item": "tea"}])]
            assert (await handle.spawn({"item": "tea"})).request_id == "fn-1"
            return found

    with Peer() as peer:
        assert run_on_new_loop(scenario(peer.url)) == ['"ok"'] * 3
    assert {request.fields["Qualifier"] for request in peer.requests} == {"7"}
    events = {request.fields.get("Event") or request.fields.get("ClientContext") for request in peer.requests}
    assert events == {'{"item":"tea"}'}
