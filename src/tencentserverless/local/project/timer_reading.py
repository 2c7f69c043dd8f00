"""Timers of a configuration file, with the names and defaults that the deploy tool gives them.

Source: ``formatInputs`` in src/utils.js of serverless-components/tencent-scf (names), lib/modules/triggers/timer.js of
tencent-component-toolkit (``enable ? 'OPEN' : 'CLOSE'``, the qualifier), library/deployTrigger.js of the first version.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tencentserverless.local.project.keys import TIMER_KEYS
from tencentserverless.local.project.notices import Report
from tencentserverless.local.project.yaml_nodes import Node
from tencentserverless.local.registry.function_version import DEFAULT_ALIAS
from tencentserverless.local.registry.timer_triggers import NAME, TRIGGERS_PER_TYPE, Trigger, cron_fault

_OPEN = "has no enable: the timer {name} is open, as the tool deploys it"
_CLOSED = "has no enable: the timer {name} is closed, and never fires, as the tool deploys it; enable: true opens it"


@dataclass(frozen=True, slots=True)
class TimerSource:
    """The parts of a timer, wherever its file has them.

    :param node: the whole timer, for lines about it
    :param default_name: the tool's name for one without a name
    :param opens_alone: True if a timer without ``enable`` is open
    :param knows_words: True if ``enable`` may be the word OPEN or CLOSE
    """

    node: Node
    default_name: str
    cron: Node | None
    name: Node | None = None
    argument: Node | None = None
    enable: Node | None = None
    qualifier: Node | None = None
    opens_alone: bool = False
    knows_words: bool = False


def read_component_timer(node: Node, default_name: str) -> TimerSource:
    """Read a timer of the component scf, of its first version, or of the plugin.

    :raises StartupError: if it has another form
    """
    values = node.present()
    node.note_unknown(("name", "parameters"), "a timer")
    parameters: Mapping[str, Node] = {}
    if "parameters" in values:
        parameters = values["parameters"].present()
        values["parameters"].note_unknown(TIMER_KEYS, "a timer's parameters")
    return TimerSource(
        values.get("parameters", node),
        default_name,
        parameters.get("cronExpression"),
        name=parameters.get("name", values.get("name")),
        argument=parameters.get("argument"),
        enable=parameters.get("enable"),
        qualifier=parameters.get("qualifier"),
    )


def make_timers(sources: Iterable[TimerSource], report: Report, now: float) -> tuple[Trigger, ...]:
    """Make the timers of a function; what is wrong with one goes into the report.

    :param now: UNIX seconds
    """
    timers: dict[str, Trigger] = {}

    def add(source: TimerSource) -> None:
        trigger = _make(source, now)
        if trigger.name in timers:
            raise source.node.refusal(f"is a second timer of the name {trigger.name!r}; give it a name of its own")
        if len(timers) >= TRIGGERS_PER_TYPE:
            raise source.node.refusal(f"is one timer too many: there can be {TRIGGERS_PER_TYPE}")
        timers[trigger.name] = trigger

    for source in sources:
        report.attempt(None, add, source)
    return tuple(timers.values())


def _make(source: TimerSource, now: float) -> Trigger:
    if source.cron is None:
        raise source.node.refusal("has no 'cronExpression'")
    cron = source.cron.text()
    fault = cron_fault(cron, now)
    if fault:
        raise source.cron.refusal(f"{cron!r} is no timer: {fault}")
    name = source.name.text() if source.name else source.default_name
    if not NAME.match(name):
        raise source.node.refusal(f"has a name that is not 1 to 100 letters, digits, '-' or '_': {name!r}")
    if source.enable is None:
        source.node.notice(_OPEN if source.opens_alone else _CLOSED, name=name)
    return Trigger(
        name,
        source.qualifier.text() if source.qualifier else DEFAULT_ALIAS,
        cron,
        argument=source.argument.converted() if source.argument else "",
        is_enabled=_is_open(source),
        created_at=now,
        changed_at=now,
    )


def _is_open(source: TimerSource) -> bool:
    if source.enable is None:
        return source.opens_alone
    if source.knows_words and source.enable.scalar() == "CLOSE":
        return False
    return source.enable.is_true()
