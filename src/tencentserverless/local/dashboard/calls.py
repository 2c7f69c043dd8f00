"""Actions of the API that a page may have performed, with the owner's key: a closed list."""

import msgspec

from tencentserverless.local.dashboard.queries import read_body
from tencentserverless.local.dashboard.sources import JsonObject, Refusal, Sources

ACTIONS = ("Invoke", "TerminateAsyncEvent", "UpdateTriggerStatus")
_MAX_ID_CHARS = 64


class CallTable(msgspec.Struct, forbid_unknown_fields=True):
    """The body of a call.

    :param again_of: the request id of a run that this one repeats
    """

    action: str
    region: str
    parameters: dict[str, object]
    again_of: str = ""


async def call(body: bytes, sources: Sources) -> JsonObject:
    """Perform an action; return its answer as the API gives it, a refusal of the API included."""
    wanted = read_body(body, CallTable)
    if wanted.action not in ACTIONS:
        problem = f"the dashboard does not perform {wanted.action[:64]!r}; it performs {', '.join(ACTIONS)}"
        raise Refusal(400, "action", problem)
    if len(wanted.again_of) > _MAX_ID_CHARS or " " in wanted.again_of:
        raise Refusal(400, "parameter", "again_of must be the request id of a run")
    return await sources.engine.call(wanted.action, wanted.region, wanted.parameters, again_of=wanted.again_of)
