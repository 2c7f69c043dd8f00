"""Answers of the URL itself."""

import json

from tencentserverless.local.errors import ApiError
from tencentserverless.local.outcome import OVER_QUOTA, Outcome, bootstrap_failed, exited, over_quota, start_failed
from tencentserverless.local.web.url_answers import api_refusal, failure, refusal


def test_a_refusal_has_its_status_words_and_id():
    answer = refusal(404, "not here", "id-1", b"Vary: Origin\r\n")
    assert (answer.status, json.loads(answer.body)) == (404, {"errorMessage": "not here", "statusCode": 404})
    assert answer.lines == b"Content-Type: application/json\r\nX-Scf-Request-Id: id-1\r\nVary: Origin\r\n"
    assert (answer.reason, refusal(446, "", "id-1").reason) == ("", "status code 446")


def test_a_failure_has_the_status_of_the_function():
    answer = failure(exited(1.0, b"", "signal 9"), "id-1")
    assert (answer.status, answer.reason) == (439, "status code 439")
    assert json.loads(answer.body) == {
        "errorCode": -1,
        "errorMessage": "User process exit when running",
        "requestId": "id-1",
        "statusCode": 439,
    }


def test_what_never_ran_has_neither_code_nor_id():
    for outcome in (start_failed("x"), over_quota("it", 128)):
        assert set(json.loads(failure(outcome, "id-1").body)) == {"errorMessage", "statusCode"}
    assert json.loads(failure(bootstrap_failed("x"), "id-1").body)["statusCode"] == 443
    assert failure(Outcome(OVER_QUOTA, message="x"), "id-1").status == 432


def test_the_codes_of_the_api_have_statuses_of_http():
    for code, status in (
        ("ResourceNotFound.Function", 404),
        ("LimitExceeded.Memory", 429),
        ("InternalError", 500),
        ("UnsupportedOperation", 501),
        ("FailedOperation.CreateTrigger", 503),
        ("InvalidParameterValue.Param", 400),
    ):
        assert api_refusal(ApiError(code, "words"), "id-1").status == status, code


def test_text_that_is_no_unicode_does_not_break_an_answer():
    assert b"\\udc80" in refusal(400, "\udc80", "id-1").body
