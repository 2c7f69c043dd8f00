"""``scf aliases``: list, set and delete aliases of a function."""

from typing import TYPE_CHECKING, Any

import click

from tencentserverless.cli.api.target import Place, choose_target, target_options
from tencentserverless.cli.output import printing

if TYPE_CHECKING:
    from tencentserverless.cli.api.actions import Api


@click.command("list")
@click.argument("name")
@target_options
@click.option("--json", "as_json", is_flag=True, help="Print what the API answered as JSON.")
def list_aliases(name: str, place: Place, as_json: bool) -> None:
    """List the aliases of the function NAME, with their versions."""
    from tencentserverless.cli.api.actions import Api

    found = _list(Api(choose_target(place)), name)
    if as_json:
        printing.answer_json(found)
        return
    rows = [[each["Name"], _routing(each), each.get("ModTime") or "", each.get("Description") or ""] for each in found]
    printing.answer_table(["ALIAS", "VERSION", "CHANGED", "DESCRIPTION"], rows)


@click.command("set")
@click.argument("name")
@click.argument("alias")
@click.argument("version")
@target_options
@click.option("--also", metavar="VERSION=SHARE", help="Send a share of the calls to another version: 2=0.1.")
@click.option("--description", help="Of the alias.  [default: as it is]")
def set_alias(*, name: str, alias: str, version: str, place: Place, also: str | None, description: str | None) -> None:
    """Let the ALIAS of the function NAME lead to VERSION. An alias that does not exist is created.

    Without --also, all calls of the alias go to VERSION.
    """
    from tencentserverless.cli.api.actions import Api

    weights = [_read_share(also)] if also else []
    api = Api(choose_target(place))
    exists = any(each["Name"] == alias for each in _list(api, name))
    api.call_function(
        "UpdateAlias" if exists else "CreateAlias",
        name,
        Name=alias,
        FunctionVersion=version,
        RoutingConfig={"AdditionalVersionWeights": weights} if weights or exists else None,
        Description=description,
    )
    printing.notice(f"{'changed' if exists else 'created'} alias {alias} of {name}")


@click.command("delete")
@click.argument("name")
@click.argument("alias")
@target_options
@click.option("--yes", is_flag=True, help="Do not ask.")
def delete_alias(name: str, alias: str, place: Place, yes: bool) -> None:
    """Delete the ALIAS of the function NAME. Its versions stay."""
    from tencentserverless.cli.api.actions import Api
    from tencentserverless.cli.output.confirmation import confirm

    target = choose_target(place)
    confirm(f"Delete alias {alias} of {name} in {target.place}?", yes or target.is_local)
    Api(target).call_function("DeleteAlias", name, Name=alias)
    printing.notice(f"deleted alias {alias} of {name}")


def _list(api: "Api", name: str) -> list[dict[str, Any]]:
    return api.list_of_function("ListAliases", "Aliases", name, str)  # the page has Offset and Limit as texts


def _routing(alias: dict[str, Any]) -> str:
    """The versions of an alias, such as ``1 (90 %), 2 (10 %)``."""
    routing = alias.get("RoutingConfig") or {}
    weights = [(each["Version"], float(each["Weight"])) for each in routing.get("AdditionalVersionWeights") or ()]
    matches = routing.get("AddtionVersionMatchs") or ()
    if not weights:
        rules = [f"{each['Version']} (where {each['Key']} {each['Method']} {each['Expression']})" for each in matches]
        return ", ".join([alias["FunctionVersion"], *rules])
    left = 1 - sum(share for _, share in weights)
    return ", ".join(f"{version} ({share:.0%})" for version, share in [(alias["FunctionVersion"], left), *weights])


def _read_share(text: str) -> dict[str, object]:
    """The API's structure ``VersionWeight`` of a text such as ``2=0.1``."""
    version, _, share = text.partition("=")
    try:
        weight = float(share)
    except ValueError:
        weight = -1.0
    if not version or not 0 <= weight <= 1:
        raise click.BadParameter(f"{text!r} is not VERSION=SHARE, with a share from 0 to 1", param_hint="--also")
    return {"Version": version, "Weight": weight}
