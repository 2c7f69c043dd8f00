"""The settings of web functions in a configuration file, in the terms of the API.

Source of keys: docs/configure.md of serverless-components/tencent-scf for the protocol. tencent-component-toolkit
2.27.6 and CloudBase's tools spell ``instanceConcurrencyConfig`` like the API, with small letters first. Of the bounds:
cloud.tencent.com/document/api/583/17244 (WSParams, InstanceConcurrencyConfig).
"""

from collections.abc import Mapping

from tencentserverless.local.project.yaml_nodes import Node
from tencentserverless.local.registry.function_version import CONCURRENT_REQUESTS, WEBSOCKET_IDLE_SECONDS

_DEFAULT_CONCURRENCY = 2
_CONCURRENCY_KEYS = ("enable", "dynamicEnabled", "maxConcurrency", "instanceIsolationEnabled", "type", "sessionConfig")
_SESSION_TEXTS = ("sessionSource", "sessionName", "sessionPath", "idleTimeoutStrategy")
_SESSION_NUMBERS = ("maximumConcurrencySessionPerInstance", "maximumTTLInSeconds", "maximumIdleTimeInSeconds")


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
    node.note_unknown(_CONCURRENCY_KEYS, "instanceConcurrencyConfig")
    parts = node.present()
    if "enable" in parts and not _is_on(parts["enable"]):
        return {"DynamicEnabled": ""}
    found: dict[str, object] = {"DynamicEnabled": "FALSE", "MaxConcurrency": _DEFAULT_CONCURRENCY}
    if "dynamicEnabled" in parts and _is_on(parts["dynamicEnabled"]):
        found = {"DynamicEnabled": "TRUE"}
    if "maxConcurrency" in parts:
        found["MaxConcurrency"] = _number(parts["maxConcurrency"], CONCURRENT_REQUESTS, "1 to 100 requests")
    if "instanceIsolationEnabled" in parts:
        found["InstanceIsolationEnabled"] = "TRUE" if _is_on(parts["instanceIsolationEnabled"]) else "FALSE"
    if "type" in parts:
        found["Type"] = parts["type"].text()
    if "sessionConfig" in parts:
        found["SessionConfig"] = _session(parts["sessionConfig"])
    return found


def _session(node: Node) -> dict[str, object]:
    node.note_unknown((*_SESSION_TEXTS, *_SESSION_NUMBERS), "instanceConcurrencyConfig.sessionConfig")
    parts = node.present()
    texts: dict[str, object] = {_field(key): parts[key].text() for key in _SESSION_TEXTS if key in parts}
    return texts | {_field(key): parts[key].integer() for key in _SESSION_NUMBERS if key in parts}


def _field(key: str) -> str:
    """Return the name of the API's field."""
    return key[:1].upper() + key[1:]


def _is_on(node: Node) -> bool:
    """True for true, and for the API's texts of it."""
    value = node.scalar()
    return value.upper() == "TRUE" if isinstance(value, str) else node.is_true()


def _number(node: Node, allowed: range, words: str) -> int:
    number = node.integer()
    if number not in allowed:
        raise node.refusal(f"must be {words}, not {number}")
    return number
