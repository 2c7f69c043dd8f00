"""Actions that Tencent's own tools call, and that the published API does not list.

What they take and answer is known from the tools alone: BatchCreateTrigger from @cloudbase/manager-node 5.6.5, which
calls it at every creation and every update of a function with timers, so that a timer that exists is replaced;
ListFunctionTestModels from scfcli 0.2.8. Unpublished parameters of published actions stand in the tables of those.
"""

import msgspec

from tencentserverless.local.actions.function_settings import UInt
from tencentserverless.local.actions.lookup import find_function
from tencentserverless.local.actions.parameters import Action, Call, Table, convert
from tencentserverless.local.actions.trigger_tables import CreateTriggerTable
from tencentserverless.local.actions.triggers import REFUSED, with_new
from tencentserverless.local.errors import ApiError
from tencentserverless.local.function_folders import follow_folder
from tencentserverless.local.services import Services


class BatchCreateTriggerTable(Table, frozen=True):
    """Parameters of BatchCreateTrigger. ``Triggers`` is a list in JSON."""

    FunctionName: str
    Triggers: str
    Count: UInt | None = None
    Namespace: str | None = None


class ListFunctionTestModelsTable(Table, frozen=True):
    """Parameters of ListFunctionTestModels."""

    FunctionName: str
    Namespace: str | None = None


async def batch_create_trigger(
    parameters: BatchCreateTriggerTable, call: Call, services: Services
) -> dict[str, object]:
    """Create triggers of a function, or replace those of the same names: all, or none where one is refused."""
    wanted = _read_triggers(parameters)
    await follow_folder(services, call.region, parameters.Namespace, parameters.FunctionName)
    function = find_function(services.catalogue, call.region, parameters.Namespace, parameters.FunctionName)
    services.pace.check(function.key, REFUSED)
    for each in wanted:
        function = with_new(function, each, services, replaces=True)
    services.catalogue.put(function)
    services.timers.reschedule()
    return {}


async def list_function_test_models(
    parameters: ListFunctionTestModelsTable, call: Call, services: Services
) -> dict[str, object]:
    """Return no test event: the local SCF keeps none."""
    find_function(services.catalogue, call.region, parameters.Namespace, parameters.FunctionName)
    return {"TestModels": []}


ACTIONS = {
    "BatchCreateTrigger": Action(msgspec.json.Decoder(BatchCreateTriggerTable), batch_create_trigger),
    "ListFunctionTestModels": Action(msgspec.json.Decoder(ListFunctionTestModelsTable), list_function_test_models),
}


def _read_triggers(parameters: BatchCreateTriggerTable) -> list[CreateTriggerTable]:
    """Read the list of triggers.

    :raises ApiError: if the text is no list of triggers, or has another length than the request says
    """
    try:
        entries = msgspec.json.decode(parameters.Triggers, type=list[dict[str, object]])
    except (msgspec.MsgspecError, RecursionError) as error:
        problem = f"Triggers must be the text of a JSON list of triggers: {str(error)[:200]}."
        raise ApiError("InvalidParameterValue", problem) from None
    if parameters.Count is not None and parameters.Count != len(entries):
        raise ApiError("InvalidParameterValue", f"Count is {parameters.Count}, and Triggers has {len(entries)}.")
    return [convert(entry | {"FunctionName": parameters.FunctionName}, CreateTriggerTable) for entry in entries]
