"""``scf versions``: list, publish and delete versions of a function."""

import click

from tencentserverless.cli.api.target import Place, choose_target, target_options
from tencentserverless.cli.output import printing

_AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print what the API answered as JSON.")


@click.command("list")
@click.argument("name")
@target_options
@_AS_JSON
def list_versions(name: str, place: Place, as_json: bool) -> None:
    """List the versions of the function NAME, $LATEST first, then the newest."""
    from tencentserverless.cli.api.actions import Api

    found = Api(choose_target(place)).list_of_function("ListVersionByFunction", "Versions", name)
    if as_json:
        printing.answer_json(found)
        return
    rows = [[each["Version"], each.get("AddTime") or "", each.get("Description") or ""] for each in found]
    printing.answer_table(["VERSION", "PUBLISHED", "DESCRIPTION"], rows)


@click.command("publish")
@click.argument("name")
@target_options
@click.option("--description", help="Of the version.  [default: that of $LATEST]")
@_AS_JSON
def publish_version(name: str, place: Place, description: str | None, as_json: bool) -> None:
    """Publish a version of the function NAME: a copy of $LATEST that never changes. Print its number."""
    from tencentserverless.cli.api.actions import Api

    found = Api(choose_target(place)).call_function("PublishVersion", name, Description=description)
    if as_json:
        printing.answer_json(found)
    else:
        printing.answer(str(found["FunctionVersion"]))


@click.command("delete")
@click.argument("name")
@click.argument("version")
@target_options
@click.option("--yes", is_flag=True, help="Do not ask.")
def delete_version(name: str, version: str, place: Place, yes: bool) -> None:
    """Delete the VERSION of the function NAME. No alias may lead to it."""
    from tencentserverless.cli.api.actions import Api
    from tencentserverless.cli.output.confirmation import confirm

    target = choose_target(place)
    confirm(f"Delete version {version} of {name} in {target.place}?", yes or target.is_local)
    Api(target).call_function("DeleteFunctionVersion", name, Qualifier=version)
    printing.notice(f"deleted version {version} of {name}")
