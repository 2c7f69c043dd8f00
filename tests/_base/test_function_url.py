"""client.url on both clients: what is asked of the API, and what comes of its answer."""

import copy
import json
import pickle

import pytest

from tencentserverless import exception
from tencentserverless.aio import AsyncClient
from tencentserverless.models import FunctionUrl, Verdict
from tencentserverless.scf import Client
from tests.peer import KEYS, Peer, PeerRequest, api_error, http_answer
from tests.proof.campaign import run_on_new_loop
from tests.sdk_environment import bare_environment

__all__ = ["bare_environment"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

URL = "https://1250000000-abcdefghij.ap-guangzhou.tencentscf.com"
DESCRIPTION = json.dumps({"AuthType": "CAM", "NetConfig": {"ExtranetUrl": URL, "EnableExtranet": True}})
TRIGGER = {"Type": "http", "TriggerName": "door", "Qualifier": "v1", "Enable": 1, "TriggerDesc": DESCRIPTION}
TIMER = {"Type": "timer", "TriggerName": "t", "TriggerDesc": "0 * * * * * *", "Enable": 1}


def answer(request: PeerRequest) -> bytes:
    """Answer ListTriggers with one trigger at a time."""
    start = request.fields["Offset"]
    page = [TIMER, TRIGGER][start : start + 1]
    return http_answer(json.dumps({"Response": {"Triggers": page, "TotalCount": 2, "RequestId": "req-1"}}))


def find_by_threads(peer: Peer, *args: "Any", **options: "Any") -> FunctionUrl:
    with Client(endpoint=peer.url, max_attempts=1, **KEYS) as client:
        return client.url(*args, **options)


def find_by_tasks(peer: Peer, *args: "Any", **options: "Any") -> FunctionUrl:
    async def find() -> FunctionUrl:
        async with AsyncClient(endpoint=peer.url, max_attempts=1, **KEYS) as client:
            return await client.url(*args, **options)

    return run_on_new_loop(find())


@pytest.fixture(params=[find_by_threads, find_by_tasks], ids=["threads", "tasks"])
def find(request: pytest.FixtureRequest) -> "Any":
    return request.param


def test_the_url_is_a_text_with_facts(find: "Any") -> None:
    with Peer(answer=answer) as peer:
        url = find(peer, "orders", qualifier="v1", namespace="shop", region="ap-tokyo", timeout=20)
        assert url == URL
        for each in (url, pickle.loads(pickle.dumps(url)), copy.copy(url)):
            assert (each, each.function_name, each.qualifier, each.auth_type) == (URL, "orders", "v1", "CAM")
            assert type(each) is FunctionUrl
        first, second = peer.requests
        assert first.headers["x-tc-action"] == "ListTriggers"
        assert first.headers["x-tc-region"] == "ap-tokyo"
        assert first.fields == {"FunctionName": "orders", "Namespace": "shop", "Offset": 0, "Limit": 100}
        assert second.fields["Offset"] == 1


def test_no_url(find: "Any") -> None:
    with Peer(answer=answer) as peer:
        with pytest.raises(
            exception.ResourceNotFound, match=r"'orders' has no URL for qualifier 'v2', but for v1"
        ) as caught:
            find(peer, "orders", qualifier="v2")
        assert caught.value.executed is Verdict.NO


def test_the_api_refuses(find: "Any") -> None:
    refusal = api_error("ResourceNotFound.Function", "no such function")
    with Peer(answer=lambda _: refusal) as peer, pytest.raises(exception.ResourceNotFound, match="no such function"):
        find(peer, "orders")


@pytest.mark.parametrize(
    ("args", "options", "words"),
    [
        ((5,), {}, "function_name must be a str, not 5"),
        ((" ",), {}, "function_name is empty"),
        (("f",), {"qualifier": ""}, "qualifier is empty"),
        (("f",), {"namespace": 5}, "namespace must be a str, not 5"),
        (("f",), {"timeout": 0}, "timeout"),
    ],
)
def test_arguments_that_cannot_be_used(args: "Any", options: "Any", words: str, find: "Any") -> None:
    with Peer(answer=answer) as peer:
        with pytest.raises((TypeError, ValueError), match=words):
            find(peer, *args, **options)
        assert peer.requests == []
