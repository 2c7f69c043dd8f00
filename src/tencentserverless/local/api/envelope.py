"""The envelope of every answer: HTTP 200, ``{"Response": {..., "RequestId": ...}}``, also where it is an error.

Source: cloud.tencent.com/document/api/583/17240 (responses). The content type has no parameter: the official Python SDK
looks for errors in ``application/json`` and ``text/plain`` alone, and takes any other answer for a success.
"""

from collections.abc import Awaitable, Callable, Mapping

import msgspec

from tencentserverless.local.errors import ApiError
from tencentserverless.local.registry.database import DatabaseError

_encoder = msgspec.json.Encoder()


def success(fields: Mapping[str, object], request_id: str) -> bytes:
    """The body of an answer with these fields."""
    return _encoder.encode({"Response": {**fields, "RequestId": request_id}})


def failure(error: ApiError, request_id: str) -> bytes:
    """The body of a refusal."""
    content = {"Error": {"Code": error.code, "Message": error.message}, "RequestId": request_id}
    return _encoder.encode({"Response": content})


def internal_error(error: Exception, request_id: str, show: Callable[[str], None]) -> bytes:
    """The body of an answer where the local SCF itself has failed. What it was is for the terminal alone."""
    show(f"internal error in request {request_id}: {error!r}")
    return failure(ApiError("InternalError", "The local SCF failed inside."), request_id)


async def answered(handling: Awaitable[Mapping[str, object]], request_id: str, show: Callable[[str], None]) -> bytes:
    """The body of the answer that comes of a request, whatever that is.

    :param handling: gives the fields of the answer
    """
    try:
        return success(await handling, request_id)
    except ApiError as error:
        return failure(error, request_id)
    except DatabaseError as error:
        problem = f"The local SCF can't keep it: {error}. Nothing has changed."
        return failure(ApiError("InternalError", problem), request_id)
    except Exception as error:  # noqa: BLE001  # the last line: no traceback may reach the wire
        return internal_error(error, request_id, show)
