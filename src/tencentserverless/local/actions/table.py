"""Every action that the local SCF serves, by name."""

from tencentserverless.local.actions import (
    aliases,
    async_events,
    concurrency,
    deployment,
    functions,
    invoke,
    logs,
    namespaces,
    triggers,
    versions,
)
from tencentserverless.local.actions.parameters import Action

ACTIONS: dict[str, Action] = {
    **invoke.ACTIONS,
    **deployment.ACTIONS,
    **functions.ACTIONS,
    **versions.ACTIONS,
    **aliases.ACTIONS,
    **namespaces.ACTIONS,
    **concurrency.ACTIONS,
    **logs.ACTIONS,
    **async_events.ACTIONS,
    **triggers.ACTIONS,
}
