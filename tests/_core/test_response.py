import json

import pytest

from tencentserverless import exception
from tencentserverless._core import wire
from tencentserverless._core.http11 import Response
from tencentserverless._core.response import read_response, read_retry_after
from tencentserverless.models import InvokeResult, Verdict
from tests.alarms import needs_alarm, on_alarm
from tests.peer import error_body, result_body
from tests.profiles import examples

hypothesis = pytest.importorskip("hypothesis")
st = hypothesis.strategies

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

NO, MAYBE, YES = Verdict.NO, Verdict.MAYBE, Verdict.YES

#: Scf-facts 1.7 and 5.5, written out again by hand: the tables of wire.py must say the same.
STATUSES = {
    NO: (400, 401, 402, 404, 406, 410, 429, 432, 435, 436, 438, 441, 442),
    YES: (407, 430, 433, 434, 439),
    MAYBE: (403, 405, 437, 443, 444, 445, 446, 447, 449, 450, 455, 456, 499, 500, 1, -1, 0),
}
CLASSES = {
    407: exception.FunctionResultTooLarge,
    429: exception.FunctionThrottled,
    430: exception.FunctionError,
    432: exception.FunctionThrottled,
    433: exception.FunctionTimeout,
    434: exception.FunctionMemoryExceeded,
    435: exception.FunctionRefused,
    437: exception.FunctionLoadError,
    439: exception.FunctionExited,
    443: exception.FunctionLoadError,
    400: exception.FunctionRefused,
    401: exception.FunctionRefused,
    406: exception.FunctionRefused,
    500: exception.TencentServerlessSDKException,
}


def answer(body: "str | bytes", status: int = 200) -> "Any":
    return read_response(Response(status, {}, body if isinstance(body, bytes) else body.encode("utf-8"), True))


def failed(status: int, request_id: str = "req-1", **facts: "Any") -> "Any":
    """The answer for a function that ended with this status."""
    found = {"errorCode": -1, "errorMessage": "it failed", "requestId": request_id, "statusCode": status}
    found.update(facts)
    return answer(result_body(json.dumps(found), InvokeResult=status))


@pytest.mark.parametrize("text", ['"Hello World"', "null", "1", '{"a": [1]}', "hello from scf", "", "{", '"\u4f60"'])
def test_a_success_is_the_text_of_ret_msg(text: str) -> None:
    found = answer(result_body(text))
    assert type(found) is InvokeResult
    assert found == text


def test_a_success_carries_the_facts_of_the_execution() -> None:
    found = answer(result_body('"x"', Log="tail", Duration=0.826, BillDuration=101, MemUsage=3207168))
    assert (found.request_id, found.function_request_id) == ("req-1", "fn-1")
    assert (found.duration_ms, found.billed_duration_ms, found.memory_bytes) == (0.826, 101, 3207168)
    assert found.log == "tail"


def test_the_published_sample_is_a_success() -> None:
    found = answer(
        '{"Response":{"Result":{"MemUsage":3207168,"Log":"","RetMsg":"hello from scf","BillDuration":100,'
        '"FunctionRequestId":"6add56fa-58f1-11e8-89a9-5254005d5fdb","Duration":0.826,"ErrMsg":"","InvokeResult":0},'
        '"RequestId":"c2af8a64-c922-4d55-aee0-bd86a5c2cd12"}}'
    )
    assert found == "hello from scf"


@pytest.mark.parametrize("value", [0, 200, None, ""])
def test_every_form_of_success_that_was_seen_is_one(value: "Any") -> None:
    assert answer(result_body('"x"', InvokeResult=value)) == '"x"'


def test_an_accepted_asynchronous_call_is_an_empty_success() -> None:
    """0.1.7 called it an internal server error, for it has no InvokeResult."""
    found = answer('{"Response": {"Result": {"FunctionRequestId": "fn-7", "RetMsg": ""}, "RequestId": "r"}}')
    assert found == ""
    assert (found.function_request_id, found.duration_ms, found.memory_bytes) == ("fn-7", 0.0, 0)
    nulls = dict.fromkeys(["RetMsg", "ErrMsg", "Log", "Duration", "BillDuration", "MemUsage", "InvokeResult"])
    assert answer(json.dumps({"Response": {"Result": dict(nulls, FunctionRequestId="f"), "RequestId": "r"}})) == ""


@pytest.mark.parametrize(
    ("status", "executed"), [(status, verdict) for verdict, group in STATUSES.items() for status in group]
)
def test_every_function_status_has_its_verdict(status: int, executed: Verdict) -> None:
    found = failed(status)
    assert isinstance(found, exception.TencentServerlessSDKException)
    assert found.executed is executed
    assert found.status_code == status
    assert isinstance(found, CLASSES.get(status, exception.TencentServerlessSDKException))


def test_the_table_of_statuses_holds_nothing_that_is_not_judged_here() -> None:
    known = {status for group in STATUSES.values() for status in group}
    assert set(wire.STATUSES) <= known
    for status, (verdict, _) in wire.STATUSES.items():
        assert status in STATUSES[verdict]


def test_an_exception_of_the_functions_code_comes_with_its_traceback() -> None:
    found = failed(430, errorCode=1, errorMessage="user code exception caught", stackTrace="Traceback ...")
    assert type(found) is exception.FunctionError
    assert (found.code, found.message, found.stack_trace) == (1, "user code exception caught", "Traceback ...")
    assert found.request_id == "req-1"
    assert found.response["Response"]["Result"]["InvokeResult"] == 430
    assert found.executed is YES


@pytest.mark.parametrize(
    "text",
    [
        '{"errorCode":1,"errorMessage":"user code exception caught","stackTrace":"..","statusCode":430}',
        '{"errorCode":-1,"errorMessage":"Traceback (most recent call last)","statusCode":443}',
        '{"errorCode":-1,"errorMessage":"Invoking task timed out after 3 seconds","statusCode":433}',
        '{"errorCode":-1,"errorMessage":"Task memory exceeded 128 MB","statusCode":434}',
        '{"errorCode":-1,"errorMessage":"User process exit when running","statusCode":439}',
        '{"errorCode":1,"errorMessage":"Resource limit exceed for function [f]","statusCode":432}',
        '{"errorCode":1,"errorMessage":"user code exception caught","stackTrace":"."}',
    ],
)
@pytest.mark.parametrize("value", [0, 200, None, ""])
def test_an_observed_error_object_is_a_failure_whatever_invoke_result_says(text: str, value: "Any") -> None:
    """As a caller gets it, it carries the call's id; function logs show it without."""
    for request_id in ("req-1", "fn-1"):
        with_id = text[:-1] + ',"requestId":"{}"}}'.format(request_id)
        found = answer(result_body(with_id, InvokeResult=value))
        assert isinstance(found, exception.TencentServerlessSDKException)
        assert found.message == json.loads(text)["errorMessage"]
    found = answer(result_body(text, InvokeResult=1))
    assert isinstance(found, exception.TencentServerlessSDKException)
    assert found.message == json.loads(text)["errorMessage"]


@pytest.mark.parametrize("status", [200, 404, 429, 430, 449, 500])
@pytest.mark.parametrize("value", [0, 200, None, ""])
@pytest.mark.parametrize("request_id", [{}, {"requestId": None}, {"requestId": ""}])
def test_an_error_object_without_this_calls_id_is_the_functions_result(
    status: int, value: "Any", request_id: "dict[str, Any]"
) -> None:
    """Three ordinary keys lost a result, said that the function had not run, and had it run again."""
    data = dict(request_id, errorCode=1001, errorMessage="no such user", statusCode=status)
    found = answer(result_body(json.dumps(data), InvokeResult=value))
    assert type(found) is InvokeResult
    assert found.json() == data


@pytest.mark.parametrize(
    "data",
    [
        {"errorCode": 1, "errorMessage": "mine"},  # two keys of ours could be anybody's
        {"errorMessage": "mine", "statusCode": 430},
        {"errorCode": 1, "statusCode": 430, "requestId": "req-1"},
        {"errorCode": 1, "errorMessage": "mine", "statusCode": 430, "retry": False},  # a key that is not the platform's
        {"errorCode": 1, "errorMessage": "mine", "statusCode": 430, "requestId": "another call's"},
        {"errorType": "ValueError", "errorMessage": "mine", "stackTrace": []},
        [{"errorCode": 1, "errorMessage": "in a list", "statusCode": 430}],
        "errorMessage",
    ],
)
def test_somebody_elses_error_object_is_a_functions_data(data: "Any") -> None:
    """A function that forwards an error as its answer has not failed."""
    text = json.dumps(data)
    assert answer(result_body(text)) == text


@pytest.mark.parametrize("request_id", ["req-1", "fn-1", "", None])
def test_an_error_object_with_this_calls_id_is_the_platforms(request_id: "Any") -> None:
    assert failed(430, request_id).executed is YES


FORGED = '{"errorCode":1,"errorMessage":"busy","statusCode":429,"requestId":"req-1"}'


@pytest.mark.parametrize("value", [0, 200, None, ""])
def test_a_refusal_that_only_ret_msg_tells_of_proves_nothing(value: "Any") -> None:
    """A function knows its id, and may have returned that object as its data; to believe NO would run it twice."""
    found = answer(result_body(FORGED, InvokeResult=value))
    assert (type(found), found.executed) == (exception.FunctionThrottled, MAYBE)


@pytest.mark.parametrize("facts", [{"InvokeResult": 429}, {"ErrMsg": "busy"}, {"InvokeResult": -1}])
def test_a_refusal_that_the_platform_repeats_elsewhere_is_a_no(facts: "dict[str, Any]") -> None:
    assert answer(result_body(FORGED, **facts)).executed is NO


def test_an_object_with_error_code_0_is_the_functions_data() -> None:
    text = '{"errorCode":0,"errorMessage":"","requestId":""}'
    assert answer(result_body(text, InvokeResult=0)) == text


@needs_alarm
@pytest.mark.parametrize("kind", [ValueError, KeyError, RecursionError])
def test_an_error_of_a_signal_handler_is_no_fault_of_the_answer(kind: "type[Exception]") -> None:
    """It may come in the middle of decoding, here of an envelope and of an object in RetMsg."""
    numbers = list(range(20000))
    text = result_body(json.dumps({"errorMessage": "m", "numbers": numbers}), Log=numbers)
    is_armed = False
    rung = came = 0

    def ring(*_: object) -> None:
        nonlocal rung
        if is_armed:
            rung += 1
            raise kind("the handler's own")

    with on_alarm(ring) as ring_after:
        for number in range(40):
            try:
                is_armed = True
                ring_after(0.0005 + number % 20 * 0.0005)
                answer(text)
                is_armed = False
            except kind:
                is_armed = False
                came += 1
    assert came == rung > 0


def test_broken_json_in_ret_msg_is_a_failure_only_if_something_else_says_so() -> None:
    text = '{"errorCode":1,"errorMessage":"cut'
    assert answer(result_body(text, InvokeResult=0)) == text
    found = answer(result_body(text, InvokeResult=1))
    assert type(found) is exception.TencentServerlessSDKException
    assert (found.code, found.message, found.executed) == (-1, text, MAYBE)


def test_an_error_message_alone_is_a_failure() -> None:
    found = answer(result_body('"x"', ErrMsg="it broke"))
    assert (type(found), found.message, found.code) == (exception.TencentServerlessSDKException, "it broke", -1)
    assert found.executed is MAYBE


@pytest.mark.parametrize("value", [-1, 1, 2, 430, 500, True, "error", [], {}])
def test_any_other_invoke_result_is_a_failure(value: "Any") -> None:
    """0.1.7 returned 430, 433 and the like as successes."""
    found = answer(result_body('"x"', InvokeResult=value))
    assert isinstance(found, exception.TencentServerlessSDKException)


def test_a_bare_status_in_invoke_result_has_its_verdict() -> None:
    found = answer(result_body("", InvokeResult=433))
    assert (type(found), found.executed, found.message) == (exception.FunctionTimeout, YES, "the function failed")


#: Every documented category of codes, with details where they matter.
API_CODES = {
    NO: (
        "ActionOffline",
        "AuthFailure.InvalidAuthorization",
        "AuthFailure.InvalidSecretId",
        "AuthFailure.MFAFailure",
        "AuthFailure.SecretIdNotFound",
        "AuthFailure.SignatureExpire",
        "AuthFailure.SignatureFailure",
        "AuthFailure.TokenFailure",
        "AuthFailure.UnauthorizedOperation",
        "DryRunOperation",
        "FailedOperation.FunctionStatusError",
        "InvalidAction",
        "InvalidParameter",
        "InvalidParameter.FunctionName",
        "InvalidParameter.RequestTooLarge",
        "InvalidParameterValue",
        "InvalidParameterValue.Param",
        "InvalidRequest",
        "IpInBlacklist",
        "IpNotInWhitelist",
        "LimitExceeded.Quota",
        "MissingParameter",
        "NoSuchProduct",
        "NoSuchVersion",
        "OperationDenied",
        "RequestLimitExceeded",
        "RequestLimitExceeded.IPLimitExceeded",
        "RequestLimitExceeded.UinLimitExceeded",
        "RequestLimitExceeded.GlobalRegionUinLimitExceeded",
        "RequestSizeLimitExceeded",
        "ResourceInUse",
        "ResourceInsufficient",
        "ResourceNotFound.Function",
        "ResourceNotFound.FunctionName",
        "ResourceNotFound.Qualifier",
        "ResourceUnavailable.InsufficientBalance",
        "ResourceUnavailable.ServiceSuspended",
        "UnauthorizedOperation.CAM",
        "UnknownParameter",
        "UnsupportedOperation",
        "UnsupportedProtocol",
        "UnsupportedRegion",
    ),
    MAYBE: (
        "FailedOperation",
        "FailedOperation.InvokeFunction",
        "InternalError",
        "InternalError.System",
        "ResponseSizeLimitExceeded",
        "ServiceUnavailable",
        "SomethingNew",
        "SomethingNew.AuthFailure",
        "authfailure",
        "AuthFailureX",
        "",
    ),
}


@pytest.mark.parametrize(
    ("code", "executed"), [(code, verdict) for verdict, codes in API_CODES.items() for code in codes]
)
def test_every_documented_api_code_has_its_verdict(code: str, executed: Verdict) -> None:
    found = answer(error_body(code, "the message"))
    assert isinstance(found, exception.APIError)
    assert found.executed is executed
    assert (found.code, found.message, found.request_id) == (code or "InternalError", "the message", "req-1")
    assert found.response["Response"]["Error"]["Code"] == code


def test_every_refusal_of_the_table_is_judged_here() -> None:
    judged = set(API_CODES[NO]) | {wire.category(code) for code in API_CODES[NO]}
    assert set(wire.REFUSALS) <= judged


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("AuthFailure.SecretIdNotFound", exception.AuthFailure),
        ("ResourceNotFound.Function", exception.ResourceNotFound),
        ("RequestLimitExceeded", exception.RequestThrottled),
        ("InternalError", exception.APIError),
    ],
)
def test_an_api_error_is_of_its_class(code: str, expected: type) -> None:
    assert type(answer(error_body(code))) is expected


@pytest.mark.parametrize("error", ["text", 5, [1], {}, {"Code": None}, {"Code": 5, "Message": None}, {"Message": "m"}])
def test_a_strange_api_error_is_still_an_api_error(error: "Any") -> None:
    found = answer(json.dumps({"Response": {"Error": error, "RequestId": "r"}}))
    assert isinstance(found, exception.APIError)
    assert found.executed is MAYBE
    assert isinstance(found.code, str)
    str(found)


@pytest.mark.parametrize("status", [201, 204, 301, 400, 403, 404, 429, 500, 502, 503, 504, 599])
def test_another_http_status_proves_nothing(status: int) -> None:
    found = answer("<html>gateway</html>" + "x" * 1000, status)
    assert type(found) is exception.ServerError
    assert (found.status, found.executed, found.code) == (status, MAYBE, "ServerNetworkError")
    assert "HTTP status {}: <html>gateway</html>".format(status) in found.message
    assert len(found.response) == 512


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'"text"',
        b"5",
        b"{}",
        b'{"Response": null}',
        b'{"Response": []}',
        b'{"Response": "x"}',
        b'{"response": {}}',
        b'{"Response": {}}',
        b'{"Response": {"RequestId": "r"}}',
        b'{"Response": {"Result": null}}',
        b'{"Response": {"Result": []}}',
        b'{"Response": {"Result": "x"}}',
        b'{"Response": {"Result": {"RetMsg": 5}}}',
        b'{"Response": {"Result": {"RetMsg": {}}}}',
        b'{"Response": {"Result": {"RetMsg": ["x"]}}}',
        b'{"Response": {"Result": {"RetMsg": "cut',
        b'{"Response": {"Result": {"RetMsg": "\xff\xfe"}}}',
        b"\xff\xfe\x00",
        b"\xef\xbb\xbf{}",
        b"<html>",
        b"[" * 100000,
        b'{"Response":' * 100000,
        b'{"Response": {"Result": {"RetMsg": ' + b"9" * 5000 + b"}}}",
    ],
)
def test_an_answer_that_is_no_envelope_is_a_protocol_error_with_its_start(body: bytes) -> None:
    found = answer(body)
    assert type(found) is exception.ProtocolError
    assert found.executed is MAYBE
    assert found.response == body[:512].decode("utf-8", "replace")


def test_ret_msg_that_is_nested_too_deeply_to_judge_is_data() -> None:
    text = '{"errorMessage":' * 100000
    assert answer(result_body(text)) == text


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(["req-1", "fn-1"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
RESULT_FIELDS = ["RetMsg", "ErrMsg", "Log", "FunctionRequestId", "Duration", "BillDuration", "MemUsage", "InvokeResult"]
ERROR_FIELDS = ["errorCode", "errorMessage", "requestId", "stackTrace", "statusCode", "other"]


def fields_from(names: "list[str]", values: "Any" = json_values) -> "Any":
    return st.dictionaries(st.sampled_from(names), values, max_size=len(names))


ret_msgs = fields_from(ERROR_FIELDS).map(json.dumps) | json_values
results = st.builds(lambda fields, text: dict(fields, RetMsg=text), fields_from(RESULT_FIELDS), ret_msgs)
envelopes = st.fixed_dictionaries(
    {
        "Response": fields_from(
            ["Result", "Error", "RequestId"], json_values | results | fields_from(["Code", "Message"])
        )
        | json_values
    }
)


def is_an_answer(found: "Any") -> bool:
    known = (InvokeResult, exception.CallError, exception.TencentServerlessSDKException)
    if not isinstance(found, known):
        return False
    if isinstance(found, InvokeResult):
        return isinstance(repr(found), str)
    return isinstance(found.executed, Verdict) and isinstance(str(found) + repr(found), str)


@pytest.mark.campaign
@hypothesis.settings(max_examples=examples(600, share=10))
@hypothesis.given(envelopes)
def test_any_json_is_a_result_or_an_error_of_ours(envelope: "Any") -> None:
    """Nothing that a peer says makes the reader raise; a NO is never made up."""
    found = answer(json.dumps(envelope))
    assert is_an_answer(found)


@hypothesis.given(st.binary(max_size=200), st.integers(200, 599))
def test_any_bytes_are_a_result_or_an_error_of_ours(body: bytes, status: int) -> None:
    assert is_an_answer(answer(body, status))


@hypothesis.given(json_values.map(json.dumps))
def test_any_return_value_comes_back_as_its_text(text: str) -> None:
    """A function may return whatever it likes; only the platform's own object is a failure."""
    assert answer(result_body(text)) == text


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({b"retry-after": b"12"}, 12.0),
        ({b"retry-after": b"0"}, 0.0),
        ({b"retry-after": b"9" * 40}, 999999999.0),
        ({b"retry-after": b"-1"}, None),
        ({b"retry-after": b"soon"}, None),
        ({b"retry-after": b"Mon, 25 Feb 2019 16:44:35 GMT"}, 10.0),
        ({b"retry-after": b"Mon, 25 Feb 2019 16:44:15 GMT"}, 0.0),
        ({b"retry-after": b"Mon, 25 Feb 2019 16:44:35 GMT", b"date": b"Mon, 25 Feb 2019 16:44:32 GMT"}, 3.0),
    ],
)
def test_the_pause_that_the_server_asks_for_is_read(headers: "Any", seconds: "float | None") -> None:
    assert read_retry_after(Response(503, headers, b"", True), 1551113065.0) == seconds


def test_an_answer_in_a_coding_that_nobody_asked_for_says_so() -> None:
    error = read_response(Response(200, {b"content-encoding": b"br"}, b"\x1f\x8b", True))
    assert isinstance(error, exception.ProtocolError)
    assert "in the Content-Encoding 'br', which was not asked for" in error.message
