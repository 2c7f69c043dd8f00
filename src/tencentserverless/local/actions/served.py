"""Every action that the local SCF serves, by name: the families put together for the router."""

from tencentserverless.local.actions import (
    aliases,
    concurrency,
    deployment,
    events,
    functions,
    history,
    invoke,
    namespaces,
    triggers,
    versions,
)
from tencentserverless.local.actions.action import Action

ACTIONS: dict[str, Action] = {
    **invoke.ACTIONS,
    **deployment.ACTIONS,
    **functions.ACTIONS,
    **versions.ACTIONS,
    **aliases.ACTIONS,
    **namespaces.ACTIONS,
    **concurrency.ACTIONS,
    **history.ACTIONS,
    **events.ACTIONS,
    **triggers.ACTIONS,
}
