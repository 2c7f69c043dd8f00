"""``scf triggers``: list, add, switch and delete triggers of a function."""

import json
from typing import TYPE_CHECKING, Any

import click

from tencentserverless.cli.api.target import Place, choose_target, target_options
from tencentserverless.cli.output import printing

if TYPE_CHECKING:
    from tencentserverless.cli.api.actions import Api

_TIMER = "timer"


@click.command("list")
@click.argument("name")
@target_options
@click.option("--json", "as_json", is_flag=True, help="Print what the API answered as JSON.")
def list_triggers(name: str, place: Place, as_json: bool) -> None:
    """List the triggers of the function NAME."""
    from tencentserverless.cli.api.actions import Api

    found = _list(Api(choose_target(place)), name)
    if as_json:
        printing.answer_json(found)
        return
    rows = []
    for each in found:
        state = "on" if each["Enable"] else "off"
        rows.append([each["TriggerName"], each["Type"], state, str(each.get("Qualifier") or ""), _describe(each)])
    printing.answer_table(["TRIGGER", "TYPE", "STATE", "QUALIFIER", "WHEN"], rows)


@click.command("add")
@click.argument("name")
@click.argument("trigger")
@target_options
@click.option("--cron", help="Times of a timer, seven fields: '0 */5 * * * * *' is every five minutes.")
@click.option(
    "--type", "kind", metavar="TYPE", help="Of a trigger that is no timer, as the API names it: http, cos, ckafka."
)
@click.option("--config", metavar="JSON", help="The TriggerDesc of such a trigger.")
@click.option("--argument", metavar="TEXT", help="Message of a timer's event.")
@click.option("--qualifier", help="Version or alias to call.")
@click.option("--off", "is_off", is_flag=True, help="Add it switched off.")
def add_trigger(
    *,
    name: str,
    trigger: str,
    place: Place,
    cron: str | None,
    kind: str | None,
    config: str | None,
    argument: str | None,
    qualifier: str | None,
    is_off: bool,
) -> None:
    """Add the trigger TRIGGER to the function NAME: a timer by --cron, another one by --type and --config."""
    from tencentserverless.cli.api.actions import Api

    if (cron is None) == (kind is None) or (kind is None and config is not None):
        raise click.UsageError("give --cron for a timer, or --type and --config for another trigger")
    Api(choose_target(place)).call_function(
        "CreateTrigger",
        name,
        TriggerName=trigger,
        Type=kind or _TIMER,
        TriggerDesc=cron if kind is None else config,
        CustomArgument=argument,
        Qualifier=qualifier,
        Enable="CLOSE" if is_off else "OPEN",
    )
    printing.notice(f"added trigger {trigger} to {name}")


@click.command("enable")
@click.argument("name")
@click.argument("trigger")
@target_options
def enable_trigger(name: str, trigger: str, place: Place) -> None:
    """Switch the trigger TRIGGER of the function NAME on."""
    _switch(name, trigger, place, is_on=True)


@click.command("disable")
@click.argument("name")
@click.argument("trigger")
@target_options
def disable_trigger(name: str, trigger: str, place: Place) -> None:
    """Switch the trigger TRIGGER of the function NAME off."""
    _switch(name, trigger, place, is_on=False)


@click.command("delete")
@click.argument("name")
@click.argument("trigger")
@target_options
@click.option("--yes", is_flag=True, help="Do not ask.")
def delete_trigger(name: str, trigger: str, place: Place, yes: bool) -> None:
    """Delete the trigger TRIGGER of the function NAME."""
    from tencentserverless.cli.api.actions import Api
    from tencentserverless.cli.output.confirmation import confirm

    target = choose_target(place)
    api = Api(target)
    found = _find(api, name, trigger)
    confirm(f"Delete trigger {trigger} of {name} in {target.place}?", yes or target.is_local)
    api.call_function("DeleteTrigger", name, **_identity(found))
    printing.notice(f"deleted trigger {trigger} of {name}")


def _switch(name: str, trigger: str, place: Place, *, is_on: bool) -> None:
    from tencentserverless.cli.api.actions import Api

    api = Api(choose_target(place))
    found = _find(api, name, trigger)
    state = "on" if is_on else "off"
    if bool(found["Enable"]) == is_on:
        printing.notice(f"trigger {trigger} of {name} is {state} already")
        return
    api.call_function("UpdateTriggerStatus", name, Enable="OPEN" if is_on else "CLOSE", **_identity(found))
    printing.notice(f"trigger {trigger} of {name} is {state}")


def _list(api: "Api", name: str) -> list[dict[str, Any]]:
    return api.list_of_function("ListTriggers", "Triggers", name)


def _find(api: "Api", name: str, trigger: str) -> dict[str, Any]:
    """The trigger of that name.

    :raises Failure: if there is none; it names those there are
    """
    from tencentserverless.cli.exits import Exit
    from tencentserverless.cli.output.failures import Failure

    triggers = _list(api, name)
    for each in triggers:
        if each["TriggerName"] == trigger:
            return each
    known = ", ".join(each["TriggerName"] for each in triggers)
    raise Failure(Exit.API, f"{name} has no trigger {trigger!r}; {f'there are: {known}' if known else 'it has none'}")


def _identity(trigger: dict[str, Any]) -> dict[str, Any]:
    """The parameters that name a trigger: for some types its configuration is a part of the name."""
    names = ("TriggerName", "Type", "TriggerDesc", "Qualifier")
    return {name: trigger[name] for name in names if trigger.get(name)}


def _describe(trigger: dict[str, Any]) -> str:
    """The time of a timer; the address of a function URL; the configuration of another trigger."""
    text = str(trigger.get("TriggerDesc") or "")
    try:
        found = json.loads(text)
    except ValueError:
        return text
    if not isinstance(found, dict):
        return text
    net = found.get("NetConfig")
    if isinstance(net, dict):
        return str(net.get("ExtranetUrl") or net.get("IntranetUrl") or text)
    return str(found.get("cron", text))
