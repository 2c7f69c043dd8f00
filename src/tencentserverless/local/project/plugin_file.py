"""Reads a serverless.yml of the plugin: ``provider: name: tencent``, with ``functions:``.

Source: provider/tencentProvider.js of serverless-tencent-scf 0.1.36: names, defaults, the merge of what the provider
says for all; deploy/lib/deployTrigger.js: a timer without ``enable`` is closed.
"""

from collections.abc import Mapping
from dataclasses import dataclass

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
from tencentserverless.local.project.keys import PLUGIN, idle_keys
from tencentserverless.local.project.notices import Report
from tencentserverless.local.project.surroundings import FileReading, Surroundings
from tencentserverless.local.project.tencent_component import NO_NODES, read_variables
from tencentserverless.local.project.yaml_nodes import Node, Scope

_PROVIDER_KEYS, _KEYS = PLUGIN.tables["provider"], PLUGIN.tables["functions.NAME"]
_SHARED = ("runtime", "region", "memorySize", "timeout", "description", "role")


def provider_name(top: Node) -> str:
    """Return the name of a file's provider; an empty text if it has none."""
    provider = top.mapping().get("provider")
    if provider is None or provider.is_absent():
        return ""
    if provider.is_mapping():
        name = provider.mapping().get("name")
        return name.converted() if name is not None and not name.is_absent() else ""
    return provider.converted()


def read_plugin(top: Node, names: InstanceNames, surroundings: Surroundings) -> FileReading:
    """Read the functions of a file of the plugin.

    :raises StartupError: if the file has another form
    """
    report = Report()
    scoped_top = top.within(Scope(names.references.find, report))
    scoped_top.note_unknown(PLUGIN.tables[""], "a serverless.yml of the plugin")
    values = scoped_top.present()
    provider = values["provider"].present() if values["provider"].is_mapping() else {}
    if provider:
        values["provider"].note_unknown(_PROVIDER_KEYS, "the provider tencent")
    if "functions" not in values:
        raise top.refusal("has no key 'functions'")
    service = (
        values["service"].present().get("name") if "service" in values and values["service"].is_mapping() else None
    )
    service = service or values.get("service")
    stage = provider["stage"].text() if "stage" in provider else "dev"
    prefix = f"{service.text()}-{stage}" if service is not None else ""
    idle = tuple(sorted(set(idle_keys(_PROVIDER_KEYS)) & provider.keys()))
    package = _package(values.get("package"))
    functions = []
    for key, node in values["functions"].present().items():
        one = Report()
        scoped = node.within(Scope(names.references.find, one))
        name = f"{prefix}-{key}" if prefix else ""
        found = one.attempt(None, _read, scoped, _Shared(name, provider, package), surroundings, one)
        reading = found or FunctionReading(key, None, one)
        functions.append(reading._replace(idle=reading.idle + idle))
    return FileReading(top.path, tuple(functions), report)


@dataclass(frozen=True, slots=True)
class _Shared:
    """The parts of the file that count for a function: its name, the provider's keys, the patterns of its package."""

    name: str
    provider: Mapping[str, Node]
    package: Mapping[str, tuple[Node, ...]]


def _package(node: Node | None) -> dict[str, tuple[Node, ...]]:
    """Return the patterns of files to leave out and to bring back."""
    if node is None:
        return {}
    node.note_unknown(("exclude", "include", "excludeDevDependencies"), "package")
    parts = node.present()
    return {key: tuple(parts[key].items()) for key in ("exclude", "include") if key in parts}


def _read(node: Node, common: _Shared, surroundings: Surroundings, report: Report) -> FunctionReading:
    node.note_unknown(_KEYS, "a function of the plugin")
    own = node.present()
    shared = {key: value.within(node.scope) for key, value in common.provider.items()}
    values = {**{key: shared[key] for key in _SHARED if key in shared}, **own}
    if "vpcConfig" in shared:
        values.setdefault("vpcConfig", shared["vpcConfig"])
    values.pop("name", None)  # the plugin does not read it
    variables = {
        **report.attempt(NO_NODES, read_variables, shared),
        **report.attempt(NO_NODES, read_variables, own),
    }
    source = FunctionSource(
        node,
        values,
        CodeSource(
            None,
            node.path.parent,
            exclude=common.package.get("exclude", ()),
            include=common.package.get("include", ()),
            given=".",
        ),
        Defaults(
            surroundings.region,
            common.name,
            "has no name: the file needs the key 'service'",
            runtime="Nodejs8.9",
            handler=runtimes.DEFAULT_HANDLER,
        ),
        variables=variables,
        # the plugin names a timer by its key 'name' alone; JavaScript's word for a missing one
        events=report.attempt(Events(), _events, own),
        idle=tuple(sorted(set(idle_keys(_KEYS)) & values.keys())),
    )
    return read_function(source, report, surroundings.now)


def _events(own: Mapping[str, Node]) -> Events:
    return read_events(own["events"], "undefined") if "events" in own else Events()
