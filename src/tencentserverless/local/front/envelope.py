"""The envelope of every answer: HTTP 200, ``{"Response": {..., "RequestId": ...}}``, also where it is an error.

Source: cloud.tencent.com/document/api/583/17240 (responses). The content type has no parameter: the official Python SDK
looks for errors in ``application/json`` and ``text/plain`` alone, and takes any other answer for a success.
"""

from collections.abc import Callable, Mapping

import msgspec

from tencentserverless._core import wire
from tencentserverless.local.refusals import ApiError

_encoder = msgspec.json.Encoder()
CONTENT_TYPE = wire.CONTENT_TYPE.encode("ascii")


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
