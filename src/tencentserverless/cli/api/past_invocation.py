"""Invocations that were started before, found by their request id."""

import dataclasses
import time
from typing import TYPE_CHECKING, Any

from tencentserverless.cli.api.actions import Api, is_missing
from tencentserverless.cli.api.target import Target
from tencentserverless.cli.exits import Exit
from tencentserverless.cli.output.failures import Failure
from tencentserverless.exception import APIError, ResourceNotFound
from tencentserverless.models import InvocationStatus, InvokeResult

if TYPE_CHECKING:
    from tencentserverless.scf import Client, Invocation

_KEPT_SECONDS = 3 * 24 * 3600.0  # the service keeps records for three days
_ZONE_SECONDS = 9 * 3600.0  # a query's times are in UTC+8 by a published sample alone: UTC is covered too
_RECORD_SECONDS = 15.0  # the record of an ended invocation may appear so much later


@dataclasses.dataclass(frozen=True, slots=True)
class PastInvocation:
    """An invocation, the name of its function, and its status of this moment."""

    name: str
    invocation: "Invocation"
    status: InvocationStatus


def find_invocation(client: "Client", target: Target, request_id: str, name: str | None) -> PastInvocation:
    """Find an invocation.

    :param name: of its function; None to ask for it in each function of the namespace
    :raises Failure: if it is not known
    """
    api = Api(target)
    names = [name] if name else [str(each["FunctionName"]) for each in api.list_functions()]
    found = next((each for each in names if name or _has_invocation(api, each, request_id)), None)
    if found is not None:
        try:
            invocation = client.invocation(found, request_id, namespace=target.namespace)
            status = invocation.status()
        except ResourceNotFound as error:
            missing = api.no_function(found, str(error.code), str(error.message)) if is_missing(error) else error
            raise missing from error
        except ValueError as error:
            raise Failure(Exit.INPUT, str(error)) from error
        if status is not InvocationStatus.UNKNOWN:
            return PastInvocation(found, invocation, status)
    of = f"of {name} " if name else ""
    raise Failure(Exit.API, f"no invocation {request_id!r} {of}is known in {target.place}; see: scf logs NAME")


def _has_invocation(api: Api, name: str, request_id: str) -> bool:
    """True if a function has an invocation of that id: a record of it, or an event."""
    now = time.time()
    record: dict[str, Any] = {
        "FunctionRequestId": request_id,
        "StartTime": _write_time(now - _KEPT_SECONDS),
        "EndTime": _write_time(now + _ZONE_SECONDS),
    }
    if api.call_function("GetRequestStatus", name, **record)["Data"]:
        return True
    try:
        return bool(api.call_function("ListAsyncEvents", name, InvokeRequestId=request_id)["EventList"])
    except APIError:  # a function without events, or no right to list them
        return False


def _write_time(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(seconds))


def wait_for_record(found: PastInvocation) -> InvokeResult:
    """The result of an ended invocation. Its error is raised."""
    return found.invocation.result(_RECORD_SECONDS)
