"""Calls without a signature: ``POST /_local/invoke/NAME``, for curl and other programs of this machine.

The body is the event and the answer is what the function returned. The caller has shown the admin token.
"""

import json

import msgspec

from tencentserverless._core import wire
from tencentserverless.local.actions import invoke
from tencentserverless.local.actions.parameters import Call
from tencentserverless.local.errors import ApiError
from tencentserverless.local.http.messages import Answer
from tencentserverless.local.outcome import OVER_BURST, OVER_QUOTA, SUCCESS, TIMED_OUT
from tencentserverless.local.services import Services

OPTIONS = ("namespace", "qualifier", "region", "type")
#: HTTP statuses of the platform's statuses and codes; ours, because the platform answers everything with 200.
_FAILED, _ACCEPTED = 500, 202
_STATUSES = {OVER_BURST: 429, OVER_QUOTA: 429, TIMED_OUT: 504}
_CATEGORIES = {"ResourceNotFound": 404, "LimitExceeded": 429, "RequestLimitExceeded": 429, "InternalError": 500}
_REFUSED = 400


async def call_directly(name: str, query: dict[str, str], event: bytes, request_id: str, services: Services) -> Answer:
    """Run a function, or start it with ``type=Event``.

    :param query: of ``OPTIONS``
    :param event: JSON text, empty for none
    :return: 200 and the return value, or 202 and the request id of what was started; 429, 500 or 504 and the platform's
        error object of a function that failed
    :raises ValueError: if the query or the event can't be read
    """
    unknown = sorted(set(query) - set(OPTIONS))
    if unknown:
        raise ValueError(f"{unknown[0][:64]!r} is no option of a call; there are: {', '.join(OPTIONS)}")
    try:
        text = event.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"the event is not a text in UTF-8 (byte {error.start})") from None
    call = Call(request_id, query.get("region") or services.settings.region, nested=False)
    try:
        result = await _run(name, query, text, call, services)
    except ApiError as error:
        status = _CATEGORIES.get(error.code.partition(".")[0], _REFUSED)
        return Answer(status, _encode({"error": error.message, "code": error.code, "request_id": request_id}))
    if result.InvokeResult != SUCCESS:
        return Answer(_STATUSES.get(result.InvokeResult, _FAILED), result.RetMsg.encode("utf-8", "backslashreplace"))
    if not result.RetMsg:  # a function that returns nothing answers null
        return Answer(_ACCEPTED, _encode({"request_id": request_id}))
    return Answer(200, result.RetMsg.encode("utf-8", "backslashreplace"))


async def _run(name: str, query: dict[str, str], event: str, call: Call, services: Services) -> invoke.Result:
    place = {"FunctionName": name, "Namespace": query.get("namespace"), "Qualifier": query.get("qualifier")}
    kind = query.get("type", wire.SYNC)
    if kind == wire.SYNC:
        synchronous = msgspec.convert({**place, "Event": event}, invoke.InvokeFunctionTable)
        found = await invoke.invoke_function(synchronous, call, services)
    else:
        table = msgspec.convert({**place, "ClientContext": event, "InvocationType": kind}, invoke.InvokeTable)
        found = await invoke.invoke(table, call, services)
    result = found["Result"]
    assert isinstance(result, invoke.Result), "both actions answer with one"
    return result


def _encode(found: object) -> bytes:
    return json.dumps(found, ensure_ascii=False).encode("utf-8")
