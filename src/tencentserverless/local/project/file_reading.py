"""Reads a configuration file of any kind: tells the kind by the content, and calls its reader."""

from pathlib import Path

from tencentserverless.local.errors import StartupError
from tencentserverless.local.notice import Notice
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
_WAY_OUT = Notice("name the function in a serverless.yml of component: scf beside its code")


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
            return FileReading(
                path, report=Report(notices=[Notice("{fault}: ignored", fault=str(error))]), is_ours=False
            )
        report.faults.append(str(error))
        return FileReading(path, report=report)
    report.notices.extend(line for line in reading.report.notices if line not in report.notices)
    reading.report.notices[:] = report.notices
    return reading


def _read_empty(path: Path, report: Report, *, is_template: bool) -> FileReading:
    """Read a file without content: an editor may be writing it, so nothing else is taken for what it will say."""
    if is_template:
        report.notice(Notice("{path} is empty: ignored", path=str(path)))
        return FileReading(path, report=report, is_ours=False)
    report.faults.append(f"{path} is empty: write it, or remove it")
    return FileReading(path, report=report)


def _read_template(top: Node, surroundings: Surroundings) -> FileReading:
    types = resource_types(top)
    if FUNCTION_TYPE in types:
        return read_template(top, surroundings)
    notices = []
    if types:
        words = "{path} has no {wanted}, but {found}: ignored"
        notices.append(Notice(words, path=str(top.path), wanted=FUNCTION_TYPE, found=types[0]))
    return FileReading(top.path, report=Report([*notices]), is_ours=any(kind.startswith(_OURS) for kind in types))


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
        notice = Notice("{path} is for the provider {provider}: ignored", path=str(top.path), provider=repr(provider))
        return FileReading(top.path, report=Report([notice]), is_ours=False)
    return _without_component(top, sorted(values))


def _other_component(top: Node, kind: str, plain: str) -> FileReading:
    path = top.path
    if plain in _WITHOUT_FUNCTIONS:
        inputs = top.present().get("inputs")
        names_code = inputs is not None and inputs.is_mapping() and "src" in inputs.present()
        words = "{path} is of component {kind}, which makes no function: ignored"
        notice = Notice(words, path=str(path), kind=repr(kind))
        return FileReading(path, report=Report([notice]), is_ours=names_code)
    words = "{path} is not read: it is of component {kind}, not scf; {way_out}"
    return FileReading(path, unread=Notice(words, path=str(path), kind=repr(kind), way_out=_WAY_OUT))


def _without_component(top: Node, keys: list[str]) -> FileReading:
    path = top.path
    others = list(components(top))
    if "instances" in keys:
        words = "{path} is not read: it has 'instances'; {way_out}"
        return FileReading(path, unread=Notice(words, path=str(path), way_out=_WAY_OUT))
    if any("tencent" in each for each in others):
        words = "{path} is not read: it is of component {kind}; {way_out}"
        return FileReading(path, unread=Notice(words, path=str(path), kind=repr(others[0]), way_out=_WAY_OUT))
    if others:
        notice = Notice("{path} is of component {kind}: ignored", path=str(path), kind=repr(others[0]))
        return FileReading(path, report=Report([notice]), is_ours=False)
    if set(keys) <= _PROJECT_KEYS:
        return FileReading(path, is_ours=False)
    report = top.scope.report
    report.notice(Notice("{path} has neither a component nor a provider: ignored", path=str(path)))
    top.note_unknown((*_PROJECT_KEYS, "component", "inputs", "provider", "functions", "service"), "a serverless.yml")
    return FileReading(path, report=report, is_ours="inputs" in keys)
