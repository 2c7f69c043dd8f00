"""The API reference of spec/tencentserverless-sdk.md, row by row: one test each, in the spec's order.

Client.__init__ (4 rows), Client.invoke (4), invoke (8), the exception's attributes (5) and methods (5), the spelling of
its name; then the call forms that the spec's programs use, and what 0.1.7 promised beside it.
"""

# ruff: noqa: SIM117  # 3.6 has no parentheses around several contexts

import inspect

import pytest

from tencentserverless import scf
from tencentserverless.exception import (
    FunctionError,
    TencentCloudSDKException,
    TencentServerlessSDKException,
    TencentserverlessSDKException,
)
from tencentserverless.scf import Client
from tests.peer import KEYS, Peer, PeerRequest, ok
from tests.sdk_environment import bare_environment

__all__ = ["bare_environment"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Iterator

FAILURE = (
    '{"errorCode":1,"errorMessage":"user code exception caught","requestId":"req-1","stackTrace":"Traceback",'
    '"statusCode":430}'
)


@pytest.fixture
def peer(monkeypatch: pytest.MonkeyPatch) -> "Iterator[Peer]":
    """The endpoint of every call here, module-level ones included."""
    with Peer() as found:
        monkeypatch.setenv("TENCENTSERVERLESS_ENDPOINT_URL", found.url)
        yield found
        scf._ambient.get(scf.Client).close()


def last(peer: Peer) -> PeerRequest:
    return peer.requests[-1]


def key_of(request: PeerRequest) -> str:
    return request.headers["authorization"].partition("Credential=")[2].partition("/")[0]


def set_keys(monkeypatch: pytest.MonkeyPatch, token: str = "") -> None:
    """What the platform puts into a function's environment."""
    monkeypatch.setenv("TENCENTCLOUD_SECRETID", "AKIDenv")
    monkeypatch.setenv("TENCENTCLOUD_SECRETKEY", "key-env")
    if token:
        monkeypatch.setenv("TENCENTCLOUD_SESSIONTOKEN", token)


# Client.__init__


def test_client_init_region_is_optional_and_defaults_to_the_functions_own_and_locally_to_guangzhou(
    peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    Client("ap-chengdu", **KEYS).invoke("f")
    assert last(peer).headers["x-tc-region"] == "ap-chengdu"
    Client(region="ap-shanghai", **KEYS).invoke("f")
    assert last(peer).headers["x-tc-region"] == "ap-shanghai"
    Client(**KEYS).invoke("f")
    assert last(peer).headers["x-tc-region"] == "ap-guangzhou"
    monkeypatch.setenv("TENCENTCLOUD_REGION", "ap-beijing")
    Client(**KEYS).invoke("f")
    assert last(peer).headers["x-tc-region"] == "ap-beijing"


def test_client_init_secret_id_is_optional_and_defaults_to_the_functions_environment(
    peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    Client(secret_id="AKIDgiven", secret_key="k").invoke("f")
    assert key_of(last(peer)) == "AKIDgiven"
    set_keys(monkeypatch)
    Client().invoke("f")
    assert key_of(last(peer)) == "AKIDenv"


def test_client_init_secret_key_is_optional_and_defaults_to_the_functions_environment(
    peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The key is never sent, so the signatures are compared."""
    from tencentserverless._core.signing import Signer
    from tencentserverless.models import Credentials

    def signed(key: str) -> bool:
        request = last(peer)
        signer = Signer(peer.address, "scf", "application/json")
        timestamp = int(request.headers["x-tc-timestamp"])
        made = signer.sign(Credentials(key_of(request), key), timestamp, request.body)
        return request.headers["authorization"] == made.decode("ascii")

    Client(None, "AKIDgiven", "key-given").invoke("f")
    assert signed("key-given")
    set_keys(monkeypatch)
    Client().invoke("f")
    assert signed("key-env")


def test_client_init_token_is_optional_and_defaults_to_the_functions_environment(
    peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    Client("ap-guangzhou", "AKID", "key", "tok").invoke("f")
    assert last(peer).headers["x-tc-token"] == "tok"
    set_keys(monkeypatch, "tok-env")
    Client().invoke("f")
    assert last(peer).headers["x-tc-token"] == "tok-env"
    Client(token=" ", **KEYS).invoke("f")  # as the spec's program writes it
    assert "x-tc-token" not in last(peer).headers


# Client.invoke


def test_client_invoke_function_name_is_required(peer: Peer) -> None:
    client = Client(**KEYS)
    client.invoke("FuncInvoked")
    assert last(peer).fields["FunctionName"] == "FuncInvoked"
    client.invoke(function_name="Other")
    assert last(peer).fields["FunctionName"] == "Other"
    with pytest.raises(TypeError):
        client.invoke()  # type: ignore[call-arg]


def test_client_invoke_qualifier_is_optional_and_defaults_to_latest(peer: Peer) -> None:
    client = Client(**KEYS)
    client.invoke("f", qualifier="3")
    assert last(peer).fields["Qualifier"] == "3"
    client.invoke("f")
    assert last(peer).fields["Qualifier"] == "$LATEST"


def test_client_invoke_data_is_optional_and_anything_that_json_dumps_takes(peer: Peer) -> None:
    client = Client(**KEYS)
    client.invoke("f", data={"a": "b"})
    assert last(peer).fields["Event"] == '{"a":"b"}'
    client.invoke("f")
    assert "Event" not in last(peer).fields
    with pytest.raises(TypeError, match=r"data\['a'\] is a set"):
        client.invoke("f", data={"a": {1}})


def test_client_invoke_namespace_is_optional_and_defaults_to_default(peer: Peer) -> None:
    client = Client(**KEYS)
    client.invoke("f", namespace="test")
    assert last(peer).fields["Namespace"] == "test"
    client.invoke("f")
    assert last(peer).fields["Namespace"] == "default"


# invoke


def test_invoke_region_is_optional_and_defaults_to_the_functions_own_and_locally_to_guangzhou(
    peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    scf.invoke("f", region="ap-chengdu", **KEYS)
    assert last(peer).headers["x-tc-region"] == "ap-chengdu"
    scf.invoke("f", **KEYS)
    assert last(peer).headers["x-tc-region"] == "ap-guangzhou"
    monkeypatch.setenv("TENCENTCLOUD_REGION", "ap-beijing")
    scf.invoke("f", **KEYS)
    assert last(peer).headers["x-tc-region"] == "ap-beijing"


def test_invoke_secret_id_is_optional_and_defaults_to_the_functions_environment(
    peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    scf.invoke("f", secret_id="AKIDgiven", secret_key="k")
    assert key_of(last(peer)) == "AKIDgiven"
    set_keys(monkeypatch)
    scf.invoke("f")
    assert key_of(last(peer)) == "AKIDenv"


def test_invoke_secret_key_is_optional_and_a_half_pair_is_refused(peer: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="secret_id is given without secret_key"):
        scf.invoke("f", secret_id="AKIDgiven")
    with pytest.raises(ValueError, match="secret_key is given without secret_id"):
        scf.invoke("f", secret_key="k")
    assert peer.requests == []
    set_keys(monkeypatch)
    assert scf.invoke("f") == '"ok"'


def test_invoke_token_is_optional_and_defaults_to_the_functions_environment(
    peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    scf.invoke("f", token="tok", **KEYS)
    assert last(peer).headers["x-tc-token"] == "tok"
    set_keys(monkeypatch, "tok-env")
    scf.invoke("f")
    assert last(peer).headers["x-tc-token"] == "tok-env"
    scf.invoke("f", **KEYS)
    assert "x-tc-token" not in last(peer).headers, "an explicit pair never picks up the environment's token"


def test_invoke_function_name_is_required(peer: Peer) -> None:
    scf.invoke("FuncInvoked", **KEYS)
    assert last(peer).fields["FunctionName"] == "FuncInvoked"
    with pytest.raises(TypeError):
        scf.invoke()  # type: ignore[call-arg]


def test_invoke_qualifier_is_optional_and_defaults_to_latest(peer: Peer) -> None:
    scf.invoke("f", qualifier="prod", **KEYS)
    assert last(peer).fields["Qualifier"] == "prod"
    scf.invoke("f", **KEYS)
    assert last(peer).fields["Qualifier"] == "$LATEST"


def test_invoke_data_is_optional_and_anything_that_json_dumps_takes(peer: Peer) -> None:
    scf.invoke("FuncInvoked", region="ap-guangzhou", data={"a": "b"}, **KEYS)
    assert last(peer).fields["Event"] == '{"a":"b"}'
    scf.invoke("f", **KEYS)
    assert "Event" not in last(peer).fields


def test_invoke_namespace_is_optional_and_defaults_to_default(peer: Peer) -> None:
    scf.invoke("f", namespace="test", **KEYS)
    assert last(peer).fields["Namespace"] == "test"
    scf.invoke("f", **KEYS)
    assert last(peer).fields["Namespace"] == "default"


# TencentserverlessSDKException


@pytest.fixture
def error() -> TencentServerlessSDKException:
    """What a call of a function that raised ends with."""
    with Peer(answer=lambda request: ok(FAILURE, InvokeResult=1)) as peer, Client(endpoint=peer.url, **KEYS) as client:
        with pytest.raises(TencentServerlessSDKException) as caught:
            client.invoke("f")
    assert type(caught.value) is FunctionError
    return caught.value


def test_exception_attribute_code(error: TencentServerlessSDKException) -> None:
    assert error.code == 1


def test_exception_attribute_message(error: TencentServerlessSDKException) -> None:
    assert error.message == "user code exception caught"


def test_exception_attribute_request_id(error: TencentServerlessSDKException) -> None:
    assert error.request_id == "req-1"


def test_exception_attribute_response(error: TencentServerlessSDKException) -> None:
    assert error.response["Response"]["Result"]["RetMsg"] == FAILURE


def test_exception_attribute_stack_trace(error: TencentServerlessSDKException) -> None:
    assert error.stack_trace == "Traceback"


def test_exception_method_get_code(error: TencentServerlessSDKException) -> None:
    assert error.get_code() == error.code == 1


def test_exception_method_get_message(error: TencentServerlessSDKException) -> None:
    assert error.get_message() == error.message == "user code exception caught"


def test_exception_method_get_request_id(error: TencentServerlessSDKException) -> None:
    assert error.get_request_id() == error.request_id == "req-1"


def test_exception_method_get_response(error: TencentServerlessSDKException) -> None:
    assert error.get_response() is error.response


def test_exception_method_get_stack_trace(error: TencentServerlessSDKException) -> None:
    assert error.get_stack_trace() == error.stack_trace == "Traceback"


def test_exception_name_has_the_spelling_of_the_reference_too() -> None:
    assert TencentserverlessSDKException is TencentServerlessSDKException


# The forms that the spec's programs use


def test_native_call_by_attribute_sends_data_as_the_event(peer: Peer) -> None:
    assert Client(**KEYS).FuncInvoked(data={"a": "b"}) == '"ok"'
    assert last(peer).fields["FunctionName"] == "FuncInvoked"
    assert last(peer).fields["Event"] == '{"a":"b"}'


@pytest.mark.parametrize(
    "call",
    [
        lambda client: client["a-b"](data={"a": 1}),
        lambda client: client.call("a-b")(data={"a": 1}),
        lambda client: client.function("a-b")(data={"a": 1}),
        lambda client: client["a-b"]({"a": 1}),
        lambda client: client["a-b"](a=1),
        lambda client: client.function("a-b").invoke({"a": 1}),
        lambda client: client.function("a-b").invoke(data={"a": 1}),
    ],
)
def test_native_call_in_each_of_its_forms(peer: Peer, call: "Callable[[Client], Any]") -> None:
    assert call(Client(**KEYS)) == '"ok"'
    assert last(peer).fields == {
        "FunctionName": "a-b",
        "Namespace": "default",
        "Qualifier": "$LATEST",
        "Event": '{"a":1}',
    }


def test_native_call_takes_its_four_options_out_of_the_keywords(peer: Peer) -> None:
    Client(**KEYS).f(namespace="n", qualifier="2", log_type="Tail", invocation_type="RequestResponse", a=1)
    assert last(peer).fields == {
        "FunctionName": "f",
        "Namespace": "n",
        "Qualifier": "2",
        "LogType": "Tail",
        "Event": '{"a":1}',
    }
    Client(**KEYS).f({"b": 2}, qualifier="3")
    assert last(peer).fields["Qualifier"] == "3"
    assert last(peer).fields["Event"] == '{"b":2}'


def test_native_call_leaves_every_other_keyword_to_the_event(peer: Peer) -> None:
    """Newer options are no keywords of a native call, so that no event of today loses a key."""
    Client(**KEYS).f(region="x", timeout=1, idempotent=True, routing_key="k", function_name="n")
    assert last(peer).fields["FunctionName"] == "f"
    assert last(peer).headers["x-tc-region"] == "ap-guangzhou"
    assert last(peer).fields["Event"] == (
        '{"region":"x","timeout":1,"idempotent":true,"routing_key":"k","function_name":"n"}'
    )


def test_native_call_without_an_event_sends_none(peer: Peer) -> None:
    Client(**KEYS).f()
    assert "Event" not in last(peer).fields
    Client(**KEYS).f(None)
    assert "Event" not in last(peer).fields
    Client(**KEYS).f(data=None)
    assert "Event" not in last(peer).fields


@pytest.mark.parametrize(
    "call",
    [
        lambda client: client.f({"a": 1}, b=2),
        lambda client: client.f({"a": 1}, data=2),
        lambda client: client.f(data={"a": 1}, b=2),
        lambda client: client.f(1, 2),
        lambda client: client.f(None, b=2),
        lambda client: client.f(data=None, b=2),
    ],
)
def test_native_call_with_two_events_is_a_type_error(peer: Peer, call: "Callable[[Client], Any]") -> None:
    with pytest.raises(TypeError, match=r"f\(\)"):
        call(Client(**KEYS))
    assert peer.requests == []


def test_handle_takes_the_newer_options(peer: Peer) -> None:
    client = Client(**KEYS)
    handle = client.function(
        "f", region="ap-chengdu", qualifier="7", timeout=5, idempotent=True, routing_key={"a": "b"}
    )
    handle({"a": 1})
    assert last(peer).headers["x-tc-region"] == "ap-chengdu"
    assert last(peer).fields["Qualifier"] == "7"
    assert last(peer).fields["RoutingKey"] == '{"a":"b"}'
    handle({"a": 1}, qualifier="8")
    assert last(peer).fields["Qualifier"] == "8"
    handle({"a": 1})
    assert last(peer).fields["Qualifier"] == "7", "an option of one call is not the handle's"
    with pytest.raises(TypeError, match="unknown option 'retries'"):
        client.function("f", retries=3)


def test_both_exceptions_of_the_specs_programs_can_be_caught() -> None:
    """``except TencentServerlessSDKException`` then ``except TencentCloudSDKException``: two families."""
    assert not issubclass(TencentServerlessSDKException, TencentCloudSDKException)
    assert not issubclass(TencentCloudSDKException, TencentServerlessSDKException)


# The positions of 0.1.7


def positions(function: "Any") -> "list[str]":
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return [name for name, found in inspect.signature(function).parameters.items() if found.kind in kinds]


def test_positions_are_those_of_0_1_7() -> None:
    assert positions(Client) == ["region", "secret_id", "secret_key", "token"]
    assert positions(Client.invoke) == [
        "self",
        "function_name",
        "namespace",
        "log_type",
        "qualifier",
        "invocation_type",
        "data",
    ]
    assert positions(scf.invoke) == [
        "function_name",
        "region",
        "secret_id",
        "secret_key",
        "token",
        "namespace",
        "log_type",
        "qualifier",
        "invocation_type",
        "data",
    ]
    assert positions(TencentServerlessSDKException) == ["code", "message", "request_id", "response", "stack_trace"]


def test_calls_by_position_mean_what_they_meant(peer: Peer) -> None:
    expected = {
        "FunctionName": "f",
        "Namespace": "n",
        "LogType": "Tail",
        "Qualifier": "2",
        "InvocationType": "Event",
        "ClientContext": '{"a":1}',
    }
    Client("ap-chengdu", "AKID", "key", "tok").invoke("f", "n", "Tail", "2", "Event", {"a": 1})
    assert last(peer).fields == expected
    scf.invoke("f", "ap-chengdu", "AKID", "key", "tok", "n", "Tail", "2", "Event", {"a": 1})
    assert last(peer).fields == expected
    assert last(peer).headers["x-tc-region"] == "ap-chengdu"
    assert last(peer).headers["x-tc-token"] == "tok"


def test_none_for_an_option_means_its_default(peer: Peer) -> None:
    """0.1.7 sent JSON nulls, which the API took for absent."""
    Client(**KEYS).invoke("f", None, None, None, None, None)
    assert last(peer).fields == {"FunctionName": "f", "Namespace": "default", "Qualifier": "$LATEST"}


def test_the_result_prints_as_the_functions_json_text(peer: Peer) -> None:
    result = Client(**KEYS).invoke("f")
    assert isinstance(result, str)
    assert "{}".format(result) == '"ok"'
    assert result.json() == "ok"
