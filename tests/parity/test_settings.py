"""Settings of a client and of a call, on both clients: what is sent, what is shared, and what is refused."""

import copy
import pickle
from typing import Any, Callable
from unittest import mock

import pytest

from tencentserverless import aio, exception, management, scf
from tencentserverless._base.client import _FIELDS, AGENT, CHANGEABLE
from tencentserverless.models import InvokeResult
from tests.peer import KEYS, Peer, api_error, http_answer, ok
from tests.proof.campaign import run_on_new_loop

#: Makes a client with these settings, hands it to an act, and returns what comes of that; a coroutine is awaited.
Use = Callable[..., Any]
CLIENTS = [scf.Client, aio.AsyncClient]


def use(kind: type, act: "Callable[[Any], Any]", **settings: Any) -> Any:
    """Run an act with a client, on a loop of its own where it needs one."""
    if kind is scf.Client:
        with scf.Client(**dict(KEYS, **settings)) as client:
            return act(client)

    async def on_loop() -> Any:
        async with aio.AsyncClient(**dict(KEYS, **settings)) as client:
            found = act(client)
            return await found if hasattr(found, "__await__") else found

    return run_on_new_loop(on_loop())


@pytest.fixture(params=CLIENTS, ids=["threads", "tasks"])
def kind(request: pytest.FixtureRequest) -> type:
    return request.param  # type: ignore[no-any-return]


def test_a_client_with_other_options_has_them_and_the_first_one_keeps_its_own(kind: type) -> None:
    def act(client: Any) -> Any:
        other = client.with_options(
            timeout=3, max_attempts=1, region="ap-tokyo", user_agent="shop/2.1", headers={"X-Shop": "tea"}
        )
        assert (other._timeout, other._policy.max_attempts, other.region) == (3.0, 1, "ap-tokyo")
        assert (client._timeout, client._policy.max_attempts, client.region) == (910.0, 3, "ap-guangzhou")
        assert other._policy.budget is client._policy.budget
        return other.invoke("f")

    with Peer() as peer:
        use(kind, act, endpoint=peer.url)
    (request,) = peer.requests
    agent = AGENT + "; shop/2.1"
    names = ("user-agent", "x-tc-requestclient", "x-tc-region", "x-shop")
    assert [request.headers[name] for name in names] == [agent, agent, "ap-tokyo", "tea"]


def test_both_share_the_connections(kind: type) -> None:
    def act(client: Any) -> Any:
        if kind is scf.Client:
            client.invoke("f")
            return client.with_options(language="en-US").invoke("f")

        async def calls() -> Any:
            await client.invoke("f")
            return await client.with_options(language="en-US").invoke("f")

        return calls()

    with Peer() as peer:
        use(kind, act, endpoint=peer.url)
        assert (len(peer.requests), peer.accepts) == (2, 1)
    assert [request.headers["x-tc-language"] for request in peer.requests] == ["zh-CN", "en-US"]


def test_what_one_of_both_is_given_later_is_not_the_others(kind: type) -> None:
    def act(client: Any) -> None:
        other = client.with_options(timeout=1)
        other.region, other.secret_id, other.secret_key = "ap-tokyo", "AKIDother", "key"
        assert (client.region, client.secret_id) == ("ap-guangzhou", KEYS["secret_id"])
        headers = {"X-Shop": "tea"}
        third = client.with_options(headers=headers)
        headers["X-Shop"] = "coffee"
        assert third._options["headers"] == {"X-Shop": "tea"}

    use(kind, act)


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"max_connections": 5}, TypeError, "make a new client"),
        ({"secret_id": "a"}, TypeError, "with_options takes region, timeout"),
        ({"timeout": 0}, ValueError, "timeout must be above 0"),
        ({"max_attempts": True}, TypeError, "max_attempts must be a whole number"),
        ({"region": "no region"}, ValueError, "region"),
        ({"language": "de"}, ValueError, "language must be one of"),
        ({"api": "Call"}, ValueError, "api must be one of"),
        ({"on_attempt": 5}, TypeError, "on_attempt"),
        ({"user_agent": "a\r\nb"}, ValueError, "user_agent must be 1 to 128 letters"),
        ({"user_agent": ""}, ValueError, "user_agent"),
        ({"user_agent": "x" * 129}, ValueError, "user_agent"),
        ({"user_agent": 5}, TypeError, "user_agent must be a text"),
        ({"headers": {"Host": "x"}}, ValueError, "'Host', which the SDK writes itself"),
    ],
)
def test_options_that_cannot_be_used_are_refused(
    kind: type, options: "dict[str, Any]", error: "type[Exception]", words: str
) -> None:
    with pytest.raises(error, match=words):
        use(kind, lambda client: client.with_options(**options))


def test_a_setting_is_not_set_on_a_client_and_other_attributes_are(kind: type) -> None:
    def act(client: Any) -> None:
        for name in ("timeout", "max_connections", "user_agent", "credentials"):
            words = "client.with_options" if name in CHANGEABLE else "make a new client"
            with pytest.raises(AttributeError, match=words):
                setattr(client, name, 1)
        client.shop = "tea"
        assert client.shop == "tea"

    use(kind, act)


def test_no_timeout_means_the_default(kind: type) -> None:
    use(kind, lambda client: client._timeout == 910.0 or pytest.fail("another default"), timeout=None)


def test_the_tries_of_one_call(kind: type) -> None:
    tries = []

    def act(client: Any) -> Any:
        client._policy.rng = lambda: 0.0
        return client.invoke("f", max_attempts=2, on_attempt=lambda attempt, call: tries.append(attempt.number))

    with Peer(answer=lambda request: api_error("RequestLimitExceeded")) as peer, pytest.raises(exception.APIError):
        use(kind, act, endpoint=peer.url)
    assert tries == [1, 2]
    for value in (0, True):
        with pytest.raises((TypeError, ValueError), match="max_attempts"):
            use(kind, lambda client, value=value: client.invoke("f", max_attempts=value))


def test_headers_of_a_call_and_those_of_its_answer(kind: type) -> None:
    def act(client: Any) -> Any:
        return client.invoke("f", headers={"X-TC-TraceId": "trace%1", "x-empty": ""})

    with Peer(answer=lambda request: ok('"ok"', "X-Gate: one", "X-Gate: two")) as peer:
        result = use(kind, act, endpoint=peer.url)
    (request,) = peer.requests
    assert (request.headers["x-tc-traceid"], request.headers["x-empty"]) == ("trace%1", "")
    assert result.headers["x-gate"] == "one, two"
    for again in (pickle.loads(pickle.dumps(result)), copy.copy(result)):
        assert (again, again.headers, again.duration_ms) == (result, result.headers, result.duration_ms)
    assert InvokeResult("null").headers == {}


GATE = "X-Gate: one"


@pytest.mark.parametrize("answer", [api_error("AuthFailure", "no", GATE), http_answer("", "502 Bad", GATE)])
def test_headers_of_an_answer_that_is_an_error(kind: type, answer: bytes) -> None:
    with Peer(answer=lambda request: answer) as peer, pytest.raises(exception.CallError) as caught:
        use(kind, lambda client: client.invoke("f", max_attempts=1), endpoint=peer.url)
    assert caught.value.headers["x-gate"] == "one"
    assert pickle.loads(pickle.dumps(caught.value)).headers == caught.value.headers
    assert exception.CallError("a", "b").headers == {}


def test_a_map_and_a_handle_take_both(kind: type) -> None:
    options = {"headers": {"X-Shop": "tea"}, "max_attempts": 1}

    def act(client: Any) -> Any:
        if kind is scf.Client:
            return [*client.map("f", [1], **options), client.function("f", **options)()]

        async def calls() -> Any:
            found = [each async for each in client.map("f", [1], **options)]
            return [*found, await client.function("f", **options)()]

        return calls()

    with Peer() as peer:
        assert use(kind, act, endpoint=peer.url) == ['"ok"', '"ok"']
    assert [request.headers["x-shop"] for request in peer.requests] == ["tea", "tea"]


@pytest.mark.parametrize(
    ("headers", "error", "words"),
    [
        ("X-Shop", TypeError, "headers must be a dict of texts"),
        ({"X-Shop": 5}, TypeError, "headers must be a dict of texts"),
        ({"X Shop": "tea"}, ValueError, "'X Shop', which no header can have"),
        ({"": "tea"}, ValueError, "which no header can have"),
        ({"X-Shop": "tea\r\nHost: x"}, ValueError, "the header 'X-Shop' has a line break"),
        ({"X-Shop": "茶"}, ValueError, "the header 'X-Shop' has a line break, a blank at its end or a character"),
        ({"x-tc-token": "secret-token"}, ValueError, "'x-tc-token', which the SDK writes itself"),
        ({"Transfer-Encoding": "chunked"}, ValueError, "which the SDK writes itself"),
        ({"X-{}".format(number): "tea" for number in range(33)}, ValueError, "at most 32 of 8192 bytes"),
        ({"X-Shop": "x" * 8200}, ValueError, "at most 32 of 8192 bytes"),
    ],
)
def test_headers_that_cannot_be_sent_are_refused(
    kind: type, headers: Any, error: "type[Exception]", words: str
) -> None:
    with pytest.raises(error, match=words) as caught:
        use(kind, lambda client: client.invoke("f", headers=headers))
    assert "secret-token" not in str(caught.value)


class Shop(scf.Client):
    def __init__(self, shop: str) -> None:
        super().__init__(region="ap-tokyo", **KEYS)  # type: ignore[arg-type]
        self.shop = shop


class AsyncShop(aio.AsyncClient):
    def __init__(self, shop: str) -> None:
        super().__init__(region="ap-tokyo", **KEYS)  # type: ignore[arg-type]
        self.shop = shop


@pytest.mark.parametrize("shop_kind", [Shop, AsyncShop])
def test_a_subclass_with_an_init_of_its_own_is_copied_and_pickled(shop_kind: "Callable[[str], Any]") -> None:
    client = shop_kind("tea")
    for again in (copy.copy(client), pickle.loads(pickle.dumps(client)), client.with_options(timeout=1)):
        assert (type(again), again.shop, again.region, again.secret_id) == (
            shop_kind,
            "tea",
            "ap-tokyo",
            KEYS["secret_id"],
        )


def test_the_fields_of_a_client_are_known(kind: type) -> None:
    found = set(vars(kind(**KEYS)))
    assert found <= _FIELDS
    assert _FIELDS - found == ({"_pools"} if kind is scf.Client else {"_pool"})


def test_an_action_is_called_by_both(kind: type) -> None:
    with Peer(answer=lambda request: http_answer('{"Response": {"TotalCount": 0, "RequestId": "r"}}')) as peer:
        found = use(kind, lambda client: management.call_action(client, "ListFunctions", {}), endpoint=peer.url)
    assert found == {"TotalCount": 0, "RequestId": "r"}


def test_closing_by_the_name_that_asyncio_knows_calls_no_function() -> None:
    async def scenario(url: str) -> bool:
        client = aio.AsyncClient(endpoint=url, **KEYS)  # type: ignore[arg-type]
        await client.invoke("f")
        await client.aclose()
        return client._get_pool().is_closed

    with Peer() as peer:
        assert run_on_new_loop(scenario(peer.url))
    assert [request.fields["FunctionName"] for request in peer.requests] == ["f"]
    with pytest.raises(AttributeError, match="client\\['aclose'\\]"):
        scf.Client(**KEYS).aclose  # type: ignore[arg-type]  # noqa: B018


def test_a_test_that_replaces_the_client_or_its_invoke_reaches_module_level_calls() -> None:
    """As with 0.1.7."""
    with mock.patch("tencentserverless.scf.Client.invoke", return_value="mocked"):
        assert scf.invoke("f", region="ap-guangzhou", secret_id="a", secret_key="b") == "mocked"
        assert scf.invoke("f") == "mocked"
    with mock.patch("tencentserverless.scf.Client") as replaced:
        replaced.return_value.invoke.return_value = "replaced"
        assert scf.invoke("f") == "replaced"
    with Peer() as peer, mock.patch.dict("os.environ", {"TENCENTSERVERLESS_ENDPOINT_URL": peer.url}):
        assert scf.invoke("f", secret_id="AKIDown", secret_key="key") == '"ok"'
        assert run_on_new_loop(aio.invoke("f", secret_id="AKIDown", secret_key="key")) == '"ok"'
    assert all("AKIDown" in request.headers["authorization"] for request in peer.requests)


def test_a_function_is_called_by_the_parameter_of_0_1_7(kind: type) -> None:
    assert kind(**KEYS).call(attr_name="f").name == "f"


def test_the_regions_are_those_of_the_api() -> None:
    assert "ap-guangzhou" in scf.REGIONS
    assert len(scf.REGIONS) == 17
