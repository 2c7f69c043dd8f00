"""Every action that the local SCF serves, by name."""

from tencentserverless.local.actions import (
    account,
    aliases,
    async_events,
    custom_domains,
    function_changes,
    function_copies,
    function_queries,
    invoke,
    layers,
    logs,
    namespaces,
    provisioned_concurrency,
    reserved_concurrency,
    total_concurrency,
    triggers,
    unpublished,
    versions,
)
from tencentserverless.local.actions.parameters import Action

ACTIONS: dict[str, Action] = {
    **invoke.ACTIONS,
    **function_changes.ACTIONS,
    **function_copies.ACTIONS,
    **function_queries.ACTIONS,
    **versions.ACTIONS,
    **aliases.ACTIONS,
    **layers.ACTIONS,
    **namespaces.ACTIONS,
    **provisioned_concurrency.ACTIONS,
    **reserved_concurrency.ACTIONS,
    **total_concurrency.ACTIONS,
    **custom_domains.ACTIONS,
    **account.ACTIONS,
    **logs.ACTIONS,
    **async_events.ACTIONS,
    **triggers.ACTIONS,
    **unpublished.ACTIONS,
}
