"""Reads a configuration file of any kind: tells the kind by the content, and calls its reader."""

from pathlib import Path

from tencentserverless.local.errors import StartupError
from tencentserverless.local.project.cloudbase import read_cloudbase
from tencentserverless.local.project.configuration_files import CLOUDBASE, CONSOLE, TEMPLATES, UNREAD
from tencentserverless.local.project.console_template import read_console_template
from tencentserverless.local.project.instance_names import read_names
from tencentserverless.local.project.multi_function import read_multi
from tencentserverless.local.project.notices import Report
from tencentserverless.local.project.plugin_file import provider_name, read_plugin
from tencentserverless.local.project.sam_template import FUNCTION_TYPE, read_template, resource_types
from tencentserverless.local.project.surroundings import FileReading, Surroundings
from tencentserverless.local.project.tencent_component import (
    components,
    is_first_version,
    read_component,
    read_first_version,
)
from tencentserverless.local.project.yaml_nodes import Node, Scope, read_yaml

_OURS = "TencentCloud::"
_PROJECT_KEYS = frozenset(("app", "stage", "org", "name"))
#: Components without code of their own (github.com/serverless-components).
_WITHOUT_FUNCTIONS = frozenset(
    "apigateway cos cdn vpc cam-role postgresql cynosdb layer website tcr clb ssl domain monitor cfs es".split()
)
_WAY_OUT = "name the function in a serverless.yml of component: scf beside its code"


def read_file(path: Path, surroundings: Surroundings) -> FileReading:
    """Read the functions of a file. What is wrong with it is in the reading."""
    if path.name in UNREAD:
        return FileReading(path, unread=f"{path} is not read: {UNREAD[path.name]}")
    report = Report()
    is_template = path.name in TEMPLATES
    try:
        if path.name == CONSOLE:
            return read_console_template(path, surroundings)
        top = read_yaml(path, Scope(report=report))
        if top is None:
            return _read_empty(path, report, is_template=is_template)
        if is_template:
            reading = _read_template(top, surroundings)
        elif path.name == CLOUDBASE:
            reading = read_cloudbase(top, surroundings)
        else:
            reading = _read_serverless(top, surroundings)
    except StartupError as error:
        if is_template and _OURS not in path.read_text(encoding="utf-8", errors="replace"):
            return FileReading(path, report=Report(notices=[f"{error}: ignored"]), is_ours=False)
        report.faults.append(str(error))
        return FileReading(path, report=report)
    report.notices.extend(line for line in reading.report.notices if line not in report.notices)
    reading.report.notices[:] = report.notices
    return reading


def _read_empty(path: Path, report: Report, *, is_template: bool) -> FileReading:
    """Read a file without content: an editor may be writing it, so nothing else is taken for what it will say."""
    if is_template:
        report.notice(f"{path} is empty: ignored")
        return FileReading(path, report=report, is_ours=False)
    report.faults.append(f"{path} is empty: write it, or remove it")
    return FileReading(path, report=report)


def _read_template(top: Node, surroundings: Surroundings) -> FileReading:
    types = resource_types(top)
    if FUNCTION_TYPE in types:
        return read_template(top, surroundings)
    notices = []
    if types:
        notices.append(f"{top.path} has no {FUNCTION_TYPE}, but {types[0]}: ignored")
    return FileReading(top.path, report=Report(notices), is_ours=any(kind.startswith(_OURS) for kind in types))


def _read_serverless(top: Node, surroundings: Surroundings) -> FileReading:
    values = top.present()
    names = read_names(top, surroundings)
    if "component" in values:
        kind = values["component"].within(Scope(names.references.find)).converted()
        plain = kind.split("@")[0] if not kind.startswith("@") else kind
        if plain in ("scf", "@serverless/tencent-scf"):
            return read_component(top, names, surroundings)
        if plain == "multi-scf":
            return read_multi(top, names, surroundings)
        return _other_component(top, kind, plain)
    if any(is_first_version(node) for node in values.values()):
        return read_first_version(top, names, surroundings)
    provider = provider_name(top)
    if provider == "tencent":
        return read_plugin(top, names, surroundings)
    if provider:
        return FileReading(
            top.path, report=Report([f"{top.path} is for the provider {provider!r}: ignored"]), is_ours=False
        )
    return _without_component(top, sorted(values))


def _other_component(top: Node, kind: str, plain: str) -> FileReading:
    path = top.path
    if plain in _WITHOUT_FUNCTIONS:
        inputs = top.present().get("inputs")
        names_code = inputs is not None and inputs.is_mapping() and "src" in inputs.present()
        notice = f"{path} is of component {kind!r}, which makes no function: ignored"
        return FileReading(path, report=Report([notice]), is_ours=names_code)
    return FileReading(path, unread=f"{path} is not read: it is of component {kind!r}, not scf; {_WAY_OUT}")


def _without_component(top: Node, keys: list[str]) -> FileReading:
    path = top.path
    others = list(components(top))
    if "instances" in keys:
        return FileReading(path, unread=f"{path} is not read: it has 'instances'; {_WAY_OUT}")
    if any("tencent" in each for each in others):
        return FileReading(path, unread=f"{path} is not read: it is of component {others[0]!r}; {_WAY_OUT}")
    if others:
        return FileReading(path, report=Report([f"{path} is of component {others[0]!r}: ignored"]), is_ours=False)
    if set(keys) <= _PROJECT_KEYS:
        return FileReading(path, is_ours=False)
    words = "has neither a component nor a provider: ignored"
    report = top.scope.report
    report.notice(f"{path} {words}")
    top.note_unknown((*_PROJECT_KEYS, "component", "inputs", "provider", "functions", "service"), "a serverless.yml")
    return FileReading(path, report=report, is_ours="inputs" in keys)
