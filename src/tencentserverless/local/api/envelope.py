"""The envelope of every answer, also of errors: HTTP 200, ``{"Response": {..., "RequestId": ...}}``.

Source: cloud.tencent.com/document/api/583/17240 (responses). The content type has no parameter: the official Python SDK
searches for errors only in ``application/json`` and ``text/plain``, and takes any other answer for a success.
"""

from collections.abc import Awaitable, Callable, Mapping

import msgspec

from tencentserverless.local.errors import ApiError
from tencentserverless.local.registry.database import DatabaseError

_encoder = msgspec.json.Encoder()


def success(fields: Mapping[str, object], request_id: str) -> bytes:
    """Return the body of an answer with these fields."""
    return _encoder.encode({"Response": {**fields, "RequestId": request_id}})


class _Fields(msgspec.Struct):
    Result: object
    RequestId: str


class _Envelope(msgspec.Struct):
    Response: _Fields


def result(result: object, request_id: str) -> bytes:
    """Return the body of the answer to a call: ``success`` of the field Result alone, faster."""
    return _encoder.encode(_Envelope(_Fields(result, request_id)))


def failure(error: ApiError, request_id: str) -> bytes:
    """Return the body of a refusal."""
    content = {"Error": {"Code": error.code, "Message": error.message}, "RequestId": request_id}
    return _encoder.encode({"Response": content})


def internal_error(error: Exception, request_id: str, show: Callable[[str], None]) -> bytes:
    """Return the body of an answer after a failure of the local SCF itself. Only the terminal shows the failure."""
    show(f"internal error in request {request_id}: {error!r}")
    return failure(ApiError("InternalError", "The local SCF failed inside."), request_id)


async def answered(handling: Awaitable[Mapping[str, object]], request_id: str, show: Callable[[str], None]) -> bytes:
    """Return the body of the answer to a request: a success, a refusal or an internal error.

    :param handling: returns the fields of the answer
    """
    try:
        return success(await handling, request_id)
    except ApiError as error:
        return failure(error, request_id)
    except DatabaseError as error:
        problem = f"The local SCF can't keep it: {error}. Nothing has changed."
        return failure(ApiError("InternalError", problem), request_id)
    except Exception as error:  # noqa: BLE001  # the last handler: no traceback may reach the client
        return internal_error(error, request_id, show)
