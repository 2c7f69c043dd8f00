"""Answers of the URL itself: refusals, and the failures of functions.

The platform answers a failure with the function's status as HTTP status, ``status code N`` as reason, and a small JSON
object (seen in public code; its pages do not say it). The words of refusals, and the statuses of those that the
platform does not have, are ours.
"""

import json

from tencentserverless._core import wire
from tencentserverless.local.errors import ApiError
from tencentserverless.local.http.messages import STATUS_LINES, Answer
from tencentserverless.local.outcome import OVER_QUOTA, Outcome

#: HTTP statuses of the platform's codes, by their first word.
_CATEGORIES = {
    "ResourceNotFound": 404,
    "LimitExceeded": 429,
    "RequestLimitExceeded": 429,
    "InternalError": 500,
    "UnsupportedOperation": 501,
    "FailedOperation": 503,
}
_OTHER = 400
_TYPE_LINE = b"Content-Type: " + wire.CONTENT_TYPE.encode("ascii") + b"\r\n"


def id_line(request_id: str) -> bytes:
    """Return the header line of every answer."""
    return b"X-Scf-Request-Id: %s\r\n" % request_id.encode("ascii")


def refusal(status: int, words: str, request_id: str, lines: bytes = b"") -> Answer:
    """Make the answer to a request that reached no function.

    :param lines: further header lines
    """
    body = _encode({"errorMessage": words, "statusCode": status})
    return Answer(status, body, _TYPE_LINE + id_line(request_id) + lines, reason_of(status))


def api_refusal(error: ApiError, request_id: str, lines: bytes = b"") -> Answer:
    """Make the answer to a call that the server refuses in the API's words."""
    return refusal(_CATEGORIES.get(error.code.partition(".")[0], _OTHER), error.message, request_id, lines)


def failure(outcome: Outcome, request_id: str, lines: bytes = b"") -> Answer:
    """Make the answer to a call whose function failed. What never ran has neither error code nor request id in it."""
    fields: dict[str, object] = {"errorMessage": outcome.message, "statusCode": outcome.status}
    if outcome.has_run:
        code = 1 if outcome.status == OVER_QUOTA else -1
        fields = {"errorCode": code, "errorMessage": outcome.message, "requestId": request_id}
        fields["statusCode"] = outcome.status
    lines = _TYPE_LINE + id_line(request_id) + lines
    return Answer(outcome.status, _encode(fields), lines, f"status code {outcome.status}")


def reason_of(status: int) -> str:
    """Return the reason of a status line, where HTTP has none."""
    return "" if status in STATUS_LINES else f"status code {status}"


def _encode(fields: dict[str, object]) -> bytes:
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "backslashreplace")
