"""Tencent's tencentcloud-sdk-python-scf judges the local SCF: what it sends is understood, what it reads is right."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from tencentcloud.common import credential
from tencentcloud.common.common_client import CommonClient
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from tencentcloud.scf.v20180416 import errorcodes, models
from tencentcloud.scf.v20180416.scf_client import ScfClient

from tests.conformance.judges import Programs, make_judge

#: Codes of scf-wide answers that every product of Tencent Cloud shares; those of SCF are in its errorcodes module.
SHARED_CODES = {
    "AuthFailure.SecretIdNotFound",
    "AuthFailure.SignatureFailure",
    "AuthFailure.TokenFailure",
    "InvalidAction",
    "MissingParameter",
    "NoSuchVersion",
    "UnknownParameter",
    "UnsupportedOperation",
    "InvalidParameter",
}
KNOWN_CODES = SHARED_CODES | {value for name, value in vars(errorcodes).items() if name.isupper()}
#: How each action names the event.
PAYLOADS = {"Invoke": "ClientContext", "InvokeFunction": "Event"}

MakeClient = Callable[..., ScfClient]


@pytest.fixture
def make_client(judged_scf) -> Iterator[MakeClient]:
    """Make clients of the official SDK; their connections close with the test."""
    with ExitStack() as stack:

        def make(
            secret_id: "str | None" = None,
            secret_key: "str | None" = None,
            token: "str | None" = None,
            region: str = "ap-guangzhou",
            kind: "Callable[..., ScfClient]" = ScfClient,
            profile: "dict[str, Any] | None" = None,
            **http: Any,
        ) -> ScfClient:
            keys = credential.Credential(
                secret_id or judged_scf.env["TENCENTCLOUD_SECRETID"],
                secret_key or judged_scf.env["TENCENTCLOUD_SECRETKEY"],
                token,
            )
            address = f"{judged_scf.host}:{judged_scf.port}"
            options = dict(profile or {})
            unsigned = options.pop("unsignedPayload", False)
            made = ClientProfile(httpProfile=HttpProfile(protocol="http", endpoint=address, **http), **options)
            made.unsignedPayload = unsigned
            client = kind(keys, region, made)
            stack.callback(client.request.conn._session.close)
            return client

        yield make


def fill(kind: "type[Any]", **fields: Any) -> Any:
    """A request of the official SDK's models."""
    request = kind()
    for name, value in fields.items():
        assert hasattr(request, name)
        setattr(request, name, value)
    return request


def invoke(client: ScfClient, action: str, name: str, event: "str | None" = None, **fields: Any) -> Any:
    """A typed call by either action."""
    if event is not None:
        fields[PAYLOADS[action]] = event
    request = fill(getattr(models, f"{action}Request"), FunctionName=name, **fields)
    return getattr(client, action)(request)


@pytest.fixture(params=sorted(PAYLOADS))
def action(request: pytest.FixtureRequest) -> str:
    return request.param


def test_a_typed_call_reads_every_field(make_client, action) -> None:
    """A field that the model does not know would warn, and a warning fails the test."""
    answer = invoke(make_client(), action, "answer", '{"do": "log", "text": "one line"}', LogType="Tail")
    result = answer.Result
    assert (result.RetMsg, result.ErrMsg, result.InvokeResult) == ('"logged"', "", 0)
    assert isinstance(result.Duration, float)
    assert isinstance(result.BillDuration, int)
    assert result.MemUsage > 1_000_000
    assert result.FunctionRequestId == answer.RequestId
    assert result.Log.startswith(f"START RequestId: {answer.RequestId}\n")
    assert "one line" in result.Log


def test_the_judge_warns_of_fields_that_it_does_not_know() -> None:
    with pytest.raises(UserWarning, match="useless"):
        models.InvokeResponse()._deserialize({"Result": {"NoSuchField": 1}, "RequestId": ""})


def test_options_that_are_named_in_full(make_client, action) -> None:
    answer = invoke(
        make_client(),
        action,
        "elsewhere",
        '{"a": 1}',
        Namespace="other",
        Qualifier="$LATEST",
        LogType="None",
        RoutingKey='{"key": "value"}',
    )
    assert (answer.Result.RetMsg, answer.Result.Log) == ('{"a": 1}', "")


def test_no_event_is_an_empty_object(make_client, action) -> None:
    assert invoke(make_client(), action, "echo").Result.RetMsg == "{}"


def test_regions_are_apart(make_client, action) -> None:
    assert invoke(make_client(region="ap-chengdu"), action, "chengdu-echo", "[1]").Result.RetMsg == "[1]"


@pytest.mark.parametrize(
    ("profile", "http"),
    [
        ({}, {"keepAlive": True}),
        ({}, {"keepAlive": False}),
        ({"unsignedPayload": True}, {}),
        ({"unsignedPayload": True}, {"keepAlive": True}),
        ({"language": "en-US"}, {}),
        ({"request_client": "tests,1.0"}, {}),
        ({"disable_region_breaker": False}, {}),
    ],
)
def test_profiles(make_client, action, profile, http) -> None:
    client = make_client(profile=profile, **http)
    for number in range(3):
        event = json.dumps({"n": number, "text": "键"}, ensure_ascii=number == 0)
        assert json.loads(invoke(client, action, "echo", event).Result.RetMsg) == {"n": number, "text": "键"}


def test_low_level_calls(make_client, action) -> None:
    client = make_client()
    payload = PAYLOADS[action]
    parameters = {"FunctionName": "echo", payload: '{"a": 1}', "Qualifier": None, "LogType": None, "Namespace": None}
    answer = json.loads(client.call(action, parameters))["Response"]
    assert answer["Result"]["RetMsg"] == '{"a": 1}'
    assert client.call_json(action, parameters)["Response"]["Result"]["RetMsg"] == '{"a": 1}'
    # A header of the caller's own is sent along, here one that the SDK would else make up.
    traced = client.call_json(action, parameters, headers={"X-TC-TraceId": "ours"})
    assert traced["Response"]["RequestId"]


def test_the_client_for_any_product(make_client) -> None:
    def kind(*arguments: Any) -> CommonClient:
        return CommonClient("scf", "2018-04-16", *arguments)

    answer = make_client(kind=kind).call_json("InvokeFunction", {"FunctionName": "echo", "Event": "7"})
    assert answer["Response"]["Result"]["RetMsg"] == "7"


def test_a_function_that_fails_is_told_in_the_result(make_client, action) -> None:
    answer = invoke(make_client(), action, "answer", '{"do": "fail", "text": "why"}')
    error = json.loads(answer.Result.RetMsg)
    assert (error["statusCode"], error["requestId"]) == (430, answer.RequestId)
    assert answer.Result.InvokeResult != 0
    assert "ValueError: why" in answer.Result.ErrMsg


def test_list_functions(make_client) -> None:
    request = fill(
        models.ListFunctionsRequest,
        Limit=2,
        Offset=1,
        Orderby="FunctionName",
        Order="ASC",
        Namespace="default",
        Filters=[fill(models.Filter, Name="Type", Values=["Event"])],
    )
    answer = make_client().ListFunctions(request)
    names = [function.FunctionName for function in answer.Functions]
    assert len(names) == 2
    assert names == sorted(names)
    assert answer.TotalCount > 5
    request = fill(models.ListFunctionsRequest, SearchKey="chengdu")
    (function,) = make_client(region="ap-chengdu").ListFunctions(request).Functions
    assert (function.FunctionName, function.Namespace, function.Type) == ("chengdu-echo", "default", "Event")
    assert (function.Status, function.Runtime) == ("Active", "Python{}.{}".format(*sys.version_info[:2]))
    assert unset(function) == set()


def test_get_function(make_client) -> None:
    request = fill(models.GetFunctionRequest, FunctionName="elsewhere", Namespace="other", ShowCode="TRUE")
    answer = make_client().GetFunction(request)
    assert (answer.FunctionName, answer.Namespace, answer.Handler) == ("elsewhere", "other", "index.main_handler")
    assert (answer.MemorySize, answer.Timeout, answer.Qualifier) == (128, 10, "$LATEST")
    assert "return event" in answer.CodeInfo
    assert unset(answer) == {"ImageConfig", "ProtocolParams", "InstanceConcurrencyConfig"}


def unset(model: Any) -> "set[str]":
    """The fields of an answer that did not come, or came as null."""
    return {name.lstrip("_") for name, value in vars(model).items() if value is None and name != "_headers"}


def refused(call: "Callable[[], Any]") -> str:
    """The code of a refusal, which must be one that Tencent has, with a message and a request id."""
    with pytest.raises(TencentCloudSDKException) as caught:
        call()
    assert caught.value.get_code() in KNOWN_CODES
    assert caught.value.get_message()
    assert len(caught.value.get_request_id()) == 36
    return caught.value.get_code()


@pytest.mark.parametrize(
    ("settings", "fields", "code"),
    [
        ({}, {"name": "nobody"}, "ResourceNotFound.Function"),
        ({}, {"name": "echo", "Namespace": "nowhere"}, "ResourceNotFound.Function"),
        ({"region": "ap-shanghai"}, {"name": "echo"}, "ResourceNotFound.Function"),
        ({}, {"name": "echo", "Qualifier": "7"}, "ResourceNotFound.Qualifier"),
        ({}, {"name": "-"}, "InvalidParameter.FunctionName"),
        ({}, {"name": "web"}, "InvalidParameterValue.FunctionType"),
        ({}, {"name": "echo", "event": "no JSON"}, "InvalidParameterValue.Param"),
        ({}, {"name": "echo", "event": '{"a": NaN}'}, "InvalidParameterValue.Param"),
        ({}, {"name": "echo", "LogType": "All"}, "InvalidParameterValue"),
        ({}, {"name": 7}, "InvalidParameter"),
        ({}, {"name": "echo", "event": {"a": 1}}, "InvalidParameter"),
        ({}, {"name": None}, "MissingParameter"),
        ({"secret_key": "wrong"}, {"name": "echo"}, "AuthFailure.SignatureFailure"),
        ({"secret_id": "AKIDwrong"}, {"name": "echo"}, "AuthFailure.SecretIdNotFound"),
        ({"token": "wrong"}, {"name": "echo"}, "AuthFailure.TokenFailure"),
        (
            {"secret_key": "wrong", "profile": {"unsignedPayload": True}},
            {"name": "echo"},
            "AuthFailure.SignatureFailure",
        ),
    ],
)
def test_refused_calls(make_client, action, settings, fields, code) -> None:
    client = make_client(**settings)
    assert refused(lambda: invoke(client, action, **fields)) == code


@pytest.mark.parametrize(
    ("call", "parameters", "code"),
    [
        ("NoSuchAction", {}, "InvalidAction"),
        ("Invoke", {"FunctionName": "echo", "Event": "{}"}, "UnknownParameter"),
        ("InvokeFunction", {"FunctionName": "echo", "ClientContext": "{}"}, "UnknownParameter"),
        ("InvokeFunction", {"FunctionName": "echo", "InvocationType": "Event"}, "UnknownParameter"),
        ("Invoke", {"FunctionName": "echo", "InvocationType": "Later"}, "InvalidParameterValue"),
        ("Invoke", [], "InvalidParameter"),
        ("GetFunction", {"FunctionName": "nobody"}, "ResourceNotFound.Function"),
        ("GetFunction", {"FunctionName": "echo", "Namespace": "nowhere"}, "ResourceNotFound.Namespace"),
        ("ListFunctions", {"Namespace": "nowhere"}, "ResourceNotFound.Namespace"),
        ("ListFunctions", {"Limit": "many"}, "InvalidParameter"),
    ],
)
def test_refused_low_level_calls(make_client, call, parameters, code) -> None:
    client = make_client()
    assert refused(lambda: client.call_json(call, parameters)) == code


def test_an_unknown_parameter_is_refused_in_the_platforms_words(make_client) -> None:
    with pytest.raises(TencentCloudSDKException) as caught:
        make_client().call("Invoke", {"FunctionName": "echo", "Event": "{}"})
    assert caught.value.get_message() == "The parameter `Event` is not recognized."


def test_a_version_that_does_not_exist(make_client) -> None:
    client = make_client()
    client._apiVersion = "2017-01-01"
    assert refused(lambda: client.call("Invoke", {"FunctionName": "echo"})) == "NoSuchVersion"


def test_an_unsigned_request_is_refused(make_client) -> None:
    client = make_client()
    options = {"SkipSign": True}
    with pytest.raises(TencentCloudSDKException) as caught:
        client.call("Invoke", {"FunctionName": "echo"}, options=options)
    assert caught.value.get_code() == "AuthFailure.InvalidAuthorization"


def test_temporary_keys_open_with_their_token_alone(make_client, action) -> None:
    answer = invoke(make_client(), "InvokeFunction", "answer", '{"do": "keys"}')
    keys = json.loads(answer.Result.RetMsg)
    pair = {"secret_id": keys["SECRETID"], "secret_key": keys["SECRETKEY"]}
    with_token = make_client(**pair, token=keys["SESSIONTOKEN"])
    assert invoke(with_token, action, "echo", "1").Result.RetMsg == "1"
    for token in (None, "wrong", keys["SESSIONTOKEN"][:-1]):
        client = make_client(**pair, token=token)
        assert refused(lambda client=client: invoke(client, action, "echo")) == "AuthFailure.TokenFailure"


@pytest.mark.proof
@pytest.mark.timeout(400)  # the first run makes the environment
def test_the_asyncio_client(judged_scf) -> None:
    requirements = ("tencentcloud-sdk-python-common[async]", "tencentcloud-sdk-python-scf")
    program = Programs(make_judge("official-async", Path(sys.executable), requirements))
    output = program("official_async.py", judged_scf.env, f"{judged_scf.host}:{judged_scf.port}")
    assert output.splitlines() == [
        'Invoke => {"a": 1}',
        'InvokeFunction => {"a": 1}',
        'not kept alive => {"a": 1}',
        'unsigned payload => {"a": 1}',
        "ListFunctions => (['name-with-dash'], 1)",
        "GetFunction => ('echo', 'index.main_handler')",
        "low level => {}",
        "many => 10",
        "life => ('1', ['$LATEST', '1'], '\"1\"', 1)",
        "wrong region => ResourceNotFound.Function True",
        "wrong key => AuthFailure.SignatureFailure True",
    ]
