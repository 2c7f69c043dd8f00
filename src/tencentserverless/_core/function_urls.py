"""Finds the URL of a function among its triggers, as a flow.

Sources: cloud.tencent.com/document/product/583/96099 (function URLs), cloud.tencent.com/document/api/583/50545
(ListTriggers). A URL is a trigger of type ``http``; its TriggerDesc is JSON text with the addresses in ``NetConfig``.
"""

import json

from tencentserverless._core.cam_signing import find_origin
from tencentserverless.exception import ResourceNotFound
from tencentserverless.models import FunctionUrl, Verdict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable

    from tencentserverless._core.flow import Flow
    from tencentserverless._core.response import Fields

PAGE = 100
#: The most triggers that are looked through: 10 of a type for each of a function's 1000 versions do not occur.
MAX_TRIGGERS = 2000
#: Addresses in NetConfig, the best first. LocalUrl is a local SCF's own, for programs that do not resolve *.localhost.
_ADDRESSES = ("LocalUrl", "ExtranetUrl", "IntranetUrl")
#: Whose URL is meant where no qualifier is given, the first that has one.
_USUAL = ("$DEFAULT", "$LATEST")
_MISSING = "ResourceNotFound.Trigger"
_DESCRIPTION = '{"AuthType": "NONE", "NetConfig": {"EnableIntranet": false, "EnableExtranet": true}}'
#: The same in a serverless.yml, below ``events:``. Each part is needed: without netConfig the URL is served nowhere.
_EVENT = "- http: {parameters: {authType: NONE, netConfig: {enableExtranet: true, enableIntranet: false}}}"
_CURE = "; make one by scf triggers add {} url --type http --config '{}', or below events: in serverless.yml by {}"


def url_flow(
    function_name: str, namespace: str, qualifier: "str | None", ask: "Callable[[Fields], Flow[Fields]]"
) -> "Flow[FunctionUrl]":
    """Find the URL of a function.

    :param qualifier: version or alias; None: $DEFAULT, else $LATEST, else the only one that has a URL
    :param ask: makes the flow of one ListTriggers; it returns the whole answer
    :raises ResourceNotFound: if there is none; the message says how to make one
    """
    triggers: "list[Fields]" = []
    total, request_id = 1, ""
    while len(triggers) < min(total, MAX_TRIGGERS):
        fields = {"FunctionName": function_name, "Namespace": namespace, "Offset": len(triggers), "Limit": PAGE}
        answer = (yield from ask(fields))["Response"]
        found = answer.get("Triggers") or []
        triggers += found
        total, request_id = answer.get("TotalCount") or 0, answer.get("RequestId") or ""
        if not found:
            break
    urls, faults = _read_triggers(function_name, triggers)
    url = _choose(urls, qualifier)
    if url is not None:
        return url
    message = _explain(function_name, qualifier, urls, faults)
    raise ResourceNotFound(_MISSING, message, request_id, executed=Verdict.NO)


def _read_triggers(function_name: str, triggers: "list[Fields]") -> "tuple[dict[str, FunctionUrl], dict[str, str]]":
    """Return the URLs by qualifier, and the reasons why triggers of type http have none."""
    urls: "dict[str, FunctionUrl]" = {}
    faults: "dict[str, str]" = {}
    for trigger in triggers:
        if trigger.get("Type") != "http":
            continue
        qualifier = trigger.get("Qualifier") or _USUAL[0]
        description = _decode(trigger.get("TriggerDesc"))
        network = description.get("NetConfig")
        address = _find_address(network if isinstance(network, dict) else {})
        if trigger.get("Enable") not in (1, True, "OPEN"):
            faults[qualifier] = "its trigger {} is switched off".format(trigger.get("TriggerName"))
        elif not address:
            faults[qualifier] = "its trigger {} has neither EnableExtranet nor EnableIntranet".format(
                trigger.get("TriggerName")
            )
        else:
            auth_type = str(description.get("AuthType") or "NONE")
            urls[qualifier] = FunctionUrl(address, function_name, qualifier, auth_type)
    return urls, faults


def _decode(text: object) -> "Fields":
    """Decode a TriggerDesc: JSON text, or the object itself."""
    if isinstance(text, str):
        try:
            text = json.loads(text)
        except (ValueError, RecursionError):
            text = {}
    return text if isinstance(text, dict) else {}


def _find_address(network: "Fields") -> str:
    values = [network.get(name) for name in _ADDRESSES]
    return next((value for value in values if isinstance(value, str) and find_origin(value)), "")


def _choose(urls: "dict[str, FunctionUrl]", qualifier: "str | None") -> "FunctionUrl | None":
    if qualifier is not None:
        return urls.get(qualifier)
    for name in _USUAL:
        if name in urls:
            return urls[name]
    return next(iter(urls.values())) if len(urls) == 1 else None


def _explain(
    function_name: str, qualifier: "str | None", urls: "dict[str, FunctionUrl]", faults: "dict[str, str]"
) -> str:
    """Say why there is no URL, and how to get one."""
    if qualifier is None and len(urls) > 1:
        words = "function {!r} has several URLs; give the qualifier of one: {}"
        return words.format(function_name, ", ".join(sorted(urls)))
    wanted = _USUAL[0] if qualifier is None else qualifier
    message = "function {!r} has no URL".format(function_name)
    if qualifier is not None:
        message += " for qualifier {!r}".format(qualifier)
    if wanted in faults:
        return "{}: {}".format(message, faults[wanted])
    if urls:
        message += ", but for {}".format(", ".join(sorted(urls)))
    return message + _CURE.format(function_name, _DESCRIPTION, _EVENT)
