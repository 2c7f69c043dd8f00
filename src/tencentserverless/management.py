"""Any action of the SCF API: functions, versions, logs. The ``scf`` command is built on it.

::

    from tencentserverless.management import call_action
    from tencentserverless.scf import Client

    answer = call_action(Client(), "ListFunctions", {"Limit": 20}, idempotent=True)
    print([function["FunctionName"] for function in answer["Functions"]])

The actions and their parameters are those of cloud.tencent.com/document/api/583/17234. To call a function, use a
client: it knows which calls may be sent twice.
"""

from tencentserverless import config
from tencentserverless._base.arguments import check_flag, check_seconds
from tencentserverless._base.runtime import CLOCK
from tencentserverless._core import wire
from tencentserverless._core.flow import invoke_flow
from tencentserverless._core.request import Query

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Awaitable, Protocol, overload

    from tencentserverless._base.client import BaseClient

    class AwaitedClient(Protocol):
        """A client whose answers are awaited: ``aio.AsyncClient``."""

        async def aclose(self) -> None:
            """Close the connections."""


__all__ = ["call_action"]


if TYPE_CHECKING:

    @overload
    def call_action(
        client: AwaitedClient,
        action: str,
        fields: dict[str, Any],
        *,
        region: str | None = None,
        timeout: float = 60.0,
        idempotent: bool = False,
    ) -> Awaitable[dict[str, Any]]: ...

    @overload
    def call_action(
        client: BaseClient,
        action: str,
        fields: dict[str, Any],
        *,
        region: str | None = None,
        timeout: float = 60.0,
        idempotent: bool = False,
    ) -> dict[str, Any]: ...


def call_action(
    client: "Any",
    action: str,
    fields: "dict[str, Any]",
    *,
    region: "str | None" = None,
    timeout: float = 60.0,
    idempotent: bool = False,
) -> "Any":
    """Call an action and wait for its answer. With an ``aio.AsyncClient``, the answer is awaited::

        answer = await call_action(AsyncClient(), "ListFunctions", {"Limit": 20}, idempotent=True)

    :param client: whose keys, endpoint and connections it uses
    :param action: its name, as ``ListFunctions``
    :param fields: its parameters
    :param region: default: the client's
    :param timeout: seconds, all tries included
    :param idempotent: True for an action that may be sent twice, such as one that only reads: it is tried again also if
        an earlier try may have arrived
    :returns: the answer's ``Response``
    :raises APIError: the API refused
    :raises NetworkError: the connection failed; ``executed`` says if the action may have been done
    :raises TypeError, ValueError: an argument cannot be used, or the request is larger than the API takes; nothing was
        sent
    """
    region = config.check_region(region or client.region)
    query = Query(
        action,
        fields,
        str(fields.get("FunctionName", "")),
        str(fields.get("Namespace", "")),
        region=region,
        deadline=CLOCK.monotonic() + check_seconds("timeout", timeout),
        is_idempotent=check_flag("idempotent", idempotent),
    )
    if len(query.body) > wire.MAX_BODY_BYTES:
        raise ValueError(
            "{} makes a request of {} bytes; a request holds at most {}. Put the code into COS".format(
                action, len(query.body), wire.MAX_BODY_BYTES
            )
        )
    context = client._context()
    envelope = client._run(invoke_flow(query, context.find_target(region), context.state, context.policy, CLOCK))
    return _read_later(envelope) if hasattr(envelope, "__await__") else envelope["Response"]


async def _read_later(envelope: "Awaitable[dict[str, Any]]") -> "dict[str, Any]":
    return (await envelope)["Response"]  # type: ignore[no-any-return]
