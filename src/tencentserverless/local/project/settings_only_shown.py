"""Settings of a serverless.yml that change nothing on one machine: GetFunction shows them like those of the API.

Source of keys: docs/configure.md of serverless-components/tencent-scf; of the structures: cloud.tencent.com/document/
api/583/17244 (VpcConfig, Tag).
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from tencentserverless.local.project import js_values
from tencentserverless.local.project.yaml_nodes import Node

_VPC_KEYS = {"vpcId": "VpcId", "subnetId": "SubnetId"}


def read_options(values: Mapping[str, Node]) -> dict[str, object]:
    """Read these settings from a function's inputs, in the terms of the API.

    :raises StartupError: if a setting has another form
    """
    given = [key for key in _READERS if key in values and not values[key].is_null()]
    return {_READERS[key].name: _READERS[key].read(values[key]) for key in given}


def _text(node: Node) -> object:
    return node.text()


def _switch(node: Node) -> object:
    value = node.scalar()
    if not isinstance(value, bool):
        raise node.refusal(f"must be true or false, not {js_values.as_text(value)!r}")
    return "TRUE" if value else "FALSE"


def _tags(node: Node) -> object:
    if node.is_list():  # the form of multi-scf
        pairs = [item.present() for item in node.items()]
        return [{"Key": each["key"].text(), "Value": each["value"].text()} for each in pairs if len(each) > 1]
    return [{"Key": key, "Value": value.converted()} for key, value in node.mapping().items()]


def _vpc(node: Node) -> object:
    node.note_unknown(_VPC_KEYS, "vpcConfig")
    parts = node.present()
    return {name: parts[key].text() if key in parts else "" for key, name in _VPC_KEYS.items()}


class _Reader(NamedTuple):
    """The API's name of a setting, and the function that makes its value."""

    name: str
    read: Callable[[Node], object]


_READERS = {
    "role": _Reader("Role", _text),
    "tags": _Reader("Tags", _tags),
    "traceEnable": _Reader("TraceEnable", _switch),
    "vpcConfig": _Reader("VpcConfig", _vpc),
}
