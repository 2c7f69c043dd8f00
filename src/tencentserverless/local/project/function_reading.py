"""A function of a configuration file: its parts, in the words of the component scf, become a record.

The reader of each kind of file finds the parts (``FunctionSource``); this module judges them. Each part that is wrong
is a fault of its own, so that one start tells of all.
"""

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, TypeVar

from tencentserverless.local.project import runtimes
from tencentserverless.local.project.event_reading import Events
from tencentserverless.local.project.layer_reading import read_layers
from tencentserverless.local.project.notices import Report, near_miss
from tencentserverless.local.project.settings_only_shown import read_options
from tencentserverless.local.project.timer_reading import make_timers
from tencentserverless.local.project.url_reading import make_urls
from tencentserverless.local.project.web_reading import read_web_options
from tencentserverless.local.project.yaml_nodes import Node
from tencentserverless.local.registry import function_version
from tencentserverless.local.registry.function_version import DEFAULT_NAMESPACE, FunctionKey, FunctionRecord
from tencentserverless.local.registry.package_contents import PackRules, pattern_fault
from tencentserverless.local.settings import REGION_NAME
from tencentserverless.local.worker.interpreters import OTHER_RUNTIMES, name_doubt

_TYPES = {"event": "Event", "web": "HTTP", "Event": "Event", "HTTP": "HTTP"}
_PYTHONS = ("Python3.6", "Python3.7", "Python3.9", "Python3.10", "Python2.7")
_Part = TypeVar("_Part")
_NO_OPTIONS: Mapping[str, object] = {}


@dataclass(frozen=True, slots=True)
class Defaults:
    """The tool's values for keys that a function does not have.

    :param name: ``""`` if there is none; then ``name_words`` says why
    :param handler: ``""`` for the one of the runtime
    """

    region: str
    name: str = ""
    name_words: str = "has no 'name'"
    runtime: str = "Nodejs10.15"
    handler: str = ""
    description: str = ""
    memory_mb: int = 128
    timeout_seconds: int = 3
    namespace: str = DEFAULT_NAMESPACE


@dataclass(frozen=True, slots=True)
class CodeSource:
    """The code of a function.

    :param node: the value that names the folder, None if no value does
    :param base: the folder to which the value is relative
    :param words: the fault where there is no value; an empty text if it has been told
    :param given: the folder where the file names none, as its tool takes it
    """

    node: Node | None
    base: Path
    words: str = "has no 'src', the folder of the code"
    exclude: tuple[Node, ...] = ()
    include: tuple[Node, ...] = ()
    given: str = ""


@dataclass(frozen=True, slots=True)
class FunctionSource:
    """The parts of a function, wherever its file has them.

    :param node: the whole function, for lines about it
    :param values: its keys, in the words of the component scf, without empty ones
    :param idle: keys of it that have no effect, as the file spells them
    """

    node: Node
    values: Mapping[str, Node]
    code: CodeSource
    defaults: Defaults
    variables: Mapping[str, Node] = field(default_factory=dict)
    events: Events = field(default_factory=Events)
    idle: tuple[str, ...] = ()


class FunctionReading(NamedTuple):
    """A function of a file: its record, or the faults that leave none.

    :param label: its name, or its place in the file
    :param code_folder: None if the file names none that exists
    :param idle: settings without effect here
    :param image: the image that it runs, which is not served
    """

    label: str
    record: FunctionRecord | None
    report: Report
    code_folder: Path | None = None
    idle: tuple[str, ...] = ()
    image: str = ""


def read_function(source: FunctionSource, report: Report, now: float) -> FunctionReading:
    """Make the record of a function. All faults go into the report; with one there is no record.

    :param now: UNIX seconds
    """
    parts = _Parts(source, report)
    key, runtime, folder = parts.key(), parts.runtime(), parts.code_folder()
    runs_async = parts.switch("asyncRunEnable")
    settings = _settings(source, parts, runtime, runs_async=runs_async)
    settings["timers"] = make_timers(source.events.timers, report, now)
    settings["urls"] = make_urls(source.events.urls, report, now)
    settings["options"] = {
        **report.attempt(_NO_OPTIONS, read_options, source.values),
        **report.attempt(_NO_OPTIONS, read_web_options, source.values),
    }
    settings["layers"] = read_layers(source.values, report)
    idle = source.idle + tuple(f"events of type {kind}" for kind in sorted(set(source.events.others)))
    label = key.name or source.node.key or str(source.node.path)
    if report.faults or folder is None:
        return FunctionReading(label, None, report, folder, idle)
    record = FunctionRecord(
        key=key,
        runtime=runtime,
        code_folder=folder,
        created_at=now,
        changed_at=now,
        runs_async=runs_async,
        **settings,  # type: ignore[arg-type]  # one value for each field
    )
    return FunctionReading(label, record, report, folder, idle)


def _settings(source: FunctionSource, parts: "_Parts", runtime: str, *, runs_async: bool) -> dict[str, object]:
    """Read the settings that need nothing but the values of the file."""
    defaults = source.defaults
    kind = parts.text("type", "event", _TYPES.__contains__, "'event' or 'web'")
    seconds, last = (
        (function_version.ASYNC_TIMEOUT_SECONDS, "86400") if runs_async else (function_version.TIMEOUT_SECONDS, "900")
    )
    return {
        "handler": parts.handler(runtime, is_web=_TYPES[kind] == "HTTP"),
        "memory_mb": parts.number("memorySize", defaults.memory_mb, function_version.MEMORY_MB, _MEMORY_RULE),
        "timeout_seconds": parts.number("timeout", defaults.timeout_seconds, seconds, f"1 to {last} seconds"),
        # The component's page says 3 seconds, the API 65: the longer one is used, because laptops load slowly.
        "init_timeout_seconds": parts.number(
            "initTimeout", 65, function_version.INIT_TIMEOUT_SECONDS, "3 to 300 seconds"
        ),
        "environment": parts.environment(),
        "description": parts.description(),
        "type": _TYPES[kind],
        "async_config": function_version.AsyncConfig(
            parts.number("retryNum", 2, function_version.ASYNC_RETRIES, "0 to 2"),
            parts.number("msgTTL", 21_600, function_version.ASYNC_TTL_SECONDS, "60 to 21600 seconds"),
        ),
        "packing": PackRules(parts.patterns(source.code.exclude), parts.patterns(source.code.include)),
    }


_NAMESPACE_RULE = "1 to 60 letters, digits, '-' or '_'"
_MEMORY_RULE = "64, or 128 to 3072 in steps of 128"
_NAME_RULE = "2 to 60 letters, digits, '-' or '_', a letter first, a letter or digit last"


class _Parts:
    """The parts of a function, judged one by one; a part that is wrong gets its default."""

    def __init__(self, source: FunctionSource, report: Report) -> None:
        self._source = source
        self._values = source.values
        self._report = report

    def text(self, key: str, default: str, fits: Callable[[str], object], words: str) -> str:
        """Return a text that fits a rule."""

        def read() -> str:
            text = self._values[key].text()
            if not text:
                return default  # the tool takes an empty text for an absent one
            if not fits(text):
                raise self._values[key].refusal(f"must be {words}, not {text!r}")
            return text

        return self._read(key, default, read)

    def key(self) -> FunctionKey:
        """Return region, namespace and name; the name is empty after a fault."""
        defaults = self._source.defaults
        key = FunctionKey(
            self.text("region", defaults.region, REGION_NAME.match, "a region such as ap-guangzhou"),
            self.text("namespace", defaults.namespace, function_version.NAMESPACE_NAME.match, _NAMESPACE_RULE),
            self.name(),
        )
        if len(key.namespace) + len(key.name) > function_version.MAX_NAMES_CHARS:
            self._fault(f"has a namespace and a name of more than {function_version.MAX_NAMES_CHARS} characters")
        return key

    def name(self) -> str:
        """Return the name of the function; an empty one after a fault."""
        name = self.text("name", "", function_version.FUNCTION_NAME.match, _NAME_RULE)
        if name or self._has_fault("name"):
            return name
        default = self._source.defaults.name
        if not default:
            self._fault(self._source.defaults.name_words)
        elif not function_version.FUNCTION_NAME.match(default):
            self._fault(f"has no 'name', and the default {default!r} is no function name: {_NAME_RULE}")
        return default

    def runtime(self) -> str:
        """Return the runtime in the platform's spelling."""

        def read() -> str:
            node = self._values["runtime"]
            text = node.text()
            name = runtimes.spelled(text)
            if name is None:
                hint = near_miss(text, (*OTHER_RUNTIMES, *_PYTHONS))
                raise node.refusal(f"must be a runtime such as Python3.10, not {text!r}{hint}")
            if name != text:
                node.notice("is {text}: read as {name}, which is the platform's spelling", text=text, name=name)
            if doubt := name_doubt(name):
                node.notice("is {text}: {doubt}", text=text, doubt=doubt)
            return name

        # Without a known runtime, any handler fits.
        return self._report.attempt("", read) if "runtime" in self._values else self._source.defaults.runtime

    def handler(self, runtime: str, *, is_web: bool) -> str:
        """Return the handler, judged by its runtime's form; that of a web function means nothing."""
        default = self._source.defaults.handler or runtimes.default_handler(runtime)
        if is_web:
            return self.text(
                "handler", default, function_version.is_other_handler, runtimes.handler_rule("CustomRuntime")
            )

        def read() -> str:
            node = self._values["handler"]
            text = node.text()
            if not runtimes.fits_handler(text, runtime):
                raise node.refusal(f"must be {runtimes.handler_rule(runtime)}, not {text!r}")
            return text

        return self._read("handler", default, read)

    def number(self, key: str, default: int, allowed: Container[int], words: str) -> int:
        """Return a whole number of a range."""

        def read() -> int:
            node = self._values[key]
            number = 0 if node.scalar() in ("", 0, False) else node.integer()
            if number == 0 and 0 not in allowed:
                node.notice("is empty or 0: the tool takes its default, {default}", default=str(default))
                return default
            if number not in allowed:
                raise node.refusal(f"must be {words}, not {number}")
            return number

        return self._read(key, default, read)

    def switch(self, key: str) -> bool:
        """True if the value is true, and no text of that word, which the tool takes for false."""

        def read() -> bool:
            node = self._values[key]
            value = node.scalar()
            if isinstance(value, str) and value.lower() not in ("true", "false"):
                raise node.refusal(f"must be true or false, not {value!r}")
            if value == "true":
                node.notice("is a text, and the tool takes true without quotes alone: it is false there")
            return value is True

        return self._read(key, False, read)

    def description(self) -> str:
        """Return the description."""
        longest = function_version.MAX_DESCRIPTION_CHARS
        default = self._source.defaults.description
        return self.text("description", default, lambda text: len(text) <= longest, f"at most {longest} characters")

    def environment(self) -> dict[str, str]:
        """Return the variables, as texts that the tool makes of their values."""
        found: dict[str, str] = {}
        for key, node in self._source.variables.items():
            if node.is_null():
                node.notice("is null: the cloud gets the text null; write '' for an empty one")
                found[key] = "null"
            elif not node.is_absent():
                found[key] = self._report.attempt("", node.converted)
        fault = function_version.environment_fault(found)
        if fault:
            culprit = next((key for key in self._source.variables if repr(key[:64]) in fault.words), "")
            node = self._source.variables.get(culprit, self._source.values.get("environment", self._source.node))
            self._report.faults.append(str(node.refusal(f"can't be used: {fault.words}")))
        return found

    def patterns(self, nodes: tuple[Node, ...]) -> tuple[str, ...]:
        """Return patterns of files to pack or to leave out."""

        def read(item: Node) -> str:
            pattern = item.text()
            fault = pattern_fault(pattern)
            if fault:
                raise item.refusal(f"{pattern!r} {fault}")
            return pattern

        given = [node for node in nodes if not node.is_absent()]
        return tuple(self._report.attempt("", read, node) for node in given)

    def code_folder(self) -> Path | None:
        """Return the folder of the code; None after a fault."""
        code = self._source.code
        if code.node is None and not code.given:
            if code.words:
                self._fault(code.words)
            return None
        node = code.node or self._source.node

        def read() -> Path:
            text = code.given or node.text()
            folder = (code.base / text).resolve()
            if not folder.is_dir():
                kind = "it is a file" if folder.is_file() else f"there is no folder {text!r} beside the file"
                raise node.refusal(f"must be the folder of the code, but {kind}")
            return folder

        return self._report.attempt(None, read)

    def _read(self, key: str, default: _Part, read: Callable[[], _Part]) -> _Part:
        return self._report.attempt(default, read) if key in self._values else default

    def _has_fault(self, key: str) -> bool:
        return key in self._values and any(line.startswith(self._values[key].place()) for line in self._report.faults)

    def _fault(self, words: str) -> None:
        self._report.faults.append(str(self._source.node.refusal(words)))
