"""Invocations that were started before, found by their request id."""

import dataclasses
from typing import TYPE_CHECKING

from tencentserverless.cli.api.actions import Api, is_missing
from tencentserverless.cli.api.target import Target
from tencentserverless.cli.exits import Exit
from tencentserverless.cli.output.failures import Failure
from tencentserverless.exception import ResourceNotFound
from tencentserverless.models import InvocationStatus, InvokeResult

if TYPE_CHECKING:
    from tencentserverless.scf import Client, Invocation

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
    for each in names:
        try:
            invocation = client.invocation(each, request_id, namespace=target.namespace)
            status = invocation.status()
        except ResourceNotFound as error:
            if not (name and is_missing(error)):
                raise
            raise api.no_function(name, str(error.code)) from error
        except ValueError as error:
            raise Failure(Exit.INPUT, str(error)) from error
        if status is not InvocationStatus.UNKNOWN:
            return PastInvocation(each, invocation, status)
    of = f"of {name} " if name else ""
    raise Failure(Exit.API, f"no invocation {request_id!r} {of}is known in {target.place}; see: scf logs NAME")


def wait_for_record(found: PastInvocation) -> InvokeResult:
    """The result of an ended invocation. Its error is raised."""
    return found.invocation.result(_RECORD_SECONDS)
