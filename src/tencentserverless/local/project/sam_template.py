"""Reads a template.yaml with resources of the type ``TencentCloud::Serverless::Function``.

Source: tcfcli/common/tcsam of tencentyun/scfcli: a namespace is a resource that holds its functions, and
``Globals.Function`` counts where a function has no key of its own.
"""

from collections.abc import Iterator, Mapping

from tencentserverless.local.project import runtimes
from tencentserverless.local.project.event_reading import Events
from tencentserverless.local.project.function_reading import (
    CodeSource,
    Defaults,
    FunctionReading,
    FunctionSource,
    read_function,
)
from tencentserverless.local.project.keys import SAM, idle_keys
from tencentserverless.local.project.notices import Report
from tencentserverless.local.project.surroundings import FileReading, Surroundings
from tencentserverless.local.project.timer_reading import TimerSource
from tencentserverless.local.project.url_reading import is_url, read_url
from tencentserverless.local.project.yaml_nodes import Node, Scope

FUNCTION_TYPE = "TencentCloud::Serverless::Function"
NAMESPACE_TYPE = "TencentCloud::Serverless::Namespace"
_KEYS = SAM.tables["Properties, and Globals.Function"]
#: Keys of the template, and those of the component scf that say the same.
_WORDS = {
    "Handler": "handler",
    "Runtime": "runtime",
    "Description": "description",
    "MemorySize": "memorySize",
    "Timeout": "timeout",
    "Type": "type",
    "Role": "role",
}
_TIMER = "Timer"
_NO_NODES: Mapping[str, Node] = {}


def resource_types(top: Node) -> list[str]:
    """List the types of a template's resources, of those within namespaces too."""
    resources = top.mapping().get("Resources") if top.is_mapping() else None
    found = []
    for node in resources.present().values() if resources is not None and resources.is_mapping() else ():
        for each in (node, *(node.present().values() if node.is_mapping() else ())):
            kind = each.present().get("Type") if each.is_mapping() else None
            if kind is not None:
                found.append(kind.converted())
    return found


def read_template(top: Node, surroundings: Surroundings) -> FileReading:
    """Read the functions of a template.

    :raises StartupError: if the file has another form
    """
    report = Report()
    values = top.within(Scope(report=report)).present()
    shared: Mapping[str, Node] = {}
    if "Globals" in values:
        common = values["Globals"].present()
        if "Function" in common:
            common["Function"].note_unknown(_KEYS, "Globals.Function")
            shared = common["Function"].present()
    functions = []
    for namespace, name, node in _functions(values["Resources"]):
        one = Report()
        scoped = node.within(Scope(report=one))
        found = one.attempt(None, _read, scoped, shared, (namespace, name), surroundings, one)
        functions.append(found or FunctionReading(name, None, one))
    return FileReading(top.path, tuple(functions), report)


def _functions(resources: Node) -> Iterator[tuple[str, str, Node]]:
    """Yield namespace, name and value of each function."""
    for name, node in resources.present().items():
        if _type_of(node) == FUNCTION_TYPE:
            yield "default", name, node
        elif _type_of(node) == NAMESPACE_TYPE:
            for inner, each in node.present().items():
                if _type_of(each) == FUNCTION_TYPE:
                    yield name, inner, each


def _type_of(node: Node) -> str:
    kind = node.present().get("Type") if node.is_mapping() else None
    return kind.converted() if kind is not None else ""


def _read(
    node: Node, shared: Mapping[str, Node], names: tuple[str, str], surroundings: Surroundings, report: Report
) -> FunctionReading:
    parts = node.present()
    if "Properties" not in parts:
        raise node.refusal("has no key 'Properties'")
    parts["Properties"].note_unknown(_KEYS, FUNCTION_TYPE)
    scope = node.scope
    given = {**{key: value.within(scope) for key, value in shared.items()}, **parts["Properties"].present()}
    values = {_WORDS[key]: value for key, value in given.items() if key in _WORDS}
    if "VpcConfig" in given:
        values["vpcConfig"] = given["VpcConfig"]
    for key in ("Handler", "Runtime"):
        if key not in given:
            report.faults.append(str(parts["Properties"].refusal(f"has no {key!r}")))
    source = FunctionSource(
        parts["Properties"],
        values,
        report.attempt(CodeSource(None, node.path.parent, ""), _code, given, node),
        Defaults(surroundings.region, names[1], handler=runtimes.DEFAULT_HANDLER, namespace=names[0]),
        variables=report.attempt(_NO_NODES, _variables, given),
        events=report.attempt(Events(), _events, given),
        idle=tuple(sorted(set(idle_keys(_KEYS)) & given.keys())),
    )
    return read_function(source, report, surroundings.now)


def _code(given: Mapping[str, Node], node: Node) -> CodeSource:
    code = given.get("CodeUri")
    if code is not None and code.is_mapping():
        raise code.refusal("names code in COS; the local SCF runs code of a local folder")
    return CodeSource(code, node.path.parent, "has no 'CodeUri', the folder of the code")


def _variables(given: Mapping[str, Node]) -> Mapping[str, Node]:
    if "Environment" not in given:
        return {}
    given["Environment"].note_unknown(("Variables",), "Environment")
    parts = given["Environment"].present()
    return parts["Variables"].mapping() if "Variables" in parts else {}


def _events(given: Mapping[str, Node]) -> Events:
    timers, urls, others = [], [], []
    for name, event in given["Events"].present().items() if "Events" in given else ():
        parts = event.present()
        kind = parts["Type"].text() if "Type" in parts else ""
        if is_url(kind):
            urls.append(read_url(event, parts.get("Properties"), name))
            continue
        if kind != _TIMER:
            others.append(kind)
            continue
        values = parts["Properties"].present() if "Properties" in parts else {}
        timers.append(
            TimerSource(
                event,
                name,
                values.get("CronExpression"),
                argument=values.get("Message"),
                enable=values.get("Enable"),
                opens_alone=True,
                knows_words=True,
            )
        )
    return Events(tuple(timers), tuple(others), tuple(urls))
