"""Timers of a serverless.yml: ``events: - timer: {...}``, as component scf takes them."""

from tencentserverless.local.project.nodes import Node
from tencentserverless.local.registry.records import DEFAULT_ALIAS
from tencentserverless.local.registry.triggers import NAME, TIMER, TRIGGERS_PER_TYPE, Trigger, cron_fault

_EVENT_KEYS = frozenset(("name", "parameters"))
_PARAMETER_KEYS = frozenset(("name", "qualifier", "cronExpression", "argument", "enable"))
_SWITCH = {"true": True, "false": False, "OPEN": True, "CLOSE": False}


def read_timers(events: Node, now: float) -> tuple[tuple[Trigger, ...], list[str]]:
    """The timers among a function's events, and the types of the others, which ring nowhere here.

    :param now: UNIX seconds
    :raises StartRefused: if one can't be
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
