"""Triggers of type ``http``, function URLs, as the actions on triggers make, change and show them.

Sources: cloud.tencent.com/document/product/583/100227 (TriggerDesc), and the text of ListTriggers of the official
command line (what is answered). DeleteTrigger's code for a URL that a custom domain uses is the official SDK's.
"""

import dataclasses

import msgspec

from tencentserverless.local.actions.trigger_tables import (
    Change,
    CreateTriggerTable,
    check_count,
    checked_name,
    shared_changes,
    shown_fields,
)
from tencentserverless.local.actions.url_descriptions import read_description
from tencentserverless.local.errors import ApiError
from tencentserverless.local.registry.function import Function
from tencentserverless.local.registry.function_version import LATEST
from tencentserverless.local.registry.url_ids import UrlPlace
from tencentserverless.local.registry.url_triggers import HTTP, UrlTrigger
from tencentserverless.local.services import Services


def with_url(function: Function, parameters: CreateTriggerTable, services: Services) -> Function:
    """Return a function with one more URL. Without a name it gets its id for one, as the console does it.

    :raises ApiError: if the URL is refused
    :raises DatabaseError: if its id can't be stored
    """
    now = services.clock()
    blank = UrlTrigger("", LATEST, created_at=now, changed_at=now)
    check_count(function, len(function.urls), "URLs")
    made = changed_url(function, blank, parameters)
    name = parameters.TriggerName or services.urls.ids.give(function.key, made.qualifier)
    if checked_name(name) in function.urls:
        raise ApiError("ResourceInUse.Trigger", f"Function {function.key.name!r} has a trigger {name!r} already.")
    return function.with_url(dataclasses.replace(made, name=name))


def changed_url(function: Function, url: UrlTrigger, parameters: Change) -> UrlTrigger:
    """Return a URL with the changes of a request. A TriggerDesc replaces the one before it as a whole.

    :param url: with the present time as its time of change
    :raises ApiError: if a value is refused
    """
    changes = shared_changes(function, parameters)
    if parameters.TriggerDesc is not None or not url.name:
        changes |= read_description(parameters.TriggerDesc or "")
    changed = dataclasses.replace(url, **changes)  # type: ignore[arg-type]  # of the types above
    other = function.url_of(changed.qualifier)
    if other is not None and other.name != url.name:
        raise ApiError(
            "ResourceInUse.Trigger",
            f"Version or alias {changed.qualifier} of function {function.key.name!r} has a URL already, of the trigger "
            f"{other.name!r}: each has one.",
        )
    return changed


def check_unused(function: Function, url: UrlTrigger, services: Services) -> None:
    """Refuse to delete a URL that a custom domain leads to.

    :raises ApiError: if one does
    """
    key = function.key
    for domain in services.domains.of_region(key.region):
        for route in domain.routes:
            if (route.namespace, route.function, route.qualifier) == (key.namespace, key.name, url.qualifier):
                raise ApiError(
                    "FailedOperation.DeleteTrigger.UrlUsed",
                    f"The custom domain {domain.name!r} uses the URL of {key.name!r}, {url.qualifier}: change its "
                    "EndpointsConfig, or delete it, first.",
                )


def shown_url(function: Function, url: UrlTrigger, services: Services) -> dict[str, object]:
    """Return the structure Trigger of a URL.

    :raises DatabaseError: if it has no id yet, and a new one can't be stored
    """
    place = UrlPlace(function.key, url.qualifier)
    net = services.urls.net_config(url, place, function.pinned(url.qualifier))
    fields = shown_fields(url, HTTP, msgspec.json.encode(url.trigger_desc(net)).decode())
    resource = _resource_id(function, url, services.settings.uin)
    return fields | {"TriggerAttribute": "single", "ResourceId": resource}


def _resource_id(function: Function, url: UrlTrigger, uin: str) -> str:
    """Return the resource that a policy names. The platform's sample has the region's short name; it is long here."""
    key = function.key
    return f"qcs::scf:{key.region}:uin/{uin}:function/{key.name}/{url.name}"
