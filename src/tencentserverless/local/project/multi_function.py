"""Reads ``component: multi-scf`` of a serverless.yml: several functions of one instance.

Source: src/formatter.ts and docs/configure.md of serverless-components/tencent-multi-scf. A function's keys count more
than those of ``inputs``; ``environments`` and ``tags`` are lists of ``key`` and ``value``; a function's ``src`` lies in
the folder of ``inputs.src``.
"""

from collections.abc import Iterator, Mapping

from tencentserverless.local.project.event_reading import Events
from tencentserverless.local.project.function_reading import (
    CodeSource,
    Defaults,
    FunctionReading,
    FunctionSource,
    read_function,
)
from tencentserverless.local.project.instance_names import InstanceNames
from tencentserverless.local.project.keys import MULTI, TIMER_KEYS, idle_keys
from tencentserverless.local.project.notices import Report
from tencentserverless.local.project.surroundings import FileReading, Surroundings
from tencentserverless.local.project.tencent_component import NO_NODES, read_source
from tencentserverless.local.project.timer_reading import TimerSource
from tencentserverless.local.project.url_reading import is_url, read_url
from tencentserverless.local.project.yaml_nodes import Node, Scope
from tencentserverless.local.registry.timer_triggers import TIMER

_KEYS = MULTI.tables["inputs, and each of inputs.functions"]


def read_multi(top: Node, names: InstanceNames, surroundings: Surroundings) -> FileReading:
    """Read the functions of a ``component: multi-scf``.

    :raises StartupError: if the file has another form
    """
    report = Report()
    scope = Scope(names.references.find, report)
    top.within(Scope(top.scope.find, report)).note_unknown(MULTI.tables[""], "a serverless.yml")
    values = top.present()
    if "inputs" not in values:
        raise top.refusal("has no key 'inputs'")
    inputs = values["inputs"].within(scope)
    inputs.note_unknown(_KEYS, "component multi-scf")
    shared = inputs.present()
    if "functions" not in shared:
        raise inputs.refusal("has no key 'functions'")
    functions = []
    for key, node in _entries(shared["functions"]):
        one = Report()
        scoped = Scope(names.references.find, one)
        reader = _Reader(inputs.within(scoped), node.within(scoped), key, names, surroundings)
        reading = one.attempt(None, reader.read, one)
        functions.append(reading or FunctionReading(key, None, one))
    return FileReading(top.path, tuple(functions), report, instance=names.instance)


def _entries(node: Node) -> Iterator[tuple[str, Node]]:
    if node.is_list():
        for number, item in enumerate(node.items()):
            values = item.present()
            yield (values["key"].text() if "key" in values else str(number)), item
    else:
        yield from node.present().items()


class _Reader:
    """One function, with what the inputs say for all."""

    def __init__(self, inputs: Node, node: Node, key: str, names: InstanceNames, surroundings: Surroundings) -> None:
        self._inputs = inputs
        self._node = node
        self._key = key
        self._names = names
        self._surroundings = surroundings

    def read(self, report: Report) -> FunctionReading:
        """Read the function."""
        self._node.note_unknown(_KEYS, "a function of multi-scf")
        shared = self._inputs.present()
        own = self._node.present()
        values = {**{key: value for key, value in shared.items() if key not in ("src", "functions")}, **own}
        values.pop("src", None)
        if "vpc" in values:
            values["vpcConfig"] = values.pop("vpc")
        names = self._names
        source = FunctionSource(
            self._node,
            values,
            report.attempt(CodeSource(None, self._node.path.parent, ""), self._code, shared, own),
            Defaults(
                self._surroundings.region,
                f"{names.name}-{names.stage}-{names.app}-{self._key}" if names.name else "",
                "has no 'name', and the default ${name}-${stage}-${app}-KEY needs the key 'name' at the top",
                runtime="Nodejs12.16",
            ),
            variables=report.attempt(NO_NODES, _pairs, values.get("environments")),
            events=report.attempt(Events(), self._events, shared),
            idle=tuple(sorted((set(idle_keys(_KEYS)) & {*shared, *own}) - {"key"})),
        )
        reading = read_function(source, report, self._surroundings.now)
        if "image" in values:
            parts = values["image"].present() if values["image"].is_mapping() else {}
            url = parts["imageUrl"].text() if "imageUrl" in parts else "an image"
            return reading._replace(record=None, report=Report(), image=url)
        return reading

    def _code(self, shared: Mapping[str, Node], own: Mapping[str, Node]) -> CodeSource:
        common = read_source(shared.get("src"), self._node.path.parent)
        if "src" not in own:
            return common
        base = common.base / common.node.text() if common.node is not None else common.base
        mine = read_source(own["src"], base)
        return CodeSource(
            mine.node, base, mine.words, (*common.exclude, *mine.exclude), (*common.include, *mine.include)
        )

    def _events(self, shared: Mapping[str, Node]) -> Events:
        timers, urls, others = [], [], []
        for trigger in shared["triggers"].items() if "triggers" in shared else ():
            values = trigger.present()
            kind = values["type"].text() if "type" in values else ""
            if kind == "apigw":
                others.append(kind)
            elif "function" in values and values["function"].text() == self._key:
                if kind == TIMER:
                    timers.append(self._timer(trigger.within(self._node.scope)))
                elif is_url(kind):
                    scoped = trigger.within(self._node.scope)
                    urls.append(read_url(scoped, scoped.present().get("parameters")))
                else:
                    others.append(kind)
        return Events(tuple(timers), tuple(others), tuple(urls))

    def _timer(self, trigger: Node) -> TimerSource:
        values = trigger.present()
        parameters = values["parameters"].present() if "parameters" in values else {}
        if "parameters" in values:
            values["parameters"].note_unknown(TIMER_KEYS, "a timer's parameters")
        return TimerSource(
            values.get("parameters", trigger),
            self._names.timer_name,
            parameters.get("cronExpression"),
            name=parameters.get("name", values.get("name")),
            argument=parameters.get("argument"),
            enable=parameters.get("enable"),
            qualifier=parameters.get("qualifier"),
        )


def _pairs(node: Node | None) -> dict[str, Node]:
    """Return the values of a list of ``key`` and ``value`` by key.

    :raises StartupError: if it has another form
    """
    found = {}
    for item in node.items() if node is not None else ():
        parts = item.mapping()
        if "key" not in parts or "value" not in parts:
            raise item.refusal("must have a key and a value")
        found[parts["key"].text()] = parts["value"]
    return found
