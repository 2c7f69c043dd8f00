"""Reads a ``serverless.yml`` of ``component: scf`` into a record, including its timers.

Source of keys, defaults and values: docs/configure.md of serverless-components/tencent-scf.
"""

from collections.abc import Callable, Container, Mapping
from pathlib import Path
from typing import NamedTuple

from tencentserverless.local.project.settings_only_shown import read_options
from tencentserverless.local.project.yaml_nodes import Node, read_yaml
from tencentserverless.local.registry import function_version
from tencentserverless.local.registry.function_version import (
    DEFAULT_ALIAS,
    DEFAULT_NAMESPACE,
    FunctionKey,
    FunctionRecord,
)
from tencentserverless.local.registry.package_contents import PackRules, pattern_fault
from tencentserverless.local.registry.timer_triggers import NAME, TIMER, TRIGGERS_PER_TYPE, Trigger, cron_fault
from tencentserverless.local.settings import REGION_NAME
from tencentserverless.local.worker.interpreters import CUSTOM_RUNTIME, is_known

FILE_NAME = "serverless.yml"
COMPONENT = "scf"
DEFAULT_STAGE = "dev"
DEFAULT_RUNTIME = "Nodejs10.15"
DEFAULT_HANDLER = "index.main_handler"

_TOP_KEYS = frozenset(("app", "stage", "org", "component", "name", "inputs"))
_SERVED_KEYS = frozenset(
    "src type name namespace handler runtime region description memorySize timeout initTimeout environment "
    "asyncRunEnable retryNum msgTTL events".split()
)
#: Known to the component, and without effect on one machine.
_IDLE_KEYS = frozenset(
    "entryFile role publicAccess eip l5Enable installDependency traceEnable ignoreTriggers "
    "vpcConfig cfs deadLetter layers cls tags image protocolType protocolParams provisionedNum qualifier "
    "publish traffic".split()
)
_SOURCE_KEYS = frozenset(("src", "exclude", "include", "bucket", "object"))
_IDLE_SOURCE_KEYS = ("bucket", "object")
_TYPES = {"event": "Event", "web": "HTTP"}


class Reading(NamedTuple):
    """The content of a file: the function (None if the file is another component's), and notices for the terminal.

    ``idle`` are the settings that have no effect in a local SCF.
    """

    record: FunctionRecord | None
    notices: list[str]
    idle: tuple[str, ...] = ()


def read_manifest(path: Path, region: str, environment: Mapping[str, str], now: float) -> Reading:
    """Read a file.

    :param region: the region of a function that names none
    :param environment: the values of ``${env:X}``
    :param now: UNIX seconds
    :raises StartupError: if the file has an invalid value
    """
    variables = {f"env:{name}": value for name, value in environment.items()}
    document = read_yaml(path, variables)
    if document is None:
        return Reading(None, [f"{path} is empty: ignored"])
    top = document.mapping()
    component = top["component"].text() if "component" in top else ""
    if component != COMPONENT:
        return Reading(None, [f"{path} is of component {component!r}, not {COMPONENT!r}: ignored"])
    document.refuse_unknown(_TOP_KEYS)
    variables.update({key: top[key].text() for key in ("app", "name") if key in top})
    variables["stage"] = top["stage"].text() if "stage" in top else DEFAULT_STAGE
    if "inputs" not in top:
        raise document.refusal("has no key 'inputs'")
    inputs = top["inputs"].with_variables(variables)
    record = _Inputs(inputs, variables).record(region, now)
    others = read_timers(inputs.mapping()["events"], now)[1] if "events" in inputs.mapping() else []
    idle = _idle_keys(inputs) + [f"events of type {kind}" for kind in sorted(set(others))]
    return Reading(record, [f"{path}: no effect locally: {', '.join(idle)}"] if idle else [], tuple(idle))


def _idle_keys(inputs: Node) -> list[str]:
    values = inputs.mapping()
    source = values["src"].mapping() if "src" in values and values["src"].is_mapping() else {}
    return sorted(set(values) & _IDLE_KEYS) + [f"src.{key}" for key in _IDLE_SOURCE_KEYS if key in source]


class _Inputs:
    """The mapping under ``inputs``, read key by key."""

    def __init__(self, node: Node, variables: Mapping[str, str]) -> None:
        self._node = node
        self._variables = variables
        self._values = node.mapping()
        node.refuse_unknown(_SERVED_KEYS | _IDLE_KEYS)

    def record(self, region: str, now: float) -> FunctionRecord:
        """Make the record that the inputs describe."""
        key = FunctionKey(self._text("region", region), self._text("namespace", DEFAULT_NAMESPACE), self._name())
        if len(key.namespace) + len(key.name) > function_version.MAX_NAMES_CHARS:
            raise self._node.refusal(
                f"has a namespace and a name of more than {function_version.MAX_NAMES_CHARS} characters"
            )
        runs_async = self._text("asyncRunEnable", "false") == "true"
        return FunctionRecord(
            key=key,
            handler=self._handler(),
            runtime=self._text("runtime", DEFAULT_RUNTIME),
            code_folder=self._code_folder(),
            memory_mb=self._number("memorySize", 128, function_version.MEMORY_MB, "64, or 128 to 3072 in steps of 128"),
            timeout_seconds=self._timeout_seconds(runs_async),
            # The component's page says 3 seconds, the API 65: the longer one is used, because laptops load slowly.
            init_timeout_seconds=self._number(
                "initTimeout", 65, function_version.INIT_TIMEOUT_SECONDS, "3 to 300 seconds"
            ),
            environment=self._environment(),
            description=self._text("description", ""),
            type=_TYPES[self._text("type", "event")],
            created_at=now,
            changed_at=now,
            runs_async=runs_async,
            async_config=function_version.AsyncConfig(
                self._number("retryNum", 2, function_version.ASYNC_RETRIES, "0 to 2"),
                self._number("msgTTL", 21_600, function_version.ASYNC_TTL_SECONDS, "60 to 21600 seconds"),
            ),
            timers=read_timers(self._values["events"], now)[0] if "events" in self._values else (),
            packing=PackRules(self._patterns("exclude"), self._patterns("include")),
            options=read_options(self._values),
        )

    def _timeout_seconds(self, runs_async: bool) -> int:
        if runs_async:
            return self._number("timeout", 3, function_version.ASYNC_TIMEOUT_SECONDS, "1 to 86400 seconds")
        return self._number("timeout", 3, function_version.TIMEOUT_SECONDS, "1 to 900 seconds")

    def _handler(self) -> str:
        is_custom = self._text("runtime", DEFAULT_RUNTIME) == CUSTOM_RUNTIME
        return self._text("handler", DEFAULT_HANDLER, "custom handler" if is_custom else "handler")

    def _name(self) -> str:
        if "name" in self._values:
            return self._text("name", "")
        parts = [self._variables.get(key, "") for key in ("name", "stage", "app")]
        if not all(parts):
            raise self._node.refusal(
                "has no 'name', and the default ${name}-${stage}-${app} needs the keys 'name' and 'app' at the top"
            )
        name = "-".join(parts)
        if not function_version.FUNCTION_NAME.match(name):
            raise self._node.refusal(
                f"has no 'name', and the default {name!r} is no function name: {_RULES['name'].words}"
            )
        return name

    def _text(self, key: str, default: str, rule_name: str = "") -> str:
        if key not in self._values:
            return default
        text = self._values[key].text()
        rule = _RULES[rule_name or key]
        if not rule.fits(text):
            raise self._values[key].refusal(f"must be {rule.words}, not {text!r}")
        return text

    def _number(self, key: str, default: int, allowed: Container[int], words: str) -> int:
        if key not in self._values:
            return default
        number = self._values[key].integer()
        if number not in allowed:
            raise self._values[key].refusal(f"must be {words}, not {number}")
        return number

    def _environment(self) -> dict[str, str]:
        if "environment" not in self._values:
            return {}
        node = self._values["environment"]
        parts = node.mapping()
        node.refuse_unknown(frozenset(("variables",)))
        if "variables" not in parts:
            return {}
        variables = {key: value.text() for key, value in parts["variables"].mapping().items()}
        fault = function_version.environment_fault(variables)
        if fault:
            raise parts["variables"].refusal(f"can't be used: {fault.words}")
        return variables

    def _patterns(self, key: str) -> tuple[str, ...]:
        """Return patterns of files to pack or to leave out: a list, or a single pattern."""
        source = self._values.get("src")
        if source is None or not source.is_mapping() or key not in source.mapping():
            return ()
        node = source.mapping()[key]
        patterns = []
        for item in node.items() if node.is_list() else [node]:
            pattern = item.text()
            fault = pattern_fault(pattern)
            if fault:
                raise item.refusal(f"{pattern!r} {fault}")
            patterns.append(pattern)
        return tuple(patterns)

    def _code_folder(self) -> Path:
        if "src" not in self._values:
            raise self._node.refusal("has no 'src', the folder of the code")
        node = self._values["src"]
        if node.is_mapping():
            parts = node.mapping()
            node.refuse_unknown(_SOURCE_KEYS)
            if "src" not in parts:
                raise node.refusal("names code in COS; the local SCF runs code of a local folder, given as 'src'")
            node = parts["src"]
        text = node.text()
        folder = (node.path.parent / text).resolve()
        if not folder.is_dir():
            raise node.refusal(f"must be the folder of the code, but there is no folder {text!r} beside the file")
        return folder


class _Rule(NamedTuple):
    """A condition for a text, and the words that describe it."""

    fits: Callable[[str], object]
    words: str


_RULES = {
    "name": _Rule(
        function_version.FUNCTION_NAME.match,
        "2 to 60 letters, digits, '-' or '_', a letter first, a letter or digit last",
    ),
    "namespace": _Rule(function_version.NAMESPACE_NAME.match, "1 to 30 letters, digits, '-' or '_'"),
    "region": _Rule(REGION_NAME.match, "a region such as ap-guangzhou"),
    "handler": _Rule(
        function_version.HANDLER.match, "'file.function', each 2 to 60 characters, such as index.main_handler"
    ),
    "custom handler": _Rule(  # only its bootstrap knows the meaning
        function_version.is_other_handler, f"1 to {function_version.MAX_OTHER_HANDLER_CHARS} characters without NUL"
    ),
    "runtime": _Rule(is_known, "a runtime such as Python3.10"),
    "asyncRunEnable": _Rule(("true", "false").__contains__, "true or false"),
    "type": _Rule(_TYPES.__contains__, "'event' or 'web'"),
    "description": _Rule(
        lambda text: len(text) <= function_version.MAX_DESCRIPTION_CHARS,
        f"at most {function_version.MAX_DESCRIPTION_CHARS} characters",
    ),
}


_EVENT_KEYS = frozenset(("name", "parameters"))
_PARAMETER_KEYS = frozenset(("name", "qualifier", "cronExpression", "argument", "enable"))
_SWITCH = {"true": True, "false": False, "OPEN": True, "CLOSE": False}


def read_timers(events: Node, now: float) -> tuple[tuple[Trigger, ...], list[str]]:
    """Read the timers of a function's events, and the types of the other events, which never fire here.

    :param now: UNIX seconds
    :raises StartupError: if a timer is invalid
    """
    timers: dict[str, Trigger] = {}
    others = []
    for event in events.items():
        for kind, node in event.mapping().items():
            if kind != TIMER:
                others.append(kind)
                continue
            trigger = _read(node, len(timers), now)
            if trigger.name in timers or len(timers) >= TRIGGERS_PER_TYPE:
                raise node.refusal(f"must have a name of its own, and there can be {TRIGGERS_PER_TYPE} timers")
            timers[trigger.name] = trigger
    return tuple(timers.values()), others


def _read(node: Node, number: int, now: float) -> Trigger:
    values = node.mapping()
    node.refuse_unknown(_EVENT_KEYS)
    if "parameters" not in values:
        raise node.refusal("has no 'parameters'")
    parameters = values["parameters"].mapping()
    values["parameters"].refuse_unknown(_PARAMETER_KEYS)
    if "cronExpression" not in parameters:
        raise values["parameters"].refusal("has no 'cronExpression'")
    cron = parameters["cronExpression"].text()
    fault = cron_fault(cron, now)
    if fault:
        raise parameters["cronExpression"].refusal(f"{cron!r} is no timer: {fault}")
    named = parameters.get("name", values.get("name"))
    name = named.text() if named else f"{TIMER}-{number + 1}"
    if not NAME.match(name):
        raise node.refusal(f"has a name that is not 1 to 100 letters, digits, '-' or '_': {name!r}")
    enable = parameters["enable"].text() if "enable" in parameters else "true"  # the component's manifest says true
    if enable not in _SWITCH:
        raise parameters["enable"].refusal(f"must be true or false, not {enable!r}")
    return Trigger(
        name,
        parameters["qualifier"].text() if "qualifier" in parameters else DEFAULT_ALIAS,
        cron,
        argument=parameters["argument"].text() if "argument" in parameters else "",
        is_enabled=_SWITCH[enable],
        created_at=now,
        changed_at=now,
    )
