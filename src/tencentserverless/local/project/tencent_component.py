"""Reads ``component: scf`` of a serverless.yml, and the first version, ``component: "@serverless/tencent-scf"``.

Sources: docs/configure.md and src of serverless-components/tencent-scf; library/provider.js of serverless-tencent-scf
3.0.9; ``loadInstanceConfig`` in src/cli/utils.js of @serverless/components 3.18.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from tencentserverless.local.notice import Notice
from tencentserverless.local.project import runtimes
from tencentserverless.local.project.event_reading import Events, read_events
from tencentserverless.local.project.function_reading import (
    CodeSource,
    Defaults,
    FunctionReading,
    FunctionSource,
    read_function,
)
from tencentserverless.local.project.instance_names import InstanceNames
from tencentserverless.local.project.keys import FIRST, FUNCTION_KEYS, SCF, SOURCE_KEYS, idle_keys
from tencentserverless.local.project.notices import Report
from tencentserverless.local.project.surroundings import FileReading, Surroundings
from tencentserverless.local.project.yaml_nodes import Node, Scope

NO_NODES: Mapping[str, Node] = {}
_FIRST_KEYS = FIRST.tables["NAME.inputs"]
_IN_COS = "names code in COS; the local SCF runs code of a local folder, given as 'src'"


def read_component(top: Node, names: InstanceNames, surroundings: Surroundings) -> FileReading:
    """Read the function of a ``component: scf``.

    :raises StartupError: if the file has another form than a component
    """
    report = Report()
    top.within(Scope(top.scope.find, report)).note_unknown(SCF.tables[""], "a serverless.yml")
    values = top.present()
    if "inputs" not in values:
        raise top.refusal("has no key 'inputs'")
    one = Report()
    inputs = values["inputs"].within(Scope(names.references.find, one))
    reading = one.attempt(None, _read_inputs, inputs, names, surroundings, one)
    if reading is None:
        reading = FunctionReading(names.name or str(top.path), None, one)
    idle = tuple(key for key in ("commandInputs", "globalOptions") if key in values)
    reading = reading._replace(idle=reading.idle + idle)
    return FileReading(top.path, (reading,), report, instance=names.instance)


def _read_inputs(inputs: Node, names: InstanceNames, surroundings: Surroundings, report: Report) -> FunctionReading:
    inputs.note_unknown(FUNCTION_KEYS, "component scf")
    values, base = inputs.present(), inputs.path.parent
    source = FunctionSource(
        inputs,
        values,
        report.attempt(CodeSource(None, base, ""), read_source, values.get("src"), base),
        Defaults(surroundings.region, *_default_name(names)),
        variables=report.attempt(NO_NODES, read_variables, values),
        events=report.attempt(Events(), _events, values, names.timer_name),
        idle=tuple(sorted(set(idle_keys(FUNCTION_KEYS)) & values.keys())) + _idle_source_keys(values.get("src")),
    )
    reading = read_function(source, report, surroundings.now)
    if "image" in values or "imageConfig" in values:
        return _of_image(reading, values.get("image", values.get("imageConfig")))
    return reading


def _of_image(reading: FunctionReading, node: Node | None) -> FunctionReading:
    """Return the reading of a function that runs an image: it is named, and not served."""
    parts = node.present() if node is not None and node.is_mapping() else {}
    url = parts.get("imageUrl", parts.get("imageUri"))
    return reading._replace(record=None, report=Report(), image=url.text() if url else "an image")


def read_source(node: Node | None, base: Path) -> CodeSource:
    """Read ``src``: a folder, or a mapping of a folder and patterns.

    :raises StartupError: if it has another form
    """
    if node is None or not node.is_mapping():
        return CodeSource(node, base)
    node.note_unknown(SOURCE_KEYS, "src")
    parts = node.present()
    if _is_built(parts):
        parts["hook"].notice("is not run here: the code is what lies in 'dist' now; run it first, and after changes")
        parts["src"] = parts["dist"]
    words = _IN_COS if {"bucket", "object"} & parts.keys() else "has no 'src', the folder of the code"
    if "src" not in parts:
        raise node.refusal(words)
    return CodeSource(
        parts["src"], base, exclude=_list_of(parts.get("exclude")), include=_list_of(parts.get("include"))
    )


def read_variables(values: Mapping[str, Node]) -> Mapping[str, Node]:
    """Return the values of ``environment: variables:``, empty ones too.

    :raises StartupError: if they have another form
    """
    if "environment" not in values:
        return {}
    if not values["environment"].is_mapping():
        values["environment"].notice(
            "has no key 'variables': the tool sets no variable; write {example}", example="variables: {KEY: value}"
        )
        return {}
    values["environment"].note_unknown(("variables",), "environment")
    parts = values["environment"].present()
    return parts["variables"].mapping() if "variables" in parts else {}


def _events(values: Mapping[str, Node], timer_name: str) -> Events:
    return read_events(values["events"], timer_name) if "events" in values else Events()


def _idle_source_keys(node: Node | None) -> tuple[str, ...]:
    if node is None or not node.is_mapping():
        return ()
    parts = node.present()
    built = ("hook", "dist") if _is_built(parts) else ()
    return tuple(f"src.{key}" for key in idle_keys(SOURCE_KEYS) if key in parts and key not in built)


def _is_built(parts: Mapping[str, Node]) -> bool:
    """True if a hook makes the code (``preRunSrcHook`` of @serverless/platform-client-china)."""
    return "hook" in parts and "dist" in parts


def _default_name(names: InstanceNames) -> tuple[str, str]:
    if names.name:
        return f"{names.name}-{names.stage}-{names.app}", ""
    return "", "has no 'name', and the default ${name}-${stage}-${app} needs the key 'name' at the top"


def _list_of(node: Node | None) -> tuple[Node, ...]:
    if node is None:
        return ()
    return tuple(node.items()) if node.is_list() else (node,)


def is_first_version(node: Node) -> bool:
    """True if a value of the file's top is a function of the component's first version."""
    component = node.mapping().get("component") if node.is_mapping() else None
    return component is not None and not component.is_absent() and _is_first(component.converted())


def _is_first(component: str) -> bool:
    return component.split("@")[1:2] == ["serverless/tencent-scf"]


def read_first_version(top: Node, names: InstanceNames, surroundings: Surroundings) -> FileReading:
    """Read every function of the component's first version.

    :raises StartupError: if the file has another form
    """
    report = Report()
    functions = []
    for key, node in top.present().items():
        if is_first_version(node):
            one = Report()
            scoped = node.within(Scope(names.references.find, one))
            found = one.attempt(None, _read_first, scoped, surroundings, one)
            functions.append(found or FunctionReading(key, None, one))
        elif node.is_mapping() and "component" in node.present():
            kind = node.present()["component"].text()
            notice = "{place} is of component {kind}, which makes no function here: ignored"
            report.notice(Notice(notice, place=node.place(), kind=repr(kind)))
    return FileReading(top.path, tuple(functions), report)


def _read_first(node: Node, surroundings: Surroundings, report: Report) -> FunctionReading:
    parts = node.present()
    if "inputs" not in parts:
        raise node.refusal("has no key 'inputs'")
    inputs = parts["inputs"]
    inputs.note_unknown(_FIRST_KEYS, "component @serverless/tencent-scf")
    values = inputs.present()
    base = inputs.path.parent
    source = FunctionSource(
        inputs,
        values,
        report.attempt(CodeSource(None, base, ""), _first_source, values, base),
        Defaults(surroundings.region, runtime="Nodejs8.9", handler=runtimes.DEFAULT_HANDLER),
        variables=report.attempt(NO_NODES, read_variables, values),
        # the first version names a timer by its key 'name' alone; JavaScript's word for a missing one
        events=report.attempt(Events(), _events, values, "undefined"),
        idle=tuple(sorted(set(idle_keys(_FIRST_KEYS)) & values.keys())),
    )
    return read_function(source, report, surroundings.now)


def _first_source(values: Mapping[str, Node], base: Path) -> CodeSource:
    node = values.get("codeUri")
    if node is not None and node.is_mapping():
        parts = node.present()
        if "path" not in parts:
            raise node.refusal("names code in COS; the local SCF runs code of a local folder, given as 'path'")
        node = parts["path"]
    words = "has no 'codeUri', the folder of the code"
    return CodeSource(node, base, words, exclude=_list_of(values.get("exclude")))


def components(top: Node) -> Iterator[str]:
    """Yield the component of each value of the file's top, as the first version writes them."""
    for node in top.present().values():
        if node.is_mapping():
            component = node.present().get("component")
            if component is not None:
                yield component.converted()
