"""Reads the ``layers`` of a function in a configuration file: a list of names with versions.

Sources: docs/configure.md of serverless-components/tencent-scf (layers: name, version), and the same form in
cloudbaserc.json. A list of another form is told, and the function is served without it: its cloud may refuse it.
"""

from collections.abc import Mapping

from tencentserverless.local.errors import StartupError
from tencentserverless.local.notice import Notice
from tencentserverless.local.project.notices import Report
from tencentserverless.local.project.yaml_nodes import Node
from tencentserverless.local.registry.function_version import MAX_LAYERS, LayerRef
from tencentserverless.local.registry.layer import LAYER_NAME

_KEYS = ("name", "version")
_FORM = "must be a list of layers, each with 'name' and 'version'"


def read_layers(values: Mapping[str, Node], report: Report) -> tuple[LayerRef, ...]:
    """Return the layers of a function in their order. A fault is a doubt of the report, and leaves none.

    :param values: the function's keys, in the words of the component scf
    """
    node = values.get("layers")
    if node is None or node.is_null():
        return ()
    try:
        refs = tuple(_read(item) for item in node.items() if not item.is_absent())
        if len(refs) > MAX_LAYERS:
            raise node.refusal(f"has {len(refs)} layers; a function takes {MAX_LAYERS}")
    except StartupError as error:
        report.doubt(Notice("{fault}; the function has no layer here", fault=str(error)))
        return ()
    return refs


def _read(item: Node) -> LayerRef:
    if not item.is_mapping():
        raise item.refusal(_FORM)
    item.note_unknown(_KEYS, "a layer")
    parts = item.present()
    if not all(key in parts for key in _KEYS):
        raise item.refusal(_FORM)
    name, number = parts["name"].text(), parts["version"].integer()
    if not LAYER_NAME.match(name):
        raise parts["name"].refusal(f"{name[:64]!r} is no name of a layer")
    if number < 1:
        raise parts["version"].refusal(f"must be the number of a version, from 1 on, not {number}")
    return LayerRef(name, number)
