"""Reads the functions of a cloudbaserc.json.

Sources: docs.cloudbase.net/cli-v1/functions/configs (keys, defaults, the folder ``functionRoot/NAME``), src/constant.ts
of TencentCloudBase/cloudbase-cli (``functionRoot``), lib/index.js of @cloudbase/framework-plugin-function 1.9.7.
"""

from collections.abc import Iterator, Mapping

from tencentserverless.local.project.env_files import read_variables
from tencentserverless.local.project.event_reading import Events
from tencentserverless.local.project.function_reading import (
    CodeSource,
    Defaults,
    FunctionReading,
    FunctionSource,
    read_function,
)
from tencentserverless.local.project.keys import CLOUDBASE, idle_keys
from tencentserverless.local.project.notices import Report
from tencentserverless.local.project.references import find_mustache
from tencentserverless.local.project.surroundings import FileReading, Surroundings
from tencentserverless.local.project.timer_reading import TimerSource
from tencentserverless.local.project.url_reading import is_url, read_url
from tencentserverless.local.project.yaml_nodes import MUSTACHE, Node, Scope
from tencentserverless.local.registry.timer_triggers import TIMER

_KEYS = CLOUDBASE.tables["functions[], and functionDefaultConfig"]
_FUNCTION_PLUGIN = "@cloudbase/framework-plugin-function"
_DEPLOY = (
    "is deployed by tcb into the namespace of its environment, and scf deploy does not; run: tcb fn deploy, or name "
    "the function in a serverless.yml"
)
_STAGE = "local"
_NO_NODES: Mapping[str, Node] = {}


def read_cloudbase(top: Node, surroundings: Surroundings) -> FileReading:
    """Read the functions of a file; without functions, the file is none of ours.

    :raises StartupError: if the file has another form
    """
    report = Report()
    variables = read_variables(top.path.parent, _STAGE, surroundings.environment)
    values = top.present()
    env_id = values["envId"].converted() if "envId" in values else ""
    find = find_mustache(variables, env_id)
    functions = []
    for group in _groups(top.within(Scope(find, report, MUSTACHE))):
        for number, node in enumerate(group.functions.items()):
            one = Report()
            scoped = node.within(Scope(find, one, MUSTACHE))
            found = one.attempt(None, _read, scoped, group, surroundings, one)
            functions.append(found or FunctionReading(f"functions[{number}]", None, one))
    return FileReading(top.path, tuple(functions), report, is_ours=bool(functions))


class _Group:
    """Functions of one list, with the root of their folders and what counts for all."""

    def __init__(self, functions: Node, root: str, shared: Mapping[str, Node]) -> None:
        self.functions = functions
        self.root = root
        self.shared = shared


def _groups(top: Node) -> Iterator[_Group]:
    values = top.present()
    root = values["functionRoot"].text() if "functionRoot" in values else ""
    shared = values["functionDefaultConfig"].present() if "functionDefaultConfig" in values else {}
    if "functions" in values:
        yield _Group(values["functions"], root or "functions", shared)
    framework = values["framework"].present() if "framework" in values else {}
    for plugin in framework["plugins"].present().values() if "plugins" in framework else ():
        parts = plugin.present()
        if "use" in parts and parts["use"].text() == _FUNCTION_PLUGIN and "inputs" in parts:
            inputs = parts["inputs"].present()
            if "functions" in inputs:
                yield _Group(
                    inputs["functions"],
                    inputs["functionRootPath"].text() if "functionRootPath" in inputs else root or "cloudfunctions",
                    inputs["functionDefaultConfig"].present() if "functionDefaultConfig" in inputs else shared,
                )


def _read(node: Node, group: _Group, surroundings: Surroundings, report: Report) -> FunctionReading:
    node.note_unknown(_KEYS, "a function of a cloudbaserc.json")
    values = {**{key: value.within(node.scope) for key, value in group.shared.items()}, **node.present()}
    name = values["name"].converted() if "name" in values else ""
    base = node.path.parent
    folder = next((values[key] for key in ("dir", "functionPath") if key in values), None)
    given = "" if folder is not None or not name else f"{group.root}/{name}"
    if "functionDistPath" in values and folder is None:
        base, folder, given = base / group.root, values["functionDistPath"], ""
    ignored = values.get("ignore")
    exclude = () if ignored is None else tuple(ignored.items()) if ignored.is_list() else (ignored,)
    if "vpc" in values:
        values["vpcConfig"] = values["vpc"]
    node.doubt(_DEPLOY)
    source = FunctionSource(
        node,
        values,
        CodeSource(folder, base, "has no 'name', which names its folder too", exclude=exclude, given=given),
        Defaults(surroundings.region, runtime="Nodejs18.15", handler="index.main", memory_mb=256, timeout_seconds=5),
        variables=report.attempt(_NO_NODES, _variables, values),
        events=report.attempt(Events(), _events, values),
        idle=tuple(sorted(set(idle_keys(_KEYS)) & values.keys())),
    )
    return read_function(source, report, surroundings.now)


def _variables(values: Mapping[str, Node]) -> Mapping[str, Node]:
    return values["envVariables"].mapping() if "envVariables" in values else {}


def _events(values: Mapping[str, Node]) -> Events:
    timers, urls, others = [], [], []
    for trigger in values["triggers"].items() if "triggers" in values else ():
        parts = trigger.present()
        kind = parts["type"].text() if "type" in parts else ""
        if kind == TIMER:
            timers.append(TimerSource(trigger, "", parts.get("config"), name=parts.get("name"), opens_alone=True))
        elif is_url(kind) and "config" in parts and parts["config"].is_mapping():
            urls.append(read_url(trigger, parts["config"]))
        else:
            others.append(kind)
    return Events(tuple(timers), tuple(others), tuple(urls))
