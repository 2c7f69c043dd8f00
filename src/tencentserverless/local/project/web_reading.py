"""The settings of web functions in a configuration file, in the terms of the API.

Source of keys: ``formatInputs`` in lib/modules/scf of tencent-component-toolkit 2.27.6, which turns them into parameters;
for the bounds cloud.tencent.com/document/api/583/17244 (WSParams, InstanceConcurrencyConfig).
"""

from collections.abc import Mapping

from tencentserverless.local.project.yaml_nodes import Node
from tencentserverless.local.registry.function_version import CONCURRENT_REQUESTS, WEBSOCKET_IDLE_SECONDS

_DEFAULT_CONCURRENCY = 2


def read_web_options(values: Mapping[str, Node]) -> dict[str, object]:
    """Read these settings from a function's inputs.

    :raises StartupError: if a setting has another form
    """
    options: dict[str, object] = {}
    if "protocolType" in values:
        node = values["protocolType"]
        if node.text() != "WS":
            raise node.refusal(f"must be 'WS', not {node.text()!r}")
        options["ProtocolType"] = "WS"
    if "protocolParams" in values:
        options["ProtocolParams"] = _protocol_params(values["protocolParams"])
    if "instanceConcurrencyConfig" in values:
        options["InstanceConcurrencyConfig"] = _concurrency(values["instanceConcurrencyConfig"])
    return options


def _protocol_params(node: Node) -> dict[str, object]:
    node.note_unknown(("wsParams",), "protocolParams")
    parts = node.present()
    if "wsParams" not in parts:
        return {}
    parts["wsParams"].note_unknown(("idleTimeOut",), "protocolParams.wsParams")
    inner = parts["wsParams"].present()
    if "idleTimeOut" not in inner:
        return {"WSParams": {}}
    return {"WSParams": {"IdleTimeOut": _number(inner["idleTimeOut"], WEBSOCKET_IDLE_SECONDS, "1 to 7200 seconds")}}


def _concurrency(node: Node) -> dict[str, object]:
    """Return the structure; ``enable: false`` switches it off, as the empty text does in the API."""
    node.note_unknown(("enable", "dynamicEnabled", "maxConcurrency"), "instanceConcurrencyConfig")
    parts = node.present()
    if "enable" in parts and not parts["enable"].is_true():
        return {"DynamicEnabled": ""}
    if "dynamicEnabled" in parts and parts["dynamicEnabled"].is_true():
        return {"DynamicEnabled": "TRUE"}
    count = _DEFAULT_CONCURRENCY
    if "maxConcurrency" in parts:
        count = _number(parts["maxConcurrency"], CONCURRENT_REQUESTS, "1 to 100 requests")
    return {"DynamicEnabled": "FALSE", "MaxConcurrency": count}


def _number(node: Node, allowed: range, words: str) -> int:
    number = node.integer()
    if number not in allowed:
        raise node.refusal(f"must be {words}, not {number}")
    return number
