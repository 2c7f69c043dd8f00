"""Reads an HTTP response: the ``InvokeResult``, or the right error with its verdict.

A failure of the function shows in any of three places. The field InvokeResult alone never decides: its meaning changed
four times, and today's documentation calls it unmaintained
(cloud.tencent.com/document/api/583/17244, Result).
"""

from json import JSONDecoder

from tencentserverless import exception
from tencentserverless._core import wire
from tencentserverless._core.bodies import DIGITS, is_made_of
from tencentserverless._core.http11 import parse_date
from tencentserverless.models import InvokeResult, Verdict, rebuild_result

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeVar

    from tencentserverless._core.http11 import Response

    #: A structure of the API, in a request or in an answer: decoded JSON.
    Fields = dict[str, Any]

    Failed = exception.CallError | exception.TencentServerlessSDKException
    CallFailed = TypeVar("CallFailed", bound=exception.CallError)

_decoder = JSONDecoder()
_SHOWN_CHARACTERS = 512  # of an answer that could not be decoded


def read_response(response: "Response") -> "InvokeResult | Failed":
    """Read the answer to a call: the result, or the error to raise."""
    envelope = read_envelope(response)
    if type(envelope) is not dict:
        return envelope  # type: ignore[return-value]  # an error
    answer = envelope["Response"]
    result = answer.get("Result")
    if not isinstance(result, dict) or not isinstance(result.get("RetMsg", ""), (str, type(None))):
        return _protocol_error(response, "has neither a Result nor an Error")
    found = read_result(envelope, answer, result)
    found._headers = response.headers  # noqa: SLF001  # a value of this package
    return found


def read_envelope(response: "Response") -> "Fields | exception.CallError":
    """Decode the answer of any action, or make the error to raise."""
    if response.status != 200:
        return _with_headers(_server_error(response), response)
    try:
        envelope: "Fields" = _decode(response.body.decode("utf-8"))
        answer = envelope["Response"]
        error = answer.get("Error")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as fault:
        if _is_foreign(fault):
            raise
        return _protocol_error(response, "is no JSON with a Response ({})".format(type(fault).__name__))
    return envelope if error is None else _with_headers(_api_error(envelope, answer, error), response)


def _with_headers(error: "CallFailed", response: "Response") -> "CallFailed":
    error._headers = response.headers  # noqa: SLF001  # a value of this package
    return error


def _decode(text: str) -> "Any":
    """Decode a JSON text. A text without blanks around it, as answers are, needs no search for blanks.

    :raises ValueError: if it is no JSON
    """
    if text[:1] in _OPENINGS:
        value, end = _decoder.raw_decode(text)
        if end == len(text):
            return value
    return _decoder.decode(text)


_OPENINGS = ("{", "[")


def _is_foreign(fault: Exception) -> bool:
    """True if a signal handler raised this in the middle of the reading, and not the reading itself."""
    traceback = fault.__traceback__
    while traceback is not None:
        if traceback.tb_frame.f_code.co_filename not in _READERS:
            return True
        traceback = traceback.tb_next
    return False


_READERS = (_decode.__code__.co_filename, JSONDecoder.decode.__code__.co_filename)


def read_result(envelope: "Fields", answer: "Fields", result: "Fields") -> "InvokeResult | Failed":
    """Read the structure Result.

    :param envelope: the whole answer
    :param answer: its Response
    """
    text = result.get("RetMsg") or ""
    platform_error = None
    if text[:1] == "{" and '"errorMessage"' in text:
        platform_error = _read_platform_error(text, answer, result)
    if platform_error is not None or _has_failed(result):
        return _function_error(envelope, answer, result, platform_error)
    return rebuild_result(
        text,
        (
            answer.get("RequestId") or "",
            result.get("FunctionRequestId") or "",
            result.get("Duration") or 0.0,
            result.get("BillDuration") or 0,
            result.get("MemUsage") or 0,
            result.get("Log") or "",
        ),
    )


#: Asynchronous calls have none or an empty one; both 0 and 200 mean success in documents and in observed answers.
_SUCCESSES = (0, 200, None, "")


def _read_platform_error(text: str, answer: "Fields", result: "Fields") -> "Fields | None":
    """Read RetMsg as the platform's error object. None for a function's own data, even another call's error object.

    If no other field says that the call failed, the object must have this call's id, as all of the platform's have:
    any function may return the other keys.
    """
    try:
        found = _decode(text)
    except (ValueError, RecursionError) as fault:
        if _is_foreign(fault):
            raise
        return None
    if not isinstance(found, dict) or not wire.ERROR_KEYS.issuperset(found):
        return None
    if not found.get("errorCode") or "errorMessage" not in found or len(found) < 3:
        return None
    request_id = found.get("requestId")
    if not request_id:
        return found if _has_failed(result) else None
    return found if request_id in (answer.get("RequestId"), result.get("FunctionRequestId")) else None


def _has_failed(result: "Fields") -> bool:
    """True if a field says so that only the platform writes; the function may write RetMsg."""
    return bool(result.get("ErrMsg")) or result.get("InvokeResult") not in _SUCCESSES


def _function_error(
    envelope: "Fields", answer: "Fields", result: "Fields", found: "Fields | None"
) -> "exception.TencentServerlessSDKException":
    facts = found or {}
    status = facts.get("statusCode", result.get("InvokeResult"))
    if not isinstance(status, int):
        status = None
    executed, error_class = wire.STATUSES.get(status, _UNKNOWN_STATUS)  # type: ignore[arg-type]
    if executed is Verdict.NO and not _has_failed(result):
        # Only RetMsg says so, which the function writes: a function that ran may return any object, with its id.
        executed = Verdict.MAYBE
    return error_class(
        facts.get("errorCode", -1),
        facts.get("errorMessage") or result.get("ErrMsg") or result.get("RetMsg") or "the function failed",
        answer.get("RequestId"),
        envelope,
        facts.get("stackTrace") or "",
        status_code=status,
        executed=executed,
    )


_UNKNOWN_STATUS = (Verdict.MAYBE, exception.TencentServerlessSDKException)


def _api_error(envelope: "Fields", answer: "Fields", error: object) -> "exception.APIError":
    found: "Fields" = error if isinstance(error, dict) else {"Message": error}
    code = str(found.get("Code") or "InternalError")
    error_class = wire.API_ERRORS.get(wire.category(code), exception.APIError)
    return error_class(
        code,
        found.get("Message") or "",
        answer.get("RequestId"),
        response=envelope,
        executed=wire.api_verdict(code),
    )


def read_retry_after(response: "Response", now: float) -> "float | None":
    """Read the seconds of ``Retry-After``, as a number or a date (RFC 9110, 10.2.3); None if there are none.

    :param now: UNIX seconds, for an answer without a Date
    """
    value = response.headers.get(b"retry-after", b"")
    if is_made_of(value, DIGITS):
        return float(int(value[:9]))
    date, sent_at = parse_date(value), parse_date(response.headers.get(b"date", b""))
    return None if date is None else max(0.0, date - (now if sent_at is None else sent_at))


def _server_error(response: "Response") -> "exception.ServerError":
    start = _start_of(response.body)
    error = exception.ServerError(
        "ServerNetworkError", "HTTP status {}: {}".format(response.status, start), response=start
    )
    error.status = response.status
    return error


def _protocol_error(response: "Response", fault: str) -> "exception.ProtocolError":
    start = _start_of(response.body)
    coding = response.headers.get(b"content-encoding", b"").decode("latin-1")
    packed = ", in the Content-Encoding {!r}, which was not asked for".format(coding) if coding else ""
    message = "the answer {}{}: {!r}".format(fault, packed, start)
    return _with_headers(exception.ProtocolError("ClientNetworkError", message, response=start), response)


def _start_of(body: bytes) -> str:
    return body[:_SHOWN_CHARACTERS].decode("utf-8", "replace")
