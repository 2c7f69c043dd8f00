"""Reads the config.json of a function template of the console: what the console makes a function from.

Source: the config.json files of tencentyun/scf-demo-repo, from which the console takes its templates. They are JSON
with comments, beside the code, and name one function.
"""

from collections.abc import Mapping
from pathlib import Path

from tencentserverless.local.project import runtimes
from tencentserverless.local.project.event_reading import Events
from tencentserverless.local.project.function_reading import (
    CodeSource,
    Defaults,
    FunctionReading,
    FunctionSource,
    read_function,
)
from tencentserverless.local.project.keys import CONSOLE, idle_keys
from tencentserverless.local.project.notices import Report
from tencentserverless.local.project.surroundings import FileReading, Surroundings
from tencentserverless.local.project.timer_reading import TimerSource
from tencentserverless.local.project.url_reading import is_url, read_url
from tencentserverless.local.project.yaml_loader import compose_commented
from tencentserverless.local.project.yaml_nodes import Node, Scope

_APPLICATION = "serverless-cloud-function-application"
_MARK = f'"{_APPLICATION}"'.encode()
_KEYS = CONSOLE.tables["functions"]
_DEPLOY = (
    "is a template from which the console makes a function, and scf deploy does not deploy it; name the function in a "
    "serverless.yml"
)
_MAX_FILE_BYTES = 1_000_000
_NO_NODES: Mapping[str, Node] = {}


def is_console_template(path: Path) -> bool:
    """True if a config.json is one of the console, and not a file of the code."""
    try:
        if not path.is_file():
            return False
        with path.open("rb") as file:
            return _MARK in file.read(_MAX_FILE_BYTES)
    except OSError:
        return False


def read_console_template(path: Path, surroundings: Surroundings) -> FileReading:
    """Read the function of a template.

    :raises StartupError: if the file has another form
    """
    report, one = Report(), Report()
    top = Node(path, "", compose_commented(path), Scope(report=report))
    application = top.present().get(_APPLICATION, top)
    node = application.present().get("functions")
    if node is None:
        raise application.refusal("has no key 'functions'")
    reading = one.attempt(None, _read, node.within(Scope(report=one)), surroundings, one)
    return FileReading(path, (reading or FunctionReading("functions", None, one),), report)


def _read(node: Node, surroundings: Surroundings, report: Report) -> FunctionReading:
    node.note_unknown(_KEYS, "a template of the console")
    values = node.present()
    node.doubt(_DEPLOY)
    source = FunctionSource(
        node,
        {key: value for key, value in values.items() if key != "Environment"},
        CodeSource(None, node.path.parent, given="."),
        Defaults(surroundings.region, handler=runtimes.DEFAULT_HANDLER),
        variables=report.attempt(_NO_NODES, _variables, values),
        events=report.attempt(Events(), _events, values),
        idle=tuple(sorted(set(idle_keys(_KEYS)) & {key for key, value in values.items() if not _is_empty(value)})),
    )
    return read_function(source, report, surroundings.now)


def _variables(values: Mapping[str, Node]) -> Mapping[str, Node]:
    return values["Environment"].mapping() if "Environment" in values else {}


def _events(values: Mapping[str, Node]) -> Events:
    parts = values["Events"].present() if "Events" in values else {}
    if "Type" not in parts:
        return Events()
    kind = parts["Type"].text()
    if is_url(kind):
        return Events(urls=(read_url(values["Events"], parts.get("Properties")),))
    if kind != "Timer":
        return Events(others=(kind,))
    event = parts.get("Properties", values["Events"])
    given = event.present()
    timer = TimerSource(
        event,
        "timer",
        given.get("CronExpression"),
        name=given.get("Name", parts.get("Name")),
        argument=given.get("Message"),
        enable=given.get("Enable"),
        knows_words=True,
    )
    return Events((timer,))


def _is_empty(node: Node) -> bool:
    return node.is_mapping() and not node.mapping()
