"""``scf functions list``, ``show`` and ``delete``: the functions of a target."""

from typing import Any

import click

from tencentserverless.cli.api.completion import complete_function
from tencentserverless.cli.api.target import Place, choose_target, target_options
from tencentserverless.cli.output import printing

_AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print the answer of the API as JSON.")


@click.command("list")
@target_options
@_AS_JSON
def list_functions(place: Place, as_json: bool) -> None:
    """List the functions of a namespace: name, runtime, status, time of the last change."""
    from tencentserverless.cli.api.actions import Api

    api = Api(choose_target(place))
    found = list(api.list_functions())
    if as_json:
        printing.answer_json(found)
        return
    rows = [[each["FunctionName"], each["Runtime"], each["Status"], each["ModTime"]] for each in found]
    if not found:
        printing.notice(api.tell_where())
    printing.answer_table(["NAME", "RUNTIME", "STATUS", "CHANGED"], rows)


@click.command("show")
@click.argument("name", shell_complete=complete_function)
@target_options
@click.option("--qualifier", default="$LATEST", show_default=True, help="Version or alias.")
@_AS_JSON
def show_function(name: str, place: Place, qualifier: str, as_json: bool) -> None:
    """Show the configuration of the function NAME. The values of its variables are shown with --json only."""
    from tencentserverless.cli.api.actions import Api

    api = Api(choose_target(place))
    found = api.call_function("GetFunction", name, Qualifier=qualifier)
    if as_json:
        printing.answer_json(found)
        return
    for label, text in _facts(found):
        printing.answer(f"{label + ':':<13}{text}")


@click.command("delete")
@click.argument("name", shell_complete=complete_function)
@target_options
@click.option("--qualifier", help="Delete only this version.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="Print what was deleted as JSON.")
def delete_function(name: str, place: Place, qualifier: str | None, yes: bool, as_json: bool) -> None:
    """Delete the function NAME with its versions and triggers. Your own files are not changed."""
    from tencentserverless.cli.api.actions import Api
    from tencentserverless.cli.output.confirmation import confirm

    target = choose_target(place)
    what = f"version {qualifier} of {name}" if qualifier else name
    confirm(f"Delete {what} in {target.place}?", yes or target.is_local)
    Api(target).call_function("DeleteFunction", name, Qualifier=qualifier)
    if as_json:
        deleted = {"name": name, "region": target.region, "namespace": place.namespace, "qualifier": qualifier}
        printing.answer_json({"deleted": deleted})
    else:
        printing.notice(f"deleted {what} in {target.place}")


def _facts(found: dict[str, Any]) -> list[tuple[str, str]]:
    variables = (found.get("Environment") or {}).get("Variables") or []
    triggers = found.get("Triggers") or []
    return [
        ("name", f"{found['FunctionName']} ({found['Namespace']}, {found.get('Qualifier') or '$LATEST'})"),
        ("status", f"{found['Status']} {found.get('StatusDesc') or ''}".strip()),
        ("type", str(found["Type"])),
        ("runtime", f"{found['Runtime']}, {found['Handler']}"),
        ("memory", f"{found['MemorySize']} MB"),
        ("timeout", f"{found['Timeout']} s, {found.get('InitTimeout')} s to start"),
        ("variables", ", ".join(each["Key"] for each in variables) or "none"),
        ("triggers", ", ".join(f"{each['TriggerName']} ({each['Type']})" for each in triggers) or "none"),
        ("code", f"{found['CodeSize']:,} bytes"),
        ("description", found.get("Description") or "none"),
        ("created", str(found["AddTime"])),
        ("changed", str(found["ModTime"])),
    ]
